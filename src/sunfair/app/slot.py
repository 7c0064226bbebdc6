"""Use case *run a slot*: close the book, clear ahead, take the readings, clear the pool, settle, and prove it all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.app.offers import InForce
from sunfair.errors import Fault, InputError
from sunfair.market import Clearing, Offers, clear_mid_market_rate, clear_uniform
from sunfair.model import FIRST_MEMBER, Community, Curves, Mechanism, Session
from sunfair.ports import Chance, Readings, SlotRecord
from sunfair.settlement import (
    Domain,
    ResultRows,
    SlotTerms,
    Tree,
    blinds,
    book_leaves,
    settle_slot,
    slot_header,
)

__all__ = ["Book", "SlotRunner", "Tariff"]


@dataclass(frozen=True, slots=True)
class Tariff:
    """The utility's prices in a slot, µ/kWh."""

    retail: int
    feed_in: int


@dataclass(frozen=True, slots=True)
class Book:
    """A slot's closed book. `place[i]` is where member i's leaf stands; `members[j]` whose leaf stands at j."""

    slot: int
    offers: InForce
    salts: NDArray[np.uint8]
    place: NDArray[np.int64]
    members: NDArray[np.int64]
    leaves: NDArray[np.uint8]
    root: bytes


class SlotRunner:
    """Takes one community's slots through the market, in order. Holds the last registers, nothing else."""

    def __init__(self, community: Community, domain: Domain, chance: Chance) -> None:
        self._community, self._domain, self._chance = community, domain, chance
        self._accounts = FIRST_MEMBER + np.arange(community.size)
        self.import_wh = np.zeros(community.size, np.int64)
        self.export_wh = np.zeros(community.size, np.int64)

    def close_book(self, slot: int, offers: InForce) -> Book:
        """The book at gate closure: one leaf per member under a fresh salt, in a fresh secret order."""
        size = self._community.size
        salts, place = self._chance.salts(slot, size), self._chance.order(slot, size)
        members = np.argsort(place)
        leaves = book_leaves(blinds(self._accounts, slot, salts), offers.curves)[members]
        return Book(slot, offers, salts, place, members, leaves, Tree(leaves).root)

    def clear_ahead(self, book: Book, tariff: Tariff) -> Clearing:
        """Clear the ahead session; fills are per step of the book in leaf order."""
        return self._clear(_flatten(self._accounts[book.members], book.offers.curves.take(book.members)), tariff)

    def deliver(self, book: Book, ahead: Clearing, tariff: Tariff, readings: Readings) -> SlotRecord:
        """Take the slot's readings, clear the pool with what deviated, and settle the slot."""
        metered = self._metered(readings)
        curves = book.offers.curves.take(book.members)
        step_fill = np.zeros_like(curves.energy_wh)
        step_fill[curves.energy_wh != 0] = ahead.filled_wh
        fill_ahead = step_fill.sum(axis=1)
        beyond = metered[book.members] - fill_ahead
        if Session.POOL not in self._community.sessions:
            beyond = np.zeros_like(beyond)
        rows = ResultRows(book.leaves, curves, beyond, fill_ahead, np.zeros_like(beyond))
        energy, limit = rows.pool_steps()
        offered = np.flatnonzero(energy[:, 0])
        pool = self._clear(
            Offers(self._accounts[book.members][offered].astype(np.int32), energy[offered, 0], limit[offered, 0]),
            tariff,
        )
        rows.fill_pool_wh[offered] = pool.filled_wh
        return self._settle(book, rows, step_fill, (ahead, pool), tariff, metered, readings)

    def _settle(
        self,
        book: Book,
        rows: ResultRows,
        step_fill: NDArray[np.int64],
        clearings: tuple[Clearing, Clearing],
        tariff: Tariff,
        metered: NDArray[np.int64],
        readings: Readings,
    ) -> SlotRecord:
        """Money, tree and header of a cleared slot, as the record that is kept."""
        ahead, pool = clearings
        terms = SlotTerms(ahead.price, pool.price, tariff.retail, tariff.feed_in, self._community.fees)
        traded_ahead, traded_pool, all_metered = (
            np.concatenate([np.zeros(FIRST_MEMBER, np.int64), values])
            for values in (rows.fill_ahead_wh[book.place], rows.fill_pool_wh[book.place], metered)
        )
        money = settle_slot(terms, traded_ahead, traded_pool, all_metered)
        self.import_wh, self.export_wh = readings.import_wh, readings.export_wh
        return SlotRecord(
            slot=book.slot,
            terms=terms,
            header=slot_header(
                self._community,
                terms,
                rows,
                domain=self._domain.separator,
                slot=book.slot,
                book_root=book.root,
            ),
            volume_ahead_wh=ahead.volume_wh,
            volume_pool_wh=pool.volume_wh,
            leaf=book.place,
            salts=book.salts,
            offer_hash=book.offers.offer_hash,
            offer_signature=book.offers.signature,
            nonce=book.offers.nonce,
            curves=book.offers.curves,
            step_fill_wh=step_fill[book.place],
            rows=rows,
            traded_ahead_wh=traded_ahead,
            traded_pool_wh=traded_pool,
            metered_wh=all_metered,
            paid=money.paid,
            readings=readings,
        )

    def _clear(self, offers: Offers, tariff: Tariff) -> Clearing:
        if self._community.mechanism is Mechanism.MID_MARKET_RATE:
            return clear_mid_market_rate(offers, retail=tariff.retail, feed_in=tariff.feed_in)
        return clear_uniform(offers, k=self._community.k)

    def _metered(self, readings: Readings) -> NDArray[np.int64]:
        """Net energy of the slot from the registers; a register that runs backwards is an error."""
        taken, given = readings.import_wh - self.import_wh, readings.export_wh - self.export_wh
        backwards = np.flatnonzero((taken < 0) | (given < 0))
        if len(backwards):
            raise InputError(
                f"slot {readings.slot}: {len(backwards)} meter(s) run backwards",
                [
                    Fault(
                        f"account {self._accounts[at]}",
                        "a cumulative register is below its last reading",
                        "check the meter",
                    )
                    for at in backwards
                ],
            )
        return taken - given


def _flatten(accounts: NDArray[np.int64], curves: Curves) -> Offers:
    """The used steps of all curves, in the curves' order."""
    used = curves.energy_wh != 0
    owner = np.broadcast_to(accounts[:, None], used.shape)[used]
    return Offers(owner.astype(np.int32), curves.energy_wh[used], curves.limit[used])
