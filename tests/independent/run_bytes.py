"""Bytes as docs/formats.md lays them out: integers, leaves, trees, headers, EIP-712 messages, signers.

Shares no line with Sunfair: read beside `docs/formats.md`.
"""

from functools import lru_cache

import sha3
from coincurve import PublicKey

NO_BUY = -(10**9) - 1
NO_SELL = 10**9 + 1
HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2


def keccak(data: bytes) -> bytes:
    """Keccak-256 (Ethereum's)."""
    return sha3.keccak_256(data).digest()


def unsigned(value: int, size: int) -> bytes:
    """`u<size>`: big-endian, unsigned."""
    return int(value).to_bytes(size, "big")


def i8(value: int) -> bytes:
    """Big-endian two's complement of eight bytes."""
    return int(value).to_bytes(8, "big", signed=True)


def word(value: int) -> bytes:
    """An ABI integer: 32 bytes, two's complement."""
    return int(value).to_bytes(32, "big", signed=value < 0)


# Leaves


def curve_bytes(steps: list[tuple[int, int]], pool_buy: int, pool_sell: int) -> bytes:
    """144 bytes: eight steps, unused ones zero, then the standing pool limits."""
    padded = steps + [(0, 0)] * (8 - len(steps))
    return b"".join(i8(energy) + i8(limit) for energy, limit in padded) + i8(pool_buy) + i8(pool_sell)


def blind(account: int, slot: int, nonce: int, salt: bytes) -> bytes:
    """What hides whose leaf it is, and which of its offers."""
    return keccak(b"\x10" + unsigned(account, 4) + unsigned(slot, 8) + i8(nonce) + salt)


def book_leaf(blinded: bytes, curve: bytes) -> bytes:
    """The leaf that was fixed before the slot."""
    return keccak(b"\x11" + blinded + curve)


def public_row(leaf: bytes, curve: bytes, pool_wh: int, fill_ahead: int, fill_pool: int) -> bytes:
    """200 bytes that everyone may see."""
    return leaf + curve + i8(pool_wh) + i8(fill_ahead) + i8(fill_pool)


def result_leaf(row: bytes) -> bytes:
    """The hash of a public row."""
    return keccak(b"\x12" + row)


def private_row(account: int, numbers: list[int], salt: bytes) -> bytes:
    """`numbers`: slot, leaf, nonce, traded ahead, traded pool, metered, import and export register, paid, running,
    claims, gap slots, gap retail, gap feed-in."""
    if len(numbers) != 14:
        raise ValueError("a private row has fourteen numbers")
    return keccak(b"\x13" + unsigned(account, 4) + b"".join(map(i8, numbers)) + salt)


def period_leaf(account: int, amount: int, arrears: int, cover: int, rows_root: bytes) -> bytes:
    """One account's line of a period's settlement."""
    return keccak(b"\x14" + unsigned(account, 4) + i8(amount) + i8(arrears) + i8(cover) + rows_root)


def envelope_leaf(account: int, slot: int, import_cap: int, export_cap: int, salt: bytes) -> bytes:
    """One home's caps of a slot."""
    return keccak(b"\x17" + unsigned(account, 4) + unsigned(slot, 8) + i8(import_cap) + i8(export_cap) + salt)


def data_hash(rows: list[bytes], envelopes: bytes = bytes(32)) -> bytes:
    """The hash over the root of a slot's envelopes and all its public rows, in leaf order."""
    return keccak(b"\x16" + envelopes + keccak(b"".join(rows)))


# Trees


def plain_root(leaves: list[bytes]) -> bytes:
    """Root of the plain tree, bound to the number of leaves."""
    level = list(leaves)
    while len(level) & (len(level) - 1):
        level.append(bytes(32))
    while len(level) > 1:
        level = [keccak(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return keccak(b"\x02" + unsigned(len(leaves), 4) + level[0])


def sum_root(leaves: list[tuple[bytes, list[int]]], pad, add, encode) -> tuple[bytes, list[int]]:
    """Root and sums of a sum tree. `pad` are an absent leaf's sums, `add` joins two, `encode` writes them."""
    level = list(leaves)
    while len(level) & (len(level) - 1):
        level.append((bytes(32), pad))
    while len(level) > 1:
        above = []
        for i in range(0, len(level), 2):
            (left, left_sums), (right, right_sums) = level[i], level[i + 1]
            node = keccak(b"\x03" + left + encode(left_sums) + right + encode(right_sums))
            above.append((node, add(left_sums, right_sums)))
        level = above
    top, sums = level[0]
    return keccak(b"\x04" + unsigned(len(leaves), 4) + top + encode(sums)), sums


RESULT_PAD = [0, 0, 0, 0, 0, 0, NO_BUY, NO_SELL] * 2


def result_add(left: list[int], right: list[int]) -> list[int]:
    """Energies add up, lo is the larger, hi the smaller; for the ahead and then the pool session."""
    out = []
    for at in (0, 8):
        out += [left[i] + right[i] for i in range(at, at + 6)]
        out += [max(left[at + 6], right[at + 6]), min(left[at + 7], right[at + 7])]
    return out


def result_encode(sums: list[int]) -> bytes:
    """128 bytes; lo and hi are lifted by 2·10⁹ so that none is negative."""
    lifted = [value + 2 * 10**9 if i % 8 in (6, 7) else value for i, value in enumerate(sums)]
    return b"".join(map(i8, lifted))


def result_root(leaves: list[tuple[bytes, list[int]]]) -> tuple[bytes, list[int]]:
    """The public auction's tree."""
    return sum_root(leaves, RESULT_PAD, result_add, result_encode)


def period_root(leaves: list[tuple[bytes, int]]) -> tuple[bytes, int]:
    """The settlement's tree; its one sum is the cover."""
    wrapped = [(leaf, [cover]) for leaf, cover in leaves]
    root, sums = sum_root(wrapped, [0], lambda a, b: [a[0] + b[0]], lambda s: i8(s[0]))
    return root, sums[0]


# Header


def rule(terms: dict) -> int:
    """Bit 0: mid-market rate; bit 1: no ahead session; bit 2: no pool session."""
    missing = [2 * ("ahead" not in terms["sessions"]), 4 * ("pool" not in terms["sessions"])]
    return (terms["mechanism"] == "mid_market_rate") + sum(missing)


def header_hash(domain: bytes, slot: int, terms: dict, prices: tuple[int, int], sums: list[int], roots) -> bytes:
    """The hash of a slot's header; `roots`: book root, result root, data hash."""
    return keccak(
        b"\x15"
        + domain
        + unsigned(slot, 8)
        + unsigned(terms["accounts"], 4)
        + unsigned(rule(terms), 1)
        + unsigned(terms["k"][0], 8)
        + unsigned(terms["k"][1], 8)
        + unsigned(terms["seller_bps"], 2)
        + unsigned(terms["utility_bps"], 2)
        + unsigned(terms["network_bps"], 2)
        + i8(terms["retail"])
        + i8(terms["feed_in"])
        + i8(prices[0])
        + i8(prices[1])
        + result_encode(sums)
        + b"".join(roots)
    )


# EIP-712

STEP_TYPE = b"Step(int64 energy_wh,int64 limit)"
OFFER_TYPE = (
    b"Offer(bytes32 community,uint32 account,uint64 first_slot,uint64 last_slot,Step[] steps,"
    b"int64 pool_buy,int64 pool_sell,uint64 nonce)" + STEP_TYPE
)
RECEIPT_TYPE = b"Receipt(bytes32 offer,uint64 first_slot,uint64 last_slot)"
READING_TYPE = b"Reading(bytes32 community,uint32 account,uint64 slot,uint64 import_wh,uint64 export_wh)"
DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def domain_separator(chain_id: int, market: bytes) -> bytes:
    """The EIP-712 domain of one market on one chain."""
    return keccak(keccak(DOMAIN_TYPE) + keccak(b"Sunfair") + keccak(b"1") + word(chain_id) + market.rjust(32, b"\0"))


def _digest(domain: bytes, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain + keccak(struct))


def offer_digest(domain: bytes, community: bytes, offer: dict) -> bytes:
    """What a home signs."""
    steps = b"".join(keccak(keccak(STEP_TYPE) + word(energy) + word(limit)) for energy, limit in offer["steps"])
    return _digest(
        domain,
        keccak(OFFER_TYPE)
        + community
        + word(offer["account"])
        + word(offer["first_slot"])
        + word(offer["last_slot"])
        + keccak(steps)
        + word(offer["pool_buy"])
        + word(offer["pool_sell"])
        + word(offer["nonce"]),
    )


def receipt_digest(domain: bytes, offer: bytes, first_slot: int, last_slot: int) -> bytes:
    """What the operator signs to say that it has the offer."""
    return _digest(domain, keccak(RECEIPT_TYPE) + offer + word(first_slot) + word(last_slot))


def reading_digest(domain: bytes, community: bytes, account: int, slot: int, registers: tuple[int, int]) -> bytes:
    """What a meter signs."""
    return _digest(
        domain,
        keccak(READING_TYPE) + community + word(account) + word(slot) + word(registers[0]) + word(registers[1]),
    )


@lru_cache(maxsize=1 << 20)
def signer(digest: bytes, signature: bytes) -> bytes | None:
    """The 20-byte address that signed, or None if that is no signature of the form the documents ask for."""
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except Exception:
        return None
    return keccak(key.format(compressed=False)[1:])[-20:]


# Posted amounts


def amount_words(amounts: list[int], guarantor: int) -> list[int]:
    """Four lanes of 64 bits a word, each lifted by 2⁶²; the guarantor's is place 0, account a is place a + 1."""
    places = [guarantor, *amounts]
    places += [0] * (-len(places) % 4)
    return [sum((places[at + lane] + 2**62) << 64 * lane for lane in range(4)) for at in range(0, len(places), 4)]


def amounts_of(words: list[int], accounts: int) -> list[int]:
    """The amounts of so many accounts and then the guarantor's; AssertionError unless the words hold just these."""
    assert len(words) == accounts // 4 + 1, "not one amount per account"
    lanes = [(word >> 64 * lane) % 2**64 - 2**62 for word in words for lane in range(4)]
    assert all(-(2**62) <= lane < 2**62 for lane in lanes), "an amount out of range"
    assert not any(lanes[accounts + 1 :]), "an amount of no account"
    return [*lanes[1 : accounts + 1], lanes[0]]


def amounts_hash(words: list[int]) -> bytes:
    """The hash over the hashes of chunks of sixteen words."""
    chunks = [words[at : at + 16] for at in range(0, len(words), 16)]
    return keccak(b"".join(keccak(b"".join(unsigned(w, 32) for w in chunk)) for chunk in chunks))
