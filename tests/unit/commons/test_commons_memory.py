"""A thousand members in bounded memory by every key, and what the room exports."""

import ast
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import sunfair.commons
from sunfair.commons import KEYS, allocate

SLOTS, MEMBERS = 4_000, 1_000


@pytest.fixture(scope="module")
def community() -> dict[str, np.ndarray]:
    """Sun in every slot and everyone short: there is always something to round and to rank."""
    rng = np.random.default_rng(7)
    shares = rng.multinomial(10_000, np.full(MEMBERS, 1 / MEMBERS)).astype(np.int32)
    return {
        "generation": rng.integers(200, 700, SLOTS) * MEMBERS,
        "use": rng.integers(0, 2000, (SLOTS, MEMBERS), np.int32),
        "value": rng.integers(0, 300_000, (SLOTS, MEMBERS), np.int32),
        "shares": shares,
        "table": np.broadcast_to(shares, (SLOTS, MEMBERS)),
        "ranking": rng.permutation(MEMBERS),
    }


@pytest.mark.parametrize("key", KEYS)
def test_beyond_its_result_it_works_in_bounded_memory(key: str, community: dict[str, np.ndarray]) -> None:
    shares = community[{"table": "table", "priority": "ranking"}.get(key, "shares")]
    few = slice(0, 4_000)
    tracemalloc.start()
    try:
        allocate(
            key,
            community["generation"][few],
            community["use"][few],
            shares[few] if key == "table" else shares,
            value=community["value"][few],
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    result = 4_000 * MEMBERS * 8
    assert result < peak < result + 16 * 10**6


def test_every_public_name_is_there_and_documented() -> None:
    names = sunfair.commons.__all__
    assert len(set(names)) == len(names)
    assert all(getattr(sunfair.commons, name) is not None for name in names)
    assert sunfair.commons.allocate.__doc__
    assert sunfair.commons.Allocation.__doc__


def test_no_float_in_the_commons() -> None:
    """No float literal, no true division, and no float type but where inputs are searched for gaps."""
    for path in Path(sunfair.commons.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)), path
            name = str(getattr(node, "id", getattr(node, "attr", "")))
            assert not name.startswith("float") or path.name == "checks.py", path
