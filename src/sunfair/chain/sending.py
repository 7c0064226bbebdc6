"""Getting transactions into a node's chain: signed once, on disk before they are sent, followed until they are deep.

* One nonce, one entry: whatever its fees, at most one version of a transaction can ever count.
* A transaction that waits too long is signed again with higher fees and the same nonce.
* One that a reorganisation took out is sent again as it was. A reorganisation deeper than `Policy.reorg_depth` is an
  error: what was final was not.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sunfair.chain.blobs import GAS_PER_BLOB, sidecar
from sunfair.chain.entries import Attempt, Entry, Place
from sunfair.chain.fees import GWEI, Fees, first_fees, gwei, raised_fees, with_margin
from sunfair.chain.node import Head, Mined, Node, Sent
from sunfair.chain.outbox import Outbox
from sunfair.chain.rpc import RpcRefused
from sunfair.errors import LedgerError
from sunfair.ports import Keys

__all__ = ["Policy", "Request", "Sender"]

_PATIENCE = 8
"""How often a nonce must be said to be used, by no version of ours, before it is believed: nodes behind one address
are not always in step."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How transactions are sent and followed.

    `fee_cap` wei per gas, never exceeded; `confirmations` blocks, the transaction's own included, before its caller is
    told; `reorg_depth` blocks on top after which it is final; `stuck_after` s before its fees are raised; `give_up` s
    before its caller is told that it waits (it stays in the outbox); `poll` s between questions.
    """

    fee_cap: int = 100 * GWEI
    confirmations: int = 1
    reorg_depth: int = 64
    stuck_after: float = 60.0
    give_up: float = 600.0
    poll: float = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done once, by whom; `blobs` are 131,072 bytes each, see `sunfair.chain.blobs`."""

    keys: Keys
    holder: str
    to: bytes | None
    data: bytes
    key: str = ""
    value: int = 0
    blobs: tuple[bytes, ...] = ()

    @property
    def sender(self) -> bytes:
        """The holder's address."""
        return self.keys.address(self.holder)


class Sender:
    """All transactions of ours on one chain."""

    def __init__(
        self,
        node: Node,
        chain_id: int,
        outbox: Outbox,
        policy: Policy,
        *,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.outbox = outbox
        self._node, self._chain_id, self._policy = node, chain_id, policy
        self._wall, self._sleep = wall, sleep
        self._taken: dict[int, int] = {}
        self._cell_proofs = False

    def send(self, request: Request) -> Mined:
        """The receipt of what is asked for, done now or found done; its `status` may be a refusal."""
        self.follow()
        entry = self._known(request)
        if entry is None:
            for before in self.outbox.open:
                # What was asked for first is done first: the new one is estimated on what it leaves behind.
                if before.sender == request.sender:
                    self._await(before.number, request)
            entry = self._sign(request)
            self._first_push(entry)
        mined = self._await(entry.number, request)
        self.outbox.deliver(self.outbox.get(entry.number))
        return mined

    def follow(self) -> None:
        """Look whether all that was in blocks still is, and send again what is not; LedgerError if it was final."""
        mined, final = self.outbox.mined, self.outbox.last_final
        newest = max(mined, key=_height, default=final)
        if newest is not None and not self._stands(newest):
            if final is not None and not self._stands(final):
                raise LedgerError(self._too_deep(final))
            self._find_again(mined)
        waiting = self.outbox.open
        if newest is None and not waiting:
            return
        head = self._node.head()
        for entry in waiting:
            with suppress(RpcRefused):  # said to its own caller: one sender's trouble is not another's
                self._nurse(entry, head)
        for entry in self.outbox.mined:
            if head.number - _height(entry) >= self._policy.reorg_depth:
                self.outbox.finish(entry)

    def seen(self) -> None:
        """Note that the caller is about to read what stands on chain: what is in blocks now it knows thereby.

        If it asks for the same thing once more after that, it means another time, not the one that was cut short.
        """
        if self.outbox.undelivered_any:
            self.follow()
            for entry in self.outbox.mined:
                self.outbox.deliver(entry)

    def _known(self, request: Request) -> Entry | None:
        """An entry that already does what is asked for."""
        what = request.sender, request.to, request.data, request.value, request.blobs
        if not request.key:
            return self.outbox.undelivered(*what)
        entry = self.outbox.under(request.key)
        if entry is not None and not entry.asks_for(*what):
            raise LedgerError(
                f"'{request.key}' was asked for before with other content or by another sender (nonce {entry.nonce} of "
                f"0x{entry.sender.hex()} in {self.outbox.place}): it is done once; look what stands on chain first"
            )
        return entry

    def _sign(self, request: Request) -> Entry:
        """Sign the first version and put it on disk."""
        node, sender = self._node, request.sender
        hashes = sidecar(request.blobs).hashes if request.blobs else ()
        gas = with_margin(node.estimate(sender, request.to, request.data, request.value, blob_hashes=hashes))
        head, blob_base_fee = node.head(), node.blob_base_fee() if request.blobs else None
        fees = first_fees(head.base_fee, node.tip(), self._policy.fee_cap, blob_base_fee=blob_base_fee)
        most = request.value + gas * fees.max_fee + len(request.blobs) * GAS_PER_BLOB * fees.blob_fee
        held = node.balance(sender)
        if held < most:
            raise LedgerError(
                f"0x{sender.hex()} ({request.holder}) holds {held} wei and may need {most}: nothing was sent; "
                "send it ether first"
            )
        nonce = max(node.nonce(sender, pending=True), self.outbox.next_nonce(sender))
        what = request.to, request.data, request.value, gas, request.blobs, hashes
        draft = Entry(0, request.key, sender, nonce, *what, attempts=())
        return self.outbox.sign(draft, self._attempt(draft, fees, request))

    def _attempt(self, entry: Entry, fees: Fees, request: Request) -> Attempt:
        digest = entry.transaction(self._chain_id, fees).digest()
        return Attempt(fees, request.keys.sign(request.holder, digest), int(self._wall()))

    def _await(self, number: int, request: Request) -> Mined:
        """Wait until the chain holds an entry deep enough; LedgerError if it takes too long."""
        begun, pause = self._wall(), min(0.02, self._policy.poll)
        while True:
            try:
                mined = self._look(number, request)
            except RpcRefused as error:
                raise LedgerError(
                    f"{self._name(self.outbox.get(number))} is not taken: {error}. Mend that; the same call resumes it"
                ) from error
            if mined is not None:
                return mined
            if self._wall() - begun >= self._policy.give_up:
                raise LedgerError(self._late(self.outbox.get(number)))
            self._sleep(pause)
            pause = min(2 * pause, self._policy.poll)

    def _look(self, number: int, request: Request) -> Mined | None:
        """One look at an entry, and at those of its sender that must go before it."""
        target, head = self.outbox.get(number), self._node.head()
        for entry in self.outbox.open:
            if entry.sender == target.sender and entry.nonce <= target.nonce:
                self._nurse(entry, head, request)
        place = self.outbox.get(number).mined
        if place is None:
            return None
        mined = self._node.receipt(place.hash)
        if mined is None or mined.block_hash != place.block_hash:
            self._find_again([self.outbox.get(number)])
            return None
        depth = max(head.number, mined.number) - mined.number + 1
        return mined if depth >= self._policy.confirmations else None

    def _nurse(self, entry: Entry, head: Head, request: Request | None = None) -> None:
        """Find an open entry in a block, or see to it that it gets there."""
        mined = self._find(entry)
        if mined is not None:
            self.outbox.mine(entry, _place(mined))
        elif not self._node.knows(entry.hashes(self._chain_id)[0]):
            self._push(entry, head, request)
        elif request is not None and self._stuck(entry, head):
            self._raise_fees(entry, head, request)

    def _first_push(self, entry: Entry) -> None:
        """Give the node a new entry; what it refuses at once has been nowhere else and is given up."""
        try:
            self._hand_over(entry)
        except RpcRefused as error:
            self.outbox.drop(entry)
            raise LedgerError(f"{self._name(entry)} was not sent: {error}") from error

    def _push(self, entry: Entry, head: Head, request: Request | None) -> None:
        """Give the node the newest version."""
        match self._hand_over(entry):
            case Sent.UNDERPRICED if request is not None and self._stuck(entry, head):
                self._raise_fees(entry, head, request)
            case Sent.NONCE_USED if self._find(entry) is None:
                self._nonce_used(entry)

    def _hand_over(self, entry: Entry) -> Sent:
        attempt = entry.attempts[-1]
        if not entry.blobs:
            return self._node.send(entry.raw(self._chain_id, attempt))
        beside = sidecar(entry.blobs)
        body = entry.transaction(self._chain_id, attempt.fees).body(attempt.signature)
        try:
            return self._node.send(beside.wrap(body, cells=self._cell_proofs))
        except RpcRefused:
            # The form changed with Osaka and the transaction's hash covers neither: the other may be the right one.
            sent = self._node.send(beside.wrap(body, cells=not self._cell_proofs))
            self._cell_proofs = not self._cell_proofs
            return sent

    def _raise_fees(self, entry: Entry, head: Head, request: Request) -> None:
        """Sign and send a version that takes the place of the last; nothing if the cap forbids it."""
        blob_base_fee = self._node.blob_base_fee() if entry.blobs else None
        old, tip, cap = entry.attempts[-1].fees, self._node.tip(), self._policy.fee_cap
        fees = raised_fees(old, head.base_fee, tip, cap, blob_base_fee=blob_base_fee)
        if fees is not None:
            self._hand_over(self.outbox.replace(entry, self._attempt(entry, fees, request)))

    def _stuck(self, entry: Entry, head: Head) -> bool:
        newest = entry.attempts[-1]
        return newest.fees.max_fee < head.base_fee or self._wall() - newest.at >= self._policy.stuck_after

    def _nonce_used(self, entry: Entry) -> None:
        """Give an entry up once it is clear that its nonce went to a transaction that is none of ours."""
        self._taken[entry.number] = self._taken.get(entry.number, 0) + 1
        if self._taken[entry.number] >= _PATIENCE:
            self.outbox.drop(entry)
            raise LedgerError(
                f"{self._name(entry)} cannot count: its nonce went to a transaction that {self.outbox.place} does not "
                "know. Another program signs with the same key: stop it, then do this again"
            )

    def _find(self, entry: Entry) -> Mined | None:
        """The receipt of whichever version is in a block."""
        for digest in entry.hashes(self._chain_id):
            mined = self._node.receipt(digest)
            if mined is not None:
                return mined
        return None

    def _stands(self, entry: Entry) -> bool:
        """Whether the block that held an entry is still the chain's."""
        assert entry.mined is not None
        block = self._node.block(entry.mined.number)
        return block is not None and block.hash == entry.mined.block_hash

    def _find_again(self, entries: list[Entry]) -> None:
        """After a reorganisation: where each entry is now. LedgerError if one that was taken is now refused."""
        turned: list[str] = []
        for entry in entries:
            mined = None if self._stands(entry) else self._find(entry)
            if mined is not None:
                if entry.mined is not None and entry.delivered and mined.status != entry.mined.status:
                    turned.append(self._name(entry))
                self.outbox.mine(entry, _place(mined))
            elif not self._stands(entry):
                self.outbox.lose(entry)
        if turned:
            raise LedgerError(
                f"the chain was reorganised, and what the contract said before it does not say any more: "
                f"{', '.join(turned)}. Read what stands on chain, then do again what is missing"
            )

    def _too_deep(self, final: Entry) -> str:
        assert final.mined is not None
        return (
            f"block {final.mined.number} of chain {self._chain_id} held a transaction of ours as 0x"
            f"{final.mined.block_hash.hex()} and does no more: the chain was reorganised deeper than "
            f"{self._policy.reorg_depth} blocks, the node is far behind, or a development chain began anew. Nothing is "
            f"sent: look at the node; if the chain is right, put {self.outbox.place} aside, read what stands on chain, "
            "and do again what is missing"
        )

    def _name(self, entry: Entry) -> str:
        digest = entry.hashes(self._chain_id)[0].hex()
        return f"the transaction 0x{digest} (nonce {entry.nonce} of 0x{entry.sender.hex()})"

    def _late(self, entry: Entry) -> str:
        newest = entry.attempts[-1]
        head, next_nonce = self._node.head(), self._node.nonce(entry.sender)
        first = min(e.nonce for e in (*self.outbox.open, entry) if e.sender == entry.sender)
        if entry.mined is not None:
            depth = head.number - entry.mined.number + 1
            why = f"is in block {entry.mined.number}, {depth} deep where {self._policy.confirmations} are asked for"
        elif next_nonce < first:
            why = f"waits for nonce {next_nonce}, which {self.outbox.place} never signed: another program did"
        else:
            why = (
                f"is in no block: it offers {gwei(newest.fees.max_fee)} gwei per gas, the network asks "
                f"{gwei(head.base_fee)}, the cap is {gwei(self._policy.fee_cap)}"
            )
        return f"{self._name(entry)} {why}. After {self._policy.give_up:g} s the wait ends; the same call resumes it"


def _height(entry: Entry) -> int:
    return entry.mined.number if entry.mined else -1


def _place(mined: Mined) -> Place:
    return Place(mined.transaction_hash, mined.number, mined.block_hash, mined.status)
