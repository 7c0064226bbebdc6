"""Where adapters meet ports."""

from sunfair.wiring.adapters import Secp256k1Signatures
from sunfair.wiring.simulation import RunResult, default_folder, run_simulation, span_of

__all__ = ["RunResult", "Secp256k1Signatures", "default_folder", "run_simulation", "span_of"]
