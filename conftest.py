"""What holds for every test run: bytecode is kept, in a folder of its own.

Dozens of tests start programs: each would compile every library anew where Python is told to write no bytecode.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = False
sys.pycache_prefix = str(Path(__file__).parent / ".pytest_cache" / "bytecode")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
