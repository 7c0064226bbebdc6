"""What members do with their own money beside the market: credit that is topped up, and what one gives another."""

from typing import Protocol

from sunfair.model import Prepaid

__all__ = ["Purse"]


class Purse(Protocol):
    """Members' tokens on chain. Amounts µ, integers; who pays signs with its own key (`ports.Keys`)."""

    def permit(self, account: int, prepaid: Prepaid, expires: int) -> None:
        """Have the account's owner sign its standing permission, until unix second `expires`, and allow its tokens."""
        ...

    def credit_of(self, account: int) -> int:
        """What is in the vault for the account, and parked for it."""
        ...

    def credit_parked(self, account: int) -> int:
        """Bring what is parked to the balance, if the door is open; the amount that reached it."""
        ...

    def top_up(self, account: int) -> int:
        """Have the standing permission pay in once; what of it reached the balance, 0 where it is parked.

        Raises Reverted, with nothing taken, where the permission does not allow it.
        """
        ...

    def give(self, giver: int, receiver: int, amount: int) -> None:
        """Send `amount` of the giver's tokens to the receiver's address: its owner's own act, outside every bill."""
        ...
