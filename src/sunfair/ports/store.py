"""What a market remembers, and the meters and signatures it relies on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sunfair.grid import Asks, Caps
from sunfair.market import LocalClearing
from sunfair.model import Curves
from sunfair.settlement import ZERO_HASH, Header, Meters, PeriodMoney, ResultRows, SlotTerms, Tree, TrueUp, keccak

__all__ = [
    "AgentRecord",
    "EnvelopeRecord",
    "FlowRecord",
    "MeterSource",
    "PlanRecord",
    "Readings",
    "SettlementRecord",
    "Signatures",
    "SlotRecord",
    "Store",
]


_EVERYBODY = np.ones(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Readings:
    """Signed cumulative registers of all n members at the end of a slot, Wh, import and export apart.

    import_wh, export_wh : int64[n]; signature : uint8[n, 65]
    valid : bool[n], of whom a reading came (by default of all); what stands for the others means nothing
    late : bool[n], whose came after the pool was cleared: it counts for the row, not for the pool (by default nobody's)
    """

    slot: int
    import_wh: NDArray[np.int64]
    export_wh: NDArray[np.int64]
    signature: NDArray[np.uint8]
    valid: NDArray[np.bool_] = field(default_factory=lambda: _EVERYBODY)
    late: NDArray[np.bool_] = field(default_factory=lambda: _EVERYBODY)

    def __post_init__(self) -> None:
        size = len(self.import_wh)
        if self.valid is _EVERYBODY:
            object.__setattr__(self, "valid", np.ones(size, np.bool_))
        if self.late is _EVERYBODY:
            object.__setattr__(self, "late", np.zeros(size, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class EnvelopeRecord:
    """The operating envelopes of a slot: what n homes asked of the wires, the caps they were told, and the root.

    salts : uint8[n, 32], what opens each home's leaf
    """

    asks: Asks
    caps: Caps
    salts: NDArray[np.uint8]
    tree: Tree

    @property
    def root(self) -> bytes:
        """What the slot's header binds, 32 bytes."""
        return self.tree.root


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """One slot as the operator settled it. n members, m = n + 3 accounts.

    price_* : µ/kWh or None where nothing traded; volume_* : Wh
    header : the slot's header; of a void slot it binds nothing, None if there never was one
    anchored : the bytes that were anchored as the header, where they are known (an operator that lied anchored others)
    leaf : int64[n], each member's place in the secret order; salts : uint8[n, 32]
    offer_hash, offer_signature : of the offer in force, uint8[n, 32] and [n, 65]; nonce : int64[n]
    curves : of the members, in account order; rows : the public rows, in leaf order
    step_fill_wh : int64[n, 8], fill of each ahead step, account order
    traded_ahead_wh, traded_pool_wh, metered_wh, paid : int64[m]
    claimed : int64[m], what of the slot's debits the utility may claim off chain, µ
    readings : what came from the meters; meters : where they stand after the slot; true_up : who came back after a gap
    local : how the ahead session cleared on the wires, where the community does that
    envelope : what the meters were allowed, None where nothing was
    void : no trade counts; leaf and nonce are −1, salts 0, offers none, rows empty
    """

    slot: int
    terms: SlotTerms
    header: Header | None
    volume_ahead_wh: int
    volume_pool_wh: int
    leaf: NDArray[np.int64]
    salts: NDArray[np.uint8]
    offer_hash: NDArray[np.uint8]
    offer_signature: NDArray[np.uint8]
    nonce: NDArray[np.int64]
    curves: Curves
    step_fill_wh: NDArray[np.int64]
    rows: ResultRows
    traded_ahead_wh: NDArray[np.int64]
    traded_pool_wh: NDArray[np.int64]
    metered_wh: NDArray[np.int64]
    paid: NDArray[np.int64]
    claimed: NDArray[np.int64]
    readings: Readings
    meters: Meters
    true_up: TrueUp
    local: LocalClearing | None = None
    void: bool = False
    anchored: bytes | None = None
    envelope: EnvelopeRecord | None = None

    @property
    def preimage(self) -> bytes | None:
        """The bytes that are anchored as the slot's header; None where there are none."""
        return self.anchored if self.anchored is not None or self.header is None else self.header.preimage()

    @property
    def digest(self) -> bytes:
        """The slot's leaf under its period's anchor: the header's hash, zeros where there is no header."""
        return ZERO_HASH if self.preimage is None else keccak(self.preimage)


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """What the agents of all n homes thought of one slot, int64[n], Wh (+ charge, + taken) and µ/kWh.

    steered : bool[n], whether a plan steered the home; where not, the forecasts and plans are 0
    forecast_load_wh, forecast_pv_wh, planned_battery_wh, planned_ev_wh, planned_soc_wh : as planned within the hour
    expected_buy, expected_sell : what a kWh more was expected to cost and to bring
    alternative : what a kWh would have been worth if the battery had done the opposite
    shadow_metered_wh, shadow_soc_wh, shadow_paid : the same home never steered: its meter, its store, µ it would have
                  received (+) or paid (−) at the slot's public prices
    market, market_price : where what is not traded with neighbours was bought, and its price; instead, instead_price :
                  the cheapest place beside it; None for homes that buy in no retailer's market
    """

    steered: NDArray[np.bool_]
    forecast_load_wh: NDArray[np.int64]
    forecast_pv_wh: NDArray[np.int64]
    planned_battery_wh: NDArray[np.int64]
    planned_ev_wh: NDArray[np.int64]
    planned_soc_wh: NDArray[np.int64]
    expected_buy: NDArray[np.int64]
    expected_sell: NDArray[np.int64]
    alternative: NDArray[np.int64]
    shadow_metered_wh: NDArray[np.int64]
    shadow_soc_wh: NDArray[np.int64]
    shadow_paid: NDArray[np.int64]
    market: Sequence[str | None]
    market_price: Sequence[int | None]
    instead: Sequence[str | None]
    instead_price: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What the homes did in one slot, int64[n] Wh (+ charge, + taken); marginal_value µ/kWh; one reason each; and what
    their agents thought of it, where that is kept.
    """

    load_wh: NDArray[np.int64]
    pv_wh: NDArray[np.int64]
    battery_wh: NDArray[np.int64]
    ev_wh: NDArray[np.int64]
    curtail_wh: NDArray[np.int64]
    soc_wh: NDArray[np.int64]
    marginal_value: NDArray[np.int64]
    reason: list[str]
    agent: AgentRecord | None = None

    @property
    def net_wh(self) -> NDArray[np.int64]:
        """What flowed at each home's connection, Wh: what its meter shows where it is read."""
        return self.load_wh - self.pv_wh + self.curtail_wh + self.battery_wh + self.ev_wh


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """The wires over T slots: what was checked by power flow. All NaN/0 and no injections without a grid.

    losses_wh : int64[T]; voltages pu, loading of 1: float64[T]; p_w, q_var : float64[T, n, 3] (+ taken), or None
    """

    losses_wh: NDArray[np.int64]
    max_voltage_pu: NDArray[np.float64]
    min_voltage_pu: NDArray[np.float64]
    max_loading: NDArray[np.float64]
    p_w: NDArray[np.float64] | None
    q_var: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """A period as it was settled on chain."""

    period: int
    civil: date
    last_slot: int
    money: PeriodMoney
    root: bytes


class Store(Protocol):
    """Where results are kept. Every call is idempotent by its natural key (slot, period)."""

    def put_slots(self, civil: date, slots: list[SlotRecord], plans: list[PlanRecord], flows: FlowRecord) -> None:
        """Keep the slots of a period (or its first part, when a run is interrupted)."""
        ...

    def put_receipts(
        self,
        offer_hash: NDArray[np.uint8],
        account: NDArray[np.int64],
        nonce: NDArray[np.int64],
        slots: tuple[int, int],
        signature: NDArray[np.uint8],
    ) -> None:
        """Keep the operator's receipts of one batch of offers."""
        ...

    def put_deposits(self, slot: int, amounts: dict[int, int]) -> None:
        """Keep what accounts paid in before `slot`, µ by account."""
        ...

    def put_withdrawals(self, slot: int, amounts: dict[int, int]) -> None:
        """Keep what accounts took home after `slot`, µ > 0 by account."""
        ...

    def put_settlement(self, record: SettlementRecord) -> None:
        """Keep arrears and cover of a settled period."""
        ...


class MeterSource(Protocol):
    """Where readings come from."""

    def read(self, slot: int) -> Readings:
        """The signed registers at the end of `slot`."""
        ...


class Signatures(Protocol):
    """Recovery of signers."""

    def recover(self, digests: NDArray[np.uint8], signatures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Addresses uint8[n, 20] that signed digests uint8[n, 32] with uint8[n, 65]; zeros where none did."""
        ...
