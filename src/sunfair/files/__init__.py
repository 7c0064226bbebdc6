"""What lies on disk: community files with their series, imports that make them, and the folders of runs."""

from sunfair.files.credit_table import read_credit, write_credit
from sunfair.files.forecast_file import default_forecast_model
from sunfair.files.import_csv import Imported, import_csv
from sunfair.files.import_grid import import_grid
from sunfair.files.import_simbench import DEFAULT_CODE, import_simbench, simbench_scenario
from sunfair.files.neighbours_table import read_neighbours, write_neighbours
from sunfair.files.plant_tables import read_plant_tables, write_plants
from sunfair.files.promised_roofs import PromisedRoofs, read_promised_roofs
from sunfair.files.run_folder import RunFolder, read_table
from sunfair.files.run_rows import MeterRows, meter_rows, nonces, private_rows
from sunfair.files.run_summary import summarise
from sunfair.files.scenario import load_community, load_scenario
from sunfair.files.scenario_default import default_community, first_homes
from sunfair.files.scenario_write import market_files, scenario_toml, write_scenario
from sunfair.files.schema import SCHEMAS, SOMETIMES
from sunfair.files.unlimited import FOLDER as UNLIMITED
from sunfair.files.unlimited import read_injections, write_unlimited

__all__ = [
    "DEFAULT_CODE",
    "SCHEMAS",
    "SOMETIMES",
    "UNLIMITED",
    "Imported",
    "MeterRows",
    "PromisedRoofs",
    "RunFolder",
    "default_community",
    "default_forecast_model",
    "first_homes",
    "import_csv",
    "import_grid",
    "import_simbench",
    "load_community",
    "load_scenario",
    "market_files",
    "meter_rows",
    "nonces",
    "private_rows",
    "read_credit",
    "read_injections",
    "read_neighbours",
    "read_plant_tables",
    "read_promised_roofs",
    "read_table",
    "scenario_toml",
    "simbench_scenario",
    "summarise",
    "write_credit",
    "write_neighbours",
    "write_plants",
    "write_scenario",
    "write_unlimited",
]
