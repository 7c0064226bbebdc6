"""The worked vectors of docs/formats.md: one tiny slot, every hash of it, computed twice.

`by_hand` follows the page with another library's Keccak and Python's own integers; `by_sunfair` uses the package. The
page must hold exactly what both give. Run this file as a program to print the section.
"""

from pathlib import Path

import numpy as np
from eth_account.messages import encode_typed_data
from eth_utils import keccak as other_keccak

from sunfair.market import Offers, clear_uniform
from sunfair.model import Curves, Fees, Mechanism, Session
from sunfair.settlement import (
    Base,
    Domain,
    Header,
    PeriodRows,
    PeriodTree,
    ResultRows,
    ResultTree,
    Rule,
    SlotFacts,
    SlotTerms,
    Tree,
    amounts_hash,
    anchor_tree,
    blinds,
    book_leaves,
    claims,
    data_hash,
    envelope_leaves,
    envelope_root,
    next_row,
    offer_digests,
    pack_amounts,
    period_money,
    reading_digests,
    receipt_digests,
    rule_byte,
    settle_slot,
    verify_result,
)
from sunfair.settlement.row import NUMBERS as ROW_NUMBERS
from sunfair.units import NO_BUY, NO_SELL

DOCUMENT = Path(__file__).parents[3] / "docs" / "formats.md"
HEADING = "## Worked vectors\n"

NAME, CHAIN, MARKET = "Worked Street", 31_337, bytes([0x5A] * 20)
SLOT, LAST = 1_628_880, 1_628_975
RETAIL, FEED_IN, SHARES, K = 320_000, 80_000, (8_000, 1_200, 800), (1, 2)
PRICES = (200_000, 80_000)

ACCOUNTS = (3, 4, 5)
SALTS = {account: bytes([account] * 32) for account in ACCOUNTS}
CAPS, CAP_SALTS = {3: (1_500, 400), 4: (600, 1_300), 5: (900, 0)}, {a: bytes([16 + a] * 32) for a in ACCOUNTS}
PLACES, NONCES = {3: 1, 4: 2, 5: 0}, {3: 1, 4: 4, 5: 2}
STEPS = {3: [(1_000, 300_000), (500, 200_000)], 4: [(-800, 100_000), (-400, 150_000)], 5: []}
LIMITS = {3: (320_000, 80_000), 4: (NO_BUY, 80_000), 5: (320_000, NO_SELL)}
AHEAD, POOL = {3: 1_200, 4: -1_200, 5: 0}, {3: -30, 4: -61, 5: 91}
OFFERED = {3: -50, 4: -100, 5: 91}
REGISTERS = {3: (1_200, 50), 4: (20, 1_320), 5: (91, 0)}
METERED = {3: 1_150, 4: -1_300, 5: 91}
DEPOSITS = (1_000_000, 0, 0, 100_000, 0, 50_000)
PAID = (24_953, 19_782, 1, -236_480, 199_024, -7_280)
COVER = (0, 0, 0, 136_480, 0, 0)
AMOUNTS = (24_953, 19_782, 1, -100_000, 199_024, -7_280)
LATER = {SLOT + 1: (310_000, 70_000, None), SLOT + 2: (300_000, 90_000, (1_500, 60))}
"""Two void slots in a settlement of their own: retail, feed-in, and the reading of account 3."""
NUMBERS = [name.removesuffix("_wh") for name in ROW_NUMBERS]
GAP_ROWS = (
    (SLOT + 1, -1, -1, 0, 0, 0, 1_200, 50, 0, 0, 0, 1, 310_000, 70_000),
    (SLOT + 2, -1, -1, 0, 0, 290, 1_500, 60, -92_300, -92_300, 93_000, -1, 0, 0),
)
SUMS = [1_000, 500, 1_200, 0, 1_200, 1_200, 200_000, 200_000, 91, 0, 0, 150, 91, 91, 80_000, 80_000]


def i8(value):
    return int(value).to_bytes(8, "big", signed=True)


def u(value, width):
    return int(value).to_bytes(width, "big")


def curve(account):
    steps = STEPS[account] + [(0, 0)] * (8 - len(STEPS[account]))
    return b"".join(i8(energy) + i8(limit) for energy, limit in steps) + b"".join(map(i8, LIMITS[account]))


def in_order():
    return sorted(ACCOUNTS, key=PLACES.get)


def bounded(sums):
    """The sums as they are hashed: lo and hi with 2·10⁹ added."""
    return b"".join(i8(value + 2 * 10**9 * (i % 8 >= 6)) for i, value in enumerate(sums))


def row_sums(account):
    """The sixteen numbers of one home, from the page's definitions: prices are 200 000 ahead and 80 000 in the pool."""
    return {
        3: [1_000, 500, 0, 0, 1_200, 0, 200_000, 200_000, 0, 0, 0, 50, 0, 30, 80_000, 80_000],
        4: [0, 0, 1_200, 0, 0, 1_200, 150_000, NO_SELL, 0, 0, 0, 100, 0, 61, 80_000, 80_000],
        5: [0, 0, 0, 0, 0, 0, NO_BUY, NO_SELL, 91, 0, 0, 0, 91, 0, NO_BUY, 320_000],
    }[account]


def joined(left, right):
    both = [a + b for a, b in zip(left, right, strict=True)]
    for lo in (6, 14):
        both[lo], both[lo + 1] = max(left[lo], right[lo]), min(left[lo + 1], right[lo + 1])
    return both


def typed_digest(kind, fields, message):
    """EIP-712 by eth-account, of a message whose fields are given as one string of the formats page."""
    types = {
        "EIP712Domain": "string name,string version,uint256 chainId,address verifyingContract",
        kind: fields,
    } | ({"Step": "int64 energy_wh,int64 limit"} if "Step[]" in fields else {})
    signable = encode_typed_data(
        full_message={
            "types": {
                k: [dict(zip(("type", "name"), f.split(), strict=True)) for f in v.split(",")] for k, v in types.items()
            },
            "primaryType": kind,
            "domain": {"name": "Sunfair", "version": "1", "chainId": CHAIN, "verifyingContract": "0x" + MARKET.hex()},
            "message": message,
        }
    )
    return other_keccak(b"\x19" + signable.version + signable.header + signable.body), signable.header


def by_hand():
    """Every value of the section, as bytes, in the section's order."""
    h, vectors = other_keccak, {}
    messages_by_hand(vectors)
    book, result, public = {}, {}, {}
    for account in ACCOUNTS:
        blind = h(b"\x10" + u(account, 4) + u(SLOT, 8) + i8(NONCES[account]) + SALTS[account])
        book[account] = h(b"\x11" + blind + curve(account))
        fills = i8(OFFERED[account]) + i8(AHEAD[account]) + i8(POOL[account])
        public[account] = book[account] + curve(account) + fills
        result[account] = h(b"\x12" + public[account])
        vectors[f"blind of {account}"] = blind
        vectors[f"book leaf of {account}"] = book[account]
        vectors[f"result leaf of {account}"] = result[account]
    first, second, third = in_order()
    pad = bytes(32)
    left = h(b"\x01" + book[first] + book[second])
    right = h(b"\x01" + book[third] + pad)
    vectors["book root"] = h(b"\x02" + u(3, 4) + h(b"\x01" + left + right))
    sums = [row_sums(account) for account in (first, second, third)] + [[0] * 6 + [NO_BUY, NO_SELL]]
    sums[3] = sums[3] * 2
    left = h(b"\x03" + result[first] + bounded(sums[0]) + result[second] + bounded(sums[1]))
    right = h(b"\x03" + result[third] + bounded(sums[2]) + pad + bounded(sums[3]))
    sums = [joined(sums[0], sums[1]), joined(sums[2], sums[3])]
    top = h(b"\x03" + left + bounded(sums[0]) + right + bounded(sums[1]))
    total = joined(*sums)
    assert total == SUMS
    vectors["result node of leaves 0 and 1"] = left
    vectors["result node of leaf 2 and padding"] = right
    vectors["result root"] = h(b"\x04" + u(3, 4) + top + bounded(total))
    told = [
        h(b"\x17" + u(a, 4) + u(SLOT, 8) + i8(CAPS[a][0]) + i8(CAPS[a][1]) + CAP_SALTS[a]) for a in sorted(ACCOUNTS)
    ]
    vectors |= {f"envelope leaf of {account}": leaf for account, leaf in zip(sorted(ACCOUNTS), told, strict=True)}
    pairs = h(b"\x01" + told[0] + told[1]), h(b"\x01" + told[2] + pad)
    vectors["envelope root"] = h(b"\x02" + u(3, 4) + h(b"\x01" + pairs[0] + pairs[1]))
    rows = h(b"".join(public[account] for account in (first, second, third)))
    vectors["data hash"] = h(b"\x16" + vectors["envelope root"] + rows)
    header = b"\x15" + vectors["domain separator"] + u(SLOT, 8) + u(3, 4) + u(0, 1) + u(K[0], 8) + u(K[1], 8)
    header += b"".join(u(share, 2) for share in SHARES) + i8(RETAIL) + i8(FEED_IN) + b"".join(map(i8, PRICES))
    header += bounded(total) + vectors["book root"] + vectors["result root"] + vectors["data hash"]
    assert len(header) == 1 + 32 + 8 + 4 + 1 + 16 + 6 + 32 + 128 + 96
    vectors["header hash"] = h(header)
    vectors["anchor"] = h(b"\x02" + u(1, 4) + vectors["header hash"])
    period_by_hand(vectors)
    return vectors


def messages_by_hand(vectors):
    community = other_keccak(NAME.encode())
    steps = [{"energy_wh": energy, "limit": limit} for energy, limit in STEPS[3]]
    offer, separator = typed_digest(
        "Offer",
        "bytes32 community,uint32 account,uint64 first_slot,uint64 last_slot,Step[] steps,"
        "int64 pool_buy,int64 pool_sell,uint64 nonce",
        {
            "community": community, "account": 3, "first_slot": SLOT, "last_slot": LAST, "steps": steps,
            "pool_buy": LIMITS[3][0], "pool_sell": LIMITS[3][1], "nonce": NONCES[3],
        },
    )  # fmt: skip
    receipt, _ = typed_digest(
        "Receipt",
        "bytes32 offer,uint64 first_slot,uint64 last_slot",
        {"offer": offer, "first_slot": SLOT, "last_slot": LAST},
    )
    taken, given = REGISTERS[3]
    reading, _ = typed_digest(
        "Reading",
        "bytes32 community,uint32 account,uint64 slot,uint64 import_wh,uint64 export_wh",
        {"community": community, "account": 3, "slot": SLOT, "import_wh": taken, "export_wh": given},
    )
    vectors["community"], vectors["domain separator"] = community, other_keccak(domain_preimage())
    assert vectors["domain separator"] == separator
    vectors["offer of 3"], vectors["receipt for it"], vectors["reading of 3"] = offer, receipt, reading


def domain_preimage():
    kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return b"".join(map(other_keccak, (kind, b"Sunfair", b"1"))) + u(CHAIN, 32) + bytes(12) + MARKET


def period_by_hand(vectors):
    h, leaves = other_keccak, []
    for account, paid in enumerate(PAID):
        member = account in ACCOUNTS
        numbers = [SLOT, -1, -1, 0, 0, 0, 0, 0, paid, paid, 0, 0, 0, 0]
        if member:
            numbers[1:3] = [PLACES[account], NONCES[account]]
            numbers[3:8] = [AHEAD[account], POOL[account], METERED[account], *REGISTERS[account]]
        preimage = b"\x13" + u(account, 4) + b"".join(map(i8, numbers)) + SALTS.get(account, bytes(32))
        assert len(preimage) == 149
        row = h(preimage)
        rows_root = h(b"\x02" + u(1, 4) + row)
        figures = i8(AMOUNTS[account]) + i8(0) + i8(COVER[account])
        leaves.append(h(b"\x14" + u(account, 4) + figures + rows_root))
        vectors[f"private row of {account}"] = row
        vectors[f"rows root of {account}"] = rows_root
        vectors[f"period leaf of {account}"] = leaves[-1]
    level = list(zip([*leaves, bytes(32), bytes(32)], [*COVER, 0, 0], strict=True))
    while len(level) > 1:
        level = [
            (h(b"\x03" + a + i8(x) + b + i8(y)), x + y) for (a, x), (b, y) in zip(level[::2], level[1::2], strict=True)
        ]
    vectors["period root"] = h(b"\x04" + u(6, 4) + level[0][0] + i8(level[0][1]))
    lanes = [-sum(COVER), *AMOUNTS, 0]
    words = [b"".join(u(lanes[at + lane] + 2**62, 8) for lane in (3, 2, 1, 0)) for at in (0, 4)]
    vectors["amounts word 0"], vectors["amounts word 1"] = words
    vectors["amounts hash"] = h(h(b"".join(words)))
    for numbers in GAP_ROWS:
        vectors[f"row of 3 in slot {numbers[0]}"] = h(b"\x13" + u(3, 4) + b"".join(map(i8, numbers)) + bytes(32))


def curves():
    made = Curves.empty(3)
    for i, account in enumerate(ACCOUNTS):
        for j, step in enumerate(STEPS[account]):
            made.energy_wh[i, j], made.limit[i, j] = step
        made.pool_buy[i], made.pool_sell[i] = LIMITS[account]
    return made


def by_sunfair():
    """The same values by the package, the header's slot and its tree included."""
    domain, made, order = Domain(NAME, CHAIN, MARKET), curves(), np.array(in_order()) - 3
    offer = offer_digests(domain, [3], made.take(np.array([0])), [SLOT], [LAST], [NONCES[3]])
    vectors = {"community": domain.community_id, "domain separator": domain.separator, "offer of 3": offer[0]}
    vectors["receipt for it"] = receipt_digests(domain, offer, [SLOT], [LAST])[0]
    vectors["reading of 3"] = reading_digests(domain, [3], [SLOT], *([register] for register in REGISTERS[3]))[0]
    salts = np.array([list(SALTS[a]) for a in ACCOUNTS], np.uint8)
    blind = blinds(np.array(ACCOUNTS), SLOT, np.array([NONCES[a] for a in ACCOUNTS]), salts)
    book = book_leaves(blind, made)
    fills = [np.array([column[a] for a in in_order()]) for column in (OFFERED, AHEAD, POOL)]
    rows = ResultRows(book[order], made.take(order), *fills)
    for i, account in enumerate(ACCOUNTS):
        vectors[f"blind of {account}"], vectors[f"book leaf of {account}"] = blind[i], book[i]
        vectors[f"result leaf of {account}"] = rows.leaves()[PLACES[account]]
    tree = ResultTree(rows, *(Rule(Mechanism.UNIFORM, price, K) for price in PRICES))
    nodes = tree.tree.levels[1][0]
    vectors["book root"] = Tree(rows.book_leaf).root
    vectors["result node of leaves 0 and 1"], vectors["result node of leaf 2 and padding"] = nodes
    vectors["result root"] = tree.root
    told = [np.array([CAPS[a][at] for a in ACCOUNTS]) for at in (0, 1)]
    hidden = np.array([list(CAP_SALTS[a]) for a in ACCOUNTS], np.uint8)
    leaves = envelope_leaves(SLOT, *told, hidden)
    vectors |= {f"envelope leaf of {a}": leaf.tobytes() for a, leaf in zip(ACCOUNTS, leaves, strict=True)}
    vectors["envelope root"] = envelope_root(SLOT, *told, hidden)
    vectors["data hash"] = data_hash(rows.public_bytes(), vectors["envelope root"])
    header = Header(
        domain.separator, SLOT, 3, rule_byte(Mechanism.UNIFORM, tuple(Session)), K, RETAIL, FEED_IN, Fees(*SHARES), *PRICES, tree.tree.sums,
        vectors["book root"], tree.root, vectors["data hash"],
    )  # fmt: skip
    assert all(verify_result(header, rows.at(i), tree.proof(i)) for i in range(3))
    vectors["header hash"], vectors["anchor"] = header.digest(), anchor_tree([header.digest()]).root
    period = period_by_sunfair()
    for account in range(6):
        vectors[f"private row of {account}"] = period.row_trees[account].levels[0][0]
        vectors[f"rows root of {account}"] = period.row_trees[account].root
        vectors[f"period leaf of {account}"] = period.leaves[account]
    vectors["period root"] = period.root
    words = pack_amounts([*AMOUNTS, -sum(COVER)])
    vectors |= {f"amounts word {at}": word.to_bytes(32, "big") for at, word in enumerate(words)}
    vectors["amounts hash"] = amounts_hash(words)
    row = Base(3, *REGISTERS[3])
    for slot, (retail, feed_in, reading) in LATER.items():
        row = next_row(row, SlotFacts.voided(slot, retail, feed_in, Fees(*SHARES)), reading, None)
        vectors[f"row of 3 in slot {slot}"] = row.digest()
    return {name: bytes(value) for name, value in vectors.items()}


def by_account(values, missing=0):
    return np.array([values.get(account, missing) for account in range(6)], np.int64)


def period_by_sunfair():
    terms = SlotTerms(*PRICES, RETAIL, FEED_IN, Fees(*SHARES))
    ahead, pool, metered = by_account(AHEAD), by_account(POOL), by_account(METERED)
    paid = settle_slot(terms, ahead, pool, metered).paid
    assert paid.tolist() == list(PAID)
    nothing = np.zeros(6, np.int64)
    assert claims(terms, ahead, pool, metered).tolist() == nothing.tolist()
    money = period_money(np.array(DEPOSITS), paid, nothing)
    assert (money.amounts.tolist(), money.cover.tolist()) == (list(AMOUNTS), list(COVER))
    registers = [by_account({a: REGISTERS[a][i] for a in ACCOUNTS}) for i in (0, 1)]
    columns = [by_account(PLACES, -1), by_account(NONCES, -1), ahead, pool, metered, *registers, paid]
    columns += [nothing] * 4
    salts = np.array([[list(SALTS.get(account, bytes(32))) for account in range(6)]], np.uint8)
    return PeriodTree(PeriodRows(np.array([SLOT]), *(column[None, :] for column in columns), salts), money)


def number(value):
    return f"{value:,}".replace(",", " ").replace("-", "−")


def limit_text(value):
    return {NO_BUY: "NO_BUY", NO_SELL: "NO_SELL"}.get(value, number(value))


def section():
    """The section of the page."""
    shares = " / ".join(map(number, SHARES))
    columns = ["account", "leaf", "nonce", "curve", "pool_buy", "pool_sell", "pool_wh", "fill_ahead", "fill_pool"]
    columns += ["import", "export", "metered"]
    lines = [
        HEADING.rstrip(),
        "One slot of a community of three, cleared by the uniform auction, and a period of this slot alone (so few members",
        "may only pool, at the mid-market rate; the bytes are the same). Then two void slots in a settlement of their own:",
        "no reading of account 3 in the first. Hashes are in hex; offer, receipt and reading are EIP-712 digests.",
        "",
        f'* Domain: community "{NAME}", chain id {CHAIN}, contract `0x{MARKET.hex()}`.',
        f"* Slot {SLOT}, retail {number(RETAIL)}, feed-in {number(FEED_IN)}, shares {shares} bps, k = {K[0]}/{K[1]}.",
        f"* Prices {number(PRICES[0])} ahead and {number(PRICES[1])} in the pool.",
        "* The root's sums, lo and hi before their offset is added:",
        f"  ahead {', '.join(map(number, SUMS[:8]))};",
        f"  pool {', '.join(map(number, SUMS[8:]))}.",
        "* The salt of account a is the byte a, 32 times; that of its envelope the byte a + 16.",
        "* Envelopes, import and export in Wh: "
        + "; ".join(f"{a}: {number(i)}, {number(e)}" for a, (i, e) in CAPS.items())
        + ".",
        f"* The offer of 3 counts from slot {SLOT} to {LAST}, so does its receipt.",
        "* Registers before the slot are 0. The residual is sold to the utility, so there are no arrears.",
        "",
        "| " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|",
    ]
    for account in ACCOUNTS:
        steps = "; ".join(f"{number(energy)} at {number(limit)}" for energy, limit in STEPS[account]) or "–"
        numbers = [OFFERED[account], AHEAD[account], POOL[account], *REGISTERS[account], METERED[account]]
        cells = [
            account,
            PLACES[account],
            NONCES[account],
            steps,
            *map(limit_text, LIMITS[account]),
            *map(number, numbers),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| account | opening balance | paid | cover | amount |", "|---|---|---|---|---|"]
    for account, money in enumerate(zip(DEPOSITS, PAID, COVER, AMOUNTS, strict=True)):
        lines.append(f"| {account} | " + " | ".join(map(number, money)) + " |")
    lines.append(f"| guarantor | | | | {number(-sum(COVER))} |")
    tariffs = [f"{number(retail)} / {number(feed_in)}" for retail, feed_in, _ in LATER.values()]
    lines += ["", f"| row of 3 | {' | '.join(NUMBERS)} | retail / feed-in |", "|---" * (len(NUMBERS) + 2) + "|"]
    for name, numbers, tariff in zip(("silent", "read again"), GAP_ROWS, tariffs, strict=True):
        lines.append(f"| {name} | {numbers[0]} | {' | '.join(map(number, numbers[1:]))} | {tariff} |")
    lines += ["", "| value | hex |", "|---|---|"]
    lines += [f"| {name} | `{value.hex()}` |" for name, value in by_hand().items()]
    return "\n".join(lines) + "\n"


def test_the_slot_is_the_markets():
    """The fills are what the auction gives, the ration at the money and the odd Wh of the pool included."""
    for fill, price, steps in (
        (AHEAD, PRICES[0], STEPS),
        (POOL, PRICES[1], {a: [(OFFERED[a], LIMITS[a][0 if OFFERED[a] > 0 else 1])] for a in ACCOUNTS}),
    ):
        book = [(account, *step) for account in in_order() for step in steps[account]]
        clearing = clear_uniform(Offers(*(list(column) for column in zip(*book, strict=True))), k=K)
        assert clearing.price == price
        filled = dict.fromkeys(ACCOUNTS, 0)
        for (account, _, _), wh in zip(book, clearing.filled_wh.tolist(), strict=True):
            filled[account] += wh
        assert filled == fill
    assert all(METERED[a] == REGISTERS[a][0] - REGISTERS[a][1] for a in ACCOUNTS)
    assert all(OFFERED[a] == METERED[a] - AHEAD[a] for a in ACCOUNTS)
    assert sum(PAID) == 0
    assert sum(AMOUNTS) == sum(COVER)


def test_the_gap_is_trued_up_at_the_dearest_and_the_cheapest_tariff():
    """300 Wh taken at 310 000, 10 Wh given at 70 000: nothing is netted, and only what was taken can be claimed."""
    taken, given = (1_500 - 1_200, 60 - 50)
    assert (taken * 310, given * 70) == (93_000, 700)
    assert GAP_ROWS[1][8:11] == (700 - 93_000, 700 - 93_000, 93_000)
    assert GAP_ROWS[1][5] == taken - given


def test_the_package_gives_every_value_that_the_page_gives_by_hand():
    assert by_sunfair() == by_hand()


def test_the_page_holds_exactly_these_values():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.count(HEADING) == 1
    assert text[text.index(HEADING) :].split("\n## ", 1)[0].rstrip() == section().rstrip()


if __name__ == "__main__":
    print(section(), end="")
