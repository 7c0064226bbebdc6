"""Every error a caller of Sunfair may meet.

::

    SunfairError
    ├── InputError (ValueError)     wrong input: the command line ends with exit code 2
    │   ├── ScenarioError           a community file or its series
    │   ├── ImportFault             a folder to make a community from
    │   ├── RunFilesError           a run's folder: a file absent, or no Parquet or TOML
    │   └── OfferRejected           an offer the operator may not accept
    ├── LedgerError                 the chain refused or could not be reached
    │   └── Reverted                a contract refused the call; `.reason` is its word
    └── ServiceMissing              a program or service that this step needs is not there

A room may add its own below these: `sunfair.registry.InvalidMeterPoint` is an InputError.

An error says what is wrong, why it is wrong and what to do. `InputError` carries all faults found at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Fault",
    "ImportFault",
    "InputError",
    "LedgerError",
    "OfferRejected",
    "Reverted",
    "RunFilesError",
    "ScenarioError",
    "ServiceMissing",
    "SunfairError",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where it stands, what is wrong (and why), and how to mend it."""

    place: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        tail = f" ({self.mend})" if self.mend else ""
        return f"{self.place}: {self.what}{tail}"


class SunfairError(Exception):
    """The root of every error raised on purpose."""


class InputError(SunfairError, ValueError):
    """Input that cannot be used; holds every fault found, not only the first."""

    def __init__(self, headline: str, faults: Sequence[Fault] = ()) -> None:
        self.headline = headline
        self.faults = tuple(faults)
        super().__init__("\n".join([headline, *(f"  - {fault}" for fault in self.faults)]))


class ScenarioError(InputError):
    """A community file, or a series it names, that cannot be used."""


class ImportFault(InputError):
    """A folder or source from which no community can be made."""


class RunFilesError(InputError):
    """A run's folder lacks a file, or a file in it is not what its name says."""


class OfferRejected(InputError):
    """An offer that breaks a rule of acceptance; nothing of it was stored."""


class LedgerError(SunfairError):
    """The chain could not be reached, or answered something that is not an answer."""


class Reverted(LedgerError):
    """A contract refused a call. `reason` is the contract's own word, empty if it gave none."""

    def __init__(self, what: str, reason: str = "") -> None:
        self.reason = reason
        super().__init__(f"{what}: the contract refused" + (f" ({reason})" if reason else ""))


class ServiceMissing(SunfairError):
    """A program or service that this step needs is not on this machine."""
