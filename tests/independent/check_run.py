"""Checks a run's folder from its files alone: ``python tests/independent/check_run.py DIR``.

An independent reading of docs/formats.md and the design pages: it shares no line with Sunfair and imports none of it.
Prints what is false, one finding a line; exit 0 if nothing is, 1 otherwise.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from run_chain import read_log, replay
from run_community import Community, check_members, read_community
from run_homes import check_bills, check_homes, check_summary, check_wires
from run_market import Market
from run_periods import check_balances, check_chain, check_periods
from run_shape import Run, check_shape
from run_slots import check_slots
from run_tables import read_all

__all__ = ["check", "findings"]


def check(folder: str | Path) -> list[str]:
    """Everything false in a run's folder; an empty list if all of it holds."""
    return list(findings(folder))


def findings(folder: str | Path) -> Iterator[str]:
    """The same, one after the other: who only asks whether all holds need not wait for the last."""
    folder = Path(folder)
    tables, found = read_all(folder)
    yield from found
    if found:
        return
    try:
        community: Community = read_community(folder)
    except (KeyError, ValueError, OSError) as error:
        yield f"community.toml: {error!r}"
        return
    run = Run(folder, tables, community)
    found = check_members(run) + check_shape(run)
    yield from found
    if found:
        return
    market, found = replay_chain(folder)
    yield from found
    if found:
        return
    run.bind(market)
    yield from check_slots(run)
    for stage in (check_balances, check_periods, check_chain, check_homes, check_wires, check_bills, check_summary):
        yield from stage(run)


def replay_chain(folder: Path) -> tuple[Market, list[str]]:
    """The market as the chain's log makes it."""
    try:
        log = read_log(folder / "chain" / "log.jsonl")
        return replay(log)
    except (OSError, ValueError, KeyError, IndexError) as error:
        return Market(), [f"chain/log.jsonl: {error!r}"]


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) != 1:
        print("usage: check_run.py DIR", file=sys.stderr)
        return 2
    found = check(arguments[0])
    for line in found:
        print(line)
    print(f"{len(found)} findings" if found else "all holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
