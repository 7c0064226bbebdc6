"""The book on wires: the most welfare that voltages and ratings carry, at a price for each connection and phase.

A filled Wh moves its connection by a Wh during the slot; what is not offered stands in the base. The linear programme
keeps ``V0 + S·t ≤ V_max − ε`` (likewise V_min and ratings) with the sensitivities of an operating point; its fills
are held against the full power flow, and the point moves there, up to three times. Prices are
``λ_k = λ_0 + Σ μ_m S_mk``: spot pricing, Bohn, Caramanis and Schweppe 1984 (doi:10.2307/2555444), in three phases.
Where the base alone is outside a limit, no trade may make it worse: so trading nothing is always allowed, and what
buyers pay is never less than what sellers are due.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid import Network, NoPowerFlow, phase_spread, static_limits
from sunfair.market.integers import exact_sums
from sunfair.market.local import LocalClearing, LocalPrices
from sunfair.market.network_limits import Limits, Point, Rows
from sunfair.market.network_prices import energy_price, local_prices, whole_fills
from sunfair.market.network_programme import Programme, optimum
from sunfair.market.offers import Offers
from sunfair.market.rationing import share_out
from sunfair.market.uniform import clear_uniform
from sunfair.model import Phase

__all__ = ["HEAD", "Feeder", "clear_network"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

HEAD = 0
"""The account that trades at the feeder's head, where no limit and no loss counts: the utility, where it takes part."""

_PARTS = 32
"""Into how many parts the way to the uniform auction's trades is cut, to find where the wires' limits lie on it."""

_ENOUGH = 1e-3
"""By what part of itself a further round must raise the welfare to be worth another."""

_ROUNDS = 4
"""The wires are linearised once and relinearised at most three times."""


@dataclass(frozen=True, slots=True, eq=False)
class Feeder:
    """The wires a book trades over, and what flows on them whatever it decides.

    network : its n members are who may trade, beside `HEAD`
    phases : of the members, in the order of `network.accounts`
    slot_seconds : length of the slot, s
    base_w, base_var : float64[n, 3], W and var per phase, + taken: all that no offer of the book moves
    """

    network: Network
    phases: tuple[Phase, ...]
    slot_seconds: int
    base_w: Floats
    base_var: Floats

    @property
    def share(self) -> Floats:
        """Which part of each member's power each phase carries, float64[n, 3]."""
        return phase_spread(self.phases)

    def point(self, net_wh: Floats | Ints) -> Point:
        """The flow when members trade these, [n] Wh + taken, on top of the base, at unity power factor."""
        return self.points(net_wh[None])[0]

    def points(self, net_wh: Floats | Ints) -> list[Point]:
        """The same for many alternatives at once, [T, n]."""
        watt = net_wh[:, :, None] * self.share * (3600 / self.slot_seconds)
        return Point.at(self.network, self.base_w + watt, self.base_var)


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """A book on its feeder. place : intp[steps], the member of each step, n for the head.

    Steps of one bus, phases, side and limit are one column: first : intp[c], a step of each; column : intp[steps].
    """

    offers: Offers
    feeder: Feeder
    place: NDArray[np.intp]
    first: NDArray[np.intp]
    column: NDArray[np.intp]
    k: tuple[int, int]
    loss_price: int

    @staticmethod
    def of(offers: Offers, feeder: Feeder, k: tuple[int, int], loss_price: int) -> "_Book":
        accounts = np.array([*feeder.network.accounts, HEAD], np.int64)
        order = np.argsort(accounts, kind="stable")
        at = order[np.searchsorted(accounts, offers.account, sorter=order).clip(max=len(order) - 1)]
        strange = np.unique(offers.account[accounts[at] != offers.account]).tolist()
        faults = [Fault(f"account {a}", "is no member of this network", f"members, or {HEAD}") for a in strange]
        if loss_price < 0:
            faults.append(Fault("loss_price", f"is {loss_price}", "must be at least 0"))
        if faults:
            raise InputError("the book cannot be cleared on this network", faults)
        bus = np.append(feeder.network.member_bus, -1)
        phase = np.array([list(Phase).index(one) for one in feeder.phases] + [-1])
        keys = np.stack([bus[at], phase[at], np.sign(offers.energy_wh), offers.limit], axis=1)
        _, first, column = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return _Book(offers, feeder, at, first, column.reshape(-1), k, loss_price)

    def net(self, filled_wh: Ints) -> Ints:
        """What the members trade with these fills, int64[n], Wh."""
        net = np.zeros(self.feeder.network.members + 1, np.int64)
        np.add.at(net, self.place, filled_wh)
        return net[:-1]

    def worth(self, filled_wh: Ints) -> int:
        """The welfare Σ limit · fill, 10⁻³ µ."""
        return exact_sums(filled_wh * self.offers.limit, np.zeros(len(filled_wh), np.intp), 1)[0]

    def at_members(self, values: Floats) -> Floats:
        """float64[…, n] of members as float64[…, c] of columns, 0 at the head."""
        padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
        taken: Floats = padded[..., self.place[self.first]]
        return taken


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Fills that the full flow carries, their prices, after how many rounds, and what they are worth, 10⁻³ µ."""

    filled: Ints
    local: LocalPrices | None
    rounds: int
    worth: int


def clear_network(offers: Offers, feeder: Feeder, *, k: tuple[int, int] = (1, 2), loss_price: int = 0) -> LocalClearing:
    """Clear one book within the limits of `sunfair.grid`; Σ filled = 0.

    k : where in the interval of possible energy prices the price lies, as in `clear_uniform`
    loss_price : µ/kWh ≥ 0, what a Wh lost on the wires is worth; 0 leaves losses out of trade and prices

    Where the uniform auction's fills keep the limits (and losses are not priced) they stand, at its one price. A flow
    without a solution, or limits not kept after three relinearisations, leave the static envelope, and `notice` says
    so: each connection trades at most the static limit, cleared at one price. Losses that would have to be paid out,
    since trades save some, are not priced. Raises InputError for accounts that are neither members nor `HEAD`, and for
    a negative loss_price.
    """
    book = _Book.of(offers, feeder, k, loss_price)
    limits = Limits.around(feeder.point(np.zeros(feeder.network.members, np.int64)))
    if not limits.base.solved:
        return _static(book, limits, f"the power flow of what is not offered has no solution: {limits.base.why}")
    uniform = clear_uniform(offers, k=k)
    net = book.net(uniform.filled_wh)
    point = feeder.point(net)
    if not loss_price and limits.kept(point):
        return _at_one_price(book, uniform.filled_wh, uniform.price)
    return _on_wires(book, limits, (net * _reach(book, limits, net)).astype(np.float64))


def _on_wires(book: _Book, limits: Limits, net: Floats | Ints) -> LocalClearing:
    """Linearise, clear, look at the full flow, and again from there, as long as that is needed or brings more."""
    feeder, point, rows = book.feeder, book.feeder.point(net), None
    best: _Found | None = None
    for rounds in range(1, _ROUNDS + 1):
        try:
            around = limits.rows(point, net[:, None] * feeder.share, feeder.phases, feeder.slot_seconds)
        except NoPowerFlow as error:
            return _static(book, limits, " ".join(str(error).split()))
        rows = around.with_loads(rows)
        filled, local = _linear(book, rows)
        net = book.net(filled)
        point = feeder.point(net)
        if limits.kept(point):
            before, worth = best, book.worth(filled)
            if before is None or worth > before.worth:
                best = _Found(filled, local, rounds, worth)
            if book.loss_price or (before is not None and worth <= before.worth * (1 + _ENOUGH)):
                break
        elif not point.solved:
            break
    if best is None:
        return _static(book, limits, "limits are not kept after three relinearisations")
    return _priced(book, limits, best)


def _reach(book: _Book, limits: Limits, net: Ints) -> float:
    """How much of these trades the wires carry, part of them: near the limits first-order answers hold best."""
    parts = np.arange(1, _PARTS) / _PARTS
    kept = [limits.kept(point) for point in book.feeder.points(net[None, :] * parts[:, None])]
    return float(parts[kept.index(False) - 1]) if False in kept[1:] and kept[0] else float(parts[-1] if kept[0] else 0)


def _linear(book: _Book, rows: Rows) -> tuple[Ints, LocalPrices | None]:
    """Fills of all steps, int64[steps], and the prices, by the linear programme within these rows."""
    offers, share = book.offers, book.feeder.share
    losses = rows.losses * book.loss_price
    energy = np.bincount(book.column, np.abs(offers.energy_wh)).astype(np.int64)
    programme = Programme(
        sign=np.sign(offers.energy_wh[book.first]).astype(np.float64),
        limit=offers.limit[book.first] - book.at_members((losses * share).sum(axis=1)),
        most=energy.astype(np.float64),
        rows=book.at_members((rows.rows * share).sum(axis=2)),
        room=rows.room,
    )
    found = optimum(programme)
    if found is None:  # nothing traded is always allowed, so this is the solver's failure alone
        return np.zeros(len(offers), np.int64), None
    whole = whole_fills(programme.sign, found.fill, energy)
    filled = np.sign(offers.energy_wh) * share_out(np.abs(offers.energy_wh), book.column, whole, energy)
    price = energy_price(programme, found, book.k)
    return filled, None if price is None else local_prices(price, losses, rows, found.shadow, share)


def _priced(book: _Book, limits: Limits, best: _Found) -> LocalClearing:
    """The clearing, if buyers pay at least what sellers are due; else without priced losses, or at one price."""
    filled, local = best.filled, best.local
    if local is None:
        return LocalClearing(None, 0, np.zeros_like(filled), np.zeros_like(filled), None, 0, best.rounds, "")
    price = np.append(local.connection, local.energy)[book.place]
    sold, paid = exact_sums(filled * price, (filled > 0).astype(np.intp), 2)
    if sold + paid < 0:
        if book.loss_price:
            return clear_network(book.offers, book.feeder, k=book.k)
        return _static(book, limits, "the price differences do not pay for themselves once rounded")
    volume = int(np.maximum(filled, 0).sum())
    mean = paid // volume if volume else None
    return LocalClearing(mean, volume, filled, price, local if volume else None, sold + paid, best.rounds, "")


def _at_one_price(book: _Book, filled: Ints, price: int | None, notice: str = "") -> LocalClearing:
    local = None if price is None else LocalPrices.one(price, book.feeder.network.members)
    prices = np.full(len(filled), price or 0, np.int64)
    return LocalClearing(price, int(np.maximum(filled, 0).sum()), filled, prices, local, 0, 0, notice)


def _static(book: _Book, limits: Limits, why: str) -> LocalClearing:
    """Each connection trades at most the static limit on a side, at one price; nothing, if even that is too much."""
    taken, given = static_limits(book.feeder.network, book.feeder.phases)
    hours = book.feeder.slot_seconds / 3600
    energy = _within(book, int(taken * hours), int(given * hours))
    used = np.flatnonzero(energy)
    offers = book.offers
    clearing = clear_uniform(Offers(offers.account[used], energy[used], offers.limit[used]), k=book.k)
    filled = np.zeros(len(offers), np.int64)
    filled[used] = clearing.filled_wh
    if limits.base.solved and not limits.kept(book.feeder.point(book.net(filled))):
        return _at_one_price(book, np.zeros_like(filled), None, f"nothing is traded: {why}")
    return _at_one_price(book, filled, clearing.price, f"static envelope: {why}")


def _within(book: _Book, taken: int, given: int) -> Ints:
    """The steps cut so that no member offers more than this on a side, Wh; best limits first; the head is not cut."""
    offers, cut = book.offers, book.offers.energy_wh.copy()
    sides = np.sign(offers.energy_wh)
    order = np.lexsort((-sides * offers.limit, sides, book.place))
    left, last = 0, (-1, 0)
    for step in order.tolist():
        here = int(book.place[step]), int(sides[step])
        if here != last:
            left, last = (taken if here[1] > 0 else given), here
        if here[0] < book.feeder.network.members:
            cut[step] = here[1] * min(abs(int(offers.energy_wh[step])), left)
            left -= abs(int(cut[step]))
    return cut
