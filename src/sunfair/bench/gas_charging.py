"""The charging network's part of `bench gas`: a booking's calls on an anvil of their own, read from receipts."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sunfair.chain import RpcNetwork, SeededKeys, address_of, keccak, sign_digest
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.charging_ledger import ChargingNetwork, charge_credit, deploy_charging
from sunfair.chain.finance_ledger import InstallFinance, agree_finance
from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.node import Node
from sunfair.chain.outbox import Outbox
from sunfair.chain.rpc import quantity
from sunfair.chain.sending import Policy
from sunfair.charging import (
    Ask,
    Booking,
    FinanceTerms,
    OcmfRecord,
    Tariff,
    Usage,
    cuts_of,
    form_of,
    parse_ocmf,
    quoted,
    tag_hash,
)

__all__ = ["CHARGING_TARGETS", "charging_gas", "charging_missed", "charging_text"]

CHARGING_TARGETS: Mapping[str, int] = {
    "calendar_fresh_day": 50_000,
    "book": 150_000,
    "book_over_midnight": 150_000,
    "prove": 120_000,
    "prove_long": 120_000,
    "prove_first": 120_000,
}
"""What is to be reached. (`prove_long`: 1,105 bytes, as a DC meter with fields of its maker's sends; `prove_first`: the
same, where the driver was never paid before.)"""

_WORDS = {
    "calendar_fresh_day": "calendar: an hour on a fresh day",
    "calendar_used_day": "calendar: an hour on a used day",
    "calendar_night": "calendar: twelve hours across midnight",
    "book": "book on a quote: escrow, stake, calendar on a fresh day",
    "book_used_day": "the same on a used day",
    "book_over_midnight": "the same over midnight, two fresh days",
    "cancel": "cancel",
    "start": "start",
    "stop": "stop: the reading, its fee",
    "dispute": "dispute",
    "prove": "prove: settle by the signed record, 420 bytes",
    "prove_long": "prove: a record of 1,105 bytes",
    "prove_first": "the same, the driver's first payout ever",
    "poke": "poke: pay what nobody disputed",
    "withdraw": "withdraw",
    "divide": "divide a financed charger's revenue",
}

_DAY = 86_400
_START = 20_000 * _DAY + 36_000
_TARIFF = Tariff("EUR", kwh=49, minute=1, session=50, idle=10, no_show=300, compensation=500, quiet=(1_320, 420))
_METER = keccak(b"sunfair gas bench meter")
_LONG = 1_105


class _HandClock:
    """A clock that stands until it is set."""

    def __init__(self, time: int) -> None:
        self.time = time

    def now(self) -> datetime:
        """The instant it is set to."""
        return datetime.fromtimestamp(self.time, UTC)


class _Scene:
    """A charge point in use on an anvil: what parties hold was written before."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil, self.keys, self.clock = anvil, SeededKeys(7), _HandClock(_START)
        for holder in ("host", "operator", "driver", "guest", "financier"):
            anvil.fund(self.keys.address(holder))
        chain_id = DEMO_CHAINS[0]
        network = RpcNetwork(Node(anvil.rpc), Outbox(None, chain_id), chain_id, policy=Policy(poll=0.02), steered=True)
        asset, token = charge_credit(network, self.keys, self.clock)
        made = deploy_charging(network, self.keys, self.clock, token)
        self.ledger = ChargingNetwork(network, self.keys, self.clock, made, asset=asset)
        operator = self.keys.address("operator")
        self.point = self.ledger.register("host", keccak(b"bench"), 22_000, operator, _TARIFF.document)
        self.ledger.act("host", "add_stake", self.point, 10**9)
        cuts = cuts_of(self.record(Usage(1, _START, _START + 60)))
        form = form_of(self.record(Usage(1, _START, _START + 60)).payload, cuts)
        self.ledger.act("host", "set_meter", self.point, address_of(_METER), form, 1_000, self.ledger.now() + 1)
        parties = self.keys.address("host"), self.keys.address("financier"), self.keys.address("guest")
        terms = FinanceTerms(3 * 10**9, 13_000, 4_000, 300_000, 1_900, 500)
        at = agree_finance(network, self.keys, self.clock, made, parties, terms)
        self.finance = InstallFinance(network, self.keys, self.clock, at, self.ledger)
        self.ledger.act("host", "set_payee", self.point, at)
        self.ledger.allow("driver", 10**12)
        self.nonce = 0

    def gas(self) -> int:
        """Gas used by the last transaction, as its receipt says."""
        receipts = self.anvil.rpc.call("eth_getBlockReceipts", "latest")
        return quantity(receipts[0].get("gasUsed"), "gas used") if isinstance(receipts, list) else 0

    def act(self, holder: str, name: str, *arguments: Any) -> int:
        """An act's gas."""
        self.ledger.act(holder, name, *arguments)
        return self.gas()

    def terms(self, first_slot: int, slots: int = 8) -> Booking:
        """Terms of a stay."""
        self.nonce += 1
        driver = self.keys.address("driver")
        ask = Ask(self.point, driver, tag_hash("0123456789ABCDEF0123"), first_slot, slots, 30_000, 10_000, self.nonce)
        return quoted(_TARIFF, ask, now=self.ledger.now(), timezone="Europe/Berlin")

    def book(self, first_slot: int, slots: int = 8) -> tuple[Booking, int]:
        """A booking and its gas."""
        terms = self.terms(first_slot, slots)
        self.ledger.book("driver", terms, self.ledger.sign("operator", terms).signature)
        return terms, self.gas()

    def claimed(self, first_slot: int) -> tuple[Booking, Usage, dict[str, int]]:
        """A session whose reading is claimed; gas of start and stop."""
        terms, _ = self.book(first_slot)
        self.clock.time = terms.begin
        gas = {"start": self.act("operator", "start", terms)}
        self.clock.time = terms.end
        usage = Usage(21_345, terms.begin + 5, terms.end - 5)
        gas["stop"] = self.act("operator", "stop", terms, *usage._replace(wh=30_000), 4_711)
        return terms, usage, gas

    def record(self, usage: Usage, length: int = 0) -> OcmfRecord:
        """A signed record, its payload filled up to a length by a field of its maker's."""
        times = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S,000+0000 S") for at in usage[1:]]
        end = 108_178 + usage.wh
        tail = '"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}'
        plain = (
            '{"FV":"1.0","GI":"SUNFAIR","GS":"1DZG0028225179","PG":"T4711","MV":"DZG","MS":"1DZG0028225179","IS":true,'
            '"IT":"CENTRAL","ID":"0123456789ABCDEF0123","CT":"EVSEID","CI":"DE*SUN*E1","RD":['
            f'{{"TM":"{times[0]}","TX":"B","RV":108.178,{tail},'
            f'{{"TM":"{times[1]}","TX":"E","RV":{end / 1_000:.3f},{tail}]'
        )
        fill = length - len(plain) - len(',"U":""}')
        payload = plain + (f',"U":"{"x" * fill}"}}' if fill > 0 else "}")
        signature = sign_digest(_METER, hashlib.sha256(payload.encode()).digest())
        numbers = [int.from_bytes(part) for part in (signature[:32], signature[32:64])]
        parts = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in numbers]
        body = b"".join(bytes([2, len(part)]) + part for part in parts)
        der = (bytes([0x30, len(body)]) + body).hex()
        return parse_ocmf(f'OCMF|{payload}|{{"SA":"ECDSA-secp256k1-SHA256","SD":"{der}"}}')


def charging_gas() -> dict[str, int]:
    """Gas of every call of a booking, by name; ServiceMissing says what to install if there is no anvil."""
    with _scene() as scene:
        day = _START // 900 + 8
        gas = {
            "calendar_fresh_day": scene.act("host", "keep_out", scene.point, day + 960, 4, True),
            "calendar_used_day": scene.act("host", "keep_out", scene.point, day + 970, 4, True),
            "calendar_night": scene.act("host", "keep_out", scene.point, (day // 96 + 21) * 96 - 24, 48, True),
        }
        gas["prove_first"] = _settled(scene, day)
        ahead = scene.clock.time // 900 + 200
        terms, gas["book"] = scene.book(ahead)
        _, gas["book_used_day"] = scene.book(ahead + 12)
        _, gas["book_over_midnight"] = scene.book((ahead // 96 + 3) * 96 - 4)
        gas["cancel"] = scene.act("driver", "cancel", terms)
        terms, usage, steps = scene.claimed(ahead + 30)
        gas |= steps
        scene.ledger.prove("driver", terms, scene.record(usage))
        gas["prove"] = scene.gas()
        terms, usage, _ = scene.claimed(scene.clock.time // 900 + 120)
        gas["dispute"] = scene.act("driver", "dispute", terms)
        scene.ledger.prove("operator", terms, scene.record(usage, _LONG))
        gas["prove_long"] = scene.gas()
        terms, _, _ = scene.claimed(scene.clock.time // 900 + 120)
        scene.clock.time += _DAY
        gas["poke"] = scene.act("guest", "poke", terms)
        scene.finance.act("guest", "collect")
        gas["divide"] = scene.gas()
        gas["withdraw"] = scene.act("guest", "withdraw", terms.driver)
        return {name: gas[name] for name in _WORDS}


def _settled(scene: _Scene, first_slot: int) -> int:
    """One stay from beginning to end, so that every purse was written before; gas of settling it."""
    terms, usage, _ = scene.claimed(first_slot)
    scene.ledger.act("driver", "dispute", terms)
    scene.ledger.prove("driver", terms, scene.record(usage, _LONG))
    gas = scene.gas()
    scene.finance.act("guest", "collect")
    return gas


@contextmanager
def _scene() -> Iterator[_Scene]:
    with running_anvil(timestamp=_START - 3_600) as anvil:
        yield _Scene(anvil)


def charging_missed(gas: Mapping[str, int]) -> list[str]:
    """The targets that were not reached, in words."""
    due = CHARGING_TARGETS.items()
    return [f"charging, {name}: {gas[name]:,}, target {most:,}" for name, most in due if gas[name] > most]


def charging_text(gas: Mapping[str, int], table: Callable[[list[list[str]]], str]) -> str:
    """The figures as a table for people, made by `table`."""
    rows = [["charging network", "gas", "target"]]
    for name, words in _WORDS.items():
        most = CHARGING_TARGETS.get(name)
        rows.append([words, f"{gas[name]:,}", "" if most is None else f"≤ {most:,}"])
    return table(rows)
