"""`bench gas` at its smallest size on a real node: every call there is, within what was aimed at; and its bad input."""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from sunfair.bench import GasPrices, bench_gas, gas_text
from sunfair.bench.gas_charging import CHARGING_TARGETS, charging_missed
from sunfair.bench.gas_docket import ANSWERS
from sunfair.bench.gas_prices import month_of
from sunfair.chain import anvil
from sunfair.cli.benching import run_bench
from sunfair.errors import InputError, ServiceMissing
from sunfair.settlement.court.docket import Demand

COURTS = ("AuctionCourt", "RowCourt", "BookCourt")


@pytest.fixture(scope="module")
def figures(missing: Callable[[str], None]) -> Mapping[str, Any]:
    try:
        anvil.find_anvil()
    except ServiceMissing as absent:
        missing(f"anvil ({absent})")
    return bench_gas(sizes=[10])


def test_the_promised_keys(figures: Mapping[str, Any]) -> None:
    told = json.loads(json.dumps(figures))
    assert told["chain"] == "anvil"
    for name in ("commit_gas", "settle_gas_per_member", "settle_gas", "apply_gas", "month"):
        assert list(told[name]) == ["10"]
    for name in ("challenge_gas", "demand_gas", "answer_gas"):
        assert all(isinstance(gas, int) and gas > 21_000 for gas in told[name].values())
    for name in ("withdraw_gas", "deposit_gas", "escape_gas", "request_withdrawal_gas"):
        assert isinstance(told[name], int)


def test_the_charging_network_is_within_what_was_aimed_at(figures: Mapping[str, Any]) -> None:
    gas = figures["charging_gas"]
    assert gas["calendar_fresh_day"] <= 50_000
    assert max(gas["book"], gas["book_over_midnight"]) <= 150_000
    assert max(gas["prove"], gas["prove_long"], gas["prove_first"]) <= 120_000
    assert figures["targets"]["charging_gas"] == CHARGING_TARGETS
    assert len(charging_missed({name: most + 1 for name, most in CHARGING_TARGETS.items()})) == len(CHARGING_TARGETS)
    assert all(f"{figure:,}" in gas_text(figures) for figure in gas.values())


def functions(name: str) -> set[str]:
    """Names of a shipped contract's functions."""
    text = files("sunfair.chain").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8")
    return {entry["name"] for entry in json.loads(text)["abi"] if entry["type"] == "function"}


def test_every_refutation_of_every_court_is_measured(figures: Mapping[str, Any]) -> None:
    known = {f"{court}.{function}" for court in COURTS for function in functions(court) if "refute_" in function}
    assert set(figures["challenge_calls"].values()) == known | {"Docket.convict_silence"}
    assert set(figures["challenge_calls"]) == set(figures["challenge_gas"])
    answers = {function for function in functions("Witness") if function.startswith("answer_")}
    assert answers == set(ANSWERS.values())
    assert set(figures["answer_gas"]) == set(figures["demand_gas"]) == {kind.name.lower() for kind in Demand}


def test_what_was_aimed_at(figures: Mapping[str, Any]) -> None:
    assert figures["commit_gas"]["10"] <= 40_000
    assert figures["withdraw_gas"] <= 65_000
    assert max(figures["challenge_gas"].values()) <= 150_000  # at N = 1000 up to 160,000: docs/gas.md
    assert figures["missed"] == []


def test_figures_agree_with_one_another_and_with_the_protocol(figures: Mapping[str, Any]) -> None:
    settling = figures["settle_gas"]["10"] + figures["apply_gas"]["10"]
    assert figures["settle_gas_per_member"]["10"] == -(-settling // 10)
    assert figures["home_day_gas"]["10"] == -(-(settling + figures["commit_gas"]["10"]) // 10)
    # A word written for the first time costs 17,100 more (EIP-2929): the finder's claim, and the void slot's word; that
    # is but for the bytes of evidence that happen to be zero.
    adds = figures["first_challenge_adds_gas"]
    assert adds["private_row"] == pytest.approx(17_100, abs=200)
    assert adds["header"] == pytest.approx(34_200, abs=200)


def test_the_words_hold_the_figures(figures: Mapping[str, Any]) -> None:
    text = gas_text(figures)
    for gas in (figures["withdraw_gas"], figures["commit_gas"]["10"], *figures["challenge_gas"].values()):
        assert f"{gas:,}" in text


def test_a_month_follows_the_prices() -> None:
    calls = ("commit_gas", "settle_gas", "apply_gas", "deposit_gas", "request_withdrawal_gas", "withdraw_gas")
    made = {"size": 10, "publish_execution_gas": 0, **dict.fromkeys(calls, 100_000)}
    month = month_of(made, bytes(1_000), GasPrices(2.0, 1_000.0, 1e-9))
    # 300,000 gas a day at 2 gwei and 1,000 EUR an ether are 0.60 EUR, shared by 10 homes, 30.4375 times a month.
    assert month["settling_eur"] == pytest.approx(0.06 * 30.4375, abs=1e-4)
    assert month["deposit_and_withdrawal_eur"] == pytest.approx(0.6)
    # 1,000 zero bytes as calldata: 21,000 + 10 gas each (EIP-7623).
    assert month["data_as_calldata_eur"] == pytest.approx(31_000 * 2e-9 * 1_000 / 10 * 30.4375, abs=1e-4)
    blobs, own = month["data_as_blobs_eur"], month["settling_eur"] + month["deposit_and_withdrawal_eur"]
    assert month["total_eur"] == pytest.approx(own + min(blobs, month["data_as_calldata_eur"]), abs=2e-4)
    dearer = month_of(made, bytes(1_000), GasPrices(4.0, 1_000.0, 1e-9))
    assert dearer["settling_eur"] == pytest.approx(2 * month["settling_eur"], abs=1e-4)


@pytest.mark.parametrize("size", [0, 9, 4_093])
def test_no_market_has_such_a_size(size: int) -> None:
    with pytest.raises(InputError, match=rf"--sizes: {size} members \(choose 10 to 4092\)"):
        bench_gas(sizes=[10, size])


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("gas", {"sizes": "ten"}, "write members with commas"),
        ("gas", {"gas_price": 0.0, "blob_price": float("nan")}, "(?s)--gas-price.*--blob-price"),
        ("clearing", {"eth_price": 3_000.0}, "--eth-price: only `bench gas` takes that"),
    ],
)
def test_bad_arguments_are_named(name: str, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run_bench(name, as_json=True, **asked)


def test_without_anvil_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANVIL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(anvil, "_CHECKOUT", tmp_path)
    with pytest.raises(ServiceMissing, match="anvil, a local Ethereum node, is not on this machine: run `npm install`"):
        bench_gas(sizes=[10])
