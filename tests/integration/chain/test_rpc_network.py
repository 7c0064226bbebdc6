"""Transactions on a real node: landed once, whatever dies, gets stuck, is replaced or is reorganised away."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sunfair.chain import JsonRpc, Policy, RpcNetwork, SeededKeys, Unreachable, contract
from sunfair.chain.anvil import Anvil, running_anvil
from sunfair.chain.fees import GWEI
from sunfair.errors import LedgerError, Reverted

KEYS = SeededKeys(7)
OPERATOR = KEYS.address("operator")
EURO = contract("SimulatedEuro")
CALM = Policy(give_up=180.0, poll=0.02)
"""For what goes through: a busy machine is waited for, and no fees are raised on the way.

A replacement that arrives while anvil makes the block has anvil make an empty one after it.
"""
BRIEF = Policy(give_up=0.1, poll=0.02)
"""For what cannot go through."""

Open = Callable[..., RpcNetwork]


@pytest.fixture
def network_to(anvil: Anvil) -> Iterator[Open]:
    """Connects to the node as a process of its own would; everything is closed in the end."""
    opened: list[RpcNetwork] = []
    for holder in ("operator", "1", "2"):
        anvil.fund(KEYS.address(holder))

    def connect(outbox: Path | None = None, policy: Policy = CALM, rpc: JsonRpc | None = None) -> RpcNetwork:
        opened.append(RpcNetwork.connect(rpc or JsonRpc(anvil.url), outbox=outbox, policy=policy))
        return opened[-1]

    yield connect
    for network in opened:
        network.close()


def create_euro(network: RpcNetwork) -> bytes:
    receipt = network.transact(KEYS, "operator", None, EURO.creation(), timestamp=0, key="euro")
    assert receipt.created is not None
    return receipt.created


def issue(network: RpcNetwork, euro: bytes, amount: int, *, key: str = "", holder: str = "operator") -> Any:
    return network.transact(KEYS, holder, euro, EURO.abi.call("issue", amount), timestamp=0, key=key)


def held(network: RpcNetwork, euro: bytes, holder: str = "operator") -> int:
    output = network.call(euro, EURO.abi.call("balanceOf", KEYS.address(holder)))
    return int(EURO.abi.result("balanceOf", output)[0])


def hurried(network: RpcNetwork) -> RpcNetwork:
    """The same outbox in less patient hands."""
    return RpcNetwork(network.node, network.outbox, 31337, policy=BRIEF)


# ── The plain way ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_contract_is_created_called_and_read(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    assert network.code(euro)
    before = network.number
    receipt = issue(network, euro, 5)
    assert receipt.status
    assert before < receipt.number <= network.number
    assert receipt.timestamp == network.timestamp
    assert network.nonce(OPERATOR) == 2
    assert held(network, euro) == 5
    assert network.input(receipt.transaction_hash) == EURO.abi.call("issue", 5)
    assert network.created(receipt.transaction_hash) is None
    (logged,) = network.logs(euro, [receipt.logs[0].topics[0]], first=receipt.number)
    assert (logged.log, logged.number, logged.timestamp) == (receipt.logs[0], receipt.number, receipt.timestamp)
    assert logged.transaction_hash == receipt.transaction_hash
    assert network.logs(euro, [b"\x01" * 32]) == []
    assert network.logs(euro, first=receipt.number + 1) == []


def test_a_refusal_is_found_before_anything_is_sent(network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    with pytest.raises(Reverted, match="erc20: transfer amount exceeds balance"):
        network.transact(KEYS, "operator", euro, EURO.abi.call("transfer", b"\1" * 20, 1), timestamp=0)
    with pytest.raises(Reverted):
        network.call(euro, EURO.abi.call("transfer", b"\1" * 20, 1))
    assert network.nonce(OPERATOR) == 1


def test_a_refusal_on_chain_is_told_with_its_reason(anvil: Anvil, network_to: Open) -> None:
    """The state changes between estimate and block: somebody who pays more takes the money first."""
    network = network_to()
    euro = create_euro(network)
    issue(network, euro, 5)
    rival = "0x" + KEYS.address("1").hex()
    network.transact(KEYS, "operator", euro, EURO.abi.call("approve", KEYS.address("1"), 5), timestamp=0)
    anvil.automine(False)
    pay = EURO.abi.call("transfer", b"\1" * 20, 5)
    with pytest.raises(LedgerError, match="the same call resumes it"):
        hurried(network).transact(KEYS, "operator", euro, pay, timestamp=0)
    take = EURO.abi.call("transferFrom", OPERATOR, KEYS.address("1"), 5)
    anvil.rpc.call("anvil_impersonateAccount", rival)
    fees = {"maxFeePerGas": hex(50 * GWEI), "maxPriorityFeePerGas": hex(20 * GWEI), "gas": hex(100_000)}
    question = {"from": rival, "to": "0x" + euro.hex(), "data": "0x" + take.hex(), **fees}
    anvil.rpc.call("eth_sendTransaction", question)
    anvil.automine(True)
    anvil.mine()
    with pytest.raises(Reverted, match="erc20: transfer amount exceeds balance"):
        network.transact(KEYS, "operator", euro, pay, timestamp=0)
    assert network.nonce(OPERATOR) == 4
    assert network.outbox.open == []


def test_who_has_no_ether_is_told(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    with pytest.raises(LedgerError, match=r"\(7\) holds 0 wei and may need \d+: nothing was sent"):
        network.transact(KEYS, "7", None, EURO.creation(), timestamp=0)
    assert network.outbox.entries == ()


def test_no_contract_no_answer(network_to: Open) -> None:
    with pytest.raises(LedgerError, match="there is no contract at 0x0101"):
        network_to().call(b"\1" * 20, b"")
    with pytest.raises(LedgerError, match="no block of the chain holds"):
        network_to().input(b"\1" * 32)


def test_the_state_of_an_older_block_can_be_asked(network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    first = issue(network, euro, 5)
    issue(network, euro, 6)
    output = network.call(euro, EURO.abi.call("balanceOf", OPERATOR), block=first.number)
    assert EURO.abi.result("balanceOf", output)[0] == 5


def test_a_view_can_be_asked_for_another_time(anvil: Anvil, network_to: Open) -> None:
    clock = b"\7" * 20
    anvil.rpc.call("anvil_setCode", "0x" + clock.hex(), "0x425f5260205ff3")  # returns block.timestamp
    network = network_to()
    assert int.from_bytes(network.call(clock, b"", timestamp=1_900_000_000)) == 1_900_000_000


def test_the_wrong_chain_is_refused(anvil: Anvil) -> None:
    with pytest.raises(LedgerError, match="is a node of chain 31337, not of chain 1: point ETH_RPC_URL"):
        RpcNetwork.connect(anvil.rpc, chain_id=1)


def test_demo_keys_and_a_steered_clock_are_refused_off_local_chains(anvil_there: None) -> None:
    with running_anvil(chain_id=11_155_111) as node:
        node.fund(OPERATOR)
        with RpcNetwork.connect(node.rpc) as network, pytest.raises(LedgerError, match="demonstration keys"):
            network.transact(KEYS, "operator", None, EURO.creation(), timestamp=0)
        with pytest.raises(LedgerError, match="only local chains"):
            RpcNetwork.connect(node.rpc, steered=True)


# ── Fees ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stuck_transaction_is_replaced(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    # The base fee rises above what the transaction offers while it waits: only a raise gets it into a block.
    anvil.automine(False)
    quick = network_to(policy=Policy(stuck_after=100, give_up=0.05, poll=0.02))
    with pytest.raises(LedgerError, match="is in no block: it offers"):
        issue(quick, euro, 5)
    (stuck,) = quick.outbox.open
    dear = 5 * stuck.attempts[0].fees.max_fee
    anvil.set_base_fee(dear)
    anvil.automine(True)
    anvil.mine()
    patient = RpcNetwork(quick.node, quick.outbox, 31337, policy=Policy(stuck_after=0.2, give_up=180.0, poll=0.05))
    receipt = issue(patient, euro, 5)
    entry = patient.outbox.get(stuck.number)
    assert len(entry.attempts) >= 2
    assert receipt.transaction_hash == entry.hashes(31337)[0]
    assert entry.nonce == stuck.nonce == network.nonce(OPERATOR) - 1
    for old, new in zip(entry.attempts, entry.attempts[1:], strict=False):
        assert 10 * new.fees.max_fee >= 11 * old.fees.max_fee
        assert 10 * new.fees.tip >= 11 * old.fees.tip
    assert held(network, euro) == 5


def test_the_cap_holds_and_is_told(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    anvil.set_base_fee(50 * GWEI)
    anvil.mine()
    capped = network_to(policy=Policy(fee_cap=20 * GWEI))
    with pytest.raises(LedgerError, match=r"the network asks 4\d\.\d+ gwei per gas|asks 50 gwei per gas"):
        issue(capped, euro, 5)
    assert capped.outbox.entries == ()


def test_a_cap_that_forbids_a_raise_leaves_the_transaction_waiting(anvil: Anvil, network_to: Open) -> None:
    euro = create_euro(network_to())
    network = network_to(policy=Policy(fee_cap=3 * GWEI, stuck_after=0.1, give_up=0.6, poll=0.02))
    anvil.automine(False)
    with pytest.raises(LedgerError, match="the cap is 3"):
        issue(network, euro, 5)
    (waiting,) = network.outbox.open
    assert all(attempt.fees.max_fee <= 3 * GWEI for attempt in waiting.attempts)
    anvil.automine(True)
    anvil.mine()
    patient = RpcNetwork(network.node, network.outbox, 31337, policy=CALM)
    assert issue(patient, euro, 5).status
    assert held(network, euro) == 5


def test_more_gas_than_a_transaction_may_have_is_not_sent(anvil: Anvil, network_to: Open) -> None:
    glutton = b"\6" * 20
    # Refuses unless 17,000,000 gas are left.
    anvil.rpc.call("anvil_setCode", "0x" + glutton.hex(), "0x63010366405a11600d575f5ffd5b00")
    network = network_to()
    with pytest.raises(LedgerError, match=r"a transaction may have at most 16777216 \(EIP-7825\)"):
        network.transact(KEYS, "operator", glutton, b"", timestamp=0)
    assert network.outbox.entries == ()


# ── Nonces ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_program_with_the_same_key_is_found_out(anvil: Anvil, network_to: Open, tmp_path: Path) -> None:
    network = network_to(tmp_path / "a.jsonl")
    euro = create_euro(network)
    anvil.automine(False)
    with pytest.raises(LedgerError, match="resumes"):
        issue(hurried(network), euro, 1)
    anvil.rpc.call("anvil_dropAllTransactions")
    other = network_to(tmp_path / "b.jsonl")
    anvil.automine(True)
    issue(other, euro, 10)
    with pytest.raises(LedgerError, match="Another program signs with the same key"):
        issue(network, euro, 1)
    assert issue(network, euro, 1).status
    assert held(network, euro) == 11


def test_what_waits_goes_first(anvil: Anvil, network_to: Open) -> None:
    """A new transaction is estimated on what the older one leaves behind."""
    network = network_to()
    euro = create_euro(network)
    anvil.automine(False)
    with pytest.raises(LedgerError, match="resumes"):
        issue(hurried(network), euro, 5)
    with pytest.raises(LedgerError, match="resumes"):
        hurried(network).transact(KEYS, "operator", euro, EURO.abi.call("transfer", b"\1" * 20, 5), timestamp=0)
    assert len(network.outbox.open) == 1
    anvil.automine(True)
    anvil.mine()
    assert network.transact(KEYS, "operator", euro, EURO.abi.call("transfer", b"\1" * 20, 5), timestamp=0).status
    assert held(network, euro) == 0


# ── Confirmations and reorganisations ─────────────────────────────────────────────────────────────────────────────────


def test_confirmations_are_waited_for(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    number = issue(network, euro, 5, key="five").number
    three = Policy(confirmations=3, give_up=0.1, poll=0.02)
    strict = RpcNetwork(network.node, network.outbox, 31337, policy=three)
    with pytest.raises(LedgerError, match=rf"is in block {number}, 1 deep where 3 are asked for"):
        issue(strict, euro, 5, key="five")
    anvil.mine(2)
    assert issue(strict, euro, 5, key="five").number == number
    assert held(network, euro) == 5


def test_what_a_reorganisation_took_out_is_sent_again(anvil: Anvil, network_to: Open) -> None:
    network = network_to()
    euro = create_euro(network)
    hashes = [issue(network, euro, amount).transaction_hash for amount in (1, 2, 4)]
    issue(network, euro, 8, holder="1")
    anvil.reorganise(3)
    assert held(network, euro) == 1
    assert held(network, euro, "1") == 0
    network.follow()
    anvil.mine()
    network.follow()
    assert held(network, euro) == 7
    assert held(network, euro, "1") == 8
    assert [network.input(digest) for digest in hashes] == [EURO.abi.call("issue", amount) for amount in (1, 2, 4)]
    assert network.nonce(OPERATOR) == 4
    assert network.outbox.open == []


def test_the_next_call_follows_a_reorganisation(anvil: Anvil, network_to: Open, tmp_path: Path) -> None:
    """Another process, later: it finds in the outbox what vanished while nobody looked."""
    network = network_to(tmp_path / "o.jsonl")
    euro = create_euro(network)
    issue(network, euro, 1)
    issue(network, euro, 2)
    network.close()
    anvil.reorganise(2)
    anvil.mine(3)
    again = network_to(tmp_path / "o.jsonl")
    issue(again, euro, 4)
    assert held(again, euro) == 7


def test_a_deeper_reorganisation_is_an_error(anvil: Anvil, network_to: Open) -> None:
    network = network_to(policy=Policy(reorg_depth=3, poll=0.02))
    euro = create_euro(network)
    issue(network, euro, 1)
    anvil.mine(3)
    network.follow()
    assert network.outbox.mined == []
    anvil.reorganise(5)
    with pytest.raises(LedgerError, match=r"reorganised deeper than 3 blocks.*Nothing is sent"):
        network.follow()
    with pytest.raises(LedgerError, match="reorganised deeper than 3 blocks"):
        issue(network, euro, 2)
    assert network.nonce(OPERATOR) < 2


def test_a_reorganisation_within_the_depth_is_followed(anvil: Anvil, network_to: Open) -> None:
    network = network_to(policy=Policy(reorg_depth=6, poll=0.02))
    euro = create_euro(network)
    issue(network, euro, 1)
    anvil.mine(3)
    network.follow()
    anvil.reorganise(5)
    network.follow()
    anvil.mine()
    network.follow()
    assert held(network, euro) == 1


def test_a_turned_answer_is_an_error(anvil: Anvil, network_to: Open) -> None:
    """After the reorganisation the contract refuses what it took before: the caller must hear of it."""
    network = network_to()
    euro = create_euro(network)
    issue(network, euro, 5, holder="1")
    sent = network.transact(KEYS, "1", euro, EURO.abi.call("transfer", OPERATOR, 5), timestamp=0)
    assert sent.status
    anvil.automine(False)
    anvil.reorganise(2)
    # The transfer is there again, what it lived on is not.
    raw = {entry.nonce: entry.raw(31337, entry.attempts[-1]) for entry in network.outbox.mined if entry.number > 1}
    anvil.rpc.call("anvil_setNonce", "0x" + KEYS.address("1").hex(), "0x1")
    anvil.rpc.call("eth_sendRawTransaction", "0x" + raw[1].hex())
    anvil.automine(True)
    anvil.mine()
    with pytest.raises(LedgerError, match="what the contract said before it does not say any more"):
        network.follow()


# ── Dying ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Died(BaseException):
    """The process is gone."""


class MortalRpc(JsonRpc):
    """A node's line that ends at call number `last`: before the node hears of it, or before its answer is heard."""

    def __init__(self, url: str, last: int, *, heard: bool) -> None:
        super().__init__(url)
        self.left, self.heard = last, heard

    def call(self, method: str, *params: Any) -> Any:
        if self.left == 0:
            if self.heard:
                super().call(method, *params)
            raise Died
        self.left -= 1
        return super().call(method, *params)


@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "heard"])
@pytest.mark.parametrize("key", ["", "a key"], ids=["by content", "by key"])
def test_a_process_that_dies_at_any_call_does_it_once(
    anvil: Anvil, network_to: Open, tmp_path: Path, key: str, heard: bool
) -> None:
    euro = create_euro(network_to())
    start = anvil.rpc.call("evm_snapshot")
    for last in range(100):
        path = tmp_path / f"{last}.jsonl"
        mortal = MortalRpc(anvil.url, last, heard=heard)
        died = False
        try:
            network = RpcNetwork.connect(mortal, outbox=path, policy=CALM)
            issue(network, euro, 5, key=key)
        except Died:
            died = True
        finally:
            mortal.close()
            if "network" in dir():
                network.close()
        again = network_to(path)
        if key or held(again, euro) == 0:  # without a key, who comes back looks first
            issue(again, euro, 5, key=key)
        assert held(again, euro) == 5
        assert again.nonce(OPERATOR) == 2
        if not died:
            assert last > 10
            return
        assert anvil.rpc.call("evm_revert", start) is True
        start = anvil.rpc.call("evm_snapshot")
    pytest.fail("it never came through")


def test_a_node_that_dies_in_between(anvil_there: None, tmp_path: Path) -> None:
    """The node is killed with its state on disk and comes back: the same call goes on."""
    state, outbox = tmp_path / "state.json", tmp_path / "o.jsonl"
    arguments = ["--state", str(state)]
    with running_anvil(arguments=arguments) as node:
        node.fund(OPERATOR)
        with RpcNetwork.connect(JsonRpc(node.url), outbox=outbox, policy=CALM) as network:
            euro = create_euro(network)
            issue(network, euro, 1)
            port = int(node.url.rsplit(":", 1)[1])
            rpc = JsonRpc(node.url, attempts=2, pause=0.01)
            cut = RpcNetwork(type(network.node)(rpc), network.outbox, 31337, policy=CALM)
            node.stop()
            with pytest.raises(Unreachable, match="Nothing is lost"):
                issue(cut, euro, 2, key="two")
            with running_anvil(arguments=arguments, port=port):
                issue(cut, euro, 2, key="two")
                assert held(cut, euro) == 3
                issue(cut, euro, 2, key="two")
                assert held(cut, euro) == 3
            rpc.close()


class FoulRpc(JsonRpc):
    """A line on which questions and answers get lost, by a seed."""

    def __init__(self, url: str, dice: random.Random, share: float) -> None:
        super().__init__(url)
        self.dice, self.share = dice, share

    def call(self, method: str, *params: Any) -> Any:
        if self.dice.random() < self.share:
            raise Unreachable("the question was lost")
        answer = super().call(method, *params)
        if self.dice.random() < self.share:
            raise Unreachable("the answer was lost")
        return answer


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_everything_is_done_once(anvil: Anvil, network_to: Open, tmp_path: Path, seed: int) -> None:
    """Lost questions and answers, processes that begin anew, small reorganisations: each amount is issued once."""
    dice = random.Random(seed)
    euro = create_euro(network_to())
    anvil.mine(4)
    path = tmp_path / "o.jsonl"
    policy = Policy(stuck_after=0.05, give_up=0.5, poll=0.01)

    def restart() -> RpcNetwork:
        while True:
            try:
                return network_to(path, policy, FoulRpc(anvil.url, dice, 0.05))
            except LedgerError:
                continue

    network = restart()
    for number in range(16):
        for _ in range(100):
            if dice.random() < 0.1:
                anvil.reorganise(dice.randint(1, 3))
            if dice.random() < 0.1:
                network.close()
                network = restart()
            try:
                issue(network, euro, 1 << number, key=f"issue {number}", holder=str(1 + number % 2))
                break
            except LedgerError:
                continue
        else:
            pytest.fail(f"issue {number} never came through")
    network.close()
    calm = network_to(path)
    for _ in range(5):
        calm.follow()
        anvil.mine()
    assert calm.outbox.open == []
    assert held(calm, euro, "1") + held(calm, euro, "2") == (1 << 16) - 1
    assert calm.nonce(KEYS.address("1")) + calm.nonce(KEYS.address("2")) == 16
