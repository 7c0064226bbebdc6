# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy off
"""
@title OCMF Reader
@custom:contract-name OcmfReader
@license AGPL-3.0-only
@author The Sunfair developers
@notice Reads what a charge point's meter signed (Open Charge Metering Format, ECDSA on secp256k1 over SHA-256): who signed,
        which page, whose identification, how much from when to when. Rules: docs/charging-spec.md, "Records".
        Rounding: energy down to whole Wh.
@dev    JSON is not parsed. The caller says where the eight cuts lie; what stands around the values is hashed piece by piece
        into the record's form, and whoever asks compares it with the form it knows of this meter: so unit, register and
        status are what they were when somebody looked, and no other value can pass for the one that is read. The twin is
        `sunfair.charging.ocmf_form`.
@custom:kill It has no state and cannot be stopped.
"""


# ── Modules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

from . import book_proofs as books


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Longest signed payload of a record, bytes.
PAYLOAD_MAX: public(constant(uint256)) = 1_280

PAGE_DIGITS: constant(uint256) = 15
TAG_MAX: constant(uint256) = 32

# @dev Values are read in 10⁻⁶ of their unit.
MICRO: constant(uint256) = 10**6

# @dev One in every byte, and the high bit of every byte: to find a byte in a word.
ONES: constant(uint256) = max_value(uint256) // 255
HIGHS: constant(uint256) = max_value(uint256) // 255 * 128

# @dev In every byte a digit 0 as text, six, the four high bits: to read 32 digits at once.
ZEROS: constant(uint256) = max_value(uint256) // 255 * 48
SIXES: constant(uint256) = max_value(uint256) // 255 * 6
HIGH_HALVES: constant(uint256) = max_value(uint256) // 255 * 240

# @dev Every second lane of so many bits, the lowest first.
LANES_8: constant(uint256) = max_value(uint256) // (2**8 + 1)
LANES_16: constant(uint256) = max_value(uint256) // (2**16 + 1)
LANES_32: constant(uint256) = max_value(uint256) // (2**32 + 1)
LANES_64: constant(uint256) = max_value(uint256) // (2**64 + 1)
LANES_128: constant(uint256) = max_value(uint256) // (2**128 + 1)

# @dev YYYY-MM-DDTHH:MM:SS,mmm±HHMM S — the signs between the digits, as a mask and what must stand there.
SIGNS: constant(bytes32) = 0x00000000ff0000ff0000ff0000ff0000ff0000ff0000000000000000ff000000
SIGNS_ARE: constant(bytes32) = 0x000000002d00002d00005400003a00003a00002c000000000000000020000000

# @dev The digits of it.
DIGITS: constant(bytes32) = 0xffffffff00ffff00ffff00ffff00ffff00ffff00ffffff00ffffffff00000000


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice What a record says: its form, page, hash of the identification, energy, begin and end, unix s.
struct Shown:
    form: bytes32
    page: uint256
    tag: bytes32
    wh: uint256
    began: uint256
    ended: uint256


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@pure
def read(
    payload: Bytes[PAYLOAD_MAX], cuts: uint256, signature: Bytes[65], key: address, wh_scale: uint256
) -> Shown:
    """
    @notice Reads a record; reverts with the reason if it says nothing that counts.
    @param payload What is signed: the bytes between the record's two bars.
    @param cuts Where page, identification, first time and value, last time, reason and value stand, and where the readings
           end: the first lowest, 16 bits of place and 8 of length each.
    @param signature The meter's, r ‖ s ‖ v, s in the lower half.
    @param key Address of the meter's key.
    @param wh_scale Wh of the unit it is in.
    @return What it says.
    """
    assert books._is_signed(sha256(payload), signature, key), "ocmf: signature"
    # Of each value the 32 bytes from its place on are taken; every one has at least so many behind it.
    page: uint256 = self._page(convert(extract32(payload, cuts & 65_535), uint256), (cuts >> 16) & 255)
    tag: bytes32 = self._tag(convert(extract32(payload, (cuts >> 24) & 65_535), uint256), (cuts >> 40) & 255)
    assert (cuts >> 64) & 255 == 30 and (cuts >> 112) & 255 == 30, "ocmf: time"
    began: uint256 = self._time(convert(extract32(payload, (cuts >> 48) & 65_535), uint256))
    first: uint256 = self._number(convert(extract32(payload, (cuts >> 72) & 65_535), uint256), (cuts >> 88) & 255)
    ended: uint256 = self._time(convert(extract32(payload, (cuts >> 96) & 65_535), uint256))
    assert (cuts >> 136) & 255 == 1, "ocmf: not ended"
    reason: uint256 = convert(extract32(payload, (cuts >> 120) & 65_535), uint256) >> 248
    # E, L, R, A, P: ended, locally, remotely, aborted, by a power failure.
    assert reason == 69 or reason == 76 or reason == 82 or reason == 65 or reason == 80, "ocmf: not ended"
    last: uint256 = self._number(convert(extract32(payload, (cuts >> 144) & 65_535), uint256), (cuts >> 160) & 255)
    assert last >= first, "ocmf: register runs back"
    assert ended >= began, "ocmf: time"
    # What stands around the values, up to the end of the readings, each piece hashed onto those before it.
    form: bytes32 = empty(bytes32)
    start: uint256 = 0
    left: uint256 = cuts
    for _: uint256 in range(8):
        form = keccak256(concat(form, slice(payload, start, (left & 65_535) - start)))
        start = (left & 65_535) + ((left >> 16) & 255)
        left = left >> 24
    return Shown(form=form, page=page, tag=tag, wh=(last - first) * wh_scale // MICRO, began=began, ended=ended)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _tag(word: uint256, length: uint256) -> bytes32:
    """
    @dev Hash of an identification: no quote and no backslash in it, else a driver's own text could end the field.
    """
    assert length <= TAG_MAX, "ocmf: tag"
    # Beyond the text every byte is 255, which is neither.
    filled: uint256 = word | (max_value(uint256) >> (8 * length))
    if length == 32:
        filled = word
    quotes: uint256 = filled ^ (ONES * 34)
    slashes: uint256 = filled ^ (ONES * 92)
    found: uint256 = (unsafe_sub(quotes, ONES) & ~quotes) | (unsafe_sub(slashes, ONES) & ~slashes)
    assert found & HIGHS == 0, "ocmf: tag"
    return keccak256(slice(convert(word, bytes32), 0, length))


@internal
@pure
def _page(word: uint256, length: uint256) -> uint256:
    """
    @dev A whole number of 1 to 15 digits.
    """
    assert length > 0 and length <= PAGE_DIGITS, "ocmf: page"
    digits: uint256 = (word >> (256 - 8 * length)) ^ (ZEROS >> (256 - 8 * length))
    assert self._are_digits(digits), "ocmf: page"
    return self._sum(digits)


@internal
@pure
def _number(word: uint256, length: uint256) -> uint256:
    """
    @dev A register in 10⁻⁶ of its unit: spaces, 1 to 12 digits, and up to six behind a point.
    """
    assert length > 0 and length <= 32, "ocmf: register"
    text: uint256 = word >> (256 - 8 * length)
    # Without its point the text is one whole number; a second point is no digit.
    count: uint256 = length
    decimals: uint256 = 0
    for places: uint256 in range(1, 7):
        if (text >> (8 * places)) & 255 == 46:
            decimals = places
            count -= 1
            text = (text >> (8 * places + 8) << (8 * places)) | (text & ((1 << (8 * places)) - 1))
            break
    for _: uint256 in range(32):
        if count == 0 or text >> (8 * count - 8) != 32:
            break
        count -= 1
        text ^= 32 << (8 * count)
    assert count > decimals and count - decimals <= 12, "ocmf: register"
    text ^= ZEROS >> (256 - 8 * count)
    assert self._are_digits(text), "ocmf: register"
    return self._sum(text) * 10 ** (6 - decimals)


@internal
@pure
def _are_digits(word: uint256) -> bool:
    """
    @dev Whether every byte is 0 to 9. Where one is more, its high half is not zero before or after 6 is added; a carry out
         of a byte is from one whose high half was not zero before.
    """
    return (word | unsafe_add(word, SIXES)) & HIGH_HALVES == 0


@internal
@pure
def _sum(digits: uint256) -> uint256:
    """
    @dev The number that up to 32 digits are, a digit a byte, the last one lowest: two by two, in lanes twice as wide each time.
         In no lane is there room for an overflow: 99 in 16 bits, 9,999 in 32 and so on.
    """
    lanes: uint256 = unsafe_add(unsafe_mul((digits >> 8) & LANES_8, 10), digits & LANES_8)
    lanes = unsafe_add(unsafe_mul((lanes >> 16) & LANES_16, 100), lanes & LANES_16)
    lanes = unsafe_add(unsafe_mul((lanes >> 32) & LANES_32, 10**4), lanes & LANES_32)
    lanes = unsafe_add(unsafe_mul((lanes >> 64) & LANES_64, 10**8), lanes & LANES_64)
    return unsafe_add(unsafe_mul(lanes >> 128, 10**16), lanes & LANES_128)


@internal
@pure
def _time(word: uint256) -> uint256:
    """
    @dev Unix seconds, rounded down, of YYYY-MM-DDTHH:MM:SS,mmm±HHMM and the clock's state. No sum comes near the width of
         its type, as every number has two digits.
    """
    assert word & convert(SIGNS, uint256) == convert(SIGNS_ARE, uint256), "ocmf: time"
    digits: uint256 = (word & convert(DIGITS, uint256)) ^ (convert(DIGITS, uint256) & ZEROS)
    # Milliseconds are looked at and dropped.
    assert self._are_digits(digits), "ocmf: time"
    # In each byte ten times the digit before it and its own: the numbers of two digits stand where their second digit does.
    pairs: uint256 = unsafe_add(unsafe_mul(digits, 10) >> 8, digits)
    year: uint256 = unsafe_add(unsafe_mul((pairs >> 240) & 255, 100), (pairs >> 224) & 255)
    month: uint256 = (pairs >> 200) & 255
    day: uint256 = (pairs >> 176) & 255
    assert year >= 1970 and month > 0 and month <= 12 and day > 0, "ocmf: time"
    if day > 28:
        most: uint256 = 30 + (month + month // 8) % 2
        if month == 2:
            most = 28
            if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
                most = 29
        assert day <= most, "ocmf: time"
    hour: uint256 = (pairs >> 152) & 255
    minute: uint256 = (pairs >> 128) & 255
    second: uint256 = (pairs >> 104) & 255
    hours: uint256 = (pairs >> 48) & 255
    minutes: uint256 = (pairs >> 32) & 255
    assert hour < 24 and minute < 60 and second < 60 and hours < 16 and minutes < 60, "ocmf: time"
    clock: uint256 = (word >> 16) & 255
    # U, I, S, R: unknown, informative, synchronised, relative.
    assert clock == 85 or clock == 73 or clock == 83 or clock == 82, "ocmf: time"
    seconds: uint256 = unsafe_add(unsafe_mul(hour, 3_600), unsafe_add(unsafe_mul(minute, 60), second))
    seconds = unsafe_add(unsafe_mul(self._days(year, month, day), 86_400), seconds)
    offset: uint256 = unsafe_add(unsafe_mul(hours, 3_600), unsafe_mul(minutes, 60))
    sign: uint256 = (word >> 64) & 255
    if sign == 45:
        return unsafe_add(seconds, offset)
    assert sign == 43 and seconds >= offset, "ocmf: time"
    return unsafe_sub(seconds, offset)


@internal
@pure
def _days(year: uint256, month: uint256, day: uint256) -> uint256:
    """
    @dev Days since 1970 of a date not before it, by Howard Hinnant's days_from_civil: years begin in March.
    """
    years: uint256 = year
    months: uint256 = month
    if month > 2:
        months = unsafe_sub(month, 3)
    else:
        months = unsafe_add(month, 9)
        years = unsafe_sub(year, 1)
    leaps: uint256 = unsafe_add(unsafe_sub(years // 4, years // 100), years // 400)
    days: uint256 = unsafe_add(unsafe_mul(365, years), unsafe_add(leaps, unsafe_add(unsafe_mul(153, months), 2) // 5))
    return unsafe_sub(unsafe_add(days, day), 719_469)
