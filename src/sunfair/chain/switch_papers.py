"""What a switching contract has to be shown of switches, signed by the service: a file for the suppliers.

A supplier needs no register for it. It names nobody: points stand by their nullifiers, and customers by signatures.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sunfair.errors import Fault, InputError
from sunfair.ports import Keys
from sunfair.registry.switching import Switch, SwitchingDomain, return_limit_digest, windows_digest

__all__ = ["AskedSwitch", "ReturnLimit", "SwitchPapers", "asked_switch", "papers_of", "read_papers"]

_BUNDLE_MAX = 2
"""A bundle in the contract is a pair."""


@dataclass(frozen=True, slots=True)
class AskedSwitch:
    """A request as the contract takes it: times are unix seconds; `consent` is the customer's signature (65 bytes, or
    none for a return), `windows` the service's.
    """

    id: bytes
    point: bytes
    kind: int
    starts: int
    nonce: int
    submitted: int
    objection_ends: int
    gate_closes: int
    consent: bytes
    windows: bytes

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The contract's `Request`."""
        times = (self.submitted, self.objection_ends, self.gate_closes)
        return (self.point, self.kind, self.starts, self.nonce, *times, self.consent, self.windows)


@dataclass(frozen=True, slots=True)
class ReturnLimit:
    """Until when (unix s) an erroneous transfer must have gone back, as the service said at `reported`, signed."""

    reported: int
    return_by: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class SwitchPapers:
    """One switch, or a pair, for the switching contract (20-byte address) of a chain."""

    chain_id: int
    contract: bytes
    switches: tuple[AskedSwitch, ...]
    limit: ReturnLimit | None = None

    def text(self) -> str:
        """As JSON; bytes are hexadecimal."""
        plain = asdict(self, dict_factory=lambda pairs: {name: _plain(value) for name, value in pairs})
        return json.dumps(plain, indent=1) + "\n"


def asked_switch(switch: Switch, domain: SwitchingDomain, keys: Keys, service: str) -> AskedSwitch:
    """A validated switch with its windows, which the service signs."""
    request = switch.request
    return AskedSwitch(
        id=switch.id,
        point=request.point,
        kind=int(request.kind),
        starts=int(switch.starts.timestamp()),
        nonce=request.nonce,
        submitted=int(switch.submitted.timestamp()),
        objection_ends=int(switch.objection_ends.timestamp()),
        gate_closes=int(switch.gate_closes.timestamp()),
        consent=request.signature,
        windows=keys.sign(service, windows_digest(domain, switch)),
    )


def papers_of(switches: Sequence[Switch], domain: SwitchingDomain, keys: Keys, *, service: str) -> SwitchPapers:
    """The papers of one switch or of a whole bundle, signed by the service.

    A switch that was reported as an erroneous transfer carries the limit of its return. InputError for a bundle that is
    no pair: contracts have none larger.
    """
    if len(switches) > _BUNDLE_MAX:
        fault = Fault("bundle", f"has {len(switches)} switches", "the contract takes pairs: request them in pairs")
        raise InputError("this bundle has no place in the contract", [fault])
    limit = None
    (first, *rest) = switches
    if first.return_by is not None and not rest:
        signed = keys.sign(service, return_limit_digest(domain, first.id, first.since, first.return_by))
        limit = ReturnLimit(int(first.since.timestamp()), int(first.return_by.timestamp()), signed)
    asked = tuple(asked_switch(switch, domain, keys, service) for switch in switches)
    return SwitchPapers(domain.chain_id, domain.contract, asked, limit)


def read_papers(text: str) -> SwitchPapers:
    """Papers out of their JSON; InputError names every fault of them."""
    faults: list[Fault] = []
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise InputError("these are no papers of a switch", [Fault("JSON", str(error))]) from error
    listed = content.get("switches")
    rows = listed if isinstance(listed, list) and 0 < len(listed) <= _BUNDLE_MAX else []
    if not rows:
        faults.append(Fault("switches", "are not one or two", "take them as `switch papers` wrote them"))
    switches = [_values(AskedSwitch, row, f"switches.{at}.", faults) for at, row in enumerate(rows)]
    limit = content.get("limit")
    found = {} if limit is None else _values(ReturnLimit, limit, "limit.", faults)
    place = _values(_Place, content, "", faults)
    if faults:
        raise InputError("these are no papers of a switch", faults)
    asked = tuple(AskedSwitch(**row) for row in switches)
    return SwitchPapers(place["chain_id"], place["contract"], asked, ReturnLimit(**found) if found else None)


@dataclass(frozen=True, slots=True)
class _Place:
    chain_id: int
    contract: bytes


_SIZES = {"id": (32,), "point": (32,), "contract": (20,), "consent": (0, 65), "windows": (65,), "signature": (65,)}
_NUMBER_MAX = 2**64


def _values(kind: type[Any], row: Any, place: str, faults: list[Fault]) -> dict[str, Any]:
    """The fields of a value, each looked at; faults are added."""
    row, found = row if isinstance(row, Mapping) else {}, dict[str, Any]()
    for each in fields(kind):
        value = row.get(each.name)
        if each.name in _SIZES:
            octets = found[each.name] = _octets(value)
            if octets is None or len(octets) not in _SIZES[each.name]:
                mend = f"0x and {' or '.join(map(str, _SIZES[each.name]))} bytes"
                faults.append(Fault(f"{place}{each.name}", "is no hexadecimal text of its size", mend))
        elif type(value) is int and 0 <= value < _NUMBER_MAX:
            found[each.name] = value
        else:
            faults.append(Fault(f"{place}{each.name}", f"is {str(value)[:60]!r}", "a whole number, not negative"))
    return found


def _octets(value: Any) -> bytes | None:
    try:
        return bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else None
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
