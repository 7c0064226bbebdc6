"""Signed transactions: written as EIP-1559 or EIP-4844 (blobs), read as EIP-1559, EIP-2930 or legacy with EIP-155."""

from dataclasses import dataclass

from sunfair.chain import rlp
from sunfair.chain.keys import keccak, recover

__all__ = ["GAS_LIMIT", "SignedTransaction", "Transaction", "decode_raw"]

GAS_LIMIT = 1 << 24
"""Most gas of one transaction (EIP-7825)."""

_UINT256 = 1 << 256
_EIP_2930, _EIP_1559, _EIP_4844 = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call (`to` is a 20-byte address) or a creation (`to` is None), not yet signed.

    `max_fee` (most for base fee and tip together) and `tip` are wei per gas; on the embedded chain gas costs nothing.
    With `blob_hashes` (32 bytes each) it carries blobs, at most `blob_fee` wei per blob gas, and is no creation.
    """

    chain_id: int
    nonce: int
    to: bytes | None
    data: bytes
    value: int = 0
    gas: int = GAS_LIMIT
    max_fee: int = 0
    tip: int = 0
    blob_fee: int = 0
    blob_hashes: tuple[bytes, ...] = ()

    def digest(self) -> bytes:
        """The 32 bytes its sender signs (EIP-1559, EIP-4844)."""
        return keccak(self._kind + rlp.encode(self._fields()))

    def raw(self, signature: bytes) -> bytes:
        """The transaction as it is sent, with its signature r ‖ s ‖ v."""
        return self._kind + rlp.encode(self.body(signature))

    def body(self, signature: bytes) -> list[rlp.Item]:
        """The fields of the signed transaction, which `raw` encodes."""
        r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
        return [*self._fields(), rlp.minimal(v - 27), rlp.minimal(r), rlp.minimal(s)]

    @property
    def _kind(self) -> bytes:
        return bytes([_EIP_4844 if self.blob_hashes else _EIP_1559])

    def _fields(self) -> list[rlp.Item]:
        numbers = [rlp.minimal(n) for n in (self.chain_id, self.nonce, self.tip, self.max_fee, self.gas)]
        blobs: list[rlp.Item] = [rlp.minimal(self.blob_fee), list(self.blob_hashes)] if self.blob_hashes else []
        return [*numbers, self.to or b"", rlp.minimal(self.value), self.data, [], *blobs]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction and the 20-byte address whose key signed it."""

    transaction: Transaction
    sender: bytes


def decode_raw(raw: bytes) -> SignedTransaction:
    """Read a signed transaction and recover its sender; ValueError if it is none."""
    kind = raw[0] if raw else 0
    if kind >= 0xC0:
        return _legacy(_fields(raw, 9))
    if kind == _EIP_2930:
        return _typed(kind, _fields(raw[1:], 11), gas_at=3)
    if kind == _EIP_1559:
        return _typed(kind, _fields(raw[1:], 12), gas_at=4)
    raise ValueError(f"transaction type {kind} is not one of legacy, EIP-2930 and EIP-1559")


def _fields(data: bytes, count: int) -> list[rlp.Item]:
    item = rlp.decode(data)
    if isinstance(item, bytes) or len(item) != count:
        raise ValueError(f"a transaction of this type is a list of {count} fields")
    return list(item)


def _typed(kind: int, fields: list[rlp.Item], *, gas_at: int) -> SignedTransaction:
    """EIP-2930 has one field for the gas price, EIP-1559 two; else they are alike."""
    if fields[-4] != []:
        raise ValueError("the transaction has an access list, which this chain does not take")
    prices = [rlp.integer(item) for item in fields[2:gas_at]]
    transaction = _transaction(rlp.integer(fields[0]), fields[1], prices, fields[gas_at : gas_at + 4])
    digest = keccak(bytes([kind]) + rlp.encode(fields[:-3]))
    return _signed(transaction, digest, rlp.integer(fields[-3]), fields[-2:])


def _legacy(fields: list[rlp.Item]) -> SignedTransaction:
    """v is 35 + 2·chain id + parity (EIP-155); without a chain id it could be replayed anywhere, so it is refused."""
    v = rlp.integer(fields[6])
    if v < 37:
        raise ValueError("the transaction names no chain id (EIP-155) and could be replayed on any chain")
    chain_id, parity = divmod(v - 35, 2)
    transaction = _transaction(chain_id, fields[0], [rlp.integer(fields[1])], fields[2:6])
    digest = keccak(rlp.encode([*fields[:6], rlp.minimal(chain_id), b"", b""]))
    return _signed(transaction, digest, parity, fields[7:9])


def _transaction(chain_id: int, nonce: rlp.Item, prices: list[int], body: list[rlp.Item]) -> Transaction:
    gas, to, value, data = body
    if not isinstance(to, bytes) or len(to) not in (0, 20) or not isinstance(data, bytes):
        raise ValueError("the transaction's receiver is no address, or its data no bytes")
    numbers = rlp.integer(nonce), rlp.integer(value), rlp.integer(gas)
    if max(*numbers, *prices) >= _UINT256:
        raise ValueError("a number of the transaction has more than 256 bits")
    # A single gas price (before EIP-1559) is neither a tip nor a most: it is not kept.
    tip, max_fee = prices if len(prices) == 2 else (0, 0)
    return Transaction(chain_id, numbers[0], to or None, data, numbers[1], numbers[2], max_fee, tip)


def _signed(transaction: Transaction, digest: bytes, parity: int, r_s: list[rlp.Item]) -> SignedTransaction:
    r, s = (rlp.integer(item) for item in r_s)
    if parity > 1 or max(r, s) >= _UINT256:
        raise ValueError("the transaction's signature is out of range")
    signature = r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])
    return SignedTransaction(transaction, recover(digest, signature))
