"""The money of one slot, exactly (settlement.md, "Money of one slot").

Debits round up and credits round down, so a rounding can only leave dust, never a hole; the dust is the reserve's.
All products are taken on absolute values: floor division of negatives and the EVM's truncation then agree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Fees
from sunfair.units import BPS

__all__ = [
    "Residual",
    "SlotMoney",
    "SlotTerms",
    "TrueUp",
    "claims",
    "exact_sum",
    "local_paid",
    "residual_money",
    "settle_slot",
    "undelivered_debits",
    "wires_share",
]

_KWH = 1_000  # Wh per kWh: a price is µ/kWh
_SHARE = _KWH * BPS


@dataclass(frozen=True, slots=True)
class SlotTerms:
    """What a slot's money depends on beside the rows: prices µ/kWh (None: no trade), tariffs µ/kWh, shares.

    local_ahead : where the ahead session traded at a price for each connection, those prices in the order of accounts,
    institutions included (theirs mean nothing); `price_ahead` is then their mean by volume and decides nothing
    """

    price_ahead: int | None
    price_pool: int | None
    retail: int
    feed_in: int
    fees: Fees
    local_ahead: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class SlotMoney:
    """µ of each account, in the order of the rows given: int64[n], debits and credits ≥ 0, paid = credits − debits."""

    debits: NDArray[np.int64]
    credits: NDArray[np.int64]

    @property
    def paid(self) -> NDArray[np.int64]:
        """What the account receives (+) or pays (−), µ."""
        return self.credits - self.debits


@dataclass(frozen=True, slots=True)
class Residual:
    """Money of energy bought from or sold to the utility, µ, int64[n] each, both ≥ 0."""

    debits: NDArray[np.int64]
    credits: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrueUp:
    """First readings after slots without one, k accounts: int64[k] each, ascending by account.

    taken_wh, given_wh : what import and export registers moved by since they were last read, ≥ 0. Nothing is netted:
    neither with one another nor with ahead trades, so a silent meter earns nothing.
    retail, feed_in : the gap's dearest retail and cheapest feed-in, this slot's included, µ/kWh.
    """

    account: NDArray[np.int64]
    taken_wh: NDArray[np.int64]
    given_wh: NDArray[np.int64]
    retail: NDArray[np.int64]
    feed_in: NDArray[np.int64]

    @staticmethod
    def none() -> "TrueUp":
        """A slot in which every account was read the slot before, too."""
        return TrueUp(*(np.zeros(0, np.int64) for _ in range(5)))

    def money(self) -> tuple[Residual, Residual]:
        """Residual of the import and of the export side, each rounded by itself."""
        taken = residual_money(self.taken_wh, self.retail, self.feed_in)
        return taken, residual_money(-self.given_wh, self.retail, self.feed_in)


def exact_sum(values: NDArray[np.int64]) -> int:
    """The sum as a Python int, without overflow."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def _ceil(energy: NDArray[np.int64], price: ArrayLike) -> NDArray[np.int64]:
    """⌈energy·|price| / 1000⌉ for energy ≥ 0; up to 4·10⁹ Wh at 10⁹ µ/kWh stays below 2⁶³."""
    due: NDArray[np.int64] = -(-(energy * np.abs(price)) // _KWH)
    return due


def _floor(energy: NDArray[np.int64], price: ArrayLike) -> NDArray[np.int64]:
    """⌊energy·|price| / 1000⌋ for energy ≥ 0."""
    due: NDArray[np.int64] = energy * np.abs(price) // _KWH
    return due


def _share(energy: NDArray[np.int64], price: ArrayLike, bps: int) -> NDArray[np.int64]:
    """⌊energy·|price|·bps / 10⁷⌋ exactly: the product does not fit int64, so whole and rest are taken apart."""
    product: NDArray[np.int64] = energy * np.abs(price)
    return product // _SHARE * bps + product % _SHARE * bps // _SHARE


def residual_money(residual_wh: NDArray[np.int64], retail: ArrayLike, feed_in: ArrayLike) -> Residual:
    """What r = metered − traded costs or earns at the utility's tariffs; a negative tariff swaps payer and receiver.

    residual_wh int64[n], Wh; retail and feed_in µ/kWh, one for all or int64[n].
    """
    retail, feed_in = np.asarray(retail, np.int64), np.asarray(feed_in, np.int64)
    taken, given = np.maximum(residual_wh, 0), np.maximum(-residual_wh, 0)
    debits = _ceil(taken, np.maximum(retail, 0)) + _ceil(given, np.minimum(feed_in, 0))
    credits = _floor(taken, np.minimum(retail, 0)) + _floor(given, np.maximum(feed_in, 0))
    return Residual(debits, credits)


def undelivered_debits(
    residual_wh: NDArray[np.int64], ahead_wh: NDArray[np.int64], retail: int, feed_in: int
) -> NDArray[np.int64]:
    """Debits of the residual that only makes good an ahead trade not kept: min(|r|, |ahead|) where signs oppose."""
    opposed = residual_wh.astype(np.int64) * np.sign(ahead_wh) < 0
    size = np.where(opposed, np.minimum(np.abs(residual_wh), np.abs(ahead_wh)), 0)
    return residual_money(np.sign(residual_wh) * size, retail, feed_in).debits


def claims(
    terms: SlotTerms,
    ahead_wh: NDArray[np.int64],
    pool_wh: NDArray[np.int64],
    metered_wh: NDArray[np.int64],
    true_up: TrueUp | None = None,
) -> NDArray[np.int64]:
    """What of a slot's debits the utility may claim off chain when the account cannot pay, µ, int64[n] ≥ 0.

    The residual's debits without those that make good an ahead trade not kept: those are the neighbours'. What a
    register moved by in a gap is the utility's alone. Arguments as in `settle_slot`.
    """
    rest = _rest(ahead_wh, pool_wh, metered_wh, true_up)
    due = residual_money(rest, terms.retail, terms.feed_in).debits
    due -= undelivered_debits(rest, ahead_wh, terms.retail, terms.feed_in)
    if true_up is not None:
        for part in true_up.money():
            due[true_up.account] += part.debits
    return due


def _check_rows(ahead: NDArray[np.int64], pool: NDArray[np.int64], metered: NDArray[np.int64]) -> None:
    if not ahead.shape == pool.shape == metered.shape or ahead.ndim != 1 or len(ahead) <= RESERVE:
        raise ValueError(
            "traded_ahead_wh, traded_pool_wh and metered_wh must be one row per account, institutions first"
        )
    if any(a[: RESERVE + 1].any() for a in (ahead, pool, metered)):
        raise ValueError("accounts 0, 1 and 2 are institutions: they neither trade nor are metered")


def _rest(
    ahead: NDArray[np.int64], pool: NDArray[np.int64], metered: NDArray[np.int64], true_up: TrueUp | None
) -> NDArray[np.int64]:
    """What goes at the slot's own tariffs: metered − traded; after a gap the ahead trade alone, as not delivered."""
    rest = metered - ahead - pool
    if true_up is not None:
        moved = true_up.taken_wh - true_up.given_wh
        if (metered[true_up.account] != moved).any():
            raise ValueError("an account is trued up by another energy than its meter shows")
        rest[true_up.account] -= moved
    return rest


def _session(
    traded: NDArray[np.int64], price: int, fees: Fees, debits: NDArray[np.int64], credits: NDArray[np.int64]
) -> None:
    """Add one session's money to `debits` and `credits`, the institutions' shares and the dust included."""
    payer = np.maximum(traded if price >= 0 else -traded, 0)
    receiver = np.maximum(-traded if price >= 0 else traded, 0)
    debit, credit = _ceil(payer, price), _share(receiver, price, fees.seller_bps)
    value = exact_sum(np.maximum(traded, 0)) * abs(price)
    to_utility, to_network = value * fees.utility_bps // _SHARE, value * fees.network_bps // _SHARE
    debits += debit
    credits += credit
    credits[UTILITY] += to_utility
    credits[NETWORK] += to_network
    credits[RESERVE] += exact_sum(debit) - exact_sum(credit) - to_utility - to_network


def _local(terms: SlotTerms, accounts: int) -> NDArray[np.int64]:
    local = np.array(terms.local_ahead, np.int64)
    if local.shape != (accounts,):
        raise ValueError(f"there are {len(local)} local prices for {accounts} accounts")
    return local


@dataclass(frozen=True, slots=True)
class _Local:
    """A session at a price for each account, µ: each one's debit and credit, the institutions', what is left."""

    debit: NDArray[np.int64]
    credit: NDArray[np.int64]
    to_utility: int
    to_network: int
    each: int
    rest: int


def _local_money(traded: NDArray[np.int64], price: NDArray[np.int64], fees: Fees) -> _Local:
    """The parts of a session with local prices; ValueError where buyers pay less than sellers are due.

    Who pays and who receives is decided by each one's own price. Institutions have their shares of what the receivers
    are due. What is left, the wires' rent and the dust, goes to all members alike: a share that depends on nobody's
    trade changes no price. ⌊left / n⌋ each; the reserve has the rest, less than a µ per member.
    """
    signed = traded * np.sign(price)
    payer, receiver = np.maximum(signed, 0), np.maximum(-signed, 0)
    debit, credit = _ceil(payer, price), _share(receiver, price, fees.seller_bps)
    value = exact_sum(receiver * np.abs(price))
    to_utility, to_network = value * fees.utility_bps // _SHARE, value * fees.network_bps // _SHARE
    left = exact_sum(debit) - exact_sum(credit) - to_utility - to_network
    if left < 0:
        raise ValueError(f"at these local prices buyers pay {-left} µ less than sellers are due")
    members = len(traded) - FIRST_MEMBER
    each, rest = divmod(left, members) if members else (0, left)
    return _Local(debit, credit, to_utility, to_network, each, rest)


def wires_share(terms: SlotTerms, traded_ahead_wh: NDArray[np.int64]) -> int:
    """What each member has of the price differences of an ahead session at local prices, µ ≥ 0; 0 at one price."""
    if terms.local_ahead is None:
        return 0
    return _local_money(traded_ahead_wh, _local(terms, len(traded_ahead_wh)), terms.fees).each


def local_paid(terms: SlotTerms, traded_ahead_wh: NDArray[np.int64]) -> NDArray[np.int64]:
    """What an ahead session at local prices brought (+) or cost (−) each account, µ, int64[m]; 0 at one price."""
    debits, credits = np.zeros((2, len(traded_ahead_wh)), np.int64)
    if terms.local_ahead is not None:
        _local_session(traded_ahead_wh, terms, debits, credits)
    paid: NDArray[np.int64] = credits - debits
    return paid


def _local_session(
    traded: NDArray[np.int64], terms: SlotTerms, debits: NDArray[np.int64], credits: NDArray[np.int64]
) -> None:
    """Add the money of a session with a price for each account to `debits` and `credits`."""
    money = _local_money(traded, _local(terms, len(traded)), terms.fees)
    debits += money.debit
    credits += money.credit
    credits[UTILITY] += money.to_utility
    credits[NETWORK] += money.to_network
    credits[FIRST_MEMBER:] += money.each
    credits[RESERVE] += money.rest


def settle_slot(
    terms: SlotTerms,
    traded_ahead_wh: ArrayLike,
    traded_pool_wh: ArrayLike,
    metered_wh: ArrayLike,
    *,
    true_up: TrueUp | None = None,
) -> SlotMoney:
    """Debits and credits of every account for one slot; Σ debits = Σ credits exactly.

    The three arrays are int[n], Wh, + taken − given, indexed by account: 0, 1, 2 are utility, network and reserve (0 in
    all three), members from 3. `true_up` names the accounts read for the first time after a gap. Raises ValueError when
    these are not so, a session's trades do not balance, or local prices leave less than nothing.
    """
    ahead, pool, metered = (np.asarray(a, np.int64) for a in (traded_ahead_wh, traded_pool_wh, metered_wh))
    _check_rows(ahead, pool, metered)
    debits, credits = np.zeros(len(ahead), np.int64), np.zeros(len(ahead), np.int64)
    for name, traded, price in (("ahead", ahead, terms.price_ahead), ("pool", pool, terms.price_pool)):
        if exact_sum(traded) != 0:
            raise ValueError(f"the {name} session bought and sold different amounts")
        if name == "ahead" and terms.local_ahead is not None:
            _local_session(traded, terms, debits, credits)
        elif price is not None:
            _session(traded, price, terms.fees, debits, credits)
        elif traded.any():
            raise ValueError(f"the {name} session traded without a price")
    parts = residual_money(_rest(ahead, pool, metered, true_up), terms.retail, terms.feed_in)
    residual_debits, residual_credits = parts.debits, parts.credits
    if true_up is not None:
        for part in true_up.money():
            residual_debits[true_up.account] += part.debits
            residual_credits[true_up.account] += part.credits
    debits += residual_debits
    credits += residual_credits
    debits[UTILITY] += exact_sum(residual_credits)
    credits[UTILITY] += exact_sum(residual_debits)
    return SlotMoney(debits, credits)
