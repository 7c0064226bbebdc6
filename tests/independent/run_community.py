"""`community.toml` as far as a checker needs it."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

SMALL = 20
FIRST_MEMBER = 3


@dataclass
class Home:
    """One `[[member]]`: energies in Wh, powers in W."""

    id: str
    meter: str
    bus: int | None
    phase: str | None
    capacity_wh: int
    power_w: int
    reserve_wh: int
    charge_eff: Decimal
    discharge_eff: Decimal


@dataclass
class Community:
    """The rules of the community."""

    name: str
    timezone: str
    slot_seconds: int
    sessions: tuple[str, ...]
    mechanism: str
    k: tuple[int, int]
    seller_bps: int
    utility_bps: int
    network_bps: int
    tariff: dict
    grid: bool
    homes: list[Home]

    def terms(self, retail: int, feed_in: int) -> dict:
        """What stands in a header besides prices, sums and roots."""
        return {
            "accounts": len(self.homes),
            "mechanism": self.mechanism,
            "sessions": self.sessions,
            "k": self.k,
            "seller_bps": self.seller_bps,
            "utility_bps": self.utility_bps,
            "network_bps": self.network_bps,
            "retail": retail,
            "feed_in": feed_in,
        }


def scaled(value: object, factor: int) -> int:
    """A decimal number of kilo-units (or of the currency) in base units; ValueError if that is no whole number."""
    exact = Decimal(str(value)) * factor
    if exact != exact.to_integral_value():
        raise ValueError(f"{value} is not a whole number of base units")
    return int(exact)


def read_home(entry: dict) -> Home:
    """One member; what it does not have is zero."""
    capacity = Decimal(entry.get("battery_kwh", 0))
    return Home(
        id=entry["id"],
        meter=entry.get("meter", entry["id"]),
        bus=entry.get("bus"),
        phase=entry.get("phase"),
        capacity_wh=scaled(capacity, 1000),
        power_w=scaled(entry.get("battery_kw", capacity / 2), 1000),
        reserve_wh=scaled(entry.get("battery_reserve_kwh", 0), 1000),
        charge_eff=Decimal(entry.get("battery_charge_eff", "0.95")),
        discharge_eff=Decimal(entry.get("battery_discharge_eff", "0.95")),
    )


def read_community(folder: Path) -> Community:
    """The file in a run's folder."""
    data = tomllib.loads((folder / "community.toml").read_text(), parse_float=Decimal)
    rules, fees = data["community"], data["tariff"].get("fees", {})
    homes = [read_home(entry) for entry in data["member"]]
    small = len(homes) < SMALL
    return Community(
        name=rules["name"],
        timezone=rules.get("timezone", "UTC"),
        slot_seconds=60 * rules.get("slot_minutes", 15),
        sessions=tuple(rules.get("sessions", ["pool"] if small else ["ahead", "pool"])),
        mechanism=rules.get("mechanism", "mid_market_rate" if small else "uniform"),
        k=tuple(rules.get("k", (1, 2))),
        seller_bps=fees.get("seller_bps", 8000),
        utility_bps=fees.get("utility_bps", 1200),
        network_bps=fees.get("network_bps", 800),
        tariff={
            side: read_tariff(folder, data["tariff"][side], 60 * rules.get("slot_minutes", 15))
            for side in ("retail", "feed_in")
        },
        grid="grid" in data,
        homes=homes,
    )


def read_tariff(folder: Path, value: object, slot_seconds: int) -> object:
    """A price in µ/kWh, or {slot: price} from `file.parquet:column`; None if the file is not beside the run."""
    if not isinstance(value, str):
        return scaled(value, 10**6)
    file, column = value.rsplit(":", 1)
    if not (folder / file).exists():
        return None
    table = pq.read_table(folder / file)
    starts = [int(start.timestamp()) // slot_seconds for start in table.column("start").to_pylist()]
    return dict(zip(starts, table.column(column).to_pylist(), strict=True))


def check_members(run) -> list[str]:
    """members.parquet against community.toml, and the rule for small communities."""
    found = []
    community, members = run.community, run.tables["members"]
    if members["account"] != list(range(FIRST_MEMBER, FIRST_MEMBER + len(community.homes))):
        return ["members.parquet: accounts are not 3, 4, … one for each [[member]]"]
    for column in ("id", "meter", "bus", "phase"):
        for account, value, home in zip(members["account"], members[column], community.homes, strict=True):
            if value != getattr(home, column):
                found.append(f"account {account}: {column} is {value!r}, community.toml has {getattr(home, column)!r}")
    if len(set(members["meter"])) < len(members["meter"]):
        found.append("members.parquet: two members on one meter")
    if len(community.homes) < SMALL and (community.sessions, community.mechanism) != (("pool",), "mid_market_rate"):
        found.append("community.toml: below 20 members it is pool only, by mid_market_rate")
    if community.seller_bps + community.utility_bps + community.network_bps != 10_000:
        found.append("community.toml: the fees do not sum to 10 000 bps")
    return found
