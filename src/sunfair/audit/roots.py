"""The commitments again: every leaf, tree, header and period root from the files, held against the chain."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.auction import Auction, pool_offers
from sunfair.audit.envelopes import envelope_roots
from sunfair.audit.findings import Finding, Rank
from sunfair.audit.money import Money
from sunfair.audit.paid_in import PaidIn, slot_faults
from sunfair.audit.run import Run
from sunfair.audit.signed import domain_of
from sunfair.errors import InputError
from sunfair.files import nonces, private_rows
from sunfair.model import FIRST_MEMBER
from sunfair.ports import Anchored, Settled
from sunfair.settlement import (
    ZERO_HASH,
    Header,
    PeriodRows,
    PeriodTree,
    ResultRows,
    Tree,
    anchor_tree,
    blinds,
    book_leaves,
    keccak,
    period_money,
    rule_byte,
    slot_header,
)

__all__ = ["headers", "part_of", "settlements", "terms_faults", "whole_rows"]


def headers(run: Run, auctions: list[Auction], money: Money) -> Iterator[tuple[bytes, list[Finding]]]:
    """Per slot: its header's hash, and what of leaves, roots and data hash in the files differs."""
    salts, _ = run.bytes_grid("rows", "salt", 32)
    published, nonce, void = _published(run), _nonces(run)[:, FIRST_MEMBER:], _void_headers(run)
    roots = {name: run.tables["slots"][name].to_pylist() for name in ("book_root", "result_root", "data_hash")}
    caps = envelope_roots(run)
    leaf = run.grid("rows", "leaf")[:, FIRST_MEMBER:]
    accounts = FIRST_MEMBER + np.arange(run.community.size)
    for at, auction in enumerate(auctions):
        slot = int(run.slots[at])
        stated = {name: values[at] for name, values in roots.items()}
        if slot in void:
            yield _void_header(run, slot, stated, void[slot])
            continue
        own = book_leaves(blinds(accounts, slot, nonce[at], salts[at, FIRST_MEMBER:]), auction.curves)
        found = _openings(slot, own, published[at], leaf[at])
        if found and not np.array_equal(np.sort(leaf[at]), np.arange(len(accounts))):
            yield bytes(32), found
            continue
        rows = _public_rows(run, at, auction, own, leaf[at])
        header = slot_header(
            run.community,
            money.terms[at],
            rows,
            domain=domain_of(run).separator,
            slot=slot,
            book_root=Tree(rows.book_leaf).root,
            envelope_root=caps[at],
        )
        found += [
            Finding(Rank.ROOT, slot, 0, f"{name} is {stated[name].hex()}; the rows give {getattr(header, name).hex()}")
            for name in roots
            if stated[name] != getattr(header, name)
        ]
        yield header.digest(), found


def terms_faults(run: Run) -> Iterator[Finding]:
    """Tariffs, shares and rule of each slot against the terms that the utility set on chain, where it did."""
    entries, community = run.chain.terms, run.community
    fees = community.fees
    shares = fees.seller_bps, fees.utility_bps, fees.network_bps
    mine = (rule_byte(community.mechanism, community.sessions), *community.k, *shares)
    retail, feed_in = (run.grid("slots", name)[:, 0].tolist() for name in ("retail", "feed_in"))
    firsts = [entry.first_slot for entry in entries]
    for at, slot in enumerate(run.slots.tolist() if entries else ()):
        place = bisect_right(firsts, slot) - 1
        if place < 0:
            yield Finding(Rank.SLOT, slot, 0, "no terms were set on chain for this slot")
            continue
        entry = entries[place]
        if entry.tariffs_at(slot) != (retail[at], feed_in[at]):
            what = f"retail and feed_in are {retail[at]} and {feed_in[at]}; on chain {entry.tariffs_at(slot)} were set"
            yield Finding(Rank.SLOT, slot, 0, what)
        if (entry.rule, entry.k_num, entry.k_den, entry.seller, entry.utility, entry.network) != mine:
            yield Finding(Rank.SLOT, slot, 0, "rule, k or shares of community.toml are not those set on chain")


def _published(run: Run) -> NDArray[np.uint8]:
    """The published book leaves in their order, uint8[T, n, 32]; zeros in void slots."""
    leaves = np.zeros((len(run.slots), run.community.size, 32), np.uint8)
    cells = b"".join(run.tables["public"]["book_leaf"].to_pylist())
    leaves[~run.void] = np.frombuffer(cells, np.uint8).reshape(-1, run.community.size, 32)
    return leaves


def _nonces(run: Run) -> NDArray[np.int64]:
    """The nonce of every account's offer in force, int64[T, m], −1 where there is none."""
    return nonces(run.tables["rows"], run.tables["receipts"]).reshape(len(run.slots), -1)


def _void_headers(run: Run) -> dict[int, bytes | None]:
    table = run.tables["void"]
    return dict(zip(table["slot"].to_pylist(), table["header"].to_pylist(), strict=True))


def _void_header(run: Run, slot: int, stated: dict[str, bytes], header: bytes | None) -> tuple[bytes, list[Finding]]:
    """The anchored hash of a void slot: of the header it had, or zeros; its roots bind nothing and are zeros."""
    found = [
        Finding(Rank.ROOT, slot, 0, f"{name} is {value.hex()}; the slot is void, it is zeros")
        for name, value in stated.items()
        if value != ZERO_HASH
    ]
    if header is None:
        return ZERO_HASH, found
    try:
        known = Header.decode(header)
    except ValueError as error:
        return keccak(header), [*found, Finding(Rank.ROOT, slot, 0, f"void.parquet: {error}")]
    if (known.slot, known.domain) != (slot, domain_of(run).separator):
        found.append(Finding(Rank.ROOT, slot, 0, "void.parquet: the header is another slot's or another market's"))
    return keccak(header), found


def _openings(
    slot: int, own: NDArray[np.uint8], published: NDArray[np.uint8], leaf: NDArray[np.int64]
) -> list[Finding]:
    """Members whose salt, curve and place do not open the leaf that was published there."""
    inside = (leaf >= 0) & (leaf < len(own))
    fits = inside & (own == published[np.where(inside, leaf, 0)]).all(axis=1)
    return [
        Finding(
            Rank.SIGNED,
            slot,
            int(bad) + FIRST_MEMBER,
            f"its nonce, salt and curve do not open leaf {leaf[bad]} of the published book",
        )
        for bad in np.flatnonzero(~fits)
    ]


def _public_rows(run: Run, at: int, auction: Auction, own: NDArray[np.uint8], leaf: NDArray[np.int64]) -> ResultRows:
    members = np.argsort(leaf)
    fill_ahead = auction.step_fill_wh.sum(axis=1)
    beyond = pool_offers(run, at, auction)
    return ResultRows(
        own[members],
        auction.curves.take(members),
        beyond[members],
        fill_ahead[members],
        auction.pool_fill_wh[members],
    )


def settlements(run: Run, money: Money, digests: list[bytes]) -> list[Finding]:
    """Anchors, period roots, amounts and balances, held against what stands on chain."""
    found: list[Finding] = []
    whole = whole_rows(run, money)
    balances, start, paid_in = money.opening.copy(), 0, PaidIn(run)
    settled = {record.period: record for record in run.chain.settlements if not record.cancelled}
    covered: Settled | None = None
    first = 0
    for anchor in run.chain.anchors:
        part = slice(start, start + anchor.slots)
        start += anchor.slots
        if anchor_tree(digests[part]).root != anchor.root:
            found.append(_told(anchor, 0, "the period's headers do not hash to the anchor on chain", Rank.ROOT))
        if covered is None:
            covered, first = settled.get(anchor.period), part.start
        if covered is None:
            found.append(_told(anchor, 0, f"period {anchor.period} was never settled on chain"))
        elif anchor.period == covered.period + covered.periods - 1:
            balances += paid_in.until(covered.settled_at)
            found += _settlement(run, anchor, covered, part_of(whole, slice(first, start)), balances)
            covered = None
    if covered is not None:
        found.append(_told(run.chain.anchors[-1], 0, f"the settlement of period {covered.period} covers days to come"))
    return found + _end(run, balances + paid_in.until())


def _settlement(
    run: Run, anchor: Anchored, record: Settled, rows: PeriodRows, balances: NDArray[np.int64]
) -> list[Finding]:
    """One settlement, whose last period is `anchor`, from its rows; what was applied is added to `balances`."""
    try:
        due = period_money(balances, rows.paid.sum(axis=0), rows.claimed.sum(axis=0))
    except InputError as error:
        return [_told(anchor, 0, str(error))]
    posted = np.array(record.amounts[: run.accounts], np.int64)
    if len(posted) != run.accounts:
        return [_told(anchor, 0, f"{len(record.amounts)} amounts were settled on chain for {run.accounts} accounts")]
    found = [
        _told(
            anchor,
            int(bad),
            f"{posted[bad]} µ were settled on chain for the period; its rows give {due.amounts[bad]} µ",
        )
        for bad in np.flatnonzero(posted != due.amounts)
    ]
    if (record.cover, record.amounts[-1]) != (due.guarantor, -due.guarantor):
        found.append(_told(anchor, 0, f"the guarantor covered {record.cover} µ where {due.guarantor} µ were due"))
    if PeriodTree(rows, due).root != record.period_root:
        found.append(_told(anchor, 0, "the period's rows do not hash to the period root on chain"))
    if record.applied:
        balances += posted
    else:
        found.append(_told(anchor, 0, f"period {record.period} was settled on chain and never applied"))
    return found + _transfers(run, anchor, {"arrears": due.arrears, "cover": due.cover})


def _told(anchor: Anchored, account: int, what: str, rank: Rank = Rank.CHAIN) -> Finding:
    return Finding(rank, anchor.first_slot + anchor.slots - 1, account, what)


def whole_rows(run: Run, money: Money) -> PeriodRows:
    """All private rows of the run, institutions included, as they were hashed."""
    salts, _ = run.bytes_grid("rows", "salt", 32)
    names = ("traded_ahead_wh", "traded_pool_wh", "metered_wh", "paid")
    rows = {name: run.grid("rows", name) for name in names}
    rows["leaf"], rows["nonce"] = run.grid("rows", "leaf"), _nonces(run)
    return private_rows(run.slots, rows, run.meters, money.claimed, salts)


def part_of(rows: PeriodRows, part: slice) -> PeriodRows:
    """The rows of consecutive slots of a run."""
    names = [name for name in rows.__dataclass_fields__ if name != "active"]
    return replace(rows, **{name: getattr(rows, name)[part] for name in names})


def _transfers(run: Run, anchor: Anchored, due: dict[str, NDArray[np.int64]]) -> list[Finding]:
    """Arrears and cover of a period as `transfers.parquet` has them."""
    table = run.tables["transfers"]
    last = anchor.first_slot + anchor.slots - 1
    stated: dict[tuple[str, int], int] = {}
    for slot, account, kind, amount in zip(
        *(table[name].to_pylist() for name in ("slot", "account", "kind", "amount")), strict=True
    ):
        if slot == last and kind in due:
            stated[kind, account] = stated.get((kind, account), 0) + amount
    wanted = {(kind, int(at)): int(values[at]) for kind, values in due.items() for at in np.flatnonzero(values)}
    return [
        _told(anchor, key[1], f"{key[0]} is {stated.get(key, 0)} µ; the rows give {wanted.get(key, 0)} µ")
        for key in sorted(stated.keys() | wanted.keys())
        if stated.get(key, 0) != wanted.get(key, 0)
    ]


def _end(run: Run, balances: NDArray[np.int64]) -> list[Finding]:
    """What was paid in and out, and the final balances, as the chain has them."""
    first, last = int(run.slots[0]), int(run.slots[-1])
    table = run.tables["transfers"]
    stated = {"withdrawal": np.zeros(run.accounts, np.int64)}
    found = slot_faults(run)
    names = ("slot", "account", "kind", "amount")
    for slot, account, kind, amount in zip(*(table[name].to_pylist() for name in names), strict=True):
        inside = 0 <= account < run.accounts and first <= slot <= last
        if not inside or kind not in ("deposit", "withdrawal", "arrears", "cover"):
            found.append(
                Finding(Rank.ROW, last, 0, f"a transfer that cannot be: {kind} of account {account} in slot {slot}")
            )
        elif kind in stated:
            stated[kind][account] += amount
    on_chain = {kind: np.zeros(run.accounts, np.int64) for kind in (*stated, "slash")}
    for transfer in run.chain.transfers:
        if transfer.account < run.accounts and transfer.kind in on_chain:
            on_chain[transfer.kind][transfer.account] += transfer.amount
    found += [
        Finding(Rank.CHAIN, last, int(bad), f"{kind}s are {sums[bad]} µ; on chain they are {on_chain[kind][bad]} µ")
        for kind, sums in stated.items()
        for bad in np.flatnonzero(sums != on_chain[kind])
    ]
    have, due = (
        np.array(run.chain.balances[: run.accounts], np.int64),
        balances + on_chain["slash"],
    )
    return found + [
        Finding(Rank.CHAIN, last, int(bad), f"its balance on chain is {have[bad]} µ; the rows give {due[bad]} µ")
        for bad in np.flatnonzero(have != due)
    ]
