"""The message with which a device replaces its set-up key by its own: signed by both keys, EIP-712."""

from dataclasses import dataclass

from sunfair.settlement.hashing import keccak
from sunfair.settlement.messages import Domain

__all__ = ["KEY_SWAP_TYPE", "KeySwap"]

KEY_SWAP_TYPE = (
    "KeySwap(bytes32 community,uint32 account,address old_key,address new_key,uint64 from_slot,uint64 import_wh,"
    "uint64 export_wh)"
)


@dataclass(frozen=True, slots=True)
class KeySwap:
    """From `from_slot` on the account's readings are signed by `new_key`, on registers (Wh) that begin as said.

    Keys are 20-byte addresses. A device whose registers begin anew says 0 and 0.
    """

    account: int
    old_key: bytes
    new_key: bytes
    from_slot: int
    import_wh: int = 0
    export_wh: int = 0

    def digest(self, domain: Domain) -> bytes:
        """What both keys sign."""
        numbers = (self.from_slot, self.import_wh, self.export_wh)
        struct = keccak(
            keccak(KEY_SWAP_TYPE.encode())
            + domain.community_id
            + self.account.to_bytes(32, "big")
            + self.old_key.rjust(32, b"\0")
            + self.new_key.rjust(32, b"\0")
            + b"".join(number.to_bytes(32, "big") for number in numbers)
        )
        return keccak(b"\x19\x01" + domain.separator + struct)
