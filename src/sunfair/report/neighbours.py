"""Each home's table of neighbours: whom it bought from, whom it supplied, what of it was a gift."""

from collections import defaultdict

from sunfair.report.run import Run

__all__ = ["neighbour_tables"]

_COLUMNS = ["seller", "buyer", "energy_wh", "repaid"]


def neighbour_tables(run: Run) -> dict[int, dict[str, list[list[int]]]]:
    """By account: ``bought_from`` and ``supplied``, rows of [account, Wh, of it Wh given, µ repaid], most Wh first.

    Both are empty for whoever did not trade, and for all where the run tells nothing of pairs.
    """
    sums: dict[tuple[int, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    if run.has("neighbours"):
        table = run.table("neighbours", _COLUMNS)
        for seller, buyer, energy, repaid in zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True):
            for own, side, other in ((buyer, "bought_from", seller), (seller, "supplied", buyer)):
                total = sums[own, side][other]
                total[0] += energy
                total[1] += 0 if repaid is None else energy
                total[2] += repaid or 0
    return defaultdict(
        lambda: {"bought_from": [], "supplied": []},
        {
            account: {side: _ordered(sums.get((account, side), {})) for side in ("bought_from", "supplied")}
            for account in {account for account, _ in sums}
        },
    )


def _ordered(total: dict[int, list[int]]) -> list[list[int]]:
    return [[other, *numbers] for other, numbers in sorted(total.items(), key=lambda one: (-one[1][0], one[0]))]
