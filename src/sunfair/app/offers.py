"""Use case *submit an offer*: what the operator checks before it acknowledges, and which offer is in force.

An offer counts for the slots its receipt names. In force is, of the acknowledged offers whose range holds the slot, the
one with the highest nonce. A batch is judged offer by offer; what is refused is named, all of it at once, and nothing
of such a batch is kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.app.cover import Purses
from sunfair.errors import Fault, OfferRejected
from sunfair.model import FIRST_MEMBER, Curves
from sunfair.ports import Keys, Signatures
from sunfair.settlement import Domain, offer_digests, receipt_digests
from sunfair.units import ENERGY_MAX, LIMIT_MAX, NO_BUY, NO_SELL, TICK

__all__ = ["InForce", "OfferBatch", "OrderBook", "Receipts", "curve_faults"]


@dataclass(frozen=True, slots=True)
class OfferBatch:
    """Signed offers of some members (their places int64[m]) that count for the same slots; nonce int64[m]."""

    members: NDArray[np.int64]
    curves: Curves
    first_slot: int
    last_slot: int
    nonce: NDArray[np.int64]
    signature: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Receipts:
    """The operator's signed acknowledgement of each offer of a batch: uint8[m, 32] and uint8[m, 65]."""

    offer_hash: NDArray[np.uint8]
    signature: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class InForce:
    """The offers that make a slot's book, in member order; a member with none has nonce −1 and an empty curve."""

    curves: Curves
    offer_hash: NDArray[np.uint8]
    signature: NDArray[np.uint8]
    nonce: NDArray[np.int64]


def _limit_faults(curves: Curves, tick: int) -> dict[str, NDArray[np.bool_]]:
    """Per rule of market.md "Offers", which curves break it, bool[m]."""
    used = curves.energy_wh != 0
    gap = (~used[:, :-1] & used[:, 1:]).any(axis=1)
    energy_out = (np.abs(curves.energy_wh) > ENERGY_MAX).any(axis=1)
    limit_out = (np.abs(curves.limit) > LIMIT_MAX).any(axis=1) | ((curves.limit != 0) & ~used).any(axis=1)
    pool = np.stack([curves.pool_buy, curves.pool_sell], axis=1)
    absent = pool == np.array([NO_BUY, NO_SELL])
    limit_out |= (~absent & (np.abs(pool) > LIMIT_MAX)).any(axis=1)
    off_tick = (curves.limit % tick != 0).any(axis=1) | (~absent & (pool % tick != 0)).any(axis=1)
    buy = np.where(curves.energy_wh > 0, curves.limit, NO_BUY)
    sell = np.where(curves.energy_wh < 0, curves.limit, NO_SELL)
    crossed = buy.max(axis=1) >= sell.min(axis=1)  # the pool is one step of one sign: its limits cannot meet
    return {
        "a step after an unused one": gap,
        f"an energy beyond ±{ENERGY_MAX} Wh": energy_out,
        f"a limit beyond ±{LIMIT_MAX} µ/kWh, or on an unused step": limit_out,
        f"a limit that is no multiple of the tick, {tick} µ/kWh": off_tick,
        "two steps of one side at the same limit; merge them": _repeated(buy, NO_BUY) | _repeated(sell, NO_SELL),
        "a buy limit at or above a sell limit: it could trade with itself": crossed,
    }


def _repeated(limit: NDArray[np.int64], absent: int) -> NDArray[np.bool_]:
    ordered = np.sort(limit, axis=1)
    same: NDArray[np.bool_] = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != absent)).any(axis=1)
    return same


def curve_faults(curves: Curves, accounts: NDArray[np.int64], *, tick: int = TICK) -> list[Fault]:
    """Everything in these curves that breaks a rule of acceptance, by account; empty if all may be accepted."""
    return [
        Fault(f"account {accounts[at]}", f"its offer has {what}", "see docs/market.md, Offers")
        for what, broken in _limit_faults(curves, tick).items()
        for at in np.flatnonzero(broken)
    ]


def _range_faults(batch: OfferBatch, open_from: int, open_to: int) -> list[Fault]:
    if open_from <= batch.first_slot <= batch.last_slot <= open_to:
        return []
    what = f"slots {batch.first_slot} to {batch.last_slot} where offers are taken for {open_from} to {open_to}"
    accounts = batch.members + FIRST_MEMBER
    return [Fault(f"account {account}", what, "sign for slots whose gate is open") for account in accounts]


def _slots(batch: OfferBatch) -> range:
    return range(batch.first_slot, batch.last_slot + 1)


class OrderBook:
    """All acknowledged offers of a community's n members that may still count."""

    def __init__(
        self,
        domain: Domain,
        owners: NDArray[np.uint8],
        *,
        keys: Keys,
        signatures: Signatures,
        ahead: bool = True,
        caps: NDArray[np.int64] | None = None,
        purses: Purses | None = None,
    ) -> None:
        """`owners` are the members' addresses, uint8[n, 20]; `keys` hold the operator's, which signs receipts.

        `ahead` says whether the community has an ahead session; where it has none, steps are refused. `caps` bound
        Σ|energy| of each side of a member's curve, Wh, int64[n]: an offer above its cap would convict the operator.
        `purses` say what a member can cover offers with; without them every offer is admitted, at the guarantor's risk.
        """
        self._domain, self._owners, self._ahead = domain, owners, ahead
        self._keys, self._signatures = keys, signatures
        self._caps = np.full(len(owners), ENERGY_MAX, np.int64) if caps is None else caps
        self._purses = purses
        self._highest = np.full(len(owners), -1, np.int64)
        self._batches: list[tuple[OfferBatch, Receipts]] = []

    def submit(self, batch: OfferBatch, *, open_from: int, open_to: int) -> Receipts:
        """Judge and keep a batch; the receipts name the slots each offer counts for.

        `open_from` is the first slot whose gate is still open, `open_to` the last the operator takes offers for. Raises
        OfferRejected naming every refused offer; then none of the batch is kept.
        """
        accounts = batch.members + FIRST_MEMBER
        count = len(accounts)
        first, last = np.full(count, batch.first_slot), np.full(count, batch.last_slot)
        digests = offer_digests(self._domain, accounts, batch.curves, first, last, batch.nonce)
        faults = [
            *curve_faults(batch.curves, accounts),
            *_range_faults(batch, open_from, open_to),
            *self._rule_faults(batch),
            *self._signer_faults(batch, digests),
        ]
        faults = faults or self._cover_faults(batch)
        if faults:
            raise OfferRejected(f"{len(faults)} fault(s) in a batch of {count} offers; none was taken", faults)
        receipts = self._acknowledge(digests, first, last)
        self._highest[batch.members] = batch.nonce
        self._batches.append((batch, receipts))
        if self._purses is not None:
            self._purses.hold(batch.members, batch.curves, _slots(batch))
        return receipts

    def _rule_faults(self, batch: OfferBatch) -> list[Fault]:
        """What a community's sessions, a member's cap or its own earlier offers do not allow."""
        accounts, caps = batch.members + FIRST_MEMBER, self._caps[batch.members]
        sides = np.stack([np.maximum(batch.curves.energy_wh, 0), np.maximum(-batch.curves.energy_wh, 0)])
        over = (sides.sum(axis=2) > caps).any(axis=0)
        ahead = batch.curves.steps > 0 if not self._ahead else np.zeros(len(accounts), bool)
        stale = batch.nonce <= self._highest[batch.members]
        return [
            *(
                Fault(f"account {accounts[at]}", "it offers ahead where only the pool is held", "sign no steps")
                for at in np.flatnonzero(ahead)
            ),
            *(
                Fault(f"account {accounts[at]}", f"a side offers more than its cap, {caps[at]} Wh")
                for at in np.flatnonzero(over)
            ),
            *(
                Fault(f"account {accounts[at]}", f"nonce {batch.nonce[at]} was used before", "sign with a higher nonce")
                for at in np.flatnonzero(stale)
            ),
        ]

    def _signer_faults(self, batch: OfferBatch, digests: NDArray[np.uint8]) -> list[Fault]:
        signers = self._signatures.recover(digests, batch.signature)
        strange = (signers != self._owners[batch.members]).any(axis=1)
        mend = "sign the offer with the account's key"
        return [
            Fault(f"account {batch.members[at] + FIRST_MEMBER}", "the signature is not its owner's", mend)
            for at in np.flatnonzero(strange)
        ]

    def _cover_faults(self, batch: OfferBatch) -> list[Fault]:
        """Offers whose account cannot cover what they may cost it; asked only of offers that are otherwise in order."""
        if self._purses is None:
            return []
        slots = _slots(batch)
        lacking = self._purses.lacking(batch.members, batch.curves, slots)
        needed = self._purses.needed(batch.members, batch.curves, slots)
        held = "of its balance, after requested withdrawals, unsettled slots and open offers"
        return [
            Fault(
                f"account {batch.members[at] + FIRST_MEMBER}",
                f"its offer needs {needed[at]} µ of cover and {needed[at] - lacking[at]} µ are free {held}",
                "deposit more, or offer less, or for fewer slots",
            )
            for at in np.flatnonzero(lacking)
        ]

    def _acknowledge(self, digests: NDArray[np.uint8], first: NDArray[np.int64], last: NDArray[np.int64]) -> Receipts:
        signed = [
            self._keys.sign("operator", row.tobytes()) for row in receipt_digests(self._domain, digests, first, last)
        ]
        return Receipts(digests, np.frombuffer(b"".join(signed), np.uint8).reshape(-1, 65))

    def in_force(self, slot: int) -> InForce:
        """The offer of each member that counts for `slot`; offers whose range has passed are let go."""
        self._batches = [pair for pair in self._batches if pair[0].last_slot >= slot]
        size = len(self._owners)
        curves, nonce = Curves.empty(size), np.full(size, -1, np.int64)
        digests, signature = np.zeros((size, 32), np.uint8), np.zeros((size, 65), np.uint8)
        for batch, receipts in self._batches:
            if not batch.first_slot <= slot <= batch.last_slot:
                continue
            newer = np.flatnonzero(batch.nonce > nonce[batch.members])
            at = batch.members[newer]
            for target, source in (
                (curves.energy_wh, batch.curves.energy_wh),
                (curves.limit, batch.curves.limit),
                (curves.pool_buy, batch.curves.pool_buy),
                (curves.pool_sell, batch.curves.pool_sell),
                (nonce, batch.nonce),
                (digests, receipts.offer_hash),
                (signature, batch.signature),
            ):
                target[at] = source[newer]
        return InForce(curves, digests, signature, nonce)
