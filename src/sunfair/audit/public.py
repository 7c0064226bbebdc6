"""The public part of a market, rebuilt from its chain alone and held against it: nobody and no file is asked.

Checked: headers against anchors, rows against roots, every auction cleared again, terms, posted amounts (zero sum,
cover, reserve, the network's share), balances against what moved. Private rows and readings are not on chain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

from sunfair.app.published import PublishedPeriod
from sunfair.app.published_checks import Told, period_told, settlement_told
from sunfair.app.publishing import rebuilt, void_period
from sunfair.chain.follow import Follower
from sunfair.chain.plant_office import read_plants
from sunfair.errors import Fault, InputError
from sunfair.ports import GUARANTOR, Convicted
from sunfair.settlement.court import Anchor, MarketFacts

__all__ = ["PublicAudit", "Rebuild", "audit_public", "chain_rebuild"]


@dataclass
class PublicAudit:
    """What a public audit looked at and found.

    missing : what has to be public and could not be had; false : what is false, the nearest to its cause last
    """

    chain_id: int
    market: bytes
    head: int
    missing: list[Told] = field(default_factory=list)
    false: list[Told] = field(default_factory=list)
    periods: int = 0
    slots: int = 0
    rows: int = 0
    void: int = 0
    applied: int = 0
    pending: int = 0
    cancelled: int = 0
    shares: int = 0
    balances: int = 0
    plants: int = 0
    convictions: tuple[Convicted, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all that has to be public was there, and all of it is true."""
        return not self.false and not self.missing

    @property
    def lines(self) -> list[Told]:
        """Everything missing and false, in the order in which it is told."""
        return [*self.missing, *self.false]


Rebuild = Callable[[Anchor], tuple[PublishedPeriod | None, str]]
"""An anchored period out of what is public of it; or None, and why it cannot be had."""


def audit_public(
    follower: Follower,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    rebuild: Rebuild | None = None,
) -> PublicAudit:
    """Hold everything public of a market, as far as its chain was read, against it.

    `progress` is told (slots done, slots in all); `rebuild` gives the anchored periods, by default out of what was laid
    out on the chain. InputError if the chain was read from too late a block; LedgerError if the node cannot be read.
    """
    _check_begin(follower)
    history, facts = follower.history, follower.facts()
    told = PublicAudit(follower.network.chain_id, follower.deployment.market, follower.head)
    anchors = [anchor for _, anchor in sorted(history.anchors.items())]
    known: dict[int, PublishedPeriod] = {}
    slots: list[list[Told]] = []
    total, done = sum(anchor.slots for anchor in anchors), 0
    for anchor in anchors:
        period, why = void_period(facts, anchor), ""
        if period is None:
            period, why = (rebuild or chain_rebuild(follower))(anchor)
        if period is None:
            told.missing.append(Told(anchor.first_slot, None, why))
        else:
            known[anchor.period] = period
            slots.append(_look(facts, period, told))
        done += anchor.slots
        progress(done, total)
    amounts = _settlements(follower, facts, known, told)
    told.convictions = tuple(history.convictions)
    told.false = [
        *_plants(follower, told),
        *_balances(follower, told),
        *amounts,
        *(one for part in reversed(slots) for one in part),
    ]
    return told


def chain_rebuild(follower: Follower) -> Rebuild:
    """Out of what was laid out on the chain."""

    def rebuild(anchor: Anchor) -> tuple[PublishedPeriod | None, str]:
        published = follower.published(anchor)
        period = rebuilt(anchor, published)
        why = published.lacks or "what was laid out has not the headers that hash to the anchor"
        last = anchor.first_slot + anchor.slots - 1
        return period, f"the public part up to slot {last} is not to be had: {why}"

    return rebuild


def _check_begin(follower: Follower) -> None:
    """Whether the market's events were read from its first on: each account has its opening among them."""
    opened, there = len(follower.history.members), int(follower.view("accounts", block=follower.head))
    if opened != there:
        first = follower.deployment.block
        fault = Fault(
            "--from-block", f"from block {first} on {opened} of {there} accounts were opened", "begin earlier"
        )
        raise InputError("the market is older than what was read of its chain", [fault])


def _look(facts: MarketFacts, period: PublishedPeriod, told: PublicAudit) -> list[Told]:
    """What is false in a period, the first slot's last."""
    told.periods += 1
    for index, auction in enumerate(period.auctions):
        if facts.is_void(period.anchor, period.anchor.first_slot + index):
            told.void += 1
        elif auction is not None:
            told.slots += 1
            told.rows += len(auction.rows)
    found = list(period_told(facts, period))
    return [found[at] for at in sorted(range(len(found)), key=lambda at: (-found[at].slot, at))]


def _settlements(
    follower: Follower, facts: MarketFacts, known: dict[int, PublishedPeriod], told: PublicAudit
) -> list[Told]:
    """What is false in the amounts of every settlement that counts."""
    found: list[Told] = []
    for made, posted in follower.history.settlements:
        told.applied += posted.applied
        told.cancelled += posted.cancelled
        told.pending += not posted.applied and not posted.cancelled
        if not posted.cancelled:
            covered = range(made.first_period, made.first_period + made.periods)
            periods = [known[period] for period in covered if period in known]
            told.shares += len(periods) == made.periods
            found += settlement_told(facts, made, posted.amounts, periods)
    return found[::-1]


def _balances(follower: Follower, told: PublicAudit) -> list[Told]:
    """Balances on chain that are not what was paid in, paid out and settled."""
    found: list[Told] = []
    history = follower.history
    last = max((anchor.first_slot + anchor.slots - 1 for anchor in history.anchors.values()), default=0)
    for account in (*range(len(history.members)), GUARANTOR):
        have, due = int(follower.view("balance_of", account, block=follower.head)), history.balances.get(account, 0)
        told.balances += 1
        if have != due:
            name = "the guarantor's" if account == GUARANTOR else f"account {account}'s"
            found.append(Told(last, None, f"{name} balance is {have} µ; what was paid and settled gives {due} µ"))
    return found


def _plants(follower: Follower, told: PublicAudit) -> list[Told]:
    """Plants that are members of the market and whose agent sent less to the contract than their account was settled.

    What rows earned is private; what was posted for the account is not. Both are the same as long as the account never
    ran short, which only a period that cost it money can bring about: from there on nobody but its owner knows.
    The agent may still be about to send what the last applied settlement brought.
    """
    history = follower.history
    owners = [history.members[account].owner for account in sorted(history.members)]
    last = max((anchor.first_slot + anchor.slots - 1 for anchor in history.anchors.values()), default=0)
    found: list[Told] = []
    for plant in read_plants(follower.network, follower.deployment, owners):
        account = plant.account
        if account is None:
            continue
        told.plants += 1
        posted = [made.amounts[account] for _, made in history.settlements if made.applied]
        known = list(takewhile(lambda amount: amount >= 0, posted))
        due, sent = sum(known[:-1] if len(known) == len(posted) else known), plant.received.get(plant.organiser, 0)
        if sent < due:
            what = (
                f"the agent of the plant of account {account} sent {sent} µ to its contract, of {due} µ settled for it"
            )
            found.append(Told(last, None, what))
    return found
