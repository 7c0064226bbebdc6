"""What one key of a community file is: its type, unit, bounds, default and meaning."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

__all__ = ["Attribute", "Kind"]


class Kind(StrEnum):
    """What a value looks like in the TOML text."""

    TEXT = "text"
    TEXTS = "list of texts"
    WHOLE = "whole number"
    DECIMAL = "decimal"
    WORD = "word"
    WORDS = "list of words"
    PAIR = "pair of whole numbers"
    FILE = "file"
    SERIES = "series"
    PRICE = "decimal or series"
    TIME = "time of day"
    INSTANT = "date and time"
    WHOLES = "list of whole numbers"
    ROWS = "list of lists of whole numbers"
    DECIMALS = "list of decimals"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One key of a community file.

    `scale` turns the decimal of the file into the integer of the model (kW → W: 1000); bounds are in the file's unit.
    `default` is the text shown in the documentation and, where the reader needs one, read like the file's own.
    """

    table: str
    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    default: str = ""
    required: bool = False
    words: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    scale: int = 1
    slip: str = ""

    @property
    def span(self) -> str:
        """The bounds as text, empty without any."""
        if self.low is None or self.high is None:
            return ""
        return f"from {self.low:f} to {self.high:f}" + (f" {self.unit}" if self.unit else "")
