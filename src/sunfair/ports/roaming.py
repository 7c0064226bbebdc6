"""What a charging network shows to its roaming partners, and who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sunfair.charging.finding import Site
from sunfair.charging.ocpi import Party, Record
from sunfair.charging.tariff import Tariff

__all__ = ["Partner", "Partners", "Shop", "ShownSite", "ShownTariff"]


@dataclass(frozen=True, slots=True)
class ShownSite:
    """A site with what OCPI wants beside it; `updated` : unix s of its last change."""

    site: Site
    iso3: str
    timezone: str
    updated: int


@dataclass(frozen=True, slots=True)
class ShownTariff:
    """A tariff under the id that connectors name it by."""

    id: str
    tariff: Tariff
    updated: int


class Shop(Protocol):
    """All that partners may read of a network, as it stands now."""

    def party(self) -> Party:
        """Who the network is."""
        ...

    def sites(self) -> Sequence[ShownSite]:
        """Its sites, in an order that does not change."""
        ...

    def tariffs(self) -> Sequence[ShownTariff]:
        """Its tariffs, likewise."""
        ...

    def records(self) -> Sequence[Record]:
        """Its stays, the oldest first; those that are paid become charge detail records."""
        ...


@dataclass(frozen=True, slots=True)
class Partner:
    """Another party: `url` of its versions, the token it wants to be called by, when it registered (None: invited)."""

    name: str
    country_code: str
    party_id: str
    url: str
    their_token: str
    since: datetime | None


class Partners(Protocol):
    """Who may read, by the token they show. Only hashes of our tokens are kept."""

    def invite(self, name: str, token: str) -> None:
        """Somebody may register with this token (OCPI's token A)."""
        ...

    def by_token(self, token: str) -> Partner | None:
        """Whose token that is."""
        ...

    def register(self, token: str, partner: Partner, fresh: str) -> bool:
        """The holder of `token` is `partner` from now on and shows `fresh` instead; False if nobody has `token`."""
        ...

    def forget(self, token: str) -> bool:
        """Its holder leaves."""
        ...
