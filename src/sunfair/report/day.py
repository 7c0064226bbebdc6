"""The one day whose every row stands in the page: rows, offers, plans and registers of all homes, column by column."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from sunfair.files import nonces
from sunfair.model import FIRST_MEMBER
from sunfair.ports import Anchored, ChainRecord, Settled
from sunfair.report.run import Numbers, Run, Span
from sunfair.units import NO_BUY, NO_SELL

__all__ = ["Day", "choose_day", "day_rows", "packed", "shown_homes"]

ROWS_MAX = 40_000
"""Home-slots whose rows are written into the page at most: 400 homes of a day of quarter-hours, about 10 MB."""

_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Day:
    """A civil day of the run, and its anchor and settlement as they stand on chain (None: not there yet)."""

    civil: date
    span: Span
    anchored: Anchored | None
    settled: Settled | None


def choose_day(run: Run, chain: ChainRecord | None) -> Day:
    """The last day that is settled on chain, or else the last day of the run."""
    days = [_on_chain(run, civil, span, chain) for civil, span in run.days]
    settled = [day for day in days if day.settled is not None]
    return (settled or days)[-1]


def _on_chain(run: Run, civil: date, span: Span, chain: ChainRecord | None) -> Day:
    first = int(run.slot[span.start])
    anchors = chain.anchors if chain else ()
    anchored = next((a for a in anchors if a.first_slot == first and a.slots == span.length), None)
    if anchored is None or chain is None:
        return Day(civil, span, None, None)
    return Day(civil, span, anchored, _settled(chain, anchored))


def _settled(chain: ChainRecord, anchored: Anchored) -> Settled | None:
    """The settlement of this period alone that no court cancelled."""
    mine = [s for s in chain.settlements if (s.period, s.periods) == (anchored.period, 1) and not s.cancelled]
    return mine[-1] if mine else None


def shown_homes(run: Run, day: Day) -> int:
    """How many homes, from the first on, have their rows in the page."""
    return min(run.homes, max(1, ROWS_MAX // day.span.length))


def packed(values: Sequence[Any]) -> Any:
    """A column for the page: the one value if all are equal, else the list."""
    return values[0] if values and all(value == values[0] for value in values) else list(values)


def day_rows(run: Run, day: Day, homes: int) -> dict[str, Any]:
    """What the page needs of the first `homes` homes: columns of `rows`, `readings`, `offers` and `plans` by home."""
    return {
        **_columns(run.ints("rows", ["traded_ahead_wh", "traded_pool_wh", "metered_wh", "paid"], day.span), homes),
        **_secrets(run, day, homes),
        **_registers(run, day, homes),
        "curve": _curves(run, day, homes),
        "institutions": run.ints("rows", ["paid"], day.span)["paid"][:, :FIRST_MEMBER].T.tolist(),
        "plan": _plans(run, day, homes),
    }


def _columns(grids: dict[str, Numbers], homes: int) -> dict[str, Any]:
    """Columns of `rows` by home."""
    return {
        name: [packed(values) for values in grid[:, FIRST_MEMBER : FIRST_MEMBER + homes].T.tolist()]
        for name, grid in grids.items()
    }


def _secrets(run: Run, day: Day, homes: int) -> dict[str, Any]:
    """Place in the secret order, the offer's nonce, salt (base64, the day's in a row) and standing limits by home."""
    table = run.table("rows", ["account", "salt", "leaf", "pool_buy", "pool_sell", "offer_hash"], day.span)
    members = table.filter(np.asarray(table["account"]) >= FIRST_MEMBER)
    found = nonces(members, run.table("receipts", ["offer_hash", "nonce"])).reshape(-1, run.homes)

    def by_home(name: str, absent: object) -> list[list[Any]]:
        values = [absent if value is None else value for value in members[name].to_pylist()]
        return [values[home :: run.homes] for home in range(homes)]

    return {
        "leaf": [packed(values) for values in by_home("leaf", -1)],
        "nonce": [packed(values) for values in found[:, :homes].T.tolist()],
        "pool_buy": [packed(values) for values in by_home("pool_buy", NO_BUY)],
        "pool_sell": [packed(values) for values in by_home("pool_sell", NO_SELL)],
        "salt": [base64.b64encode(b"".join(salts)).decode() for salts in by_home("salt", bytes(32))],
    }


def _registers(run: Run, day: Day, homes: int) -> dict[str, Any]:
    """Whose reading came (0 none, 1 in time, 2 late), the meters before the day, and what each slot moved them by, Wh.

    The meter before the day: its registers, the slots without a reading, and their dearest and cheapest tariff.
    """
    start, stop = day.span.start, day.span.stop
    meters = run.meters(Span(max(start - 1, 0), stop))
    names = ("import_wh", "export_wh", "gap_slots", "gap_retail", "gap_feed_in")
    state = np.stack([getattr(meters, name)[:, :homes] for name in names])
    if not start:
        state = np.concatenate([np.zeros_like(state[:, :1]), state], axis=1)
    came = (meters.valid.astype(np.int64) + (meters.valid & meters.late))[-day.span.length :, :homes]
    moved = np.diff(state[:2], axis=1)
    return {
        "meter_before": state[:, 0].T.tolist(),
        "came": [packed(values) for values in came.T.tolist()],
        "import_wh": [packed(values) for values in moved[0].T.tolist()],
        "export_wh": [packed(values) for values in moved[1].T.tolist()],
    }


def _curves(run: Run, day: Day, homes: int) -> list[list[list[int]]]:
    """Each home's ahead curve in each slot: energy, limit, energy, limit, …"""
    table = run.table("offers", ["session", "slot", "account", "step", "energy_wh", "limit"], day.span)
    curves: list[list[list[int]]] = [[[] for _ in range(day.span.length)] for _ in range(homes)]
    first = int(run.slot[day.span.start])
    columns = [table[name].to_pylist() for name in ("session", "slot", "account", "energy_wh", "limit")]
    for session, slot, account, energy, limit in zip(*columns, strict=True):
        home = account - FIRST_MEMBER
        if session == "ahead" and home < homes:
            curves[home][slot - first] += [energy, limit]
    return curves


def _plans(run: Run, day: Day, homes: int) -> dict[str, Any]:
    """What was dispatched by home, and why: a reason is [sentence, number, number, …], the sentences stand apart."""
    names = ["load_wh", "pv_wh", "battery_wh", "ev_wh", "curtail_wh", "soc_wh", "marginal_value"]
    grids = run.ints("plans", names, day.span)
    columns: dict[str, Any] = {name: [packed(v) for v in grid[:, :homes].T.tolist()] for name, grid in grids.items()}
    sentences: dict[str, int] = {}
    reasons = [_reason(text, sentences) for text in run.table("plans", ["reason"], day.span)["reason"].to_pylist()]
    columns["reason"] = [reasons[home :: run.homes] for home in range(homes)]
    columns["sentences"] = list(sentences)
    return columns


def _reason(text: str, sentences: dict[str, int]) -> list[Any]:
    numbers = [int(n) if n.isascii() and n.isdigit() and str(int(n)) == n else n for n in _NUMBER.findall(text)]
    sentence = _NUMBER.sub("\x00", text)
    return [sentences.setdefault(sentence, len(sentences)), *numbers]
