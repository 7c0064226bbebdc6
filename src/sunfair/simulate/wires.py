"""The wires of a simulated community: what its injections do to voltages, loading and losses."""

import numpy as np

from sunfair.grid import Network, injections, losses_wh, power_flow
from sunfair.model import FIRST_MEMBER, Phase, Scenario
from sunfair.ports import FlowRecord, PlanRecord, SlotRecord

__all__ = ["Wires"]


class Wires:
    """Power flow of a community's slots; without a grid it only says that nothing is known and nothing is lost."""

    def __init__(self, scenario: Scenario) -> None:
        community = scenario.community
        self._seconds = community.clock.seconds
        self._phases = [member.phase or Phase.ABC for member in community.members]
        self.notices: list[str] = []
        self.network: Network | None = None
        if scenario.network_json is not None:
            self.network = Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(community.size)])

    def check(self, slots: list[SlotRecord], plans: list[PlanRecord]) -> FlowRecord:
        """What flowed in these slots, checked by unbalanced AC power flow."""
        count = len(slots)
        if self.network is None or not slots:
            nothing = np.full(count, np.nan)
            return FlowRecord(np.zeros(count, np.int64), nothing, nothing, nothing, None, None)
        net = np.stack([plan.net_wh for plan in plans])
        load = np.stack([plan.load_wh for plan in plans])
        p_w, q_var = injections(net, load, self._phases, self._seconds)
        flow = power_flow(self.network, p_w, q_var)
        for index, reason in zip(flow.failed.tolist(), flow.reasons, strict=True):
            self.notices.append(
                f"slot {slots[index].slot}: the power flow has no solution, losses count as 0: {reason}"
            )
        lost = losses_wh(np.where(np.isfinite(flow.losses_w), flow.losses_w, 0.0), self._seconds)
        return FlowRecord(lost, flow.max_voltage_pu, flow.min_voltage_pu, flow.max_loading, p_w, q_var)
