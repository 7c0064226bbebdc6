"""The charging network's contract as plain Python, from docs/charging-spec.md: what each call does, or why it is refused.

Not a test: the state machine beside it holds the contract to it. It knows slots as a set and money as a dictionary.
"""

from dataclasses import dataclass, field
from typing import Any

OPEN = ("PENDING", "RESERVED", "CHARGING", "CHALLENGE", "DISPUTED", "OFFLINE")
HOUR, DAY = 3_600, 86_400


class Refusal(Exception):
    """The contract's word."""


def need(held: bool, why: str) -> None:
    if not held:
        raise Refusal(why)


@dataclass
class Stay:
    """One booking."""

    terms: Any
    state: str
    since: int
    fee: int = 0
    wh: int = 0
    page: int = 0
    extra: int = 0

    @property
    def slots(self) -> set[int]:
        first = self.terms.first_slot
        return set(range(first, first + self.terms.slots + self.extra))

    @property
    def end(self) -> int:
        return (max(self.slots) + 1) * 900

    @property
    def due(self) -> int:
        begin = self.terms.begin
        return {
            "PENDING": min(self.since + 900, begin),
            "RESERVED": min(begin + (3_600 if self.extra else 1_800), self.end),
            "CHARGING": self.end + 3 * DAY,
            "CHALLENGE": self.since + DAY,
            "DISPUTED": self.since + 3 * DAY,
            "OFFLINE": self.since + DAY,
        }[self.state]


@dataclass
class Model:
    """One charge point, everybody's purses, every booking by its number."""

    now: int
    free: int
    bound: int = 0
    stays: dict[int, Stay] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    purses: dict[str, int] = field(default_factory=dict)

    def stay(self, number: int, state: str) -> Stay:
        found = self.stays.get(number)
        need(found is not None and found.state == state, "not in this state")
        assert found is not None
        need(self.now < found.due, "too late")
        return found

    def take(self, number: int, slots: set[int]) -> None:
        need(not any(slot in self.taken or slot in self.blocked for slot in slots), "not free")
        self.taken |= dict.fromkeys(slots, number)

    def release(self, number: int) -> None:
        self.taken = {slot: owner for slot, owner in self.taken.items() if owner != number}

    def give(self, who: str, amount: int) -> None:
        self.purses[who] = self.purses.get(who, 0) + amount

    def reserve(self, number: int, terms: Any) -> None:
        need(self.free >= terms.compensation, "stake too small")
        slots = set(range(terms.first_slot, terms.first_slot + terms.slots))
        self.take(number, slots)
        self.free -= terms.compensation
        self.bound += terms.compensation

    def over(self, number: int, state: str, fee: int, wh: int = 0, *, pays: bool = False) -> None:
        stay = self.stays[number]
        if stay.state != "PENDING":
            self.bound -= stay.terms.compensation
            self.free += 0 if pays else stay.terms.compensation
        self.release(number)
        self.give(
            "driver" if stay.terms.slots % 2 else "guest",
            stay.terms.deposit - fee + (stay.terms.compensation if pays else 0),
        )
        self.give("host", fee)
        stay.state, stay.since, stay.fee, stay.wh = state, self.now, fee, wh

    # ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def book(self, number: int, terms: Any, signed: bool) -> None:
        need(terms.end > self.now + 300, "slots out of range")
        if signed:
            self.reserve(number, terms)
        self.stays[number] = Stay(terms, "RESERVED" if signed else "PENDING", self.now)

    def confirm(self, number: int) -> None:
        stay = self.stay(number, "PENDING")
        self.reserve(number, stay.terms)
        stay.state, stay.since = "RESERVED", self.now

    def reject(self, number: int) -> None:
        self.stay(number, "PENDING")
        self.over(number, "REJECTED", 0)

    def cancel(self, number: int, by_driver: bool) -> None:
        pending = number in self.stays and self.stays[number].state == "PENDING"
        if by_driver and pending:
            self.over(number, "CANCELED_DRIVER", 0)
            return
        terms = self.stay(number, "RESERVED").terms
        if by_driver:
            self.over(number, "CANCELED_DRIVER", terms.no_show_fee if self.now >= terms.free_until else 0)
        else:
            self.over(number, "CANCELED_HOST", 0, pays=True)

    def extend(self, number: int) -> None:
        stay = self.stay(number, "RESERVED")
        need(not stay.extra, "extended already")
        need(stay.terms.slots <= 94, "too long to extend")
        self.take(number, {max(stay.slots) + 1, max(stay.slots) + 2})
        stay.extra = 2

    def claim_offline(self, number: int) -> None:
        stay = self.stay(number, "RESERVED")
        need(self.now >= stay.terms.begin, "too early")
        self.release(number)
        stay.state, stay.since = "OFFLINE", self.now

    def start(self, number: int) -> None:
        stay = self.stay(number, "RESERVED")
        need(self.now + 300 >= stay.terms.begin, "too early")
        stay.state, stay.since = "CHARGING", self.now

    def usage(self, stay: Stay, wh: int, began: int, ended: int) -> int:
        """The fee, if that can be; by hours and minutes, as people would count."""
        need(stay.terms.begin - 300 <= began < stay.end - 300, "time window")
        need(wh * 3_600 * 10 <= 22_000 * (ended - began + 60) * 11, "more than rated power")
        terms, fee = stay.terms, 0
        if wh:
            fee = wh * terms.kwh_price // 1_000 + terms.session_fee
            fee += max(min(ended, stay.end) - began, 0) // 60 * terms.minute_price
        idle = sum(not terms.quiet_from <= second < terms.quiet_to for second in range(stay.end + 600, ended))
        return min(fee + idle // 60 * terms.idle_price, terms.deposit)

    def stop(self, number: int, wh: int, began: int, ended: int, page: int) -> None:
        stay = self.stay(number, "CHARGING")
        fee = self.usage(stay, wh, began, ended)
        self.release(number)
        stay.state, stay.since, stay.fee, stay.wh, stay.page = "CHALLENGE", self.now, fee, wh, page

    def dispute(self, number: int) -> None:
        stay = self.stay(number, "CHALLENGE")
        stay.state, stay.since = "DISPUTED", self.now

    def record(self, stay: Stay, wh: int, began: int, ended: int) -> int:
        fee = self.usage(stay, wh, began, ended)
        latest = stay.since if stay.state in ("CHALLENGE", "DISPUTED") else self.now
        need(ended <= latest + 300, "time window")
        return fee

    def prove(self, number: int, wh: int, began: int, ended: int, page: int, by_host: bool) -> None:
        stay = self.stays.get(number)
        need(stay is not None and stay.state in ("CHARGING", "CHALLENGE", "DISPUTED"), "not in this state")
        assert stay is not None
        need(self.now < stay.due, "too late")
        fee = self.record(stay, wh, began, ended)
        if stay.state == "CHARGING":
            need(by_host, "not the host")
            self.over(number, "RESOLVED", fee, wh)
            return
        need(page == stay.page, "page")
        if fee < stay.fee:
            self.over(number, "RESOLVED", fee, wh, pays=True)
        elif stay.state == "DISPUTED":
            self.over(number, "RESOLVED", min(fee + stay.terms.no_show_fee, stay.terms.deposit), wh)
        else:
            self.over(number, "RESOLVED", fee, wh)

    def refute_offline(self, number: int, wh: int, began: int, ended: int, own: bool) -> None:
        stay = self.stay(number, "OFFLINE")
        fee = self.record(stay, wh, began, ended)
        need(began <= stay.since + 900, "time window")
        if own:
            self.over(number, "RESOLVED", fee, wh)
        else:
            self.over(number, "NO_SHOW", stay.terms.no_show_fee)

    def poke(self, number: int) -> None:
        stay = self.stays.get(number)
        need(stay is not None and stay.state in OPEN, "not in this state")
        assert stay is not None
        need(self.now >= stay.due, "not yet")
        match stay.state:
            case "PENDING":
                self.over(number, "REJECTED", 0)
            case "RESERVED":
                self.over(number, "NO_SHOW", stay.terms.no_show_fee)
            case "CHALLENGE":
                self.over(number, "FULFILLED", stay.fee, stay.wh)
            case "DISPUTED":
                self.over(number, "RESOLVED", 0, pays=True)
            case _:
                self.over(number, "CANCELED_OFFLINE", 0)

    def keep_out(self, first: int, slots: int, blocked: bool) -> None:
        chosen = set(range(first, first + slots))
        if blocked:
            need(not chosen & set(self.taken), "not free")
            self.blocked |= chosen
        else:
            self.blocked -= chosen

    def take_stake(self, amount: int) -> None:
        need(0 < amount <= self.free, "stake is bound")
        self.free -= amount
        self.give("host", amount)

    def withdraw(self, who: str) -> int:
        return self.purses.pop(who, 0)
