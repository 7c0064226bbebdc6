"""How much memory a large book takes, and what the room exports (`sunfair bench clearing` measures its speed)."""

import ast
import tracemalloc
from pathlib import Path

import numpy as np

import sunfair.market
from sunfair.market import Offers, clear_uniform, clear_uniform_many


def random_offers(n: int, *, tick: int = 1) -> Offers:
    rng = np.random.default_rng(7)
    energy = rng.integers(1, 5_000, n) * rng.choice([-1, 1], n)
    return Offers(np.arange(n), energy, rng.integers(80_000 // tick, 320_000 // tick, n) * tick)


def test_a_million_steps_stay_below_500_mb() -> None:
    tracemalloc.start()
    try:
        offers = random_offers(10**6)
        clear_uniform(offers)
        clear_uniform_many(offers, np.arange(0, 10**6 + 1, 200))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 16 * 10**6 < peak < 500 * 10**6  # two columns at least were seen


def test_every_public_name_is_there_and_said_once() -> None:
    names = sunfair.market.__all__
    assert len(set(names)) == len(names)
    for name in names:
        value = getattr(sunfair.market, name)
        assert value.__doc__ or name == "MECHANISMS"  # a table: its text stands below it


def test_no_float_in_the_market() -> None:
    """No float literal, no true division, no float type in any file of the room but the programme of the wires.

    What flows is physics: `network*.py` reckons in floats, and hands on whole Wh and whole µ (its own tests).
    """
    for path in Path(sunfair.market.__file__).parent.glob("*.py"):
        if path.name.startswith("network"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)), path
            name = getattr(node, "id", getattr(node, "attr", ""))
            assert not str(name).startswith("float"), path
