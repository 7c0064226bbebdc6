"""Behind the meters and on the wires: what was dispatched, what the batteries hold, voltages, losses, bills."""

import json
import math
from collections import defaultdict

from power_grid_model.errors import PowerGridError
from run_auction import residual_money
from run_shape import INSTITUTIONS, Run
from run_wires import TOLERANCE, flow, places

REACTIVE = math.tan(math.acos(0.95))  # household use at a power factor of 0.95 inductive


def check_homes(run: Run) -> list[str]:
    """Energy balance of every home and slot, its battery's books, and the curtailed total."""
    found = []
    rows = run.by("rows", "slot", "account")
    homes = dict(zip(run.members, run.community.homes, strict=True))
    soc: dict[int, int] = {}
    since: dict[int, int] = defaultdict(int)  # what flowed since the last reading
    curtailed: dict[int, int] = defaultdict(int)
    for i in range(len(run.tables["plans"]["slot"])):
        plan = run.row("plans", i)
        slot, account = plan["slot"], plan["account"]
        where = f"slot {slot} account {account}"
        curtailed[slot] += plan["curtail_wh"]
        net = net_of(plan)
        metered, came = run.tables["rows"]["metered_wh"][rows[slot, account]], run.meters[slot, account].came
        since[account] += net
        due = since[account] if came else 0
        if due != metered:
            found.append(f"{where}: metered_wh is {metered}, the plan's energies since the last reading sum to {due}")
        since[account] -= due
        if plan["curtail_wh"] > plan["pv_wh"]:
            found.append(f"{where}: more curtailed than the roof could give")
        found += [f"{where}: {text}" for text in check_battery(run, homes[account], plan, soc.get(account))]
        soc[account] = plan["soc_wh"]
    for slot, total in zip(run.slots, run.tables["slots"]["curtailed_wh"], strict=True):
        if curtailed[slot] != total:
            found.append(f"slot {slot} account 0: curtailed_wh is {total}, the plans sum to {curtailed[slot]}")
    return found


def net_of(plan: dict) -> int:
    """What flowed at the home's connection, Wh, + taken."""
    return plan["load_wh"] - plan["pv_wh"] + plan["curtail_wh"] + plan["battery_wh"] + plan["ev_wh"]


def check_battery(run: Run, home, plan: dict, before: int | None) -> list[str]:
    """State of charge within its band, moved by what went through the inverter."""
    found = []
    energy, after = plan["battery_wh"], plan["soc_wh"]
    if energy < 0 and after < home.reserve_wh:
        found.append(f"discharged to {after}, below its reserve of {home.reserve_wh}")
    if not 0 <= after <= home.capacity_wh:
        found.append(f"soc_wh is {after}, the battery holds {home.capacity_wh}")
    if abs(energy) * 3600 > home.power_w * run.community.slot_seconds + 3600:
        found.append(f"battery_wh is {energy}, its power is {home.power_w} W")
    if home.capacity_wh == 0 and (energy or after):
        found.append("a battery where there is none")
    if before is not None:
        moved = energy * home.charge_eff if energy > 0 else energy / home.discharge_eff
        if abs(after - before - moved) > (1 if energy else 0):
            found.append(f"soc_wh went from {before} to {after}, {energy} Wh of AC move it by {moved:.2f}")
    return found


def check_wires(run: Run) -> list[str]:
    """Injections are what flowed by the plan, on the home's phase; voltages, loading and losses by power flow."""
    slots = run.tables["slots"]
    if not run.community.grid:
        return [
            f"slot {slot} account 0: losses_wh is {losses} without a grid"
            for slot, losses in zip(slots["slot"], slots["losses_wh"], strict=True)
            if losses != 0
        ]
    found, powers = read_injections(run)
    nodes = places(run.folder)
    members = run.tables["members"]
    for account, bus in zip(members["account"], members["bus"], strict=True):
        if nodes.get(account) != bus:
            found.append(f"account {account}: bus {bus} in members.parquet, {nodes.get(account)} in grid.json")
    if set(nodes) != set(run.members):
        return [*found, "grid.json does not hold one asym_load per member"]
    try:
        result = flow(run.folder, run.slots, run.members, powers)
    except PowerGridError as error:
        return [*found, f"slot {run.slots[0]} account 0: the power flow has no solution: {error}"]
    hours = run.community.slot_seconds / 3600
    for i, slot in enumerate(run.slots):
        for column in ("max_voltage_pu", "min_voltage_pu", "max_loading"):
            if not abs(slots[column][i] - result[column][i]) <= TOLERANCE:
                found.append(
                    f"slot {slot} account 0: {column} is {slots[column][i]}, power flow gives {result[column][i]}"
                )
        losses = result["losses_w"][i] * hours
        if not abs(slots["losses_wh"][i] - losses) <= 0.5 + 1e-3:
            found.append(f"slot {slot} account 0: losses_wh is {slots['losses_wh'][i]}, power flow gives {losses:.3f}")
    return found


def read_injections(run: Run) -> tuple[list[str], dict]:
    """Findings, and {(slot, account): six powers}: active as planned, reactive as docs/grid.md says."""
    found, powers = [], {}
    plans = run.by("plans", "slot", "account")
    phases = {a: phase or "abc" for a, phase in zip(run.members, run.tables["members"]["phase"], strict=True)}
    hours = run.community.slot_seconds / 3600
    for i in range(len(run.tables["injections"]["slot"])):
        line = run.row("injections", i)
        slot, account = line["slot"], line["account"]
        active, reactive = [line[f"p_{p}_w"] for p in "abc"], [line[f"q_{p}_var"] for p in "abc"]
        powers[slot, account] = [*active, *reactive]
        plan = run.row("plans", plans[slot, account])
        net, load = net_of(plan), plan["load_wh"]
        where, share = f"slot {slot} account {account}", 1 / len(phases[account])
        if not abs(sum(active) * hours - net) <= 1:
            found.append(f"{where}: injects {sum(active) * hours:.3f} Wh, its plan sums to {net}")
        for phase, p, q in zip("abc", active, reactive, strict=True):
            part = share if phase in phases[account] else 0
            if not (near(p, part * net / hours) and near(q, part * load / hours * REACTIVE)):
                found.append(f"{where}: {p} W and {q} var on phase {phase}")
    return found, powers


def near(value: float, wanted: float) -> bool:
    """Equal but for the last digits of a float; false for NaN."""
    return abs(value - wanted) <= 1e-6 * max(1.0, abs(wanted))


def check_bills(run: Run) -> list[str]:
    """A bill's lines sum to what the account was paid in the period, its energies to what was metered."""
    found = []
    rows, bills = run.tables["rows"], run.tables["bills"]
    names = {slot: name for name, slots in run.periods().items() for slot in slots}
    periods = [names[slot] for slot in rows["slot"]]
    for what, of_rows, of_bills in (("amount", "paid", "amount"), ("energy", "metered_wh", "energy_wh")):
        due: dict[tuple[int, str], int] = defaultdict(int)
        billed: dict[tuple[int, str], int] = defaultdict(int)
        for account, period, value in zip(rows["account"], periods, rows[of_rows], strict=True):
            due[account, period] += value
        for account, period, value in zip(bills["account"], bills["period"], bills[of_bills], strict=True):
            billed[account, period] += value
        for account, period in sorted(due.keys() | billed.keys()):
            where, key = f"period {period} account {account}", (account, period)
            if account in INSTITUTIONS and key not in billed:
                continue
            if key not in billed or key not in due:
                found.append(f"{where}: no bill, or a bill for nothing")
            elif due[key] != billed[key]:
                found.append(f"{where}: the bill's {what} is {billed[key]}, the rows give {due[key]}")
    return found


def check_summary(run: Run) -> list[str]:
    """The promised keys of summary.json for every member, the bills three ways and the violations again."""
    summary = json.loads((run.folder / "summary.json").read_text())
    keys = ("homes", "community", "violations", "seconds")
    found = [f"summary.json: {key} is missing" for key in keys if key not in summary]
    if found:
        return found
    bills = bills_three_ways(run)
    total = {key: sum(bill[key] for bill in bills.values()) for key in next(iter(bills.values()))}
    parts = [(f"homes.{name}", summary["homes"].get(name, {}), bill) for name, bill in bills.items()]
    for place, figures, bill in [*parts, ("community", summary["community"], total)]:
        for key in ("self_consumption", "self_sufficiency"):
            value = figures.get(key, -1)
            if not (value is None or 0 <= value <= 1):
                found.append(f"summary.json: {place}.{key} is missing, or {value} is no share")
        for key, amount in bill.items():
            if figures.get(key) != amount:
                found.append(f"summary.json: {place}.{key} is {figures.get(key)}, the files give {amount}")
    count = sum(violated(run.row("slots", i)) for i in range(len(run.slots)))
    due = {"slots": count, "hours": count * run.community.slot_seconds / 3600}
    if summary["violations"] != due:
        found.append(f"summary.json: violations are {summary['violations']}, the files give {due}")
    return found


def violated(slot: dict) -> bool:
    """Voltage outside 0.90 to 1.10 pu or loading above 1."""
    if slot["max_voltage_pu"] is None:
        return False
    return slot["max_voltage_pu"] > 1.10 or slot["min_voltage_pu"] < 0.90 or slot["max_loading"] > 1


def bills_three_ways(run: Run) -> dict[str, dict[str, int]]:
    """{member id: what it paid in the market, with its battery under the simple rule alone, with neither}, µ, + to pay."""
    names = dict(zip(run.members, run.tables["members"]["id"], strict=True))
    bills = {name: {"bill_market": 0, "bill_battery_only": 0, "bill_alone": 0} for name in names.values()}
    slots, rows = run.by("slots", "slot"), run.by("rows", "slot", "account")
    ruled = run.tables.get("agent", {}).get("shadow_metered_wh", [])
    for i in range(len(run.tables["plans"]["slot"])):
        plan = run.row("plans", i)
        row = run.row("rows", rows[plan["slot"], plan["account"]])
        at = slots[plan["slot"]]
        tariff = run.tables["slots"]["retail"][at], run.tables["slots"]["feed_in"][at]
        bill = bills[names[plan["account"]]]
        bill["bill_market"] -= row["paid"]
        alone = plan["load_wh"] + plan["ev_wh"] - plan["pv_wh"]
        for key, net in (("bill_battery_only", ruled[i] if ruled else net_of(plan)), ("bill_alone", alone)):
            debit, credit = residual_money(net, *tariff)
            bill[key] += debit - credit
    return bills
