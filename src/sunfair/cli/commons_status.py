"""`sunfair commons status`: where a plant stands, in units of the currency, words and instants."""

from datetime import UTC, datetime
from typing import Any

from sunfair.chain import DEMO_CHAINS
from sunfair.chain.plants import PlantContract
from sunfair.cli.commons_acts import Who, opened_plant
from sunfair.cli.show import print_json, stdout
from sunfair.commons.plan import MotionKind, Plan, ReportKind
from sunfair.ports.plants import Docket, MotionRecord, PlantStatus
from sunfair.units import MICRO

__all__ = ["run_status"]


def run_status(plant: str, who: Who, from_block: int | None, *, as_json: bool) -> None:
    """Print where a plant stands. Offers and the waiting list are read from the log, from block `from_block` on.

    Without it they are read on a local chain alone: elsewhere a log from the first block on is more than a node gives.
    """
    with opened_plant(who, plant, looks=True, first_block=from_block or 0) as ledger:
        told = _told(ledger)
        if from_block is not None or ledger.chain_id in DEMO_CHAINS:
            told |= {
                "offers": [
                    {"seller": _hex(one.seller), "shares": one.shares, "price": one.price, "since": one.since}
                    for one in ledger.offers()
                ],
                "waiting": [_hex(one) for one in ledger.waiting()],
            }
    if as_json:
        print_json(told)
    else:
        _print(told)


def _told(ledger: PlantContract) -> dict[str, Any]:
    """For JSON: money µ, times unix s, kinds by name."""
    status, plan, docket, now = ledger.status(), ledger.plan(), ledger.docket(), ledger.now()
    terms = plan.terms
    plain = {name: getattr(status, name) for name in ("supply", "members", "next", "milestones", "closes_at")}
    money = {name: getattr(status.money, name) for name in ("escrow", "fund", "bonds", "unclaimed", "held")}
    return {
        "state": status.state.name,
        "now": now,
        **plain,
        "capex": terms.capex,
        "cap": terms.cap,
        "bond": terms.bond,
        "deadline": terms.deadline,
        "by_head": terms.by_head,
        **money,
        "plan": _milestones(plan, status),
        "evidence": _evidence(docket, plan),
        "report": _report(docket, plan),
        "votes": [_vote(vote) for vote in ledger.motions()],
    }


def _milestones(plan: Plan, status: PlantStatus) -> list[dict[str, Any]]:
    return [
        {
            "milestone": at + 1,
            "payee": _hex(one.payee),
            "amount": one.amount,
            "deadline": one.deadline,
            "stands": "paid" if at < status.next else "next" if at == status.next else "later",
        }
        for at, one in enumerate(plan.milestones)
    ]


def _evidence(docket: Docket, plan: Plan) -> dict[str, Any] | None:
    """Evidence that waits: until when somebody may object, or the vote about it."""
    if not docket.evidence:
        return None
    until = docket.submitted_at + plan.terms.window_seconds
    return {"hash": _hex(docket.evidence), "objections_until": until, "motion": docket.evidence_motion or None}


def _report(docket: Docket, plan: Plan) -> dict[str, Any] | None:
    """A report about the goal: until when somebody may challenge it, or the vote about it."""
    if not docket.report:
        return None
    until = docket.reported_at + plan.terms.window_seconds
    kind = ReportKind(docket.report).name
    return {
        "kind": kind,
        "reporter": _hex(docket.reporter),
        "challenges_until": until,
        "motion": docket.report_motion or None,
    }


def _vote(vote: MotionRecord) -> dict[str, Any]:
    kind = MotionKind(vote.kind).name
    return {
        "motion": vote.number, "kind": kind, "mover": _hex(vote.mover), "amount": vote.amount, "ends": vote.ends,
        "yes": vote.yes, "no": vote.no, "total": vote.total,
    }  # fmt: skip


def _print(told: dict[str, Any]) -> None:
    """The same for people."""
    _line("state", f"{told['state']} at {_when(told['now'])}")
    _line("pledged", f"{_units(told['supply'])} of {_units(told['capex'])}, at most {_units(told['cap'])}")
    _line("members", str(told["members"]))
    _line("pledges until", _when(told["deadline"]))
    if told["closes_at"]:
        _line("closes from", _when(told["closes_at"]))
    holds = {"escrow": "for milestones", "fund": "in the reserve", "bonds": "bonds and dues", "unclaimed": "unclaimed"}
    _line(
        "holds", f"{_units(told['held'])}: " + ", ".join(f"{_units(told[key])} {word}" for key, word in holds.items())
    )
    _line("bond", _units(told["bond"]))
    _line("evidence", _open(told["evidence"], "objections_until", "objections"))
    _line("report", _open(told["report"], "challenges_until", "challenges"))
    for one in told["plan"]:
        to = f"{_units(one['amount'])} to {one['payee']} by {_when(one['deadline'])}, {one['stands']}"
        _line(f"milestone {one['milestone']}", to)
    weight = str if told["by_head"] else _units
    for one in told["votes"]:
        counts = f"{weight(one['yes'])} yes, {weight(one['no'])} no of {weight(one['total'])}"
        ends = "ends" if one["ends"] > told["now"] else "ended"
        _line(f"vote {one['motion']}", f"{one['kind']}: {counts}; {ends} {_when(one['ends'])}")
    if "offers" not in told:
        _line("offers", "not looked for: name the block of the plant's creation by --from-block")
        return
    for one in told["offers"]:
        _line("offer", f"{_units(one['shares'])} shares for {_units(one['price'])} of {one['seller']}")
    _line("offers", str(len(told["offers"])))
    _line("waiting", ", ".join(told["waiting"]) or "nobody")


def _open(matter: dict[str, Any] | None, until: str, what: str) -> str:
    if matter is None:
        return "none is open"
    name = matter.get("kind") or matter["hash"]
    if matter["motion"]:
        return f"{name}, vote {matter['motion']} decides"
    return f"{name}, {what} until {_when(matter[until])}"


def _line(name: str, text: str) -> None:
    stdout.print(f"{name:<14} {text}", markup=False, soft_wrap=True)


def _units(amount: int) -> str:
    """µ as units of the token, with no more digits than it needs."""
    whole, part = divmod(amount, MICRO)
    return f"{whole:,}" if not part else f"{whole:,}.{part:06d}".rstrip("0")


def _when(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
