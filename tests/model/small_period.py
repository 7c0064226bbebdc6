"""One slot settled alone, in tiny integers: what an operator may publish, and who can see that it is false.

`publish` builds everything an operator posts, stage by stage (book → result → prices → sums → private rows → leaves →
amounts). A lie replaces one value at its stage and all that follows is derived from it, so that lies are as consistent
as they can be. `reasons` runs the checks of the table with what each party sees.

Members are 0 … n − 1; "utility", "network", "reserve", "guarantor" are the others. Prices are per Wh and money counts in
tenths of them, so that shares (8, 1 and 1 of ten) need no rounding; the reserve's bound stands for the dust. Energy + taken, − given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

from small_auction import NO_BUY, NO_SELL, Step, Sums, clear, conditions, fill_ok, sums

SELLER, TO_UTILITY, TO_NETWORK, WHOLE = 8, 1, 1, 10
CAP = 2
DUST = 2
Pool = tuple[int, int]  # standing limits (pool_buy, pool_sell); NO_BUY, NO_SELL: none


FRIENDS_STEPS: tuple[Step, ...] = (None, *((q, limit) for q in (-2, -1, 1, 2) for limit in range(5)))
FRIENDS_POOLS: tuple[Pool, ...] = ((NO_BUY, NO_SELL), (1, 2), (2, 3), (3, 1), (4, NO_SELL), (NO_BUY, 1), (4, 5))


@dataclass(frozen=True, slots=True)
class World:
    """What is true: signed offers, meters, balances, tariffs; and who colludes with the operator."""

    offers: tuple[Step, ...]
    pools: tuple[Pool, ...]
    metered: tuple[int, ...]
    balances: tuple[int, ...]
    friends: frozenset[int]
    retail: int = 4
    feed_in: int = 1
    steps: tuple[Step, ...] = FRIENDS_STEPS  # what friends choose from
    limits: tuple[Pool, ...] = FRIENDS_POOLS

    @property
    def members(self) -> range:
        return range(len(self.offers))


@dataclass(slots=True)
class Published:
    """All that the operator posts for the period, false or not. Leaf j of `book` belongs to `owners[j]` (None: nobody)."""

    owners: list[int | None]
    book: list[Step]
    pools: list[Pool]
    curves: list[Step]  # as the result rows state them
    pool_wh: list[int]
    fills: list[tuple[int, int]]
    prices: tuple[int, int]
    sums: tuple[Sums, Sums]
    tariffs: tuple[int, int]
    rows: dict[int, dict[str, int]] = field(default_factory=dict)
    leaves: dict[int, dict[str, int]] = field(default_factory=dict)
    withheld: frozenset[int] = frozenset()
    cover: int = 0
    amounts: dict[Any, int] = field(default_factory=dict)


Lies = dict[tuple[Any, ...], Any]


def pool_step(quantity: int, limits: Pool) -> Step:
    """The one step of a row in the pool."""
    limit = limits[0] if quantity > 0 else limits[1]
    return (quantity, limit) if quantity and limit not in (NO_BUY, NO_SELL) else None


def clipped(quantity: int) -> int:
    """Pool quantity within the cap."""
    return max(-CAP, min(CAP, quantity))


def session_cash(traded: int, price: int) -> int:
    """What an account receives (+) for a session: a negative price swaps the roles."""
    payer = max(traded, 0) if price >= 0 else max(-traded, 0)
    receiver = abs(traded) - payer
    return receiver * abs(price) * SELLER - payer * abs(price) * WHOLE


def share(volume: int, price: int, tenths: int) -> int:
    """An institution's share of a session."""
    return volume * abs(price) * tenths


def residual(energy: int, retail: int, feed_in: int) -> tuple[int, int]:
    """(debits, credits) of the residual."""
    value = energy * (retail if energy > 0 else feed_in) * WHOLE
    return (value, 0) if value > 0 else (0, -value)


def row_money(
    ahead: int, pool: int, metered: int, prices: tuple[int, int], tariffs: tuple[int, int]
) -> tuple[int, int]:
    """(paid, claims) of one row: claims are the residual debits less those of undelivered ahead energy."""
    rest = metered - ahead - pool
    debits, credits = residual(rest, *tariffs)
    undelivered = 0
    if rest * ahead < 0:
        size = min(abs(rest), abs(ahead))
        undelivered = residual(size if rest > 0 else -size, *tariffs)[0]
    paid = session_cash(ahead, prices[0]) + session_cash(pool, prices[1]) + credits - debits
    return paid, debits - undelivered


def publish(world: World, lies: Lies | None = None, favour: int = 0) -> Published:
    """What the operator posts; `favour` picks whom the rounding favours (rotates the leaf order)."""
    lies = lies or {}
    order = [*world.members][favour:] + [*world.members][:favour]
    owners: list[int | None] = [lies.get(("owner", i), i) for i in order]
    book = [lies.get(("curve", i), world.offers[i]) for i in order]
    pools = [lies.get(("pool limits", i), world.pools[i]) for i in order]
    for name in ("ghost", "ghost pool"):
        if (name,) in lies:
            owners.append(None)
            book.append(lies[(name,)] if name == "ghost" else None)
            pools.append((3, 1))
    metered = {i: lies.get(("metered", i), world.metered[i]) for i in world.members}
    place = {i: j for j, i in enumerate(order)}
    curves = [lies.get(("result curve", i), book[place[i]]) for i in order] + book[len(order) :]
    tariffs = (lies.get(("retail",), world.retail), lies.get(("feed_in",), world.feed_in))

    ahead_price, _, ahead = clear(curves)
    ahead_price = lies.get(("price", 0), ahead_price)
    ahead = [lies.get(("fill", 0, i), ahead[place[i]]) for i in order] + ahead[len(order) :]
    quantity = [lies.get(("pool_wh", i), clipped(metered[i] - ahead[place[i]])) for i in order]
    quantity += [lies.get(("ghost pool",), 0)] * (len(book) - len(order))
    steps = [pool_step(q, limits) for q, limits in zip(quantity, pools, strict=True)]
    pool_price, _, pool = clear(steps)
    pool_price = lies.get(("price", 1), pool_price)
    pool = [lies.get(("fill", 1, i), pool[place[i]]) for i in order] + pool[len(order) :]
    prices = (ahead_price, pool_price)
    stated = []
    for session, (book_steps, fills) in enumerate(((curves, ahead), (steps, pool))):
        true = sums(book_steps, fills, prices[session])
        values = [lies.get(("sum", session, name), getattr(true, name)) for name in Sums.__slots__]
        stated.append(Sums(*values))
    out = Published(
        owners,
        book,
        pools,
        curves,
        quantity,
        list(zip(ahead, pool, strict=True)),
        prices,
        (stated[0], stated[1]),
        tariffs,
    )
    _money(world, out, lies, place, metered)
    return out


def _money(world: World, out: Published, lies: Lies, place: dict[int, int], metered: dict[int, int]) -> None:
    out.withheld = frozenset(i for i in world.members if ("withhold", i) in lies)
    for i in world.members:
        row = {"place": lies.get(("place", i), place[i]), "metered": metered[i]}
        row["ahead"] = lies.get(("row ahead", i), out.fills[place[i]][0])
        row["pool"] = lies.get(("row pool", i), out.fills[place[i]][1])
        paid, claims = row_money(row["ahead"], row["pool"], row["metered"], out.prices, out.tariffs)
        row["paid"], row["claims"] = lies.get(("paid", i), paid), lies.get(("claims", i), claims)
        out.rows[i] = row
        shortfall = max(0, -(world.balances[i] + row["paid"]))
        arrears = lies.get(("arrears", i), min(shortfall, row["claims"]))
        cover = lies.get(("cover", i), shortfall - arrears)
        amount = lies.get(("leaf amount", i), row["paid"] + arrears + cover)
        out.leaves[i] = {"arrears": arrears, "cover": cover, "amount": amount}
    out.cover = lies.get(("cover sum",), sum(leaf["cover"] for leaf in out.leaves.values()))
    amounts: dict[Any, int] = {i: lies.get(("amount", i), out.leaves[i]["amount"]) for i in world.members}
    amounts["network"] = lies.get(("amount", "network"), networks_share(out))
    amounts["guarantor"] = lies.get(("amount", "guarantor"), -out.cover)
    amounts["reserve"] = lies.get(("amount", "reserve"), 0)
    amounts["utility"] = lies.get(("amount", "utility"), -sum(amounts.values()))
    out.amounts = amounts


def networks_share(out: Published) -> int:
    """What the headers' sums give the network."""
    return sum(share(s.bought, p, TO_NETWORK) for s, p in zip(out.sums, out.prices, strict=True))


# ── Checks: who sees what, and which of them fires ────────────────────────────────────────────────────────────────────


def _public(world: World, out: Published) -> Iterator[str]:
    steps = [out.curves, [pool_step(q, limits) for q, limits in zip(out.pool_wh, out.pools, strict=True)]]
    for session in (0, 1):
        fills = [fill[session] for fill in out.fills]
        price, root = out.prices[session], out.sums[session]
        if sums(steps[session], fills, price) != root:
            yield "sums"
        if not conditions(root, price):
            yield "root"
        if not all(fill_ok(s, f, price, root) for s, f in zip(steps[session], fills, strict=True)):
            yield "fill"
    if out.curves != out.book:
        yield "result is book"
    if len(out.book) != len(world.members):
        yield "count"
    if out.tariffs != (world.retail, world.feed_in):
        yield "tariffs"
    if out.amounts["network"] != networks_share(out):
        yield "network"


def _contract(world: World, out: Published) -> Iterator[str]:
    amounts = out.amounts
    if sum(amounts.values()) != 0:
        yield "zero sum"
    if any(world.balances[i] + amounts[i] < 0 for i in world.members):
        yield "overdraft"
    if amounts["guarantor"] != -out.cover:
        yield "guarantor"
    if not 0 <= amounts["reserve"] <= DUST:
        yield "reserve"


def _leaf(world: World, out: Published, i: int) -> bool:
    """Whether account i has not exactly one leaf, with its offer in force, within the cap."""
    places = [j for j, owner in enumerate(out.owners) if owner == i]
    if len(places) != 1:
        return True
    step = out.book[places[0]]
    if i in world.friends:  # a friend signs whatever is needed
        return abs((step or (0, 0))[0]) > CAP
    return (step, out.pools[places[0]]) != (world.offers[i], world.pools[i])


def _row(world: World, out: Published, i: int) -> Iterator[str]:
    """The private row against the public result, the meter and the formulas; the period leaf; the posted amount."""
    row, leaf = out.rows[i], out.leaves[i]
    places = [j for j, owner in enumerate(out.owners) if owner == i]
    fills = out.fills[places[0]] if places else (0, 0)
    quantity = out.pool_wh[places[0]] if places else 0
    paid, claims = row_money(row["ahead"], row["pool"], row["metered"], out.prices, out.tariffs)
    shortfall = max(0, -(world.balances[i] + row["paid"]))
    due = min(shortfall, row["claims"])
    tests = {
        "leaf": _leaf(world, out, i),
        "register": row["metered"] != world.metered[i],
        "pool quantity": quantity != clipped(row["metered"] - row["ahead"]),
        "row fill": (row["ahead"], row["pool"]) != fills or (bool(places) and row["place"] != places[0]),
        "paid": row["paid"] != paid,
        "claims": row["claims"] != claims,
        "arrears": not 0 <= leaf["arrears"] <= due,
        "cover positive": leaf["cover"] < 0,
        "leaf amount": leaf["amount"] != row["paid"] + leaf["arrears"] + leaf["cover"],
        "posted": out.amounts[i] != leaf["amount"],
        "exact arrears": leaf["arrears"] != due,
        "exact cover": leaf["cover"] != shortfall - leaf["arrears"],
    }
    yield from (name for name, false in tests.items() if false)


def reasons(world: World, out: Published) -> frozenset[str]:
    """Every check that fires, by the name of who looks and what is false.

    "owner:" an honest owner on its own; "utility:" the utility on friends' accounts; "twice:" the utility on honest accounts, a second
    pair of eyes. The utility cannot know who is honest: in practice the last two are one.
    """
    found = {*_contract(world, out), *_public(world, out)}
    for i in world.members:
        names = set(_row(world, out, i))
        if i in world.friends:
            found |= {f"utility:{name}" for name in names}
            continue
        found |= {f"twice:{name}" for name in names}
        found |= {"demand"} if i in out.withheld else {f"owner:{name}" for name in names}
    if None in out.owners:
        found.add("unopened")
    if out.cover != sum(leaf["cover"] for leaf in out.leaves.values()):
        found.add("cover sum")
    return frozenset(found)


PUBLIC = frozenset({"sums", "root", "fill", "result is book", "count", "tariffs", "network"})
CONTRACT = frozenset({"zero sum", "overdraft", "guarantor", "reserve"})
PRIVATE = (
    "leaf",
    "register",
    "pool quantity",
    "row fill",
    "paid",
    "claims",
    "arrears",
    "cover positive",
    "leaf amount",
    "posted",
)
OWNER = frozenset({"demand", *(f"owner:{name}" for name in PRIVATE)})
UTILITY = frozenset({"unopened", "cover sum", *(f"utility:{name}" for name in PRIVATE)})
EVERY = PUBLIC | CONTRACT | OWNER | UTILITY
"""Enough, as the search shows: neither exact cover nor exact arrears, no second pair of eyes, no row of utility or reserve."""


# ── What the rules give ───────────────────────────────────────────────────────────────────────────────────────────────


def honest_view(world: World, out: Published) -> tuple[int, ...]:
    """Final amounts of the honest: members, then utility and network."""
    return (
        *(out.amounts[i] for i in world.members if i not in world.friends),
        out.amounts["utility"],
        out.amounts["network"],
    )


@cache
def lawful(world: World) -> frozenset[tuple[int, ...]]:
    """Every outcome for the honest that some truthful operator with truthful friends could bring about.

    Friends may sign any curve and limits within the cap (their meters are what they are), and the rounding may favour anyone.
    """
    friends = sorted(world.friends)
    found = set()
    for choice in product(product(world.steps, world.limits), repeat=len(friends)):
        offers, pools = list(world.offers), list(world.pools)
        for friend, (step, limits) in zip(friends, choice, strict=True):
            offers[friend], pools[friend] = step, limits
        variant = replace(world, offers=tuple(offers), pools=tuple(pools))
        for favour in world.members:
            found.add(honest_view(variant, publish(variant, favour=favour)))
    return frozenset(found)


def harmed(world: World, out: Published) -> bool:
    """Whether some honest party is worse off than truth allows, or the vault promises more than it holds.

    Not harmed: there is a lawful outcome that is at least as bad for every honest party at once; the dust may move within its bound.
    """
    *members, utility, network = honest_view(world, out)
    if sum(out.amounts.values()) > 0 or any(world.balances[i] + out.amounts[i] < 0 for i in world.members):
        return True
    return not any(
        utility >= due[-2] - DUST and network >= due[-1] and all(map(int.__ge__, members, due[:-2]))
        for due in lawful(world)
    )
