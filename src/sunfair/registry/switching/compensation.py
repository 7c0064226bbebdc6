"""What a customer is owed for a wrong switch, or for an erroneous transfer that did not go back in time."""

from dataclasses import dataclass
from datetime import datetime

from sunfair.registry.switching.states import SwitchKind, SwitchState
from sunfair.registry.switching.values import Switch

__all__ = ["Compensation", "Due", "compensation"]


@dataclass(frozen=True, slots=True)
class Compensation:
    """Amounts in µ of the market's currency; the usual ones are Great Britain's guaranteed standard of £30."""

    erroneous_transfer: int = 30_000_000
    late_return: int = 30_000_000


@dataclass(frozen=True, slots=True)
class Due:
    """An amount (µ > 0) that a supplier owes the customer of a switch, and why."""

    switch: bytes
    supplier: bytes
    amount: int
    why: str


def compensation(switch: Switch, returned: Switch | None, now: datetime, rates: Compensation) -> list[Due]:
    """What follows from a switch by `now`; `returned` is the return that ended it, if there is one.

    The gaining supplier owes for the transfer, once it is reported; whoever should have given the point back owes
    for each return that comes late or has not come.
    """
    if switch.return_by is None:
        return []
    gainer = switch.request.gainer
    owed = [Due(switch.id, gainer, rates.erroneous_transfer, "erroneous transfer")]
    over = returned is not None and returned.request.kind is SwitchKind.RETURN
    done = returned.starts if over and returned is not None else now
    active = over or switch.state is SwitchState.RETURNING
    if active and done > switch.return_by:
        owed.append(Due(switch.id, gainer, rates.late_return, "return after the limit"))
    return owed
