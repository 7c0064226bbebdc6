"""Public data in blobs on a real node: taken, named by the contract, read back from the beacon interface."""

import random

import pytest

from sunfair.chain import JsonRpc, RpcNetwork, SeededKeys, contract, from_blobs, read_blob_data, read_prices, to_blobs
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.blobs import versioned_hashes
from sunfair.chain.publishing import Way, calldata_gas, publishing_cost
from sunfair.errors import LedgerError

KEYS = SeededKeys(7)
BOARD = contract("DataBoard")


def board(network: RpcNetwork) -> bytes:
    created = network.transact(KEYS, "operator", None, BOARD.creation(), timestamp=0).created
    assert created is not None
    return created


def test_blobs_are_taken_named_and_read_back(anvil: Anvil) -> None:
    anvil.fund(KEYS.address("operator"))
    data = random.Random(1).randbytes(150_000)
    blobs = to_blobs(data)
    beacon = JsonRpc(anvil.url)
    with RpcNetwork.connect(anvil.rpc) as network:
        to = board(network)
        call = BOARD.abi.call("announce", b"\1" * 20, 5, 96)
        receipt = network.transact(KEYS, "operator", to, call, timestamp=0, blobs=blobs, key="slots 5")
        event = BOARD.abi.event(receipt.logs[0].topics, receipt.logs[0].data)
        assert event is not None
        assert event.args["blobs"] == versioned_hashes(blobs)
        assert network.transact(KEYS, "operator", to, call, timestamp=0, blobs=blobs, key="slots 5") == receipt
        assert network.nonce(KEYS.address("operator")) == 2
        assert read_blob_data(network.node, beacon, receipt.transaction_hash) == data
        plain = network.transact(KEYS, "operator", b"\1" * 20, b"", timestamp=0)
        with pytest.raises(LedgerError, match="carries no blobs"):
            read_blob_data(network.node, beacon, plain.transaction_hash)
    beacon.close()


def test_a_stuck_blob_transaction_is_replaced_at_double_the_price(anvil: Anvil) -> None:
    from sunfair.chain import Policy

    anvil.fund(KEYS.address("operator"))
    blobs = to_blobs(b"short")
    policy = Policy(stuck_after=0.1, give_up=1.0, poll=0.05)
    with RpcNetwork.connect(anvil.rpc, policy=policy) as network:
        anvil.automine(False)
        for _ in range(30):  # a machine that is slow with a blob's proof has to ask once more
            with pytest.raises(LedgerError, match="resumes"):
                network.transact(KEYS, "operator", b"\1" * 20, b"", timestamp=0, blobs=blobs)
            (entry,) = network.outbox.open
            if len(entry.attempts) >= 2:
                break
        assert len(entry.attempts) >= 2
        for old, new in zip(entry.attempts, entry.attempts[1:], strict=False):
            assert new.fees.max_fee >= 2 * old.fees.max_fee
            assert new.fees.tip >= 2 * old.fees.tip
            assert new.fees.blob_fee >= 2 * old.fees.blob_fee
        anvil.automine(True)
        anvil.mine()
        patient = RpcNetwork(network.node, network.outbox, 31337, policy=Policy(give_up=120.0, poll=0.02))
        receipt = patient.transact(KEYS, "operator", b"\1" * 20, b"", timestamp=0, blobs=blobs)
        assert receipt.status
        assert network.nonce(KEYS.address("operator")) == 1


def test_the_form_of_osaka_is_taken_too(anvil_there: None) -> None:
    with running_anvil(hardfork="osaka") as node:
        node.fund(KEYS.address("operator"))
        with RpcNetwork.connect(node.rpc) as network:
            network._sender._cell_proofs = True
            blobs = to_blobs(b"cells")
            receipt = network.transact(KEYS, "operator", b"\1" * 20, b"", timestamp=0, blobs=blobs)
            assert receipt.status
            found = node.rpc.call("anvil_getBlobsByTransactionHash", "0x" + receipt.transaction_hash.hex())
            assert from_blobs([bytes.fromhex(blob[2:]) for blob in found]) == b"cells"


def test_the_predicted_costs_are_the_paid_ones(anvil: Anvil) -> None:
    """Gas of a plain transaction with data, as the node counts it; and blobs win where the node's prices say so."""
    anvil.fund(KEYS.address("operator"))
    data = random.Random(2).randbytes(5_000) + bytes(3_000)
    with RpcNetwork.connect(anvil.rpc) as network:
        receipt = network.transact(KEYS, "operator", b"\1" * 20, data, timestamp=0)
        assert receipt.gas_used == calldata_gas(data)
        prices = read_prices(network.node)
        assert prices.blob_gas is not None
        assert publishing_cost(data, prices).way is Way.BLOB


def test_blobs_that_are_gone_are_said(anvil: Anvil) -> None:
    from sunfair.chain.blobs import fetch_blobs

    beacon = JsonRpc(anvil.url)
    with pytest.raises(LedgerError, match=r"has not the blob 0x0101|gives no blobs"):
        fetch_blobs(beacon, "0", [b"\1" * 32])
    beacon.close()
