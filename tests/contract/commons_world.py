"""A community plant with its people on revm, for the tests of its contract.

Not a test: the files beside it import it.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from eth_abi.abi import encode
from eth_utils import keccak
from vault_world import START, Chain, Contract, reason, refused

from sunfair.chain import address_of, contract, sign_digest

__all__ = ["DAY", "HOUR", "MEMBERS", "START", "Commons", "empty_permit", "reason_of", "refused"]

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
MEMBERS = tuple(f"member {at}" for at in range(6))
PEOPLE = ("organiser", "registrar", "contractor", "roofer", "intruder", *MEMBERS)
WALLET = 1_000_000
PLEDGE = keccak(
    b"Pledge(bytes32 goal,address member,uint256 amount,uint256 max_share_bps,uint256 nonce,uint256 expiry)"
)
PERMIT = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")

TERMS: dict[str, Any] = {
    "document": b"\x07" * 32,
    "peak_w": 60_000,
    "capex": 10_000,
    "cap": 12_000,
    "pledge_min": 10,
    "share_max_bps": 5_000,
    "members_min": 3,
    "deadline": START + 30 * DAY,
    "registrar": None,
    "by_head": False,
    "quorum_bps": 2_500,
    "bond": 101,
    "window_seconds": 2 * DAY,
    "vote_seconds": 3 * DAY,
    "grace_seconds": 30 * DAY,
    "notice_seconds": 10 * DAY,
    "lifetime_seconds": 10 * YEAR,
    "reserve_bps": 1_000,
    "reserve_target": 3_000,
}
MILESTONES = (
    ("contractor", 4_000, START + 60 * DAY),
    ("roofer", 5_000, START + 90 * DAY),
    ("contractor", 1_000, START + 120 * DAY),
)


def shipped(chain: Chain, name: str, *arguments: Any) -> Contract:
    """A contract made from the shipped artifact, which a test of its own holds to the source: compiling takes seconds."""
    text = files("sunfair.chain").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8")
    address = chain.evm.deploy("0x" + bytes(20).hex(), contract(name).creation(*arguments), gas=2**34)
    return Contract(chain, bytes.fromhex(address[2:]), json.loads(text)["abi"])


class Commons:
    """One plant. People are named; money is µ."""

    def __init__(self, token: str = "EnergyCredit", milestones: Any = MILESTONES, **changes: Any) -> None:
        self.chain = Chain()
        self.secrets = {name: keccak(b"commons " + name.encode()) for name in PEOPLE}
        self.people = {name: address_of(secret) for name, secret in self.secrets.items()}
        self.names = {address: name for name, address in self.people.items()}
        self.euro = shipped(self.chain, "SimulatedEuro") if token == "EnergyCredit" else None
        self.token = (
            shipped(self.chain, "EnergyCredit", self.euro.address, "Energy Credit", "EC")
            if self.euro is not None
            else self.chain.deploy(token, 6)
        )
        self.terms = TERMS | changes
        self.plant = self.propose(milestones)
        for name in PEOPLE:
            self.fund(name, WALLET)
            self.token.approve(self.plant, 2**256 - 1, sender=self.people[name])
        self.start = self.chain.evm.snapshot()

    def propose(self, milestones: Any = MILESTONES, **changes: Any) -> Contract:
        """A plant with these terms, made now."""
        terms = self.terms | changes
        registrar = bytes(20) if terms["registrar"] is None else self.people[terms["registrar"]]
        values = tuple((terms | {"registrar": registrar}).values())
        steps = [(self.people[payee], amount, deadline) for payee, amount, deadline in milestones]
        return shipped(self.chain, "CommunitySolar", self.token.address, self.people["organiser"], values, steps)

    def renew(self) -> "Commons":
        """As it was made."""
        self.chain.evm.revert(self.start)
        self.start = self.chain.evm.snapshot()
        self.now = START
        return self

    def fund(self, name: str, amount: int) -> None:
        """Money out of nothing."""
        who = self.people[name]
        if self.euro is None:
            self.token.give(who, amount)
            return
        self.euro.issue(amount, sender=who)
        self.euro.approve(self.token, amount, sender=who)
        self.token.mint(amount, sender=who)

    @property
    def now(self) -> int:
        """The time of the next call."""
        return self.chain.now

    @now.setter
    def now(self, time: int) -> None:
        self.chain.now = time

    def wallet(self, name: str) -> int:
        """What somebody holds."""
        return int(self.token.balanceOf(self.people[name]))

    @property
    def held(self) -> int:
        """What the plant holds."""
        return int(self.token.balanceOf(self.plant.address))

    @property
    def state(self) -> int:
        """0 PROPOSED … 8 CLOSED."""
        return int(self.plant.book()[2])

    def sign(
        self,
        name: str,
        amount: int,
        bound: int,
        nonce: int,
        expiry: int,
        plant: Contract | None = None,
        chain: int = 31337,
    ) -> bytes:
        """A member's signature of its pledge."""
        at = plant or self.plant
        fields = PLEDGE, at.goal(), self.people[name], amount, bound, nonce, expiry
        types = ["bytes32", "bytes32", "address", *["uint256"] * 4]
        domain = self._domain(b"Sunfair Commons", chain, at.address)
        return sign_digest(self.secrets[name], keccak(b"\x19\x01" + domain + keccak(encode(types, fields))))

    def permit(self, name: str, amount: int, deadline: int) -> tuple[int, int, bytes, bytes]:
        """A member's permit for the plant: deadline, v, r, s."""
        owner = self.people[name]
        fields = PERMIT, owner, self.plant.address, amount, self.token.nonces(owner), deadline
        message = keccak(encode(["bytes32", "address", "address", *["uint256"] * 3], fields))
        signed = sign_digest(self.secrets[name], keccak(b"\x19\x01" + self.token.DOMAIN_SEPARATOR() + message))
        return deadline, signed[64], signed[:32], signed[32:64]

    @staticmethod
    def _domain(name: bytes, chain: int, address: bytes) -> bytes:
        kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
        return bytes(keccak(encode(types, [kind, keccak(name), keccak(b"1"), chain, address])))

    def pledge(self, name: str, amount: int, bound: int = 10_000) -> None:
        """A member pledges by itself."""
        who = self.people[name]
        self.plant.pledge(who, self.plant.goal(), amount, bound, 0, 0, b"", empty_permit(), sender=who)

    def raised(self, amounts: tuple[int, ...] = (4_000, 3_000, 3_500)) -> "Commons":
        """Pledged by the first members, and committed."""
        for name, amount in zip(MEMBERS, amounts, strict=False):
            self.pledge(name, amount)
        self.plant.commit(sender=self.people["organiser"])
        return self

    def built(self) -> "Commons":
        """All milestones accepted; it operates."""
        for payee, _, _ in MILESTONES:
            self.plant.submit(b"\x01" * 32, sender=self.people[payee])
            self.now += self.terms["window_seconds"]
            self.plant.release()
        self.plant.operate()
        return self

    def earn(self, amount: int) -> None:
        """Income reaches the plant and is divided."""
        self.token.transfer(self.plant, amount, sender=self.people["intruder"])
        self.plant.collect()


def empty_permit() -> tuple[int, int, bytes, bytes]:
    """No permit."""
    return 0, 0, bytes(32), bytes(32)


def reason_of(error: Exception) -> str:
    """The contract's word in revm's account of a creation it refused."""
    return reason(str(error))
