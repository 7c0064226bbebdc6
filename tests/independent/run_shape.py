"""The shape of a run: which lines must be there, once each and in order; and the places where they stand."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from run_bytes import domain_separator, keccak
from run_community import Community
from run_market import Market
from run_meters import Meter, read_meters

LIMIT = 10**9
INSTITUTIONS = (0, 1, 2)


@dataclass
class Run:
    """A run's files, with an index into every table by slot and account."""

    folder: Path
    tables: dict[str, dict[str, list]]
    community: Community
    market: Market = field(default_factory=Market)
    domain: bytes = b""
    community_id: bytes = b""
    headers: dict[int, bytes] = field(default_factory=dict)
    reading_lines: dict[tuple[int, int], int] = field(default_factory=dict)
    void: dict[int, bytes | None] = field(default_factory=dict)
    caps: dict[tuple[int, int], int] = field(default_factory=dict)
    meters: dict[tuple[int, int], Meter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know which readings there are: without one, a slot counts differently."""
        if "envelopes" in self.tables:
            self.caps = self.by("envelopes", "slot", "account")
        self.reading_lines = self.by("readings", "slot", "account")
        self.void = dict(zip(self.tables["void"]["slot"], self.tables["void"]["header"], strict=True))

    @property
    def slots(self) -> list[int]:
        """The slots of the run, as they stand in slots.parquet."""
        return self.tables["slots"]["slot"]

    @property
    def members(self) -> list[int]:
        """Member accounts."""
        return self.tables["members"]["account"]

    @property
    def accounts(self) -> list[int]:
        """All accounts that have rows."""
        return [*INSTITUTIONS, *self.members]

    def bind(self, market: Market) -> None:
        """Take the chain's market: its address and chain id are in every signature and header."""
        self.market = market
        self.domain = domain_separator(market.chain_id, market.address)
        self.community_id = keccak(self.community.name.encode())
        base = {account: dated[0][2:] for account, dated in market.meters.items()}
        self.meters = read_meters(self, base)

    def nonces(self) -> dict[bytes | None, int]:
        """{hash of an acknowledged offer: its nonce}; no offer is −1."""
        receipts = self.tables["receipts"]
        return {None: -1} | dict(zip(receipts["offer_hash"], receipts["nonce"], strict=True))

    def row(self, name: str, line: int) -> dict:
        """One line of a table."""
        return {column: values[line] for column, values in self.tables[name].items()}

    def by(self, name: str, *keys: str) -> dict:
        """{key or keys: line number} of a table."""
        columns = [self.tables[name][key] for key in keys]
        if len(columns) == 1:
            return {key: i for i, key in enumerate(columns[0])}
        return {key: i for i, key in enumerate(zip(*columns, strict=True))}

    def day(self, slot: int) -> date:
        """The civil day on which a slot starts, in the community's zone."""
        start = datetime.fromtimestamp(slot * self.community.slot_seconds, UTC)
        return start.astimezone(ZoneInfo(self.community.timezone)).date()

    def periods(self) -> dict[str, list[int]]:
        """{ISO date: its slots in this run}."""
        out: dict[str, list[int]] = {}
        for slot in self.slots:
            out.setdefault(self.day(slot).isoformat(), []).append(slot)
        return out


def check_shape(run: Run) -> list[str]:
    """Everything that must stand exactly once, in its order, within its range."""
    return check_slot_lines(run) or (
        check_full(run, "rows", run.accounts)
        + check_full(run, "plans", run.members)
        + check_full(run, "readings", run.members, gaps=True)
        + check_injections(run)
        + (check_full(run, "envelopes", run.members) if "envelopes" in run.tables else [])
        + check_nulls(run)
        + check_bounds(run)
        + check_offer_lines(run)
        + check_void(run)
        + check_transfers(run)
    )


def check_slot_lines(run: Run) -> list[str]:
    """Slots one after another, labelled by their start."""
    found = []
    slots, starts = run.slots, run.tables["slots"]["start"]
    if not slots:
        return ["slots.parquet is empty"]
    for before, after in pairwise(slots):
        if after != before + 1:
            found.append(f"slot {after} account 0: follows slot {before} in slots.parquet")
    for slot, start in zip(slots, starts, strict=True):
        if start.timestamp() != slot * run.community.slot_seconds:
            found.append(f"slot {slot} account 0: start is {start}")
    return found


def check_full(run: Run, name: str, accounts: list[int], gaps: bool = False) -> list[str]:
    """One line per account and slot, sorted so; with `gaps`, lines may be missing."""
    table = run.tables[name]
    keys = list(zip(table["slot"], table["account"], strict=True))
    wanted = {(slot, account) for slot in run.slots for account in accounts}
    found = []
    for (slot, account), count in Counter(keys).items():
        if (slot, account) not in wanted:
            found.append(f"slot {slot} account {account}: stands in {name} but is no slot and account of the run")
        elif count > 1:
            found.append(f"slot {slot} account {account}: stands {count} times in {name}")
    if not gaps:
        found += [f"slot {s} account {a}: has no line in {name}" for s, a in sorted(wanted - set(keys))]
    if keys != sorted(keys):
        found.append(f"{name}.parquet is not sorted by slot and account")
    return found


def check_injections(run: Run) -> list[str]:
    """Injections are there exactly when there is a grid."""
    if (run.folder / "grid.json").exists() != run.community.grid:
        return ["grid.json and community.toml do not agree on whether there is a grid"]
    if not run.community.grid:
        return ["injections.parquet without a grid"] if run.tables.get("injections", {}).get("slot") else []
    if "injections" not in run.tables:
        return ["injections.parquet is absent"]
    return check_full(run, "injections", run.members)


def check_nulls(run: Run) -> list[str]:
    """Institutions have neither offer nor leaf nor energy; members have salt and leaf, offers whole or none.

    In a void slot nobody has an offer or a leaf.
    """
    found = []
    rows = run.tables["rows"]
    private = ("offer_hash", "salt", "leaf", "pool_buy", "pool_sell", "signature")
    for i, (slot, account) in enumerate(zip(rows["slot"], rows["account"], strict=True)):
        if account in INSTITUTIONS:
            filled = [c for c in private if rows[c][i] is not None]
            filled += [c for c in ("traded_ahead_wh", "traded_pool_wh", "metered_wh") if rows[c][i] != 0]
            found += [f"slot {slot} account {account}: {column} of an institution" for column in filled]
            continue
        if slot in run.void:
            found += [f"slot {slot} account {account}: {c} in a void slot" for c in private if rows[c][i] is not None]
            continue
        found += [f"slot {slot} account {account}: {c} is null" for c in ("salt", "leaf") if rows[c][i] is None]
        if (rows["offer_hash"][i] is None) != (rows["signature"][i] is None):
            found.append(f"slot {slot} account {account}: offer_hash without signature or the other way round")
    slots = run.tables["slots"]
    for column in ("max_voltage_pu", "min_voltage_pu", "max_loading"):
        for slot, value in zip(slots["slot"], slots[column], strict=True):
            if (value is None) == run.community.grid:
                found.append(
                    f"slot {slot} account 0: {column} is {value} {'with' if run.community.grid else 'without'} a grid"
                )
    return found


def check_bounds(run: Run) -> list[str]:
    """Energies and limits of at most 10⁹; registers, receipts' ranges and nonces not negative."""
    found = []
    for name, columns in {
        "offers": ("energy_wh", "limit", "filled_wh"),
        "rows": ("traded_ahead_wh", "traded_pool_wh", "metered_wh", "pool_buy", "pool_sell"),
    }.items():
        for column in columns:
            for i, value in enumerate(run.tables[name][column]):
                if value is not None and abs(value) > LIMIT:
                    row = run.row(name, i)
                    found.append(f"slot {row['slot']} account {row['account']}: {column} {value} is out of range")
    for name, columns in {
        "readings": ("import_wh", "export_wh"),
        "receipts": ("nonce", "first_slot", "last_slot"),
        "offers": ("nonce",),
        "slots": ("import_wh", "export_wh", "curtailed_wh", "volume_ahead_wh", "volume_pool_wh"),
        "plans": ("load_wh", "pv_wh", "ev_wh", "curtail_wh", "soc_wh"),
    }.items():
        for column in columns:
            for i, value in enumerate(run.tables[name][column]):
                if value < 0:
                    row = run.row(name, i)
                    where = f"slot {row.get('slot', row.get('first_slot'))} account {row.get('account', 0)}"
                    found.append(f"{where}: {column} of {name} is {value}")
    return found


def check_offer_lines(run: Run) -> list[str]:
    """Offers name a session, a member and a slot of the run; their order is checked with the leaves."""
    found = []
    offers = run.tables["offers"]
    slots, members = set(run.slots), set(run.members)
    for slot, session, account in zip(offers["slot"], offers["session"], offers["account"], strict=True):
        if slot not in slots or account not in members:
            found.append(f"slot {slot} account {account}: stands in offers but is no slot and member of the run")
        if session not in run.community.sessions:
            found.append(f"slot {slot} account {account}: session {session!r} is none of the community's")
    public = run.tables["public"]
    keys = list(zip(public["slot"], public["leaf"], strict=True))
    held = [slot for slot in run.slots if slot not in run.void]
    if keys != [(slot, leaf) for slot in held for leaf in range(len(run.members))]:
        found.append("public.parquet does not hold every leaf of every slot once, in order")
    return found


def check_void(run: Run) -> list[str]:
    """Void slots: of the run, in order, without offers."""
    stated, void = run.tables["void"]["slot"], set(run.void)
    found = [f"slot {slot} account 0: is void but no slot of the run" for slot in void - set(run.slots)]
    if stated != sorted(void):
        found.append("void.parquet is not sorted, or has a slot twice")
    offers = run.tables["offers"]
    for slot, account in zip(offers["slot"], offers["account"], strict=True):
        if slot in void:
            found.append(f"slot {slot} account {account}: an offer in a void slot")
    return found


def check_transfers(run: Run) -> list[str]:
    """Kinds and accounts of transfers."""
    found = []
    transfers = run.tables["transfers"]
    for slot, account, kind in zip(transfers["slot"], transfers["account"], transfers["kind"], strict=True):
        if kind not in ("deposit", "withdrawal", "arrears", "cover") or account not in run.accounts:
            found.append(f"slot {slot} account {account}: a transfer of kind {kind!r}")
    keys = list(zip(transfers["slot"], transfers["account"], strict=True))
    if keys != sorted(keys):
        found.append("transfers.parquet is not sorted by slot and account")
    return found
