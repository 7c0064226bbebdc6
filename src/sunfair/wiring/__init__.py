"""Where adapters meet ports."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sunfair.wiring.adapters import Secp256k1Signatures
    from sunfair.wiring.simulation import RunResult, default_folder, run_simulation, span_of

__all__ = ["RunResult", "Secp256k1Signatures", "default_folder", "run_simulation", "span_of"]

_ROOMS = {
    "RunResult": "simulation",
    "Secp256k1Signatures": "adapters",
    "default_folder": "simulation",
    "run_simulation": "simulation",
    "span_of": "simulation",
}


def __getattr__(name: str) -> Any:
    """What is wired is loaded when it is asked for: one command needs one thing (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
