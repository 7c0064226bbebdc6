"""`ports.Ledger` on an EVM network: every call is a transaction, signed by whoever makes it."""

from collections.abc import Sequence
from typing import Any

from sunfair.chain.abi import Event
from sunfair.chain.board import publish_public
from sunfair.chain.contracts import contract
from sunfair.chain.deployment import GUARANTOR, Deployment
from sunfair.chain.history import anchor_of, settlement_of
from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.network import Network, Receipt, events
from sunfair.chain.plant_office import MarketPlants
from sunfair.chain.publishing import Way
from sunfair.chain.purse import MarketPurse
from sunfair.chain.record import read_facts, read_published, read_record
from sunfair.chain.registry_ledger import RegistryLedger, enrol_points
from sunfair.chain.rpc import JsonRpc
from sunfair.errors import LedgerError, Reverted
from sunfair.ports import Asked, ChainRecord, Clock, Convicted, Enrolment, Keys
from sunfair.settlement import pack_amounts
from sunfair.settlement.court import Anchor, Evidence, MarketFacts, Meter, Settlement, Terms
from sunfair.settlement.court.proofs import NO_SLOT

__all__ = ["MarketLedger"]

_UNLIMITED = 2**256 - 1
_OPEN_MAX = 128


class MarketLedger:
    """A market on a network. Where the network lets us, blocks are dated by `clock`; views answer for a block made now.

    An account's calls are signed by its number in decimal, the guarantor's by `guarantor`, the utility's by `0`; the
    operator's and `apply` by `operator`, unless another holder is named.
    """

    def __init__(
        self, network: Network, deployment: Deployment, keys: Keys, clock: Clock, *, beacon: JsonRpc | None = None
    ) -> None:
        self._network = network
        self._deployment = deployment
        self._keys = keys
        self._clock = clock
        self._beacon = beacon

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self._network.chain_id

    @property
    def market(self) -> bytes:
        """Address of the market contract, 20 bytes."""
        return self._deployment.market

    @property
    def window_seconds(self) -> int:
        """Time between a settlement and its apply, s."""
        return self._deployment.charter.window_seconds

    def now(self) -> int:
        """Timestamp that a transaction sent now would have, unix s."""
        return self._network.date(int(self._clock.now().timestamp()))

    def set_terms(self, terms: Terms) -> None:
        """Set mechanism, shares and tariffs of coming slots, signed by the utility."""
        shares = terms.seller, terms.utility, terms.network
        head = terms.first_slot, terms.last_slot, terms.rule, terms.k_num, terms.k_den
        self._transact("0", "set_terms", *head, *shares, terms.tariffs)

    def open_accounts(self, owners: Sequence[bytes], caps_wh: Sequence[int]) -> range:
        """Open an account per 20-byte owner address; returns the numbers given."""
        first = int(self._view("accounts"))
        for start in range(0, len(owners), _OPEN_MAX):
            part = slice(start, start + _OPEN_MAX)
            self._transact("operator", "open_accounts", list(owners[part]), [int(cap) for cap in caps_wh[part]])
        return range(first, first + len(owners))

    def enrol(self, points: Sequence[Enrolment]) -> None:
        """Enter points in the register, signed by `registrar`, and have each feed its account, signed by its owner."""
        enrol_points(self.register(), self.market, points, _holder)

    def bind_meters(self, meters: Sequence[tuple[int, Meter]]) -> None:
        """Bind devices to the points that feed these accounts, signed by `registrar`."""
        register, seconds = self.register(), self._deployment.charter.slot_seconds
        for account, meter in meters:
            point = register.point_at(self.market, account)
            registers = meter.import_wh, meter.export_wh
            register.bind_device("registrar", point, meter.key, meter.from_slot * seconds, registers)

    def register(self) -> RegistryLedger:
        """The register that the market obeys."""
        registry = self._deployment.others["MeterRegistry"]
        return RegistryLedger(self._network, self._keys, self._clock, registry, bytes(20))

    def deposit(self, account: int, amount: int) -> None:
        """Pay `amount` into `account`, signed by its owner, whose wallet is filled with play money as needed."""
        # Asked before the wallet is filled: a refused deposit leaves nothing behind.
        self._view("owner_of", account)
        if not self._view("door_open"):
            raise Reverted(f"deposit into account {account}", "market: door shut")
        self.fund(_holder(account), amount)
        self._transact(_holder(account), "deposit", account, amount)

    def request_withdrawal(self, account: int, amount: int) -> None:
        """Ask for `amount`, signed by the account's owner; due once all up to the present slot is applied."""
        self._transact(_holder(account), "request_withdrawal", account, amount)

    def withdraw(self, account: int) -> int:
        """Pay out what is due to `account`'s owner; returns the amount paid, µ."""
        return int(self._event(self._transact(_holder(account), "withdraw", account), "Withdrawn").args["amount"])

    def post_bond(self, amount: int, *, holder: str = "operator") -> None:
        """Pay `amount` into the holder's bond, whose wallet is filled with play money as needed."""
        self.fund(holder, amount)
        self._transact(holder, "post_bond", amount)

    def bond_of(self, party: bytes) -> tuple[int, int]:
        """What the party has posted, and what a full bond is, µ."""
        return int(self._view("bond_of", party)), int(self._view("bond_amount"))

    def takeover_time(self) -> int:
        """When a silent operator can be replaced, unix s."""
        return (
            int(self._view("escape_time"))
            - self._deployment.charter.escape_seconds
            + (self._deployment.charter.takeover_seconds)
        )

    def operator(self) -> bytes:
        """The operator's 20-byte address."""
        return bytes(self._view("operator"))

    def take_over(self, *, holder: str) -> None:
        """Make `holder`, whose bond is full, the operator."""
        self._transact(holder, "take_over")

    def anchor(self, first_slot: int, slots: int, root: bytes, *, holder: str = "operator") -> Anchor:
        """Commit the header root of the next period, after its end."""
        return anchor_of(self._event(self._transact(holder, "anchor", first_slot, slots, root), "Anchored").args)

    def settle(
        self, periods: int, period_root: bytes, cover: int, amounts: Sequence[int], *, holder: str = "operator"
    ) -> Settlement:
        """Post the zero-sum amounts of the oldest open periods (accounts in order, then the guarantor)."""
        words = pack_amounts([int(amount) for amount in amounts])
        args = self._event(self._transact(holder, "settle", periods, period_root, int(cover), words), "Settled").args
        return settlement_of(args)

    def apply(self, settlement: Settlement, amounts: Sequence[int]) -> None:
        """Write the pending settlement's amounts to the balances once its window is over."""
        self._transact("operator", "apply", settlement, pack_amounts([int(amount) for amount in amounts]))

    def refute(self, evidence: Evidence, *, holder: str) -> Convicted:
        """Have a court convict on `evidence`, signed by `holder`; Reverted with the court's reason if it does not."""
        court = self._deployment.others[evidence.court]
        return self._convicted(
            self._call(holder, evidence.court, court, evidence.function, self.market, *evidence.arguments)
        )

    def _convicted(self, receipt: Receipt) -> Convicted:
        args = self._event(receipt, "Convicted").args
        slot = None if args["slot"] == NO_SLOT else int(args["slot"])
        parties = args["offender"], args["challenger"]
        return Convicted(args["kind"], *parties, slot, args["slashed"], receipt.timestamp)

    def demand(self, asked: Asked, *, holder: str) -> None:
        """Ask the operator for one item of the pending settlement, with four times the answer's gas price."""
        docket, abi = self._deployment.others["Docket"], contract("Docket").abi
        price = int(abi.result("price", self._network.call(docket, abi.call("price", asked.kind)))[0])
        where = self.market, asked.settlement, asked.anchor, asked.kind, asked.a, asked.b
        # The base fee may rise until the block is made; what is too much comes back with the answer's payment.
        self._call(holder, "Docket", docket, "demand", *where, value=2 * price)

    def convict_silence(self, asked: Asked, *, holder: str) -> Convicted:
        """Have the operator convicted of not having answered, in the last quarter of the window."""
        where = self.market, asked.settlement, asked.anchor, asked.kind, asked.a, asked.b
        return self._convicted(
            self._call(holder, "Docket", self._deployment.others["Docket"], "convict_silence", *where)
        )

    def publish(
        self, first_slot: int, slots: int, data: bytes, *, holder: str = "operator", way: Way | None = None
    ) -> None:
        """Lay out the public part of slots in calldata or in blobs, unless told the `way` where that is cheaper."""
        network, keys, span = self._network, self._keys, (first_slot, slots)
        publish_public(network, keys, holder, self._deployment, span, data, timestamp=self.now, way=way)

    def published(self) -> list[tuple[int, int, bytes]]:
        """What was laid out: (first slot, slots, bytes), in order; what does not make a whole is left out.

        Blobs are read from the beacon node, if one was given.
        """
        self._network.seen()
        return read_published(self._network, self._deployment, self._beacon)

    def facts(self) -> MarketFacts:
        """What the courts read of the market, now."""
        self._network.seen()
        return read_facts(self._network, self._deployment)

    def door_open(self) -> bool:
        """Whether a deposit or a due withdrawal would be taken now."""
        self._network.seen()
        return bool(self._view("door_open"))

    def next_settle_time(self) -> int:
        """Earliest timestamp, unix s, from now on, at which the door lets a settlement in."""
        self._network.seen()
        return int(self._view("settle_time"))

    def is_pending(self, settlement: Settlement) -> bool:
        """Whether this settlement waits for its window to end."""
        self._network.seen()
        return bool(self._view("is_pending", settlement))

    def record(self) -> ChainRecord:
        """Everything that stands on chain about this market."""
        self._network.seen()
        return read_record(self._network, self._deployment)

    def fund(self, holder: str, amount: int) -> None:
        """Bring the holder's credits and their allowance to the market up to `amount`."""
        asset, token, owner = self._deployment.asset, self._deployment.token, self._keys.address(holder)
        missing = amount - self._token_view("EnergyCredit", token, "balanceOf", owner)
        if missing > 0:
            held = self._token_view("SimulatedEuro", asset, "balanceOf", owner) if any(asset) else 0
            if held < missing:
                if self.chain_id not in DEMO_CHAINS:
                    raise LedgerError(
                        f"0x{owner.hex()} wants to pay in {amount} µ and lacks {missing - held}: buy the asset of the "
                        "market's token first; on this chain nobody makes money out of nothing"
                    )
                self._call(holder, "SimulatedEuro", asset, "issue", missing - held)
            if self._token_view("SimulatedEuro", asset, "allowance", owner, token) < missing:
                self._call(holder, "SimulatedEuro", asset, "approve", token, _UNLIMITED)
            self._call(holder, "EnergyCredit", token, "mint", missing)
        if self._token_view("EnergyCredit", token, "allowance", owner, self.market) < amount:
            self._call(holder, "EnergyCredit", token, "approve", self.market, _UNLIMITED)

    def purse(self) -> MarketPurse:
        """The members' own money on this network."""
        return MarketPurse(self._network, self._deployment, self._keys, self._clock, self.fund)

    def plants(self) -> MarketPlants:
        """Community plants on this market's money."""
        return MarketPlants(self._network, self._deployment, self._keys, self._clock)

    def _transact(self, holder: str, function: str, *args: Any) -> Receipt:
        return self._call(holder, "EnergyMarket", self.market, function, *args)

    def _call(self, holder: str, name: str, to: bytes, function: str, *args: Any, value: int = 0) -> Receipt:
        data = contract(name).abi.call(function, *args)
        try:
            return self._network.transact(self._keys, holder, to, data, timestamp=self.now(), value=value)
        except Reverted as error:
            raise Reverted(f"{name}.{function} by {holder}", error.reason) from error

    def _event(self, receipt: Receipt, name: str) -> Event:
        """The market's one event of that name in a receipt."""
        for event in events(contract("EnergyMarket").abi, receipt.logs, self.market):
            if event.name == name:
                return event
        raise LedgerError(f"the market took a call and logged no {name}: its code is not this version's")

    def _view(self, function: str, *args: Any) -> Any:
        """What a view of the market answers in a block made now."""
        abi = contract("EnergyMarket").abi
        output = self._network.call(self.market, abi.call(function, *args), timestamp=self.now())
        return abi.result(function, output)[0]

    def _token_view(self, name: str, address: bytes, function: str, *args: Any) -> int:
        abi = contract(name).abi
        return int(abi.result(function, self._network.call(address, abi.call(function, *args)))[0])


def _holder(account: int) -> str:
    """Under which name `ports.Keys` knows an account's owner."""
    return "guarantor" if account == GUARANTOR else str(account)
