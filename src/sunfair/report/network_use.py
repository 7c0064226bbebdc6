"""How a run's trades used the network and who caused its losses: fees by distance, loss shares, home by home."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.grid import Network, branch_distance, loss_weights, network_fees, no_load_losses_w, share_losses
from sunfair.model import FIRST_MEMBER
from sunfair.report.run import Numbers, Run
from sunfair.units import BPS

__all__ = ["LOSS_SLOTS", "NetworkUse", "network_use"]

LOSS_SLOTS = 672
"""Losses are shared out in so many slots at most, evenly spread over a longer run (20 ms each for a hundred homes)."""

_WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True, eq=False)
class NetworkUse:
    """Of m trades between n homes, and of the losses of some slots.

    kappa : µ per kWh and branch on the way
    energy_wh, distance : int64[m], float64[m], each trade's Wh and the branches between its two homes
    share : int64[m], µ, the network's part of the trade's money as the community's fees say
    fee : int64[m], µ, what it would be at `kappa` by distance
    seller, buyer : int64[m], positions of homes
    loss_slots : int64[s], positions of the slots whose losses are shared out
    losses_wh : int64[s, n], each home's part; a slot's parts are its losses to the Wh
    """

    kappa: int
    energy_wh: Numbers
    distance: NDArray[np.float64]
    share: Numbers
    fee: Numbers
    seller: Numbers
    buyer: Numbers
    loss_slots: Numbers
    losses_wh: Numbers

    def per_home(self, homes: int) -> dict[str, Numbers]:
        """`traded_wh`, `share` and `fee` (µ; half of a trade's each, the odd µ the buyer's), `losses_wh`, int64[n]."""
        found = {"losses_wh": self.losses_wh.sum(axis=0)}
        for name, values in (("share", self.share), ("fee", self.fee)):
            found[name] = _sums(self.seller, values // 2, homes) + _sums(self.buyer, values - values // 2, homes)
        return found | {
            "traded_wh": _sums(self.seller, self.energy_wh, homes) + _sums(self.buyer, self.energy_wh, homes)
        }


def network_use(run: Run, kappa: int | None = None) -> NetworkUse:
    """Fees and losses of a run; without `kappa` the one at which all trades together pay what they paid.

    Raises InputError for a run without a network, its injections or its trades told as pairs.
    """
    absent = [name for name in ("injections", "neighbours") if not run.has(name)]
    path = run.folder / "grid.json"
    if absent or not path.is_file():
        faults = [Fault(name, "absent", "only a run with a [grid] has it") for name in [*absent, "grid.json"]]
        raise InputError("This run says nothing of a network.", faults)
    network = Network.parse(path.read_text(encoding="utf-8"), range(FIRST_MEMBER, FIRST_MEMBER + run.homes))
    seller, buyer, energy, share = _trades(run)
    distance = branch_distance(network)[seller, buyer]
    if kappa is None:
        way = float((distance * energy).sum()) / _WH_PER_KWH
        kappa = round(int(share.sum()) / way) if way else 0
    slots, losses = _losses(run, network)
    fee = network_fees(energy, distance, kappa)
    return NetworkUse(kappa, energy, distance, share, fee, seller, buyer, slots, losses)


def _trades(run: Run) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Seller and buyer by position, Wh, and the network's part of the money, µ rounded down, int64[m] each."""
    table = run.table("neighbours", ["slot", "session", "seller", "buyer", "energy_wh"])
    slot, seller, buyer, energy = (
        table[name].to_numpy().astype(np.int64) for name in ("slot", "seller", "buyer", "energy_wh")
    )
    prices = run.table("slots", ["price_ahead", "price_pool"])
    at, share = np.searchsorted(run.slot, slot), np.zeros(len(slot), np.int64)
    session = np.array(table["session"].to_pylist(), dtype=object)
    for name in ("ahead", "pool"):
        price = np.array([one or 0 for one in prices[f"price_{name}"].to_pylist()], np.int64)
        here = session == name
        share[here] = price[at[here]] * energy[here] * run.community.fees.network_bps // (_WH_PER_KWH * BPS)
    return seller - FIRST_MEMBER, buyer - FIRST_MEMBER, energy, share


def _losses(run: Run, network: Network) -> tuple[Numbers, Numbers]:
    """Positions of the slots that were looked at, and each home's part of their losses, Wh."""
    slots = np.unique(np.linspace(0, len(run.slot) - 1, min(len(run.slot), LOSS_SLOTS)).astype(np.int64))
    names = [f"{kind}_{phase}_{unit}" for kind, unit in (("p", "w"), ("q", "var")) for phase in "abc"]
    table = run.table("injections", names)
    powers = np.stack([np.asarray(table[name]) for name in names], axis=-1).astype(np.float64)
    powers = powers.reshape(len(run.slot), run.homes, 2, 3)[slots]
    hours = run.community.clock.seconds / 3600
    lost = run.table("slots", ["losses_wh"])["losses_wh"].to_numpy().astype(np.int64)[slots]
    weights = loss_weights(network, powers[:, :, 0], powers[:, :, 1]) * hours
    return slots, share_losses(lost, weights, round(no_load_losses_w(network) * hours))


def _sums(home: Numbers, values: Numbers, homes: int) -> Numbers:
    total = np.zeros(homes, np.int64)
    np.add.at(total, home, values)
    return total
