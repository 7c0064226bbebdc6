"""One market measured: each call in its turn, whatever would disturb the next one undone."""

from typing import Any

from sunfair.app.published import PublishedPeriod
from sunfair.bench.gas_auction import AUCTION_FRAUDS, auction_evidence
from sunfair.bench.gas_book import BookRoom
from sunfair.bench.gas_chain import GasChain
from sunfair.bench.gas_docket import Docketing, docket_gas
from sunfair.bench.gas_prices import GasPrices, month_of, public_bytes
from sunfair.bench.gas_rows import COVER_FRAUDS, ROW_FRAUDS, cover_evidence, row_evidence
from sunfair.bench.gas_scene import PAID, Places, Scene
from sunfair.chain import contract
from sunfair.chain.publishing import calldata_gas
from sunfair.model import FIRST_MEMBER
from sunfair.settlement.court import Evidence, Settlement

__all__ = ["measure"]


def measure(scene: Scene, prices: GasPrices) -> dict[str, Any]:
    """Gas of every call of this market, by name, and what a home pays in a month."""
    chain = scene.chain
    figures: dict[str, Any] = {"size": scene.size}
    deposit_and_request = _paid_in(scene)
    period = scene.anchor()
    figures["commit_gas"] = chain.gas()
    first = _first_challenges(scene, period)
    scene.convict(period)
    covers = _cover_challenges(scene)
    settlement = scene.settle()
    figures["settle_gas"] = chain.gas()
    docket = docket_gas(Docketing(chain, settlement, scene.posting, period, scene.room(period), Places.HONEST))
    silences = {f"silence_{kind}": (gas, "Docket.convict_silence") for kind, gas in docket["silence"].items()}
    found = {**_challenges(scene, period, settlement), **covers, **silences}
    challenges = {kind: gas for kind, (gas, _) in found.items()}
    figures |= deposit_and_request | _applied(scene, settlement)
    figures["escape_gas"] = _escape(scene)
    figures["challenge_gas"] = challenges
    figures["challenge_calls"] = {kind: call for kind, (_, call) in found.items()}
    figures["first_challenge_adds_gas"] = {kind: first[kind] - challenges[kind] for kind in first}
    figures["demand_gas"], figures["answer_gas"] = docket["demand"], docket["answer"]
    figures["file_gas"] = scene.filing_gas
    figures["publish_execution_gas"] = _publish_execution(chain)
    figures |= _shares(figures, scene.size, len(scene.records))
    figures["month"] = month_of(figures, public_bytes(scene.records), prices)
    return figures


def _shares(figures: dict[str, Any], size: int, slots: int) -> dict[str, Any]:
    """What falls to a member, a home and day, a home and slot; rounded up."""
    settling = figures["settle_gas"] + figures["apply_gas"]
    day = settling + figures["commit_gas"]
    return {
        "settle_gas_per_member": -(-settling // size),
        "home_day_gas": -(-day // size),
        "home_slot_gas": -(-day // (size * slots)),
    }


# --- money -----------------------------------------------------------------------------------------------------------


def _paid_in(scene: Scene) -> dict[str, int]:
    """A payment into an account that holds money, from a wallet that does; and what the request for some of it cost."""
    ledger = scene.chain.ledger
    while not ledger.door_open():
        scene.chain.at(scene.chain.now + 600)
    with scene.chain.undone():
        ledger.deposit(FIRST_MEMBER, PAID)
        return {"deposit_gas": scene.chain.gas(), "request_withdrawal_gas": scene.request_gas}


def _applied(scene: Scene, settlement: Settlement) -> dict[str, int]:
    """The apply, and the withdrawal that is due after it."""
    chain = scene.chain
    with chain.undone():
        chain.at(settlement.settled_at + chain.ledger.window_seconds)
        chain.ledger.apply(settlement, scene.posting.posted)
        apply = chain.gas()
        chain.ledger.withdraw(FIRST_MEMBER)
        return {"apply_gas": apply, "withdraw_gas": chain.gas()}


def _escape(scene: Scene) -> int:
    """The withdrawal of a member when the market is over: its balance, and its share of the bond."""
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


def _refuted(chain: GasChain, evidence: Evidence) -> tuple[int, str]:
    """The gas of a challenge, and the function that convicts."""
    return chain.refuted(evidence), f"{evidence.court}.{evidence.function}"


def _first_challenges(scene: Scene, period: PublishedPeriod) -> dict[str, int]:
    """The first challenges ever: nothing is void yet, and their finder has never found anything."""
    chain = scene.chain
    with chain.undone():
        scene.settle()
        facts = chain.facts()
        auction = auction_evidence(facts, period, scene.records, Places.AUCTION, "header")
        row = row_evidence(facts, scene.posting, period, scene.before, "private_row")
        return {"header": chain.refuted(auction), "private_row": chain.refuted(row)}


def _challenges(scene: Scene, period: PublishedPeriod, settlement: Settlement) -> dict[str, tuple[int, str]]:
    """Every refutation of something in the pending settlement, or in the auctions under it."""
    facts, chain = scene.chain.facts(), scene.chain
    found = {
        kind: auction_evidence(facts, period, scene.records, Places.AUCTION + at, kind)
        for at, kind in enumerate(AUCTION_FRAUDS)
    }
    found |= {kind: row_evidence(facts, scene.posting, period, scene.before, kind) for kind in ROW_FRAUDS}
    found |= _book_evidence(scene, scene.room(period), settlement)
    return {kind: _refuted(chain, evidence) for kind, evidence in found.items()}


def _book_evidence(scene: Scene, room: BookRoom, settlement: Settlement) -> dict[str, Evidence]:
    silent, late = Places.SILENT_MEMBER, Places.LATE_MEMBER
    rows = {member: scene.posting.handed(settlement, FIRST_MEMBER + member) for member in (silent, late)}
    readings = scene.records[Places.SILENT].readings
    registers = int(readings.import_wh[silent]), int(readings.export_wh[silent])
    return {
        "receipt": room.receipt(Places.HONEST, 0),
        "filed_offer": room.filed_offer(Places.FILED_OFFER, Places.FILING_MEMBER, *scene.filed),
        "filed_reading": room.filed_reading(Places.SILENT, rows[silent], registers),
        "unpooled_reading": room.unpooled_reading(Places.POOL, rows[late]),
        "opening": room.ghost(Places.GHOST, Places.FILING_MEMBER, FIRST_MEMBER + scene.size),
        "double_opening": room.double(Places.DOUBLE, 0, 1),
        "promise": room.promise(Places.HONEST),
    }


def _cover_challenges(scene: Scene) -> dict[str, tuple[int, str]]:
    """Each false sum of cover needs a settlement of its own."""
    gas = {}
    for kind in COVER_FRAUDS:
        posting = scene.books.posting([kind])
        with scene.chain.undone():
            scene.settle(posting)
            gas[kind] = _refuted(scene.chain, cover_evidence(scene.chain.facts(), posting, kind))
    return gas
