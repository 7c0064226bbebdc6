"""The meters: which readings came, what the registers moved by, and the gaps of meters that were silent.

Read beside docs/formats.md, "Private rows": one account after the other, slot by slot, in plain integers.
"""

from dataclasses import dataclass

from run_auction import residual_money

CAP = 10**9


@dataclass
class Meter:
    """One account's meter in one slot."""

    came: bool
    late: bool
    registers: tuple[int, int]
    moved: tuple[int, int]
    gap: tuple[int, int, int]  # slots without a reading (-1 ends a gap, -2 came late), dearest retail, cheapest feed-in
    back: tuple[int, int, int, int] | None  # first reading after a gap: taken, given, dearest, cheapest
    steady: bool  # read, and no gap before

    @property
    def metered(self) -> int:
        """What counts as metered: nothing without a reading."""
        return self.moved[0] - self.moved[1]

    def pool_wh(self, ahead: int, cap: int = CAP) -> int:
        """What may be offered to the pool beyond the ahead trades."""
        return max(-cap, min(self.metered - ahead, cap)) if self.steady and not self.late else 0


def read_meters(run, base: dict[int, tuple[int, int]] | None = None) -> dict[tuple[int, int], Meter]:
    """{(slot, account): its meter}. Before the first slot the registers are those of `base`, else 0."""
    out: dict[tuple[int, int], Meter] = {}
    lines, table = run.reading_lines, run.tables["readings"]
    tariffs = list(zip(run.tables["slots"]["retail"], run.tables["slots"]["feed_in"], strict=True))
    for account in run.members:
        registers, gap = (base or {}).get(account, (0, 0)), (0, 0, 0)
        for slot, (retail, feed_in) in zip(run.slots, tariffs, strict=True):
            line = lines.get((slot, account))
            wider = (gap[0] + 1, max(gap[1], retail), min(gap[2], feed_in)) if gap[0] > 0 else (1, retail, feed_in)
            if line is None:
                gap = wider
                out[slot, account] = Meter(False, False, registers, (0, 0), gap, None, False)
                continue
            now = table["import_wh"][line], table["export_wh"][line]
            moved = now[0] - registers[0], now[1] - registers[1]
            back = (*moved, *wider[1:]) if gap[0] > 0 else None
            late = table["late"][line]
            registers, gap = now, (-1 if back else -2 if late else 0, 0, 0)
            out[slot, account] = Meter(True, late, registers, moved, gap, back, back is None)
    return out


def claim(meter: Meter, traded: tuple[int, int], tariffs: tuple[int, int]) -> int:
    """What of a slot's debits the utility may claim: no debit that makes good an ahead trade not kept."""
    ahead, pool = traded
    if meter.back:
        taken, given, dearest, cheapest = meter.back
        return residual_money(taken, dearest, cheapest)[0] + residual_money(-given, dearest, cheapest)[0]
    rest = meter.metered - ahead - pool
    undelivered = min(abs(rest), abs(ahead)) if rest * ahead < 0 else 0
    undelivered = undelivered if rest > 0 else -undelivered
    return residual_money(rest, *tariffs)[0] - residual_money(undelivered, *tariffs)[0]
