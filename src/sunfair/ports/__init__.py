"""What the use cases need from the world, as Protocols; `wiring` decides who fulfils them."""

from sunfair.ports.ledger import (
    GUARANTOR,
    Anchored,
    Asked,
    ChainRecord,
    Convicted,
    Enrolment,
    Ledger,
    Settled,
    Transfer,
)
from sunfair.ports.plants import PlantOffice, PlantRecord
from sunfair.ports.purse import Purse
from sunfair.ports.store import (
    AgentRecord,
    EnvelopeRecord,
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
    "AgentRecord",
    "Anchored",
    "Asked",
    "ChainRecord",
    "Chance",
    "Clock",
    "Convicted",
    "Enrolment",
    "EnvelopeRecord",
    "FlowRecord",
    "Keys",
    "Ledger",
    "MeterSource",
    "PlanRecord",
    "PlantOffice",
    "PlantRecord",
    "Purse",
    "Readings",
    "Settled",
    "SettlementRecord",
    "Signatures",
    "SlotRecord",
    "Store",
    "Transfer",
]
