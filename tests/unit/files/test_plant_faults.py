"""Community plants that cannot be: where they stand, and all of them at once; one that can, as it was written."""

import pytest

from sunfair.model import Plant

ONE = "community.toml [[member]] 1 [member.plant]"
AFTER_ONE = "battery_kw = 5\n"


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
            'holders = ["two"]\nshare = [10000]\nkey = "optimal"',
            [
                f"{ONE} 'share': is not a known key (did you mean 'shares'?)",
                f"{ONE} 'shares': is missing: what each of them holds, in their order, summing to 10000 (add it)",
                f"{ONE} 'key': is the text \"optimal\"; there is no such key (use one of \"static\", \"dynamic\", \"hybrid\")",
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


def test_a_plant_is_read_as_written(street):
    keys = 'holders = ["three", "two"]\nshares = [7000, 3000]\nkey = "hybrid"'
    street.swap(AFTER_ONE, f"{AFTER_ONE}[member.plant]\n{keys}\n")
    assert street.load().community.members[0].plant == Plant(("three", "two"), (7_000, 3_000), "hybrid")
