"""The shipped artifacts are what the sources give, byte for byte, and fit on a network."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import boa
import pytest

from sunfair.chain import CONTRACTS, compile, keccak

SOURCES = Path(__file__).parents[2] / "contracts"
SECTIONS = [
    "Interfaces",
    "Modules",
    "Constants",
    "Immutables",
    "Events",
    "Storage",
    "Constructor",
    "Calls that change state",
    "Views",
    "Internal",
]


def shipped(name: str) -> str:
    return files("sunfair.chain").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8")


def test_every_contract_is_shipped_and_nothing_else() -> None:
    assert sorted(CONTRACTS) == sorted(path.stem for path in SOURCES.glob("[A-Z]*.vy"))
    folder = files("sunfair.chain").joinpath("artifacts")
    assert sorted(f"{name}.json" for name in CONTRACTS) == sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", CONTRACTS)
def test_recompiling_gives_the_shipped_bytes(name: str) -> None:
    assert compile.artifact(name) == shipped(name)


def modules(path: Path) -> set[Path]:
    """What a source takes from the files beside it, and what these take."""
    used = re.findall(r"^from \. import (\w+)", path.read_text(), re.MULTILINE)
    found = {next(SOURCES.glob(f"{name}.vy*")) for name in used}
    return found.union(*map(modules, found))


@pytest.mark.parametrize("name", CONTRACTS)
def test_artifact_names_its_source(name: str) -> None:
    """The contract's own file, then every module and interface of ours below it, by name."""
    artifact = json.loads(shipped(name))
    own = SOURCES / f"{name}.vy"
    text = b"".join(path.read_bytes() for path in [own, *sorted(modules(own))])
    assert artifact["source_keccak256"] == "0x" + keccak(text).hex()
    assert artifact["compiler"] == "vyper 0.4.3"
    assert artifact["evm_version"] == "cancun"


def test_check_finds_a_stale_artifact(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    for name in CONTRACTS:
        (tmp_path / f"{name}.json").write_text(shipped(name))
    monkeypatch.setattr(compile, "_ARTIFACTS", tmp_path)
    monkeypatch.setattr(compile, "artifact", shipped)
    assert compile.main(["--check"]) == 0
    (tmp_path / "EnergyMarket.json").write_text(shipped("EnergyMarket").replace("cancun", "prague"))
    assert compile.main(["--check"]) == 1
    assert "contracts/EnergyMarket.vy" in capsys.readouterr().out
    assert compile.main([]) == 0
    assert (tmp_path / "EnergyMarket.json").read_text() == shipped("EnergyMarket")


def test_deployed_code_fits_on_a_network(world: Any) -> None:
    for contract in (world.euro, world.credit, world.market):
        assert 0 < len(boa.env.evm.get_code(contract.address)) <= compile.CODE_SIZE_MAX == 24_576


@pytest.mark.parametrize("name", CONTRACTS)
def test_sections_stand_in_one_order(name: str) -> None:
    found = re.findall(r"^# ── ([A-Z][a-z ]+) ─", (SOURCES / f"{name}.vy").read_text(), re.MULTILINE)
    assert found == sorted(found, key=SECTIONS.index)
    assert len(found) == len(set(found)) > 3


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_function_and_contract_is_documented(name: str) -> None:
    text = (SOURCES / f"{name}.vy").read_text()
    for tag in ("@title", "@license AGPL-3.0-only", "@notice", "@custom:kill", f"@custom:contract-name {name}"):
        assert tag in text
    functions = re.findall(r'^def \w+\((?:[^()]|\([^()]*\))*\)[^:]*:\n( +""")?', text, re.MULTILINE)
    assert len(functions) == len(re.findall(r"^def ", text, re.MULTILINE))
    assert all(functions)
