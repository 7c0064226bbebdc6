"""A file of any length is read in bounded memory: blocks, their faults and their points are forgotten as they go by."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sunfair.app.point_reader import PointReader
from sunfair.app.registering import dry_run
from sunfair.bench.registry import _mpans
from sunfair.errors import InputError
from sunfair.files import batch_file
from sunfair.files.batch_file import open_batch
from sunfair.registry import SCHEMES, parse
from sunfair.registry.batch_tree import batch_of

MEGABYTE = 2**20


class Empty:
    """A register that holds nothing."""

    def held(self, points: object) -> set[bytes]:
        return set()

    def hanging(self, marks: object) -> set[bytes]:
        return set()


def peak_of(path: Path) -> tuple[int, int]:
    """Most bytes in use during a dry run, and its faults."""
    counter = iter(range(2**62))
    reader = PointReader(
        bytes(range(1, 33)),
        lambda count: hashlib.shake_128(next(counter).to_bytes(8)).digest(count),
        {},
        {"country": "GB", "fuel": "electricity"},
    )
    tracemalloc.start()
    try:
        found = sum(len(faults) for _, faults in dry_run(open_batch(path), reader, Empty()))  # type: ignore[arg-type]
        return tracemalloc.get_traced_memory()[1], found
    finally:
        tracemalloc.stop()


def test_four_times_the_lines_take_no_more_memory_but_16_bytes_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_file, "BLOCK_ROWS", 200)
    peaks = []
    for blocks in (3, 12):
        path, count = tmp_path / f"{blocks}.csv", 200 * blocks
        lines = [f"{number},{'x' * 60}\n" for number in _mpans(0, count)]
        lines[::200] = ["123,\n"] * len(lines[::200])
        path.write_text("id,address\n" + "".join(lines))
        peak, found = peak_of(path)
        assert found == count // 200
        peaks.append(peak)
    # The marks of 1,800 more lines, as they are gathered, put together and sorted; a line itself takes some 1,000 bytes.
    assert peaks[1] - peaks[0] < 1_800 * 16 * 6, peaks


def test_the_tree_holds_the_tops_of_its_subtrees_alone() -> None:
    def leaves() -> Iterator[np.ndarray]:
        for _ in range(64):
            yield np.zeros((1024, 32), np.uint8)

    tracemalloc.start()
    try:
        batch = batch_of(leaves())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert batch.count == 64 * 1024
    assert peak < MEGABYTE, f"{peak} bytes for leaves of {64 * 32 * 1024}"


@pytest.mark.parametrize(
    "scheme", [each for each in SCHEMES.values() if each.fuel == "electricity" or each.country == "GB"]
)
def test_what_is_written_as_its_key_is_its_key(scheme: object) -> None:
    """The shortcut past the parser, on valid texts as they are written in many ways."""
    texts = {
        ("GB", "electricity"): ["2000024512368", "01 801 100 20 0002 4512 368", "20 0002 4512 368", "2000000000070"],
        ("GB", "gas"): ["3938424403", "M3938424403", "0000100610", "100610", "1234567810", " 100610"],
        ("DE", "electricity"): ["41373559241", "413 735 592 41"],
        ("ES", "electricity"): ["ES1234123456789012JY", "ES 1234 123456789012 JY 1F"],
    }[scheme.country, scheme.fuel]  # type: ignore[attr-defined]
    for text in texts:
        try:
            key = parse(scheme.country, scheme.fuel, text).key  # type: ignore[attr-defined]
        except InputError as error:
            raise AssertionError(text) from error
        assert not scheme.short(text) or key.id == text  # type: ignore[attr-defined]
    assert scheme.short(texts[0]) == (scheme.country == "GB")  # type: ignore[attr-defined]
