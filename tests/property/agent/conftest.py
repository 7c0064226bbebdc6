"""The planners' oracle and the homes drawn for it lie beside the tests; this makes them importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
