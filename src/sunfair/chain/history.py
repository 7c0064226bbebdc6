"""A market's events told in order: who takes part, what was anchored, settled and applied, what money moved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sunfair.chain.abi import Event
from sunfair.chain.contracts import contract
from sunfair.chain.network import Logged
from sunfair.errors import LedgerError
from sunfair.model import RESERVE, UTILITY
from sunfair.ports import GUARANTOR, Convicted, Settled, Transfer
from sunfair.settlement import amounts_hash, unpack_amounts
from sunfair.settlement.court import NOBODY, Anchor, Member, Meter, Settlement, Terms
from sunfair.settlement.court.proofs import NO_SLOT

__all__ = ["NEVER", "History", "anchor_of", "settlement_of"]


def anchor_of(args: Mapping[str, Any]) -> Anchor:
    """The anchor of an `Anchored` event."""
    return Anchor(*args["anchor"])


def settlement_of(args: Mapping[str, Any]) -> Settlement:
    """The settlement of a `Settled` event."""
    return Settlement(*args["settlement"])


NEVER = 2**40 - 1
"""The last slot of an account that is not closed."""


@dataclass
class History:
    """What the events of one market add up to. `tell` takes them one by one, in the chain's order.

    `input_of` gives the data of a transaction by its hash: the amounts of a settlement stand there.
    """

    input_of: Callable[[bytes], bytes]
    members: dict[int, Member] = field(default_factory=dict)
    meters: dict[int, list[Meter]] = field(default_factory=dict)
    terms: list[Terms] = field(default_factory=list)
    anchors: dict[int, Anchor] = field(default_factory=dict)
    applied: int = 0
    settlements: list[tuple[Settlement, Settled]] = field(default_factory=list)
    void_slots: set[int] = field(default_factory=set)
    convictions: list[Convicted] = field(default_factory=list)
    predecessors: list[bytes] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    balances: dict[int, int] = field(default_factory=dict)

    @property
    def open_anchors(self) -> tuple[Anchor, ...]:
        """Those anchored, not dropped and not yet applied."""
        return tuple(anchor for period, anchor in sorted(self.anchors.items()) if period >= self.applied)

    @property
    def pending(self) -> Settlement | None:
        """The settlement that waits for its window to end."""
        waiting = [made for made, told in self.settlements[-1:] if not told.applied and not told.cancelled]
        return waiting[0] if waiting else None

    @property
    def last(self) -> Settlement | None:
        """The settlement applied last."""
        applied = [made for made, told in self.settlements if told.applied]
        return applied[-1] if applied else None

    def tell(self, logged: Logged, event: Event) -> None:
        """Take the next event."""
        teller = _TELLERS.get(event.name)
        if teller is not None:
            teller(self, event.args, logged)

    def _opened(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.members[args["account"]] = Member(args["owner"], NOBODY, args["from_slot"], NEVER, args["cap_wh"])

    def _closed(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.members[args["account"]] = replace(self.members[args["account"]], to_slot=args["to_slot"])

    def _reader(self, args: Mapping[str, Any], logged: Logged) -> None:
        if args["account"] in self.members:
            self.members[args["account"]] = replace(self.members[args["account"]], reader=args["reader"])

    def _meter(self, args: Mapping[str, Any], logged: Logged) -> None:
        meter = Meter(args["key"], args["from_slot"], args["import_wh"], args["export_wh"])
        dated = self.meters.setdefault(args["account"], [])
        # One that would begin no earlier is replaced.
        if dated and dated[-1].from_slot >= meter.from_slot:
            dated.pop()
        dated.append(meter)
        if args["account"] in self.members:
            self.members[args["account"]] = replace(self.members[args["account"]], meter_from=meter.from_slot)

    def _terms(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.terms.append(Terms(**{field.name: args[field.name] for field in fields(Terms)}))

    def _anchored(self, args: Mapping[str, Any], logged: Logged) -> None:
        anchor = anchor_of(args)
        self.anchors[anchor.period] = anchor

    def _anchor_voided(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.anchors[args["period"]] = replace(self.anchors[args["period"]], void_to=args["void_to"])

    def _voided(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.void_slots.add(args["slot"])

    def _operator(self, args: Mapping[str, Any], logged: Logged) -> None:
        self.predecessors.append(args["predecessor"])
        self.anchors = {period: anchor for period, anchor in self.anchors.items() if period < args["first_period"]}

    def _settled(self, args: Mapping[str, Any], logged: Logged) -> None:
        made = settlement_of(args)
        amounts = self._posted(made, logged)
        told = Settled(
            made.first_period,
            made.periods,
            made.period_root,
            made.cover,
            amounts,
            applied=False,
            settled_at=made.settled_at,
        )
        self.settlements.append((made, told))

    def _posted(self, made: Settlement, logged: Logged) -> tuple[int, ...]:
        """The event holds the amounts' hash only; the amounts stand in the data of the operator's transaction."""
        called = contract("EnergyMarket").abi.arguments("settle", self.input_of(logged.transaction_hash))
        words = list(called[3]) if called else []
        if amounts_hash(words) != made.amounts_hash:
            why = f"block {logged.number}: period {made.first_period} was not settled by a plain call of the market"
            raise LedgerError(why)
        return tuple(unpack_amounts(words, made.accounts))

    def _cancelled(self, args: Mapping[str, Any], logged: Logged) -> None:
        made, told = self.settlements[-1]
        self.settlements[-1] = made, replace(told, cancelled=True)

    def _applied(self, args: Mapping[str, Any], logged: Logged) -> None:
        made, told = self.settlements[-1]
        self.settlements[-1] = made, replace(told, applied=True)
        self.applied = made.first_period + made.periods
        for account, amount in enumerate(told.amounts):
            place = GUARANTOR if account == made.accounts else account
            left = self.balances.get(place, 0) + amount
            if left < 0 and place in (GUARANTOR, UTILITY):  # taken from what the operator posted beside its bond
                self.transfers.append(Transfer(place, "lack", -left, logged.timestamp))
                left = 0
            self.balances[place] = left

    def _moved(self, account: int, kind: str, amount: int, logged: Logged) -> None:
        self.balances[account] = self.balances.get(account, 0) + amount
        self.transfers.append(Transfer(account, kind, amount, logged.timestamp))

    def _deposited(self, args: Mapping[str, Any], logged: Logged) -> None:
        self._moved(args["account"], "deposit", args["amount"], logged)

    def _withdrawn(self, args: Mapping[str, Any], logged: Logged) -> None:
        self._moved(args["account"], "withdrawal", args["share"] - args["amount"], logged)

    def _slashed(self, args: Mapping[str, Any], logged: Logged) -> None:
        if args["reserved"]:
            self._moved(RESERVE, "slash", args["reserved"], logged)

    def _convicted(self, args: Mapping[str, Any], logged: Logged) -> None:
        slot = None if args["slot"] == NO_SLOT else args["slot"]
        parties = args["offender"], args["challenger"]
        self.convictions.append(Convicted(args["kind"], *parties, slot, args["slashed"], logged.timestamp))


_TELLERS: dict[str, Callable[[History, Mapping[str, Any], Logged], None]] = {
    "AccountOpened": History._opened,
    "AccountClosed": History._closed,
    "ReaderNamed": History._reader,
    "MeterSet": History._meter,
    "TermsSet": History._terms,
    "Anchored": History._anchored,
    "AnchorVoided": History._anchor_voided,
    "SlotVoided": History._voided,
    "OperatorChanged": History._operator,
    "Settled": History._settled,
    "Cancelled": History._cancelled,
    "Applied": History._applied,
    "Deposited": History._deposited,
    "Credited": History._deposited,
    "Withdrawn": History._withdrawn,
    "Slashed": History._slashed,
    "Convicted": History._convicted,
}
