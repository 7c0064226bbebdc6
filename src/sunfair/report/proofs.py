"""What the page cannot know by itself: what stands on chain, and the roots of rows that are not in the page.

Everything else (row hashes, row roots, period root, books, results, headers, anchor) the page works out again.
"""

import base64
from typing import Any

import numpy as np

from sunfair.errors import LedgerError, RunFilesError
from sunfair.model import FIRST_MEMBER, UTILITY, Session
from sunfair.ports import ChainRecord
from sunfair.report.day import Day
from sunfair.report.run import Numbers, Run
from sunfair.settlement import Domain, PeriodRows, Tree, header_price

__all__ = ["chain_facts", "header_prices", "period_accounts", "read_record", "row_roots"]


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
    registers = run.ints("readings", ["import_wh", "export_wh"], day.span)
    table = run.table("rows", ["leaf", "salt"], day.span)
    shape = rows["paid"].shape
    salts = b"".join(salt or bytes(32) for salt in table["salt"].to_pylist())
    leaf = np.array([-1 if at is None else at for at in table["leaf"].to_pylist()], np.int64)
    period = PeriodRows(
        slots=run.slot[day.span.places],
        leaf=leaf.reshape(shape),
        traded_ahead_wh=rows["traded_ahead_wh"],
        traded_pool_wh=rows["traded_pool_wh"],
        metered_wh=rows["metered_wh"],
        import_register_wh=_with_institutions(registers["import_wh"]),
        export_register_wh=_with_institutions(registers["export_wh"]),
        paid=rows["paid"],
        salts=np.frombuffer(salts, np.uint8).reshape(*shape, 32),
    )
    return [base64.b64encode(Tree(period.leaves(account)).root).decode() for account in range(shape[1])]


def _with_institutions(members: Numbers) -> Numbers:
    return np.concatenate([np.zeros((len(members), FIRST_MEMBER), np.int64), members], axis=1)


def header_prices(run: Run, day: Day) -> dict[str, list[int]]:
    """The two prices that stand in each slot's header, µ/kWh: also where nothing traded and the files say null."""
    offers = run.table("offers", ["session", "slot", "energy_wh", "limit"], day.span)
    slot, energy, limit = (np.asarray(offers[name]).astype(np.int64) for name in ("slot", "energy_wh", "limit"))
    session = np.asarray(offers["session"].to_pylist(), dtype=object)
    slots = run.table("slots", ["retail", "feed_in", "price_ahead", "price_pool"], day.span)
    listed: dict[str, list[int]] = {}
    for name in Session:
        prices = slots[f"price_{name.value}"].to_pylist()
        mine = session == name.value
        listed[f"header_{name.value}"] = [
            header_price(
                run.community.mechanism,
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
