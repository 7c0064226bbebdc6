"""The streamed batch tree beside the settlement's, which holds every node; bounds, and what a proof refuses."""

from dataclasses import replace

import numpy as np
import pytest

from sunfair.errors import InputError
from sunfair.registry.batch_tree import CHUNK, Batch, batch_leaves, batch_of
from sunfair.settlement import Tree


def points(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 64), np.uint8)


@pytest.mark.parametrize("count", [1, 2, 3, 1_000, 1_024, 1_025, 2_048, 3_500])
def test_streamed_in_any_blocks_it_is_the_settlement_s_tree(count: int) -> None:
    held = points(count)
    leaves = batch_leaves(held[:, :32], held[:, 32:])
    tree = Tree(leaves)
    for block in (1_000, 1_024, 5_000):
        batch = batch_of(leaves[at : at + block] for at in range(0, count, block))
        assert (batch.root, batch.count) == (tree.root, count)
    for index in {0, count // 2, count - 1}:
        chunk = leaves[index // CHUNK * CHUNK :][:CHUNK]
        proof = batch.prove(index, chunk)
        assert (proof.index, proof.siblings) == (index, tree.proof(index).siblings)
        one, two = held[index, :32].tobytes(), held[index, 32:].tobytes()
        assert proof.holds(one, two, batch.root)
        assert not proof.holds(two, one, batch.root)
        assert not replace(proof, count=count + 1).holds(one, two, batch.root)
        assert not replace(proof, index=count).holds(one, two, batch.root)
        assert not replace(proof, siblings=(*proof.siblings, bytes(32))).holds(one, two, batch.root)


def test_leaves_of_another_batch_prove_nothing() -> None:
    held = points(1_500)
    leaves = batch_leaves(held[:, :32], held[:, 32:])
    batch = batch_of([leaves])
    with pytest.raises(InputError, match="not those of the batch"):
        batch.prove(0, leaves[CHUNK:])
    with pytest.raises(InputError, match="no such place"):
        batch.prove(1_500, leaves[CHUNK:])
    with pytest.raises(InputError, match="empty"):
        batch_of([])


def test_two_to_the_26_points_have_paths_of_26_hashes() -> None:
    tops = np.random.default_rng(1).integers(0, 256, (1 << 16, 32), np.uint8)
    leaves = points(CHUNK)[:, :32]
    tops[40_000] = np.frombuffer(top_of(leaves), np.uint8)
    batch = Batch(1 << 26, tops)
    assert len(batch.prove(40_000 * CHUNK + 17, leaves).siblings) == 26


def top_of(leaves: np.ndarray) -> bytes:
    return Tree(leaves).levels[-1][0].tobytes()
