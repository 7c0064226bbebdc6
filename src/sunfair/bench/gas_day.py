"""The days that `bench gas` settles: homes with drawn use and offers, through the market's own code, slot by slot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.app import Book, SlotRunner, Tariff, terms_of
from sunfair.app.offers import InForce
from sunfair.model import FIRST_MEMBER, SMALL_COMMUNITY, Community, Curves, Mechanism, Member, Session
from sunfair.ports import Readings, SlotRecord
from sunfair.settlement import Domain, Tree, blinds, book_leaves
from sunfair.settlement.court import Terms
from sunfair.units import STEPS_MAX, TICK

__all__ = ["CAP_WH", "LARGE", "SLOTS", "Planted", "Town"]

SLOTS = 96
"""Slots of a day."""

CAP_WH = 10**5
"""Cap of every account, Wh."""

LARGE = 10
"""So many members, the first ones, offer with all steps that a curve may have: evidence about them is the largest."""

_SEED = 7


class _Chance:
    """Salts and orders that are the same on every run."""

    def salts(self, slot: int, count: int) -> NDArray[np.uint8]:
        """Random bytes uint8[count, 32]."""
        return np.frombuffer(np.random.default_rng([_SEED, 1, slot]).bytes(32 * count), np.uint8).reshape(count, 32)

    def order(self, slot: int, count: int) -> NDArray[np.int64]:
        """A random order."""
        return np.random.default_rng([_SEED, 2, slot]).permutation(count).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Planted:
    """What an operator does wrong in a slot while it clears it.

    silent, late : places of members without a reading, and with one that is said to have come too late for the pool
    under : by place of a member, the account in whose name its leaf stands in the book
    """

    silent: Collection[int] = ()
    late: Collection[int] = ()
    under: Mapping[int, int] = field(default_factory=dict)


class Town:
    """A community of `size` homes and its operator, from its first slot on."""

    def __init__(self, size: int, domain: Domain) -> None:
        pool_only: dict[str, Any] = {"sessions": (Session.POOL,), "mechanism": Mechanism.MID_MARKET_RATE}
        members = tuple(Member(f"home{at}", f"meter{at}") for at in range(size))
        rules = pool_only if size < SMALL_COMMUNITY else {}
        self.community = Community(domain.community, members, **rules)
        self._runner = SlotRunner(self.community, domain, _Chance(), caps=np.full(size, CAP_WH))
        self._random = np.random.default_rng([_SEED, size])
        self._registers = np.zeros((2, size), np.int64)

    @property
    def ahead(self) -> bool:
        """Whether there is an ahead session."""
        return Session.AHEAD in self.community.sessions

    def terms(self, first_slot: int, days: int) -> list[Terms]:
        """Terms of so many days, one entry a day: tariffs that change every slot, as a dynamic tariff does."""
        entries = []
        for day in range(days):
            start = first_slot + day * SLOTS
            tariffs = [self.tariff(slot) for slot in range(start, start + SLOTS)]
            prices = (np.array([getattr(tariff, name) for tariff in tariffs]) for name in ("retail", "feed_in"))
            entries += terms_of(self.community, start, *prices)
        return entries

    @staticmethod
    def tariff(slot: int) -> Tariff:
        """The utility's prices of a slot."""
        return Tariff(300_000 + 1_000 * (slot * 37 % 61), 80_000 + 1_000 * (slot * 53 % 17))

    def day(self, first_slot: int, planted: Mapping[int, Planted] | None = None) -> list[SlotRecord]:
        """The 96 slots from `first_slot` on; `planted` by slot."""
        wrong = planted or {}
        return [self._slot(slot, wrong.get(slot, Planted())) for slot in range(first_slot, first_slot + SLOTS)]

    def forget_gaps(self) -> None:
        """Take every meter for one that was read in the last slot."""
        meters, none = self._runner.meters, np.zeros(self.community.size, np.int64)
        self._runner.meters = replace(meters, gap_slots=none, gap_retail=none, gap_feed_in=none)

    def _slot(self, slot: int, planted: Planted) -> SlotRecord:
        tariff, size = self.tariff(slot), self.community.size
        nonce = np.full(size, slot)
        offers = InForce(self._curves(tariff), np.zeros((size, 32), np.uint8), np.zeros((size, 65), np.uint8), nonce)
        book = self._in_other_names(self._runner.close_book(slot, offers), planted.under)
        ahead = self._runner.clear_ahead(book, tariff)
        return self._runner.deliver(book, ahead, tariff, self._read(slot, planted))

    def _in_other_names(self, book: Book, under: Mapping[int, int]) -> Book:
        """The book with some leaves made for another account than their member's."""
        if not under:
            return book
        accounts = FIRST_MEMBER + np.arange(self.community.size)
        for member, account in under.items():
            accounts[member] = account
        blind = blinds(accounts, book.slot, book.offers.nonce, book.salts)
        leaves = book_leaves(blind, book.offers.curves)[book.members]
        return replace(book, leaves=leaves, root=Tree(leaves).root)

    def _read(self, slot: int, planted: Planted) -> Readings:
        """Every register has moved; a third of the homes has given."""
        size = self.community.size
        moved = self._random.integers(1, 900, (2, size))
        giving = np.arange(size) % 3 == 0
        self._registers = self._registers + np.where(np.stack([~giving, giving]), moved, moved // 9)
        silent, late = (np.isin(np.arange(size), list(who)) for who in (planted.silent, planted.late))
        taken, given = self._registers
        return Readings(slot, taken, given, np.zeros((size, 65), np.uint8), ~silent, late)

    def _curves(self, tariff: Tariff) -> Curves:
        """Curves as agents sign them, of up to four steps on the tick; `LARGE` of them as large as curves may be."""
        size, random = self.community.size, self._random
        curves = Curves.empty(size)
        giving, steps = np.arange(size) % 3 == 0, random.integers(0, 5, size)
        steps[:LARGE] = STEPS_MAX
        middle = (tariff.retail + tariff.feed_in) // 2 // TICK * TICK
        if self.ahead:
            step = np.arange(STEPS_MAX)[None, :]
            used = step < steps[:, None]
            sign, reach = np.where(giving, -1, 1)[:, None], 4 - step + random.integers(0, 3, size)[:, None]
            curves.energy_wh[:] = np.where(used, sign * random.integers(20, 300, (size, STEPS_MAX)), 0)
            curves.limit[:] = np.where(used, middle + sign * TICK * reach, 0)
        curves.pool_buy[:] = middle + 2 * TICK
        curves.pool_sell[:] = middle - 2 * TICK
        return curves
