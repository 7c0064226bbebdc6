"""Every transaction on its way, on disk before it is sent: one JSON object a line, each line flushed to the disk.

    {"chain_id":31337,"format":"sunfair-outbox/1"}
    {"data":"0x…","entry":1,"event":"signed","fees":[…],"gas":…,"key":"…","nonce":0,"sender":"0x…",…}
    {"block_hash":"0x…","entry":1,"event":"mined","hash":"0x…","number":7,"status":1}

A process may die at any line: what was signed is found again, its fate is asked of the chain, and it is sent again if
need be, with the same nonce, so that at most one of its versions can ever count.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from sunfair.chain.entries import Attempt, Entry, Place, changed, entry_of, lines_of, mined_line, replaced_line
from sunfair.chain.shallow_json import loads
from sunfair.errors import LedgerError

__all__ = ["FORMAT", "Outbox"]

FORMAT = "sunfair-outbox/1"
"""Name and version of the format, in the first line."""

COMPACT_BYTES = 1 << 24
"""From this size on, a file is written anew when it is opened, without what nobody will ask for again."""


class Outbox:
    """The transactions of one chain, kept in `path` (in memory alone if None). One process at a time."""

    def __init__(self, path: Path | None, chain_id: int) -> None:
        self._head = {"format": FORMAT, "chain_id": chain_id}
        self._path = path
        self._entries: dict[int, Entry] = {}
        self._live: dict[int, Entry] = {}
        self._nonces: dict[bytes, int] = {}
        self._keys: dict[str, list[int]] = {}
        self._final: Entry | None = None
        self._file: IO[bytes] | None = None
        if path is not None:
            self._file = _open(path)
            try:
                self._load(path)
            except LedgerError:
                self.close()
                raise

    @property
    def place(self) -> str:
        """Its file's name, for messages."""
        return "the outbox in memory" if self._path is None else str(self._path)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry, in order of signing."""
        return tuple(self._entries.values())

    @property
    def open(self) -> list[Entry]:
        """Those that no block holds yet, by sender and nonce."""
        return sorted((entry for entry in self._live.values() if entry.open), key=_turn)

    @property
    def mined(self) -> list[Entry]:
        """Those in blocks that may still vanish, by sender and nonce."""
        return sorted((e for e in self._live.values() if e.mined and not e.final and not e.dropped), key=_turn)

    @property
    def undelivered_any(self) -> bool:
        """Whether there is one whose caller never heard of it."""
        return any(not entry.delivered for entry in self._live.values())

    @property
    def last_final(self) -> Entry | None:
        """The final one in the highest block."""
        return self._final

    def get(self, number: int) -> Entry:
        """The entry of that number as it is now."""
        return self._entries[number]

    def next_nonce(self, sender: bytes) -> int:
        """The lowest nonce above all that this outbox gave away and that were not taken by others."""
        return self._nonces.get(sender, -1) + 1

    def under(self, key: str) -> Entry | None:
        """The entry of a natural key, if one was signed that can count and was not refused by its contract."""
        for number in reversed(self._keys.get(key, [])):
            entry = self._entries[number]
            if not entry.dropped and (entry.mined is None or entry.mined.status):
                return entry
        return None

    def undelivered(
        self, sender: bytes, to: bytes | None, data: bytes, value: int = 0, blobs: tuple[bytes, ...] = ()
    ) -> Entry | None:
        """An entry that does exactly this and whose caller, cut short, never heard of it."""
        for entry in self._live.values():
            if not entry.delivered and not entry.dropped and entry.asks_for(sender, to, data, value, blobs):
                return entry
        return None

    def sign(self, draft: Entry, attempt: Attempt) -> Entry:
        """Take a new transaction with its first version in; it gets its number here."""
        entry = replace(draft, number=max(self._entries, default=0) + 1, attempts=(attempt,))
        return self._write(entry, lines_of(entry)[0])

    def replace(self, entry: Entry, attempt: Attempt) -> Entry:
        """Add a version."""
        return self._write(replace(entry, attempts=(*entry.attempts, attempt)), replaced_line(attempt))

    def mine(self, entry: Entry, place: Place) -> Entry:
        """A block holds it."""
        return self._write(replace(entry, mined=place), mined_line(place))

    def lose(self, entry: Entry) -> Entry:
        """The block that held it is no longer the chain's."""
        return self._write(replace(entry, mined=None), {"event": "lost"})

    def deliver(self, entry: Entry) -> Entry:
        """Its caller knows what became of it."""
        return entry if entry.delivered else self._write(replace(entry, delivered=True), {"event": "delivered"})

    def finish(self, entry: Entry) -> Entry:
        """It lies too deep to vanish."""
        return self._write(replace(entry, final=True), {"event": "final"})

    def drop(self, entry: Entry) -> Entry:
        """It can never count."""
        return self._write(replace(entry, dropped=True), {"event": "dropped"})

    def close(self) -> None:
        """Let another process have the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, entry: Entry, line: Mapping[str, Any]) -> Entry:
        """The line is on the disk before the entry changes."""
        if self._path is not None:
            if self._file is None:
                raise LedgerError(f"the outbox {self._path} is closed; nothing is sent without it")
            _append(self._file, [{**line, "entry": entry.number}], self.place)
        self._keep(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        """The entry as it is now, in every place where it is looked for."""
        if entry.number not in self._entries and entry.key:
            self._keys.setdefault(entry.key, []).append(entry.number)
        self._entries[entry.number] = entry
        if entry.dropped or (entry.final and entry.delivered):
            self._live.pop(entry.number, None)
        else:
            self._live[entry.number] = entry
        if entry.dropped:
            kept = (e.nonce for e in self._entries.values() if e.sender == entry.sender and not e.dropped)
            self._nonces[entry.sender] = max(kept, default=-1)
        else:
            self._nonces[entry.sender] = max(entry.nonce, self._nonces.get(entry.sender, -1))
        if entry.final and _height(entry) >= _height(self._final):
            self._final = entry

    def _load(self, path: Path) -> None:
        assert self._file is not None
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            # The last line was cut by a crash: it was never acted on, for acting waits for the disk.
            self._file.truncate(len(whole))
            self._file.seek(len(whole))
        for number, text in enumerate(whole.splitlines(), start=1):
            try:
                self._read(number, loads(text))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise LedgerError(
                    f"{path}, line {number}: no line of an outbox ({error!r}): put the file aside once `sunfair chain "
                    "status` shows that nothing of yours is missing on chain"
                ) from error
        if not whole:
            _append(self._file, [self._head], self.place)
        elif len(whole) > COMPACT_BYTES:
            self._compact(path)

    def _read(self, number: int, line: dict[str, Any]) -> None:
        if number == 1:
            if line != self._head:
                raise LedgerError(
                    f"{self._path}: this is the outbox of chain {line['chain_id']} in the format {line['format']}, not "
                    f"of chain {self._head['chain_id']} in {FORMAT}: name another file"
                )
            return
        self._keep(entry_of(line) if line["event"] == "signed" else changed(self._entries[line["entry"]], line))

    def _compact(self, path: Path) -> None:
        """Keep what is under a key, what is not final, and the last final one, which shows a reorganisation."""
        last = self._final.number if self._final else 0
        kept = [entry for entry in self._entries.values() if entry.number in self._live or entry.key]
        kept += [self._final] if self._final and last not in {entry.number for entry in kept} else []
        self._entries = {entry.number: entry for entry in sorted(kept, key=lambda entry: entry.number)}
        shorter = path.with_name(path.name + ".new")
        shorter.unlink(missing_ok=True)
        file = _open(shorter)
        lines = (line for entry in self._entries.values() for line in lines_of(entry))
        _append(file, [self._head, *lines], str(shorter))
        os.replace(shorter, path)
        self.close()
        self._file = file


def _turn(entry: Entry) -> tuple[bytes, int]:
    return entry.sender, entry.nonce


def _height(entry: Entry | None) -> int:
    return entry.mined.number if entry and entry.mined else -1


def _open(path: Path) -> IO[bytes]:
    """The file, made if absent, held by this process alone and readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise LedgerError(
            f"the outbox {path} cannot be opened ({error.strerror}); nothing is sent without it"
        ) from error
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  not on every system

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise LedgerError(f"another process has the outbox {path}: let it end, or name another file") from error
    return file


def _append(file: IO[bytes], lines: Sequence[Mapping[str, Any]], place: str) -> None:
    """Add lines and wait for the disk; LedgerError, with nothing added, if it is full or gone."""
    end = file.tell()
    try:
        for line in lines:
            file.write(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        file.truncate(end)
        file.seek(end)
        raise LedgerError(f"{place} cannot be written ({error.strerror}); nothing is sent without it") from error
