"""What a court's verdict does to the market. That the evidence holds was the court's to check; here only what follows.

A call to a court or the docket that the chain took: `refute_…` convicts the operator that the evidence names, and voids the
slot of its header; the docket convicts whoever stayed silent.
"""

from eth_abi import decode
from run_bytes import keccak
from run_market import Market, address

HEADER, LEAF, OPEN_LEAF, OPEN_ACCOUNT, ROWS, READING = range(1, 7)
NOBODY = bytes(20)


def type_of(field: dict) -> str:
    """An argument's type as selectors write it."""
    if not field["type"].startswith("tuple"):
        return field["type"]
    return "(" + ",".join(map(type_of, field["components"])) + ")" + field["type"][len("tuple") :]


def named(fields: list[dict], values: tuple) -> dict:
    """Values by name, structs too."""
    out = {}
    for field, value in zip(fields, values, strict=True):
        out[field["name"]] = named(field["components"], value) if field["type"] == "tuple" else value
    return out


def judged(market: Market, court: str, tx, abi: list[dict]) -> list[str]:
    """One transaction to a court of the market."""
    for function in abi:
        if function["type"] != "function":
            continue
        types = [type_of(field) for field in function["inputs"]]
        if keccak(f"{function['name']}({','.join(types)})".encode())[:4] == tx.data[:4]:
            told = named(function["inputs"], decode(types, tx.data[4:]))
            if "market" in told and address(told["market"]) == market.address:
                follow(market, function["name"], court, tx, told)
            return []
    return [f"chain: an unknown call {tx.data[:4].hex()} to {court}"]


def follow(market: Market, name: str, court: str, tx, told: dict) -> None:
    """What a call of this name brings about."""
    if court == "Docket":
        docket(market, name, tx, told)
    elif name.startswith("refute_"):
        slot = told.get("slot")
        if slot is None and "header" in told and court != "RowCourt":
            slot = int.from_bytes(told["header"][33:41], "big")
        guilty = told.get("anchor") if court != "RowCourt" else None
        guilty = guilty or told.get("settlement") or told["at"]["settlement"]
        market.convict(address(guilty["operator"]), tx.sender, slot, tx.timestamp)


def docket(market: Market, name: str, tx, told: dict) -> None:
    """The inbox and the demands, as far as they touch the market."""
    if name == "file_offer" and told["deposit"]:
        market.park(told["offer"]["account"], told["deposit"], told["offer"]["first_slot"])
    elif name == "demand":
        market.askers[demanded(told)] = tx.sender
    elif name == "convict_silence":
        kind, asker = told["kind"], market.askers.get(demanded(told), NOBODY)
        if kind == HEADER:
            market.void_period(told["anchor"]["period"])
            market.convict(address(told["anchor"]["operator"]), asker, None, tx.timestamp)
            return
        slot = {ROWS: None, READING: told["b"]}.get(kind, told["a"])
        guilty = told["settlement"] if kind in (ROWS, READING) else told["anchor"]
        market.convict(address(guilty["operator"]), asker, slot, tx.timestamp)


def demanded(told: dict) -> tuple:
    """What names a demand."""
    return (told["settlement"]["period_root"], told["settlement"]["settled_at"], told["kind"], told["a"], told["b"])
