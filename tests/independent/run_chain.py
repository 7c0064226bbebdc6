"""What the chain says: the log's raw signed transactions, decoded by hand and played on a plain model of the market.

The model is `contracts/EnergyMarket.vy` retold in Python: who may call what, and what it does to the balances. Tokens
are left out: a deposit in the log is taken as paid. So are the blocks' hashes, which need the tokens' events too.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import rlp
from eth_abi import decode, encode
from run_bytes import keccak, signer

GUARANTOR = 2**32 - 1
HOUR = 3600
ARTIFACT = Path(__file__).resolve().parents[2] / "src/sunfair/chain/artifacts/EnergyMarket.json"

CALLS = {
    "open_accounts": ["address[]"],
    "deposit": ["uint256", "uint256"],
    "deposit_with_permit": ["uint256", "uint256", "uint256", "uint8", "bytes32", "bytes32"],
    "request_withdrawal": ["uint256", "uint256"],
    "withdraw": ["uint256"],
    "anchor": ["uint256", "uint256", "uint256", "bytes32"],
    "settle": ["uint256", "bytes32", "uint256", "int256[]"],
    "apply": ["int256[]"],
}
SELECTORS = {keccak(f"{name}({','.join(types)})".encode())[:4]: name for name, types in CALLS.items()}
CONSTRUCTOR = ["address", "bytes32", "address", "address", "address[3]", "uint256", "uint256", "uint256"]
CONSTRUCTOR_BYTES = 10 * 32


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


@dataclass
class Market:
    """The market contract's storage, as far as money and commitments go."""

    address: bytes = b""
    chain_id: int = 0
    community: bytes = b""
    operator: bytes = b""
    slot_seconds: int = 0
    window: int = 0
    escape: int = 0
    owners: list[bytes] = field(default_factory=list)
    guarantor: bytes = b""
    balances: dict[int, int] = field(default_factory=dict)
    requests: dict[int, tuple[int, int]] = field(default_factory=dict)
    anchors: list[tuple[int, int, bytes]] = field(default_factory=list)
    settlements: list[dict] = field(default_factory=list)
    moves: list[tuple[int, str, int, int]] = field(default_factory=list)
    pending: list[int] | None = None
    settled_at: int = 0
    applied: int = 0
    last_apply: int = 0
    void: set[int] = field(default_factory=set)


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
    """Play the market's own transactions; what the contract would have refused is a finding."""
    found = check_nonces(log)
    targets = {tx.to for tx in log if tx.data[:4] in SELECTORS and SELECTORS[tx.data[:4]] == "anchor"}
    targets = targets or {tx.to for tx in log if tx.data[:4] in SELECTORS and SELECTORS[tx.data[:4]] == "open_accounts"}
    if len(targets) != 1:
        return Market(), [*found, f"chain: {len(targets)} markets are called, not one"]
    market = Market(address=targets.pop())
    for tx in log:
        if not tx.done:
            continue
        if not tx.to and tx.created == market.address:
            found += deploy(market, tx)
        elif tx.to == market.address:
            name = SELECTORS.get(tx.data[:4])
            if name is None:
                found.append(f"chain: an unknown call {tx.data[:4].hex()} to the market")
                continue
            arguments = decode(CALLS[name], tx.data[4:])
            if encode(CALLS[name], arguments) != tx.data[4:]:
                found.append(f"chain: {name} with calldata that is not canonical")
            try:
                globals()[f"do_{name}"](market, tx, *arguments)
            except AssertionError as refusal:
                found.append(f"chain: {name} would be refused: {refusal}")
    if not market.operator:
        found.append("chain: the market was never deployed")
    return market, found


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


def deploy(market: Market, tx: Transaction) -> list[str]:
    """The constructor's arguments stand behind its code, which must be the code that is shipped."""
    arguments = decode(CONSTRUCTOR, tx.data[-CONSTRUCTOR_BYTES:])
    _, market.community, operator, guarantor, roles, market.slot_seconds, market.window, market.escape = arguments
    market.operator, market.guarantor = address(operator), address(guarantor)
    market.owners = [address(role) for role in roles]
    market.balances = dict.fromkeys((*range(3), GUARANTOR), 0)
    market.last_apply, market.chain_id = tx.timestamp, tx.chain_id
    shipped = json.loads(ARTIFACT.read_text())["bytecode"]
    if tx.data[:-CONSTRUCTOR_BYTES] != bytes.fromhex(shipped.removeprefix("0x")):
        return ["chain: the market was not made from the shipped code"]
    return []


def address(text: str) -> bytes:
    """`0x…` as bytes."""
    return bytes.fromhex(text.removeprefix("0x"))


def alive(market: Market, tx: Transaction) -> None:
    """Nothing but withdrawals after the escape."""
    assert tx.timestamp < market.last_apply + market.escape, "the market is over"


def door_open(market: Market, tx: Transaction) -> bool:
    """Hours alternate from the later of the last apply and the end of the oldest period not applied."""
    start = market.last_apply
    if market.applied < len(market.anchors):
        first, slots, _ = market.anchors[market.applied]
        start = max(start, (first + slots) * market.slot_seconds)
    return (tx.timestamp - start) // HOUR % 2 == 0


def shut(market: Market, tx: Transaction) -> bool:
    """Whether balances are out of reach."""
    return market.pending is not None or not door_open(market, tx)


def do_open_accounts(market: Market, tx: Transaction, owners: list[str]) -> None:
    """New accounts, numbered on."""
    assert tx.sender == market.operator, "not the operator"
    alive(market, tx)
    assert market.pending is None, "a settlement is pending"
    for owner in owners:
        market.balances[len(market.owners)] = 0
        market.owners.append(address(owner))


def do_deposit(market: Market, tx: Transaction, account: int, amount: int) -> None:
    """Money comes in."""
    alive(market, tx)
    assert not shut(market, tx), "the door is shut"
    assert account in market.balances, "no such account"
    assert amount > 0, "no amount"
    market.balances[account] += amount
    market.moves.append((account, "deposit", amount, tx.timestamp))


def do_deposit_with_permit(market: Market, tx: Transaction, account: int, amount: int, *_permit: object) -> None:
    """The same, with the permission signed."""
    do_deposit(market, tx, account, amount)


def do_request_withdrawal(market: Market, tx: Transaction, account: int, amount: int) -> None:
    """A wish for money, by the owner."""
    owner = market.guarantor if account == GUARANTOR else market.owners[account]
    assert tx.sender == owner, "not the owner"
    market.requests[account] = (amount, len(market.anchors))


def do_withdraw(market: Market, tx: Transaction, account: int) -> None:
    """Money goes out to the owner."""
    amount = market.balances[account]
    if tx.timestamp < market.last_apply + market.escape:
        asked, period = market.requests.get(account, (0, 0))
        assert asked > 0, "nothing requested"
        assert market.applied > period, "not due yet"
        assert not shut(market, tx), "the door is shut"
        amount = min(amount, asked)
    assert amount > 0, "nothing to pay"
    market.requests.pop(account, None)
    market.balances[account] -= amount
    market.moves.append((account, "withdrawal", -amount, tx.timestamp))


def do_anchor(market: Market, tx: Transaction, period: int, first: int, slots: int, root: bytes) -> None:
    """A period's results are committed."""
    assert tx.sender == market.operator, "not the operator"
    alive(market, tx)
    assert period == len(market.anchors), "not the next period"
    assert slots > 0, "no slots"
    if market.anchors:
        assert first == market.anchors[-1][0] + market.anchors[-1][1], "not the next slot"
    assert root != bytes(32), "an empty root"
    assert (first + slots) * market.slot_seconds <= tx.timestamp, "the period is not over"
    market.anchors.append((first, slots, root))


def do_settle(market: Market, tx: Transaction, period: int, root: bytes, cover: int, amounts: list[int]) -> None:
    """A period's amounts are posted."""
    assert tx.sender == market.operator, "not the operator"
    alive(market, tx)
    assert market.pending is None, "a settlement is pending"
    assert period == market.applied, "not the next period"
    assert period < len(market.anchors), "not anchored"
    assert not door_open(market, tx), "the door is open"
    assert tx.timestamp + market.window < market.last_apply + market.escape, "too late"
    assert len(amounts) == len(market.owners) + 1, "not one amount per account"
    assert sum(amounts) == 0, "the amounts do not sum to zero"
    assert amounts[-1] == -cover <= 0, "the guarantor does not pay the cover"
    for account, amount in zip([*range(len(market.owners)), GUARANTOR], amounts, strict=True):
        assert market.balances[account] + amount >= 0, f"account {account} is overdrawn"
    entry = {"period": period, "root": root, "cover": cover, "amounts": list(amounts), "applied": False}
    entry["before"] = dict(market.balances)
    market.settlements.append(entry)
    market.pending, market.settled_at = list(amounts), tx.timestamp


def do_apply(market: Market, tx: Transaction, amounts: list[int]) -> None:
    """The amounts are written to the balances."""
    alive(market, tx)
    assert market.pending is not None, "nothing is pending"
    assert tx.timestamp >= market.settled_at + market.window, "the window is not over"
    assert list(amounts) == market.pending, "not the settled amounts"
    for account, amount in zip([*range(len(market.owners)), GUARANTOR], amounts, strict=True):
        market.balances[account] += amount
    market.settlements[-1]["applied"] = True
    market.pending, market.last_apply = None, tx.timestamp
    market.applied += 1
