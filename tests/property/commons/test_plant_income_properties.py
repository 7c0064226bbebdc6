"""What a plant earns on its way to the holders: nothing is lost but fractions of a µ, nothing is made."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.commons import divided, due_of, forward


@settings(max_examples=60, deadline=None)
@given(
    earned=st.lists(st.integers(-(10**12), 10**12), max_size=12),
    seats=st.lists(st.integers(1, 10**13), min_size=1, max_size=8),
)
def test_forwarded_and_divided_to_the_unit(earned: list[int], seats: list[int]) -> None:
    carried = accumulator = sent = 0
    supply = sum(seats)
    for at, amount in enumerate(earned, 1):
        one, carried = forward(carried, amount)
        assert one >= 0 >= carried
        assert one == 0 or carried == 0
        sent += one
        accumulator = divided(accumulator, one, supply)
        assert sent + carried == sum(earned[:at])
        for seat in seats:
            # Never more than the exact part; less by the whole µ it is rounded down to and 2⁻⁶⁴ µ a share and period.
            exact = Fraction(sent * seat, supply)
            assert exact - 1 - Fraction(seat * at, 2**64) < due_of(seat, accumulator) <= exact
        assert sum(due_of(seat, accumulator) for seat in seats) <= sent
