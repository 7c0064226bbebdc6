"""A community file and the series beside it, checked as a whole: `load_scenario`."""

from pathlib import Path

from sunfair.errors import Fault, ScenarioError
from sunfair.files.scenario_document import Document, read_document
from sunfair.files.scenario_markets import read_quotes
from sunfair.files.scenario_network import idle_phases, read_network
from sunfair.files.scenario_rules import check_rules, community_of
from sunfair.files.scenario_series import read_series
from sunfair.files.scenario_visits import read_visits
from sunfair.model import Community, Scenario, Series, Visits
from sunfair.slots import SlotClock

__all__ = ["load_community", "load_scenario"]


def load_scenario(path: Path | str) -> Scenario:
    """The community described by the TOML file at `path` (or by ``community.toml`` in the folder `path`).

    Reads the Parquet series and the network named there, which lie beside it; all of their time. Raises ScenarioError
    with every fault found, each with its place. A community of fewer than 20 members becomes pool only at the
    mid-market rate; `Scenario.notices` says so.
    """
    path = _toml(path)
    document, faults = _document(path)
    clock = _clock(document)
    series: Series | None = None
    visits = Visits.none()
    if clock is not None:
        series, wrong = read_series(document, path.parent, clock)
        visits, wrong_visits = read_visits(document, path.parent, clock)
        faults += wrong + wrong_visits
    quotes, wrong_quotes = read_quotes(document, path.parent, clock)
    faults += wrong_quotes
    network, assumed, wrong_network = _network(document, path.parent)
    faults += wrong_network
    if faults or series is None:
        raise _error(path, faults)
    community, notices = community_of(document)
    idle = idle_phases(community.members) if network is not None else []
    return Scenario(community, series, visits, network, (*notices, *assumed, *idle), quotes)


def load_community(path: Path | str) -> Community:
    """The community described by a TOML file alone: its series and network need not be there (a run's own copy).

    Raises ScenarioError with every fault of the text.
    """
    path = _toml(path)
    document, faults = _document(path)
    if faults:
        raise _error(path, faults)
    return community_of(document)[0]


def _toml(path: Path | str) -> Path:
    path = Path(path)
    return path / "community.toml" if path.is_dir() else path


def _error(path: Path, faults: list[Fault]) -> ScenarioError:
    count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    return ScenarioError(f"The community in {path} has {count}; nothing was run.", faults)


def _document(path: Path) -> tuple[Document, list[Fault]]:
    document, faults = read_document(path)
    return document, faults + check_rules(document, _clock(document))


def _clock(document: Document) -> SlotClock | None:
    """The slots of a document, None where its file does not say them; in UTC where it does not say its zone."""
    table = document.community
    if "slot_minutes" in table.broken:
        return None
    for zone in (table.text("timezone", "UTC"), "UTC"):
        try:
            return SlotClock(table.whole("slot_minutes", 15), zone)
        except ValueError:
            continue
    return None


def _network(document: Document, folder: Path) -> tuple[str | None, list[str], list[Fault]]:
    name = document.grid.text("file") if document.grid is not None else ""
    if not name:
        return None, [], []
    buses = [(member.at("bus"), member.whole("bus")) for member in document.members if "bus" in member.values]
    return read_network(folder / name, buses)
