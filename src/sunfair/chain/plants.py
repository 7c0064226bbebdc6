"""`ports.PlantLedger` on an EVM network: one CommunitySolar contract, every act a transaction."""

from dataclasses import astuple
from typing import Any

from sunfair.chain.abi import encode
from sunfair.chain.contracts import contract
from sunfair.chain.creating import create_contract, play_credit
from sunfair.chain.keys import keccak
from sunfair.chain.network import Network
from sunfair.chain.paid_contract import PaidContract
from sunfair.commons.plan import Milestone, Plan, PlantState, Terms, check_plan
from sunfair.ports import Clock, Keys
from sunfair.ports.plants import Docket, Money, MotionRecord, OfferRecord, PlantEvent, PlantStatus, Pledged, SeatRecord

__all__ = ["PlantContract", "plant_token", "propose_plant"]

_NO_PERMIT = 0, 0, bytes(32), bytes(32)
_BONDED = ("object", "report", "challenge", "move")
_PLEDGE = keccak(
    b"Pledge(bytes32 goal,address member,uint256 amount,uint256 max_share_bps,uint256 nonce,uint256 expiry)"
)
_DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def plant_token(network: Network, keys: Keys, clock: Clock, *, holder: str = "organiser") -> tuple[bytes, bytes]:
    """Play money for a local chain: addresses of the asset and of the energy credit on it."""
    return play_credit(network, keys, clock, holder, name="Energy Credit", symbol="EC", use="plant")


def propose_plant(
    network: Network, keys: Keys, clock: Clock, token: bytes, plan: Plan, *, holder: str = "organiser"
) -> bytes:
    """Propose: create the contract of a plant; its address. InputError if the plan cannot be proposed now."""
    now = network.date(int(clock.now().timestamp()))
    check_plan(plan, now)
    milestones = [astuple(milestone) for milestone in plan.milestones]
    code = contract("CommunitySolar").creation(token, keys.address(holder), astuple(plan.terms), milestones)
    return create_contract(network, keys, clock, holder, code, key=f"propose {keccak(code)[:8].hex()}")


class PlantContract(PaidContract):
    """A plant on a network. Where the network lets us, blocks are dated by `clock`.

    `asset`: the simulated euro, out of which wallets are filled as needed; None where money is real.
    """

    def __init__(
        self,
        network: Network,
        keys: Keys,
        clock: Clock,
        address: bytes,
        *,
        asset: bytes | None = None,
        first_block: int = 0,
    ) -> None:
        super().__init__(
            network, keys, clock, address, name="CommunitySolar", token="asset", asset=asset, first_block=first_block
        )

    def plan(self) -> Plan:
        """What was proposed, with what votes changed of it."""
        count = self._view("book")[4]
        milestones = tuple(Milestone(*self._views("milestones", at)) for at in range(count))
        return Plan(Terms(*self._view("terms")), milestones)

    def status(self) -> PlantStatus:
        """Where it stands."""
        supply, members, state, following, count = self._view("book")
        held = self.wallet(self._address)
        escrow, fund, bonds, unclaimed = (int(self._view(name)) for name in ("escrow", "fund", "bonds", "unclaimed"))
        money = Money(escrow, fund, bonds, unclaimed, held)
        times = int(self._view("operating_since")), int(self._view("closes_at"))
        return PlantStatus(PlantState(state), supply, members, following, count, *times, money)

    def seat(self, member: bytes) -> SeatRecord:
        """A member's seat."""
        shares, since, locked, _, admitted = self._view("seat_of", member)
        return SeatRecord(shares, since, locked, admitted)

    def claimable(self, member: bytes) -> int:
        """Income a member may claim."""
        return int(self._view("claimable", member))

    def dues(self, party: bytes) -> int:
        """What a party may fetch: payments, bonds."""
        return int(self._view("dues", party))

    def motions(self) -> list[MotionRecord]:
        """All votes so far, in order."""
        count = int(self._view("motion_count"))
        found = [(number, self._views("motions", number)) for number in range(1, count + 1)]
        return [MotionRecord(number, *(*motion[:7], motion[9])) for number, motion in found]

    def evidence(self) -> str:
        """Whether evidence of the next milestone waits, or is disputed."""
        if not any(self._view("submission")):
            return "none"
        return "disputed" if self._view("objection") else "waits"

    def reported(self) -> bool:
        """Whether a report about the goal is open."""
        return bool(self._view("report_open")[0])

    def docket(self) -> Docket:
        """What is open: evidence, a report, and the votes about them."""
        evidence = bytes(self._view("submission"))
        kind, reporter, at, _, motion = self._view("report_open")
        waits = any(evidence)
        since, objection = (int(self._view(name)) if waits else 0 for name in ("submitted_at", "objection"))
        return Docket(evidence if waits else b"", since, objection, kind, reporter if kind else b"", at, motion)

    def offers(self) -> list[OfferRecord]:
        """Every seat on offer, by seller; from the log."""
        sellers = {event.args["seller"] for event in self.history() if event.name == "Offered"}
        found = [(seller, self._views("offers", seller)) for seller in sorted(sellers)]
        return [OfferRecord(seller, *offer) for seller, offer in found if offer[0]]

    def waiting(self) -> list[bytes]:
        """Who stands on the waiting list, the first first; from the log."""
        people = {event.args["who"] for event in self.history() if event.name == "Waiting"}
        placed = [(int(self._view("place_of", who)), who) for who in people]
        return [who for place, who in sorted(placed) if place]

    def voted(self, motion: int, member: bytes) -> bool:
        """Whether that member voted in that motion."""
        return bool(self._view("voted", motion, member))

    def pledge(self, holder: str, amount: int, max_share_bps: int) -> None:
        """Pledge and pay in, by the member itself."""
        self.allow(holder, amount)
        member = self._keys.address(holder)
        self._call(holder, "pledge", member, self._view("goal"), amount, max_share_bps, 0, 0, b"", _NO_PERMIT)

    def sign_pledge(self, holder: str, amount: int, max_share_bps: int, *, nonce: int, expiry: int) -> Pledged:
        """A pledge that anyone may hand in until `expiry`; the member allows the money itself."""
        self.allow(holder, amount)
        member = self._keys.address(holder)
        fields = _PLEDGE, self._view("goal"), member, amount, max_share_bps, nonce, expiry
        struct = keccak(encode(["bytes32", "bytes32", "address", *["uint256"] * 4], fields))
        names = keccak(b"Sunfair Commons"), keccak(b"1")
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [_DOMAIN, *names, self._network.chain_id, self._address],
        )
        signature = self._keys.sign(holder, keccak(b"\x19\x01" + keccak(domain) + struct))
        return Pledged(member, amount, max_share_bps, nonce, expiry, signature)

    def hand_in(self, pledged: Pledged, *, holder: str) -> None:
        """Bring a member's signed pledge to the contract."""
        fields = pledged.amount, pledged.max_share_bps, pledged.nonce, pledged.expiry, pledged.signature
        self._call(holder, "pledge", pledged.member, self._view("goal"), *fields, _NO_PERMIT)

    def act(self, holder: str, name: str, *arguments: Any) -> None:
        """Any other act of the contract, by its name there; a bond or price it takes is allowed first."""
        if name in _BONDED:
            self.allow(holder, self.plan().terms.bond)
        elif name == "take":
            self.allow(holder, int(self._views("offers", arguments[0])[1]))
        elif name in ("deposit", "mint"):
            self.allow(holder, arguments[0] if name == "deposit" else int(self._view("previewMint", arguments[0])))
        self._call(holder, name, *arguments)

    def pay(self, holder: str, to: bytes, amount: int) -> None:
        """A bare transfer of the money, such as the market's payment to the plant's account owner."""
        self.fill(holder, amount)
        self._send(holder, self._token, contract("EnergyCredit"), "transfer", to, amount)

    def history(self) -> list[PlantEvent]:
        """Everything that happened, in order."""
        found = []
        for logged in self._network.logs(self._address, first=self._first):
            event = self._abi.event(logged.log.topics, logged.log.data)
            if event is not None:
                found.append(PlantEvent(event.name, event.args, logged.timestamp))
        return found

    def _views(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        values = super()._views(name, *arguments)
        return values[0] if len(values) == 1 and isinstance(values[0], tuple) else values

    def _view(self, name: str, *arguments: Any) -> Any:
        values = self._views(name, *arguments)
        return values[0] if len(values) == 1 else values
