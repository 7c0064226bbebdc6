"""What identifies a meter point, whatever the country: key = (country, fuel, id)."""

from typing import Literal, NamedTuple, Protocol, get_args

__all__ = ["FUELS", "Fuel", "MeterKey", "MeterPoint"]

Fuel = Literal["electricity", "gas"]
"""What flows through a meter."""

FUELS: tuple[Fuel, ...] = get_args(Fuel)
"""All fuels."""


class MeterKey(NamedTuple):
    """The register's key of a meter point: one point, one key, however its identifier was written down.

    country : ISO 3166-1 alpha-2, e.g. ``"GB"``
    fuel    : ``"electricity" | "gas"``
    id      : the identifier in its shortest form, ASCII letters and digits
    """

    country: str
    fuel: Fuel
    id: str


class MeterPoint(Protocol):
    """A meter point's identifier, taken apart by its scheme."""

    @property
    def id(self) -> str:
        """The identifier as it stands in the key."""
        ...

    @property
    def key(self) -> MeterKey:
        """The register's key."""
        ...
