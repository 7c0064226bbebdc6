"""What every plan must be, whatever it costs."""

import numpy as np


def assert_can_be_done(homes, outlook, plans, *, moved=0.0):
    """Every device and connection limit, and energy conserved in every slot: recomputed here, not by `replay`.

    moved : Wh per slot that other stores take, less what they give
    """
    near, hours = 1e-6, outlook.slot_seconds / 3600
    net = outlook.load_wh + moved - outlook.pv_wh
    level = np.hstack([homes.soc_wh[:, None], plans.soc_wh])
    stored = plans.charge_wh * homes.charge_eff[:, None] - plans.discharge_wh / homes.discharge_eff[:, None]
    entering = plans.import_wh + plans.over_wh - plans.export_wh
    load_above = np.maximum(net - homes.import_w[:, None] * hours, 0)

    assert np.allclose(np.diff(level), stored, rtol=0, atol=near)
    assert np.allclose(
        entering,
        net + plans.curtail_wh + plans.charge_wh - plans.discharge_wh,
        rtol=0,
        atol=near,
    )
    assert (plans.charge_wh * plans.discharge_wh == 0).all()
    assert (np.minimum(plans.import_wh, plans.export_wh) <= near).all()
    for flow, most in (
        (plans.charge_wh, homes.charge_w[:, None] * hours),
        (plans.discharge_wh, homes.discharge_w[:, None] * hours),
        (plans.import_wh, homes.import_w[:, None] * hours),
        (plans.export_wh, homes.export_w[:, None] * hours),
        (plans.curtail_wh, outlook.pv_wh),
        (plans.over_wh, load_above),
        (plans.soc_wh, homes.capacity_wh[:, None]),
    ):
        assert (flow >= -near).all() and (flow <= most + near).all()
    # Below the reserve it only rises.
    assert (np.diff(level)[level[:, 1:] < homes.reserve_wh[:, None] - near] >= -near).all()
