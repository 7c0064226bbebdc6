"""The compiled contracts that ship with the package: ABI and creation code, no compiler needed."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sunfair.chain.abi import Abi

__all__ = ["CONTRACTS", "Contract", "contract"]

CONTRACTS = (
    "AuctionCourt",
    "BookCourt",
    "ChargingNetwork",
    "CommunitySolar",
    "DataBoard",
    "Docket",
    "EnergyCredit",
    "EnergyMarket",
    "InstallFinance",
    "MeterRegistry",
    "OcmfReader",
    "RowCourt",
    "SimulatedEuro",
    "StandingTopUp",
    "SupplierSwitching",
    "WholesaleAllowance",
    "Witness",
)
"""Names of the contracts, as of their source files in `contracts/`."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A compiled contract: how to speak with it, and the code that creates it."""

    name: str
    abi: Abi
    bytecode: bytes

    def creation(self, *args: Any) -> bytes:
        """The data of the transaction that creates it with these constructor arguments."""
        return self.bytecode + self.abi.constructor(*args)


@cache
def contract(name: str) -> Contract:
    """The shipped contract of that name; see `CONTRACTS`."""
    text = files("sunfair.chain").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8")
    artifact = json.loads(text)
    return Contract(name, Abi(artifact["abi"]), bytes.fromhex(artifact["bytecode"].removeprefix("0x")))
