"""What a run's tables leave to be worked out of a private row: nonces, carried registers, gaps of silent meters."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sunfair.model import FIRST_MEMBER
from sunfair.settlement import Meters, PeriodRows, TrueUp

__all__ = ["MeterRows", "meter_rows", "nonces", "private_rows"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MeterRows:
    """The meters of n members over T slots, as the readings that came say: [T, n] each.

    valid, late, pools : bool, of whom a reading came, whose came too late for the pool, and who may offer to it
    import_wh, export_wh : int64, cumulative registers as last read; metered_wh : int64, 0 where no reading came
    gap_slots, gap_retail, gap_feed_in : int64, the gap that is open after the slot
    true_up : per slot, who was read for the first time after a gap
    """

    valid: NDArray[np.bool_]
    late: NDArray[np.bool_]
    pools: NDArray[np.bool_]
    import_wh: Numbers
    export_wh: Numbers
    metered_wh: Numbers
    gap_slots: Numbers
    gap_retail: Numbers
    gap_feed_in: Numbers
    true_up: tuple[TrueUp, ...]

    def part(self, slots: slice) -> "MeterRows":
        """The same for some of the slots."""
        return MeterRows(**{name: getattr(self, name)[slots] for name in self.__dataclass_fields__})


def meter_rows(
    readings: pa.Table, slots: Numbers, tariffs: tuple[Numbers, Numbers], size: int, before: Meters | None = None
) -> MeterRows:
    """`readings.parquet` of a run as arrays; lines of no slot in `slots` and of no member are passed over.

    slots int64[T], ascending; tariffs are retail and feed-in, int64[T], µ/kWh. `before` is where the meters stood
    before the first slot (None: at 0, as before a run).
    """
    names = ("slot", "account", "import_wh", "export_wh", "late")
    slot, account, taken, given, tardy = (readings[name].to_numpy(zero_copy_only=False) for name in names)
    member, at = account.astype(np.int64) - FIRST_MEMBER, np.searchsorted(slots, slot)
    there = (at < len(slots)) & (member >= 0) & (member < size)
    there[there] = slots[at[there]] == slot[there]
    at, member = at[there], member[there]
    valid, late, pools = np.zeros((3, len(slots), size), np.bool_)
    numbers = np.zeros((6, len(slots), size), np.int64)
    valid[at, member], late[at, member] = True, tardy[there]
    numbers[0, at, member], numbers[1, at, member] = taken[there], given[there]
    none, true_up = np.zeros(size, np.int64), []
    meters = Meters.at(none, none) if before is None else before
    for t, (retail, feed_in) in enumerate(zip(*(tariff.tolist() for tariff in tariffs), strict=True)):
        registers = numbers[0, t], numbers[1, t]
        meters, delivery = meters.read(valid[t], *registers, retail=retail, feed_in=feed_in, late=late[t])
        pools[t] = delivery.pools
        state = (meters.import_wh, meters.export_wh, delivery.metered_wh)
        numbers[:, t] = (*state, meters.gap_slots, meters.gap_retail, meters.gap_feed_in)
        true_up.append(delivery.true_up)
    taken_in, given_out, metered, gap, dearest, cheapest = numbers
    return MeterRows(valid, late, pools, taken_in, given_out, metered, gap, dearest, cheapest, tuple(true_up))


def nonces(rows: pa.Table, receipts: pa.Table) -> Numbers:
    """The nonce of the offer in force of every line of `rows.parquet`, int64; −1 where it names no receipted one."""
    known = dict(zip(receipts["offer_hash"].to_pylist(), receipts["nonce"].to_pylist(), strict=True))
    return np.array([known.get(offer, -1) for offer in rows["offer_hash"].to_pylist()], np.int64)


def private_rows(
    slots: Numbers, rows: dict[str, Numbers], meters: MeterRows, claimed: Numbers, salts: NDArray[np.uint8]
) -> PeriodRows:
    """The private rows of T slots and m accounts, institutions first.

    `rows` holds leaf, nonce, traded_ahead_wh, traded_pool_wh, metered_wh and paid, int64[T, m]; claimed likewise, salts
    uint8[T, m, 32]; `meters` are of the same slots.
    """
    names = ("import_wh", "export_wh", "gap_slots", "gap_retail", "gap_feed_in")
    width = rows["paid"].shape[1]
    wide = {name: np.zeros((len(slots), width), np.int64) for name in names}
    for name, values in wide.items():
        values[:, FIRST_MEMBER:] = getattr(meters, name)
    return PeriodRows(
        slots=slots,
        **rows,
        import_register_wh=wide["import_wh"],
        export_register_wh=wide["export_wh"],
        claimed=claimed,
        gap_slots=wide["gap_slots"],
        gap_retail=wide["gap_retail"],
        gap_feed_in=wide["gap_feed_in"],
        salts=salts,
    )
