"""A charge point's meter: a register that grows with power and time, and records signed with its own key."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Mark", "Meter", "Sign"]

Sign = Callable[[bytes], bytes]
"""A 32-byte digest → r(32) ‖ s(32) ‖ v(1) on secp256k1."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A register at an instant, Wh, and why it was read (OCMF: B begin, E end, R remotely, P power failure)."""

    at: datetime
    wh: int
    reason: str


@dataclass(slots=True)
class Meter:
    """Watt-seconds all along: what is read is whole Wh, rounded down, and nothing is lost between readings."""

    serial: str
    sign: Sign | None = None
    register_ws: int = 0
    page: int = 0
    _power_w: int = 0
    _since: datetime | None = None
    _rest: int = field(default=0)

    def set_power(self, power_w: int, now: datetime) -> None:
        """From now on so much flows, W ≥ 0."""
        self.read(now)
        self._power_w = power_w

    def read(self, now: datetime) -> int:
        """The register, Wh."""
        if self._since is not None and now > self._since:
            gained = self._power_w * int((now - self._since).total_seconds() * 1_000) + self._rest
            self.register_ws += gained // 1_000
            self._rest = gained % 1_000
        self._since = now if self._since is None else max(now, self._since)  # a late look back counts nothing twice
        return self.register_ws // 3_600

    def record(self, point: str, tag: str, marks: list[Mark]) -> str:
        """A signed OCMF record of these readings; empty if the meter signs nothing."""
        if self.sign is None:
            return ""
        self.page += 1
        body = {
            "FV": "1.0",
            "GI": "Sunfair simulator",
            "GS": self.serial,
            "PG": f"T{self.page}",
            "MV": "Sunfair",
            "MM": "Simulated",
            "MS": self.serial,
            "IS": True,
            "IT": "CENTRAL",
            "ID": tag,
            "CT": "CBIDC",
            "CI": point,
            "RD": [_reading(mark) for mark in marks],
        }
        payload = json.dumps(body, separators=(",", ":"))
        signature = self.sign(hashlib.sha256(payload.encode()).digest())
        proof = {"SA": "ECDSA-secp256k1-SHA256", "SD": _der(signature).hex()}
        return f"OCMF|{payload}|{json.dumps(proof, separators=(',', ':'))}"


def _reading(mark: Mark) -> dict[str, Any]:
    at = mark.at.astimezone(UTC)
    return {
        "TM": f"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1_000:03d}+0000 S",
        "TX": mark.reason,
        "RV": f"{mark.wh // 1_000}.{mark.wh % 1_000:03d}",
        "RI": "01-00:B2.08.00*FF",
        "RU": "kWh",
        "RT": "AC",
        "EF": "",
        "ST": "G",
    }


def _der(signature: bytes) -> bytes:
    """r ‖ s as a DER sequence of two integers."""
    parts = b""
    for number in (signature[:32], signature[32:64]):
        digits = number.lstrip(b"\0") or b"\0"
        digits = b"\0" + digits if digits[0] & 0x80 else digits
        parts += b"\x02" + bytes([len(digits)]) + digits
    return b"\x30" + bytes([len(parts)]) + parts
