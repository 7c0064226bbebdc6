"""`sunfair bench gas`: what every call of a market costs, read from a real node's receipts, in steady state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sunfair.app.published import PublishedPeriod
from sunfair.bench.gas_auction import AUCTION_FRAUDS, auction_evidence
from sunfair.bench.gas_book import BookRoom
from sunfair.bench.gas_chain import GasChain, gas_chain
from sunfair.bench.gas_day import LARGE
from sunfair.bench.gas_docket import Docketing, docket_gas
from sunfair.bench.gas_prices import DEFAULT_PRICES, GasPrices, month_of, public_bytes
from sunfair.bench.gas_rows import COVER_FRAUDS, ROW_FRAUDS, cover_evidence, row_evidence
from sunfair.bench.gas_scene import Places, Scene, make_scene
from sunfair.chain import contract
from sunfair.chain.anvil import find_anvil
from sunfair.chain.publishing import calldata_gas
from sunfair.errors import Fault, InputError
from sunfair.model import FIRST_MEMBER
from sunfair.settlement.court import Evidence, Settlement, row_proof
from sunfair.units import MICRO

__all__ = ["PROTOTYPES", "SIZES", "TARGETS", "bench_gas"]

SIZES = (10, 100, 1000)
"""Members of the communities that are measured."""

MEMBERS_MAX = 4_092

PROTOTYPES: Mapping[str, Mapping[str, int]] = {
    "transfer_per_trade_gas": {"10": 376_000, "100": 4_140_000, "1000": 41_800_000},
    "settle_gas": {"10": 41_000, "100": 104_000, "1000": 743_000},
    "apply_gas": {"10": 46_000, "100": 172_000, "1000": 1_450_000},
    "commit_gas": {"10": 32_000, "100": 32_000, "1000": 32_000},
    "home_day_gas": {"10": 9_950, "100": 3_080, "1000": 2_230},
}
"""Figures of prototypes of single calls (design page settlement.md, “Cost”), without bond, door, courts and takeover."""

TARGETS: Mapping[str, Any] = {
    "commit_gas": 40_000,
    "settle_gas_per_member": {"100": 3_200, "1000": 2_500},
    "challenge_gas": 160_000,
    "withdraw_gas": 65_000,
}
"""What is to be reached; of a challenge the dearest."""

Report = Callable[[str], None]


def bench_gas(
    progress: Report | None = None, *, sizes: Sequence[int] = SIZES, prices: GasPrices = DEFAULT_PRICES
) -> dict[str, Any]:
    """Measure a market of each size on an anvil of its own; a minute or two. `progress` is told what comes next.

    Returns plain JSON values. What is one figure (``challenge_gas``, ``withdraw_gas``, …) is that of the largest size;
    ``by_size`` holds everything. Raises ServiceMissing, which says what to install, without anvil, InputError for a size
    that no market has.
    """
    tell = progress or (lambda _: None)
    _check(sizes)
    find_anvil()
    measured = {}
    for size in sorted(set(sizes)):
        tell(f"{size:,} members: three days to the steady state")
        with gas_chain() as chain:
            measured[str(size)] = _measure(make_scene(chain, size), prices, tell)
    last = measured[str(max(sizes))]
    by_size = {name: {size: told[name] for size, told in measured.items()} for name in last}
    single = ("challenge_gas", "demand_gas", "answer_gas", "withdraw_gas", "request_withdrawal_gas", "deposit_gas")
    return {
        "bench": "gas",
        "chain": "anvil",
        "hardfork": "prague",
        "commit_gas": by_size["commit_gas"],
        "settle_gas_per_member": by_size["settle_gas_per_member"],
        **{name: last[name] for name in (*single, "escape_gas", "file_gas")},
        "settle_gas": by_size["settle_gas"],
        "apply_gas": by_size["apply_gas"],
        "home_day_gas": by_size["home_day_gas"],
        "home_slot_gas": by_size["home_slot_gas"],
        "by_size": measured,
        "prices": {"gas_gwei": prices.gas_gwei, "ether_eur": prices.ether_eur, "blob_gwei": prices.blob_gwei},
        "month": by_size["month"],
        "prototypes": {"source": "design page settlement.md, “Cost”", **PROTOTYPES},
        "targets": dict(TARGETS),
        "missed": _missed(measured),
    }


def _check(sizes: Sequence[int]) -> None:
    wrong = [size for size in sizes if not LARGE <= size <= MEMBERS_MAX]
    if wrong or not sizes:
        faults = [Fault("--sizes", f"{size} members", f"choose {LARGE} to {MEMBERS_MAX}") for size in wrong]
        raise InputError("these communities cannot be measured", faults or [Fault("--sizes", "names no size")])


def _missed(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The targets that were not reached, in words."""
    found = []
    for size, told in measured.items():
        due = TARGETS["settle_gas_per_member"].get(size)
        figures = [
            ("anchor", told["commit_gas"], TARGETS["commit_gas"]),
            ("withdraw", told["withdraw_gas"], TARGETS["withdraw_gas"]),
            *((f"challenge {kind}", gas, TARGETS["challenge_gas"]) for kind, gas in told["challenge_gas"].items()),
            *([("settle + apply per member", told["settle_gas_per_member"], due)] if due else []),
        ]
        found += [f"N = {size}: {name} {gas:,}, target {most:,}" for name, gas, most in figures if gas > most]
    return found


# --- one size --------------------------------------------------------------------------------------------------------


def _measure(scene: Scene, prices: GasPrices, tell: Report) -> dict[str, Any]:
    chain, size = scene.chain, scene.size
    figures: dict[str, Any] = {"size": size, **_money_gas(scene)}
    period = scene.anchor()
    figures["commit_gas"] = chain.gas()
    figures["publish_execution_gas"] = _publish_execution(chain)
    tell(f"{size:,} members: challenges")
    challenges = _void_challenge(scene, period) | _cover_challenges(scene)
    settlement = scene.settle()
    figures["settle_gas"] = chain.gas()
    challenges |= _challenges(scene, period, settlement)
    figures |= _docket(scene, period, settlement, challenges)
    figures["apply_gas"] = _apply_gas(scene, settlement)
    figures["escape_gas"] = _escape_gas(scene)
    figures["challenge_gas"] = challenges
    figures["file_gas"] = scene.filing_gas
    day = figures["settle_gas"] + figures["apply_gas"]
    figures["settle_gas_per_member"] = -(-day // size)
    figures["home_day_gas"] = -(-(day + figures["commit_gas"]) // size)
    figures["home_slot_gas"] = round((day + figures["commit_gas"]) / size / len(scene.records), 1)
    figures["month"] = month_of(figures, public_bytes(scene.records), prices)
    return figures


def _money_gas(scene: Scene) -> dict[str, int]:
    """An ordinary payment in, and out again: the account has a balance, its owner a wallet that is not empty."""
    chain, account, amount = scene.chain, FIRST_MEMBER, 10 * MICRO
    with chain.undone():
        # Asked for within day 2 it would be due by now; the market takes a request back to any time that is past.
        opened = scene.before[1].settled_at + chain.ledger.window_seconds
        chain.at(max(chain.now, opened))
        while not chain.ledger.door_open():
            chain.at(chain.now + 600)
        chain.ledger.deposit(account, amount)
        deposit = chain.gas()
        chain.ledger.request_withdrawal(account, amount)
        request = chain.gas()
        scene.anchor()
        settlement = scene.settle()
        chain.at(settlement.settled_at + chain.ledger.window_seconds)
        chain.ledger.apply(settlement, scene.posting.posted)
        chain.ledger.withdraw(account)
        withdraw = chain.gas()
    return {"deposit_gas": deposit, "request_withdrawal_gas": request, "withdraw_gas": withdraw}


def _apply_gas(scene: Scene, settlement: Settlement) -> int:
    chain = scene.chain
    with chain.undone():
        chain.at(settlement.settled_at + chain.ledger.window_seconds)
        chain.ledger.apply(settlement, scene.posting.posted)
        return chain.gas()


def _escape_gas(scene: Scene) -> int:
    """The first withdrawal of a member when the market is over: its balance, and its share of the bond."""
    chain = scene.chain
    with chain.undone():
        chain.at(int(chain.view("EnergyMarket", "escape_time")))
        return chain.call("watcher", "EnergyMarket", "withdraw", FIRST_MEMBER)


def _publish_execution(chain: GasChain) -> int:
    """What the board executes to note a publication, beside its calldata."""
    arguments = chain.address("EnergyMarket"), 1, 1, 0, 1, b"\x01"
    with chain.undone():
        gas = chain.call("operator", "DataBoard", "publish", *arguments)
    return gas - calldata_gas(contract("DataBoard").abi.call("publish", *arguments))


# --- challenges ------------------------------------------------------------------------------------------------------


def _challenges(scene: Scene, period: PublishedPeriod, settlement: Settlement) -> dict[str, int]:
    """Every refutation of something in the pending settlement, or in the auctions under it."""
    facts, chain = scene.chain.facts(), scene.chain
    gas = {}
    for at, kind in enumerate(AUCTION_FRAUDS):
        gas[kind] = chain.refuted(auction_evidence(facts, period, scene.records, Places.AUCTION + at, kind))
    for kind in ROW_FRAUDS:
        if kind != "void_row":
            gas[kind] = chain.refuted(row_evidence(facts, scene.posting, period, scene.before, kind))
    for kind, evidence in _book_evidence(scene, scene.room(period), settlement).items():
        gas[kind] = chain.refuted(evidence)
    return gas


def _book_evidence(scene: Scene, room: BookRoom, settlement: Settlement) -> dict[str, Evidence]:
    silent, late = (
        scene.posting.handed(settlement, FIRST_MEMBER + member)
        for member in (Places.SILENT_MEMBER, Places.LATE_MEMBER)
    )
    readings, member = scene.records[Places.SILENT].readings, Places.SILENT_MEMBER
    auction = room.period.auctions[Places.POOL]
    assert auction is not None
    public = row_proof(auction, int(scene.records[Places.POOL].leaf[Places.LATE_MEMBER]))
    return {
        "receipt": room.receipt(Places.HONEST, 0),
        "filed_offer": room.filed_offer(Places.FILED_OFFER, Places.FILING_MEMBER, *scene.filed),
        "filed_reading": room.filed_reading(
            Places.SILENT, silent, (int(readings.import_wh[member]), int(readings.export_wh[member]))
        ),
        "unpooled_reading": room.unpooled_reading(Places.POOL, Places.LATE_MEMBER, late, public),
        "opening": room.ghost(Places.GHOST, Places.FILING_MEMBER, FIRST_MEMBER + scene.size),
        "double_opening": room.double(Places.DOUBLE, 0, 1),
        "promise": room.promise(Places.HONEST),
    }


def _void_challenge(scene: Scene, period: PublishedPeriod) -> dict[str, int]:
    """A slot is made void, and settled as if it were not."""
    chain = scene.chain
    with chain.undone():
        first = next(iter(AUCTION_FRAUDS))
        chain.ledger.refute(
            auction_evidence(chain.facts(), period, scene.records, Places.AUCTION, first), holder="watcher"
        )
        chain.ledger.post_bond(chain.ledger.bond_of(chain.ledger.operator())[1])
        scene.settle()
        return {"void_row": chain.refuted(row_evidence(chain.facts(), scene.posting, period, scene.before, "void_row"))}


def _cover_challenges(scene: Scene) -> dict[str, int]:
    """Each false sum of cover needs a settlement of its own."""
    gas = {}
    for kind in COVER_FRAUDS:
        posting = scene.books.posting([kind])
        with scene.chain.undone():
            scene.settle(posting)
            gas[kind] = scene.chain.refuted(cover_evidence(scene.chain.facts(), posting, kind))
    return gas


def _docket(
    scene: Scene, period: PublishedPeriod, settlement: Settlement, challenges: dict[str, int]
) -> dict[str, dict[str, int]]:
    """Demands and answers; convicting a silence is a challenge like the others."""
    room = scene.room(period)
    gas = docket_gas(Docketing(scene.chain, settlement, scene.posting, period, room, Places.HONEST))
    challenges |= {f"silence_{kind}": used for kind, used in gas["silence"].items()}
    return {"demand_gas": gas["demand"], "answer_gas": gas["answer"]}


@dataclass(frozen=True, slots=True)
class _Unused:
    """."""
