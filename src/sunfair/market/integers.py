"""Reading integers exactly: no float, no boolean and nothing out of bounds gets past here unnoticed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault
from sunfair.units import ENERGY_MAX, LIMIT_MAX

__all__ = [
    "ACCOUNTS",
    "ENERGIES",
    "LIMITS",
    "OFFERED",
    "Allowed",
    "exact_sums",
    "integer",
    "integer_array",
    "integer_columns",
]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which integers a column may hold: ``low … high``, 0 only if `zero`, multiples of `tick` only."""

    low: int
    high: int
    zero: bool = True
    tick: int = 1


ACCOUNTS = Allowed(-(2**31), 2**31 - 1)
ENERGIES = Allowed(-ENERGY_MAX, ENERGY_MAX)
OFFERED = Allowed(-ENERGY_MAX, ENERGY_MAX, zero=False)
LIMITS = Allowed(-LIMIT_MAX, LIMIT_MAX)


def integer(name: str, value: object, low: int, high: int, faults: list[Fault]) -> int:
    """`value` as int if it is one (no float, no bool) in ``low … high``; else 0, and a fault is added."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        faults.append(Fault(name, f"is {value!r}", "must be an integer"))
        return 0
    if not low <= value <= high:
        faults.append(Fault(name, f"is {value}", f"must lie in {low} … {high}"))
        return 0
    return int(value)


def integer_array(name: str, values: ArrayLike, allowed: Allowed, faults: list[Fault]) -> NDArray[np.int64]:
    """`values` as a new int64[n] if all are allowed integers; else an empty array, and every fault is added."""
    # A list is read element by element: NumPy would take True as 1, and 2⁶³ beside −1 as a float.
    try:
        array = np.array(values, dtype=object) if isinstance(values, list | tuple) else np.asarray(values)
    except ValueError:  # sequences of different lengths inside a sequence
        array = np.empty((0, 0))
    found: list[Fault] = []
    if array.ndim != 1:
        found.append(Fault(name, "is no one-dimensional sequence", "must be a sequence of integers"))
    elif array.size == 0:
        array = array.astype(np.int64)
    elif array.dtype.kind not in "iuO":
        found.append(Fault(name, f"is of type {array.dtype}", "must hold integers only"))
    elif array.dtype.kind == "O" or not _all_allowed(array, allowed):
        found = _not_allowed(name, array.tolist(), allowed)
    faults += found
    return np.empty(0, np.int64) if found else array.astype(np.int64)


def integer_columns(faults: list[Fault], columns: dict[str, tuple[ArrayLike, Allowed]]) -> list[NDArray[np.int64]]:
    """Each column (its values, and what they may be) as a new int64[n].

    Adds a fault for all that is wrong within a column and for columns that are not of one length.
    """
    arrays = [integer_array(name, values, allowed, faults) for name, (values, allowed) in columns.items()]
    lengths = {name: length for name, (values, _) in columns.items() if (length := _length(values)) is not None}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{length} in {name}" for name, length in lengths.items())
        faults.append(Fault("lengths", f"differ: {told}", "one entry per step in each"))
    return arrays


def exact_sums(values: NDArray[np.int64], group: NDArray[np.intp], groups: int) -> list[int]:
    """Σ of `values` per group (0 … groups − 1) as Python integers, also where the sum is beyond int64."""
    high, low = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    # v = 2³²·(v >> 32) + (v & 2³²−1), negative v too: either half can be added 2³¹ times.
    np.add.at(high, group, values >> 32)
    np.add.at(low, group, values & 0xFFFFFFFF)
    return [(h << 32) + rest for h, rest in zip(high.tolist(), low.tolist(), strict=True)]


def _length(values: object) -> int | None:
    try:
        return len(values)  # type: ignore[arg-type]
    except TypeError:  # no sequence at all: named by its own fault
        return None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _all_allowed(array: NDArray[Any], allowed: Allowed) -> bool:
    """Whether an integer array (not empty) holds nothing that is not allowed."""
    within = bool(array.min() >= allowed.low and array.max() <= allowed.high)
    return within and (allowed.zero or bool(array.all())) and (allowed.tick == 1 or not (array % allowed.tick).any())


def _not_allowed(name: str, values: list[Any], allowed: Allowed) -> list[Fault]:
    """One fault for each rule that some of the values break, naming where."""
    whole = [(i, value) for i, value in enumerate(values) if _is_integer(value)]
    low, high, tick = allowed.low, allowed.high, allowed.tick
    broken = {
        "must be an integer": [i for i, value in enumerate(values) if not _is_integer(value)],
        f"must lie in {low} … {high}": [i for i, value in whole if not low <= value <= high],
        "must not be 0": [i for i, value in whole if value == 0 and not allowed.zero],
        f"must be a multiple of {tick}": [i for i, value in whole if value % tick],
    }
    return [Fault(name, f"is {values[at[0]]!r} at {_named(at)}", rule) for rule, at in broken.items() if at]


def _named(places: list[int]) -> str:
    """Where, in few words: ``step 4`` or ``step 1, likewise wrong: 4, 7, 8, 9 and 2 more``."""
    first, others = places[0], places[1:5]
    if not others:
        return f"step {first}"
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    return f"step {first}, likewise wrong: {', '.join(map(str, others))}{more}"
