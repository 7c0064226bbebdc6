"""What the chain says: the log's raw signed transactions, decoded by hand and played on a plain model of the market.

`run_market` and `run_calls` are the market contract retold in Python, `run_courts` what a court's verdict does to it. Tokens are left out: a
deposit in the log is taken as paid. So are the blocks' hashes, which need the tokens' events too.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import rlp
from eth_abi import decode, encode
from run_bytes import keccak, signer
from run_calls import CALLS, call
from run_courts import judged
from run_market import CONSTRUCTOR, CONSTRUCTOR_BYTES, Market, address
from run_register import Register
from run_topups import TopUps

ARTIFACTS = Path(__file__).resolve().parents[2] / "src/sunfair/chain/artifacts"
SELECTORS = {keccak(f"{name}({','.join(types)})".encode())[:4]: name for name, types in CALLS.items()}


@dataclass
class Transaction:
    """One signed transaction, opened."""

    chain_id: int
    nonce: int
    sender: bytes
    to: bytes
    data: bytes
    timestamp: int
    done: bool = True

    @property
    def created(self) -> bytes:
        """Where a contract made by this transaction stands."""
        return keccak(rlp.encode([self.sender, self.nonce]))[-20:]


def number(raw: bytes) -> int:
    """An RLP integer."""
    return int.from_bytes(raw, "big")


def open_transaction(raw: bytes, timestamp: int) -> Transaction:
    """Decode a raw transaction (EIP-1559, EIP-2930 or EIP-155) and recover who signed it; ValueError if nobody."""
    if raw[0] in (1, 2):
        fields = rlp.decode(raw[1:])
        head = 9 if raw[0] == 2 else 8
        digest = keccak(raw[:1] + rlp.encode(fields[:head]))
        at = 5 if raw[0] == 2 else 4
        chain, parity = number(fields[0]), number(fields[head])
        nonce, to, data = number(fields[1]), fields[at], fields[at + 2]
        r, s = fields[head + 1], fields[head + 2]
    else:
        fields = rlp.decode(raw)
        v = number(fields[6])
        chain, parity = (v - 35) // 2, (v - 35) % 2
        digest = keccak(rlp.encode([*fields[:6], fields_int(chain), b"", b""]))
        nonce, to, data, r, s = number(fields[0]), fields[3], fields[5], fields[7], fields[8]
    sender = signer(digest, r.rjust(32, b"\0") + s.rjust(32, b"\0") + bytes([27 + parity]))
    if sender is None:
        raise ValueError("a transaction that nobody signed")
    return Transaction(chain, nonce, sender, to, data, timestamp)


def fields_int(value: int) -> bytes:
    """An integer as RLP wants it: no leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def read_log(path: Path) -> list[Transaction]:
    """The transactions of a log, in order; a contract refused those of status 0. ValueError if it is no log."""
    genesis, *blocks = [json.loads(line) for line in path.read_text().splitlines()]
    funds = [[address(holder), fields_int(amount)] for holder, amount in genesis["funded"].items()]
    head = rlp.encode([fields_int(genesis["chain_id"]), fields_int(genesis["timestamp"]), funds])
    if address(genesis["hash"]) != keccak(head):
        raise ValueError("the genesis does not hash to what it says")
    out = []
    for number_due, block in enumerate(blocks, start=1):
        if block["number"] != number_due:
            raise ValueError(f"block {block['number']} where {number_due} was due")
        transaction = open_transaction(address(block["raw"]), block["timestamp"])
        if transaction.chain_id != genesis["chain_id"]:
            raise ValueError(f"block {number_due} is of another chain")
        transaction.done = block["status"] == 1
        out.append(transaction)
    return out


def replay(log: list[Transaction]) -> tuple[Market, list[str]]:
    """Play the market's own transactions and the courts' verdicts; what the contract would have refused is a finding."""
    found = check_nonces(log)
    code = shipped("EnergyMarket")
    births = [tx for tx in log if not tx.to and tx.done and tx.data[:-CONSTRUCTOR_BYTES] == code]
    if len(births) != 1:
        return Market(), [*found, f"chain: {len(births)} markets were made from the shipped code, not one"]
    market = Market(address=births[0].created, chain_id=births[0].chain_id)
    courts = {
        tx.created: name for tx in log if not tx.to and tx.done for name in COURTS if tx.data.startswith(shipped(name))
    }
    standing = {tx.created for tx in log if not tx.to and tx.done and tx.data.startswith(shipped("StandingTopUp"))}
    topups, registers = TopUps(), {}
    for tx in log:
        if not tx.done:
            continue
        if not tx.to and tx.data.startswith(shipped("MeterRegistry")):
            registers[tx.created] = Register(tx.data[-20:])
        if tx is births[0]:
            market.deploy(decode(CONSTRUCTOR, tx.data[-CONSTRUCTOR_BYTES:]), tx.timestamp)
            found += [f"chain: {name} is not the shipped one" for name in strangers(market, courts)]
        elif tx.to == market.address:
            found += played(market, tx)
        elif tx.to in registers:
            found += registers[tx.to].played(market, tx)
        elif tx.to in courts:
            found += judged(market, courts[tx.to], tx, abi(courts[tx.to]))
        elif tx.to in standing:
            found += topups.played(market, tx.to, tx.data, tx.timestamp)
    return market, found


COURTS = ("AuctionCourt", "RowCourt", "BookCourt", "Docket", "MeterRegistry")


def shipped(name: str) -> bytes:
    """The creation code of a contract as it is shipped."""
    return address(json.loads((ARTIFACTS / f"{name}.json").read_text())["bytecode"])


def abi(name: str) -> list[dict]:
    """The functions of a contract as they are shipped."""
    return json.loads((ARTIFACTS / f"{name}.json").read_text())["abi"]


def strangers(market: Market, courts: dict[bytes, str]) -> list[str]:
    """Courts of the market that are not what their name says."""
    return [name for name, place in zip(COURTS, market.courts, strict=True) if courts.get(place) != name]


def played(market: Market, tx: Transaction) -> list[str]:
    """One transaction to the market."""
    name = SELECTORS.get(tx.data[:4])
    if name is None:
        return [f"chain: an unknown call {tx.data[:4].hex()} to the market"]
    arguments = decode(CALLS[name], tx.data[4:])
    found = []
    if encode(CALLS[name], arguments) != tx.data[4:]:
        found.append(f"chain: {name} with calldata that is not canonical")
    try:
        call(market, name, tx.sender, tx.timestamp, arguments)
    except AssertionError as refusal:
        found.append(f"chain: {name} would be refused: {refusal}")
    return found


def check_nonces(log: list[Transaction]) -> list[str]:
    """Each sender's nonces count up from 0, all on one chain, and time does not run backwards."""
    found = []
    counts: dict[bytes, int] = {}
    for tx in log:
        if tx.nonce != counts.get(tx.sender, 0):
            found.append(f"chain: nonce {tx.nonce} of {tx.sender.hex()}, {counts.get(tx.sender, 0)} was due")
        counts[tx.sender] = tx.nonce + 1
    if len({tx.chain_id for tx in log}) > 1:
        found.append("chain: transactions of several chains in one log")
    times = [tx.timestamp for tx in log]
    if times != sorted(times):
        found.append("chain: timestamps run backwards")
    return found
