"""Community plants that cannot be: where they stand, and all of them at once; one that can, as it was written."""

from dataclasses import replace
from datetime import date

import pytest

from sunfair.files.scenario_write_owner import inner_lines
from sunfair.model import Plant, SeatSale
from sunfair.slots import SlotClock

ONE = "community.toml [[member]] 1 [member.plant]"
SALE = "community.toml [[member]] 1 [[member.seat_sale]]"
AFTER_ONE = "battery_kw = 5\n"
TWO = 'holders = ["two", "three"]\nshares = [5000, 5000]\n'


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('holders = ["two", "three"]\nshares = [5000, 4999]', [f"{ONE} 'shares': sum to 9999 bps, not 10000 (add 1 bps)"]),
        ('holders = ["two", "three"]\nshares = [10000]', [f"{ONE} 'shares': are 1 for 2 holders (give one for each)"]),
        (
            'holders = ["one", "two", "two", "four"]\nshares = [2500, 2500, 2500, 2501]',
            [
                f"{ONE} 'holders': names \"one\", the plant itself (name its holders)",
                f"{ONE} 'holders': names \"two\" twice (name each holder once)",
                f"{ONE} 'holders': names \"four\", which is no member (known are one, two, three)",
                f"{ONE} 'shares': sum to 10001 bps, not 10000 (take off 1 bps)",
            ],
        ),
        (
            'holders = ["two"]\nshare = [10000]\nkey = "optional"',
            [
                f"{ONE} 'share': is not a known key (did you mean 'shares'?)",
                f"{ONE} 'shares': is missing: what each of them holds, in their order, summing to 10000; 0 for who only buys a seat later (add it)",
                f"{ONE} 'key': is the text \"optional\"; there is no such key (use one of \"static\", \"dynamic\", \"hybrid\", "
                '"priority", "table", "optimal")',
            ],
        ),
        (
            f'{TWO}key = "priority"\nvalues = [0.3]\nprice = "cheap"',
            [
                f"{ONE} 'price': is the text \"cheap\"; it must be a number in currency/kWh",
                f"{ONE} 'ranking': is missing, but the key is \"priority\" (add it)",
                f"{ONE} 'values': is there, but the key is \"priority\" (only the key \"optimal\" reads it)",
                f"{ONE} 'values': are 1 for 2 holders (give one for each)",
            ],
        ),
        (
            f'{TWO}key = "priority"\nranking = ["two", "two"]',
            [f"{ONE} 'ranking': names two, two; it must name every holder once (rank two, three)"],
        ),
        (
            f'{TWO}key = "table"\ntable = [[5000, 4999], [10000]]',
            [
                f"{ONE} 'table': has 2 lists; a day has 24 civil hours (give one for each)",
                f"{ONE} 'table': sum to 9999 bps, not 10000 in the list of hour 0 (add 1 bps)",
                f"{ONE} 'table': are 1 for 2 holders in the list of hour 1 (give one for each)",
            ],
        ),
        (f"{TWO}price = 0.18", [f"{ONE} 'price': is there without a key (name the key by which the plant shares)"]),
        (
            f'{TWO}[[member.seat_sale]]\nfrom = "two"\nto = "four"\nshare = 1\non = 2016-06-12\n'
            '[[member.seat_sale]]\nfrom = "two"\nto = "three"\nshare = 6000\non = "today"\n'
            '[[member.seat_sale]]\nfrom = "two"\nto = "two"\nshare = 6000\non = 2016-06-12\n'
            '[[member.seat_sale]]\nfrom = "two"\nto = "three"\nshare = 6000\non = 2016-06-10',
            [
                f"{SALE} 2 'on': is the text \"today\"; it must be a date (e.g. 2016-06-15, without quotes)",
                f"{SALE} 1 'to': names \"four\", which is no holder of the plant (list it among the holders, with a share of "
                "0 if it has none yet)",
                f"{SALE} 3 'to': names \"two\", who sells (name who buys)",
                f"{SALE} 4 'share': is 6000 bps; two then holds 5000 (sell at most that)",
                f"{SALE} 4 'on': is before the sale above it (write them in the order of their days)",
            ],
        ),
    ],
)  # fmt: skip
def test_faults_of_a_plant(street, keys, said):
    street.swap(AFTER_ONE, f"{AFTER_ONE}[member.plant]\n{keys}\n")
    assert [str(fault) for fault in street.faults()] == said


def test_a_plant_has_a_roof(street):
    street.swap('strategy = "pool"\n', 'strategy = "pool"\n[member.plant]\nholders = ["one"]\nshares = [10000]\n')
    place = "community.toml [[member]] 3 'pv_kwp'"
    said = f"{place}: is missing or 0, but there is a [member.plant] (give the plant's kWp)"
    assert [str(fault) for fault in street.faults()] == [said]


def test_a_sale_belongs_to_a_plant(street):
    street.swap(AFTER_ONE, f'{AFTER_ONE}[[member.seat_sale]]\nfrom = "two"\nto = "three"\nshare = 1\non = 2016-06-12\n')
    assert [str(fault) for fault in street.faults()] == [
        f"{SALE} 1: stands at a member without a [member.plant] (name it at its plant)"
    ]


@pytest.mark.parametrize(
    "plant",
    [
        Plant(("three", "two"), (7_000, 3_000), "hybrid"),
        Plant(("three", "two"), (7_000, 3_000), "priority", -1, ("two", "three")),
        Plant(("three", "two"), (10_000, 0), "table", 180_000, (), ((4_000, 6_000),) * 24),
        Plant(
            ("three", "two"), (7_000, 3_000), "optimal", 0, (), (), (300_000, -250_001),
            (SeatSale("three", "two", 500, 1_000_001, date(2016, 6, 10)),),
        ),
    ],
)  # fmt: skip
def test_a_plant_is_read_as_written(street, plant):
    first = street.load().community.members[0]
    lines = inner_lines(replace(first, plant=plant), SlotClock())
    street.swap(AFTER_ONE, AFTER_ONE + "\n".join(lines[lines.index("[member.plant]") :]) + "\n")
    assert street.load().community.members[0].plant == plant
