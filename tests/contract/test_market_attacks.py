"""What somebody would try with amounts, encodings and permits, one test an attack."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from vault_world import (
    GUARANTOR,
    MONEY,
    ROOT,
    SETTLEMENT,
    START,
    WINDOW,
    Street,
    encode,
    pack,
    refused,
)

AMOUNTS = {0: 10, 1: 4, 2: 1, 3: 90, 4: -100, GUARANTOR: -5}
KEY = b"\x07" * 32
LANES = range(0, 256, 64)


@pytest.fixture
def ready(busy: Street) -> Street:
    """A day is anchored and the door is shut."""
    busy.anchor()
    busy.now = busy.market.settle_time()
    return busy


# ── Amounts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_attack_amounts_swapped_at_apply(ready: Street) -> None:
    settlement = ready.post(AMOUNTS)
    ready.now = settlement.settled_at + WINDOW
    with refused("market: not the settled amounts"):
        ready.market.apply(settlement, pack({**AMOUNTS, 3: -100, 4: 90}, 5), sender=ready.operator)
    assert set(ready.balances().values()) == {MONEY}


@pytest.mark.parametrize(
    "amounts",
    [{**AMOUNTS, 4: -99}, {0: 1}, {0: -1}, {1: 2**61, 4: -MONEY}, {3: 1, 4: 1}, {0: 2**61, 1: 2**61, 3: 2**61}],
)
def test_attack_money_created_by_amounts(ready: Street, amounts: dict[int, int]) -> None:
    with refused("market: amounts do not sum to zero"):
        ready.post(amounts)


@pytest.mark.parametrize("account", [1, 3, 4])
def test_attack_overdraft_amount(ready: Street, account: int) -> None:
    other = 4 if account == 3 else 3
    with refused("market: overdraft"):
        ready.post({account: -MONEY - 1, other: MONEY + 1})
    ready.post({account: -MONEY, other: MONEY})


@pytest.mark.parametrize("word", [0, 1])
@pytest.mark.parametrize("lane", LANES)
def test_attack_lane_out_of_range(ready: Street, word: int, lane: int) -> None:
    """Bit 63 of a lane set: a number so large that its sum would spill into the neighbour's."""
    words = pack(AMOUNTS, 5)
    words[word] |= 1 << (lane + 63)
    with refused("market: amount out of range"):
        ready.post(words=words, cover=5)


@pytest.mark.parametrize("lane", [2, 3])
@pytest.mark.parametrize("amount", [-(2**62), -1, 1, 2**62 - 1])
def test_attack_money_in_a_lane_of_nobodys(ready: Street, lane: int, amount: int) -> None:
    """Five accounts and the guarantor fill six lanes; the last two belong to the account that is opened next."""
    words = pack({3: -amount} if abs(amount) < MONEY else {}, 5)
    words[1] += amount << (64 * lane)
    with refused("market: amount out of range"):
        ready.post(words=words)


def test_attack_carry_into_the_next_lane(ready: Street) -> None:
    """The words' sum is that of honest amounts, though one lane borrows from its neighbour."""
    words = pack({}, 5)
    words[1] -= (MONEY + 1) - (1 << 64)
    with refused():
        ready.post(words=words)


def test_attack_balance_beyond_its_lane(ready: Street) -> None:
    """Nobody gets 2⁶² or more, even if somebody were said to pay it."""
    with refused("market: overdraft"):
        ready.post({3: 2**62 - 1, 4: -(2**62) + 1})
    with refused("market: amount out of range"):
        ready.post({0: 2**62 - MONEY, GUARANTOR: MONEY - 2**62})


def test_attack_guarantor_enriched(ready: Street) -> None:
    for cover in (0, 1, 2**62, 2**256 - 1):
        with refused("market: guarantor does not pay cover"):
            ready.post({4: -1, GUARANTOR: 1}, cover=cover)


def test_attack_settlement_applied_twice(ready: Street) -> None:
    settlement = ready.post(AMOUNTS)
    ready.apply(settlement)
    with refused("market: not the pending settlement"):
        ready.market.apply(settlement, ready.words, sender=ready.operator)
    assert ready.balances() == {account: MONEY + amount for account, amount in AMOUNTS.items()}


def test_attack_cancelled_settlement_applied(ready: Street) -> None:
    settlement = ready.post(AMOUNTS)
    ready.convict()
    ready.now = settlement.settled_at + WINDOW
    with refused("market: not the pending settlement"):
        ready.market.apply(settlement, ready.words, sender=ready.operator)


# ── Encodings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_attack_amounts_where_no_decoder_looks(ready: Street) -> None:
    """The array's offset points elsewhere: who decodes the transaction would see other amounts than were checked."""
    honest, shown = pack(AMOUNTS, 5), pack({}, 5)
    head = [1, int.from_bytes(ROOT, "big"), 5]
    tail = [len(honest), *honest, len(shown), *shown]
    data = ready.market.data("settle", 1, ROOT, 5, [])[:4]
    data += b"".join(word.to_bytes(32, "big") for word in [*head, 32 * 7, *tail])
    with refused("market: amounts not plainly encoded"):
        ready.market.raw(data, sender=ready.operator)


def test_attack_amounts_elsewhere_at_apply(ready: Street) -> None:
    settlement = ready.post(AMOUNTS)
    ready.now = settlement.settled_at + WINDOW
    honest = ready.words
    data = ready.market.data("apply", settlement, [])[:4] + encode([SETTLEMENT], [tuple(settlement)])
    data += b"".join(word.to_bytes(32, "big") for word in [32 * 14, len(honest), *honest, len(honest), *honest])
    with refused("market: amounts not plainly encoded"):
        ready.market.raw(data)


def test_attack_calldata_cut_short(ready: Street) -> None:
    data = ready.market.data("settle", 1, ROOT, 5, pack(AMOUNTS, 5))
    for cut in (1, 32, 64):
        with refused():
            ready.market.raw(data[:-cut], sender=ready.operator)
    ready.market.raw(data + b"\x55" * 40, sender=ready.operator)  # what follows the array is not part of it
    assert ready.state.pending == 1


# ── Permits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def permit(street: Street, value: int, deadline: int) -> tuple[bytes, tuple[int, bytes, bytes]]:
    owner = bytes.fromhex(Account.from_key(KEY).address[2:])
    fields = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]
    typed = encode_typed_data(
        {
            "name": "Energy Credit",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": "0x" + street.token.address.hex(),
        },
        {"Permit": [{"name": name, "type": kind} for name, kind in [*fields, ("deadline", "uint256")]]},
        {
            "owner": "0x" + owner.hex(),
            "spender": "0x" + street.market.address.hex(),
            "value": value,
            "nonce": street.token.nonces(owner),
            "deadline": deadline,
        },
    )
    signed = Account.sign_message(typed, KEY)
    street.fund(owner, value)
    street.token.approve(street.market, 0, sender=owner)
    return owner, (signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))


def test_deposit_with_permit(street: Street) -> None:
    deadline = START + 60
    owner, signature = permit(street, 500, deadline)
    street.market.deposit_with_permit(3, 500, deadline, *signature, sender=owner)
    assert street.market.balance_of(3) == 500
    assert street.token.allowance(owner, street.market) == 0


def test_attack_permit_used_by_another_first(street: Street) -> None:
    """Somebody copies the permit out of the mempool and uses it up: the deposit goes through all the same."""
    deadline = START + 60
    owner, signature = permit(street, 500, deadline)
    street.token.permit(owner, street.market, 500, deadline, *signature, sender=street.intruder)
    street.market.deposit_with_permit(3, 500, deadline, *signature, sender=owner)
    assert street.market.balance_of(3) == 500


def test_attack_permit_of_another_spent(street: Street) -> None:
    """A permit pulls tokens of the caller only."""
    deadline = START + 60
    owner, signature = permit(street, 500, deadline)
    with refused("erc20: insufficient allowance"):
        street.market.deposit_with_permit(4, 500, deadline, *signature, sender=street.intruder)
    assert street.wallet(owner) == 500


def test_attack_malleable_signature(street: Street) -> None:
    """The same permit with the other s (n − s) and the other v is no permit."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    deadline = START + 60
    owner, (v, r, s) = permit(street, 500, deadline)
    twin = (55 - v, r, (order - int.from_bytes(s, "big")).to_bytes(32, "big"))
    with refused("ecdsa: invalid signature `s` value"):
        street.token.permit(owner, street.market, 500, deadline, *twin)
    with refused("erc20: insufficient allowance"):
        street.market.deposit_with_permit(3, 500, deadline, *twin, sender=owner)
    street.market.deposit_with_permit(3, 500, deadline, v, r, s, sender=owner)
