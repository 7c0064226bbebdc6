"""Rebuild the shipped artifacts from `contracts/`: ``uv run python -m sunfair.chain.compile`` (needs the dev group).

With ``--check`` nothing is written: it ends with 1 if an artifact is not what the sources give.
"""

import json
import re
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sunfair.chain.contracts import CONTRACTS
from sunfair.chain.keys import keccak

__all__ = ["CODE_SIZE_MAX", "artifact", "main", "sources"]

CODE_SIZE_MAX = 24_576
"""Most bytes of a contract's code (EIP-170)."""

_SOURCES = Path(__file__).parents[3] / "contracts"
_ARTIFACTS = Path(__file__).parent / "artifacts"
_IMPORT = re.compile(r"^from \. import (\w+)", re.MULTILINE)
_FORMATS = ["abi", "bytecode", "bytecode_runtime", "layout", "settings_dict"]


def artifact(name: str) -> str:
    """The JSON text of a contract's artifact, compiled now. The same sources give the same bytes, wherever they lie."""
    source = _SOURCES / f"{name}.vy"
    if not source.is_file():
        raise SystemExit(
            f"{source} is not there: the contracts are compiled in a checkout, not in an installed package"
        )
    built = _compile(source)
    size = _deployed_size(built)
    if size > CODE_SIZE_MAX:
        raise SystemExit(f"{name} has {size} bytes of code, more than the {CODE_SIZE_MAX} a network takes (EIP-170)")
    content = {
        "contract": name,
        "compiler": f"vyper {version('vyper')}",
        "library": f"snekmate {version('snekmate')}",
        "evm_version": built["settings_dict"]["evm_version"],
        "source_keccak256": "0x" + keccak(b"".join(path.read_bytes() for path in sources(name))).hex(),
        "abi": built["abi"],
        "bytecode": built["bytecode"],
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def sources(name: str) -> list[Path]:
    """The files a contract is made of: its own, then the modules and interfaces beside it that it uses, by name."""
    own, found = _SOURCES / f"{name}.vy", set[Path]()
    following = [own]
    while following:
        for used in _IMPORT.findall(following.pop().read_text(encoding="utf-8")):
            module, interface = _SOURCES / f"{used}.vy", _SOURCES / f"{used}.vyi"
            path = module if module.is_file() else interface
            following += [path] if path not in found else []
            found.add(path)
    return [own, *sorted(found)]


def main(arguments: list[str]) -> int:
    """Write every artifact, or check them; returns the exit code."""
    stale = [name for name in CONTRACTS if _read(name) != artifact(name)]
    if "--check" in arguments:
        sys.stdout.writelines(f"{name}: the artifact is not what contracts/{name}.vy gives\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (_ARTIFACTS / f"{name}.json").write_text(artifact(name), encoding="utf-8", newline="\n")
        sys.stdout.write(f"{name}: written\n")
    return 0


def _deployed_size(built: dict[str, Any]) -> int:
    """Bytes of code that stand on chain: the compiler's, and behind them the immutables."""
    return len(built["bytecode_runtime"]) // 2 - 1 + _length(built["layout"].get("code_layout", {}))


def _length(layout: dict[str, Any]) -> int:
    """Bytes of a layout's places, those of its modules included."""
    return int(layout["length"]) if "length" in layout else sum(map(_length, layout.values()))


def _compile(source: Path) -> dict[str, Any]:
    """Output of the Vyper compiler, which finds snekmate where Python finds it."""
    compiler = import_module("vyper.cli.vyper_compile")
    outputs = compiler.compile_files([str(source)], _FORMATS)
    built: dict[str, Any] = outputs[source]
    return built


def _read(name: str) -> str:
    path = _ARTIFACTS / f"{name}.json"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
