"""The market contract's calls retold in Python: who may call what, and what it does.

Read beside `contracts/EnergyMarket.vy`; what its code would refuse fails an assertion here.
"""

from run_bytes import amounts_hash, amounts_of, i8
from run_market import DAY, GUARANTOR, HOUR, NEVER, Anchor, Market, Terms, address

CALLS = {
    "open_accounts": ["address[]", "uint256[]"],
    "close_account": ["uint256"],
    "name_reader": ["uint256", "address"],
    "set_meter": ["uint256", "address", "uint256", "uint256", "uint256"],
    "set_terms": ["uint256"] * 8 + ["bytes"],
    "deposit": ["uint256", "uint256"],
    "deposit_with_permit": ["uint256", "uint256", "uint256", "uint8", "bytes32", "bytes32"],
    "park": ["uint256", "uint256", "uint256"],
    "credit_parked": ["uint256", "uint256"],
    "request_withdrawal": ["uint256", "uint256"],
    "withdraw": ["uint256"],
    "anchor": ["uint256", "uint256", "bytes32"],
    "settle": ["uint256", "bytes32", "uint256", "uint256[]"],
    "apply": ["(" + ",".join(["uint256"] * 7 + ["address", "bytes32", "bytes32"]) + ")", "uint256[]"],
    "post_bond": ["uint256"],
    "withdraw_bond": [],
    "claim": [],
    "take_over": [],
    "resign": [],
}


def call(market: Market, name: str, sender: bytes, now: int, arguments: tuple) -> None:
    """One call of the market; AssertionError with the reason if the contract would refuse it."""
    free = ("withdraw", "credit_parked", "request_withdrawal", "withdraw_bond", "claim", "name_reader")
    assert name in free or not market.over(now), "the market is over"
    if name in ("open_accounts", "anchor", "settle", "resign"):
        assert sender == market.operator, "not the operator"
    if name == "set_meter":
        assert sender == market.courts[4], "not the register"
    if name == "set_terms":
        assert sender == market.owners[0], "not the utility"
    if name in ("close_account", "name_reader", "request_withdrawal"):
        assert sender == market.owner(arguments[0]), "not the owner"
    if name in ("anchor", "settle"):
        assert market.bonded(), "the bond is not full"
    globals()[f"do_{name}"](market, sender, now, *arguments)


def do_open_accounts(market: Market, sender: bytes, now: int, owners: tuple, caps: tuple) -> None:
    """New accounts, numbered on, from the next UTC day."""
    assert market.pending is None, "a settlement is pending"
    assert owners and len(owners) == len(caps), "not one cap per owner"
    for owner, cap in zip(owners, caps, strict=True):
        assert 0 < cap <= 10**9, "cap out of range"
        market.open(address(owner), cap, market.day_after(now))


def do_close_account(market: Market, sender: bytes, now: int, account: int) -> None:
    """A member leaves with a UTC day."""
    assert account >= 3, "not a member"
    assert market.spans[account][1] == NEVER, "already closed"
    to_slot = market.day_after(now + market.numbers["gate"] + HOUR)
    market.spans[account] = (market.spans[account][0], to_slot)


def do_name_reader(market: Market, sender: bytes, now: int, account: int, reader: str) -> None:
    """Who may look."""


def do_set_meter(market: Market, sender: bytes, now: int, account: int, key: str, *facts: int) -> None:
    """A dated meter, without a key the end of one; what would begin no earlier is replaced."""
    assert 3 <= account < len(market.owners), "not a member"
    assert market.day_after(now) <= facts[0] < NEVER, "not dated ahead"
    dated = market.meters.setdefault(account, [])
    if dated and dated[-1][1] >= facts[0]:
        dated.pop()
    dated.append((address(key), *facts))


def do_set_terms(market: Market, sender: bytes, now: int, first: int, last: int, *rest: object) -> None:
    """Rules and tariffs, never changed once set."""
    *rules, tariffs = rest
    assert last >= first, "no slots"
    if market.terms:
        assert first > market.terms[-1].last, "already set"
        assert first * market.slot_seconds >= now + DAY, "not a day ahead"
    else:
        assert first >= now // market.slot_seconds, "terms of the past"
    rule, k_num, k_den, *shares = rules
    assert rule < 16, "unknown rule"
    assert 0 <= k_num <= k_den, "k out of range"
    assert k_den > 0, "k out of range"
    assert sum(shares) == 10_000, "shares out of range"
    assert shares[0] > 5_000, "shares out of range"
    assert tariffs and len(tariffs) % 16 == 0 and len(tariffs) // 16 <= last - first + 1, "not a pair per slot"
    terms = Terms(first, last, tuple(rules), tariffs)
    for at in range(len(tariffs) // 16):
        retail, feed_in = terms.tariff(first + at)
        assert -(10**9) <= feed_in <= retail <= 10**9, "tariff out of range"
        assert i8(retail) + i8(feed_in) == tariffs[16 * at : 16 * at + 16], "tariff out of range"
    market.terms.append(terms)


def do_deposit(market: Market, sender: bytes, now: int, account: int, amount: int) -> None:
    """Money comes in."""
    assert market.door_open(now), "the door is shut"
    assert amount > 0, "no amount"
    market.owner(account)
    market.move(account, "deposit", amount, now)


def do_deposit_with_permit(market: Market, sender: bytes, now: int, account: int, amount: int, *_: object) -> None:
    """The same, with the permission signed."""
    do_deposit(market, sender, now, account, amount)


def do_park(market: Market, sender: bytes, now: int, account: int, amount: int, not_before: int) -> None:
    """Money that waits for an open door."""
    assert not not_before or sender == market.owner(account), "not the owner"
    market.park(account, amount, not_before)


def do_credit_parked(market: Market, sender: bytes, now: int, account: int, not_before: int) -> None:
    """Parked money reaches the balance; dated money takes back a request."""
    amount = market.parked.pop((account, not_before), 0)
    assert amount > 0, "nothing parked"
    if not market.over(now):
        assert market.door_open(now), "the door is shut"
        assert not not_before or max(market.open_end(), market.applied_slot) > not_before, "not due yet"
    market.move(account, "deposit", amount, now)
    if not_before:
        market.requests.pop(account, None)


def do_request_withdrawal(market: Market, sender: bytes, now: int, account: int, amount: int) -> None:
    """A wish for money, that waits for the settlement of the slot 25 hours on."""
    market.requests[account] = (amount, now // market.slot_seconds + 90_000 // market.slot_seconds)


def do_withdraw(market: Market, sender: bytes, now: int, account: int) -> None:
    """Money goes out to the owner; at the escape all of it, and a share of the bond."""
    market.owner(account)
    amount, share = market.balances[account], 0
    if market.over(now):
        share = market.share(account)
        market.shared |= {account} if share else set()
    else:
        asked, slot = market.requests.get(account, (0, 0))
        assert asked > 0, "nothing requested"
        assert market.applied > 0, "not due yet"
        assert market.applied_slot > slot, "not due yet"
        assert market.door_open(now), "the door is shut"
        amount = min(amount, asked)
        market.requests.pop(account)
    assert amount + share > 0, "nothing to pay"
    market.move(account, "withdrawal", -amount, now)


def do_anchor(market: Market, sender: bytes, now: int, first: int, slots: int, root: bytes) -> None:
    """A period's results are committed."""
    assert 0 < slots <= 4096, "no slots"
    assert len(market.anchors) - market.applied < 64, "too many open periods"
    if market.anchors:
        assert first == market.next_slot, "not the next slot"
    else:
        assert first >= market.next_slot, "not the next slot"
        assert market.terms, "no terms"
        assert first >= market.terms[0].first, "no terms"
        market.applied_slot = first
    end = first + slots
    assert root != bytes(32), "an empty root"
    assert end * market.slot_seconds <= now, "the period is not over"
    assert not market.resign_slot or end <= market.resign_slot, "resigned"
    market.anchors.append(Anchor(first, slots, root, max(first, min(market.void_until, end))))
    market.next_slot = end


def do_settle(market: Market, sender: bytes, now: int, periods: int, root: bytes, cover: int, words: tuple) -> None:
    """Amounts of the oldest open periods are posted."""
    assert market.pending is None, "a settlement is pending"
    assert 0 < periods <= len(market.anchors) - market.applied, "not anchored"
    assert not market.hour_open(now), "the door is open"
    assert now + market.numbers["window"] < market.last_apply + market.numbers["escape"], "too late"
    assert root != bytes(32), "an empty root"
    amounts = amounts_of(list(words), len(market.owners))
    assert sum(amounts) == 0, "the amounts do not sum to zero"
    assert amounts[-1] == -cover <= 0, "the guarantor does not pay the cover"
    covered = market.anchors[market.applied : market.applied + periods]
    slots = sum(anchor.slots for anchor in covered)
    assert 0 <= amounts[2] <= 2 * slots * (len(market.owners) - 1), "reserve out of range"
    lack = 0
    for account, amount in zip([*range(len(market.owners)), GUARANTOR], amounts, strict=True):
        short = max(0, -(market.balances[account] + amount))
        assert not short or account in (0, GUARANTOR), f"account {account} is overdrawn"
        lack += short
    assert not lack or market.bonds[sender] >= market.numbers["bond"] + lack, "the lack is not posted"
    entry = {"period": market.applied, "periods": periods, "root": root, "cover": cover, "amounts": amounts}
    entry |= {"applied": False, "slots": slots, "hash": amounts_hash(list(words)), "at": now, "operator": sender}
    entry["before"] = dict(market.balances)
    market.settlements.append(entry)
    market.pending = entry


def do_apply(market: Market, sender: bytes, now: int, settlement: tuple, words: tuple) -> None:
    """The amounts are written to the balances; what guarantor and utility lack is the operator's."""
    entry = market.pending
    assert entry is not None, "nothing is pending"
    period, periods, first, slots, accounts, cover, settled_at, operator, root, digest = settlement
    assert (period, periods, slots, cover) == tuple(entry[k] for k in ("period", "periods", "slots", "cover")), (
        "another"
    )
    assert (first, accounts, settled_at) == (market.applied_slot, len(market.owners), entry["at"]), "another"
    assert (address(operator), root, digest) == (entry["operator"], entry["root"], entry["hash"]), "another"
    assert amounts_hash(list(words)) == digest, "not the settled amounts"
    assert now >= entry["at"] + market.numbers["window"], "the window is not over"
    for account, amount in zip([*range(len(market.owners)), GUARANTOR], entry["amounts"], strict=True):
        market.balances[account] += amount
        lack = max(0, -market.balances[account])
        if lack:
            market.set_bond(entry["operator"], market.bonds[entry["operator"]] - lack, now)
            market.move(account, "lack", lack, now)
    entry["applied"], market.pending, market.last_apply = True, None, now
    market.applied += periods
    market.applied_slot += slots


def do_post_bond(market: Market, sender: bytes, now: int, amount: int) -> None:
    """A bond, full afterwards."""
    assert market.bonds.get(sender, 0) + amount >= market.numbers["bond"], "the bond is not full"
    market.set_bond(sender, market.bonds.get(sender, 0) + amount, now)


def do_withdraw_bond(market: Market, sender: bytes, now: int) -> None:
    """A bond goes back to who is not in office any more."""
    assert market.bonds.get(sender, 0) > 0, "no bond"
    since = market.last_apply if sender == market.operator else market.since.get(sender, 0)
    assert sender != market.operator or market.resigned() or market.over(now), "still in office"
    assert market.over(now) or now >= since + market.numbers["window"], "the window is not over"
    market.set_bond(sender, 0, now)


def do_claim(market: Market, sender: bytes, now: int) -> None:
    """What was owed for finding."""
    assert market.finds.pop(sender, 0) > 0, "nothing to claim"


def do_take_over(market: Market, sender: bytes, now: int) -> None:
    """Another operator; what was anchored and not applied is dropped."""
    before = market.operator
    assert market.pending is None, "a settlement is pending"
    assert sender not in (before, market.owners[2]), "not a candidate"
    assert market.bonds.get(sender, 0) >= market.numbers["bond"], "the bond is not full"
    if not market.resigned():
        start = max(market.last_apply, market.void_until * market.slot_seconds)
        start = max(start, market.open_end() * market.slot_seconds) if not market.applied else start
        late = bool(market.anchors) and now >= start + market.numbers["takeover"]
        short = not market.bonded() and now >= market.since.get(before, 0) + DAY
        assert late or short, "the operator is in time"
        if market.anchors:
            market.slash(before, sender, now)
    del market.anchors[market.applied :]
    market.next_slot, market.void_until, market.resign_slot = market.applied_slot, now // market.slot_seconds + 1, 0
    market.operator, market.since[before] = sender, now
    market.operators.append(sender)


def do_resign(market: Market, sender: bytes, now: int) -> None:
    """The last slot is the last of the next UTC day."""
    assert not market.resign_slot, "resigned"
    market.resign_slot = market.day_after(now + DAY)
