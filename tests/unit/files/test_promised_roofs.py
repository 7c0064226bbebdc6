import numpy as np
import pytest

from sunfair.errors import ImportFault
from sunfair.files import read_promised_roofs
from sunfair.slots import SlotClock

CLOCK = SlotClock(15, "Europe/Berlin")
MEMBERS = ("anna", "bert")


def written(folder, *lines):
    path = folder / "roofs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_hourly_power_becomes_energy_by_slot_of_the_members_named(tmp_path):
    path = written(tmp_path, "start,bert", "2016-06-01T10:00+02:00,2000", "2016-06-01T11:00+02:00,400")
    promise = read_promised_roofs(path, MEMBERS, CLOCK, unit="W")
    first = promise.first_slot
    assert CLOCK.local(first).isoformat() == "2016-06-01T10:00:00+02:00"
    found = promise.slots(first - 2, 12)
    assert np.isnan(found[0]).all()
    assert found[1, 2:10].tolist() == [500] * 4 + [100] * 4
    assert np.isnan(found[1, [0, 1, 10, 11]]).all()
    assert np.isnan(promise.slots(first + 100, 4)).all()


def test_every_fault_is_told_at_once(tmp_path):
    path = written(tmp_path, "start,berta,anna", "2016-06-01T10:00+02:00,1,-5", "2016-06-01T11:00+02:00,1,2")
    with pytest.raises(ImportFault) as caught:
        read_promised_roofs(path, MEMBERS, CLOCK, unit="MWh")
    said = str(caught.value)
    for word in ("'MWh'", "-5"):
        assert word in said
    with pytest.raises(ImportFault, match=r"'berta'.*no member"):
        read_promised_roofs(
            written(tmp_path, "start,berta", "2016-06-01T10:00Z,1", "2016-06-01T11:00Z,1"), MEMBERS, CLOCK
        )
