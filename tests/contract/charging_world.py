"""A charging network with a host, guests and a meter on revm, for the tests of its contracts.

Not a test: the files beside it import it.
"""

import hashlib
import json
import sys
from dataclasses import astuple, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import coincurve
from commons_world import shipped
from eth_utils import keccak
from vault_world import Chain, refused

from sunfair.chain import address_of, sign_digest
from sunfair.charging import Booking, cuts_of, form_of, pack_cuts, parse_ocmf, tag_hash

__all__ = ["DAY", "PEOPLE", "START", "TERMS", "WALLET", "Meter", "World", "der", "refused"]

DAY = 86_400
START = 20_000 * DAY + 10 * 3_600
"""10:00 UTC of a day."""

PEOPLE = ("host", "operator", "driver", "guest", "registrar", "financier", "platform", "intruder")
WALLET = 10**12
RATED_W = 22_000
STAKE = 50_000_000

TERMS: dict[str, Any] = {
    "deposit": 20_000_000,
    "kwh_price": 400_000,
    "minute_price": 10_000,
    "session_fee": 500_000,
    "idle_price": 100_000,
    "quiet_from": 0,
    "quiet_to": 0,
    "no_show_fee": 3_000_000,
    "compensation": 5_000_000,
}


def der(signature: bytes, *, high: bool = False) -> str:
    """r ‖ s as DER in hex, as meters write it; `high`: with the other s."""
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    parts = []
    for number in (r, order - s if high else s):
        data = number.to_bytes((number.bit_length() + 8) // 8, "big")
        parts.append(bytes([2, len(data)]) + data)
    body = b"".join(parts)
    return (bytes([0x30, len(body)]) + body).hex()


class Meter:
    """A charge point's meter: it signs what it is told to, in the order and with the spaces of its maker."""

    def __init__(self, name: str, unit: str = "kWh") -> None:
        self.secret = bytes(keccak(b"meter " + name.encode()))
        self.key, self.serial, self.unit = address_of(self.secret), name, unit

    @property
    def public(self) -> bytes:
        """The key as its maker publishes it: 65 bytes."""
        return bytes(coincurve.PrivateKey(self.secret).public_key.format(compressed=False))

    def record(
        self,
        tag: str,
        began: int,
        ended: int,
        wh: int,
        *,
        page: int = 7,
        register: str = "12.345",
        high: bool = False,
        **changes: Any,
    ) -> str:
        """A signed record of a session; `changes` are other texts in place of its own."""
        scale = 1_000 if self.unit == "kWh" else 1
        start = round(float(register) * 1_000)
        last = f"{(start + wh * 1_000 // scale) / 1_000:.3f}"
        said = {"first": register, "last": last, "reason": "E", "status": "G", "unit": self.unit, "zone": 0} | changes
        payload = (
            f'{{"FV":"1.0","GI":"sim","GS":"{self.serial}","PG":"T{page}","MS":"{self.serial}","IS":true,"IT":"CENTRAL",'
            f'"ID":"{tag}","CT":"EVSEID","CI":"DE*SUN*E1","RD":['
            f'{{"TM":"{stamp(began)}","TX":"B","RV":{said["first"]},"RI":"1-b:1.8.0","RU":"{said["unit"]}","EF":"","ST":"G"}},'
            f'{{"TM":"{stamp(ended)}","TX":"{said["reason"]}","RV":{said["last"]},"RI":"1-b:1.8.0","RU":"{said["unit"]}",'
            f'"EF":"","ST":"{said["status"]}"}}]}}'
        )
        signature = self.sign(payload.encode())
        proof = f'{{"SA":"ECDSA-secp256k1-SHA256","SD":"{der(signature, high=high)}"}}'
        return f"OCMF|{payload}|{proof}"

    def half(self, record: str, at: int, page: int) -> str:
        """A record with one of its two readings alone, signed anew."""
        payload = json.loads(record.split("|")[1])
        payload["RD"], payload["PG"] = [payload["RD"][at]], f"T{page}"
        plain = json.dumps(payload, separators=(",", ":"))
        return f'OCMF|{plain}|{{"SA":"ECDSA-secp256k1-SHA256","SD":"{der(self.sign(plain.encode()))}"}}'

    def sign(self, payload: bytes) -> bytes:
        """Its signature, r ‖ s ‖ v."""
        return sign_digest(self.secret, hashlib.sha256(payload).digest())

    def form(self) -> bytes:
        """The form of its records."""
        record = parse_ocmf(self.record("a", START, START + 60, 1))
        return form_of(record.payload, cuts_of(record))


def stamp(time: int) -> str:
    """A second as OCMF writes it."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S,000+0000 S")


class World:
    """One charge point and everybody around it. People are named; money is µ."""

    def __init__(self, token: str = "EnergyCredit", registrar: str | None = "registrar") -> None:
        self.chain = Chain()
        self.now = START
        self.secrets = {name: bytes(keccak(b"charging " + name.encode())) for name in PEOPLE}
        self.people = {name: address_of(secret) for name, secret in self.secrets.items()}
        self.euro = shipped(self.chain, "SimulatedEuro") if token == "EnergyCredit" else None
        self.token = (
            shipped(self.chain, "EnergyCredit", self.euro.address, "eCharge Credit", "ECH")
            if self.euro is not None
            else self.chain.deploy(token, 6)
        )
        self.reader = shipped(self.chain, "OcmfReader")
        vouches = bytes(20) if registrar is None else self.people[registrar]
        self.network = shipped(self.chain, "ChargingNetwork", self.token.address, vouches, self.reader.address)
        for name in PEOPLE:
            self.fund(name, WALLET)
            self.token.approve(self.network, 2**256 - 1, sender=self.people[name])
        self.meter, self.document = Meter("M1"), bytes(keccak(b"tariff"))
        self.point = self.register("one")
        self.set_meter(self.meter, self.point)
        self.do("host", "add_stake", self.point, STAKE)
        self.start = self.chain.evm.snapshot()
        self.nonce = 0

    def renew(self) -> "World":
        """As it was made."""
        self.chain.evm.revert(self.start)
        self.start = self.chain.evm.snapshot()
        self.now, self.nonce = START, 0
        return self

    def register(self, name: str) -> bytes:
        """A charge point more."""
        arguments = keccak(name.encode()), RATED_W, self.people["operator"], self.document
        return bytes(self.do("host", "register", *arguments))

    def set_meter(self, meter: Meter, point: bytes, since: int | None = None) -> None:
        """The registrar vouches for a meter."""
        scale = 1_000 if meter.unit == "kWh" else 1
        self.do("registrar", "set_meter", point, meter.key, meter.form(), scale, since or self.now)

    def fund(self, name: str, amount: int) -> None:
        """Money out of nothing."""
        who = self.people[name]
        if self.euro is None:
            self.token.give(who, amount)
            return
        self.euro.issue(amount, sender=who)
        self.euro.approve(self.token, amount, sender=who)
        self.token.mint(amount, sender=who)

    @property
    def now(self) -> int:
        """The time of the next call."""
        return self.chain.now

    @now.setter
    def now(self, time: int) -> None:
        self.chain.now = time

    def wallet(self, name: str) -> int:
        """What somebody holds."""
        return int(self.token.balanceOf(self.people[name]))

    def purse(self, name: str) -> int:
        """What somebody may withdraw."""
        return int(self.network.purse(self.people[name])[0])

    @property
    def held(self) -> int:
        """What the network holds."""
        return int(self.token.balanceOf(self.network.address))

    def terms(self, first_slot: int | None = None, slots: int = 8, driver: str = "driver", **changes: Any) -> Booking:
        """Terms of a stay; by default two hours from 12:00 on, its tag `car`."""
        self.nonce += 1
        first = (START + 7_200) // 900 if first_slot is None else first_slot
        plain = {
            "point": self.point,
            "driver": self.people[driver],
            "tag": tag_hash("car"),
            "first_slot": first,
            "slots": slots,
            **TERMS,
            "free_until": first * 900 - 3_600,
            "document": self.document,
            "expires": self.now + 600,
            "nonce": self.nonce,
        }
        return Booking(**(plain | changes))

    def sign(self, terms: Booking, name: str = "operator", *, chain: int = 31337, at: bytes | None = None) -> bytes:
        """A quote's signature."""
        return sign_digest(self.secrets[name], terms.digest(chain, at or self.network.address))

    def do(self, name: str, function: str, *arguments: Any) -> Any:
        """A call of the network's by somebody; terms are handed over as their fields."""
        plain = [astuple(value) if isinstance(value, Booking) else value for value in arguments]
        return getattr(self.network, function)(*plain, sender=self.people[name])

    def book(self, terms: Booking | None = None, **changes: Any) -> Booking:
        """A booking on a quote."""
        made = terms or self.terms(**changes)
        name = next(name for name, address in self.people.items() if address == made.driver)
        assert self.do(name, "book", made, self.sign(made)) == made.id
        return made

    def charging(self, **changes: Any) -> Booking:
        """A booking whose driver charges from its first second on."""
        terms = self.book(**changes)
        self.now = terms.begin
        self.do("operator", "start", terms)
        return terms

    def claimed(self, wh: int = 10_000, *, minutes: int = 60, page: int = 7, **changes: Any) -> Booking:
        """A session whose reading the host claimed, in the second it ended."""
        terms = self.charging(**changes)
        self.now = terms.begin + minutes * 60
        self.do("operator", "stop", terms, wh, terms.begin, self.now, page)
        return terms

    def shown(self, text: str, version: int = 0, **changes: Any) -> tuple[Any, ...]:
        """A record as the contract takes it."""
        record = parse_ocmf(text)
        cuts = cuts_of(record)
        return self.given(record.payload, pack_cuts(cuts), self.signed(text), version)

    def signed(self, text: str) -> bytes:
        """The meter's signature as contracts take it."""
        record = parse_ocmf(text)
        digest, r, s = hashlib.sha256(record.payload).digest(), record.signature.r, record.signature.s
        for v in (0, 1):
            raw = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
            key = coincurve.PublicKey.from_signature_and_message(raw, digest, hasher=None).format(compressed=False)
            if bytes(keccak(key[1:])[12:]) == self.meter.key:
                return raw[:64] + bytes([27 + v])
        return raw[:64] + b"\x1b"

    @staticmethod
    def given(payload: bytes, cuts: int, signature: bytes, version: int = 0) -> tuple[Any, ...]:
        """A record's four parts in the contract's order."""
        return version, cuts, signature, payload

    def state(self, terms: Booking) -> int:
        """Where a booking stands."""
        return int(self.network.stay(terms.id)[0])

    def changed(self, terms: Booking, **changes: Any) -> Booking:
        """The same terms but for these."""
        return replace(terms, **changes)
