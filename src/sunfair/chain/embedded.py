"""An Ethereum network in one process: signed transactions in, blocks with receipts out, one transaction a block.

The EVM is revm. What a node does around it is done here: the sender is recovered from the signature, chain id and
nonce are checked, blocks are numbered, dated and chained by hash. Gas is limited but costs nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from sunfair.chain import rlp
from sunfair.chain.abi import revert_reason
from sunfair.chain.keys import DEMO_CHAINS, keccak
from sunfair.chain.network import NOBODY, Log, Logged
from sunfair.chain.transactions import GAS_LIMIT, Transaction, decode_raw
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Keys

__all__ = ["Block", "EmbeddedChain", "Log"]

_SPEC = "CANCUN"
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
_HALT = re.compile(r"reason: (\w+)")
_BALANCE_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its one transaction and receipt. `created` is the new contract's address, if it made one.

    `reason` is why the contract refused, empty if it did not (`status` True) or gave none.
    """

    number: int
    timestamp: int
    raw: bytes
    transaction: Transaction
    sender: bytes
    status: bool
    logs: tuple[Log, ...]
    created: bytes | None
    output: bytes
    reason: str
    hash: bytes

    @property
    def transaction_hash(self) -> bytes:
        """Hash of its transaction, 32 bytes, as every network has it."""
        return keccak(self.raw)


class EmbeddedChain:
    """A chain of one-transaction blocks on an EVM of its own. `funded` are native balances (wei) by address."""

    def __init__(
        self, chain_id: int = DEMO_CHAINS[0], *, timestamp: int = 0, funded: Mapping[bytes, int] | None = None
    ) -> None:
        self._chain_id = chain_id
        self._genesis_time = timestamp
        self._funded = dict(sorted((funded or {}).items()))
        self._blocks: list[Block] = []
        self._places: dict[bytes, int] = {}
        env = Env(cfg=CfgEnv(chain_id=chain_id), block=_block_env(0, timestamp))
        self._evm = EVM(env, gas_limit=GAS_LIMIT, spec_id=_SPEC)
        for address, balance in self._funded.items():
            if len(address) != 20 or not 0 <= balance <= _BALANCE_MAX:
                raise ValueError(f"0x{address.hex()} cannot be funded with {balance} wei")
            self._evm.set_balance(_hex(address), balance)
        funds = [[address, rlp.minimal(balance)] for address, balance in self._funded.items()]
        self._genesis_hash = keccak(rlp.encode([rlp.minimal(chain_id), rlp.minimal(timestamp), funds]))

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._chain_id

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block after the genesis, in order."""
        return tuple(self._blocks)

    @property
    def number(self) -> int:
        """Number of the head block; 0 is the genesis."""
        return len(self._blocks)

    @property
    def timestamp(self) -> int:
        """Timestamp of the head block, unix s."""
        return self._blocks[-1].timestamp if self._blocks else self._genesis_time

    @property
    def hash(self) -> bytes:
        """Hash of the head block, 32 bytes: it covers everything that happened."""
        return self._blocks[-1].hash if self._blocks else self._genesis_hash

    @property
    def genesis_hash(self) -> bytes:
        """Hash of the genesis block, 32 bytes."""
        return self._genesis_hash

    @property
    def genesis(self) -> tuple[int, Mapping[bytes, int]]:
        """The genesis block's timestamp, and the balances it funds."""
        return self._genesis_time, self._funded

    def nonce(self, address: bytes) -> int:
        """The nonce of the next transaction of `address`."""
        return int(self._evm.basic(_hex(address)).nonce)

    def code(self, address: bytes) -> bytes:
        """The code at `address`, empty if there is none."""
        return bytes(self._evm.get_code(_hex(address)) or b"")

    def send(self, raw: bytes, timestamp: int) -> Block:
        """Execute a signed transaction in a new block dated `timestamp` (not before the head's).

        LedgerError if no block can hold it: no valid signature, another chain's id, a nonce other than the next
        one (a replay), more gas or value than there is. Reverted if the contract refused: the block stands all
        the same, and the nonce is used.
        """
        block = self.include(raw, timestamp)
        if not block.status:
            target = block.transaction.to
            raise Reverted("creation of a contract" if target is None else f"call of {_hex(target)}", block.reason)
        return block

    def include(self, raw: bytes, timestamp: int) -> Block:
        """`send` that reports a refusal by the contract in the block's status alone."""
        if timestamp < self.timestamp:
            raise LedgerError(f"a block cannot be dated {timestamp}, before the head's {self.timestamp}")
        try:
            signed = decode_raw(raw)
        except ValueError as error:
            raise LedgerError(f"not a transaction this chain takes: {error}") from error
        self._admit(signed.transaction, signed.sender)
        number = self.number + 1
        self._evm.set_block_env(_block_env(number, timestamp))
        self._evm.reset_transient_storage()
        status, output, reason = self._execute(signed.transaction, signed.sender)
        logs = self._logs() if status else ()
        created = bytes.fromhex(output[2:]) if status and isinstance(output, str) else None
        result = output if isinstance(output, bytes) else b""
        fields: list[rlp.Item] = [self.hash, rlp.minimal(number), rlp.minimal(timestamp), raw, rlp.minimal(status)]
        digest = keccak(rlp.encode([*fields, [[log.address, log.topics, log.data] for log in logs]]))
        block = Block(
            number, timestamp, raw, signed.transaction, signed.sender, status, logs, created, result, reason, digest
        )
        self._places[block.transaction_hash] = len(self._blocks)
        self._blocks.append(block)
        return block

    def date(self, clock_time: int) -> int:
        """The timestamp of a block made when the clock says `clock_time`: that, but never before the head's."""
        return max(self.timestamp, clock_time)

    def transact(
        self,
        keys: Keys,
        holder: str,
        to: bytes | None,
        data: bytes,
        *,
        timestamp: int,
        key: str = "",
        value: int = 0,
    ) -> Block:
        """Sign a transaction with a holder's key and `send` it. What this chain took it has, so `key` is not needed."""
        transaction = Transaction(self._chain_id, self.nonce(keys.address(holder)), to, data, value)
        return self.send(transaction.raw(keys.sign(holder, transaction.digest())), timestamp)

    def seen(self) -> None:
        """Nothing to note: a call of this chain is never cut short."""

    def call(
        self, to: bytes, data: bytes, *, timestamp: int | None = None, sender: bytes = NOBODY, block: int | None = None
    ) -> bytes:
        """What a call would return in a block dated `timestamp` (the head's if None); it changes nothing.

        Reverted if the contract refuses or would change something; LedgerError if there is no contract, or if `block`
        is not the head: this chain keeps no older state.
        """
        if block not in (None, self.number):
            raise LedgerError(f"the embedded chain keeps the state of its head {self.number} only, not of {block}")
        if not self.code(to):
            raise LedgerError(f"there is no contract at {_hex(to)} on this chain")
        self._evm.set_block_env(_block_env(self.number + 1, self.timestamp if timestamp is None else timestamp))
        self._evm.reset_transient_storage()
        try:
            return bytes(self._evm.message_call(_hex(sender), _hex(to), data, is_static=True))
        except RuntimeError as error:
            raise Reverted(f"call of {_hex(to)}", _reason(str(error))) from error

    def logs(
        self, address: bytes, topics: Sequence[bytes] = (), *, first: int = 0, last: int | None = None
    ) -> list[Logged]:
        """What `address` logged in blocks `first … last` (the head if None), in order; see `Network.logs`."""
        wanted = self._blocks[max(first - 1, 0) : last]
        return [
            Logged(log, block.number, block.timestamp, block.transaction_hash)
            for block in wanted
            for log in block.logs
            if log.address == address and (not topics or (log.topics[:1] and log.topics[0] in topics))
        ]

    def input(self, transaction_hash: bytes) -> bytes:
        """The data of a transaction; LedgerError if no block holds it."""
        return self._holding(transaction_hash).transaction.data

    def created(self, transaction_hash: bytes) -> bytes | None:
        """Address of the contract that a transaction created, None if it made none."""
        return self._holding(transaction_hash).created

    def _holding(self, transaction_hash: bytes) -> Block:
        place = self._places.get(transaction_hash)
        if place is None:
            raise LedgerError(f"no block of the chain holds the transaction {_hex(transaction_hash)}")
        return self._blocks[place]

    def _admit(self, transaction: Transaction, sender: bytes) -> None:
        """What a node checks before it takes a transaction; LedgerError says what is wrong."""
        if transaction.chain_id != self._chain_id:
            raise LedgerError(f"the transaction is for chain {transaction.chain_id}, this is chain {self._chain_id}")
        account = self._evm.basic(_hex(sender))
        if transaction.nonce != account.nonce:
            state = "was used before (a replayed transaction)" if transaction.nonce < account.nonce else "is not next"
            raise LedgerError(f"nonce {transaction.nonce} of {_hex(sender)} {state}; next is {account.nonce}")
        if transaction.gas > GAS_LIMIT:
            raise LedgerError(f"the transaction asks for {transaction.gas} gas, more than a block's {GAS_LIMIT}")
        if transaction.value > account.balance:
            raise LedgerError(f"{_hex(sender)} sends {transaction.value} wei and holds {account.balance}")

    def _execute(self, transaction: Transaction, sender: bytes) -> tuple[bool, bytes | str, str]:
        """Run it: status, output (a created contract's address as text), reason of a refusal. Uses up the nonce."""
        caller = _hex(sender)
        output: bytes | str = b""
        status, reason = True, ""
        try:
            if transaction.to is None:
                output = str(self._evm.deploy(caller, transaction.data, transaction.value, transaction.gas))
            else:
                output = bytes(
                    self._evm.message_call(
                        caller, _hex(transaction.to), transaction.data, transaction.value, transaction.gas
                    )
                )
        except RuntimeError as error:
            if self._evm.result is None:  # refused before it ran, e.g. too little gas for its own data
                raise LedgerError(f"no block can hold the transaction: {error}") from error
            status, reason = False, _reason(str(error))
        # A creation advances the nonce by itself, a message call does not.
        balance = self._evm.basic(caller).balance
        self._evm.insert_account_info(caller, AccountInfo(nonce=transaction.nonce + 1))
        self._evm.set_balance(caller, balance)
        return status, output, reason

    def _logs(self) -> tuple[Log, ...]:
        result = self._evm.result
        logs = result.logs if result else []
        return tuple(Log(bytes.fromhex(log.address[2:]), *_topics_and_data(log.data)) for log in logs)


def _block_env(number: int, timestamp: int) -> BlockEnv:
    return BlockEnv(number=number, timestamp=timestamp, gas_limit=GAS_LIMIT, basefee=0, prevrandao=b"\0" * 32)


def _topics_and_data(data: tuple[list[bytes], bytes]) -> tuple[tuple[bytes, ...], bytes]:
    topics, body = data
    return tuple(bytes(topic) for topic in topics), bytes(body)


def _reason(text: str) -> str:
    """The reason in revm's words for a failed call: `Revert { …, output: 0x… }` or `Halt { reason: …, … }`."""
    if found := _OUTPUT.search(text):
        return revert_reason(bytes.fromhex(found[1]))
    found = _HALT.search(text)
    return found[1] if found else ""


def _hex(address: bytes) -> str:
    return "0x" + address.hex()
