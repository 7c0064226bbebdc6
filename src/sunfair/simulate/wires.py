"""The wires of a simulated community: what its injections do to voltages, loading and losses."""

import numpy as np

from sunfair.grid import Asks, Caps, EnvelopeRule, Network, injections, losses_wh, power_flow
from sunfair.model import FIRST_MEMBER, Phase, Scenario, Sharing
from sunfair.ports import FlowRecord, PlanRecord, SlotRecord
from sunfair.simulate.room import RoomAhead

__all__ = ["Wires"]


class Wires:
    """Power flow of a community's slots; without a grid it only says that nothing is known and nothing is lost."""

    def __init__(self, scenario: Scenario) -> None:
        community = scenario.community
        self._clock, self._seconds = community.clock, community.clock.seconds
        self._phases = [member.phase or Phase.ABC for member in community.members]
        self.notices: list[str] = []
        self.network: Network | None = None
        self._rule: EnvelopeRule | None = None
        if scenario.network_json is not None:
            self.network = Network.parse(scenario.network_json, [FIRST_MEMBER + at for at in range(community.size)])
            if community.envelope is not Sharing.NONE:
                self._rule = EnvelopeRule(self.network, self._phases, self._seconds, community.envelope)

    @property
    def limited(self) -> bool:
        """Whether the meters of this community have caps."""
        return self._rule is not None

    def room(self) -> RoomAhead | None:
        """What tells the homes of the room to come; None where the meters have no caps."""
        return None if self._rule is None else RoomAhead(self._rule.expected, 86_400 // self._seconds)

    def _named(self, slot: int) -> str:
        return f"slot {slot} ({self._clock.local(slot):%Y-%m-%d %H:%M})"

    def caps(self, slot: int, asks: Asks) -> Caps:
        """What the meters may show in `slot`; LookupError in a community without caps."""
        if self._rule is None:
            raise LookupError("this community sets no caps")
        caps = self._rule.caps(asks)
        if caps.notice:
            self.notices.append(f"{self._named(slot)}: {caps.notice}")
        return caps

    def check(self, slots: list[SlotRecord], plans: list[PlanRecord]) -> FlowRecord:
        """What flowed in these slots, checked by unbalanced AC power flow."""
        count = len(slots)
        if self.network is None or not slots:
            nothing = np.full(count, np.nan)
            return FlowRecord(np.zeros(count, np.int64), nothing, nothing, nothing, None, None)
        net = np.stack([plan.net_wh for plan in plans])
        load = np.stack([plan.load_wh for plan in plans])
        p_w, q_var = injections(net, load, self._phases, self._seconds)
        flow = power_flow(self.network, p_w, q_var, balance=False)
        for index, reason in zip(flow.failed.tolist(), flow.reasons, strict=True):
            self.notices.append(
                f"{self._named(slots[index].slot)}: the power flow has no solution, losses count as 0: {reason}"
            )
        lost = losses_wh(np.where(np.isfinite(flow.losses_w), flow.losses_w, 0.0), self._seconds)
        return FlowRecord(lost, flow.max_voltage_pu, flow.min_voltage_pu, flow.max_loading, p_w, q_var)
