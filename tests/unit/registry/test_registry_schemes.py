"""Germany and Spain by their published numbers, the table of schemes, and whole columns at once."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import sunfair.registry
from sunfair.errors import InputError
from sunfair.registry import (
    SCHEMES,
    Cups,
    InvalidMeterPoint,
    Malo,
    MeterKey,
    Rule,
    Scheme,
    parse,
    parse_cups,
    parse_malo,
    scheme_for,
    validate_many,
)

BDEW_EXAMPLE = "41373559241"  # BDEW, Anwendungshilfe MaLo-ID 1.0 (2017), p. 7
BO4E_EXAMPLES = ["51238696781", "56789012345", "52935155442"]  # the tests of BO4E-dotnet
STDNUM_EXAMPLE = "ES 1234 1234 5678 9012 JY"  # python-stdnum, stdnum.es.cups


@pytest.mark.parametrize("text", [BDEW_EXAMPLE, *BO4E_EXAMPLES])
def test_published_malos(text: str) -> None:
    point = parse_malo(text)
    assert isinstance(point, Malo)
    assert point.key == MeterKey("DE", "electricity", text)
    assert (point.issuer, point.number, point.check_digit) == (text[0], text[1:10], text[10])
    assert point.issuer_name == "BDEW"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("41373559240", Rule.CHECK_DIGIT),
        ("512386967890", Rule.LENGTH),
        ("4137355924", Rule.LENGTH),
        ("01373559245", Rule.ISSUER),
        ("4137355924I", Rule.CHARACTER),
        ("DE00056266802AO6G56M11SN51G21M24S", Rule.OTHER_SCHEME),
        ("DE 000562 66802 AO6G56M11SN51G21M24S", Rule.OTHER_SCHEME),
        ("DE00056266802AO6G56M11SN51G21M24s", Rule.CHARACTER),
        ("XX00056266802AO6G56M11SN51G21M24S", Rule.CHARACTER),
    ],
)
def test_false_malos(text: str, rule: Rule) -> None:
    with pytest.raises(InvalidMeterPoint) as caught:
        parse_malo(text)
    assert caught.value.rule is rule
    assert validate_many("DE", "gas", [text]).tolist() == [rule]


def test_a_published_cups() -> None:
    point = parse_cups(STDNUM_EXAMPLE, "gas")
    assert point == Cups("gas", "1234", "123456789012", "JY")
    assert point.key == MeterKey("ES", "gas", "ES1234123456789012JY")
    measured = parse_cups(STDNUM_EXAMPLE + " 1F", "gas")
    assert measured.border_point == "1F"
    assert measured.key == point.key


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ES1234123456789012XY", Rule.CHECK_DIGIT),
        ("ES1234123456789012XY1F", Rule.CHECK_DIGIT),
        ("ES1234123456789012JY1T", Rule.BORDER_POINT),
        ("ES1234123456789012JYXF", Rule.BORDER_POINT),
        ("GB1234123456789012JY", Rule.COUNTRY),
        ("ES123412X456789012JY", Rule.CHARACTER),
        ("ES12341234567890121Y", Rule.CHARACTER),
        ("ES1234-123456789012-JY", Rule.CHARACTER),
        ("es1234123456789012JY", Rule.CHARACTER),
        ("ES123412456789012JY", Rule.LENGTH),
        ("ES1234123456789012JY1", Rule.LENGTH),
    ],
)
def test_false_cups(text: str, rule: Rule) -> None:
    with pytest.raises(InvalidMeterPoint) as caught:
        parse_cups(text)
    assert caught.value.rule is rule
    assert validate_many("ES", "gas", [text]).tolist() == [rule]


def test_every_fault_of_a_cups_is_told() -> None:
    with pytest.raises(InvalidMeterPoint) as caught:
        parse_cups("ES1234123456789012XY1T")
    assert [fault.place for fault in caught.value.faults] == ["check digit", "border point"]


@pytest.mark.parametrize(
    ("country", "fuel", "text"),
    [
        ("GB", "electricity", "2000024512368"),
        ("GB", "gas", "3938424403"),
        ("DE", "electricity", BDEW_EXAMPLE),
        ("DE", "gas", BDEW_EXAMPLE),
        ("ES", "electricity", STDNUM_EXAMPLE),
        ("ES", "gas", STDNUM_EXAMPLE),
    ],
)
def test_the_key_is_country_fuel_and_id(country: str, fuel: str, text: str) -> None:
    assert parse(country, fuel, text).key == (country, fuel, text.replace(" ", ""))
    assert validate_many(country, fuel, [text]).tolist() == [Rule.VALID]


@pytest.mark.parametrize(("country", "fuel"), [("IE", "electricity"), ("gb", "gas"), ("GB", "heat"), (["GB"], "gas")])
def test_an_unknown_scheme_names_the_known(country: str, fuel: str) -> None:
    for ask in (lambda: parse(country, fuel, "1"), lambda: validate_many(country, fuel, ["1"])):
        with pytest.raises(InputError, match="known are GB electricity, GB gas, DE electricity"):
            ask()


def test_another_country_plugs_in() -> None:
    even = Scheme("XX", "gas", "even", parse_malo, lambda lines: (lines.length % 2 * Rule.LENGTH).astype(np.uint8))
    table = {**SCHEMES, ("XX", "gas"): even}
    assert scheme_for("XX", "gas", table) is even
    assert parse("XX", "gas", BDEW_EXAMPLE, schemes=table).id == BDEW_EXAMPLE
    assert validate_many("XX", "gas", ["12", "1 2 3"], schemes=table).tolist() == [0, Rule.LENGTH]
    with pytest.raises(TypeError):
        SCHEMES["XX", "gas"] = even  # type: ignore[index]


def test_a_column_of_anything() -> None:
    column = [
        "2000024512368",
        None,
        "",
        float("nan"),
        2000024512368,
        "12",
        " 20 00024512368",
        "2000024512368\x00",
        "é" * 99,
    ]
    rules = [Rule(code) for code in validate_many("GB", "electricity", column)]
    assert rules == [
        Rule.VALID,
        Rule.NOT_TEXT,
        Rule.EMPTY,
        Rule.NOT_TEXT,
        Rule.NOT_TEXT,
        Rule.LENGTH,
        Rule.VALID,
        Rule.CHARACTER,
        Rule.CHARACTER,
    ]
    assert validate_many("GB", "gas", []).tolist() == []
    assert validate_many("GB", "gas", np.array(["100610", "100611"])).tolist() == [Rule.VALID, Rule.CHECK_DIGIT]
    with pytest.raises(InputError, match="one text"):
        validate_many("GB", "gas", "100610")


def test_an_endless_line_and_an_iterator_over_many_blocks() -> None:
    assert validate_many("GB", "gas", ["1" * 10**6, "1" * 10**6 + "x"]).tolist() == [Rule.LENGTH, Rule.CHARACTER]

    def lines() -> Iterator[str]:
        for at in range(100_000):
            yield "100610" if at % 3 else "100611"

    codes = validate_many("GB", "gas", lines())
    assert codes.tolist() == [Rule.VALID if at % 3 else Rule.CHECK_DIGIT for at in range(100_000)]


@pytest.mark.parametrize(("country", "fuel"), list(SCHEMES))
def test_random_ids_are_valid_as_often_as_the_check_lets_them(country: str, fuel: str) -> None:
    rng = np.random.default_rng(4)
    size = {"GB": 13 if fuel == "electricity" else 10, "DE": 11, "ES": 16}[country]
    numbers = [f"{number:0{size}d}" for number in rng.integers(0, 10**size, 200_000).tolist()]
    texts = [f"ES{number}JY" for number in numbers] if country == "ES" else numbers
    codes = validate_many(country, fuel, texts)
    share = np.count_nonzero(codes == Rule.VALID) / len(codes)
    # A tenth fits one check digit, a hundredth two, and a tenth of the MaLo-IDs begins with 0.
    expected = {"MPAN": 0.1, "MPRN": 0.01, "MaLo-ID": 0.09, "CUPS": 1 / 529}[SCHEMES[country, fuel].name]
    assert share == pytest.approx(expected, rel=0.15)


def test_every_public_name_is_there_and_said_once() -> None:
    names = sunfair.registry.__all__
    assert len(set(names)) == len(names)
    values = [getattr(sunfair.registry, name) for name in names]
    assert all(inspect.getdoc(value) for value in values if inspect.isclass(value) or inspect.isfunction(value))


def test_no_float_in_the_registry() -> None:
    """No float literal, no true division, no float type in any file of the room."""
    for path in Path(sunfair.registry.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)), path
            name = getattr(node, "id", getattr(node, "attr", ""))
            assert not str(name).startswith("float"), path
