"""A community and its members: plain values, no behaviour beyond what follows from their own fields."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from sunfair.model.owner import Appliance, HeatPump, Owner, Prepaid
from sunfair.model.plant import Plant
from sunfair.model.retail import Market
from sunfair.slots import SlotClock
from sunfair.units import BPS

__all__ = [
    "FIRST_MEMBER",
    "NETWORK",
    "RESERVE",
    "SMALL_COMMUNITY",
    "UTILITY",
    "Battery",
    "Car",
    "Community",
    "Fees",
    "Mechanism",
    "Member",
    "Phase",
    "Session",
    "Sharing",
    "Strategy",
]

UTILITY, NETWORK, RESERVE = 0, 1, 2
"""Account numbers of the three institutions."""

FIRST_MEMBER = 3
"""Members are accounts 3, 4, … in the order of the community file; a number is never used again."""

SMALL_COMMUNITY = 20
"""Below so many members: pool only, at the mid-market rate (whoever looks last at so small a book gains)."""


class Phase(StrEnum):
    """The phase(s) a connection hangs on."""

    A = "a"
    B = "b"
    C = "c"
    ABC = "abc"


class Session(StrEnum):
    """The two auctions of a slot."""

    AHEAD = "ahead"
    POOL = "pool"


class Mechanism(StrEnum):
    """How the community's sessions are cleared."""

    UNIFORM = "uniform"
    MID_MARKET_RATE = "mid_market_rate"
    NETWORK = "network"
    """The ahead session within the limits of the wires, at a price for each connection; the pool, whose energy has
    flowed already, by the uniform auction."""

    @property
    def sessions(self) -> tuple["Mechanism", "Mechanism"]:
        """How the ahead session and how the pool is cleared."""
        return self, Mechanism.UNIFORM if self is Mechanism.NETWORK else self


class Strategy(StrEnum):
    """Who decides for a home: `smart` plans ahead, `rule` is simple, `pool` has no agent, it trades after the slot."""

    SMART = "smart"
    RULE = "rule"
    POOL = "pool"


class Sharing(StrEnum):
    """How the wires' room is shared as operating envelopes; `none` sets no caps."""

    FAIR = "fair"
    EFFICIENT = "efficient"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Battery:
    """A home battery: usable capacity Wh (battery side), AC power W each way, efficiencies in ‰ of the AC energy."""

    capacity_wh: int
    power_w: int
    charge_eff_permille: int = 950
    discharge_eff_permille: int = 950
    reserve_wh: int = 0


@dataclass(frozen=True, slots=True)
class Car:
    """An electric car's charger at home: its AC power, W."""

    power_w: int


@dataclass(frozen=True, slots=True)
class Fees:
    """Shares of a trade's money, bps; they sum to 10 000 and the seller's is the larger part."""

    seller_bps: int = 8_000
    utility_bps: int = 1_200
    network_bps: int = 800

    def __post_init__(self) -> None:
        total = self.seller_bps + self.utility_bps + self.network_bps
        if total != BPS or min(self.seller_bps, self.utility_bps, self.network_bps) < 0:
            raise ValueError(
                f"the fees sum to {total} bps; seller, utility and network must sum to {BPS}, none negative"
            )
        if self.seller_bps * 2 <= BPS:
            raise ValueError(f"seller_bps is {self.seller_bps}; the seller gets more than half ({BPS // 2})")


@dataclass(frozen=True, slots=True)
class Member:
    """One household, plant or charger: its meter point, its place on the wires and what it owns.

    `shape` names the measured series its load was made from, where that is known (homes of one shape know each
    other's future, so a forecast figure leaves the evaluated shape out). `markets` are the names of the retailers'
    markets it buys in beside the community's; without any it pays the community's tariff. `plant` says who holds it,
    where it is a community plant.
    """

    id: str
    meter: str
    bus: int | None = None
    phase: Phase | None = None
    pv_wp: int = 0
    battery: Battery | None = None
    car: Car | None = None
    strategy: Strategy = Strategy.RULE
    shape: str = ""
    owner: Owner = field(default_factory=Owner)
    heat: HeatPump | None = None
    appliances: tuple[Appliance, ...] = ()
    markets: tuple[str, ...] = ()
    prepaid: Prepaid | None = None
    plant: Plant | None = None

    @property
    def rules(self) -> Owner:
        """The owner's rules; a plant that shares its output by key offers none of it."""
        shares = self.plant is not None and self.plant.shares_output
        return replace(self.owner, neighbour_permille=0) if shares else self.owner


@dataclass(frozen=True, slots=True)
class Community:
    """The community's rules. `members[i]` is account ``FIRST_MEMBER + i``; `markets` are the retailers' (`Market`)."""

    name: str
    members: tuple[Member, ...]
    clock: SlotClock = field(default_factory=SlotClock)
    sessions: tuple[Session, ...] = (Session.AHEAD, Session.POOL)
    mechanism: Mechanism = Mechanism.UNIFORM
    fees: Fees = field(default_factory=Fees)
    currency: str = "EUR"
    k: tuple[int, int] = (1, 2)
    gate_minutes: int = 5
    markets: tuple[Market, ...] = ()
    envelope: Sharing = Sharing.NONE

    @property
    def lead(self) -> int:
        """Slots from the newest whose readings are known to the one whose gate closes (2 for quarter-hours)."""
        return 1 + max(1, -(-self.gate_minutes // self.clock.minutes))

    @property
    def size(self) -> int:
        """Number of members."""
        return len(self.members)

    def account_of(self, index: int) -> int:
        """The account number of the member at `index` of `members`."""
        return FIRST_MEMBER + index
