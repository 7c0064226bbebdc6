"""Homes as one plain linear (or mixed-integer) programme, written from the published definitions alone.

All homes stand in one sparse matrix, block by block, so that hundreds are solved at once. Nothing here is shared with
the planner: not its repair, not its model, not its way of calling a solver.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

IMPORT, EXPORT, CURTAIL, OVER, OWN = range(5)


@dataclass
class Store:
    """n stores, one per home; bands, limits and what is drawn [n, T] in Wh per slot, the rest [n]."""

    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    into: np.ndarray
    out: np.ndarray
    in_eff: np.ndarray
    out_eff: np.ndarray
    wear: np.ndarray
    terminal: np.ndarray
    keep: np.ndarray = field(default_factory=lambda: np.ones(1))
    draw: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))


@dataclass
class Programme:
    """n homes over T slots with equally many stores; energies in Wh per slot, prices in µ/kWh."""

    load: np.ndarray
    pv: np.ndarray
    buy: np.ndarray
    sell: np.ndarray
    import_limit: np.ndarray
    export_limit: np.ndarray
    over_price: np.ndarray
    stores: list[Store]
    peak_price: np.ndarray | None = None  # µ per Wh per slot above the highest import known
    peak_known: np.ndarray | None = None
    one_way: bool = False  # no store may charge and discharge in one slot

    def optimum(self) -> np.ndarray:
        """What every home pays at least, float64[n], µ, with `over_price` for what is taken above the import limit."""
        self.n, self.slots = self.load.shape
        groups = OWN + 3 * len(self.stores)
        self.at = np.arange(self.n * groups * self.slots).reshape(self.n, groups, self.slots)
        extra = self.n if self.peak_price is not None else 0
        cost, low, high = (np.concatenate([each.ravel(), np.zeros(extra)]) for each in self._columns(groups))
        above = []
        if self.peak_price is not None:
            cost[-extra:], low[-extra:], high[-extra:] = self.peak_price, self.peak_known, np.inf
            above = [LinearConstraint(self._peaks(), -np.inf, 0.0)]
        matrix, sums = self._rows(len(cost))
        values = self._solved(cost, low, high, LinearConstraint(matrix, sums, sums), above)
        paid = (cost * values)[: self.at.size].reshape(self.n, -1).sum(axis=1)
        return paid + self.peak_price * (values[-extra:] - self.peak_known) if extra else paid

    def _columns(self, groups):
        cost, low = np.zeros((self.n, groups, self.slots)), np.zeros((self.n, groups, self.slots))
        high = np.full_like(low, np.inf)
        cost[:, IMPORT], cost[:, EXPORT], cost[:, OVER] = self.buy, -self.sell, self.over_price[:, None]
        high[:, IMPORT], high[:, EXPORT] = self.import_limit[:, None], self.export_limit[:, None]
        high[:, CURTAIL] = self.pv
        for k, store in enumerate(self.stores):
            into, out, level = OWN + 3 * k, OWN + 3 * k + 1, OWN + 3 * k + 2
            high[:, into], high[:, out] = store.into, store.out
            low[:, level], high[:, level] = store.low, store.high
            cost[:, out] += store.wear[:, None]
            cost[:, level, -1] -= store.terminal
        return cost / 1000, low, high

    def _rows(self, width):
        """Energy at the meter, and of every store, is conserved in every slot."""
        row = np.arange(self.n * self.slots).reshape(self.n, self.slots)
        entries = [
            (row, self.at[:, group], sign) for group, sign in ((IMPORT, 1), (EXPORT, -1), (CURTAIL, -1), (OVER, 1))
        ]
        sums = [self.load - self.pv]
        for k, store in enumerate(self.stores):
            into, out, level = (self.at[:, OWN + 3 * k + part] for part in range(3))
            own, keep = row + (k + 1) * row.size, np.broadcast_to(store.keep, self.n)
            entries += [(row, into, -1), (row, out, 1), (own, level, 1), (own, into, -store.in_eff)]
            entries += [(own, out, 1 / store.out_eff[:, None]), (own[:, 1:], level[:, :-1], -keep[:, None])]
            due = -np.broadcast_to(store.draw, row.shape).astype(float)
            due[:, 0] += keep * store.start
            sums.append(due)
        rows, columns = (np.concatenate([np.ravel(entry[part]) for entry in entries]) for part in (0, 1))
        values = np.concatenate([np.ravel(np.broadcast_to(value, place.shape)) for place, _, value in entries])
        shape = ((1 + len(self.stores)) * row.size, width)
        return sparse.csc_matrix((values, (rows, columns)), shape), np.concatenate([each.ravel() for each in sums])

    def _peaks(self):
        """What is taken in any slot is no more than the home's peak, the last columns."""
        row, peak = np.arange(self.n * self.slots), self.at.size + np.repeat(np.arange(self.n), self.slots)
        columns = np.concatenate([self.at[:, IMPORT].ravel(), self.at[:, OVER].ravel(), peak])
        values = np.repeat([1.0, 1.0, -1.0], row.size)
        return sparse.csc_matrix((values, (np.tile(row, 3), columns)), (row.size, self.at.size + self.n))

    def _solved(self, cost, low, high, equal, above):
        if not self.one_way:
            most = {"A_ub": above[0].A, "b_ub": np.zeros(above[0].A.shape[0])} if above else {}
            bounds = np.column_stack([low, high])
            done = linprog(cost, A_eq=equal.A, b_eq=equal.lb, bounds=bounds, method="highs", **most)
            assert done.status == 0, done.message
            return done.x
        sides = [(OWN + 3 * k, store) for k, store in enumerate(self.stores)]
        pairs, width = self.n * self.slots * len(sides), len(cost)
        for k, (into, store) in enumerate(sides):
            row = np.arange(self.n * self.slots)
            side = width + k * row.size + row
            for group, limit, sign, room in ((into, store.into, -1, 0), (into + 1, store.out, 1, 1)):
                most = np.broadcast_to(limit, self.load.shape).ravel()
                values = np.concatenate([np.ones(row.size), sign * most])
                places = (np.tile(row, 2), np.concatenate([self.at[:, group].ravel(), side]))
                above = [
                    *above,
                    LinearConstraint(
                        sparse.csc_matrix((values, places), (row.size, width + pairs)), -np.inf, room * most
                    ),
                ]
        wide = LinearConstraint(
            sparse.hstack([equal.A, sparse.csc_matrix((equal.A.shape[0], pairs))]), equal.lb, equal.ub
        )
        done = milp(
            np.concatenate([cost, np.zeros(pairs)]),
            integrality=np.repeat([0, 1], [width, pairs]),
            bounds=Bounds(np.concatenate([low, np.zeros(pairs)]), np.concatenate([high, np.ones(pairs)])),
            constraints=[wide, *above],
            options={"mip_rel_gap": 1e-9},
        )
        assert done.status == 0, done.message
        return done.x[:width]
