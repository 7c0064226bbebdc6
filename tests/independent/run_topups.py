"""Standing top-ups retold: what a call of the contract pays into a market, by what its payer signed."""

from eth_abi import decode
from run_bytes import keccak, signer
from run_market import Market, address

PERMISSION = "(" + ",".join(["address", "uint256", "address"] + ["uint256"] * 6) + ")"
SELECTOR = keccak(f"top_up({PERMISSION},bytes)".encode())[:4]
DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
TYPE = (
    b"Permission(address market,uint256 account,address payer,uint256 amount,uint256 below,uint256 per_day,"
    b"uint256 in_total,uint256 expires,uint256 nonce)"
)
DAY = 86_400


def word(value: int | str) -> bytes:
    """32 bytes of a number or an address."""
    return value.to_bytes(32, "big") if isinstance(value, int) else address(value).rjust(32, b"\0")


class TopUps:
    """The contracts of a log, and what was taken under each permission: (UTC day, µ that day, µ in all)."""

    def __init__(self) -> None:
        self.taken: dict[bytes, tuple[int, int, int]] = {}

    def played(self, market: Market, contract: bytes, data: bytes, now: int) -> list[str]:
        """One call that the chain took; what the permission does not allow is a finding."""
        if data[:4] != SELECTOR:
            return []
        fields, signature = decode([PERMISSION, "bytes"], data[4:])
        place, account, payer, amount, below, per_day, in_total, expires, _ = fields
        domain = keccak(
            b"".join([keccak(DOMAIN), keccak(b"Sunfair Top-up"), keccak(b"1"), word(market.chain_id)])
            + contract.rjust(32, b"\0")
        )
        digest = keccak(b"\x19\x01" + domain + keccak(keccak(TYPE) + b"".join(word(field) for field in fields)))
        day, today, total = self.taken.get(digest, (0, 0, 0))
        today = (today if day == now // DAY else 0) + amount
        self.taken[digest] = (now // DAY, today, total + amount)
        there = market.balances.get(account, 0) + market.parked.get((account, 0), 0)
        faults = {
            "of another market": address(place) != market.address,
            "not signed by its payer": signer(digest, signature) != address(payer),
            "past its day": today > per_day,
            "past its total": total + amount > in_total,
            "expired": now >= expires,
            "though enough is there": there >= below,
        }
        if market.door_open(now):
            market.move(account, "deposit", amount, now)
        else:
            market.park(account, amount, 0)
        return [f"chain: a top-up of account {account} {fault}" for fault, true in faults.items() if true]
