"""Trees and leaves against a slow, recursive reading of docs/formats.md, with another library's Keccak."""

from dataclasses import replace

import numpy as np
import pytest
from eth_utils import keccak as other_keccak

from sunfair.model import Curves, Fees, Mechanism, Session
from sunfair.settlement import (
    ZERO_HASH,
    Header,
    PeriodMoney,
    PeriodRows,
    PeriodTree,
    Proof,
    ResultRows,
    SumProof,
    SumTree,
    Tree,
    anchor_tree,
    blinds,
    book_leaves,
    data_hash,
    depth,
    keccak,
    rule_byte,
)
from sunfair.units import NO_BUY, NO_SELL

SIZES = range(1, 41)
BIG = [63, 64, 65, 100, 129]


# --- the formats, read literally -------------------------------------------------------------------------------------


def i8(value):
    return int(value).to_bytes(8, "big", signed=True)


def u(value, width):
    return int(value).to_bytes(width, "big")


def padded(items, filler):
    size = 1
    while size < len(items):
        size *= 2
    return list(items) + [filler] * (size - len(items))


def plain_top(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return other_keccak(b"\x01" + plain_top(leaves[:half]) + plain_top(leaves[half:]))


def plain_root(leaves):
    return other_keccak(b"\x02" + u(len(leaves), 4) + plain_top(padded(leaves, bytes(32))))


def sum_top(leaves, join):
    """(hash, sums) of the top of [(hash, sums), …]."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    (left, left_sums), (right, right_sums) = sum_top(leaves[:half], join), sum_top(leaves[half:], join)
    both = left + b"".join(map(i8, left_sums)) + right + b"".join(map(i8, right_sums))
    return other_keccak(b"\x03" + both), join(left_sums, right_sums)


def sum_root(leaves, neutral, join):
    top, sums = sum_top(padded(leaves, (bytes(32), neutral)), join)
    return other_keccak(b"\x04" + u(len(leaves), 4) + top + b"".join(map(i8, sums))), sums


def add(left, right):
    return [a + b for a, b in zip(left, right, strict=True)]


def curve(curves, i):
    steps = zip(curves.energy_wh[i], curves.limit[i], strict=True)
    return b"".join(i8(e) + i8(at) for e, at in steps) + i8(curves.pool_buy[i]) + i8(curves.pool_sell[i])


# --- some leaves -----------------------------------------------------------------------------------------------------


def some_hashes(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def some_curves(count, seed=1):
    draw = np.random.default_rng(seed)
    energy, limit = draw.integers(-(10**9), 10**9, (2, count, 8))
    return Curves(energy, limit, draw.integers(NO_BUY, 10**9, count), draw.integers(-(10**9), NO_SELL + 1, count))


def sum_tree(count, seed=2):
    leaves = some_hashes(count, seed)
    sums = np.random.default_rng(seed).integers(-(10**9), 10**9, (count, 3))
    return leaves, sums, SumTree(leaves, sums, neutral=np.array([0, 7, 0]), combine=lambda a, b: a + b)


# --- hashing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "digest"),
    [  # the vectors of the Keccak team's submission, as Ethereum uses them
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_vectors(text, digest):
    assert keccak(text.encode()).hex() == digest


@pytest.mark.parametrize("length", [0, 1, 64, 65, 135, 136, 137, 271, 272, 273, 1000])
def test_keccak_agrees_with_another_library(length):
    preimage = bytes(i % 251 for i in range(length))
    assert keccak(preimage) == other_keccak(preimage)


# --- plain trees -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [*SIZES, *BIG])
def test_a_plain_root_is_the_one_of_the_formats(count):
    leaves = some_hashes(count)
    assert Tree(leaves).root == plain_root([leaf.tobytes() for leaf in leaves])


@pytest.mark.parametrize("count", SIZES)
def test_every_leaf_proves_at_its_place_and_nowhere_else(count):
    leaves = some_hashes(count)
    tree = Tree(leaves)
    for place in range(count):
        leaf = leaves[place].tobytes()
        proof = tree.proof(place)
        assert len(proof.siblings) == depth(count)
        assert proof.holds(leaf, tree.root)
        assert not any(replace(proof, index=i).holds(leaf, tree.root) for i in range(-1, count + 2) if i != place)
        assert not any(replace(proof, count=n).holds(leaf, tree.root) for n in range(count + 3) if n != count)
        assert not proof.holds(leaves[place - 1].tobytes() if count > 1 else ZERO_HASH, tree.root)
        assert not proof.holds(leaf, ZERO_HASH)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13, 32, 40])
def test_forged_paths_are_refused(count):
    leaves = some_hashes(count)
    tree = Tree(leaves)
    for place in range(count):
        leaf, proof = leaves[place].tobytes(), tree.proof(place)
        path = proof.siblings
        wrong = [path[1:], path[:-1], (), (*path, ZERO_HASH), (ZERO_HASH, *path), (*path[:-1], ZERO_HASH[:31] + b"\1")]
        wrong += [(*path[:i], path[i + 1], path[i], *path[i + 2 :]) for i in range(len(path) - 1)]
        for siblings in wrong:
            assert not replace(proof, siblings=siblings).holds(leaf, tree.root)


def test_an_inner_node_is_no_leaf():
    """The forged short path: a node of the tree, shown as a leaf of a smaller one."""
    leaves = some_hashes(8)
    tree = Tree(leaves)
    node = tree.levels[1][0].tobytes()
    above = tree.proof(0).siblings[1:]
    assert Proof(0, 4, above).siblings == above
    assert not Proof(0, 4, above).holds(node, tree.root)
    assert not Proof(0, 8, above).holds(node, tree.root)


@pytest.mark.parametrize("count", [3, 5, 33])
def test_padding_is_no_leaf(count):
    """A padding leaf has a valid path, but its place lies beyond the number of leaves that the root binds."""
    tree = Tree(some_hashes(count))
    proof = tree.proof(count)
    assert not proof.holds(ZERO_HASH, tree.root)
    assert not replace(proof, count=count + 1).holds(ZERO_HASH, tree.root)


@pytest.mark.parametrize(("count", "steps"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11)])
def test_depth(count, steps):
    assert depth(count) == steps


def test_trees_differ_by_number_of_leaves_and_by_order():
    leaves = some_hashes(4)
    padding = np.zeros((1, 32), np.uint8)
    roots = [Tree(leaves[:3]).root, Tree(np.concatenate([leaves[:3], padding])).root, Tree(leaves[[1, 0, 2]]).root]
    assert len(set(roots)) == 3


# --- sum trees -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [*SIZES, *BIG])
def test_a_sum_root_is_the_one_of_the_formats(count):
    leaves, sums, tree = sum_tree(count)
    pairs = [(leaf.tobytes(), row) for leaf, row in zip(leaves, sums.tolist(), strict=True)]
    root, totals = sum_root(pairs, [0, 7, 0], add)
    assert tree.root == root
    assert tree.sums.tolist() == totals
    padding = (1 << depth(count)) - count
    assert totals == (sums.sum(axis=0) + np.array([0, 7 * padding, 0])).tolist()


@pytest.mark.parametrize("count", SIZES)
def test_every_leaf_of_a_sum_tree_proves_with_its_sums_alone(count):
    leaves, sums, tree = sum_tree(count)
    for place in range(count):
        leaf, own, proof = leaves[place].tobytes(), sums[place], tree.proof(place)

        def reached(proof=proof, leaf=leaf, own=own):
            climbed = proof.climb(leaf, own, lambda a, b: a + b)
            return climbed and (climbed[0], climbed[1].tolist())

        assert reached() == (tree.root, tree.sums.tolist())
        others = [reached(replace(proof, index=i)) for i in range(-1, count + 2) if i != place]
        others += [reached(replace(proof, count=n)) for n in range(count + 3) if n != count]
        others += [reached(own=own + step) for step in ([1, 0, 0], [0, -1, 0], [0, 0, 1])]
        others += [reached(leaf=ZERO_HASH)]
        assert all(other is None or other[0] != tree.root for other in others)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13, 32])
def test_forged_paths_of_a_sum_tree_are_refused(count):
    leaves, sums, tree = sum_tree(count)
    for place in range(count):
        proof = tree.proof(place)
        path = proof.siblings
        wrong = [path[1:], path[:-1], (*path, path[-1])]
        assert all(
            replace(proof, siblings=siblings).climb(leaves[place].tobytes(), sums[place], np.add) is None
            for siblings in wrong
        )
        digest, beside = path[0]
        moved = [(digest, beside + np.array([1, 0, 0])), (keccak(digest), beside)]
        changed = [(first, *path[1:]) for first in moved]
        changed += [(*path[:i], path[i + 1], path[i], *path[i + 2 :]) for i in range(len(path) - 1)]
        for siblings in changed:
            climbed = replace(proof, siblings=siblings).climb(leaves[place].tobytes(), sums[place], np.add)
            assert climbed[0] != tree.root


def test_what_two_leaves_shift_between_them_changes_the_root():
    """Equal totals do not make equal trees: every node states its children's sums."""
    leaves, sums, tree = sum_tree(4)
    shifted = sums + np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 0], [0, 0, 0]])
    other = SumTree(leaves, shifted, neutral=np.array([0, 7, 0]), combine=lambda a, b: a + b)
    assert other.sums.tolist() == tree.sums.tolist()
    assert other.root != tree.root


# --- leaves and header -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 7])
def test_book_leaves_are_those_of_the_formats(count):
    accounts, salts, curves = np.arange(3, 3 + count), some_hashes(count, 4), some_curves(count)
    slot = 2**40 + 5
    nonces = np.arange(count) - 1
    leaves = book_leaves(blinds(accounts, slot, nonces, salts), curves)
    for i in range(count):
        blind = other_keccak(b"\x10" + u(accounts[i], 4) + u(slot, 8) + i8(nonces[i]) + salts[i].tobytes())
        assert leaves[i].tobytes() == other_keccak(b"\x11" + blind + curve(curves, i))


@pytest.mark.parametrize("count", [1, 3, 6])
def test_result_leaves_and_public_data_are_those_of_the_formats(count):
    numbers = np.random.default_rng(5).integers(-(10**9), 10**9, (3, count))
    rows = ResultRows(some_hashes(count, 6), some_curves(count), *numbers)
    expected = [
        rows.book_leaf[i].tobytes() + curve(rows.curves, i) + b"".join(i8(column[i]) for column in numbers)
        for i in range(count)
    ]
    assert [row.tobytes() for row in rows.public_bytes()] == expected
    assert {len(row) for row in expected} == {200}
    assert [leaf.tobytes() for leaf in rows.leaves()] == [other_keccak(b"\x12" + row) for row in expected]
    assert data_hash(rows.public_bytes()) == other_keccak(b"\x16" + bytes(32) + other_keccak(b"".join(expected)))


def some_period(slots, accounts, active=None, seed=7):
    draw = np.random.default_rng(seed)
    columns = draw.integers(-(10**9), 10**9, (12, slots, accounts))
    salts = draw.integers(0, 256, (slots, accounts, 32), dtype=np.uint8)
    money = draw.integers(-(10**9), 10**9, (3, accounts))
    rows = PeriodRows(np.arange(1000, 1000 + slots), *columns, salts, active)
    return rows, PeriodMoney(rows.total(rows.paid), np.abs(money[0]), np.abs(money[1]), money[2])


RANGES = [(0, 2000), (1000, 1007), (1002, 1004), (1006, 1007), (1003, 1003), (0, 1000), (1007, 1100), (1005, 1002)]
"""From the first slot to before the second: always there, one day, in the middle, the last slot, and never, four ways."""


@pytest.mark.parametrize(("slots", "accounts"), [(1, 4), (3, 5), (4, 8), (7, 3)])
@pytest.mark.parametrize("joins", [False, True])
def test_a_period_tree_is_the_one_of_the_formats(slots, accounts, joins):
    rows, money = some_period(slots, accounts, np.array(RANGES[:accounts]) if joins else None)
    tree = PeriodTree(rows, money)
    leaves = []
    for account in range(accounts):
        running, claims, hashes = 0, 0, []
        first, end = RANGES[account] if joins else (0, 2000)
        for t, slot in enumerate(rows.slots):
            if not first <= slot < end:
                continue
            running, claims = running + int(rows.paid[t, account]), claims + int(rows.claimed[t, account])
            columns = [rows.leaf, rows.nonce, rows.traded_ahead_wh, rows.traded_pool_wh, rows.metered_wh]
            columns += [rows.import_register_wh, rows.export_register_wh, rows.paid]
            numbers = i8(slot) + b"".join(i8(column[t, account]) for column in columns) + i8(running) + i8(claims)
            numbers += b"".join(i8(gap[t, account]) for gap in (rows.gap_slots, rows.gap_retail, rows.gap_feed_in))
            preimage = b"\x13" + u(account, 4) + numbers + rows.salts[t, account].tobytes()
            assert len(preimage) == 149
            hashes.append(other_keccak(preimage))
            assert rows.rows(account)[len(hashes) - 1].encode() == preimage
            assert tree.row_proof(account, len(hashes) - 1).holds(hashes[-1], tree.row_roots[account])
        with pytest.raises(IndexError, match=f"has {len(hashes)} rows"):
            tree.row_proof(account, len(hashes))
        parts = b"".join(i8(column[account]) for column in (money.amounts, money.arrears, money.cover))
        leaf = other_keccak(b"\x14" + u(account, 4) + parts + (plain_root(hashes) if hashes else bytes(32)))
        leaves.append((leaf, [int(money.cover[account])]))
    assert (tree.root, [money.guarantor]) == sum_root(leaves, [0], add)
    for account, (leaf, cover) in enumerate(leaves):
        root, total = tree.account_proof(account).climb(leaf, np.array(cover), np.add)
        assert (root, total.tolist()) == (tree.root, [money.guarantor])


def some_header(**changes):
    fields = {
        "domain": bytes(range(32)),
        "slot": 1_628_824,
        "accounts": 100,
        "rule": 0,
        "k": (1, 2),
        "retail": 320_000,
        "feed_in": -80_000,
        "fees": Fees(),
        "price_ahead": -5,
        "price_pool": NO_SELL,
        "sums": np.arange(16) * 1_000_003,
        "book_root": bytes([1] * 32),
        "result_root": bytes([2] * 32),
        "data_hash": bytes([3] * 32),
    }
    return Header(**{**fields, **changes})


@pytest.mark.parametrize(
    ("mechanism", "sessions", "code"),
    [
        (Mechanism.UNIFORM, ("ahead", "pool"), 0),
        (Mechanism.UNIFORM, ("pool",), 2),
        (Mechanism.MID_MARKET_RATE, ("pool",), 3),
        (Mechanism.UNIFORM, ("ahead",), 4),
        (Mechanism.MID_MARKET_RATE, ("ahead", "pool"), 1),
    ],
)
def test_a_header_is_the_one_of_the_formats(mechanism, sessions, code):
    header = some_header(rule=rule_byte(mechanism, [Session(name) for name in sessions]))
    held = ("ahead" in sessions, "pool" in sessions)
    assert (header.mechanism, header.ahead_held, header.pool_held) == (mechanism, *held)
    preimage = b"\x15" + header.domain + u(header.slot, 8) + u(100, 4) + u(code, 1) + u(1, 8) + u(2, 8)
    preimage += u(8_000, 2) + u(1_200, 2) + u(800, 2) + i8(320_000) + i8(-80_000) + i8(-5) + i8(NO_SELL)
    preimage += b"".join(i8(value) for value in header.sums) + header.book_root + header.result_root + header.data_hash
    assert header.preimage() == preimage
    assert header.digest() == other_keccak(preimage)
    assert Header.decode(preimage).preimage() == preimage


@pytest.mark.parametrize("data", [b"", bytes(324), b"\x15" + bytes(322), b"\x15" + bytes(324), b"\x15" + bytes(323)])
def test_bytes_that_are_no_header_are_refused(data):
    """The last has the right tag and length, and shares that sum to nothing."""
    with pytest.raises(ValueError, match=r"a header has 324 bytes|fees sum"):
        Header.decode(data)


def test_every_field_of_a_header_is_bound_by_its_hash():
    changes = [
        {"domain": bytes(32)},
        {"slot": 1_628_825},
        {"accounts": 101},
        {"rule": 1},
        {"rule": 4},
        {"k": (0, 2)},
        {"k": (1, 3)},
        {"retail": 320_001},
        {"feed_in": -80_001},
        {"fees": Fees(8_001, 1_199, 800)},
        {"fees": Fees(8_000, 1_199, 801)},
        {"price_ahead": -6},
        {"price_pool": NO_SELL - 1},
        {"book_root": bytes(32)},
        {"result_root": bytes(32)},
        {"data_hash": bytes(32)},
    ]
    changes += [{"sums": np.arange(16) * 1_000_003 + np.eye(16, dtype=np.int64)[i]} for i in range(16)]
    digests = {some_header(**change).digest() for change in [{}, *changes]}
    assert len(digests) == len(changes) + 1


@pytest.mark.parametrize("count", [1, 2, 92, 96, 100])
def test_an_anchor_is_a_plain_tree_over_the_headers(count):
    digests = [some_header(slot=slot).digest() for slot in range(count)]
    tree = anchor_tree(digests)
    assert tree.root == plain_root(digests)
    assert all(tree.proof(i).holds(digests[i], tree.root) for i in range(count))


def test_proofs_are_values():
    tree = sum_tree(4)[2]
    proof = tree.proof(1)
    assert isinstance(proof, SumProof)
    assert (proof.index, proof.count, len(proof.siblings)) == (1, 4, 2)
    assert proof.siblings[0][0] == tree.levels[0][0][0].tobytes()
