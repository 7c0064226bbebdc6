"""What is signed about a switch, as EIP-712 typed data: `Consent` by the customer, `Annulment` by the customer,
`Notice` by the switching service; `Windows` and `ReturnLimit` by it, for the contract.

Times are unix seconds. The contract `SupplierSwitching` makes the same digests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sha3 import keccak_256

from sunfair.registry.switching.values import Notice, Request, Switch

__all__ = [
    "ANNULMENT_TYPE",
    "CONSENT_TYPE",
    "NOTICE_TYPE",
    "RETURN_LIMIT_TYPE",
    "WINDOWS_TYPE",
    "SwitchingDomain",
    "annulment_digest",
    "bundle_id",
    "consent_digest",
    "notice_digest",
    "return_limit_digest",
    "windows_digest",
]

CONSENT_TYPE = "Consent(bytes32 point,address gainer,uint8 kind,uint64 starts,uint64 nonce)"
ANNULMENT_TYPE = "Annulment(bytes32 consent)"
WINDOWS_TYPE = "Windows(bytes32 consent,bytes32 bundle,uint64 submitted,uint64 objection_ends,uint64 gate_closes)"
NOTICE_TYPE = (
    "Notice(bytes32 consent,uint16 number,uint8 state,uint64 at,address gainer,address loser,address customer)"
)
RETURN_LIMIT_TYPE = "ReturnLimit(bytes32 consent,uint64 reported,uint64 return_by)"
_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


_CONSENT, _ANNULMENT = _keccak(CONSENT_TYPE.encode()), _keccak(ANNULMENT_TYPE.encode())
_WINDOWS, _NOTICE = _keccak(WINDOWS_TYPE.encode()), _keccak(NOTICE_TYPE.encode())
_RETURN_LIMIT = _keccak(RETURN_LIMIT_TYPE.encode())
_DOMAIN = _keccak(_DOMAIN_TYPE.encode()) + _keccak(b"Sunfair Switching") + _keccak(b"1")


@dataclass(frozen=True, slots=True)
class SwitchingDomain:
    """Where a signature counts: one switching contract (20-byte address; zeros without a chain) on one chain."""

    chain_id: int
    contract: bytes

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator: name "Sunfair Switching", version "1", chain id, contract."""
        return _separator(self.chain_id, self.contract)


@lru_cache(64)
def _separator(chain_id: int, contract: bytes) -> bytes:
    return _keccak(_DOMAIN + _number(chain_id) + _address(contract))


def consent_digest(domain: SwitchingDomain, request: Request, starts: datetime) -> bytes:
    """What a customer signs: this point, to this supplier, from this instant on. It is the switch's id."""
    words = [request.point, _address(request.gainer), _number(request.kind), _seconds(starts), _number(request.nonce)]
    return _digest(domain, _CONSENT, words)


def annulment_digest(domain: SwitchingDomain, switch: bytes) -> bytes:
    """What a customer signs to have a switch annulled that was not wanted."""
    return _digest(domain, _ANNULMENT, [switch])


def windows_digest(domain: SwitchingDomain, switch: Switch) -> bytes:
    """What the switching service signs: the windows that the calendar gives, which no contract can compute."""
    times = [switch.submitted, switch.objection_ends, switch.gate_closes]
    return _digest(domain, _WINDOWS, [switch.id, switch.bundle or bytes(32), *map(_seconds, times)])


def return_limit_digest(domain: SwitchingDomain, switch: bytes, reported: datetime, return_by: datetime) -> bytes:
    """What the switching service signs: until when an erroneous transfer must have gone back."""
    return _digest(domain, _RETURN_LIMIT, [switch, _seconds(reported), _seconds(return_by)])


def notice_digest(domain: SwitchingDomain, notice: Notice) -> bytes:
    """What the switching service signs to those whom a transition concerns."""
    words = [notice.switch, _number(notice.number), _number(notice.state), _seconds(notice.at)]
    return _digest(domain, _NOTICE, [*words, *map(_address, notice.recipients)])


def bundle_id(consents: Sequence[bytes]) -> bytes:
    """The name of requests that succeed or fail together, whatever their order."""
    return _keccak(b"".join(sorted(consents)))


def _digest(domain: SwitchingDomain, kind: bytes, words: Sequence[bytes]) -> bytes:
    return _keccak(b"\x19\x01" + domain.separator + _keccak(kind + b"".join(words)))


def _number(value: int) -> bytes:
    return int(value).to_bytes(32, "big")


def _seconds(at: datetime) -> bytes:
    return _number(int(at.timestamp()))


def _address(address: bytes) -> bytes:
    return bytes(12) + address
