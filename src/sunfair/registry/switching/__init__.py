"""Change of supplier: states, windows, and who may do what until when. Pure: time comes in as an argument."""

from sunfair.registry.switching.board import Switchboard
from sunfair.registry.switching.checks import broken_rules, bundle_breaks, objection_end
from sunfair.registry.switching.compensation import Compensation, Due, compensation
from sunfair.registry.switching.messages import (
    SwitchingDomain,
    annulment_digest,
    bundle_id,
    consent_digest,
    notice_digest,
    return_limit_digest,
    windows_digest,
)
from sunfair.registry.switching.states import OPEN, WITHDRAWABLE, Sector, SwitchKind, SwitchState
from sunfair.registry.switching.values import (
    ChangeReading,
    Notice,
    Request,
    Supply,
    SupplyPoint,
    Switch,
    SwitchRefused,
    SwitchRules,
)

__all__ = [
    "OPEN",
    "WITHDRAWABLE",
    "ChangeReading",
    "Compensation",
    "Due",
    "Notice",
    "Request",
    "Sector",
    "Supply",
    "SupplyPoint",
    "Switch",
    "SwitchKind",
    "SwitchRefused",
    "SwitchRules",
    "SwitchState",
    "Switchboard",
    "SwitchingDomain",
    "annulment_digest",
    "broken_rules",
    "bundle_breaks",
    "bundle_id",
    "compensation",
    "consent_digest",
    "notice_digest",
    "objection_end",
    "return_limit_digest",
    "windows_digest",
]
