"""Use case *audit the register*: an auditor holds it against itself. What it looks at names nobody."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from sunfair.errors import Fault, InputError
from sunfair.ports.registry import RegisterStore, SwitchStore
from sunfair.registry.batch_tree import batch_leaves, batch_of
from sunfair.registry.register import Role
from sunfair.registry.switching import SwitchingDomain, notice_digest

__all__ = ["NoticeSigner", "RegisterAudit", "audit_register"]

NoticeSigner = tuple[SwitchingDomain, bytes, Callable[[bytes, bytes], bytes]]
"""Where notices are signed, the service's address, and who recovers a signer from digest and signature."""


@dataclass(slots=True)
class RegisterAudit:
    """What was looked at, and in words what is false: empty if all holds."""

    batches: int = 0
    points: int = 0
    notices: int = 0
    findings: list[str] = field(default_factory=list)


def audit_register(
    register: RegisterStore,
    switches: SwitchStore,
    auditor: str,
    *,
    signer: NoticeSigner | None = None,
    chain_roots: Collection[bytes] | None = None,
) -> Iterator[RegisterAudit]:
    """Look at every batch, supply and notice; yields how far it has come.

    A batch's root is made anew of its points and looked for in `chain_roots`; supplies abut and exactly one is open;
    notices are numbered without gaps and, given a `signer`, signed by the service. InputError unless `auditor` is the
    name of a party in that role.
    """
    if not any(party.name == auditor and Role.AUDITOR in party.roles for party in register.parties()):
        raise InputError("this is an auditor's to look at", [Fault("auditor", f"{auditor!r} is none here")])
    audit = RegisterAudit()
    for number, source, root, points in register.batch_sources():
        audit.findings += _batch_faults(register, number, source, (root, points), chain_roots)
        audit.batches, audit.points = audit.batches + 1, audit.points + points
        yield audit
    audit.findings += [f"point {point.hex()}: its supplies do not abut" for point in switches.broken_supplies()]
    yield audit
    last, due = b"", 0
    for notice, signature in switches.all_notices():
        due = due if notice.switch == last else 0
        if notice.number != due:
            audit.findings.append(f"switch {notice.switch.hex()}: notice {due} is missing")
        last, due = notice.switch, notice.number + 1
        audit.notices += 1
        if signer is not None and signature:  # what was erased has none
            domain, service, recover = signer
            if recover(notice_digest(domain, notice), signature) != service:
                audit.findings.append(f"switch {notice.switch.hex()}: notice {notice.number} is not the service's")
    yield audit


def _batch_faults(
    register: RegisterStore, number: int, source: bytes, stated: tuple[bytes, int], roots: Collection[bytes] | None
) -> Iterator[str]:
    root, points = stated
    made = batch_of(batch_leaves(pairs[:, :32], pairs[:, 32:]) for pairs, _ in register.leaves(source))
    if made.count != points:
        yield f"batch {number}: has {made.count} points, {points} are stated"
    if made.root != root:
        yield f"batch {number}: its points have another root than {root.hex()}"
    if roots is not None and root not in roots:
        yield f"batch {number}: its root is not on the chain"
