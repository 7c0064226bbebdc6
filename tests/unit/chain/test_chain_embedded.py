"""The embedded chain: what it admits, what it executes, and its log."""

import json
from collections.abc import Callable

import pytest

from sunfair.chain import (
    Block,
    EmbeddedChain,
    SeededKeys,
    Transaction,
    address_of,
    chain_lines,
    contract,
    keccak,
    replay,
    rlp,
    sign_digest,
)
from sunfair.errors import LedgerError, Reverted, RunFilesError

KEYS = SeededKeys(1)
NOW = 1_465_941_600
EURO = contract("SimulatedEuro")


def send(
    chain: EmbeddedChain, to: bytes | None, data: bytes, *, time: int = NOW, holder: str = "operator", value: int = 0
) -> Block:
    transaction = Transaction(chain.chain_id, chain.nonce(KEYS.address(holder)), to, data, value)
    return chain.send(transaction.raw(KEYS.sign(holder, transaction.digest())), time)


def runtime(code: str) -> bytes:
    """Creation code of a contract whose code is the given one."""
    body = bytes.fromhex(code)
    return bytes([0x60, len(body), 0x60, 12, 0x60, 0, 0x39, 0x60, len(body), 0x60, 0, 0xF3]) + body


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def scenario() -> EmbeddedChain:
    """Six blocks: a creation, two issues, a transfer, a refusal, an approval."""
    chain = EmbeddedChain(timestamp=NOW - 60, funded={b"\x02" * 20: 5, b"\x01" * 20: 10**18})
    euro = send(chain, None, EURO.creation()).created or b""
    send(chain, euro, EURO.abi.call("issue", 100), holder="3", time=NOW + 1)
    send(chain, euro, EURO.abi.call("issue", 50), holder="4", time=NOW + 1)
    send(chain, euro, EURO.abi.call("transfer", KEYS.address("4"), 30), holder="3", time=NOW + 900)
    with pytest.raises(Reverted, match="exceeds balance") as refusal:
        send(chain, euro, EURO.abi.call("transfer", KEYS.address("3"), 81), holder="4", time=NOW + 901)
    assert refusal.value.reason == "erc20: transfer amount exceeds balance"
    send(chain, euro, EURO.abi.call("approve", KEYS.address("4"), 1), holder="3", time=NOW + 902)
    return chain


def balance(chain: EmbeddedChain, holder: str) -> int:
    euro = chain.blocks[0].created or b""
    output = chain.call(euro, EURO.abi.call("balanceOf", KEYS.address(holder)))
    return int(EURO.abi.result("balanceOf", output)[0])


def test_transactions_are_executed_in_blocks() -> None:
    chain = scenario()
    assert (balance(chain, "3"), balance(chain, "4")) == (70, 80)
    assert [block.number for block in chain.blocks] == [1, 2, 3, 4, 5, 6]
    assert [block.status for block in chain.blocks] == [True] * 4 + [False, True]
    assert [len(block.logs) for block in chain.blocks] == [4, 1, 1, 1, 0, 1]
    assert (chain.number, chain.timestamp) == (6, NOW + 902)
    assert chain.blocks[4].reason == "erc20: transfer amount exceeds balance"


def test_address_of_a_created_contract_is_keccak_of_sender_and_nonce() -> None:
    """Yellow paper, section 7."""
    chain = EmbeddedChain()
    for nonce in (0, 1):
        created = send(chain, None, runtime("00")).created
        assert created == keccak(rlp.encode([KEYS.address("operator"), rlp.minimal(nonce)]))[12:]


def test_reverted_call_uses_its_nonce_and_changes_nothing() -> None:
    chain = scenario()
    assert chain.nonce(KEYS.address("4")) == 2
    assert chain.nonce(KEYS.address("nobody")) == 0


def test_contracts_see_chain_block_and_caller() -> None:
    """CHAINID, TIMESTAMP, NUMBER, CALLER, GASPRICE, BASEFEE as six words."""
    chain = EmbeddedChain(1337)
    code = "465f52426020524360405233606052" + "3a608052" + "4860a052" + "60c05ff3"
    seer = send(chain, None, runtime(code)).created or b""
    send(chain, None, runtime("00"), time=NOW + 5)
    output = chain.call(seer, b"", timestamp=NOW + 9, sender=KEYS.address("3"))
    words = [int.from_bytes(output[i : i + 32], "big") for i in range(0, 192, 32)]
    assert words == [1337, NOW + 9, 3, int.from_bytes(KEYS.address("3"), "big"), 0, 0]
    assert send(chain, seer, b"", time=NOW + 20).output[32:96] == word(NOW + 20) + word(3)


def test_transient_storage_ends_with_the_transaction() -> None:
    """Returns what transient slot 0 held, then writes 1 to it: a lock left over would show."""
    chain = EmbeddedChain()
    lock = send(chain, None, runtime("5f5c5f5260015f5d60205ff3")).created or b""
    assert [send(chain, lock, b"").output for _ in range(3)] == [word(0)] * 3


def test_views_change_nothing() -> None:
    chain = EmbeddedChain()
    writer = send(chain, None, runtime("60015f5500")).created or b""
    with pytest.raises(Reverted):
        chain.call(writer, b"")
    before = list(chain_lines(chain))
    euro = send(chain, None, EURO.creation()).created or b""
    after = list(chain_lines(chain))
    for _ in range(3):
        chain.call(euro, EURO.abi.call("totalSupply"), timestamp=NOW + 999)
    assert list(chain_lines(chain)) == after
    assert after[: len(before)] == before


def test_halts_are_refusals_with_their_name() -> None:
    chain = EmbeddedChain()
    broken = send(chain, None, runtime("fe")).created or b""
    with pytest.raises(Reverted) as halt:
        send(chain, broken, b"")
    assert halt.value.reason == "InvalidFEOpcode"


def test_failed_creation_makes_no_contract() -> None:
    chain = EmbeddedChain(1)  # SimulatedEuro refuses every network but the local ones
    with pytest.raises(Reverted, match="creation of a contract") as refusal:
        send(chain, None, EURO.creation())
    assert refusal.value.reason == "euro: only on a local chain"
    assert (chain.blocks[0].created, chain.nonce(KEYS.address("operator"))) == (None, 1)
    assert chain.blocks[0].status is False


def test_value_moves_where_it_is_funded() -> None:
    chain = EmbeddedChain(funded={KEYS.address("3"): 7})
    taker = send(chain, None, runtime("00")).created or b""
    send(chain, taker, b"", holder="3", value=5)
    with pytest.raises(LedgerError, match="sends 5 wei and holds 2"):
        send(chain, taker, b"", holder="3", value=5)
    send(chain, taker, b"", holder="3", value=2)
    assert chain.number == 3


def test_attack_transaction_replayed() -> None:
    chain = EmbeddedChain()
    raw = send(chain, None, runtime("00")).raw
    with pytest.raises(LedgerError, match="a replayed transaction"):
        chain.send(raw, NOW)
    assert chain.number == 1


def test_attack_transaction_of_another_chain_replayed() -> None:
    other = EmbeddedChain(1337)
    raw = send(other, None, runtime("00")).raw
    with pytest.raises(LedgerError, match="is for chain 1337, this is chain 31337"):
        EmbeddedChain().send(raw, NOW)


def test_attack_transaction_altered_on_the_way() -> None:
    """Another receiver or amount is another digest: the sender recovered is somebody else."""
    chain = EmbeddedChain()
    transaction = Transaction(chain.chain_id, 0, b"\x01" * 20, b"pay 1")
    signature = KEYS.sign("operator", transaction.digest())
    altered = Transaction(chain.chain_id, 0, b"\x01" * 20, b"pay 9").raw(signature)
    assert chain.include(altered, NOW).sender != KEYS.address("operator")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"nonce": 1}, "is not next; next is 0"),
        ({"gas": 2**24 + 1}, "more than a block's"),
        ({"gas": 20_999}, "no block can hold"),
        ({"value": 1}, "sends 1 wei and holds 0"),
    ],
)
def test_what_no_block_can_hold(change: dict[str, int], fault: str) -> None:
    chain = EmbeddedChain()
    key = b"\x09" * 32
    fields: dict[str, int] = {"nonce": 0} | change
    transaction = Transaction(31337, to=b"\x01" * 20, data=b"", **fields)
    with pytest.raises(LedgerError, match=fault):
        chain.send(transaction.raw(sign_digest(key, transaction.digest())), NOW)
    assert (chain.number, chain.nonce(address_of(key))) == (0, 0)


def test_what_is_no_transaction() -> None:
    with pytest.raises(LedgerError, match="not a transaction this chain takes"):
        EmbeddedChain().send(b"\x02\xc0", NOW)


def test_time_does_not_run_backwards() -> None:
    chain = EmbeddedChain(timestamp=NOW)
    with pytest.raises(LedgerError, match="cannot be dated"):
        send(chain, None, runtime("00"), time=NOW - 1)
    send(chain, None, runtime("00"), time=NOW)
    send(chain, None, runtime("00"), time=NOW)
    with pytest.raises(LedgerError, match="cannot be dated"):
        send(chain, None, runtime("00"), time=NOW - 1)


def test_call_needs_a_contract() -> None:
    with pytest.raises(LedgerError, match="no contract at"):
        EmbeddedChain().call(b"\x01" * 20, b"")


# ── The log ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_chain_gives_the_same_bytes() -> None:
    assert list(chain_lines(scenario())) == list(chain_lines(scenario()))


def test_log_is_executed_again_to_the_same_chain() -> None:
    chain = scenario()
    again = replay(chain_lines(chain))
    assert again.blocks == chain.blocks
    assert again.hash == chain.hash
    assert (balance(again, "3"), balance(again, "4")) == (70, 80)


def test_log_goes_on_after_replay() -> None:
    chain = replay(chain_lines(scenario()))
    euro = chain.blocks[0].created or b""
    send(chain, euro, EURO.abi.call("issue", 1), holder="3", time=NOW + 1000)
    assert balance(chain, "3") == 71


def test_log_lines_are_what_the_format_says() -> None:
    lines = [json.loads(line) for line in chain_lines(scenario())]
    assert lines[0].keys() == {"chain_id", "format", "funded", "hash", "timestamp"}
    assert lines[0]["funded"] == {"0x" + "01" * 20: 10**18, "0x" + "02" * 20: 5}
    assert all(line.keys() == {"hash", "number", "raw", "status", "timestamp"} for line in lines[1:])
    assert [line["status"] for line in lines[1:]] == [1, 1, 1, 1, 0, 1]


def edit(line: int, /, **fields: object) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        entry = json.loads(lines[line - 1]) | fields
        lines[line - 1] = json.dumps(entry, sort_keys=True, separators=(",", ":"))

    return change


def flip_signature(lines: list[str]) -> None:
    raw = bytearray.fromhex(json.loads(lines[3])["raw"][2:])
    raw[-1] ^= 1
    edit(4, raw="0x" + raw.hex())(lines)


def drop(number: int) -> Callable[[list[str]], None]:
    return lambda lines: lines.__delitem__(number - 1)


def swap(lines: list[str]) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def double(lines: list[str]) -> None:
    lines.insert(3, lines[2])


def renumber(lines: list[str]) -> None:
    """A block left out, and those behind it numbered to fit."""
    del lines[2]
    for number in range(3, len(lines) + 1):
        edit(number, number=number - 1)(lines)


def spaces(lines: list[str]) -> None:
    lines[1] = json.dumps(json.loads(lines[1]), sort_keys=True)


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (flip_signature, r"run/log.jsonl, line 4: "),
        (edit(3, timestamp=NOW + 2), r"line 3: the line was changed"),
        (edit(3, timestamp=NOW - 1), r"line 3: a block cannot be dated"),
        (edit(3, timestamp=2**70), r"line 3: "),
        (edit(3, timestamp=-1), r"line 3: a block cannot be dated"),
        (edit(3, timestamp=float(NOW)), r"line 3: timestamp has a value"),
        (edit(3, status=0), r"line 3: the status says 0, but the chain took it"),
        (edit(6, status=1), r"line 6: the status says 1, but the chain refused it \(erc20: transfer amount"),
        (edit(6, status=2), r"line 6: status has a value"),
        (edit(6, status=True), r"line 6: status has a value"),
        (edit(4, hash="0x" + "00" * 32), r"line 4: the line was changed"),
        (edit(4, number=4), r"line 4: block 4 stands where block 3 belongs"),
        (edit(4, raw="nothing"), r"line 4: 'nothing' is not 0x"),
        (edit(4, raw="0x0g"), r"line 4: "),
        (edit(4, more=1), r"line 4: it is not an object with exactly"),
        (drop(3), r"line 3: block 3 stands where block 2 belongs"),
        (renumber, r"line 3: the line was changed, or an earlier one is missing"),
        (swap, r"line 3: block 3 stands where"),
        (double, r"line 4: block 2 stands where block 3 belongs"),
        (spaces, r"line 2: the line was changed"),
        (edit(1, chain_id=1337), r"line 1: the line was changed"),
        (edit(1, timestamp=NOW), r"line 1: the line was changed"),
        (edit(1, funded={"0x" + "02" * 20: 6}), r"line 1: the line was changed"),
        (edit(1, funded={"0x02": 6}), r"line 1: no chain begins like this"),
        (edit(1, funded={"0x" + "02" * 20: "6"}), r"line 1: no chain begins like this"),
        (edit(1, format="sunfair-chain-log/2"), r"line 1: the format is 'sunfair-chain-log/2'"),
        (drop(1), r"line 1: it is not an object with exactly chain_id"),
    ],
)
def test_attack_log_tampered(tamper: Callable[[list[str]], None], fault: str) -> None:
    lines = list(chain_lines(scenario()))
    tamper(lines)
    with pytest.raises(LedgerError, match=fault):
        replay(lines, "run/log.jsonl")


def test_every_single_digit_of_a_log_counts() -> None:
    lines = list(chain_lines(scenario()))
    text = lines[4]
    for place in range(0, len(text), 7):
        other = "1" if text[place] != "1" else "2"
        changed = [*lines[:4], text[:place] + other + text[place + 1 :], *lines[5:]]
        with pytest.raises((LedgerError, RunFilesError)):
            replay(changed)


@pytest.mark.parametrize("lines", [[], ["{"], ["not json"], ["["]])
def test_what_is_no_log(lines: list[str]) -> None:
    with pytest.raises(RunFilesError):
        replay(lines)


def test_no_json_in_the_middle_names_its_line() -> None:
    lines = list(chain_lines(scenario()))
    lines[3] = lines[3][:-5]
    with pytest.raises(RunFilesError, match=r"log.jsonl, line 4: is not JSON"):
        replay(lines)


@pytest.mark.parametrize("line", ["[]", "3", "null", '"text"', "[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_no_object(line: str) -> None:
    with pytest.raises(LedgerError, match="line 1: it is not an object"):
        replay([line])
