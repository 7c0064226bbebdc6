import numpy as np
import pytest

from sunfair.settlement import ZERO_HASH, data_hash, envelope_holds, envelope_root, envelope_tree

SLOT, COUNT = 1_628_880, 5
RNG = np.random.default_rng(8)
TAKEN, GIVEN = RNG.integers(0, 3_000, (2, COUNT))
SALTS = RNG.integers(0, 256, (COUNT, 32)).astype(np.uint8)
TREE = envelope_tree(SLOT, TAKEN, GIVEN, SALTS)


def shown(home, **changes):
    told = {
        "slot": SLOT,
        "account": 3 + home,
        "caps_wh": (int(TAKEN[home]), int(GIVEN[home])),
        "salt": SALTS[home].tobytes(),
        "path": TREE.proof(home).siblings,
        "count": COUNT,
        "root": TREE.root,
    } | changes
    return envelope_holds(
        told.pop("slot"), told.pop("account"), told.pop("caps_wh"), told.pop("salt"), told.pop("path"), **told
    )


@pytest.mark.parametrize("home", range(COUNT))
def test_every_home_can_show_its_own_caps(home):
    assert shown(home)


@pytest.mark.parametrize(
    "changes",
    [
        {"slot": SLOT + 1},
        {"account": 5},
        {"account": 2},
        {"account": 3 + COUNT},
        {"caps_wh": (int(TAKEN[1]) + 1, int(GIVEN[1]))},
        {"caps_wh": (int(TAKEN[1]), int(GIVEN[1]) - 1)},
        {"caps_wh": (int(GIVEN[1]), int(TAKEN[1]))},
        {"salt": bytes(32)},
        {"path": TREE.proof(1).siblings[:-1]},
        {"path": (*TREE.proof(1).siblings, bytes(32))},
        {"count": COUNT - 1},
        {"root": bytes(32)},
    ],
)
def test_other_caps_than_those_told_do_not_hang_on_the_root(changes):
    assert shown(1)
    assert not shown(1, **changes)


def test_a_cap_cannot_be_guessed_from_its_leaf_without_the_salt():
    """The same caps in two slots, under other salts, have nothing in common."""
    other = RNG.integers(0, 256, (COUNT, 32)).astype(np.uint8)
    assert envelope_root(SLOT, TAKEN, GIVEN, SALTS) != envelope_root(SLOT, TAKEN, GIVEN, other)


def test_the_data_hash_binds_rows_and_envelopes_apart():
    """Bytes cannot be moved between the two, and a slot without envelopes has the root of none."""
    rows = RNG.integers(0, 256, (COUNT, 200)).astype(np.uint8)
    assert data_hash(rows) == data_hash(rows, ZERO_HASH)
    assert data_hash(rows, TREE.root) not in (data_hash(rows), data_hash(rows[1:], TREE.root))
