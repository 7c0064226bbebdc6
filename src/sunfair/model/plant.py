"""A community plant as a member of the market: who holds it, in which shares, and by which key its output is told."""

from dataclasses import dataclass

__all__ = ["PLANT_KEYS", "Plant"]

PLANT_KEYS = "static", "dynamic", "hybrid"
"""The sharing keys a plant may name: those that need nothing beside the shares."""


@dataclass(frozen=True, slots=True)
class Plant:
    """Ids of the members that hold it, and their shares, bps, summing to 10,000. Its income is divided by these.

    key : by which its metered output is told as the holders' own, slot by slot; empty where it only sells
    """

    holders: tuple[str, ...]
    shares_bps: tuple[int, ...]
    key: str = ""
