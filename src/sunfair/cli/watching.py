"""`watch`: an independent watcher, of a run's folder once or of a market on a network for as long as one likes."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import typer

from sunfair.audit.public_files import watch_folder
from sunfair.chain import LedgerError, SeededKeys
from sunfair.chain.keystore import open_keystore
from sunfair.cli.auditing import Where, followed, print_public
from sunfair.cli.show import stderr, stdout
from sunfair.ports import Keys
from sunfair.wiring.remote_watch import WATCHER, Challenger, Watcher

__all__ = ["Signer", "run_watch", "run_watch_folder"]
