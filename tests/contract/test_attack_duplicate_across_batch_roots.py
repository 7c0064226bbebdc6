"""A second registrar enters points that were entered before, and opens them first."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from registry_world import KEYS, POINTS, Grid, commitment, point

from sunfair.errors import Reverted


def test_the_first_entry_wins_whoever_opened_first() -> None:
    grid = Grid()
    ledger = grid.ledger
    first, leaves = grid.make(range(10, 13))
    again, others = grid.make(range(11, 14))
    one = ledger.register_batch("registrar", first.root, 3)
    two = ledger.register_batch("rival", again.root, 3)
    ledger.open_point("rival", two, commitment(11), point(11), again.prove(0, others))
    ledger.set_owner("rival", point(11), KEYS.address("straw man"))
    now = int(grid.clock.now().timestamp())
    ledger.bind_device("rival", point(11), KEYS.address("false meter"), now, (0, 0))
    assert ledger.is_bound(point(11), KEYS.address("false meter"), now)
    ledger.open_point("anybody", one, commitment(11), point(11), first.prove(1, leaves))
    assert not ledger.is_bound(point(11), KEYS.address("false meter"), now)
    with pytest.raises(Reverted, match="its registrar only"):
        ledger.set_owner("rival", point(11), KEYS.address("straw man"))
    with pytest.raises(Reverted, match="entered before"):
        ledger.open_point("rival", two, commitment(11), point(11), again.prove(0, others))
    ledger.set_owner("registrar", point(11), KEYS.address("customer"))


def test_within_one_batch_the_earlier_place_wins() -> None:
    grid = Grid()
    import numpy as np

    from sunfair.registry.batch_tree import batch_leaves, batch_of

    names = np.frombuffer(point(50) + point(50), np.uint8).reshape(2, 32)
    hidden = np.frombuffer(commitment(1) + commitment(2), np.uint8).reshape(2, 32)
    leaves = batch_leaves(hidden, names)
    batch = batch_of([leaves])
    number = grid.ledger.register_batch("registrar", batch.root, 2)
    grid.ledger.open_point("anybody", number, commitment(2), point(50), batch.prove(1, leaves))
    grid.ledger.open_point("anybody", number, commitment(1), point(50), batch.prove(0, leaves))
    with pytest.raises(Reverted, match="entered before"):
        grid.ledger.open_point("anybody", number, commitment(2), point(50), batch.prove(1, leaves))


def test_a_path_of_another_length_place_or_point_opens_nothing() -> None:
    from dataclasses import replace

    grid = Grid()
    batch, leaves = grid.make(range(20, 25))
    number = grid.ledger.register_batch("registrar", batch.root, 5)
    path = batch.prove(4, leaves)
    for wrong in (
        replace(path, index=3),
        replace(path, index=5),
        replace(path, index=2**200),
        replace(path, siblings=path.siblings[:-1]),
        replace(path, siblings=(*path.siblings, bytes(32))),
        replace(path, siblings=(*path.siblings[:-1], bytes(32))),
    ):
        with pytest.raises(Reverted, match="registry: path"):
            grid.ledger.open_point("rival", number, commitment(24), point(24), wrong)
    for hidden, named in ((commitment(23), point(24)), (commitment(24), point(23))):
        with pytest.raises(Reverted, match="registry: path"):
            grid.ledger.open_point("rival", number, hidden, named, path)
    with pytest.raises(Reverted, match="registry: path"):
        grid.ledger.open_point("rival", number + 1, commitment(24), point(24), path)
    assert POINTS == 5
