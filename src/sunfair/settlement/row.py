"""One account's private row of one slot, and how it follows from the row before it: the rule itself, in plain integers.

A row carries its own running sums, so two neighbouring rows, the slot's header and the account's public row decide
whether it is true; nothing else has to be shown. `period_rows` builds the same rows for all accounts at once.
"""

from dataclasses import dataclass

import numpy as np

from sunfair.model import NETWORK, Fees
from sunfair.settlement.hashing import Tag, keccak
from sunfair.settlement.header import Header
from sunfair.settlement.result import SUMS, session_sums
from sunfair.units import BPS, ENERGY_MAX

__all__ = [
    "AFTER_GAP",
    "LATE",
    "NUMBERS",
    "Base",
    "Opening",
    "PrivateRow",
    "SlotFacts",
    "institution_row",
    "member_paid",
    "network_row",
    "next_row",
    "residual_parts",
    "undelivered_part",
]

NUMBERS = (
    "slot",
    "leaf",
    "nonce",
    "traded_ahead_wh",
    "traded_pool_wh",
    "metered_wh",
    "import_register_wh",
    "export_register_wh",
    "paid",
    "running",
    "claims",
    "gap_slots",
    "gap_retail",
    "gap_feed_in",
)
"""The 14 numbers of a row in the order of its bytes, 8 each, after tag and account."""

AFTER_GAP, LATE = -1, -2
"""What `gap_slots` says of a reading: the first after a gap; one that came too late for the pool. 0: neither."""

_KWH, _SHARE = 1_000, 1_000 * BPS
_SALT, _SIZE = 117, 149


@dataclass(frozen=True, slots=True)
class PrivateRow:
    """A row's numbers: energies and cumulative registers Wh, money µ, tariffs µ/kWh; leaf and nonce −1 where none.

    paid is what the slot brought (+) or cost (−), running its sum in this settlement, claims what of it the utility may
    claim when the account cannot pay. The gap fields stand for the slots without a reading up to this one: how many,
    and their dearest retail and cheapest feed-in. In a row with a reading the tariffs are 0, and gap_slots says how it
    came: `AFTER_GAP`, `LATE`, or 0.
    """

    account: int
    slot: int
    leaf: int
    nonce: int
    traded_ahead_wh: int
    traded_pool_wh: int
    metered_wh: int
    import_register_wh: int
    export_register_wh: int
    paid: int
    running: int
    claims: int
    gap_slots: int
    gap_retail: int
    gap_feed_in: int
    salt: bytes

    def encode(self) -> bytes:
        """The 149 bytes that are hashed: tag, account, 14 numbers, salt. OverflowError if one does not fit."""
        numbers = b"".join(getattr(self, name).to_bytes(8, "big", signed=True) for name in NUMBERS)
        return bytes([Tag.PRIVATE_ROW]) + self.account.to_bytes(4, "big") + numbers + self.salt

    def digest(self) -> bytes:
        """The row's leaf under its account's rows root."""
        return keccak(self.encode())

    @staticmethod
    def decode(data: bytes) -> "PrivateRow":
        """The row of these 149 bytes; ValueError when they are none."""
        if len(data) != _SIZE or data[0] != Tag.PRIVATE_ROW:
            raise ValueError(f"a private row has {_SIZE} bytes and begins with {Tag.PRIVATE_ROW:#04x}")
        values = np.frombuffer(data, ">i8", len(NUMBERS), offset=5).tolist()
        numbers: dict[str, int] = dict(zip(NUMBERS, values, strict=True))
        return PrivateRow(account=int.from_bytes(data[1:5], "big"), salt=data[_SALT:], **numbers)


@dataclass(frozen=True, slots=True)
class Base:
    """What a row starts from when no row of the same meter and settlement stands before it.

    ``Base(account, import_wh, export_wh)``: the account's first row ever, at the registers its meter began with.
    ``Base.after(row)``: the first row of a settlement; registers and gap go on, the sums start again.
    ``Base.new_meter(row, import_wh, export_wh)``: a new meter inside a settlement; the sums go on.
    """

    account: int
    import_register_wh: int
    export_register_wh: int
    running: int = 0
    claims: int = 0
    gap_slots: int = 0
    gap_retail: int = 0
    gap_feed_in: int = 0
    slot: int | None = None

    @staticmethod
    def after(row: PrivateRow) -> "Base":
        """The state after the last row of the settlement before."""
        registers = row.import_register_wh, row.export_register_wh
        gap = max(row.gap_slots, 0), row.gap_retail, row.gap_feed_in
        return Base(row.account, *registers, 0, 0, *gap, row.slot)

    @staticmethod
    def new_meter(row: PrivateRow, import_wh: int, export_wh: int) -> "Base":
        """The state when `row` was the last under the old meter and the new one begins at these registers."""
        return Base(row.account, import_wh, export_wh, running=row.running, claims=row.claims, slot=row.slot)


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What everybody knows of a slot: tariffs, prices µ/kWh, volumes Wh, shares; a void slot has tariffs alone.

    local_ahead : the ahead session traded at local prices, of which nobody knows anything from here
    """

    slot: int
    retail: int
    feed_in: int
    fees: Fees
    price_ahead: int = 0
    price_pool: int = 0
    volume_ahead_wh: int = 0
    volume_pool_wh: int = 0
    pool_held: bool = True
    void: bool = False
    local_ahead: bool = False

    @staticmethod
    def of(header: Header) -> "SlotFacts":
        """The facts that an anchored header states."""
        ahead, pool = (session_sums(header.sums, start).volume for start in (0, SUMS))
        tariffs, prices = (header.retail, header.feed_in), (header.price_ahead, header.price_pool)
        held = header.pool_held
        return SlotFacts(header.slot, *tariffs, header.fees, *prices, ahead, pool, held, local_ahead=header.local_ahead)

    @staticmethod
    def voided(slot: int, retail: int, feed_in: int, fees: Fees) -> "SlotFacts":
        """The facts of a slot without trade, from the chain's terms."""
        return SlotFacts(slot, retail, feed_in, fees, pool_held=False, void=True)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens an account's leaf of a slot: its place, its offer's nonce (−1: none), salt, the public row's bytes.

    local_paid : at local prices, what the account was told that its ahead session brought (+) or cost (−), µ
    """

    leaf: int
    nonce: int
    salt: bytes
    public: bytes
    local_paid: int = 0

    def number(self, at: int) -> int:
        """The signed 8-byte number at this offset of the public row."""
        return int.from_bytes(self.public[at : at + 8], "big", signed=True)

    @property
    def pool_wh(self) -> int:
        """Wh offered in the pool."""
        return self.number(176)

    @property
    def fill_ahead_wh(self) -> int:
        """Wh traded ahead."""
        return self.number(184)

    @property
    def fill_pool_wh(self) -> int:
        """Wh traded in the pool."""
        return self.number(192)

    def opens(self, account: int, slot: int) -> bool:
        """Whether account, slot, nonce and salt give the public row's book leaf."""
        numbers = self.nonce.to_bytes(8, "big", signed=True)
        blind = bytes([Tag.BLIND]) + account.to_bytes(4, "big") + slot.to_bytes(8, "big") + numbers + self.salt
        leaf = keccak(bytes([Tag.BOOK_LEAF]) + keccak(blind) + self.public[32:176])
        return len(self.public) == 200 and leaf == self.public[:32]


def _ceil(energy: int, price: int) -> int:
    return -(-energy * abs(price) // _KWH)


def residual_parts(residual_wh: int, retail: int, feed_in: int) -> tuple[int, int]:
    """Debit and credit, µ, of energy bought from (+) or sold to (−) the utility; a negative tariff swaps them."""
    tariff, energy = (retail, residual_wh) if residual_wh > 0 else (-feed_in, -residual_wh)
    return (_ceil(energy, tariff), 0) if tariff >= 0 else (0, energy * -tariff // _KWH)


def undelivered_part(residual_wh: int, ahead_wh: int, retail: int, feed_in: int) -> int:
    """Debit, µ, of the residual that only makes good an ahead trade not kept: min(|r|, |ahead|), signs opposed."""
    if residual_wh * ahead_wh >= 0:
        return 0
    size = min(abs(residual_wh), abs(ahead_wh))
    return residual_parts(size if residual_wh > 0 else -size, retail, feed_in)[0]


def _trade_paid(traded_wh: int, price: int, fees: Fees) -> int:
    """What one session brings (+) or costs (−) a member, µ: debits round up, credits down."""
    pays = traded_wh > 0 if price >= 0 else traded_wh < 0
    energy = abs(traded_wh)
    return -_ceil(energy, price) if pays else energy * abs(price) * fees.seller_bps // _SHARE


def member_paid(
    facts: SlotFacts, traded_ahead_wh: int, traded_pool_wh: int, residuals: tuple[tuple[int, int, int], ...]
) -> int:
    """What a slot brings (+) or costs (−) a member, µ; residuals are (Wh, retail, feed-in), each rounded by itself."""
    trades = _trade_paid(traded_ahead_wh, facts.price_ahead, facts.fees)
    trades += _trade_paid(traded_pool_wh, facts.price_pool, facts.fees)
    parts = [residual_parts(*residual) for residual in residuals]
    return trades + sum(credit - debit for debit, credit in parts)


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise ValueError(why)


def next_row(
    previous: PrivateRow | Base,
    facts: SlotFacts,
    reading: tuple[int, int] | None,
    opening: Opening | None,
    *,
    cap_wh: int = ENERGY_MAX,
    late: bool | None = None,
) -> PrivateRow:
    """The member's row that follows `previous` (settlement-spec, "Private rows").

    `reading` is the registers (import, export) at the slot's end, Wh, or None where none was taken; `opening` is None
    in a void slot and only there; `cap_wh` bounds what the account offers to the pool, `late` says that the reading
    came after that was cleared (None where this is not known: it did if nothing was offered of what was due). Raises
    ValueError with the reason when these contradict one another.
    """
    _require(previous.slot is None or facts.slot == previous.slot + 1, f"slot {facts.slot} does not follow the row")
    _require((opening is None) == facts.void, "a void slot opens no leaf, any other slot does")
    leaf, nonce, salt, ahead, pool, offered = -1, -1, bytes(32), 0, 0, 0
    if opening is not None:
        _require(opening.opens(previous.account, facts.slot), "account, nonce, salt and curve do not open the leaf")
        leaf, nonce, salt = opening.leaf, opening.nonce, opening.salt
        ahead, pool, offered = opening.fill_ahead_wh, opening.fill_pool_wh, opening.pool_wh
    gap = _gap(previous, facts)
    if reading is None:
        _require(offered == 0, f"pool_wh is {offered} where no reading was taken")
        metered, registers = 0, (previous.import_register_wh, previous.export_register_wh)
        residuals: tuple[tuple[int, int, int], ...] = ((-ahead, facts.retail, facts.feed_in),)
        claimed = 0  # nothing but what was traded ahead and not shown to be delivered
    else:
        taken, given = reading[0] - previous.import_register_wh, reading[1] - previous.export_register_wh
        _require(taken >= 0 and given >= 0, "a register runs backwards")
        metered, registers = taken - given, reading
        if previous.gap_slots > 0:
            _require(offered == 0, f"pool_wh is {offered} where a gap is trued up")
            residuals, claimed = _trued_up(facts, gap, ahead, taken, given)
            gap = (AFTER_GAP, 0, 0)
        else:
            due = max(-cap_wh, min(metered - ahead, cap_wh)) if facts.pool_held else 0
            late = offered == 0 != due if late is None else late
            _require(offered == due * (not late), f"pool_wh is {offered}; metered less ahead within the cap is {due}")
            residuals, claimed = _read(facts, metered, ahead, pool)
            gap = (LATE * late, 0, 0)
    if facts.local_ahead:
        told = opening.local_paid if opening is not None else 0
        paid = told + member_paid(facts, 0, pool, residuals)
    else:
        paid = member_paid(facts, ahead, pool, residuals)
    running, claims = previous.running + paid, previous.claims + claimed
    return PrivateRow(
        previous.account, facts.slot, leaf, nonce, ahead, pool, metered, *registers, paid, running, claims, *gap, salt
    )


def _gap(previous: PrivateRow | Base, facts: SlotFacts) -> tuple[int, int, int]:
    """The gap fields with this slot in the gap: stated by a row without a reading, used by the first one with."""
    if previous.gap_slots <= 0:
        return 1, facts.retail, facts.feed_in
    dearest, cheapest = max(previous.gap_retail, facts.retail), min(previous.gap_feed_in, facts.feed_in)
    return previous.gap_slots + 1, dearest, cheapest


def _trued_up(
    facts: SlotFacts, gap: tuple[int, int, int], ahead: int, taken: int, given: int
) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Residuals and new claims of the first reading after a gap: nothing is netted, so a silent meter earns nothing.

    The slot's ahead trade counts as not delivered, like those of the gap; all that the registers moved by is the
    utility's at the gap's dearest retail and cheapest feed-in.
    """
    _, dearest, cheapest = gap
    moved = (taken, dearest, cheapest), (-given, dearest, cheapest)
    return ((-ahead, facts.retail, facts.feed_in), *moved), sum(residual_parts(*part)[0] for part in moved)


def _read(facts: SlotFacts, metered: int, ahead: int, pool: int) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Residuals and new claims of a slot with a reading and no gap before it."""
    rest = metered - ahead - pool
    claimed = residual_parts(rest, facts.retail, facts.feed_in)[0]
    claimed -= undelivered_part(rest, ahead, facts.retail, facts.feed_in)
    return ((rest, facts.retail, facts.feed_in),), claimed


def network_row(running: int, facts: SlotFacts) -> PrivateRow:
    """The network's row: nothing private, its share of both volumes alone. `running` is the sum before it."""
    sessions = ((facts.volume_ahead_wh, facts.price_ahead), (facts.volume_pool_wh, facts.price_pool))
    share = sum(volume * abs(price) * facts.fees.network_bps // _SHARE for volume, price in sessions)
    return institution_row(NETWORK, facts.slot, 0 if facts.void else share, running)


def institution_row(account: int, slot: int, paid: int, running: int) -> PrivateRow:
    """The row of an institution that was paid so much: no leaf, no energy. `running` is the sum before it."""
    return PrivateRow(account, slot, -1, -1, 0, 0, 0, 0, 0, paid, running + paid, 0, 0, 0, 0, bytes(32))
