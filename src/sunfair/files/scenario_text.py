"""Values of the model as a community file writes them."""

from collections.abc import Sequence
from decimal import Decimal

from sunfair.slots import SlotClock

__all__ = ["clock_time", "decimal", "instant", "quote", "texts"]


def decimal(value: int, scale: int) -> str:
    """An integer of the model as the file's decimal, exactly, without trailing zeros."""
    return f"{(Decimal(value) / scale).normalize():f}"


def quote(text: str) -> str:
    """A TOML basic string; the reader admits printable text only, so two characters need escaping."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def texts(listed: Sequence[str]) -> str:
    """A TOML list of strings."""
    return f"[{', '.join(quote(text) for text in listed)}]"


def clock_time(minute: int) -> str:
    """A minute of the civil day as the time it is."""
    return quote(f"{minute // 60:02d}:{minute % 60:02d}")


def instant(slot: int, clock: SlotClock) -> str:
    """The beginning of a slot as a TOML date and time, UTC."""
    return clock.start(slot).isoformat()
