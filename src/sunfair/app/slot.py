"""Use case *run a slot*: close the book, clear ahead, take the readings, clear the pool, settle, and prove it all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.app.money import slot_money, void_record
from sunfair.app.offers import InForce
from sunfair.errors import Fault, InputError
from sunfair.grid import Asks, Caps, Network
from sunfair.market import (
    Clearing,
    LocalClearing,
    Offers,
    clear_mid_market_rate,
    clear_network,
    clear_uniform,
    feeder_at_gate,
)
from sunfair.model import FIRST_MEMBER, SMALL_COMMUNITY, Community, Curves, Mechanism, Phase, Session
from sunfair.ports import Chance, EnvelopeRecord, Readings, SlotRecord
from sunfair.settlement import (
    ZERO_HASH,
    Delivery,
    Domain,
    Header,
    Meters,
    ResultRows,
    SlotTerms,
    Tree,
    blinds,
    book_leaves,
    envelope_tree,
    slot_header,
)
from sunfair.units import ENERGY_MAX

__all__ = ["Book", "SlotRunner", "Tariff", "check_size"]


_ENVELOPES = 2**40
"""Salts of envelopes are drawn as if for slots so far on, beyond any slot of a market: none stands in two trees."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The utility's prices in a slot, µ/kWh."""

    retail: int
    feed_in: int


@dataclass(frozen=True, slots=True)
class Book:
    """A slot's closed book. `place[i]` is where member i's leaf stands; `members[j]` whose leaf stands at j.

    envelope : what the meters may show in the slot; None: anything
    """

    slot: int
    offers: InForce
    salts: NDArray[np.uint8]
    place: NDArray[np.int64]
    members: NDArray[np.int64]
    leaves: NDArray[np.uint8]
    root: bytes
    envelope: EnvelopeRecord | None = None


def check_size(community: Community) -> None:
    """InputError unless a small community pools alone, at the mid-market rate: in one of fewer than 20 members whoever
    looks last at the book would gain by setting the price, and any header that says otherwise is refuted on chain.
    """
    alone = community.sessions == (Session.POOL,) and community.mechanism is Mechanism.MID_MARKET_RATE
    if community.size < SMALL_COMMUNITY and not alone:
        what = f"{community.size} members, sessions {', '.join(community.sessions)}, {community.mechanism}"
        mend = 'write sessions = ["pool"] and mechanism = "mid_market_rate"'
        raise InputError(
            f"a community of fewer than {SMALL_COMMUNITY} members holds the pool only, at the mid-market rate",
            [Fault("community", what, mend)],
        )


class SlotRunner:
    """Takes one community's slots through the market, in order. Holds where the meters stand, nothing else."""

    def __init__(
        self,
        community: Community,
        domain: Domain,
        chance: Chance,
        *,
        caps: NDArray[np.int64] | None = None,
        meters: Meters | None = None,
        network: Network | None = None,
    ) -> None:
        """`caps` bound what each member offers on a side, Wh, int64[n]; `meters` is where they stand (None: at 0);
        `network` are the wires, for a community that trades on them.

        Raises InputError for a community too small for the sessions it wants, or without the wires it wants.
        """
        check_size(community)
        if community.mechanism is Mechanism.NETWORK and network is None:
            fault = Fault("[grid] file", "is missing", "name the network, or clear by another mechanism")
            raise InputError("there are no wires to trade on", [fault])
        self._community, self._domain, self._chance = community, domain, chance
        self._accounts = FIRST_MEMBER + np.arange(community.size)
        self._caps = np.full(community.size, ENERGY_MAX, np.int64) if caps is None else caps
        none = np.zeros(community.size, np.int64)
        self.meters = Meters.at(none, none) if meters is None else meters
        self._network, self._known = network, none
        self.notices: list[str] = []

    def envelop(self, slot: int, asks: Asks, caps: Caps) -> EnvelopeRecord:
        """What homes are told of the wires' room before they offer, under salts of its own."""
        salts = self._chance.salts(_ENVELOPES + slot, self._community.size)
        return EnvelopeRecord(asks, caps, salts, envelope_tree(slot, caps.import_wh, caps.export_wh, salts))

    def close_book(self, slot: int, offers: InForce, envelope: EnvelopeRecord | None = None) -> Book:
        """The book at gate closure: one leaf per member under a fresh salt, in a fresh secret order."""
        size = self._community.size
        salts, place = self._chance.salts(slot, size), self._chance.order(slot, size)
        members = np.argsort(place)
        leaves = book_leaves(blinds(self._accounts, slot, offers.nonce, salts), offers.curves)[members]
        return Book(slot, offers, salts, place, members, leaves, Tree(leaves).root, envelope)

    def clear_ahead(self, book: Book, tariff: Tariff) -> Clearing:
        """Clear the ahead session; fills are per step of the book in leaf order."""
        offers = _flatten(self._accounts[book.members], book.offers.curves.take(book.members))
        if self._community.mechanism is not Mechanism.NETWORK or self._network is None:
            return self._clear(offers, tariff)
        phases = tuple(member.phase or Phase.ABC for member in self._community.members)
        offering = book.offers.curves.steps > 0
        feeder = feeder_at_gate(self._network, phases, self._community.clock.seconds, self._known, offering)
        cleared = clear_network(offers, feeder, k=self._community.k)
        if cleared.notice:
            self.notices.append(f"slot {book.slot}: {cleared.notice}")
        return cleared

    def ahead_fills(self, book: Book, ahead: Clearing) -> NDArray[np.int64]:
        """What each member traded ahead, int64[n], Wh, in member order."""
        return np.asarray(_step_fills(book, ahead).sum(axis=1)[book.place])

    def deliver(self, book: Book, ahead: Clearing, tariff: Tariff, readings: Readings) -> SlotRecord:
        """Take the slot's readings, clear the pool with what deviated, and settle the slot."""
        meters, delivery = self._read(tariff, readings)
        curves, step_fill = book.offers.curves.take(book.members), _step_fills(book, ahead)
        fill_ahead = step_fill.sum(axis=1)
        beyond = np.zeros_like(fill_ahead)
        if Session.POOL in self._community.sessions:
            caps = self._caps[book.members]
            beyond = np.clip(delivery.metered_wh[book.members] - fill_ahead, -caps, caps)
            beyond[~delivery.pools[book.members]] = 0
        rows = ResultRows(book.leaves, curves, beyond, fill_ahead, np.zeros_like(beyond))
        energy, limit = rows.pool_steps()
        offered = np.flatnonzero(energy[:, 0])
        pool = self._clear(
            Offers(self._accounts[book.members][offered].astype(np.int32), energy[offered, 0], limit[offered, 0]),
            tariff,
        )
        rows.fill_pool_wh[offered] = pool.filled_wh
        return self._settle(book, rows, step_fill, (ahead, pool), tariff, (meters, delivery, readings))

    def void(self, slot: int, tariff: Tariff, readings: Readings, *, header: Header | None = None) -> SlotRecord:
        """Settle a slot in which no trade counts: all that was metered is bought from or sold to the utility.

        `header` is what was anchored for it before it became void, if anything was.
        """
        terms = SlotTerms(None, None, tariff.retail, tariff.feed_in, self._community.fees)
        meters, delivery = self._read(tariff, readings)
        self.meters = meters
        return void_record(slot, terms, readings, meters, delivery, header)

    def _settle(
        self,
        book: Book,
        rows: ResultRows,
        step_fill: NDArray[np.int64],
        clearings: tuple[Clearing, Clearing],
        tariff: Tariff,
        metering: tuple[Meters, Delivery, Readings],
    ) -> SlotRecord:
        """Money, tree and header of a cleared slot, as the record that is kept."""
        (ahead, pool), (self.meters, delivery, readings) = clearings, metering
        self._known = delivery.metered_wh
        local = ahead if isinstance(ahead, LocalClearing) else None
        prices = None if local is None else local.account_prices()
        terms = SlotTerms(ahead.price, pool.price, tariff.retail, tariff.feed_in, self._community.fees, prices)
        money = slot_money(terms, rows.fill_ahead_wh[book.place], rows.fill_pool_wh[book.place], delivery)
        domain = self._domain.separator
        return SlotRecord(
            slot=book.slot,
            terms=terms,
            header=slot_header(
                self._community,
                terms,
                rows,
                domain=domain,
                slot=book.slot,
                book_root=book.root,
                envelope_root=ZERO_HASH if book.envelope is None else book.envelope.root,
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
            traded_ahead_wh=money.ahead_wh,
            traded_pool_wh=money.pool_wh,
            metered_wh=money.metered_wh,
            paid=money.paid,
            claimed=money.claimed,
            readings=readings,
            meters=self.meters,
            true_up=delivery.true_up,
            local=local,
            envelope=book.envelope,
        )

    def _clear(self, offers: Offers, tariff: Tariff) -> Clearing:
        if self._community.mechanism is Mechanism.MID_MARKET_RATE:
            return clear_mid_market_rate(offers, retail=tariff.retail, feed_in=tariff.feed_in)
        return clear_uniform(offers, k=self._community.k)

    def _read(self, tariff: Tariff, readings: Readings) -> tuple[Meters, Delivery]:
        """The meters after the slot; a register that runs backwards, or faster than any offer may, is an error."""
        taken, given = self.meters.moved(readings.valid, readings.import_wh, readings.export_wh)
        faults = [
            Fault(f"account {self._accounts[at]}", what, "check the meter, or settle the slot without its reading")
            for what, wrong in (
                ("a cumulative register is below its last reading", (taken < 0) | (given < 0)),
                (f"a register moved by more than {ENERGY_MAX} Wh", np.maximum(taken, given) > ENERGY_MAX),
            )
            for at in np.flatnonzero(wrong)
        ]
        if faults:
            raise InputError(f"slot {readings.slot}: {len(faults)} reading(s) cannot be", faults)
        registers = readings.import_wh, readings.export_wh
        return self.meters.read(
            readings.valid, *registers, retail=tariff.retail, feed_in=tariff.feed_in, late=readings.late
        )


def _step_fills(book: Book, ahead: Clearing) -> NDArray[np.int64]:
    """The fill of each ahead step, int64[n, 8], Wh, in leaf order."""
    used = book.offers.curves.energy_wh[book.members] != 0
    fills = np.zeros(used.shape, np.int64)
    fills[used] = ahead.filled_wh
    return fills


def _flatten(accounts: NDArray[np.int64], curves: Curves) -> Offers:
    """The used steps of all curves, in the curves' order."""
    used = curves.energy_wh != 0
    owner = np.broadcast_to(accounts[:, None], used.shape)[used]
    return Offers(owner.astype(np.int32), curves.energy_wh[used], curves.limit[used])
