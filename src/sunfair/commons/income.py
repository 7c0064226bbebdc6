"""What a plant earns in the market on its way to its holders: forwarded whole, divided by an accumulator per share.

The contract `CommunitySolar` counts the same in the same integers (docs/commons-spec.md, "Income").
"""

__all__ = ["divided", "due_of", "forward", "owed_of"]

_SCALE_BITS = 64


def forward(carried: int, earned: int) -> tuple[int, int]:
    """What the plant's agent forwards after a period in which it earned `earned`, and what it carries on, µ ≤ 0.

    A period that cost money (a negative feed-in price) is made good by those that follow before anything is forwarded:
    Σ forwarded + carried = Σ earned.
    """
    total = carried + earned
    return max(total, 0), min(total, 0)


def divided(accumulator: int, income: int, supply: int) -> int:
    """The accumulator, 2⁻⁶⁴ µ a share, after `income` µ was divided among `supply` shares; rounded down."""
    return accumulator + (income << _SCALE_BITS) // supply


def owed_of(owed: int, shares: int, before: int, after: int) -> int:
    """What a seat is owed, 2⁻⁶⁴ µ, after the accumulator went from `before` to `after` while it held `shares`.

    Seats pass between two incomes, never within one, so a seat's income is the sum over the shares it held.
    """
    return owed + shares * (after - before)


def due_of(shares: int, accumulator: int) -> int:
    """What a seat that held `shares` from the start is owed in all, whole µ, rounded down."""
    return (shares * accumulator) >> _SCALE_BITS
