"""What lies on disk: community files with their series, imports that make them, and the folders of runs."""

from sunfair.files.import_csv import Imported, import_csv
from sunfair.files.import_simbench import import_simbench
from sunfair.files.run_folder import RunFolder, read_table
from sunfair.files.run_rows import MeterRows, meter_rows, nonces, private_rows
from sunfair.files.run_summary import summarise
from sunfair.files.scenario import load_community, load_scenario
from sunfair.files.scenario_default import default_community, first_homes
from sunfair.files.scenario_write import scenario_toml, write_scenario
from sunfair.files.schema import SCHEMAS

__all__ = [
    "SCHEMAS",
    "Imported",
    "MeterRows",
    "RunFolder",
    "default_community",
    "first_homes",
    "import_csv",
    "import_simbench",
    "load_community",
    "load_scenario",
    "meter_rows",
    "nonces",
    "private_rows",
    "read_table",
    "scenario_toml",
    "summarise",
    "write_scenario",
]
