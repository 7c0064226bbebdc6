"""The figures of `bench gas` as tables for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sunfair.bench.gas_charging import charging_text

__all__ = ["gas_text"]

_CALLS = (
    ("commit_gas", "anchor", "commit_gas"),
    ("settle_gas", "settle", "settle_gas"),
    ("apply_gas", "apply", "apply_gas"),
    ("settle_gas_per_member", "settle + apply, a member", None),
    ("home_day_gas", "anchor, settle, apply: a home and day", "home_day_gas"),
    ("home_slot_gas", "the same, a home and slot", None),
    ("deposit_gas", "deposit", None),
    ("request_withdrawal_gas", "request_withdrawal", None),
    ("withdraw_gas", "withdraw", None),
    ("escape_gas", "withdraw after the escape, with a share of the bond", None),
)

_MONTH = (
    ("settling_eur", "settling"),
    ("data_as_calldata_eur", "data: calldata"),
    ("data_as_blobs_eur", "data: blobs"),
    ("deposit_and_withdrawal_eur", "in and out"),
    ("total_eur", "total"),
)


def gas_text(figures: Mapping[str, Any]) -> str:
    """What `bench_gas` returned: calls beside prototypes and targets, challenges, demands, and the price of a month."""
    sizes = list(figures["by_size"])
    parts = [
        "Gas on anvil, Prague rules, in steady state: words written were not zero before (a first write adds 17,100)",
        _calls(figures, sizes),
        _challenges(figures, sizes),
        _docket(figures, sizes),
        charging_text(figures["charging_gas"], _table),
        _months(figures, sizes),
        _missed(figures),
    ]
    return "\n\n".join(parts)


def _calls(figures: Mapping[str, Any], sizes: Sequence[str]) -> str:
    rows = [["call", *(f"N = {size}" for size in sizes), "prototypes", "target"]]
    for name, words, prototype in _CALLS:
        kept = figures["prototypes"][prototype] if prototype else {}
        each = (f"{figures['by_size'][size][name]:,}" for size in sizes)
        rows.append([words, *each, _all(kept), _target(figures, name)])
    naive = figures["prototypes"]["transfer_per_trade_gas"]
    rows.append(["one ERC-20 transfer a trade, one slot", *("" for _ in sizes), _all(naive), ""])
    return _table(rows)


def _all(kept: Mapping[str, int]) -> str:
    return " / ".join(f"{gas:,}" for gas in kept.values())


def _target(figures: Mapping[str, Any], name: str) -> str:
    due = figures["targets"].get(name, "")
    if isinstance(due, Mapping):
        return ", ".join(f"{most:,} at {size}" for size, most in due.items())
    return f"{due:,}" if due else ""


def _challenges(figures: Mapping[str, Any], sizes: Sequence[str]) -> str:
    most = figures["targets"]["challenge_gas"]
    rows = [[f"challenge (target {most:,} at 1000)", *(f"N = {size}" for size in sizes), ""]]
    for kind, gas in figures["challenge_gas"].items():
        each = (f"{figures['by_size'][size]['challenge_gas'][kind]:,}" for size in sizes)
        rows.append([kind, *each, "above" if gas > most else ""])
    adds = figures["first_challenge_adds_gas"]
    first = f"The first of its kind adds {adds['header']:,} if it makes a slot void, else {adds['private_row']:,}."
    return f"{_table(rows)}\n{first}"


def _docket(figures: Mapping[str, Any], sizes: Sequence[str]) -> str:
    last = figures["by_size"][sizes[-1]]
    rows = [[f"docket, N = {sizes[-1]}", "demand", "answer"]]
    for kind, gas in last["demand_gas"].items():
        rows.append([kind, f"{gas:,}", f"{last['answer_gas'][kind]:,}"])
    filed = last["file_gas"]
    return f"{_table(rows)}\nFiling an offer {filed['offer']:,}, a reading {filed['reading']:,}."


def _months(figures: Mapping[str, Any], sizes: Sequence[str]) -> str:
    prices = figures["prices"]
    gas, blob, ether = (prices[name] for name in ("gas_gwei", "blob_gwei", "ether_eur"))
    told = f"{gas:g} gwei a gas, {blob:g} gwei a blob gas, {ether:,g} EUR an ether"
    rows = [["EUR a home and month", *(words for _, words in _MONTH), "public data a day"]]
    for size in sizes:
        month = figures["month"][size]
        data = f"{month['public_bytes_a_day']:,} B, as {month['way']}"
        rows.append([f"N = {size}", *(f"{month[name]:,.4f}" for name, _ in _MONTH), data])
    notes = "Settling: anchor, settle, apply once a day. In and out: a deposit, a request, a withdrawal once a month."
    return f"At {told}:\n{_table(rows)}\n{notes}"


def _missed(figures: Mapping[str, Any]) -> str:
    missed = figures["missed"]
    return "Every target is reached." if not missed else "Not reached:\n" + "\n".join(f"  {line}" for line in missed)


def _table(rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need to be: the first to the left, the others to the right."""
    lines = [list(row) for row in rows]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join([row[0].ljust(first), *(cell.rjust(at) for cell, at in zip(row[1:], others, strict=True))]).rstrip()
        for row in lines
    )
