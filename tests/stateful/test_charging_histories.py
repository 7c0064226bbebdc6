"""Hundreds of random booking histories against a model: the contract does, or refuses with the same word, what the model did.

After each step no slot belongs to two stays, and what the contract holds is exactly deposits, stakes and purses; at the end of
every history somebody who has no part in it leads every booking to its end, and everybody is paid to the last unit.
SUNFAIR_LONG_FUZZ=1 runs forty-five times as many, from other seeds.
"""

import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
import charging_model as model
import charging_world as world
from charging_model import HOUR

from sunfair.charging import BookingState

LONG = os.environ.get("SUNFAIR_LONG_FUZZ") == "1"
STEPS = 14
FIRST = (world.START + 2 * HOUR) // 900
SHIFTS = (-400, -300, -300, 0, 0, 0, 60, 500, 1_900, 7_000, 90_000)
ENERGY = (0, 1, 3_000, 10_000, 10_000, 90_000)
LENGTHS = (1, 2, 7, 8, 60, 94, 96)
PARTIES = ("driver", "guest", "host")
CACHE: list[world.World] = []


def place() -> world.World:
    """A charge point for all histories, each of which begins with it as it was made."""
    if not CACHE:
        CACHE.append(world.World())
    return CACHE[0].renew()


class History:
    """One charge point and everybody around it, moved by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = place()
        self.model = model.Model(world.START, world.STAKE)
        self.terms: dict[int, Any] = {}
        self.total = sum(self.world.wallet(name) for name in world.PEOPLE) + self.world.held
        for _ in range(3):
            self.book()

    # ── Chance ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def pick(self, *some: Any) -> Any:
        return self.chance.choice(some)

    def number(self, *states: str) -> int:
        """A booking, mostly one in these states."""
        fit = [number for number, stay in self.model.stays.items() if stay.state in states]
        return self.chance.choice(fit if fit and self.chance.random() < 0.9 else list(self.terms) or [0])

    def step(self) -> None:
        """Something that somebody might do now."""
        rules = {
            self.book: 4,
            self.go_on: 6,
            self.host_acts: 2,
            self.driver_acts: 3,
            self.cancel: 2,
            self.dead_charge_point: 2,
            self.stop: 2,
            self.prove: 3,
            self.refute: 1,
            self.poke: 1,
            self.keep_out: 1,
            self.take_stake: 1,
            self.withdraw: 1,
            self.time_passes: 2,
            self.until_due: 2,
        }
        self.chance.choices(list(rules), list(rules.values()))[0]()

    # ── Contract and model together ───────────────────────────────────────────────────────────────────────────────────

    def do(self, function: str, call: Any, *arguments: Any) -> bool:
        """The contract does, or refuses with the same word, what the model did."""
        refusal = None
        try:
            getattr(self.model, function)(*arguments)
        except model.Refusal as refused:
            refusal = str(refused)
        if refusal is None:
            call()
            return True
        with world.refused(f"charging: {refusal}"):
            call()
        return False

    def act(self, name: str, function: str, number: int, *arguments: Any, told: tuple[Any, ...] = ()) -> None:
        """An act about a booking that was asked for before."""
        if number in self.terms:
            made = self.terms[number]
            self.do(function, lambda: self.world.do(name, function, made, *arguments), number, *told)

    def driver(self, number: int) -> str:
        return "driver" if number in self.terms and self.terms[number].slots % 2 else "guest"

    # ── What people do ────────────────────────────────────────────────────────────────────────────────────────────────

    def book(self) -> None:
        number, slots = len(self.model.stays), self.pick(*LENGTHS)
        who = "driver" if slots % 2 else "guest"
        first = max(FIRST, self.model.now // 900 + 1) + self.chance.randrange(40)
        made = self.world.terms(first_slot=first, slots=slots, driver=who)
        if self.chance.random() < 0.3:
            quiet = made.end + HOUR
            made = self.world.changed(made, quiet_from=quiet, quiet_to=quiet + HOUR, free_until=made.end)
        signed = self.chance.random() < 0.8
        signature = self.world.sign(made) if signed else b""
        if self.do("book", lambda: self.world.do(who, "book", made, signature), number, made, signed):
            self.terms[number] = made

    def go_on(self) -> None:
        """What usually comes next."""
        number = self.number(*model.OPEN)
        stay = self.model.stays.get(number)
        match stay.state if stay is not None else "":
            case "PENDING":
                self.act("operator", "confirm", number)
            case "RESERVED":
                self.go_to(max(self.terms[number].begin, self.model.now))
                self.act("operator", "start", number)
            case "CHARGING":
                self.go_to(self.model.now + HOUR)
                self.stop(number)
            case "CHALLENGE":
                self.act(self.driver(number), "dispute", number)
            case "DISPUTED":
                self.prove(number)
            case "OFFLINE":
                self.refute(number)

    def host_acts(self) -> None:
        function, state = self.pick(("confirm", "PENDING"), ("reject", "PENDING"), ("start", "RESERVED"))
        self.act("operator", function, self.number(state))

    def driver_acts(self) -> None:
        function, state = self.pick(("extend", "RESERVED"), ("claim_offline", "RESERVED"), ("dispute", "CHALLENGE"))
        number = self.number(state)
        self.act(self.driver(number), function, number)

    def dead_charge_point(self) -> None:
        number = self.number("RESERVED")
        stay = self.model.stays.get(number)
        if stay is not None and stay.state == "RESERVED":
            self.go_to(max(stay.terms.begin + self.pick(-1, 0, 600, 1_799), self.model.now))
            self.act(self.driver(number), "claim_offline", number)
            self.refute(number)

    def cancel(self) -> None:
        number, by_driver = self.number("RESERVED", "PENDING"), self.pick(True, False)
        self.act(self.driver(number) if by_driver else "host", "cancel", number, told=(by_driver,))

    def stop(self, number: int | None = None) -> None:
        chosen = self.number("CHARGING") if number is None else number
        if chosen in self.terms:
            began = self.terms[chosen].begin + self.pick(*SHIFTS)
            if began <= self.world.now:
                told = self.pick(*ENERGY), began, self.world.now, self.pick(1, 1, 2)
                self.act("operator", "stop", chosen, *told, told=told)

    def prove(self, number: int | None = None) -> None:
        chosen = self.number("CHARGING", "CHALLENGE", "DISPUTED") if number is None else number
        if chosen in self.terms:
            began = self.terms[chosen].begin + self.pick(*SHIFTS)
            ended = began + self.pick(60, HOUR, HOUR, 5 * HOUR)
            wh, page, host = self.pick(*ENERGY), self.pick(1, 1, 2), self.pick(True, False)
            text = self.world.meter.record("car", began, ended, wh, page=page)
            told = wh, began, ended, page, host
            self.act("operator" if host else "intruder", "prove", chosen, self.world.shown(text), told=told)

    def refute(self, number: int | None = None) -> None:
        chosen = self.number("OFFLINE") if number is None else number
        if chosen in self.terms:
            began = self.terms[chosen].begin + self.pick(*SHIFTS)
            wh, own = self.pick(*ENERGY), self.pick(True, False)
            text = self.world.meter.record("car" if own else "other", began, began + HOUR, wh)
            if began + HOUR > self.model.now and self.pick(True, True, False):
                self.go_to(began + HOUR)
            told = wh, began, began + HOUR, own
            self.act("intruder", "refute_offline", chosen, self.world.shown(text), told=told)

    def poke(self, number: int | None = None) -> None:
        self.act("intruder", "poke", self.number(*model.OPEN) if number is None else number)

    def keep_out(self) -> None:
        told = self.model.now // 900 + self.chance.randrange(40), self.chance.randint(1, 9), self.pick(True, False)
        self.do("keep_out", lambda: self.world.do("host", "keep_out", self.world.point, *told), *told)

    def take_stake(self, amount: int = 0) -> None:
        taken = amount or self.pick(1, 1, 1, 40_000_000)
        self.do("take_stake", lambda: self.world.do("host", "take_stake", self.world.point, taken), taken)

    def withdraw(self, who: str = "") -> None:
        party = who or self.pick(*PARTIES)
        assert self.world.do("intruder", "withdraw", self.world.people[party]) == self.model.withdraw(party)

    def time_passes(self) -> None:
        self.go_to(self.model.now + self.pick(60, 899, 1_800, HOUR, 6 * HOUR))

    def until_due(self) -> None:
        number = self.number(*model.OPEN)
        stay = self.model.stays.get(number)
        if stay is not None and stay.state in model.OPEN:
            self.go_to(max(stay.due - self.pick(0, 1), self.model.now))
            self.poke(number)

    def go_to(self, time: int) -> None:
        self.model.now = self.world.now = time

    # ── What is always true ───────────────────────────────────────────────────────────────────────────────────────────

    def agrees(self) -> None:
        network, model_ = self.world.network, self.model
        for number, stay in model_.stays.items():
            told = network.stay(self.terms[number].id)
            assert (BookingState(told[0]).name, *told[1:5]) == (stay.state, stay.since, stay.fee, stay.wh, stay.page)
        assert network.stake(self.world.point) == (model_.free, model_.bound)
        assert [self.world.purse(who) for who in PARTIES] == [model_.purses.get(who, 0) for who in PARTIES]
        opened = sum(stay.terms.deposit for stay in model_.stays.values() if stay.state in model.OPEN)
        assert self.world.held == opened + model_.free + model_.bound + sum(model_.purses.values())
        for day in {slot // 96 for slot in (*model_.taken, *model_.blocked)}:
            slots = range(day * 96, day * 96 + 96)
            both = (model_.taken, model_.blocked)
            masks = [sum((slot in some) << at for at, slot in enumerate(slots)) for some in both]
            assert network.day(self.world.point, day) == tuple(masks)

    def ends(self) -> None:
        """Anybody alone ends everything; every unit is paid out."""
        for number, stay in self.model.stays.items():
            while stay.state in model.OPEN:
                self.go_to(max(stay.due, self.model.now))
                self.poke(number)
        self.agrees()
        assert self.model.bound == 0
        assert not self.model.taken
        if self.model.free:
            self.take_stake(self.model.free)
        for who in PARTIES:
            self.withdraw(who)
        assert self.world.held == 0
        assert sum(self.world.wallet(name) for name in world.PEOPLE) == self.total


@pytest.mark.parametrize("block", range(450 if LONG else 10))
def test_histories(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        history = History(seed)
        try:
            for _ in range(STEPS):
                history.step()
                history.agrees()
            history.ends()
        except BaseException as error:
            error.add_note(f"seed {seed}, second {history.model.now}")
            raise
