"""Offers priced by hand: bands over a night the clocks change, dynamic prices with a cap, and what is refused at once."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from typer.testing import CliRunner

from sunfair.cli.commands import app
from sunfair.errors import InputError
from sunfair.files.tariff_offers import read_offers, read_usage
from sunfair.registry.tariffs import Band, Offer, Usage, compare_offers

LONDON = ZoneInfo("Europe/London")


def day(*, wholesale: list[int] | None = None) -> Usage:
    """25 hours of 25 October 2026, 1,000 Wh imported in each, 400 Wh exported at noon."""
    begin = datetime(2026, 10, 24, 23, tzinfo=UTC)
    starts = [(begin + timedelta(hours=at)).astimezone(LONDON) for at in range(25)]
    export = np.where([start.hour == 12 for start in starts], 400, 0)
    prices = None if wholesale is None else np.array(wholesale, np.int64)
    return Usage(starts, np.full(25, 1_000), export, prices)


def test_each_kind_of_offer_to_the_micro() -> None:
    night = Band(time(0), 100_000), Band(time(7), 300_000), Band(time(23), 100_000)
    wholesale = [50_000] * 24 + [900_001]
    offers = [
        Offer("flat", 500_000, (Band(time(0), 250_000),)),
        Offer("night", 600_000, night, export=150_000),
        Offer("dynamic", 400_000, factor_bps=11_000, addition=80_000, cap=800_000),
    ]
    costs = {cost.offer: cost for cost in compare_offers(day(wholesale=wholesale), offers)}
    assert costs["flat"].total == 500_000 + 25 * 250_000
    # 00:00 to 07:00 has eight hours on this day, 23:00 one more.
    assert costs["night"].units == 9 * 100_000 + 16 * 300_000
    assert costs["night"].export == 400 * 150_000 // 1_000
    assert costs["dynamic"].units == 24 * (55_000 + 80_000) + 800_000
    assert [cost.offer for cost in compare_offers(day(wholesale=wholesale), offers)] == ["dynamic", "night", "flat"]


def test_weekdays_and_rounding() -> None:
    sunday, others = frozenset({6}), frozenset(range(6))
    offer = Offer("weekend", 0, (Band(time(0), 1, sunday), Band(time(0), 999, others)), export=1)
    usage = Usage(day().starts, np.full(25, 1), np.full(25, 1))
    (cost,) = compare_offers(usage, [offer])
    assert (cost.units, cost.export) == (1, 0)  # 0.025 µ are paid as one, and earned as none


def test_offers_that_cannot_be_priced_are_all_named() -> None:
    wrong = [
        Offer("none", 0),
        Offer("both", 0, (Band(time(0), 1),), factor_bps=1),
        Offer("dynamic", 0, factor_bps=1),
        Offer("gap", 0, (Band(time(0), 1, frozenset({0})),)),
    ]
    with pytest.raises(InputError) as caught:
        compare_offers(day(), wrong)
    assert [fault.place for fault in caught.value.faults] == [f"offer {offer.name!r}" for offer in wrong]


def test_from_files(tmp_path: Path) -> None:
    readings, offers = tmp_path / "readings.csv", tmp_path / "offers.toml"
    rows = [f"2026-06-{at:02d}T12:00Z,500,0,-20000" for at in range(1, 31)]
    readings.write_text("start,import_wh,export_wh,wholesale\n" + "\n".join(rows))
    offers.write_text(
        '[[offer]]\nname = "Flat"\nstanding = 0.5\nrate = 0.2471\n'
        '[[offer]]\nname = "Agile"\nstanding = 0.4\nfactor = 1.1\naddition = 0.02\n'
        '[[offer]]\nname = "Day"\nbands = [{ begins = "07:00", rate = 0.3, days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]\n'
    )
    usage = read_usage(readings, "Europe/London")
    costs = {cost.offer: cost.total for cost in compare_offers(usage, read_offers(offers))}
    assert costs == {
        "Flat": 30 * 500_000 + 30 * 123_550,
        "Agile": 30 * 400_000 + 30 * (-22_000 + 20_000) // 2,
        "Day": 30 * 150_000,
    }
    done = CliRunner().invoke(app, ["switch", "compare", str(readings), str(offers)])
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["Day", "Agile", "Flat"]
    offers.write_text('[[offer]]\nnme = "x"\nrate = "a"\nbands = [{ begins = "25:00", days = ["so"] }]\n')
    with pytest.raises(InputError) as caught:
        read_offers(offers)
    assert [fault.place for fault in caught.value.faults] == [
        "offer 1, nme",
        "offer 1, rate",
        "offer 1, band 1, days",
        "offer 1, band 1, begins",
        "offer 1, band 1, rate",
    ]
    readings.write_text("start,import_wh\n2026-06-01T12:00,5\n2026-06-01T12:00Z,-5\n")
    with pytest.raises(InputError) as caught:
        read_usage(readings, "Europe/London")
    assert [fault.place for fault in caught.value.faults] == ["line 2", "line 3, import_wh"]
