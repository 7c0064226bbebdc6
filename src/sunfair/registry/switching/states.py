"""States and kinds of a switch; the numbers are those of the contract and of every file."""

from enum import IntEnum

__all__ = ["OPEN", "WITHDRAWABLE", "Sector", "SwitchKind", "SwitchState"]


class SwitchState(IntEnum):
    """Where a switch stands.

    PENDING → VALIDATED → CONFIRMED → SECURED → ACTIVE → SUPERSEDED is the way of one that succeeds.
    """

    PENDING = 1
    """Received, not yet looked at."""
    REJECTED = 2
    """It broke a rule."""
    VALIDATED = 3
    """In order; the losing supplier may object."""
    OBJECTED = 4
    """The losing supplier objected in time."""
    WITHDRAWN = 5
    """The gaining supplier took it back, or its bundle fell apart."""
    ANNULLED = 6
    """The losing supplier had it annulled, with the customer's signature."""
    CONFIRMED = 7
    """The window ended without an objection."""
    SECURED = 8
    """The gate is closed: it will happen."""
    ACTIVE = 9
    """The gaining supplier supplies."""
    SUPERSEDED = 10
    """A later switch became active."""
    RETURNING = 11
    """Active, but reported as an erroneous transfer: it shall go back."""


class SwitchKind(IntEnum):
    """Why a supplier changes."""

    SWITCH = 1
    """The customer chose another supplier."""
    OCCUPANCY = 2
    """Another customer moved in; the old one's supplier has nothing to object to."""
    COOLING_OFF = 3
    """The customer thought better of it within 14 days of the start: a new switch, never a rollback."""
    RETURN = 4
    """The supplier before an erroneous transfer takes the point back."""


class Sector(IntEnum):
    """Market sector that the register holds for a point."""

    DOMESTIC = 1
    BUSINESS = 2

    @property
    def objection_days(self) -> int:
        """Working days that the losing supplier has to object."""
        return int(self)


OPEN = frozenset({SwitchState.PENDING, SwitchState.VALIDATED, SwitchState.CONFIRMED, SwitchState.SECURED})
"""States of a request under way; a point has at most one."""

WITHDRAWABLE = frozenset({SwitchState.PENDING, SwitchState.VALIDATED, SwitchState.CONFIRMED})
"""States before the gate closes."""
