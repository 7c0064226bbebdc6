"""MPAN and MPRN: the published numbers, the parts they fall into, and the rule each false one breaks."""

import pickle

import pytest

from sunfair.errors import InputError
from sunfair.registry import DISTRIBUTORS, InvalidMeterPoint, MeterKey, Rule, parse_mpan, parse_mprn, validate_many


def broken(parser, text: object) -> InvalidMeterPoint:
    with pytest.raises(InvalidMeterPoint) as caught:
        parser(text)
    assert isinstance(caught.value, InputError)
    fuel = "gas" if parser is parse_mprn else "electricity"
    assert validate_many("GB", fuel, [text]).tolist() == [caught.value.rule]  # a column names the same rule
    return caught.value


@pytest.mark.parametrize("core", ["2000024512368", "2204707514535", "1234567890126", "2000000000070"])
def test_published_mpans(core: str) -> None:
    point = parse_mpan(core)
    assert point.id == core
    assert point.key == ("GB", "electricity", core)
    assert (point.distributor, point.number, point.check_digit) == (core[:2], core[2:12], core[12])
    assert (point.profile_class, point.time_switch, point.line_loss) == (None, None, None)


@pytest.mark.parametrize("core", ["1234567890123", "1200123456789"])
def test_published_false_mpans(core: str) -> None:
    assert broken(parse_mpan, core).rule is Rule.CHECK_DIGIT


def test_the_error_says_what_the_check_digit_should_be() -> None:
    assert str(broken(parse_mpan, "1234567890123")) == (
        "'1234567890123' is no MPAN\n  - check digit: is 3, the others make 6 (compare each digit with the bill)"
    )


def test_the_top_line_stands_above_the_core() -> None:
    point = parse_mpan("01 801 10A 20 0002 4512 368")
    assert (point.profile_class, point.time_switch, point.line_loss) == ("01", "801", "10A")
    assert point.id == "2000024512368"
    assert point.key == parse_mpan("2000024512368").key


def test_every_fault_of_a_top_line_is_told() -> None:
    error = broken(parse_mpan, "0x8o1A-22000024512369")
    assert error.rule is Rule.PROFILE_CLASS
    assert [fault.place for fault in error.faults] == ["profile class", "time switch", "line loss", "check digit"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("018011002000024512368", Rule.VALID),
        ("A18011002000024512368", Rule.PROFILE_CLASS),
        ("01８011002000024512368", Rule.TIME_SWITCH),
        ("0180110é2000024512368", Rule.LINE_LOSS),
        ("01801100200002451236O", Rule.CHARACTER),
        ("018011002000024512369", Rule.CHECK_DIGIT),
        ("0180110020000245123680", Rule.LENGTH),
    ],
)
def test_each_part_of_the_full_form(text: str, rule: Rule) -> None:
    if rule is Rule.VALID:
        assert parse_mpan(text).line_loss == "100"
    else:
        assert broken(parse_mpan, text).rule is rule


def test_the_fourteen_distributors_are_named_and_others_are_no_error() -> None:
    assert list(DISTRIBUTORS) == [str(code) for code in range(10, 24)]
    assert (
        parse_mpan("2000024512368").distributor_name == "Scottish and Southern Electricity Networks, Southern England"
    )
    weights = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
    for code in ("00", "09", "24", "31", "99"):
        body = code + "0123456789"
        check = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11 % 10
        assert parse_mpan(f"{body}{check}").distributor_name is None


@pytest.mark.parametrize("text", [" 2000024512368 ", "20 0002 4512 368", "2 0 0 0 0 2 4 5 1 2 3 6 8"])
def test_ascii_spaces_are_dropped(text: str) -> None:
    assert parse_mpan(text).id == "2000024512368"


@pytest.mark.parametrize("sign", ["\t", "\n", "\u00a0", "\u2009", "-", "\x00", "\u0662", "２", "²", "\ud800", "O"])
@pytest.mark.parametrize(("parser", "text"), [(parse_mpan, "2000024512368"), (parse_mprn, "3938424403")])
def test_nothing_else_is_dropped_and_only_ascii_digits_count(parser, text: str, sign: str) -> None:
    for at in (0, 5, len(text)):
        error = broken(parser, text[:at] + sign + text[at:])
        assert error.rule is Rule.CHARACTER
        assert f"{sign!r} at place {at + 1}" in str(error)
    assert broken(parser, sign + text[1:]).rule is Rule.CHARACTER


@pytest.mark.parametrize("parser", [parse_mpan, parse_mprn])
@pytest.mark.parametrize("text", [2000024512368, 3938424403.0, None, b"3938424403", ["3938424403"]])
def test_a_number_is_no_text(parser, text: object) -> None:
    assert broken(parser, text).rule is Rule.NOT_TEXT


@pytest.mark.parametrize("parser", [parse_mpan, parse_mprn])
@pytest.mark.parametrize("text", ["", " ", "    "])
def test_nothing_at_all(parser, text: str) -> None:
    assert broken(parser, text).rule is Rule.EMPTY


@pytest.mark.parametrize("text", ["200002451236", "20000245123680", "1", "0" * 20, "1" * 5000])
def test_mpans_of_other_lengths(text: str) -> None:
    error = broken(parse_mpan, text)
    assert error.rule is Rule.LENGTH
    assert f"{len(text)} digits" in str(error)
    assert len(str(error)) < 250


def test_a_swap_of_the_last_two_digits_mostly_escapes_the_check() -> None:
    """Of the numbers that end in two different digits, 91 % stay valid when these change places."""
    swapped = escaped = 0
    for eleven in (f"20{number * 7919 % 10**9:09d}" for number in range(2_000)):
        for twelfth in "0123456789":
            last = next(digit for digit in "0123456789" if _is_mpan(eleven + twelfth + digit))
            if last != twelfth:
                swapped += 1
                escaped += _is_mpan(eleven + last + twelfth)
    assert swapped > 15_000
    assert 0.90 < escaped / swapped < 0.92


def _is_mpan(text: str) -> bool:
    try:
        parse_mpan(text)
    except InvalidMeterPoint:
        return False
    return True


@pytest.mark.parametrize("text", ["3938424403", "1234567810", "100610"])
def test_published_mprns(text: str) -> None:
    point = parse_mprn(text)
    assert point.id == text
    assert point.key == MeterKey("GB", "gas", text)
    assert (point.body, point.check) == (text[:-2], text[-2:])


def test_a_published_false_mprn() -> None:
    error = broken(parse_mprn, "3938453")
    assert error.rule is Rule.CHECK_DIGIT
    assert "are 53, the others make 03" in str(error)


@pytest.mark.parametrize("text", ["M3938424403", "M 3938424403", " M3938 4244 03"])
def test_a_leading_m_is_dropped(text: str) -> None:
    assert parse_mprn(text).id == "3938424403"


@pytest.mark.parametrize("text", ["MM3938424403", "m3938424403", "3938424403M", "39M38424403"])
def test_no_other_letter_is(text: str) -> None:
    assert broken(parse_mprn, text).rule is Rule.CHARACTER


def test_one_point_has_one_key_however_many_zeros_lead() -> None:
    for text in ("100610", "0100610", "00100610", "000100610", "0000100610"):
        assert parse_mprn(text).key == ("GB", "gas", "100610")


@pytest.mark.parametrize("text", ["M", "1", "10061", "00000", "00000100610", "1" * 12])
def test_mprns_of_other_lengths(text: str) -> None:
    assert broken(parse_mprn, text).rule is (Rule.OTHER_SCHEME if len(text) == 11 else Rule.LENGTH)


@pytest.mark.parametrize("text", ["10012345678", "M10012345678", "12345678901"])
def test_an_irish_electricity_mprn_is_another_scheme(text: str) -> None:
    error = broken(parse_mprn, text)
    assert error.rule is Rule.OTHER_SCHEME
    assert "Irish electricity MPRN" in str(error)
    assert broken(parse_mpan, text.removeprefix("M")).rule is Rule.OTHER_SCHEME


def test_ids_of_the_other_fuel_are_told_apart() -> None:
    error = broken(parse_mprn, "2000024512368")
    assert error.rule is Rule.OTHER_SCHEME
    assert "valid MPAN" in str(error)
    error = broken(parse_mpan, "39 3842 4403")
    assert error.rule is Rule.OTHER_SCHEME
    assert "valid MPRN" in str(error)


def test_values_compare_and_hash_by_content_and_the_error_travels() -> None:
    assert len({parse_mpan("2000024512368"), parse_mpan("20 000 2451 2368")}) == 1
    error = pickle.loads(pickle.dumps(broken(parse_mprn, "3938453")))  # noqa: S301 made here
    assert error.rule is Rule.CHECK_DIGIT
    assert len(error.faults) == 1
