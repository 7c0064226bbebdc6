"""Everything the page knows, as one JSON object of integers, texts and nulls (shares of 1 excepted)."""

from typing import Any

from sunfair.model import Community
from sunfair.ports import ChainRecord
from sunfair.report.agents import agent_day
from sunfair.report.day import Day, choose_day, day_rows, packed, shown_homes
from sunfair.report.flows import FLOWS
from sunfair.report.holders import plant_list
from sunfair.report.homes import home_list, institution_totals
from sunfair.report.limits import day_caps, day_envelope_roots
from sunfair.report.local import local_day
from sunfair.report.proofs import chain_facts, header_prices, member_caps, period_accounts, row_roots, void_slots
from sunfair.report.run import Run
from sunfair.report.series import street_series
from sunfair.report.wire_day import held_back
from sunfair.report.wires import street_map
from sunfair.settlement import LINES

__all__ = ["payload"]

FORMAT = "sunfair-report/1"


def payload(run: Run, chain: ChainRecord | None, chain_error: str = "") -> dict[str, Any]:
    """The page's data; `chain` is what stands on the run's chain, None (and why) if it cannot be read."""
    day = choose_day(run, chain) if len(run.slot) else None
    return {
        "format": FORMAT,
        **_settings(run.community),
        **_story(run),
        "lines": [line.value for line in LINES],
        "series": {**street_series(run), "flows": list(FLOWS)},
        "homes": home_list(run, day),
        "institutions": institution_totals(run),
        "plants": plant_list(run, day, chain),
        "day": None if day is None else _day(run, day, chain, chain_error),
        "map": None if day is None else street_map(run, day),
        "held_back": None if day is None else held_back(run, day),
    }


def _settings(community: Community) -> dict[str, Any]:
    fees = community.fees
    return {
        "name": community.name,
        "currency": community.currency,
        "timezone": community.clock.timezone,
        "slot_seconds": community.clock.seconds,
        "sessions": [session.value for session in community.sessions],
        "mechanism": community.mechanism.value,
        "k": list(community.k),
        "fees": [fees.seller_bps, fees.utility_bps, fees.network_bps],
    }


def _story(run: Run) -> dict[str, Any]:
    """When the run was, whether it is whole, its figures and its notices."""
    summary = run.summary
    return {
        "partial": run.partial,
        "seed": summary.get("seed"),
        "planned_days": summary.get("days"),
        "notices": [str(notice) for notice in summary.get("notices", ())],
        "figures": {
            "community": {k: v for k, v in summary.get("community", {}).items() if isinstance(v, int | float)},
            "violations": summary.get("violations"),
            "envelope": summary.get("envelope") or None,
        },
        "offsets": _offsets(run),
    }


def _offsets(run: Run) -> list[list[int]]:
    """From which slot on which UTC offset (min) holds at the site."""
    clock = run.community.clock
    changes: list[list[int]] = []
    for _, span in run.days:
        # An offset changes within a day at most, and rarely: only then is the day gone through slot by slot.
        ends = [int(run.slot[span.start]), int(run.slot[span.stop - 1])]
        one = len({clock.local(slot).utcoffset() for slot in ends}) == 1
        for slot in ends[:1] if one else range(ends[0], ends[1] + 1):
            offset = clock.local(slot).utcoffset()
            minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
            if not changes or changes[-1][1] != minutes:
                changes.append([slot, minutes])
    return changes


def _day(run: Run, day: Day, chain: ChainRecord | None, chain_error: str) -> dict[str, Any]:
    homes = shown_homes(run, day)
    slots = run.table("slots", ["retail", "feed_in", "price_ahead", "price_pool"], day.span)
    hashes = run.table("slots", ["result_root"], day.span)
    return {
        "date": day.civil.isoformat(),
        "first": int(run.slot[day.span.start]),
        "start": day.span.start,
        "count": day.span.length,
        "homes": homes,
        **{name: packed(slots[name].to_pylist()) for name in ("retail", "feed_in", "price_ahead", "price_pool")},
        **{name: packed(values) for name, values in header_prices(run, day).items()},
        "result_root": [value.hex() for value in hashes["result_root"].to_pylist()],
        "envelope_root": packed(day_envelope_roots(run, day)),
        "meter_caps": day_caps(run, day, homes),
        "void": void_slots(run, day),
        "caps": packed(member_caps(run, chain)),
        "rows": day_rows(run, day, homes),
        "local": local_day(run, day, homes),
        "agents": agent_day(run, day, homes),
        "accounts": period_accounts(run, day),
        "row_roots": row_roots(run, day),
        "chain": chain_facts(run, day, chain),
        "chain_error": chain_error,
    }
