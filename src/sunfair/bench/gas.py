"""`sunfair bench gas`: what every call of a market costs, read from a real node's receipts, in steady state."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sunfair.bench.gas_chain import gas_chain
from sunfair.bench.gas_charging import CHARGING_TARGETS, charging_gas, charging_missed
from sunfair.bench.gas_day import LARGE
from sunfair.bench.gas_measure import measure
from sunfair.bench.gas_prices import DEFAULT_PRICES, GasPrices
from sunfair.bench.gas_scene import make_scene
from sunfair.chain.anvil import find_anvil
from sunfair.errors import Fault, InputError

__all__ = ["PROTOTYPES", "SIZES", "TARGETS", "bench_gas"]

SIZES = (10, 100, 1000)
"""Members of the communities that are measured."""

_MEMBERS_MAX = 4_092

PROTOTYPES: Mapping[str, Mapping[str, int]] = {
    "transfer_per_trade_gas": {"10": 376_000, "100": 4_140_000, "1000": 41_800_000},
    "settle_gas": {"10": 41_000, "100": 104_000, "1000": 743_000},
    "apply_gas": {"10": 46_000, "100": 172_000, "1000": 1_450_000},
    "commit_gas": {"10": 32_000, "100": 32_000, "1000": 32_000},
    "home_day_gas": {"10": 9_950, "100": 3_080, "1000": 2_230},
}
"""Prototypes of single calls (design page settlement.md, “Cost”): no bond, no door, no courts, no takeover."""

TARGETS: Mapping[str, Any] = {
    "commit_gas": 40_000,
    "settle_gas_per_member": {"100": 3_200, "1000": 2_500},
    "challenge_gas": 160_000,
    "withdraw_gas": 65_000,
}
"""What is to be reached; of a challenge the dearest."""

_LAST = (
    "challenge_gas",
    "challenge_calls",
    "demand_gas",
    "answer_gas",
    "file_gas",
    "deposit_gas",
    "request_withdrawal_gas",
    "withdraw_gas",
    "escape_gas",
    "first_challenge_adds_gas",
)
_EACH = ("commit_gas", "settle_gas_per_member", "settle_gas", "apply_gas", "home_day_gas", "home_slot_gas", "month")

Report = Callable[[str], None]


def bench_gas(
    progress: Report | None = None, *, sizes: Sequence[int] = SIZES, prices: GasPrices = DEFAULT_PRICES
) -> dict[str, Any]:
    """Measure a market of each size on an anvil of its own, a minute in all. `progress` is told what comes next.

    Returns plain JSON values. ``commit_gas`` (the anchor), ``settle_gas_per_member`` (settle and apply) and others are
    by size; what is one figure (``challenge_gas`` by kind, ``withdraw_gas``, …) is the largest size's; ``charging_gas``
    is the charging network's, by call; ``by_size`` holds everything. Raises ServiceMissing, which says what to install,
    without anvil; InputError for a size that no market has.
    """
    tell = progress or (lambda _: None)
    _check(sizes)
    find_anvil()
    measured: dict[str, dict[str, Any]] = {}
    for size in sorted(set(sizes)):
        tell(f"{size:,} members: three days to the steady state")
        with gas_chain() as chain:
            scene = make_scene(chain, size)
            tell(f"{size:,} members: every call, every challenge")
            measured[str(size)] = measure(scene, prices)
    tell("the charging network: a booking's calls")
    charging = charging_gas()
    last = measured[str(max(sizes))]
    return {
        "bench": "gas",
        "chain": "anvil",
        "hardfork": "prague",
        **{name: {size: told[name] for size, told in measured.items()} for name in _EACH},
        **{name: last[name] for name in _LAST},
        "charging_gas": charging,
        "by_size": measured,
        "prices": {"gas_gwei": prices.gas_gwei, "ether_eur": prices.ether_eur, "blob_gwei": prices.blob_gwei},
        "prototypes": {"source": "design page settlement.md, “Cost”", **PROTOTYPES},
        "targets": {**TARGETS, "charging_gas": dict(CHARGING_TARGETS)},
        "missed": _missed(measured) + charging_missed(charging),
    }


def _check(sizes: Sequence[int]) -> None:
    wrong = [size for size in sizes if not LARGE <= size <= _MEMBERS_MAX]
    faults = [Fault("--sizes", f"{size} members", f"choose {LARGE} to {_MEMBERS_MAX}") for size in wrong]
    if faults or not sizes:
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
