"""Whole columns against one text at a time, and what the check digits are known to catch."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunfair.registry import (
    SCHEMES,
    InvalidMeterPoint,
    Rule,
    parse,
    parse_cups,
    parse_malo,
    parse_mpan,
    parse_mprn,
    validate_many,
)

digits = st.text("0123456789", max_size=24)
PRIMES = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


# --- the published formulas, written once more -----------------------------------------------------------------------


def mpan_of(twelve: str) -> str:
    total = 0
    for at in range(12):
        total += int(twelve[at]) * PRIMES[at]
    return twelve + str((total % 11) % 10)


def mprn_of(body: str) -> str:
    total, weight = 0, len(body)
    for digit in body:
        total += int(digit) * weight
        weight -= 1
    return f"{body}{total % 11:02d}"


def malo_of(ten: str) -> str:
    odd, even = sum(map(int, ten[0::2])), sum(map(int, ten[1::2]))
    total = odd + 2 * even
    return ten + str((-(-total // 10)) * 10 - total)


def cups_of(sixteen: str) -> str:
    rest = int(sixteen) - int(sixteen) // 529 * 529
    return f"ES{sixteen}{LETTERS[rest // 23]}{LETTERS[rest - rest // 23 * 23]}"


def numeral(low: int, high: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=low, max_size=high)


mpans = numeral(12, 12).map(mpan_of)
mprns = numeral(4, 8).map(mprn_of)
malos = st.tuples(st.sampled_from("123456789"), numeral(9, 9)).map("".join).map(malo_of)
cups = numeral(16, 16).map(cups_of)
tops = st.tuples(numeral(5, 5), st.text("0123456789ABCXYZabc", min_size=3, max_size=3)).map("".join)
borders = st.sampled_from(["", "1F", "0P", "9Z", "1T", "FF", "0", "1f"])
melos = st.just("DE00056266802AO6G56M11SN51G21M24S")
good = st.one_of(
    mpans,
    mprns,
    malos,
    cups,
    mprns.map("M".__add__),
    st.tuples(tops, mpans).map("".join),
    st.tuples(cups, borders).map("".join),
    melos,
)
signs = st.one_of(
    st.sampled_from(list("0123456789 M\tESDEaz-.²２٣é\x00\xa0\ud800😀")), st.characters(exclude_categories=())
)


@st.composite
def bent(draw: st.DrawFn) -> str:
    """A good identifier of some scheme, bent a little: signs put in, taken out, replaced or exchanged."""
    text = list(draw(good))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["in", "out", "other", "swap"]))
        if kind == "in":
            text.insert(at, draw(signs))
        elif at < len(text) and kind == "out":
            text.pop(at)
        elif at < len(text) and kind == "other":
            text[at] = draw(signs)
        elif at + 1 < len(text):
            text[at], text[at + 1] = text[at + 1], text[at]
    return "".join(text)


anything = st.one_of(bent(), good, digits, st.text(signs, max_size=45), st.none(), st.integers(), st.floats())


def rule_of(country: str, fuel: str, text: object) -> Rule:
    try:
        parse(country, fuel, text)
    except InvalidMeterPoint as error:
        return error.rule
    return Rule.VALID


@settings(max_examples=400, deadline=None)
@given(st.lists(anything, max_size=12))
def test_a_column_breaks_the_rules_its_texts_break(texts: list) -> None:
    for country, fuel in SCHEMES:
        expected = [rule_of(country, fuel, text) for text in texts]
        assert [Rule(code) for code in validate_many(country, fuel, texts)] == expected


def test_columns_of_random_numbers_of_every_length_agree() -> None:
    rng = np.random.default_rng(9)
    for size in range(5, 23):
        texts = [str(number).zfill(size)[-size:] for number in rng.integers(0, 2**62, 400).tolist()]
        for country, fuel in SCHEMES:
            codes = validate_many(country, fuel, texts)
            assert [Rule(code) for code in codes] == [rule_of(country, fuel, text) for text in texts]


@given(st.data())
def test_good_ones_are_good_and_keep_their_digits(data: st.DataObject) -> None:
    spaced = st.integers(0, 20)
    for source, parser in ((mpans, parse_mpan), (malos, parse_malo), (cups, parse_cups)):
        text = data.draw(source)
        at = data.draw(spaced)
        assert parser(text[:at] + " " + text[at:]).id == text
    text = data.draw(mprns)
    assert int(parse_mprn(text).id) == int(text)
    assert 6 <= len(parse_mprn(text).id) <= len(text)
    assert parse_mprn(parse_mprn(text).id) == parse_mprn(text)


def changed(data: st.DataObject, text: str, first: int, last: int) -> str:
    """`text` with one digit of places first … last − 1 changed."""
    at = data.draw(st.integers(first, last - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[at]]))
    return text[:at] + other + text[at + 1 :]


def swapped(data: st.DataObject, text: str, first: int, last: int) -> str:
    """`text` with two neighbours among places first … last − 1 exchanged."""
    at = data.draw(st.integers(first, last - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


@given(st.data())
def test_an_mprn_catches_every_wrong_digit_and_every_swap_in_its_body(data: st.DataObject) -> None:
    text = data.draw(mprns)
    body = len(text) - 2
    assert rule_of("GB", "gas", changed(data, text, 0, body)) is Rule.CHECK_DIGIT
    turned = swapped(data, text, 0, body)
    assert rule_of("GB", "gas", turned) is (Rule.VALID if turned == text else Rule.CHECK_DIGIT)


@given(st.data())
def test_a_cups_catches_every_wrong_digit_and_every_swap(data: st.DataObject) -> None:
    text = data.draw(cups)
    assert rule_of("ES", "gas", changed(data, text, 2, 18)) is Rule.CHECK_DIGIT
    turned = swapped(data, text, 2, 18)
    assert rule_of("ES", "gas", turned) is (Rule.VALID if turned == text else Rule.CHECK_DIGIT)


@given(st.data())
def test_a_malo_catches_every_swap_and_every_wrong_digit_at_an_odd_place(data: st.DataObject) -> None:
    text = data.draw(malos)
    turned = swapped(data, text, 0, 10)
    if turned[0] != "0":
        assert rule_of("DE", "gas", turned) is (Rule.VALID if turned == text else Rule.CHECK_DIGIT)
    at = data.draw(st.sampled_from([2, 4, 6, 8]))
    assert rule_of("DE", "gas", changed(data, text, at, at + 1)) is Rule.CHECK_DIGIT


@given(st.data())
def test_an_mpan_catches_a_wrong_digit_unless_its_sum_moves_between_0_and_10(data: st.DataObject) -> None:
    text = data.draw(mpans)
    false = changed(data, text, 0, 12)
    sums = [
        sum(int(digit) * prime for digit, prime in zip(each[:12], PRIMES, strict=True)) % 11 for each in (text, false)
    ]
    assert rule_of("GB", "electricity", false) is (Rule.VALID if set(sums) == {0, 10} else Rule.CHECK_DIGIT)
