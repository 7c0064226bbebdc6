"""One table of keys: docs, reader and writer agree on it."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from sunfair.files.attributes import ATTRIBUTES, TABLES, Kind, markdown

DOCS = Path(__file__).parents[3] / "docs" / "scenario.md"


@pytest.mark.parametrize("table", TABLES)
def test_the_documentation_prints_the_table_the_reader_uses(table):
    printed = re.search(rf"<!-- table: {re.escape(table)} -->\n(.*?)<!-- end -->", DOCS.read_text("utf-8"), re.DOTALL)
    assert printed is not None
    assert printed[1] == markdown(table)


def test_the_promised_keys_are_there():
    names = {(item.table, item.name) for item in ATTRIBUTES}
    promised = {
        "community": "name timezone slot_minutes sessions mechanism",
        "tariff": "retail feed_in",
        "tariff.fees": "seller_bps utility_bps network_bps",
        "grid": "file",
        "member": "id meter bus phase load pv_kwp battery_kwh battery_kw strategy",
    }
    assert {(table, name) for table, keys in promised.items() for name in keys.split()} <= names


def test_every_key_says_what_it_means_and_stands_once():
    assert all(item.meaning and item.table in TABLES for item in ATTRIBUTES)
    assert len({(item.table, item.name) for item in ATTRIBUTES}) == len(ATTRIBUTES)


def test_every_key_is_required_or_has_a_default():
    assert all(item.required != bool(item.default) for item in ATTRIBUTES)


def test_numbers_with_a_unit_are_bounded():
    for item in ATTRIBUTES:
        if item.kind in (Kind.DECIMAL, Kind.PRICE) or (item.kind is Kind.WHOLE and item.unit):
            assert item.low is not None
            assert item.high is not None
            assert item.low < item.high <= Decimal(10_000)


def test_every_example_of_the_documentation_is_toml():
    import tomllib

    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    known = {(item.table, item.name) for item in ATTRIBUTES}
    root = tomllib.loads(blocks[0])
    inner = {item.table.partition(".")[2] for item in ATTRIBUTES if item.table.startswith("member.")}
    for member in root["member"]:
        assert {("member", key) for key in member if key not in inner} <= known
        for name in inner & set(member):
            tables = member[name] if isinstance(member[name], list) else [member[name]]
            assert {(f"member.{name}", key) for table in tables for key in table} <= known
    assert {("market", key) for market in root["market"] for key in market} <= known
