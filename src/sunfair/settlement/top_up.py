"""The standing permission to top an account up: what its payer signs, and what may be taken under it.

The twin of ``contracts/StandingTopUp.vy``; the rules stand in docs/credit-spec.md.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import NamedTuple

from sunfair.settlement.hashing import keccak
from sunfair.settlement.messages import DOMAIN_TYPE

__all__ = ["PERMISSION_TYPE", "Permission", "Taken", "TopUps"]

PERMISSION_TYPE = (
    "Permission(address market,uint256 account,address payer,uint256 amount,uint256 below,uint256 per_day,"
    "uint256 in_total,uint256 expires,uint256 nonce)"
)
_DAY = 86_400
_MONEY_MAX = 2**62 - 1


@dataclass(frozen=True, slots=True)
class Permission:
    """When less than `below` is there for `account` of `market`, `amount` is paid in out of `payer`'s tokens.

    Addresses have 20 bytes; money is µ: at most `per_day` in a UTC day and `in_total` ever; `expires` is unix s,
    `nonce` how often the payer revoked before.
    """

    market: bytes
    account: int
    payer: bytes
    amount: int
    below: int
    per_day: int
    in_total: int
    expires: int
    nonce: int = 0

    def digest(self, chain_id: int, contract: bytes) -> bytes:
        """What the payer signs, EIP-712, for the contract at this 20-byte address."""
        domain = keccak(
            keccak(DOMAIN_TYPE.encode())
            + keccak(b"Sunfair Top-up")
            + keccak(b"1")
            + chain_id.to_bytes(32, "big")
            + contract.rjust(32, b"\0")
        )
        words = (v.rjust(32, b"\0") if isinstance(v, bytes) else v.to_bytes(32, "big") for v in astuple(self))
        return keccak(b"\x19\x01" + domain + keccak(keccak(PERMISSION_TYPE.encode()) + b"".join(words)))


class Taken(NamedTuple):
    """Under a permission, µ: in all, the UTC day of the last top-up, and on that day."""

    total: int = 0
    day: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class TopUps:
    """What was taken under each permission, by its digest, and how often each payer revoked."""

    taken: Mapping[bytes, Taken] = field(default_factory=dict)
    nonces: Mapping[bytes, int] = field(default_factory=dict)

    def refusal(self, digest: bytes, permission: Permission, *, there: int, now: int) -> str:
        """Why a top-up signed by its payer is refused now, in the contract's word; empty if it is made.

        there : µ of the account's balance and what is parked undated for it; now : unix s
        """
        taken = self._with(digest, permission, now)
        rules = (
            ("revoked", permission.nonce != self.nonces.get(permission.payer, 0)),
            ("expired", now >= permission.expires),
            ("amount", not 0 < permission.amount <= _MONEY_MAX),
            ("day's cap", taken.today > permission.per_day),
            ("total cap", taken.total > permission.in_total),
            ("not low", there >= permission.below),
        )
        return next((f"top-up: {word}" for word, broken in rules if broken), "")

    def made(self, digest: bytes, permission: Permission, *, now: int) -> "TopUps":
        """After a top-up that was not refused."""
        return replace(self, taken={**self.taken, digest: self._with(digest, permission, now)})

    def revoked(self, payer: bytes) -> "TopUps":
        """After `payer` revoked."""
        return replace(self, nonces={**self.nonces, payer: self.nonces.get(payer, 0) + 1})

    def _with(self, digest: bytes, permission: Permission, now: int) -> Taken:
        before, day = self.taken.get(digest, Taken()), now // _DAY
        today = before.today if before.day == day else 0
        return Taken(before.total + permission.amount, day, today + permission.amount)
