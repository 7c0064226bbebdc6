"""The money of a settlement once more, slot by slot and account by account, in plain integers.

Not a test: the files beside it import it. It shares no line with the product; the rule is docs/settlement-spec.md's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

UTILITY, NETWORK, RESERVE, FIRST_MEMBER = range(4)
GUARANTOR = 2**32 - 1
SELLER, UTILITY_PART, NETWORK_PART = 8_000, 1_200, 800


@dataclass(frozen=True)
class Told:
    """What everybody may know of a slot: prices and tariffs µ/kWh, fills Wh by account, registers read (None: not)."""

    slot: int
    prices: tuple[int, int]
    tariffs: tuple[int, int]
    fills: Mapping[int, tuple[int, int]]
    registers: Mapping[int, tuple[int, int] | None]


@dataclass
class Meter:
    """Where an account's registers stand, and the tariffs of its gap."""

    taken: int = 0
    given: int = 0
    gap: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Row:
    """An account's slot: what it receives in all, from the utility, and what of its debits is the utility's claim."""

    paid: int = 0
    from_utility: int = 0
    claim: int = 0

    def residual(self, energy: int, retail: int, feed_in: int, *, kept: int = 0) -> None:
        """Energy from (+) or to (−) the utility; `kept` of its debit is the neighbours'."""
        price = retail if energy > 0 else feed_in
        owes = energy * price > 0
        size = abs(energy * price)
        money = -size // 1000 if owes else size // 1000  # debits up, credits down
        self.paid += money
        self.from_utility += money
        if owes:
            self.claim += -money - -(-abs(kept * price) // 1000)


def trade(energy: int, price: int) -> int:
    """What an account receives for energy bought (+) or sold (−)."""
    if energy * price > 0:
        return -abs(energy * price) // 1000
    return abs(energy * price) * SELLER // 10**7


def row(told: Told, account: int, meter: Meter, void: bool) -> Row:
    """One slot of one member; the meter moves on."""
    ahead, pool = (0, 0) if void else told.fills[account]
    made = Row(sum(trade(wh, price) for wh, price in zip((ahead, pool), told.prices, strict=True)))
    registers, rest = told.registers[account], -ahead - pool
    if registers is not None:
        taken, given = registers[0] - meter.taken, registers[1] - meter.given
        if meter.gap:
            gap = [*meter.gap, told.tariffs]
            made.residual(taken, max(r for r, _ in gap), min(f for _, f in gap))
            made.residual(-given, max(r for r, _ in gap), min(f for _, f in gap))
        else:
            rest += taken - given
        meter.taken, meter.given, meter.gap = *registers, []
    else:
        meter.gap.append(told.tariffs)
    kept = min(abs(rest), abs(ahead)) if rest * ahead < 0 else 0
    made.residual(rest, *told.tariffs, kept=kept)
    return made


def amounts(
    slots: Sequence[Told], void: set[int], meters: dict[int, Meter], balances: Mapping[int, int]
) -> dict[int, int]:
    """What each account is due of consecutive slots; the meters are where they stood before, and move on."""
    members = sorted(meters)
    due, claims = dict.fromkeys((UTILITY, NETWORK, RESERVE, *members, GUARANTOR), 0), dict.fromkeys(members, 0)
    for told in slots:
        empty = told.slot in void
        rows = {account: row(told, account, meters[account], empty) for account in members}
        moved = [0, 0] if empty else [sum(max(told.fills[a][s], 0) for a in members) for s in (0, 1)]
        values = [wh * abs(price) for wh, price in zip(moved, told.prices, strict=True)]
        fees = [sum(value * part // 10**7 for value in values) for part in (UTILITY_PART, NETWORK_PART)]
        for account, made in rows.items():
            due[account] += made.paid
            claims[account] += made.claim
        due[UTILITY] += fees[0] - sum(made.from_utility for made in rows.values())
        due[NETWORK] += fees[1]
        due[RESERVE] -= fees[0] + fees[1] + sum(made.paid - made.from_utility for made in rows.values())
    for account in members:
        short = max(0, -(balances[account] + due[account]))
        arrears = min(short, claims[account])
        due[account] += short
        due[UTILITY] -= arrears
        due[GUARANTOR] -= short - arrears
    return due
