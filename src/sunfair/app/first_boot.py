"""Use case *first boot*: a device replaces the set-up key it was shipped with by one that nobody else ever knew.

The device signs with both keys; its registrar looks, and binds the new one to the point from a date on. What the set-up
key signed for slots before that date stands; for later ones it counts no more.
"""

from collections.abc import Iterator

import numpy as np

from sunfair.errors import Fault, InputError
from sunfair.ports import ChainRecord, Keys, Ledger, Signatures
from sunfair.settlement import Domain
from sunfair.settlement.court import Meter
from sunfair.settlement.key_swap import KeySwap

__all__ = ["next_day_slot", "sign_swap", "swap_key"]

_DAY = 86_400
_REGISTER_MAX = 2**63


def next_day_slot(now: int, slot_seconds: int) -> int:
    """The first slot of the UTC day after unix second `now`: the earliest a meter can be dated."""
    return -(-(now // _DAY + 1) * _DAY // slot_seconds)


def sign_swap(keys: Keys, set_up: str, own: str, swap: KeySwap, domain: Domain) -> tuple[bytes, bytes]:
    """The device's two signatures, by the holders of the set-up key and of its own: r ‖ s ‖ v each."""
    digest = swap.digest(domain)
    return keys.sign(set_up, digest), keys.sign(own, digest)


def swap_key(
    swap: KeySwap, old_signature: bytes, new_signature: bytes, *, domain: Domain, ledger: Ledger, signatures: Signatures
) -> Meter:
    """Bind the new key to the point that feeds the account, and return the meter as it was set. The registrar's.

    Raises InputError with everything that is wrong with the swap; nothing is set then.
    """
    record = ledger.record()
    faults = [
        *_signature_faults(swap, (old_signature, new_signature), domain, signatures),
        *_binding_faults(swap, record),
        *_date_faults(swap, ledger.now(), record.slot_seconds),
    ]
    if faults:
        raise InputError(f"the key of account {swap.account}'s meter was not swapped", faults)
    meter = Meter(swap.new_key, swap.from_slot, swap.import_wh, swap.export_wh)
    ledger.bind_meters([(swap.account, meter)])
    return meter


def _signature_faults(
    swap: KeySwap, signed: tuple[bytes, bytes], domain: Domain, signatures: Signatures
) -> Iterator[Fault]:
    """Both keys signed this swap, for this market."""
    whole = [signature if len(signature) == 65 else bytes(65) for signature in signed]
    digest = np.frombuffer(swap.digest(domain), np.uint8)
    found = signatures.recover(np.stack([digest, digest]), np.array([[*one] for one in whole], np.uint8))
    for name, key, signer in zip(("old", "new"), (swap.old_key, swap.new_key), found, strict=True):
        if not any(key) or signer.tobytes() != key:
            what = f"is not by {_hex(key)}, or of another swap, account, market or chain"
            yield Fault(f"signature of the {name} key", what, "let the device sign this swap with both keys")


def _binding_faults(swap: KeySwap, record: ChainRecord) -> Iterator[Fault]:
    """The old key is the last one that was dated for the account; the new one is nobody's."""
    bound = record.meters[swap.account] if 0 <= swap.account < len(record.meters) else ()
    if not bound:
        yield Fault(f"account {swap.account}", "has no meter in this market", "have the set-up key bound first")
    elif bound[-1].key != swap.old_key:
        what = f"is not the key of account {swap.account}, which is {_hex(bound[-1].key)}"
        yield Fault(f"old key {_hex(swap.old_key)}", what, "a swap counts once, and for the key in force")
    holders = [account for account, meters in enumerate(record.meters) if swap.new_key in {m.key for m in meters}]
    if holders:
        what = f"was bound to account {holders[0]} already"
        yield Fault(f"new key {_hex(swap.new_key)}", what, "let the device make a key of its own")


def _date_faults(swap: KeySwap, now: int, slot_seconds: int) -> Iterator[Fault]:
    earliest = next_day_slot(now, slot_seconds)
    if swap.from_slot < earliest:
        what = f"is before {earliest}, the first slot of the next UTC day: what is past is settled by the old key"
        yield Fault(f"from_slot {swap.from_slot}", what, "sign a swap of a coming day")
    if not all(0 <= register < _REGISTER_MAX for register in (swap.import_wh, swap.export_wh)):
        yield Fault("registers", "are out of range", f"from 0 to {_REGISTER_MAX - 1} Wh")


def _hex(key: bytes) -> str:
    return f"0x{key.hex()}"
