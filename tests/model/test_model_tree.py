"""Sums stated by the parent: the topmost false node can always be shown by a path that re-adds, and a true tree never can."""

from itertools import product

import pytest

# A tree of four places: node 1 is the root, its children 2 and 3, the leaves 4 … 7. A path re-adds upwards from a node.
CHILDREN = {1: (2, 3), 2: (4, 5), 3: (6, 7)}
SIBLING = {2: 3, 3: 2, 4: 5, 5: 4, 6: 7, 7: 6}


def wrapping(a, b):
    """Packed lanes that overflow: any fixed function will do."""
    return (a + b) % 4


def largest(a, b):
    return max(a, b)


def climbs(stated, node, combine):
    """Whether the path from `node` with its stated value re-adds to the root's stated value."""
    value = stated[node]
    while node > 1:
        value = combine(value, stated[SIBLING[node]]) if node % 2 == 0 else combine(stated[SIBLING[node]], value)
        node //= 2
        if value != stated[node]:  # the hash of the parent holds what is stated, so re-adding must meet it
            return False
    return True


def false_nodes(stated, leaves, combine):
    """Nodes whose stated value is not what stands below: of the children's, or of the row's."""
    return [
        node
        for node in stated
        if stated[node] != (combine(*(stated[c] for c in CHILDREN[node])) if node in CHILDREN else leaves[node - 4])
    ]


@pytest.mark.parametrize("combine", [wrapping, largest])
def test_whoever_states_a_false_total_can_be_shown_at_its_topmost_false_node(combine):
    shown = deeper = 0
    for leaves in product((0, 1), repeat=4):
        for values in product(range(3), repeat=7):
            stated = dict(enumerate(values, 1))
            false = false_nodes(stated, leaves, combine)
            if not false:
                total = combine(combine(leaves[0], leaves[1]), combine(leaves[2], leaves[3]))
                assert stated[1] == total  # no false node: the root is right
                continue
            top = min(false)
            assert climbs(stated, top, combine) or top == 1
            shown += 1
            deeper += not all(climbs(stated, node, combine) for node in false)
    assert shown > 10_000
    assert deeper > 0  # not every false node can be shown: the evidence has to pick the topmost


def test_a_leaf_in_the_padding_is_a_ghost():
    """Three accounts in four places: all nodes re-add, all three owners find their leaf, yet the total is too high."""
    leaves, ghost = (1, 0, 1, 0), 2
    stated = {4: 1, 5: 0, 6: 1, 7: ghost}
    stated |= {2: 1, 3: 1 + ghost}
    stated[1] = stated[2] + stated[3]
    assert all(stated[node] == sum(stated[c] for c in CHILDREN[node]) for node in CHILDREN)
    assert all(stated[place] == leaves[place - 4] for place in (4, 5, 6))
    assert false_nodes(stated, leaves, lambda a, b: a + b) == [7]  # only "a place beyond the accounts is empty" sees it


def test_unchecked_arithmetic_of_absurd_numbers_hides_the_fraud():
    """A check that reverts on overflow refutes nothing; out of range has to be the fraud itself."""
    limit = 2**256 - 1

    def checked(a, b):
        if a + b > limit:
            raise OverflowError
        return a + b

    def reverting(parent, left, right):
        try:
            return checked(left, right) != parent
        except OverflowError:
            return None  # the transaction reverts: no verdict, the false node stands

    def total(parent, left, right):
        return max(parent, left, right) >= 2**63 or left + right != parent

    assert reverting(7, limit, 8) is None
    assert total(7, limit, 8) is True
    for a, b in product(range(5), repeat=2):
        assert total(a + b, a, b) is False
