"""Who may say what about a point; registration costs its utility nothing; 2²⁶ points have paths of 26 hashes."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from registry_world import KEYS, Grid, commitment, point

from sunfair.chain import contract, keccak
from sunfair.chain.abi import encode
from sunfair.errors import Reverted
from sunfair.registry.batch_tree import BATCH_MAX, BatchProof

ABI = contract("MeterRegistry").abi
BATCH = keccak(b"Batch(address registrar,bytes32 root,uint64 points,uint64 nonce,uint64 deadline)")


@pytest.fixture
def grid() -> Grid:
    return Grid()


def test_a_sponsor_sends_what_a_registrar_signed_and_the_registrar_has_no_money_at_all(grid: Grid) -> None:
    registrar, chain, ledger = KEYS.address("registrar"), grid.chain, grid.ledger
    root, deadline = b"\1" * 32, int(grid.clock.now().timestamp()) + 60

    def send(nonce: int, signer: str = "registrar", until: int = deadline) -> None:
        words = encode(
            ["bytes32", "address", "bytes32", "uint256", "uint256", "uint256"],
            [BATCH, registrar, root, 9, nonce, until],
        )
        (separator,) = ABI.result("separator", chain.call(ledger.registry, ABI.call("separator")))
        signature = KEYS.sign(signer, keccak(b"\x19\x01" + separator + keccak(words)))
        data = ABI.call("register_batch_for", registrar, root, 9, until, signature)
        chain.transact(KEYS, "sponsor", ledger.registry, data, timestamp=chain.date(int(grid.clock.now().timestamp())))

    before = chain.nonce(registrar)
    send(0)
    assert chain.nonce(registrar) == before  # no transaction of its own, and no call takes money
    for nonce, signer in ((0, "registrar"), (1, "sponsor")):
        with pytest.raises(Reverted, match="signature"):
            send(nonce, signer)
    with pytest.raises(Reverted, match="too late"):
        send(1, until=deadline - 120)
    send(1)
    assert all(entry["stateMutability"] != "payable" for entry in ABI._functions.values())


def test_who_may_say_what(grid: Grid) -> None:
    ledger, now = grid.ledger, int(grid.clock.now().timestamp())
    key, other = KEYS.address("meter"), KEYS.address("meter 2")
    refused = [
        ("governor only", lambda: ledger.set_roles(key, 1, governor="registrar")),
        ("unknown role", lambda: ledger.set_roles(key, 8)),
        ("registrars only", lambda: ledger.register_batch("old", b"\1" * 32, 1)),
        ("points", lambda: ledger.register_batch("registrar", b"\1" * 32, 0)),
        ("points", lambda: ledger.register_batch("registrar", b"\1" * 32, BATCH_MAX + 1)),
        ("its registrar only", lambda: ledger.set_owner("rival", point(0), key)),
        ("not opened", lambda: ledger.set_owner("registrar", point(99), key)),
        ("zero address", lambda: ledger.set_owner("registrar", point(0), bytes(20))),
        ("its registrar only", lambda: ledger.bind_device("rival", point(0), key, now, (0, 0))),
        ("not dated ahead", lambda: ledger.bind_device("registrar", point(0), key, now - 1, (0, 0))),
        ("register out of range", lambda: ledger.bind_device("registrar", point(0), key, now, (2**63, 0))),
        ("owner or registrar only", lambda: ledger.erase_point("old", point(0))),
        ("its registrar only", lambda: ledger.begin_supply("rival", point(0), key)),
        ("supplied already", lambda: ledger.begin_supply("registrar", point(0), KEYS.address("new"))),
    ]
    for word, act in refused:
        with pytest.raises(Reverted, match=word):
            act()
    ledger.bind_device("registrar", point(0), key, now + 10, (1, 2))
    grid.pass_by(seconds=11)
    for word, place, device, at in (
        ("not dated ahead", 0, other, now + 10),
        ("key of another point", 1, key, now + 20),
    ):
        with pytest.raises(Reverted, match=word):
            ledger.bind_device("registrar", point(place), device, at, (0, 0))
    ledger.bind_device("registrar", point(0), other, now + 20, (0, 0))
    bound = [
        (ledger.is_bound(point(0), key, at), ledger.is_bound(point(0), other, at)) for at in (now, now + 10, now + 20)
    ]
    assert bound == [(False, False), (True, False), (False, True)]
    assert not ledger.is_bound(point(0), bytes(20), now)


def test_a_device_dated_ahead_is_replaced_and_what_is_past_stands(grid: Grid) -> None:
    ledger, now = grid.ledger, int(grid.clock.now().timestamp())
    keys = [KEYS.address(f"meter {at}") for at in range(4)]
    for key, after in zip(keys, (10, 20, 40, 30), strict=True):
        ledger.bind_device("registrar", point(0), key, now + after, (0, 0))
    with pytest.raises(Reverted, match="not dated ahead"):  # it would replace two
        ledger.bind_device("registrar", point(0), keys[0], now + 15, (0, 0))
    at = [[ledger.is_bound(point(0), key, now + after) for key in keys].index(True) for after in (10, 20, 30, 40, 50)]
    assert at == [0, 1, 3, 3, 3]
    grid.pass_by(seconds=30)
    with pytest.raises(Reverted, match="not dated ahead"):
        ledger.bind_device("registrar", point(0), keys[0], now + 30, (0, 0))


def test_an_erased_point_keeps_a_second_entry_out(grid: Grid) -> None:
    grid.ledger.erase_point("customer", point(0))
    output = grid.chain.call(grid.ledger.registry, ABI.call("points", point(0)))
    held = ABI.result("points", output)
    assert (held[0][1], held[0][3]) == (bytes(32), bytes(20))
    with pytest.raises(Reverted, match="entered before"):
        grid.open(0)


def test_a_point_among_two_to_the_26_is_opened_with_26_hashes(grid: Grid) -> None:
    node, siblings, index = keccak(b"\x22" + commitment(7) + point(7)), [], 0b10110011100011110000111110
    for at in range(26):
        siblings.append(keccak(bytes([at])))
        node = keccak(b"\x01" + siblings[-1] + node if index >> at & 1 else b"\x01" + node + siblings[-1])
    root = keccak(b"\x02" + BATCH_MAX.to_bytes(4, "big") + node)
    number = grid.ledger.register_batch("registrar", root, BATCH_MAX)
    path = BatchProof(index, BATCH_MAX, tuple(siblings))
    assert path.holds(commitment(7), point(7), root)
    grid.ledger.open_point("anybody", number, commitment(7), point(7), path)
