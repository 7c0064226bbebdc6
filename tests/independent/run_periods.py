"""Periods: balances, private rows, roots and amounts, and what of it stands on the chain."""

from collections import defaultdict

from run_bytes import keccak, period_leaf, period_root, plain_root, private_row
from run_meters import claim
from run_shape import INSTITUTIONS, Run


def opening(run: Run) -> dict[int, int]:
    """Opening balances: the deposits of the run's first slot."""
    out = dict.fromkeys(run.accounts, 0)
    transfers = run.tables["transfers"]
    for slot, account, kind, amount in zip(
        transfers["slot"], transfers["account"], transfers["kind"], transfers["amount"], strict=True
    ):
        if kind == "deposit" and slot == run.slots[0]:
            out[account] += amount
    return out


def check_balances(run: Run) -> list[str]:
    """`balance_after` is the opening balance and all that was paid since."""
    found = []
    balance = opening(run)
    rows = run.tables["rows"]
    for slot, account, paid, after in zip(
        rows["slot"], rows["account"], rows["paid"], rows["balance_after"], strict=True
    ):
        balance[account] += paid
        if after != balance[account]:
            found.append(f"slot {slot} account {account}: balance_after is {after}, it should be {balance[account]}")
            balance[account] = after
    return found


def transfers_of(run: Run, kind: str, slots: set[int]) -> dict[int, int]:
    """{account: Σ amount} of a kind of transfer in some slots."""
    out = dict.fromkeys(run.accounts, 0)
    transfers = run.tables["transfers"]
    for slot, account, what, amount in zip(
        transfers["slot"], transfers["account"], transfers["kind"], transfers["amount"], strict=True
    ):
        if what == kind and slot in slots:
            out[account] += amount
    return out


def private_rows(run: Run, slots: list[int]) -> tuple[dict[int, bytes], dict[int, int]]:
    """{account: root over its private rows in slot order}, and {account: what of its debits may be claimed}."""
    rows, nonces = run.by("rows", "slot", "account"), run.nonces()
    lines = run.by("slots", "slot")
    retail, feed_in = run.tables["slots"]["retail"], run.tables["slots"]["feed_in"]
    roots, claims = {}, dict.fromkeys(run.accounts, 0)
    for account in run.accounts:
        leaves, running = [], 0
        for slot in slots:
            row = run.row("rows", rows[slot, account])
            running += row["paid"]
            if account in INSTITUTIONS:
                numbers = [slot, -1, -1, 0, 0, 0, 0, 0, row["paid"], running, 0, 0, 0, 0]
                leaves.append(private_row(account, numbers, bytes(32)))
                continue
            meter, traded = run.meters[slot, account], (row["traded_ahead_wh"], row["traded_pool_wh"])
            claims[account] += claim(meter, traded, (retail[lines[slot]], feed_in[lines[slot]]))
            hidden = slot in run.void
            place = -1 if hidden else row["leaf"]
            numbers = [slot, place, nonces.get(row["offer_hash"], -1), *traded, row["metered_wh"], *meter.registers]
            numbers += [row["paid"], running, claims[account], *meter.gap]
            leaves.append(private_row(account, numbers, bytes(32) if hidden else row["salt"]))
        roots[account] = plain_root(leaves)
    return roots, claims


def check_periods(run: Run) -> list[str]:
    """Every settled period: anchor, rows, arrears, cover, root and amounts, against the chain."""
    found = []
    periods = list(run.periods().items())
    market = run.market
    if len(market.anchors) != len(periods):
        found.append(f"chain: {len(market.anchors)} periods are anchored, the run has {len(periods)}")
    for (name, slots), anchor in zip(periods, market.anchors, strict=False):
        where = f"period {name}"
        if (anchor.first, anchor.slots) != (slots[0], len(slots)):
            found.append(
                f"{where}: anchored for {anchor.slots} slots from {anchor.first}, it has {len(slots)} from {slots[0]}"
            )
        if anchor.root != plain_root([run.headers.get(slot, bytes(32)) for slot in slots]):
            found.append(f"{where}: the anchored root is not that of its headers")
    settled = 0
    for settlement in market.settlements:
        covered = periods[settlement["period"] : settlement["period"] + settlement["periods"]]
        settled += len(covered)
        if covered:
            slots = [slot for _, part in covered for slot in part]
            found += check_settlement(run, f"period {covered[-1][0]}", slots, settlement)
    if settled != len(market.anchors):
        found.append(f"chain: {settled} of {len(market.anchors)} anchored periods are settled")
    return found


def check_settlement(run: Run, where: str, slots: list[int], settled: dict) -> list[str]:
    """One settlement on chain against the rows."""
    found = []
    wanted = set(slots)
    arrears, cover = transfers_of(run, "arrears", wanted), transfers_of(run, "cover", wanted)
    paid = dict.fromkeys(run.accounts, 0)
    for slot, account, amount in zip(*(run.tables["rows"][c] for c in ("slot", "account", "paid")), strict=True):
        if slot in wanted:
            paid[account] += amount
    roots, owed = private_rows(run, slots)
    if any(arrears[account] or cover[account] for account in INSTITUTIONS):
        found.append(f"{where}: arrears or cover of an institution")
    for account in run.members:
        shortfall = max(0, -(settled["before"][account] + paid[account]))
        late = min(shortfall, owed[account])
        if (arrears[account], cover[account]) != (late, shortfall - late):
            found.append(
                f"{where} account {account}: arrears {arrears[account]} and cover {cover[account]}, "
                f"they should be {late} and {shortfall - late}"
            )
    amounts = {account: paid[account] + arrears[account] + cover[account] for account in run.accounts}
    amounts[0] -= sum(arrears.values())  # what members could not pay the utility does not get
    leaves = [(period_leaf(a, amounts[a], arrears[a], cover[a], roots[a]), cover[a]) for a in run.accounts]
    root, total = period_root(leaves)
    if settled["root"] != root:
        found.append(f"{where}: the period root on chain is not that of its rows")
    if settled["cover"] != total:
        found.append(f"{where}: cover on chain is {settled['cover']}, the rows give {total}")
    for account, amount in enumerate(settled["amounts"][:-1]):
        if amount != amounts.get(account):
            found.append(f"{where} account {account}: {amount} on chain, {amounts.get(account)} by its rows")
    if not settled["applied"]:
        found.append(f"{where}: settled but not applied")
    return found


def check_chain(run: Run) -> list[str]:
    """Who and what the chain knows: community, slot length, accounts, deposits, balances."""
    found = []
    market = run.market
    if market.community != keccak(run.community.name.encode()):
        found.append("chain: the market is another community's")
    if market.slot_seconds != run.community.slot_seconds:
        found.append("chain: another slot length")
    if len(market.owners) != len(run.accounts):
        found.append(f"chain: {len(market.owners)} accounts, the files have {len(run.accounts)}")
    if len(set(market.owners)) < len(market.owners):
        found.append("chain: two accounts of one owner")
    found += [f"account {a}: takes part from {market.spans[a]} only" for a in run.members if not whole_run(run, a)]
    found += check_transfers_on_chain(run)
    final = dict.fromkeys(run.accounts, 0)
    transfers = run.tables["transfers"]
    for account, kind, amount in zip(transfers["account"], transfers["kind"], transfers["amount"], strict=True):
        final[account] += amount
        final[0] -= amount if kind == "arrears" else 0
    for account, kind, amount, _ in market.moves:
        if kind in ("slash", "lack") and account in final:
            final[account] += amount
    rows = run.tables["rows"]
    for account, paid in zip(rows["account"], rows["paid"], strict=True):
        final[account] += paid
    for account, amount in final.items():
        if market.balances.get(account) != amount:
            found.append(f"account {account}: {market.balances.get(account)} on chain, {amount} by the files")
    return found


def whole_run(run: Run, account: int) -> bool:
    """Whether an account takes part in every slot of the run, with a meter."""
    first, end = run.market.spans[account]
    dated = run.market.meters.get(account, ())
    return first <= run.slots[0] and run.slots[-1] < end and bool(dated) and dated[0][1] <= run.slots[0]


def check_transfers_on_chain(run: Run) -> list[str]:
    """Deposits and withdrawals of the files are those of the chain."""
    files, chain = defaultdict(int), defaultdict(int)
    transfers = run.tables["transfers"]
    for account, kind, amount in zip(transfers["account"], transfers["kind"], transfers["amount"], strict=True):
        if kind in ("deposit", "withdrawal"):
            files[account, kind] += amount
    for account, kind, amount, _ in run.market.moves:
        if account in run.accounts and kind in ("deposit", "withdrawal"):
            chain[account, kind] += amount
    return [
        f"account {account}: {kind}s of {files[account, kind]} in transfers, {chain[account, kind]} on chain"
        for account, kind in sorted(files.keys() | chain.keys())
        if files[account, kind] != chain[account, kind]
    ]
