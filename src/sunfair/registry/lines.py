"""Many identifiers as one array of characters, so that a rule looks at all of them in one go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.registry.rules import Rule

__all__ = ["WIDTH", "Lines", "Verdict", "first_broken", "read_lines", "within"]

WIDTH = 36
"""Characters of a line that are kept to look at; no identifier known here is longer than 33."""

_SPACE = ord(" ")

Verdict = tuple[Rule, NDArray[np.bool_]]
"""A rule and the lines that break it."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """`n` texts without their ASCII spaces.

    chars     : uint8[n, WIDTH], the first characters, 0 behind the end; all that is not ASCII is above 127
    length    : int64[n], characters of the whole text
    nondigits : int64[n], characters of the whole text that are no ASCII digits
    signs     : int64[n], those that are no capital ASCII letters either
    text      : bool[n], whether the line was text at all
    """

    chars: NDArray[np.uint8]
    length: NDArray[np.int64]
    nondigits: NDArray[np.int64]
    signs: NDArray[np.int64]
    text: NDArray[np.bool_]

    def digits(self, first: int, last: int) -> NDArray[np.int64]:
        """The values of the characters at places `first` … `last` − 1: int64[n, last − first]; wrong where no digit."""
        return self.chars[:, first:last].astype(np.int64) - ord("0")

    def starts_with(self, letters: str) -> NDArray[np.bool_]:
        """Which lines begin with some ASCII letters: bool[n]."""
        begin = np.frombuffer(letters.encode("ascii"), np.uint8)
        return np.asarray((self.chars[:, : len(letters)] == begin).all(axis=1))


def read_lines(texts: Sequence[object]) -> Lines:
    """The texts (anything else is marked as no text), spaces dropped."""
    is_text = np.ones(len(texts), np.bool_)
    try:
        joined = "".join(texts)  # type: ignore[arg-type]
    except TypeError:
        is_text = np.array([isinstance(text, str) for text in texts])
        texts = [text if isinstance(text, str) else "" for text in texts]
        joined = "".join(texts)  # type: ignore[arg-type]
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))  # type: ignore[arg-type]
    codes = _codes(joined)
    kept = np.flatnonzero(codes != _SPACE)
    line = np.repeat(np.arange(len(texts)), sizes)[kept]
    codes = codes[kept]
    length = np.bincount(line, minlength=len(texts))
    place = np.arange(len(line)) - (length.cumsum() - length)[line]
    chars = np.zeros((len(texts), WIDTH), np.uint8)
    held = place < WIDTH
    chars[line[held], place[held]] = codes[held]
    no_digit = ~within(codes, "0", "9")
    nondigits = np.bincount(line[no_digit], minlength=len(texts))
    signs = np.bincount(line[no_digit & ~within(codes, "A", "Z")], minlength=len(texts))
    return Lines(chars, length, nondigits, signs, is_text)


def within(codes: NDArray[np.uint8], first: str, last: str) -> NDArray[np.bool_]:
    """Which characters lie in an ASCII range such as ``"0"`` … ``"9"``."""
    return (codes >= ord(first)) & (codes <= ord(last))


def first_broken(lines: Lines, verdicts: Sequence[Verdict]) -> NDArray[np.uint8]:
    """The number of the first rule each line breaks, 0 where it keeps all: uint8[n]."""
    first: list[Verdict] = [(Rule.NOT_TEXT, ~lines.text), (Rule.EMPTY, lines.length == 0)]
    verdicts = [*first, *verdicts]
    return np.select([broken for _, broken in verdicts], [np.uint8(rule) for rule, _ in verdicts], np.uint8(0))


def _codes(joined: str) -> NDArray[np.uint8]:
    """One number a character: its ASCII code, or one above 127."""
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii"), np.uint8)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.minimum(codes, 255).astype(np.uint8)
