"""Reading what is to be shared out: every fault at once, each with its place, before a Wh is given to anyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.errors import Fault, InputError
from sunfair.units import BPS, ENERGY_MAX, LIMIT_MAX

__all__ = ["MEMBERS_MAX", "Order", "read_order"]

MEMBERS_MAX = 100_000
"""Members of one plant: up to here the remainders' ranks fit 64 bits."""

_AXES = ("slot", "member")
_NAMED = 3

Integers = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What `allocate` was asked for, checked; any integer type is kept as it came.

    generation : integers[T], use : integers[T, n], shares : integers[n] or [T, n] (empty for a key without), value :
    integers[T, n] or None
    """

    generation: Integers
    use: Integers
    shares: Integers
    value: Integers | None


@dataclass(frozen=True, slots=True)
class _Column:
    """How an input must look: its axes by name, and the integers it may hold."""

    name: str
    axes: tuple[str, ...]
    low: int
    high: int
    unit: str


def read_order(
    key: str,
    keys: Sequence[str],
    generation_wh: ArrayLike,
    use_wh: ArrayLike,
    shares: ArrayLike | None,
    value: ArrayLike | None,
) -> Order:
    """The inputs of `allocate`, checked; InputError naming every fault if they cannot be used."""
    faults: list[Fault] = []
    if key not in keys:
        faults.append(Fault("key", f"is {key!r}", f"must be one of {', '.join(keys)}"))
    generation = _read(_Column("generation_wh", _AXES[:1], 0, ENERGY_MAX, "Wh"), generation_wh, faults)
    use = _read(_Column("use_wh", _AXES, 0, ENERGY_MAX, "Wh"), use_wh, faults)
    sharing = _read_shares(key, shares, use, faults) if key in keys else None
    worth = None if value is None else _read(_Column("value", _AXES, -LIMIT_MAX, LIMIT_MAX, "µ/kWh"), value, faults)
    _check_shapes(key, generation, use, sharing, worth, faults)
    if faults or generation is None or use is None:
        raise InputError("the plant's output cannot be shared out", faults)
    return Order(generation, use, np.empty(0, np.int64) if sharing is None else sharing, worth)


def _read_shares(key: str, shares: ArrayLike | None, use: Integers | None, faults: list[Fault]) -> Integers | None:
    """Shares as the key wants them: bps per member, bps per slot and member, or a ranking."""
    if shares is None:
        if key != "dynamic":
            faults.append(Fault("shares", f"are None, but the key {key!r} needs them"))
        return None
    if key == "priority":
        last = MEMBERS_MAX - 1 if use is None else max(use.shape[1] - 1, 0)
        ranking = _read(_Column("shares", _AXES[1:], 0, last, "member's place"), shares, faults)
        if ranking is not None:
            _check_ranking(ranking, faults)
        return ranking
    bps = _read(_Column("shares", _AXES if key == "table" else _AXES[1:], 0, BPS, "bps"), shares, faults)
    if bps is not None:
        _check_sums(bps, faults)
    return bps


def _check_sums(bps: Integers, faults: list[Fault]) -> None:
    """A fault if shares do not sum to exactly 10,000 bps, in any slot of a table."""
    sums = np.atleast_1d(bps.sum(axis=-1, dtype=np.int64))
    wrong = sums != BPS
    if wrong.any():
        where = f" in {_places(wrong, _AXES[:1], alike=False)}" if bps.ndim == 2 else ""
        faults.append(Fault("shares", f"sum to {sums[wrong][0]} bps{where}", f"must sum to exactly {BPS}"))


def _check_ranking(ranking: Integers, faults: list[Fault]) -> None:
    """A fault if a ranking names a member twice; with as many places as members nobody is then missing."""
    members, times = np.unique(ranking, return_counts=True)
    if (times > 1).any():
        double = ", ".join(str(member) for member in members[times > 1][:_NAMED].tolist())
        faults.append(Fault("shares", f"name the member {double} more than once", "rank each member once, first first"))


def _check_shapes(
    key: str,
    generation: Integers | None,
    use: Integers | None,
    shares: Integers | None,
    value: Integers | None,
    faults: list[Fault],
) -> None:
    """Faults where numbers of slots or members differ from those of `use_wh`, and where there are no members."""
    if use is None:
        return
    slots, members = use.shape
    if not 1 <= members <= MEMBERS_MAX:
        faults.append(Fault("use_wh", f"has {members} members", f"must have 1 … {MEMBERS_MAX}"))
    wanted = {"generation_wh": (generation, (slots,)), "value": (value, (slots, members))}
    wanted["shares"] = (shares, (slots, members) if key == "table" else (members,))
    for name, (array, shape) in wanted.items():
        if array is not None and array.shape != shape:
            what = f"has the shape {list(array.shape)}, use_wh has {list(use.shape)} (slots, members)"
            faults.append(Fault(name, what, f"must have {list(shape)}"))


def _read(column: _Column, values: ArrayLike, faults: list[Fault]) -> Integers | None:
    """`values` as an array of integers within bounds; else None, and every fault is added."""
    array = _array(values)
    gaps = _gaps(values, array)
    wanted = f"must be integers, {column.unit}"
    before = len(faults)
    if gaps.any():
        faults.append(Fault(column.name, f"has a gap in {_places(gaps, column.axes)}", "fill it or leave the slot out"))
    if array.ndim != len(column.axes):
        axes = ", ".join(f"{axis}s" for axis in column.axes)
        ragged = array.ndim > 0 and any(isinstance(row, list | tuple | np.ndarray) for row in array.ravel())
        what = "has rows of different lengths" if ragged else f"has {array.ndim} dimensions"
        faults.append(Fault(column.name, what, f"{wanted}, [{axes}]"))
    elif array.dtype.kind == "O" or not array.size:
        _check_bounds(column, array := _whole(column, array, gaps, faults), faults)
    elif array.dtype.kind in "iu":
        _check_bounds(column, array, faults)
    else:
        faults.append(Fault(column.name, f"is of type {array.dtype}", wanted))
    return array if len(faults) == before else None


def _array(values: ArrayLike) -> NDArray[Any]:
    """The values as an array; lists are read element by element, as NumPy would take True as 1 and None as NaN."""
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.getdata(values)
    if not isinstance(values, list | tuple):
        return np.asarray(values)
    try:
        return np.array(values, dtype=object)
    except ValueError:  # arrays of different shapes in a list
        rows = np.empty(len(values), dtype=object)
        for at, row in enumerate(values):
            rows[at] = row
        return rows


def _gaps(values: ArrayLike, array: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is missing: masked, NaN or None."""
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.getmaskarray(values)
    if array.dtype.kind == "f":
        return np.asarray(np.isnan(array), np.bool_)
    if array.dtype.kind == "O" and array.ndim:
        return np.array([_absent(element) for element in array.ravel()], np.bool_).reshape(array.shape)
    return np.zeros(array.shape, np.bool_)


def _absent(element: object) -> bool:
    return element is None or element is np.ma.masked or (isinstance(element, float | np.floating) and isnan(element))


def _whole(column: _Column, array: NDArray[Any], gaps: NDArray[np.bool_], faults: list[Fault]) -> Integers:
    """An array of objects as int64, with 0 for what is no integer, of which a fault tells."""
    kinds = [isinstance(element, int | np.integer) and not isinstance(element, bool) for element in array.ravel()]
    whole = np.array(kinds, np.bool_).reshape(array.shape)
    wrong = ~whole & ~gaps
    if wrong.any():
        what = f"is {array[wrong][0]!r} in {_places(wrong, column.axes, alike=False)}"
        faults.append(Fault(column.name, what, f"must be integers, {column.unit}"))
    integers = np.zeros(array.shape, np.int64)
    # A number beyond int64 is out of bounds as well at the end of int64.
    integers[whole] = [min(max(int(element), -(2**63)), 2**63 - 1) for element in array[whole]]
    return integers


def _check_bounds(column: _Column, array: Integers, faults: list[Fault]) -> None:
    """A fault if an integer lies outside the column's bounds."""
    if not array.size or (int(array.min()) >= column.low and int(array.max()) <= column.high):
        return
    wrong = (array < column.low) | (array > column.high)
    what = f"is {array[wrong][0]} in {_places(wrong, column.axes, alike=False)}"
    faults.append(Fault(column.name, what, f"must lie in {column.low} … {column.high}, {column.unit}"))


def _places(wrong: NDArray[np.bool_], axes: tuple[str, ...], *, alike: bool = True) -> str:
    """Where, in few words: ``slot 3; slot 4; slot 9 and 2 more``; `alike` or not as the first is."""
    if wrong.ndim != len(axes):
        axes = tuple(f"axis {axis}" for axis in range(wrong.ndim))
    flat = np.flatnonzero(wrong)
    indices = zip(*(index.tolist() for index in np.unravel_index(flat[:_NAMED], wrong.shape)), strict=True)
    first, *others = (", ".join(f"{axis} {at}" for axis, at in zip(axes, index, strict=True)) for index in indices)
    more = f" and {flat.size - _NAMED} more" if flat.size > _NAMED else ""
    if alike or not others:
        return "; ".join([first, *others]) + more
    return f"{first}; likewise wrong: {'; '.join(others)}{more}"
