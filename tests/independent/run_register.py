"""The register's calls retold in Python: points from their batches, whose they are, their devices, the accounts they feed.

Read beside `contracts/MeterRegistry.vy`; what its code would refuse is a finding here. What a run does not need of it
(batches sent by a sponsor, erasure) is none of it.
"""

from dataclasses import dataclass, field

from eth_abi import decode, encode
from run_bytes import keccak
from run_calls import call
from run_market import DAY, Market, address

CALLS = {
    "set_roles": ["address", "uint256"],
    "register_batch": ["bytes32", "uint256"],
    "open_point": ["uint256", "uint256", "bytes32", "bytes32", "bytes32[]"],
    "set_owner": ["bytes32", "address"],
    "bind_device": ["bytes32", "address", "uint256", "uint256", "uint256"],
    "join": ["bytes32", "address", "uint256"],
    "leave": ["bytes32"],
}
SELECTORS = {keccak(f"{name}({','.join(types)})".encode())[:4]: name for name, types in CALLS.items()}
NOBODY = "0x" + "00" * 20


@dataclass
class Point:
    """A point that was opened."""

    registrar: bytes
    owner: bytes = b""
    dates: list[int] = field(default_factory=list)
    account: int | None = None


@dataclass
class Register:
    """One register, its governor last in its constructor."""

    governor: bytes
    roles: dict[bytes, int] = field(default_factory=dict)
    batches: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    points: dict[bytes, Point] = field(default_factory=dict)
    point_of: dict[bytes, bytes] = field(default_factory=dict)

    def played(self, market: Market, tx: object) -> list[str]:
        """One transaction to it, that the contract took."""
        name = SELECTORS.get(tx.data[:4])
        if name is None:
            return [f"chain: an unknown call {tx.data[:4].hex()} to the register"]
        arguments = decode(CALLS[name], tx.data[4:])
        found = []
        if encode(CALLS[name], arguments) != tx.data[4:]:
            found.append(f"chain: {name} with calldata that is not canonical")
        try:
            getattr(self, name)(market, tx.sender, tx.timestamp, *arguments)
        except AssertionError as refusal:
            found.append(f"chain: {name} would be refused: {refusal}")
        return found

    def set_roles(self, market: Market, sender: bytes, now: int, party: str, roles: int) -> None:
        """Who may enter points."""
        assert sender == self.governor, "not the governor"
        self.roles[address(party)] = roles

    def register_batch(self, market: Market, sender: bytes, now: int, root: bytes, points: int) -> None:
        """Points by their root."""
        assert self.roles.get(sender, 0) & 1, "no registrar"
        self.batches.append((root, points, sender))

    def open_point(
        self, market: Market, sender: bytes, now: int, batch: int, at: int, hidden: bytes, point: bytes, path: tuple
    ) -> None:
        """A point by its path."""
        root, count, registrar = self.batches[batch]
        assert at < count, "no such place"
        assert len(path) == (count - 1).bit_length(), "a path of another length"
        node = keccak(b"\x22" + hidden + point)
        for step, other in enumerate(path):
            node = keccak(b"\x01" + (other + node if at >> step & 1 else node + other))
        assert keccak(b"\x02" + count.to_bytes(4, "big") + node) == root, "another root"
        assert point not in self.points, "entered before"
        self.points[point] = Point(registrar)

    def set_owner(self, market: Market, sender: bytes, now: int, point: bytes, owner: str) -> None:
        """Whose point it is."""
        held = self._held(sender, point)
        if held.account is not None and held.owner != address(owner):
            self._leave(market, now, held)
        held.owner = address(owner)

    def join(self, market: Market, sender: bytes, now: int, point: bytes, place: str, account: int) -> None:
        """A point feeds an account of its own customer."""
        held = self.points[point]
        assert address(place) == market.address, "another market"
        assert sender == held.owner == market.owner(account), "not the owner of both"
        assert held.account is None, "joined already"
        assert account not in {other.account for other in self.points.values()}, "fed by another point"
        held.account = account

    def bind_device(
        self, market: Market, sender: bytes, now: int, point: bytes, key: str, since: int, taken: int, given: int
    ) -> None:
        """A dated key, of which the market hears."""
        held = self._held(sender, point)
        if held.dates and held.dates[-1] >= since and held.dates[-1] > now:
            held.dates.pop()
        assert since >= max([now, *(date + 1 for date in held.dates)]), "not dated ahead"
        assert self.point_of.setdefault(address(key), point) == point, "key of another point"
        held.dates.append(since)
        if held.account is not None:
            from_slot = -(-since // market.slot_seconds)
            call(market, "set_meter", market.courts[4], now, (held.account, key, from_slot, taken, given))

    def leave(self, market: Market, sender: bytes, now: int, point: bytes) -> None:
        """It feeds its account no more."""
        held = self.points[point]
        assert sender in (held.owner, held.registrar), "neither owner nor registrar"
        assert held.account is not None, "not joined"
        self._leave(market, now, held)

    def _leave(self, market: Market, now: int, held: Point) -> None:
        if not market.over(now):
            from_slot = (now // DAY + 1) * DAY // market.slot_seconds
            call(market, "set_meter", market.courts[4], now, (held.account, NOBODY, from_slot, 0, 0))
        held.account = None

    def _held(self, sender: bytes, point: bytes) -> Point:
        held = self.points[point]
        assert sender == held.registrar, "not its registrar"
        assert self.roles.get(sender, 0) & 1, "not its registrar"
        return held
