"""Use case *receipt*: what an ended stay took and how well that is proven, from its claimed reading and its records."""

from collections.abc import Sequence

from sunfair.app.charging import expected_of
from sunfair.charging import Evidence, OcmfRecord, Recover, Usage, check_session
from sunfair.charging.ocmf import MICRO_UNITS
from sunfair.errors import Fault, InputError
from sunfair.ports.charging import ChargingLedger, StayRecord

__all__ = ["metered_of"]


def metered_of(
    ledger: ChargingLedger, stay: StayRecord, records: Sequence[OcmfRecord], *, tag: str, recover: Recover
) -> tuple[Usage, Evidence]:
    """What the stay took, and the evidence for it; records in the order of their pages, none if none is at hand.

    Where only the end is signed, the begin is what the host claimed on chain, and the evidence is called weaker.
    InputError, with every fault, if the records are not this stay's.
    """
    booking, claimed = stay.booking, ledger.claimed(stay.booking)
    if not records:
        times = (booking.begin, booking.end) if claimed is None else (claimed.began, claimed.ended)
        return Usage(stay.wh, *times), Evidence.NONE
    first, last = records[0].readings[0], records[-1].readings[-1]
    start = None
    if first.reason != "B" and claimed is not None:
        start = claimed.began, last.micro_units * last.wh_scale // MICRO_UNITS - claimed.wh
        if start[1] < 0:
            what = f"its last register is below the {claimed.wh} Wh that were claimed"
            raise InputError("the record is not this stay's", [Fault("record", what)])
    expected = expected_of(ledger, stay, first.time if start is None else start[0], tag=tag)
    proof = check_session(records, expected, recover, start=start)
    if proof.usage is None:
        raise InputError("the record is not this stay's", [Fault("record", fault) for fault in proof.faults])
    return proof.usage, proof.evidence
