"""The money of a slot beside its auction: what is paid and owed, the slot in which no trade counts, and settling again.

A slot becomes void when something about it is refuted, after the operator has settled it in its own books. What follows
it in the period is then computed anew from the same readings; offers, books and headers stand as they are.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER, Curves
from sunfair.ports import Readings, SlotRecord
from sunfair.settlement import Delivery, Header, Meters, ResultRows, SlotTerms, claims, settle_slot
from sunfair.units import STEPS_MAX

__all__ = ["Paid", "resettled", "slot_money", "void_record"]


@dataclass(frozen=True, slots=True)
class Paid:
    """The numbers of all accounts of a slot, institutions first: int64[m], Wh and µ."""

    ahead_wh: NDArray[np.int64]
    pool_wh: NDArray[np.int64]
    metered_wh: NDArray[np.int64]
    paid: NDArray[np.int64]
    claimed: NDArray[np.int64]


def slot_money(terms: SlotTerms, ahead: NDArray[np.int64], pool: NDArray[np.int64], delivery: Delivery) -> Paid:
    """What every account pays, from the members' trades int64[n], Wh, and what their meters say."""
    institutions = np.zeros(FIRST_MEMBER, np.int64)
    all_ahead, all_pool, metered = (np.concatenate([institutions, v]) for v in (ahead, pool, delivery.metered_wh))
    paid = settle_slot(terms, all_ahead, all_pool, metered, true_up=delivery.true_up).paid
    return Paid(all_ahead, all_pool, metered, paid, claims(terms, all_ahead, all_pool, metered, delivery.true_up))


def void_record(
    slot: int, terms: SlotTerms, readings: Readings, meters: Meters, delivery: Delivery, header: Header | None
) -> SlotRecord:
    """A slot without trade; `meters` is where they stand after it, `terms` name no price."""
    size = len(readings.import_wh)
    none, nothing = np.zeros(size, np.int64), np.zeros(0, np.int64)
    money = slot_money(terms, none, none, delivery)
    return SlotRecord(
        slot=slot,
        terms=terms,
        header=header,
        volume_ahead_wh=0,
        volume_pool_wh=0,
        leaf=np.full(size, -1),
        salts=np.zeros((size, 32), np.uint8),
        offer_hash=np.zeros((size, 32), np.uint8),
        offer_signature=np.zeros((size, 65), np.uint8),
        nonce=np.full(size, -1),
        curves=Curves.empty(size),
        step_fill_wh=np.zeros((size, STEPS_MAX), np.int64),
        rows=ResultRows(np.zeros((0, 32), np.uint8), Curves.empty(0), nothing, nothing, nothing),
        traded_ahead_wh=money.ahead_wh,
        traded_pool_wh=money.pool_wh,
        metered_wh=money.metered_wh,
        paid=money.paid,
        claimed=money.claimed,
        readings=readings,
        meters=meters,
        true_up=delivery.true_up,
        void=True,
    )


def resettled(slots: Sequence[SlotRecord], void: Collection[int], meters: Meters) -> list[SlotRecord]:
    """The same slots with those in `void` without trade; `meters` is where they stood before the first of them.

    What was traded in the other slots stands; their money is computed again, for a gap may run through a void slot.
    """
    out: list[SlotRecord] = []
    for record in slots:
        readings, terms = record.readings, record.terms
        registers = readings.valid, readings.import_wh, readings.export_wh
        meters, delivery = meters.read(*registers, retail=terms.retail, feed_in=terms.feed_in, late=readings.late)
        if record.slot in void or record.void:
            alone = replace(terms, price_ahead=None, price_pool=None, local_ahead=None)
            empty = void_record(record.slot, alone, readings, meters, delivery, record.header)
            out.append(replace(empty, anchored=record.anchored, envelope=record.envelope))
            continue
        traded = record.traded_ahead_wh[FIRST_MEMBER:], record.traded_pool_wh[FIRST_MEMBER:]
        money = slot_money(terms, *traded, delivery)
        out.append(
            replace(
                record,
                metered_wh=money.metered_wh,
                paid=money.paid,
                claimed=money.claimed,
                meters=meters,
                true_up=delivery.true_up,
            )
        )
    return out
