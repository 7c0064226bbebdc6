"""Meter values as the standards write them, and as nobody should."""

import base64
from datetime import UTC, datetime

import pytest

from sunfair.chain import SeededKeys, recover
from sunfair.charging import Evidence, Expected, check_session, parse_ocmf
from sunfair.devices.readings import instant_of, read_1_6, read_2, wh_of
from sunfair.devices.simulator.meter import Mark, Meter

NOON = "2026-06-15T12:00:00Z"
AT = datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_units_and_multipliers_of_both_versions() -> None:
    for sample, wh in (
        ({"value": "1234"}, 1_234),
        ({"value": "1.2345", "unit": "kWh"}, 1_234),
        ({"value": "1234.9", "unit": "Wh", "measurand": "Energy.Active.Import.Register"}, 1_234),
    ):
        assert read_1_6([{"timestamp": NOON, "sampledValue": [sample]}]).registers == ((AT, wh),)
    for sample, wh in (
        ({"value": 1234}, 1_234),
        ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, 1_500),
        ({"value": 15, "unitOfMeasure": {"unit": "Wh", "multiplier": 2}}, 1_500),
        ({"value": 1500, "unitOfMeasure": {"unit": "kWh", "multiplier": -3}}, 1_500),
    ):
        assert read_2([{"timestamp": NOON, "sampledValue": [sample]}]).registers == ((AT, wh),)


def test_other_measurands_and_single_phases_are_no_registers() -> None:
    samples = [
        {"value": "7", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "8", "phase": "L1"},
        {"value": "9", "unit": "varh"},
    ]
    found = read_1_6([{"timestamp": NOON, "sampledValue": samples}])
    assert (found.registers, found.unread) == ((), 1)


@pytest.mark.parametrize("text", ["1e9999999", "NaN", "Infinity", "-1", "", "0x1", "1" * 41, "1e16", "٣x"])
def test_what_is_no_energy_is_none(text: str) -> None:
    assert wh_of(text) is None


def test_instants() -> None:
    assert instant_of("2026-06-15T14:00:00+02:00") == AT
    assert instant_of("2026-06-15T12:00:00.000Z") == AT
    assert instant_of("2026-06-15T12:00:00") == AT  # 1.6 § 3.13
    assert instant_of("0001-01-01T00:00:00+23:59") is None
    assert instant_of("noon") is None


def test_signed_records_are_found_by_their_context() -> None:
    values = [
        {"timestamp": NOON, "sampledValue": [{"value": text, "format": "SignedData", "context": f"Transaction.{mark}"}]}
        for text, mark in (("OCMF|b", "Begin"), ("OCMF|e", "End"))
    ]
    assert read_1_6(values).signed == ("OCMF|b", "OCMF|e")
    coded = base64.b64encode(b"OCMF|x").decode()
    value = {"value": 5, "context": "Transaction.End", "signedMeterValue": {"signedMeterData": coded}}
    found = read_2([{"timestamp": NOON, "sampledValue": [value]}])
    assert (found.signed, found.end_wh) == (("", "OCMF|x"), 5)


def test_the_simulated_meter_signs_what_it_counted() -> None:
    keys = SeededKeys(3)
    meter = Meter("M1", lambda digest: keys.sign("meter", digest))
    hour = datetime(2026, 6, 15, 13, tzinfo=UTC)
    first = Mark(AT, meter.read(AT), "B")
    meter.set_power(7_000, AT)
    last = Mark(hour, meter.read(hour), "E")
    records = [parse_ocmf(meter.record("CP1", "ANNA", [mark])) for mark in (first, last)]
    begin = int(AT.timestamp())
    expected = Expected(keys.address("meter"), "ANNA", begin, begin + 1, begin + 3_600, 11_000, point="CP1", meter="M1")
    proof = check_session(records, expected, recover)
    assert (proof.evidence, proof.faults, proof.usage) == (Evidence.WHOLE, (), (7_000, begin, begin + 3_600))
