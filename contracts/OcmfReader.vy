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

# @dev YYYY-MM-DDTHH:MM:SS,mmm±HHMM S — the signs between the digits, as a mask and what must stand there.
SIGNS: constant(bytes32) = 0x00000000ff0000ff0000ff0000ff0000ff0000ff0000000000000000ff000000
SIGNS_ARE: constant(bytes32) = 0x000000002d00002d00005400003a00003a00002c000000000000000020000000


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
    return self._cut(payload, cuts, wh_scale)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@pure
def _form(payload: Bytes[PAYLOAD_MAX], cuts_: uint256) -> bytes32:
    """
    @dev What stands around the values, up to the end of the readings, each piece hashed onto those before it.
    """
    form: bytes32 = empty(bytes32)
    start: uint256 = 0
    cuts: uint256 = cuts_
    for _: uint256 in range(8):
        at: uint256 = cuts & 65_535
        form = keccak256(concat(form, slice(payload, start, at - start)))
        start = at + ((cuts >> 16) & 255)
        cuts = cuts >> 24
    return form


@internal
@pure
def _cut(payload: Bytes[PAYLOAD_MAX], cuts: uint256, wh_scale: uint256) -> Shown:
    """
    @dev The values: page, identification, begin, first register, end, reason, last register.
    """
    page: uint256 = self._page(self._word(payload, cuts), (cuts >> 16) & 255)
    length: uint256 = (cuts >> 40) & 255
    tag: bytes32 = self._tag(self._word(payload, cuts >> 24), length)
    assert (cuts >> 64) & 255 == 30 and (cuts >> 112) & 255 == 30, "ocmf: time"
    began: uint256 = self._time(self._word(payload, cuts >> 48))
    first: uint256 = self._number(self._word(payload, cuts >> 72), (cuts >> 88) & 255)
    ended: uint256 = self._time(self._word(payload, cuts >> 96))
    assert (cuts >> 136) & 255 == 1, "ocmf: not ended"
    reason: uint256 = self._word(payload, cuts >> 120) >> 248
    # E, L, R, A, P: ended, locally, remotely, aborted, by a power failure.
    assert reason == 69 or reason == 76 or reason == 82 or reason == 65 or reason == 80, "ocmf: not ended"
    last: uint256 = self._number(self._word(payload, cuts >> 144), (cuts >> 160) & 255)
    assert last >= first, "ocmf: register runs back"
    assert ended >= began, "ocmf: time"
    return Shown(form=self._form(payload, cuts), page=page, tag=tag, wh=(last - first) * wh_scale // MICRO, began=began, ended=ended)


@internal
@pure
def _word(payload: Bytes[PAYLOAD_MAX], cut: uint256) -> uint256:
    """
    @dev The 32 bytes from a cut on; every value has at least so many behind it.
    """
    return convert(extract32(payload, cut & 65_535), uint256)


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
    page: uint256 = 0
    for at: uint256 in range(length, bound=PAGE_DIGITS):
        digit: uint256 = (word >> (248 - 8 * at)) & 255
        assert digit >= 48 and digit <= 57, "ocmf: page"
        page = page * 10 + digit - 48
    return page


@internal
@pure
def _number(word: uint256, length: uint256) -> uint256:
    """
    @dev A register in 10⁻⁶ of its unit: spaces, 1 to 12 digits, and up to six behind a point.
    """
    assert length <= 32, "ocmf: register"
    value: uint256 = 0
    digits: uint256 = 0
    decimals: uint256 = 0
    point: bool = False
    for at: uint256 in range(length, bound=32):
        char: uint256 = (word >> (248 - 8 * at)) & 255
        if char >= 48 and char <= 57:
            value = value * 10 + char - 48
            if point:
                decimals += 1
            else:
                digits += 1
        elif char == 46:
            assert not point and digits > 0, "ocmf: register"
            point = True
        else:
            assert char == 32 and digits == 0 and not point, "ocmf: register"
    assert digits > 0 and digits <= 12 and decimals <= 6, "ocmf: register"
    assert not point or decimals > 0, "ocmf: register"
    return value * 10 ** (6 - decimals)


@internal
@pure
def _two(word: uint256, at: uint256) -> uint256:
    """
    @dev Two digits.
    """
    high: uint256 = (word >> (248 - 8 * at)) & 255
    low: uint256 = (word >> (240 - 8 * at)) & 255
    assert high >= 48 and high <= 57 and low >= 48 and low <= 57, "ocmf: time"
    return high * 10 + low - 528


@internal
@pure
def _time(word: uint256) -> uint256:
    """
    @dev Unix seconds, rounded down, of YYYY-MM-DDTHH:MM:SS,mmm±HHMM and the clock's state; days by Howard Hinnant's
         days_from_civil.
    """
    assert word & convert(SIGNS, uint256) == convert(SIGNS_ARE, uint256), "ocmf: time"
    year: uint256 = self._two(word, 0) * 100 + self._two(word, 2)
    month: uint256 = self._two(word, 5)
    day: uint256 = self._two(word, 8)
    assert year >= 1970 and month > 0 and month <= 12 and day > 0, "ocmf: time"
    most: uint256 = 30 + (month + month // 8) % 2
    if month == 2:
        most = 28
        if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
            most = 29
    hour: uint256 = self._two(word, 11)
    minute: uint256 = self._two(word, 14)
    second: uint256 = self._two(word, 17)
    assert day <= most and hour < 24 and minute < 60 and second < 60, "ocmf: time"
    # Milliseconds are looked at and dropped.
    assert self._two(word, 20) < 100 and self._two(word, 21) < 100, "ocmf: time"
    offset: uint256 = self._two(word, 24) * 3_600
    assert offset <= 15 * 3_600, "ocmf: time"
    minutes: uint256 = self._two(word, 26)
    assert minutes < 60, "ocmf: time"
    offset += minutes * 60
    clock: uint256 = (word >> 16) & 255
    # U, I, S, R: unknown, informative, synchronised, relative.
    assert clock == 85 or clock == 73 or clock == 83 or clock == 82, "ocmf: time"
    if month > 2:
        month -= 3
    else:
        month += 9
        year -= 1
    days: uint256 = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 1 - 719_468
    seconds: uint256 = days * 86_400 + hour * 3_600 + minute * 60 + second
    sign: uint256 = (word >> 64) & 255
    if sign == 45:
        return seconds + offset
    assert sign == 43 and seconds >= offset, "ocmf: time"
    return seconds - offset
