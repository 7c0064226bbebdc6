"""Who gets what when a booking ends: the deposit is always paid out whole, and so is what the host's stake answers for.

The twin of ``contracts/ChargingNetwork.vy``; see docs/charging-spec.md, "Ends".
"""

from typing import NamedTuple

from sunfair.charging.booking import Booking
from sunfair.charging.states import BookingState

__all__ = ["Payout", "ending"]

_S = BookingState


class Payout(NamedTuple):
    """µ to the driver and to the charge point's payee, and how much of the driver's comes out of the host's stake."""

    driver: int
    payee: int
    from_stake: int = 0


def ending(
    booking: Booking,
    state: BookingState,
    *,
    now: int = 0,
    was: BookingState = _S.NONE,
    claimed: int = 0,
    proven: int | None = None,
) -> Payout:
    """The payout of a booking that ends in `state`, from the state `was`.

    now : unix s, for a cancellation; claimed : the fee the host named, µ (0: none); proven : the fee that a signed
    record gives, µ, None where none was shown
    """
    b, fees = (
        booking,
        {
            _S.REJECTED: 0,
            _S.CANCELED_OFFLINE: 0,
            _S.CANCELED_DRIVER: booking.no_show_fee if was is _S.RESERVED and now >= booking.free_until else 0,
            _S.CANCELED_HOST: 0,
            _S.NO_SHOW: booking.no_show_fee,
            _S.FULFILLED: claimed,
        },
    )
    if state in fees:
        return _paid(b, fees[state], b.compensation if state is _S.CANCELED_HOST else 0)
    if state is not _S.RESOLVED:
        raise ValueError(f"{state.name} is no end")
    if proven is None:
        return _paid(b, 0, b.compensation)
    if was in (_S.CHALLENGE, _S.DISPUTED) and proven < claimed:
        return _paid(b, proven, b.compensation)
    # Who disputes what the meter signed pays for the trouble, as who stays away does.
    return _paid(b, min(proven + b.no_show_fee, b.deposit) if was is _S.DISPUTED else proven)


def _paid(booking: Booking, fee: int, from_stake: int = 0) -> Payout:
    return Payout(booking.deposit - fee + from_stake, fee, from_stake)
