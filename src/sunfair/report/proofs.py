"""What the page cannot know by itself: what stands on chain, and the roots of rows that are not in the page.

Everything else (row hashes, row roots, period root, books, results, headers, anchor) the page works out again.
"""

import base64
from typing import Any

import numpy as np

from sunfair.errors import LedgerError, RunFilesError
from sunfair.files import MeterRows, nonces, private_rows
from sunfair.model import FIRST_MEMBER, UTILITY, Session
from sunfair.ports import ChainRecord
from sunfair.report.day import Day
from sunfair.report.run import Numbers, Run
from sunfair.settlement import Domain, SlotTerms, Tree, claims, header_price
from sunfair.units import ENERGY_MAX

__all__ = [
    "chain_facts",
    "header_prices",
    "member_caps",
    "period_accounts",
    "read_record",
    "row_roots",
    "void_slots",
]


def read_record(run: Run) -> tuple[ChainRecord | None, str]:
    """What stands on the run's chain; or None, and why it cannot be read."""
    from sunfair.chain import read_chain  # noqa: PLC0415  a page without a chain needs no EVM

    try:
        return read_chain(run.folder / "chain"), ""
    except (RunFilesError, LedgerError) as error:
        return None, str(error).splitlines()[0]


def chain_facts(run: Run, day: Day, chain: ChainRecord | None) -> dict[str, Any] | None:
    """The chain's word on the day: anchor, settlement, amounts by account (the guarantor's last)."""
    if chain is None:
        return None
    anchored, settled = day.anchored, day.settled
    return {
        "chain_id": chain.chain_id,
        "market": "0x" + chain.market.hex(),
        "domain": Domain(run.community.name, chain.chain_id, chain.market).separator.hex(),
        "period": None if anchored is None else anchored.period,
        "anchor": None if anchored is None else anchored.root.hex(),
        "period_root": None if settled is None else settled.period_root.hex(),
        "amounts": None if settled is None else list(settled.amounts),
        "applied": settled is not None and settled.applied,
        "periods_anchored": len(chain.anchors),
        "periods_applied": sum(settlement.applied for settlement in chain.settlements),
    }


def period_accounts(run: Run, day: Day) -> dict[str, list[int]]:
    """Arrears and cover of the day by account, and the amount that follows from them and the rows, µ."""
    size = run.homes + FIRST_MEMBER
    parts = {"arrears": np.zeros(size, np.int64), "cover": np.zeros(size, np.int64)}
    table = run.table("transfers", ["account", "kind", "amount"], day.span)
    for account, kind, amount in zip(*(table[name].to_pylist() for name in table.column_names[:3]), strict=True):
        if kind in parts:
            parts[kind][account] += amount
    amounts = run.ints("rows", ["paid"], day.span)["paid"].sum(axis=0) + parts["arrears"] + parts["cover"]
    amounts[UTILITY] -= parts["arrears"].sum()
    return {"amount": amounts.tolist(), **{name: values.tolist() for name, values in parts.items()}}


def row_roots(run: Run, day: Day) -> list[str]:
    """The root of every account's rows of the day, base64."""
    rows = run.ints("rows", ["traded_ahead_wh", "traded_pool_wh", "metered_wh", "paid"], day.span)
    table = run.table("rows", ["leaf", "salt", "offer_hash"], day.span)
    shape, meters = rows["paid"].shape, run.meters(day.span)
    salts = b"".join(salt or bytes(32) for salt in table["salt"].to_pylist())
    leaf = np.array([-1 if at is None else at for at in table["leaf"].to_pylist()], np.int64)
    rows["leaf"] = leaf.reshape(shape)
    rows["nonce"] = nonces(table, run.table("receipts", ["offer_hash", "nonce"])).reshape(shape)
    period = private_rows(
        run.slot[day.span.places],
        rows,
        meters,
        _claimed(run, day, rows, meters),
        np.frombuffer(salts, np.uint8).reshape(*shape, 32),
    )
    return [base64.b64encode(Tree(period.leaves(account)).root).decode() for account in range(shape[1])]


def _claimed(run: Run, day: Day, rows: dict[str, Numbers], meters: MeterRows) -> Numbers:
    """What of each slot's debits the utility may claim, µ, int64[T, m]."""
    slots = run.table("slots", ["retail", "feed_in"], day.span)
    tariffs = zip(*(slots[name].to_pylist() for name in ("retail", "feed_in")), strict=True)
    metered = np.zeros_like(rows["paid"])
    metered[:, FIRST_MEMBER:] = meters.metered_wh
    ahead, pool = rows["traded_ahead_wh"], rows["traded_pool_wh"]
    terms = [SlotTerms(None, None, retail, feed_in, run.community.fees) for retail, feed_in in tariffs]
    each = zip(terms, ahead, pool, metered, meters.true_up, strict=True)
    return np.stack([claims(*one) for one in each])


def member_caps(run: Run, chain: ChainRecord | None) -> list[int]:
    """What each home may offer on a side, Wh; a chain that names no caps leaves the bound of all."""
    caps = chain.caps if chain is not None else ()
    return list(caps[FIRST_MEMBER:]) if caps else [ENERGY_MAX] * run.homes


def void_slots(run: Run, day: Day) -> dict[str, str]:
    """The day's slots in which no trade counts, by their number in the day: the anchored header, hex ("" for none)."""
    table = run.table("void", ["slot", "header"], day.span)
    first = int(run.slot[day.span.start])
    found = zip(table["slot"].to_pylist(), table["header"].to_pylist(), strict=True)
    return {str(slot - first): "" if header is None else header.hex() for slot, header in found}


def header_prices(run: Run, day: Day) -> dict[str, list[int]]:
    """The two prices that stand in each slot's header, µ/kWh: also where nothing traded and the files say null."""
    offers = run.table("offers", ["session", "slot", "energy_wh", "limit"], day.span)
    slot, energy, limit = (np.asarray(offers[name]).astype(np.int64) for name in ("slot", "energy_wh", "limit"))
    session = np.asarray(offers["session"].to_pylist(), dtype=object)
    slots = run.table("slots", ["retail", "feed_in", "price_ahead", "price_pool"], day.span)
    listed: dict[str, list[int]] = {}
    for name, mechanism in zip(Session, run.community.mechanism.sessions, strict=True):
        prices = slots[f"price_{name.value}"].to_pylist()
        mine = session == name.value
        listed[f"header_{name.value}"] = [
            header_price(
                mechanism,
                energy[here],
                limit[here],
                price,
                k=run.community.k,
                retail=slots["retail"][at].as_py(),
                feed_in=slots["feed_in"][at].as_py(),
            )
            for at, price in enumerate(prices)
            for here in [mine & (slot == run.slot[day.span.start + at])]
        ]
    return listed
