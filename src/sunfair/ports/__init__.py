"""What the use cases need from the world, as Protocols; `wiring` decides who fulfils them."""

from sunfair.ports.ledger import GUARANTOR, Anchored, Asked, ChainRecord, Convicted, Ledger, Settled, Transfer
from sunfair.ports.store import (
    FlowRecord,
    MeterSource,
    PlanRecord,
    Readings,
    SettlementRecord,
    Signatures,
    SlotRecord,
    Store,
)
from sunfair.ports.world import Chance, Clock, Keys

__all__ = [
    "GUARANTOR",
    "Anchored",
    "Asked",
    "ChainRecord",
    "Chance",
    "Clock",
    "Convicted",
    "FlowRecord",
    "Keys",
    "Ledger",
    "MeterSource",
    "PlanRecord",
    "Readings",
    "Settled",
    "SettlementRecord",
    "Signatures",
    "SlotRecord",
    "Store",
    "Transfer",
]
