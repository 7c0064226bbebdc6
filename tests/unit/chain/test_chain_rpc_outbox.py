"""The outbox on disk: whatever was written is found again, whatever was cut is not, and nothing is guessed."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sunfair.chain import outbox as outbox_module
from sunfair.chain.entries import Attempt, Entry, Place
from sunfair.chain.fees import Fees
from sunfair.chain.outbox import Outbox
from sunfair.errors import LedgerError

SENDER, OTHER, TO = b"\x01" * 20, b"\x02" * 20, b"\x03" * 20
_OPEN: list[Outbox] = []


def opened(path: Path | None) -> Outbox:
    """An outbox of chain 5, closed when its test ends."""
    _OPEN.append(Outbox(path, 5))
    return _OPEN[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


PLACE = Place(b"\x0a" * 32, 7, b"\x0b" * 32, True)


def attempt(fee: int = 10) -> Attempt:
    return Attempt(Fees(fee, 1, 2), b"\x05" * 64 + b"\x1b", 1000)


def draft(nonce: int = 0, *, key: str = "", data: bytes = b"\x07", sender: bytes = SENDER) -> Entry:
    return Entry(0, key, sender, nonce, TO, data, 3, 21_000, (b"\x08\x09",), (b"\x01" * 32,), ())


def full(path: Path) -> Outbox:
    """An outbox with an entry in every state."""
    box = opened(path)
    box.sign(draft(0), attempt())
    replaced = box.replace(box.sign(draft(1, key="a"), attempt()), attempt(20))
    box.deliver(box.mine(replaced, PLACE))
    lost = box.lose(box.mine(box.sign(draft(2), attempt()), PLACE))
    assert lost.open
    box.drop(box.sign(draft(3), attempt()))
    box.finish(box.deliver(box.mine(box.sign(draft(4, key="b"), attempt()), PLACE)))
    creation = Entry(0, "c", OTHER, 0, None, b"code", 0, 5, (), (), ())
    box.sign(creation, attempt())
    return box


def test_everything_is_found_again(tmp_path: Path) -> None:
    box = full(tmp_path / "o.jsonl")
    box.close()
    again = opened(tmp_path / "o.jsonl")
    assert again.entries == box.entries
    assert again.open == box.open
    assert [entry.nonce for entry in again.open] == [0, 2, 0]
    assert [entry.nonce for entry in again.mined] == [1]
    assert again.last_final is not None
    assert again.last_final.nonce == 4
    assert again.next_nonce(SENDER) == 5
    assert again.next_nonce(b"\x09" * 20) == 0


def test_each_line_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = opened(tmp_path / "o.jsonl")
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (synced.append(box.next_nonce(SENDER)), real(number)))
    box.sign(draft(0), attempt())
    box.sign(draft(1), attempt())
    assert synced == [0, 1]


def test_a_cut_at_any_byte_loses_only_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(tmp_path / "o.jsonl").close()
    whole = (tmp_path / "o.jsonl").read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    monkeypatch.setattr(os, "fsync", lambda number: None)
    known = 0
    for length in sorted({*range(0, len(whole) + 1, 11), *ends, *(end - 1 for end in ends)}):
        path = tmp_path / "cut.jsonl"
        path.write_bytes(whole[:length])
        box = opened(path)
        assert len(box.entries) >= known
        known = len(box.entries)
        box.sign(draft(9), attempt())
        box.close()
        after = opened(path)
        assert after.entries == box.entries
        after.close()
    assert known == 6


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = full(tmp_path / "o.jsonl")
    before = (tmp_path / "o.jsonl").read_bytes()

    def no_space(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", no_space)
        with pytest.raises(LedgerError, match="No space left on device"):
            box.sign(draft(9), attempt())
    assert (tmp_path / "o.jsonl").read_bytes() == before
    assert len(box.entries) == 6
    assert box.sign(draft(9), attempt()).number == 7
    box.close()
    assert opened(tmp_path / "o.jsonl").entries == box.entries


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "3",
        "null",
        "[]",
        "{}",
        '{"event":"mined","entry":99}',
        '{"event":"burnt","entry":1}',
        '{"event":"signed","entry":9}',
        '{"event":"mined","entry":1,"hash":"zz","number":1,"block_hash":"0x","status":1}',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_none(tmp_path: Path, line: str) -> None:
    full(tmp_path / "o.jsonl").close()
    lines = (tmp_path / "o.jsonl").read_text().splitlines()
    (tmp_path / "o.jsonl").write_text("\n".join([*lines[:3], line, *lines[3:]]) + "\n")
    with pytest.raises(LedgerError, match=r"o.jsonl, line 4: no line of an outbox"):
        opened(tmp_path / "o.jsonl")


def test_an_outbox_of_another_chain(tmp_path: Path) -> None:
    full(tmp_path / "o.jsonl").close()
    with pytest.raises(LedgerError, match=r"outbox of chain 5 .*not of chain 6"):
        Outbox(tmp_path / "o.jsonl", 6)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    box = opened(tmp_path / "o.jsonl")
    with pytest.raises(LedgerError, match="another process has the outbox"):
        opened(tmp_path / "o.jsonl")
    box.close()
    opened(tmp_path / "o.jsonl").close()
    with pytest.raises(LedgerError, match="is closed"):
        box.sign(draft(), attempt())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Outbox(tmp_path / "file" / "o.jsonl", 5)


def test_its_owner_alone_reads_it(tmp_path: Path) -> None:
    full(tmp_path / "o.jsonl").close()
    assert (tmp_path / "o.jsonl").stat().st_mode & 0o077 == 0


def test_keys_are_found_unless_refused_or_given_up(tmp_path: Path) -> None:
    box = full(tmp_path / "o.jsonl")
    for key, nonce in (("a", 1), ("b", 4), ("c", 0)):
        entry = box.under(key)
        assert entry is not None
        assert entry.nonce == nonce
    assert box.under("d") is None
    refused = box.mine(box.sign(draft(5, key="d"), attempt()), Place(b"", 8, b"", False))
    assert refused.key == "d"
    assert box.under("d") is None
    given_up = box.drop(box.sign(draft(6, key="e"), attempt()))
    assert given_up.key == "e"
    assert box.under("e") is None


def test_what_was_cut_short_is_found_by_its_content() -> None:
    box = opened(None)
    entry = box.sign(draft(0), attempt())
    assert box.undelivered(SENDER, TO, b"\x07", 3, (b"\x08\x09",)) == entry
    assert box.undelivered(SENDER, TO, b"\x08", 3, (b"\x08\x09",)) is None
    assert box.undelivered(OTHER, TO, b"\x07", 3, (b"\x08\x09",)) is None
    assert box.undelivered(SENDER, TO, b"\x07", 3, (b"\x08",)) is None
    assert box.undelivered(SENDER, TO, b"\x07", 3) is None
    box.deliver(box.mine(entry, PLACE))
    assert box.undelivered(SENDER, TO, b"\x07", 3, (b"\x08\x09",)) is None


def test_a_long_outbox_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = full(tmp_path / "o.jsonl")
    for nonce in range(5, 50):
        box.finish(box.deliver(box.mine(box.sign(draft(nonce), attempt()), PLACE)))
    box.close()
    size = (tmp_path / "o.jsonl").stat().st_size
    monkeypatch.setattr(outbox_module, "COMPACT_BYTES", 1000)
    shorter = opened(tmp_path / "o.jsonl")
    assert (tmp_path / "o.jsonl").stat().st_size < size / 4
    assert shorter.open == box.open
    assert shorter.mined == box.mined
    assert shorter.last_final == box.last_final
    assert shorter.next_nonce(SENDER) == box.next_nonce(SENDER)
    assert all(shorter.under(key) == box.under(key) for key in "abc")
    added = shorter.sign(draft(50), attempt())
    shorter.close()
    last = opened(tmp_path / "o.jsonl")
    assert last.get(added.number) == added
    assert [json.loads(line)["entry"] for line in (tmp_path / "o.jsonl").read_text().splitlines()[1:]]
