"""EnergyMarket: every rule and every refusal, one at a time."""

from pathlib import Path
from typing import Any

import boa
import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from vault_world import (
    BOND,
    CAP,
    COMMUNITY,
    DAY,
    ESCAPE,
    FIRST,
    GATE,
    GUARANTOR,
    HOUR,
    MONEY,
    NO_SLOT,
    NOBODY,
    ROOT,
    SLOT,
    START,
    TAKEOVER,
    WINDOW,
    Street,
    amounts_hash,
    pack,
    refused,
    tariff_bytes,
)

CONTRACTS = Path(__file__).parents[2] / "contracts"
NEVER = 2**40 - 1
AMOUNTS = {0: 10, 1: 4, 2: 1, 3: 90, 4: -100, GUARANTOR: -5}
KEY = b"k" * 20
# The buyer pays 100, and 5 less than its debt.


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_constructor_keeps_what_it_was_given(street: Street) -> None:
    market = street.market
    assert market.token() == street.token.address
    assert market.community() == COMMUNITY
    assert (market.operator(), market.owner_of(GUARANTOR)) == (street.operator, street.guarantor)
    assert market.courts() == tuple(held.address for held in (*street.courts, street.registry))
    assert (market.slot_seconds(), market.gate_seconds(), market.window_seconds()) == (SLOT, GATE, WINDOW)
    assert (market.takeover_seconds(), market.escape_seconds(), market.bond_amount()) == (TAKEOVER, ESCAPE, BOND)
    assert [market.owner_of(account) for account in range(3)] == [street.utility, street.network, street.reserve]
    assert market.utility() == street.utility
    assert street.state == (0, 0, FIRST, FIRST, 0, START, 0, 0, 0, 0)
    assert market.office_of_operator() == (street.operator, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operator": NOBODY}, "market: zero address"),
        ({"guarantor": NOBODY}, "market: zero address"),
        ({"roles": [b"u" * 20, NOBODY, b"r" * 20]}, "market: zero address"),
        ({"courts": [b"c" * 20] * 5}, "market: court without code"),
        ({"slot_seconds": 0}, "market: slots do not fill a day"),
        ({"slot_seconds": 7}, "market: slots do not fill a day"),
        ({"gate": DAY}, "market: gate too early"),
        ({"window": 0}, "market: zero window"),
        ({"takeover": WINDOW + 4 * HOUR}, "market: takeover too short"),
        ({"escape": TAKEOVER + WINDOW + 4 * HOUR}, "market: escape too short"),
        ({"escape": 2**200}, "market: escape too long"),
        ({"bond": 0}, "market: bond out of range"),
        ({"bond": 2**62}, "market: bond out of range"),
    ],
)
def test_constructor_refuses(street: Street, changes: dict[str, Any], reason: str) -> None:
    with refused(reason):
        street.market_on(street.token, **changes)


def test_reserve_is_not_the_operators(street: Street) -> None:
    for owner in (street.operator, street.guarantor):
        with refused("market: reserve is the operator's"):
            street.market_on(street.token, roles=[street.utility, street.network, owner])


def test_shortest_times_are_taken(street: Street) -> None:
    times = {"takeover": WINDOW + 4 * HOUR + 1, "escape": 2 * (WINDOW + 4 * HOUR + 1)}
    assert street.market_on(street.token, **times).escape_seconds() == times["escape"]


@pytest.mark.parametrize("decimals", [0, 5, 7, 18])
def test_attack_18_decimals_token(street: Street, decimals: int) -> None:
    with refused("market: token needs 6 decimals"):
        street.market_on(street.chain.deploy("HostileToken", decimals))


def test_token_must_be_a_token(street: Street) -> None:
    with refused():
        street.market_on(street.intruder)


def test_any_token_of_6_decimals_will_do(street: Street) -> None:
    assert street.market_on(street.euro).token() == street.euro.address


def test_separator_is_the_eip712_domain(street: Street) -> None:
    typed = encode_typed_data(
        {"name": "Sunfair", "version": "1", "chainId": 31337, "verifyingContract": "0x" + street.market.address.hex()},
        {"Nothing": [{"name": "x", "type": "uint256"}]},
        {"x": 1},
    )
    assert street.market.separator() == typed.header


# ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_accounts_are_numbered_in_order(street: Street) -> None:
    market = street.market
    assert market.accounts() == 5
    assert (market.owner_of(3), market.owner_of(4)) == (street.seller, street.buyer)
    assert market.open_accounts([street.seller, street.intruder], [7, 10**9], sender=street.operator) == 5
    opened = [(e.account, e.owner, e.cap_wh, e.from_slot) for e in market.logged("AccountOpened")]
    assert opened == [(5, street.seller, 7, FIRST), (6, street.intruder, 10**9, FIRST)]
    assert market.member(6) == (street.intruder, NOBODY, FIRST, NEVER, 10**9, 0)
    assert market.member(0) == (street.utility, NOBODY, FIRST, NEVER, 0, 0)


@pytest.mark.parametrize(("time", "day"), [(0, 0), (10 * HOUR - 1, 0), (10 * HOUR, 1), (34 * HOUR - 1, 1)])
def test_accounts_begin_with_the_next_utc_day(street: Street, time: int, day: int) -> None:
    street.now = START + time
    street.market.open_accounts([street.intruder], [1], sender=street.operator)
    assert street.market.member(5)[2] == FIRST + 96 * day


def test_open_accounts_refusals(street: Street) -> None:
    market = street.market
    for person in (street.intruder, street.guarantor, street.utility, street.seller):
        with refused("market: not the operator"):
            market.open_accounts([person], [1], sender=person)
    for owners, caps, reason in [
        ([], [], "not one cap per owner"),
        ([street.seller], [], "not one cap per owner"),
        ([street.seller], [1, 2], "not one cap per owner"),
        ([street.seller, NOBODY], [1, 1], "zero address"),
        ([street.seller], [0], "cap out of range"),
        ([street.seller], [10**9 + 1], "cap out of range"),
    ]:
        with refused(f"market: {reason}"):
            market.open_accounts(owners, caps, sender=street.operator)
    assert market.accounts() == 5


def test_accounts_end_at_the_limit(busy: Street) -> None:
    market, room = busy.market, busy.market.MEMBERS_MAX() - 2
    while room:
        many = min(room, market.OPEN_MAX())
        market.open_accounts([busy.seller] * many, [CAP] * many, sender=busy.operator)
        room -= many
    with refused("market: full"):
        market.open_accounts([busy.seller], [CAP], sender=busy.operator)
    assert market.accounts() == 4092 + 3
    last = market.accounts() - 1
    busy.period({last: 7, 4000: 5, 4: -13, 2: 1})
    assert [market.balance_of(account) for account in (last, 4000, last - 1)] == [7, 5, 0]


def test_no_accounts_while_a_settlement_is_pending(busy: Street) -> None:
    settlement = busy.settle()
    with refused("market: settlement pending"):
        busy.market.open_accounts([busy.intruder], [1], sender=busy.operator)
    busy.apply(settlement)
    assert busy.market.open_accounts([busy.intruder], [1], sender=busy.operator) == 5


@pytest.mark.parametrize("view", ["balance_of", "owner_of", "request_of", "member", "share_of"])
def test_unknown_accounts_are_refused(street: Street, view: str) -> None:
    for account in (5, 4094, 4095, 4096, GUARANTOR - 1, GUARANTOR + 1, 2**256 - 1):
        with refused("market: no such account"):
            getattr(street.market, view)(account)


def test_guarantor_has_a_balance_of_its_own(street: Street) -> None:
    assert street.market.GUARANTOR() == GUARANTOR
    street.deposit(GUARANTOR, 9)
    assert street.balances() == {0: 0, 1: 0, 2: 0, 3: 0, 4: 0, GUARANTOR: 9}


def test_reader_is_named_by_the_owner(street: Street) -> None:
    market = street.market
    for person in (street.operator, street.buyer, street.utility):
        with refused("market: not the owner"):
            market.name_reader(3, person, sender=person)
    for reader in (street.intruder, street.buyer, NOBODY):
        market.name_reader(3, reader, sender=street.seller)
        assert market.logged("ReaderNamed")[0].args == {"account": 3, "reader": reader}
        assert market.member(3) == (street.seller, reader, FIRST, NEVER, CAP, 0)


@pytest.mark.parametrize(
    ("hours", "day"), [(0, 0), (10 - 1.25 - 1 / 3600, 0), (10 - 1.25, 1), (9.99, 1), (10, 1), (33, 2)]
)
def test_closing_counts_from_a_day_whose_book_is_still_open(street: Street, hours: float, day: int) -> None:
    """The gate is a quarter of an hour before the slot, and an hour is left to see it."""
    street.now = START + round(hours * HOUR)
    street.market.close_account(3, sender=street.seller)
    assert street.market.member(3)[3] == FIRST + 96 * day
    assert street.market.logged("AccountClosed")[0].args == {"account": 3, "to_slot": FIRST + 96 * day}


def test_close_refusals(street: Street) -> None:
    market = street.market
    with refused("market: not the owner"):
        market.close_account(3, sender=street.operator)
    for account in (0, 1, 2, GUARANTOR):
        with refused("market: not a member"):
            market.close_account(account, sender=street.owners[account])
    market.close_account(3, sender=street.seller)
    with refused("market: already closed"):
        market.close_account(3, sender=street.seller)


def test_closed_account_keeps_its_money_and_its_number(busy: Street) -> None:
    busy.market.close_account(3, sender=busy.seller)
    busy.market.request_withdrawal(3, 2 * MONEY, sender=busy.seller)
    busy.period({3: 50, 4: -50})
    assert busy.market.withdraw(3) == MONEY + 50
    busy.market.open_accounts([busy.intruder], [1], sender=busy.operator)
    assert busy.market.owner_of(3) == busy.seller
    assert busy.market.accounts() == 6


# ── Meters ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_meters_are_dated(street: Street) -> None:
    market = street.market
    market.set_meter(3, KEY, FIRST, 5, 2**63 - 1, sender=street.registry)
    (event,) = market.logged("MeterSet")
    assert event.args == {"account": 3, "key": KEY, "from_slot": FIRST, "import_wh": 5, "export_wh": 2**63 - 1}
    street.now += 2 * DAY
    market.set_meter(3, b"n" * 20, FIRST + 300, 1, 2, sender=street.registry)
    assert market.meter(3, FIRST - 1) == (NOBODY, 0, 0, 0)
    assert market.meter(3, FIRST) == market.meter(3, FIRST + 299) == (KEY, FIRST, 5, 2**63 - 1)
    assert market.meter(3, FIRST + 300) == market.meter(3, 2**250) == (b"n" * 20, FIRST + 300, 1, 2)
    assert market.meter(4, FIRST) == market.meter(99, FIRST) == market.meter(2**200, FIRST) == (NOBODY, 0, 0, 0)
    market.name_reader(3, street.intruder, sender=street.seller)
    assert market.member(3) == (street.seller, street.intruder, FIRST, NEVER, CAP, FIRST + 300)
    assert market.meter(3, FIRST + 300)[0] == b"n" * 20
    market.set_meter(3, b"o" * 20, FIRST + 600, 3, 4, sender=street.registry)
    assert [market.meter(3, FIRST + at)[0] for at in (0, 300, 600)] == [KEY, b"n" * 20, b"o" * 20]


def test_a_meter_that_is_taken_away_measures_no_more_and_has_no_share(street: Street) -> None:
    market = street.market
    market.set_meter(3, KEY, FIRST, 0, 0, sender=street.registry)
    market.set_meter(4, KEY, FIRST, 0, 0, sender=street.registry)
    market.set_meter(4, b"n" * 20, FIRST + 500, 0, 0, sender=street.registry)
    market.set_meter(4, NOBODY, FIRST + 96, 0, 0, sender=street.registry)
    assert market.metered() == 1
    assert market.meter(4, FIRST + 95)[0] == KEY
    assert market.meter(4, FIRST + 96) == market.meter(4, FIRST + 500) == (NOBODY, FIRST + 96, 0, 0)
    market.set_meter(4, NOBODY, FIRST + 96, 0, 0, sender=street.registry)
    assert market.metered() == 1
    market.close_account(3, sender=street.seller)
    assert market.metered() == 0
    market.set_meter(3, NOBODY, FIRST + 96, 0, 0, sender=street.registry)
    market.set_meter(4, KEY, FIRST + 96, 0, 0, sender=street.registry)
    assert market.metered() == 1


def test_meter_refusals(street: Street) -> None:
    market = street.market

    def refuses(why: str, *arguments: Any, sender: bytes = street.registry) -> None:
        with refused(f"market: {why}"):
            market.set_meter(*arguments, sender=sender)

    for person in (street.utility, street.operator, street.seller, street.intruder):
        refuses("not the register", 3, KEY, FIRST, 0, 0, sender=person)
    refuses("no such account", 5, KEY, FIRST, 0, 0)
    refuses("meter not dated ahead", 3, KEY, FIRST - 1, 0, 0)
    for account in (0, 1, 2, GUARANTOR):
        refuses("not a member", account, KEY, FIRST, 0, 0)


def test_meter_not_yet_in_force_is_replaced(street: Street) -> None:
    market = street.market
    market.set_meter(3, KEY, FIRST + 10_000, 0, 0, sender=street.registry)
    market.set_meter(3, b"n" * 20, FIRST, 0, 0, sender=street.registry)
    assert market.meter(3, FIRST + 20_000)[0] == b"n" * 20
    assert market.member(3)[5] == FIRST
    assert market.metered() == 1


def test_attack_meters_without_end() -> None:
    """So many entries that no court could afford to find the right one; a slip corrected at once is no entry.

    What is left of them is room to take the meter away.
    """
    street = Street(escape=80 * DAY)
    for day in range(63):
        street.now = START + day * DAY
        for slip in range(3):
            street.market.set_meter(3, KEY, FIRST + 96 * day, day, slip, sender=street.registry)
    street.now += DAY
    with refused("market: too many meters"):
        street.market.set_meter(3, KEY, FIRST + 96 * 63, 0, 0, sender=street.registry)
    assert street.market.meter(3, FIRST + 96 * 3) == (KEY, FIRST + 96 * 3, 3, 2)
    assert street.market.meter(3, 2**40) == (KEY, FIRST + 96 * 62, 62, 2)
    street.market.set_meter(3, NOBODY, FIRST + 96 * 63, 0, 0, sender=street.registry)
    assert street.market.meter(3, 2**40)[0] == NOBODY


# ── Terms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_terms_are_kept_by_their_hash(street: Street) -> None:
    tariffs = [(320_000, 80_000), (-5, -7), (10**9, -(10**9)), (0, 0)]
    fields = (FIRST, FIRST + 9, 5, 1, 3, 9_000, 700, 300, tariff_bytes(tariffs))
    street.market.set_terms(*fields, sender=street.utility)
    (event,) = street.market.logged("TermsSet")
    assert tuple(event.args.values()) == (0, *fields)
    assert street.market.terms_hash(0) == keccak(encode(["uint256"] * 8 + ["bytes"], fields))
    assert (street.market.terms_count(), street.market.terms_start(0)) == (1, FIRST)
    assert street.market.terms_end() == FIRST + 9


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rule": 16}, "unknown rule"),
        ({"k_num": 3}, "k out of range"),
        ({"k_num": 0, "k_den": 0}, "k out of range"),
        ({"k_den": 2**63}, "k out of range"),
        ({"seller": 5_000, "utility": 4_500}, "shares out of range"),
        ({"seller": 10_001}, "shares out of range"),
        ({"seller": 9_001}, "shares out of range"),
        ({"utility": 2**256 - 8_500}, "shares out of range"),
        ({"network": 10_000}, "shares out of range"),
        ({"tariffs": b""}, "not a pair of tariffs per slot"),
        ({"tariffs": bytes(15)}, "not a pair of tariffs per slot"),
        ({"tariffs": bytes(16 * 97)}, "not a pair of tariffs per slot"),
        ({"tariffs": tariff_bytes([(0, 0), (7, 8)])}, "feed-in above retail"),
        ({"tariffs": tariff_bytes([(-8, -7)])}, "feed-in above retail"),
        ({"tariffs": tariff_bytes([(10**9 + 1, 0)])}, "tariff out of range"),
        ({"tariffs": tariff_bytes([(-(10**9) - 1, -(10**9) - 1)])}, "tariff out of range"),
        ({"tariffs": tariff_bytes([(0, -(10**9) - 1)])}, "feed-in above retail"),
        ({"tariffs": b"\x80" + bytes(15)}, "tariff out of range"),
        ({"tariffs": bytes(8) + b"\x80" + bytes(7)}, "feed-in above retail"),
        ({"last": FIRST - 1}, "last slot out of range"),
        ({"last": FIRST + 401 * 96}, "last slot out of range"),
        ({"first": 2**256 - 1, "last": 2**256 - 1}, "last slot out of range"),
        ({"first": START // SLOT - 1}, "terms of the past"),
    ],
)
def test_terms_refusals(street: Street, changes: dict[str, Any], reason: str) -> None:
    with refused(f"market: {reason}"):
        street.set_terms(**changes)


def test_only_the_utility_sets_terms(street: Street) -> None:
    fields = (FIRST, FIRST, 0, 1, 2, 9_000, 500, 500, tariff_bytes([(2, 1)]))
    for person in (street.operator, street.network, street.intruder):
        with refused("market: not the utility"):
            street.market.set_terms(*fields, sender=person)


def test_terms_follow_one_another_and_never_change(street: Street) -> None:
    street.set_terms(FIRST, FIRST + 300)
    for first in (FIRST, FIRST + 10, FIRST + 300):
        with refused("market: terms already set"):
            street.set_terms(first, FIRST + 400)
    street.set_terms(FIRST + 350, FIRST + 400)
    assert [street.market.terms_start(index) for index in range(2)] == [FIRST, FIRST + 350]


def test_terms_are_set_a_day_ahead(street: Street) -> None:
    street.set_terms(START // SLOT, START // SLOT)  # the very first may begin at once
    with refused("market: terms not a day ahead"):
        street.set_terms(START // SLOT + 95, FIRST + 200)
    street.set_terms(START // SLOT + 96, FIRST + 200)


# ── Deposit and park ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_deposit_pulls_tokens(street: Street) -> None:
    street.deposit(3, 700)
    (event,) = street.market.logged("Deposited")
    assert event.args == {"account": 3, "payer": street.seller, "amount": 700}
    assert street.market.balance_of(3) == street.wallet(street.market.address) == 700


def test_anyone_may_pay_for_another(street: Street) -> None:
    street.fund(street.intruder, 50)
    street.market.deposit(4, 50, sender=street.intruder)
    assert street.balances() == {0: 0, 1: 0, 2: 0, 3: 0, 4: 50, GUARANTOR: 0}


def test_deposit_refusals(street: Street) -> None:
    street.fund(street.seller, 50)
    for account, amount, reason in [
        (3, 0, "market: nothing to deposit"),
        (5, 1, "market: no such account"),
        (3, 51, "erc20: transfer amount exceeds balance"),
        (3, 2**62, "market: too much money"),
        (3, 2**256 - 1, None),
    ]:
        with refused(reason):
            street.market.deposit(account, amount, sender=street.seller)
    street.now = START + HOUR
    with refused("market: door shut"):
        street.market.deposit(3, 50, sender=street.seller)
    street.now = START + ESCAPE
    with refused("market: over"):
        street.market.deposit(3, 50, sender=street.seller)
    assert street.balances()[3] == 0


def test_parked_money_is_credited_at_the_next_open_door(street: Street) -> None:
    street.now = START + HOUR
    street.fund(street.intruder, 70)
    street.market.park(3, 70, 0, sender=street.intruder)
    (event,) = street.market.logged("Parked")
    assert event.args == {"account": 3, "payer": street.intruder, "amount": 70, "not_before": 0}
    assert (street.market.parked_of(3, 0), street.market.balance_of(3)) == (70, 0)
    with refused("market: door shut"):
        street.market.credit_parked(3, 0)
    street.now = START + 2 * HOUR
    assert street.market.credit_parked(3, 0, sender=street.buyer) == 70
    assert street.market.logged("Credited")[0].args == {"account": 3, "amount": 70, "not_before": 0}
    assert (street.market.parked_of(3, 0), street.market.balance_of(3)) == (0, 70)
    with refused("market: nothing parked"):
        street.market.credit_parked(3, 0)


def test_dated_money_waits_for_its_period(busy: Street) -> None:
    busy.fund(busy.seller, 100)
    busy.market.park(3, 100, FIRST + 96, sender=busy.seller)
    busy.anchor()
    busy.wait_for_door(True)
    with refused("market: not due yet"):
        busy.market.credit_parked(3, FIRST + 96)
    busy.period()
    with refused("market: not due yet"):
        busy.market.credit_parked(3, FIRST + 96)
    busy.anchor()
    busy.wait_for_door(True)
    assert busy.market.credit_parked(3, FIRST + 96) == 100


def test_dated_money_can_come_late(busy: Street) -> None:
    busy.fund(busy.seller, 100)
    busy.market.park(3, 100, FIRST, sender=busy.seller)
    busy.period()
    assert busy.market.credit_parked(3, FIRST) == 100


def test_park_refusals(street: Street) -> None:
    street.fund(street.seller, 50)
    street.fund(street.intruder, 50)
    with refused("market: nothing to deposit"):
        street.market.park(3, 0, 0, sender=street.seller)
    with refused("market: no such account"):
        street.market.park(5, 1, 0, sender=street.seller)
    with refused("market: not the owner"):
        street.market.park(3, 1, 1, sender=street.intruder)
    street.now = START + ESCAPE
    with refused("market: over"):
        street.market.park(3, 1, 0, sender=street.seller)


def test_docket_parks_for_an_owner(street: Street) -> None:
    street.fund(street.seller, 50)
    street.token.approve(street.docket, 50, sender=street.seller)
    street.docket.park(street.market, street.token, 3, 50, FIRST, sender=street.seller)
    assert street.market.parked_of(3, FIRST) == 50


# ── Anchor ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_anchor_commits_a_period(busy: Street) -> None:
    anchor = busy.anchor()
    assert anchor == (0, FIRST, 96, FIRST, busy.operator, (FIRST + 96) * SLOT, ROOT)
    assert busy.state[:5] == (1, 0, FIRST + 96, FIRST, FIRST + 96)
    assert busy.market.is_anchor(anchor)
    changes: list[dict[str, Any]] = [
        {"period": 1},
        {"period": 64},
        {"first_slot": FIRST + 1},
        {"slots": 95},
        {"void_to": FIRST + 1},
        {"operator": busy.intruder},
        {"anchored_at": 0},
        {"root": b"\x02" * 32},
        {"first_slot": 2**256 - 1},
        {"slots": 2**256 - 1},
        {"period": 2**256 - 1},
    ]
    assert not any(busy.market.is_anchor(anchor._replace(**change)) for change in changes)


def test_periods_follow_one_another(busy: Street) -> None:
    anchors = [busy.anchor(slots) for slots in (96, 92, 50, 1)]
    assert [(anchor.period, anchor.first_slot - FIRST) for anchor in anchors] == [(0, 0), (1, 96), (2, 188), (3, 238)]
    assert all(map(busy.market.is_anchor, anchors))


def test_anchor_refusals(busy: Street) -> None:
    busy.anchor()
    after = FIRST + 96
    busy.now = (after + 1) * SLOT
    for arguments, reason in [
        ((after, 0, ROOT), "slots out of range"),
        ((after, 4097, ROOT), "slots out of range"),
        ((after - 1, 1, ROOT), "not the next slot"),
        ((after + 1, 1, ROOT), "not the next slot"),
        ((after, 1, bytes(32)), "empty root"),
        ((after, 2, ROOT), "period not over"),
    ]:
        with refused(f"market: {reason}"):
            busy.market.anchor(*arguments, sender=busy.operator)
    with refused("market: not the operator"):
        busy.market.anchor(after, 1, ROOT, sender=busy.intruder)
    busy.market.anchor(after, 1, ROOT, sender=busy.operator)


def test_first_period_begins_where_it_likes(busy: Street) -> None:
    busy.now = (FIRST + 10) * SLOT
    for first in (FIRST - 1, 0, 2**36 - 1, 2**256 - 1):
        with refused("market: not the next slot"):
            busy.market.anchor(first, 1, ROOT, sender=busy.operator)
    busy.market.anchor(FIRST + 4, 3, ROOT, sender=busy.operator)
    assert busy.state[:5] == (1, 0, FIRST + 7, FIRST + 4, FIRST + 7)


def test_nothing_is_anchored_without_terms(street: Street) -> None:
    street.post_bond()
    street.now = (FIRST + 5) * SLOT
    with refused("market: no terms"):
        street.market.anchor(FIRST, 1, ROOT, sender=street.operator)
    street.set_terms(FIRST + 6, FIRST + 9)
    street.now = (FIRST + 7) * SLOT
    with refused("market: no terms"):
        street.market.anchor(FIRST + 5, 1, ROOT, sender=street.operator)
    street.market.anchor(FIRST + 6, 1, ROOT, sender=street.operator)


def test_nothing_is_anchored_without_a_full_bond(street: Street) -> None:
    street.set_terms()
    street.now = (FIRST + 1) * SLOT
    with refused("market: bond not full"):
        street.market.anchor(FIRST, 1, ROOT, sender=street.operator)
    street.post_bond()
    street.market.anchor(FIRST, 1, ROOT, sender=street.operator)


def test_anchor_may_come_in_the_second_its_period_ends(busy: Street) -> None:
    busy.now = (FIRST + 1) * SLOT - 1
    with refused("market: period not over"):
        busy.market.anchor(FIRST, 1, ROOT, sender=busy.operator)
    busy.now += 1
    busy.market.anchor(FIRST, 1, ROOT, sender=busy.operator)


def test_attack_ring_overwritten_before_its_periods_are_applied(busy: Street) -> None:
    anchors = [busy.anchor(1) for _ in range(64)]
    busy.now += SLOT
    with refused("market: too many open periods"):
        busy.market.anchor(FIRST + 64, 1, ROOT, sender=busy.operator)
    assert all(map(busy.market.is_anchor, anchors))
    busy.period(periods=3)
    assert [busy.market.is_anchor(anchor) for anchor in anchors] == [False] * 3 + [True] * 61
    late = [busy.anchor(1, root=b"\x03" * 32) for _ in range(3)]
    assert all(map(busy.market.is_anchor, anchors[3:] + late))
    assert not any(map(busy.market.is_anchor, anchors[:3]))


# ── Settle and apply ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_settle_moves_nothing_yet(busy: Street) -> None:
    settlement = busy.settle(AMOUNTS)
    words = pack(AMOUNTS, 5)
    expected = (0, 1, FIRST, 96, 5, 5, busy.now, busy.operator, ROOT, amounts_hash(words))
    assert settlement == expected
    assert busy.market.pending() == settlement.hash
    assert busy.market.is_pending(settlement)
    assert not busy.market.is_last(settlement)
    assert not busy.market.is_pending(settlement._replace(cover=6))
    assert set(busy.balances().values()) == {MONEY}


def test_apply_writes_the_amounts(busy: Street) -> None:
    settlement = busy.period(AMOUNTS)
    (event,) = busy.market.logged("Applied")
    assert event.args == {"first_period": 0, "settlement": settlement.hash, "lack": 0}
    assert busy.balances() == {account: MONEY + amount for account, amount in AMOUNTS.items()}
    assert busy.state == (1, 1, FIRST + 96, FIRST + 96, 0, busy.now, 0, 0, 1, 1)
    assert busy.market.is_last(settlement)
    assert not busy.market.is_pending(settlement)
    assert busy.market.pending() == bytes(32)


def test_last_and_pending_settlement_stand_side_by_side(busy: Street) -> None:
    first = busy.period(AMOUNTS)
    second = busy.settle({3: 1, 4: -1})
    assert (busy.market.is_last(first), busy.market.is_pending(second)) == (True, True)
    busy.convict()
    assert (busy.market.is_last(first), busy.market.is_pending(second)) == (True, False)
    busy.post_bond()
    busy.now = busy.market.settle_time()
    third = busy.post({3: 2, 4: -2})
    assert (busy.market.is_last(first), busy.market.is_pending(third)) == (True, True)
    busy.apply(third)
    assert (busy.market.is_last(first), busy.market.is_last(third)) == (False, True)


def test_balance_may_fall_to_zero(busy: Street) -> None:
    busy.period({0: MONEY, 4: -MONEY})
    assert busy.balances() == {0: 2 * MONEY, 1: MONEY, 2: MONEY, 3: MONEY, 4: 0, GUARANTOR: MONEY}


def test_one_settlement_may_cover_several_periods(busy: Street) -> None:
    for slots in (10, 20, 30):
        busy.anchor(slots)
    settlement = busy.period(AMOUNTS, periods=2)
    assert settlement[:4] == (0, 2, FIRST, 30)
    assert busy.state[:5] == (3, 2, FIRST + 60, FIRST + 30, FIRST + 60)
    assert busy.period({}, periods=1)[:4] == (2, 1, FIRST + 30, 30)
    assert busy.state[:5] == (3, 3, FIRST + 60, FIRST + 60, 0)


def test_settle_refusals(busy: Street) -> None:
    def refuses(why: str, **changes: Any) -> None:
        with refused(f"market: {why}"):
            busy.post(**({"amounts": AMOUNTS} | changes))

    busy.now = START + HOUR
    refuses("not anchored")
    busy.anchor()
    refuses("door open")
    busy.now = busy.market.settle_time()
    refuses("not the operator", sender=busy.intruder)
    refuses("not anchored", periods=2)
    refuses("not anchored", periods=0)
    refuses("empty root", root=bytes(32))
    words = pack(AMOUNTS, 5)
    refuses("not one amount per account", words=words[:1])
    refuses("not one amount per account", words=[*words, words[1]])
    refuses("not one amount per account", words=[])
    refuses("guarantor does not pay cover", cover=4)
    refuses("guarantor does not pay cover", cover=0)
    refuses("guarantor does not pay cover", amounts={3: -5, GUARANTOR: 5}, cover=5)
    refuses("guarantor does not pay cover", amounts={3: -5, GUARANTOR: 5}, cover=2**256 - 5)
    refuses("guarantor does not pay cover", cover=2**62 + 1)
    settlement = busy.post(AMOUNTS)
    refuses("settlement pending")
    busy.apply(settlement)


def test_settle_needs_a_full_bond(busy: Street) -> None:
    busy.anchor()
    busy.convict()
    busy.now = busy.market.settle_time()
    with refused("market: bond not full"):
        busy.post()
    busy.post_bond()
    busy.post()


def test_apply_refusals(busy: Street) -> None:
    with refused("market: not the pending settlement"):
        busy.market.apply((0, 1, FIRST, 96, 5, 0, 0, busy.operator, ROOT, ROOT), [0, 0])
    settlement = busy.settle(AMOUNTS)
    words = busy.words
    busy.now = settlement.settled_at + WINDOW - 1
    with refused("market: window not over"):
        busy.market.apply(settlement, words)
    busy.now += 1
    for changed in (settlement._replace(settled_at=0), settlement._replace(accounts=6), settlement._replace(periods=2)):
        with refused("market: not the pending settlement"):
            busy.market.apply(changed, words)
    for other in ([], words[1:], [*words, words[0]]):
        with refused("market: not one amount per account"):
            busy.market.apply(settlement, other)
    for other in ([words[1], words[0]], pack({}, 5)):
        with refused("market: not the settled amounts"):
            busy.market.apply(settlement, other)
    busy.market.apply(settlement, words)
    with refused("market: not the pending settlement"):
        busy.market.apply(settlement, words)


def test_apply_waits_for_open_demands(busy: Street) -> None:
    settlement = busy.settle(AMOUNTS)
    busy.docket.set_open(busy.market, settlement.hash, 1)
    busy.now = settlement.settled_at + WINDOW
    with refused("market: demand not answered"):
        busy.apply(settlement)
    busy.docket.set_open(busy.market, settlement.hash, 0)
    busy.apply(settlement)


def test_settle_must_leave_time_to_apply(busy: Street) -> None:
    busy.anchor()
    busy.now = START + ESCAPE - WINDOW
    busy.now = busy.market.settle_time()
    assert busy.now < START + ESCAPE
    with refused("market: too late to settle"):
        busy.post()


@pytest.mark.parametrize("members", [1, 2, 3, 4, 5, 59, 60, 61, 200])
def test_any_number_of_members(members: int) -> None:
    """Words and chunks full and not full."""
    street = Street(members)
    street.set_terms()
    street.post_bond()
    for account in (0, 3 + members - 1):
        street.deposit(account)
    amounts = {account: account for account in range(3, 3 + members)}
    amounts[0] = -sum(amounts.values())
    settlement = street.period(amounts)
    assert settlement.amounts_hash == amounts_hash(street.words)
    last = 3 + members - 1
    expected = {account: account for account in range(3, last)} | {0: MONEY + amounts[0], last: MONEY + last}
    assert {account: street.market.balance_of(account) for account in expected} == expected


def test_words_of_open_accounts_are_never_zero(street: Street) -> None:
    """Bit 63 marks an account, so that writing a balance costs the same whatever it was."""
    first = boa.load_partial(str(CONTRACTS / "EnergyMarket.vy")).compiler_data.storage_layout["storage_layout"]
    slot = first["balances"]["slot"]
    words = [street.chain.evm.storage("0x" + street.market.address.hex(), slot + at) for at in range(3)]
    assert words == [sum(2**63 << (64 * lane) for lane in range(4)), 2**63 + (2**63 << 64), 0]


# ── Withdrawal ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_withdrawal_is_due_once_the_day_after_is_applied(busy: Street) -> None:
    market = busy.market
    busy.anchor()  # what is consumed now belongs to the next period
    market.request_withdrawal(3, 600, sender=busy.seller)
    (event,) = market.logged("WithdrawalRequested")
    assert event.args == {"account": 3, "amount": 600, "slot": FIRST + 196}
    assert market.request_of(3) == (600, FIRST + 196)
    for _ in range(2):
        busy.period()
        assert market.door_open()
        with refused("market: not due yet"):
            market.withdraw(3)
    busy.period()
    assert market.withdraw(3, sender=busy.intruder) == 600
    (event,) = market.logged("Withdrawn")
    assert event.args == {"account": 3, "owner": busy.seller, "amount": 600, "share": 0}
    assert (busy.wallet(busy.seller), market.balance_of(3)) == (600, MONEY - 600)
    with refused("market: nothing requested"):
        market.withdraw(3)


def test_nothing_is_due_before_the_first_apply(busy: Street) -> None:
    """What covers offers of the first day must not leave before its debits."""
    busy.market.request_withdrawal(4, MONEY, sender=busy.buyer)
    with refused("market: not due yet"):
        busy.market.withdraw(4)
    busy.now = (FIRST + 8) * SLOT
    busy.market.anchor(FIRST + 4, 1, ROOT, sender=busy.operator)
    busy.wait_for_door(True)
    with refused("market: not due yet"):
        busy.market.withdraw(4)


def test_withdrawal_pays_at_most_the_balance(busy: Street) -> None:
    busy.market.request_withdrawal(4, 2**256 - 1, sender=busy.buyer)
    busy.period({0: 100, 4: -100})
    assert busy.market.withdraw(4) == MONEY - 100
    assert busy.market.balance_of(4) == 0


def test_guarantor_withdraws_like_everyone(busy: Street) -> None:
    with refused("market: not the owner"):
        busy.market.request_withdrawal(GUARANTOR, 1, sender=busy.operator)
    busy.market.request_withdrawal(GUARANTOR, 40, sender=busy.guarantor)
    with refused("market: not due yet"):
        busy.market.withdraw(GUARANTOR)
    busy.period(AMOUNTS)
    assert busy.market.withdraw(GUARANTOR) == busy.wallet(busy.guarantor) == 40


def test_only_the_owner_requests(busy: Street) -> None:
    for person in (busy.operator, busy.guarantor, busy.utility, busy.buyer, busy.intruder):
        with refused("market: not the owner"):
            busy.market.request_withdrawal(3, 1, sender=person)
    with refused("market: no such account"):
        busy.market.request_withdrawal(5, 1, sender=busy.seller)


def test_new_request_replaces_the_old_and_waits_anew(busy: Street) -> None:
    busy.market.request_withdrawal(3, 600, sender=busy.seller)
    busy.anchor()
    busy.market.request_withdrawal(3, 700, sender=busy.seller)
    busy.period()
    with refused("market: not due yet"):
        busy.market.withdraw(3)
    busy.market.request_withdrawal(3, 0, sender=busy.seller)
    busy.period()
    with refused("market: nothing requested"):
        busy.market.withdraw(3)


def test_withdrawal_needs_the_open_door(busy: Street) -> None:
    busy.market.request_withdrawal(3, 600, sender=busy.seller)
    busy.period()
    busy.now += HOUR
    with refused("market: door shut"):
        busy.market.withdraw(3)
    busy.now += HOUR
    assert busy.market.withdraw(3) == 600


def test_attack_request_used_up_while_the_balance_is_empty(street: Street) -> None:
    street.set_terms()
    street.post_bond()
    street.deposit(3)
    street.market.request_withdrawal(4, 50, sender=street.buyer)
    street.period()
    with refused("market: empty balance"):
        street.market.withdraw(4, sender=street.intruder)
    street.period({3: -80, 4: 80})
    assert street.market.withdraw(4) == 50


# ── The door ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_door_alternates_from_deployment(street: Street) -> None:
    for hour in range(50):
        for second in (0, 1, HOUR - 1):
            street.now = START + hour * HOUR + second
            assert street.market.door_open() == (hour % 2 == 0)


@pytest.mark.parametrize("begin", ["end", "apply", "cancel"])
def test_door_alternates_from_the_latest_beginning(busy: Street, begin: str) -> None:
    if begin == "end":
        busy.anchor(6)
        start = (FIRST + 6) * SLOT
    elif begin == "apply":
        busy.period()
        start = busy.now
    else:
        busy.settle()
        busy.now += 1_234
        busy.convict()
        start = busy.now
    for late, is_open in [(10, True), (HOUR - 1, True), (HOUR, False), (2 * HOUR - 1, False), (2 * HOUR, True)]:
        busy.now = start + late
        assert busy.market.door_open() == is_open


def test_pending_settlement_keeps_the_door_shut(busy: Street) -> None:
    settlement = busy.settle()
    for hour in range(WINDOW // HOUR + 5):
        busy.now = settlement.settled_at + hour * HOUR
        assert not busy.market.door_open()
    busy.apply(settlement)
    assert busy.market.door_open()


def test_settle_time_is_when_settle_is_taken(busy: Street) -> None:
    busy.anchor()
    end = busy.now
    assert busy.market.settle_time() == end + HOUR
    busy.now = end + HOUR - 1
    assert busy.market.settle_time() == end + HOUR
    with refused("market: door open"):
        busy.post()
    busy.now = end + 2 * HOUR
    assert busy.market.settle_time() == end + 3 * HOUR
    busy.now = end + 2 * HOUR - 1
    assert busy.market.settle_time() == busy.now
    busy.post()


# ── Bond and guilt ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_bond_is_posted_in_full(street: Street) -> None:
    market = street.market
    street.fund(street.operator, 3 * BOND)
    for amount in (0, 1, BOND - 1):
        with refused("market: bond not full"):
            market.post_bond(amount, sender=street.operator)
    market.post_bond(BOND, sender=street.operator)
    assert market.logged("BondChanged")[0].args == {"party": street.operator, "amount": BOND}
    market.post_bond(5, sender=street.operator)
    with refused("market: nothing to deposit"):
        market.post_bond(0, sender=street.operator)
    assert (market.bond_of(street.operator), street.state.bonded) == (BOND + 5, 1)


def test_conviction_cancels_slashes_and_voids(busy: Street) -> None:
    settlement = busy.settle(AMOUNTS)
    busy.convict(slot=FIRST + 3)
    events = {event.name: event.args for event in busy.market.logged()}
    assert events == {
        "Cancelled": {"first_period": 0, "settlement": settlement.hash},
        "SlotVoided": {"slot": FIRST + 3},
        "Slashed": {"party": busy.operator, "finder": busy.intruder, "found": BOND // 5, "reserved": BOND - BOND // 5},
        "Convicted": {
            "kind": 7,
            "offender": busy.operator,
            "challenger": busy.intruder,
            "slot": FIRST + 3,
            "slashed": BOND,
        },
    }
    assert (busy.state.pending, busy.state.last_cancel, busy.state.bonded) == (0, busy.now, 0)
    assert busy.market.bond_of(busy.operator) == 0
    assert busy.market.claims(busy.intruder) == BOND // 5
    assert busy.balances()[2] == MONEY + BOND - BOND // 5
    assert [busy.market.void_slot(FIRST + at) for at in range(2, 5)] == [False, True, False]
    assert busy.solvent()


def test_only_courts_convict(busy: Street) -> None:
    for person in (busy.operator, busy.utility, busy.intruder):
        with refused("market: not a court"):
            busy.market.convict(1, busy.operator, person, NO_SLOT, sender=person)
    for court in busy.courts:
        court.convict(busy.market, 1, busy.successor, busy.intruder, NO_SLOT)
        assert busy.market.logged("Convicted")[0].slashed == 0


def test_conviction_when_nothing_is_pending(busy: Street) -> None:
    busy.convict(slot=NO_SLOT)
    assert busy.market.bond_of(busy.operator) == 0
    assert busy.state.last_cancel == 0
    busy.convict(slot=NO_SLOT)
    assert [event.name for event in busy.market.logged()] == ["Convicted"]


def test_found_money_is_claimed_once(busy: Street) -> None:
    busy.convict()
    with refused("market: nothing to claim"):
        busy.market.claim(sender=busy.operator)
    assert busy.market.claim(sender=busy.intruder) == busy.wallet(busy.intruder) == BOND // 5
    assert busy.market.logged("Claimed")[0].args == {"party": busy.intruder, "amount": BOND // 5}
    with refused("market: nothing to claim"):
        busy.market.claim(sender=busy.intruder)


@pytest.mark.parametrize(("slot", "void"), [(FIRST + 95, False), (FIRST + 96, True), (FIRST + 102, True)])
def test_applied_slots_cannot_be_voided(busy: Street, slot: int, void: bool) -> None:
    busy.period()
    busy.convict(slot=slot)
    assert busy.market.void_slot(slot) == void


def test_slots_that_have_not_begun_cannot_be_voided(busy: Street) -> None:
    busy.now = FIRST * SLOT
    busy.convict(slot=FIRST + 1)
    assert not busy.market.void_slot(FIRST + 1)
    busy.now += SLOT
    busy.convict(slot=FIRST + 1)
    assert busy.market.void_slot(FIRST + 1)


def test_void_anchor_is_void_to_its_end(busy: Street) -> None:
    anchors = [busy.anchor(5) for _ in range(3)]
    busy.docket.void_anchor(busy.market, anchors[1], 9, busy.intruder)
    assert busy.market.logged("AnchorVoided")[0].args == {"period": 1, "void_to": FIRST + 10}
    voided = anchors[1]._replace(void_to=FIRST + 10)
    assert [busy.market.is_anchor(a) for a in (anchors[0], anchors[1], anchors[2], voided)] == [True, False, True, True]
    assert (busy.market.bond_of(busy.operator), busy.market.claims(busy.intruder)) == (0, BOND // 5)


def test_void_anchor_refusals(busy: Street) -> None:
    anchor = busy.anchor(5)
    for person in (busy.operator, busy.intruder):
        with refused("market: not a court"):
            busy.market.void_anchor(anchor, 1, busy.intruder, sender=person)
    for court in busy.courts[:3]:
        with refused("market: not a court"):
            court.void_anchor(busy.market, anchor, 1, busy.intruder)
    for other in (anchor._replace(period=1), anchor._replace(root=b"\x05" * 32), anchor._replace(slots=2**256 - 1)):
        with refused("market: not an open anchor"):
            busy.docket.void_anchor(busy.market, other, 1, busy.intruder)
    busy.period()
    with refused("market: not an open anchor"):
        busy.docket.void_anchor(busy.market, anchor, 1, busy.intruder)


# ── Office ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_takeover_of_a_silent_operator(busy: Street) -> None:
    dropped = busy.anchor(10)
    busy.post_bond(busy.successor)
    busy.now = (FIRST + 10) * SLOT + TAKEOVER - 1
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.successor)
    busy.now += 1
    busy.market.take_over(sender=busy.successor)
    void_until = busy.now // SLOT + 1
    assert busy.market.logged("OperatorChanged")[0].args == {
        "operator": busy.successor,
        "predecessor": busy.operator,
        "void_until": void_until,
        "first_period": 0,
        "next_slot": FIRST,
    }
    assert busy.market.office_of_operator() == (busy.successor, void_until, 0)
    assert not busy.market.is_anchor(dropped)
    assert busy.state[:5] == (0, 0, FIRST, FIRST, 0)
    assert busy.market.bond_of(busy.operator) == 0
    assert busy.market.claims(busy.successor) == BOND // 5
    slots = void_until - FIRST
    anchor = busy.anchor(slots + 4, sender=busy.successor)
    assert (anchor.void_to, anchor.operator) == (void_until, busy.successor)
    assert busy.anchor(4, sender=busy.successor).void_to == void_until + 4
    assert busy.solvent()


def test_takeover_after_an_apply_counts_from_it(busy: Street) -> None:
    busy.period()
    busy.post_bond(busy.successor)
    busy.now = busy.state.last_apply + TAKEOVER - 1
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.successor)
    busy.now += 1
    busy.market.take_over(sender=busy.successor)
    # and the successor has as long
    busy.post_bond(busy.intruder)
    void_until = busy.now // SLOT + 1
    busy.now = void_until * SLOT + TAKEOVER - 1
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.intruder)
    busy.now += 1
    busy.market.take_over(sender=busy.intruder)


def test_nobody_is_late_before_anything_is_anchored(busy: Street) -> None:
    busy.post_bond(busy.successor)
    for days in range(1, 7):
        busy.now = START + days * DAY
        with refused("market: operator is in time"):
            busy.market.take_over(sender=busy.successor)


def test_takeover_of_an_operator_short_of_its_bond(busy: Street) -> None:
    busy.anchor()
    busy.post_bond(busy.successor)
    busy.convict()
    busy.now += DAY - 1
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.successor)
    busy.post_bond()
    busy.now += 1
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.successor)
    busy.convict()
    busy.now += DAY
    busy.market.take_over(sender=busy.successor)
    assert busy.market.operator() == busy.successor


def test_takeover_of_an_operator_that_never_posted_its_bond(street: Street) -> None:
    street.post_bond(street.successor)
    street.now = START + DAY - 1
    with refused("market: operator is in time"):
        street.market.take_over(sender=street.successor)
    street.now += 1
    street.market.take_over(sender=street.successor)
    assert (street.market.operator(), street.state.bonded) == (street.successor, 1)


def test_takeover_refusals(busy: Street) -> None:
    busy.anchor()
    for person in (busy.operator, busy.reserve):
        with refused("market: not a candidate"):
            busy.market.take_over(sender=person)
    with refused("market: bond not full"):
        busy.market.take_over(sender=busy.successor)
    busy.post_bond(busy.successor)
    busy.settle()
    with refused("market: settlement pending"):
        busy.market.take_over(sender=busy.successor)
    busy.now = START + ESCAPE
    with refused("market: over"):
        busy.market.take_over(sender=busy.successor)


def test_resignation_takes_effect_after_the_next_day(busy: Street) -> None:
    busy.anchor()
    with refused("market: not the operator"):
        busy.market.resign(sender=busy.intruder)
    busy.now += HOUR
    busy.market.resign(sender=busy.operator)
    last = FIRST + 3 * 96
    assert busy.market.logged("Resigned")[0].args == {"operator": busy.operator, "resign_slot": last}
    assert busy.market.office_of_operator() == (busy.operator, 0, last)
    with refused("market: resigned"):
        busy.market.resign(sender=busy.operator)
    busy.period()
    busy.anchor(2 * 96)
    busy.now = (last + 1) * SLOT
    with refused("market: resigned"):
        busy.market.anchor(last, 1, ROOT, sender=busy.operator)
    busy.post_bond(busy.successor)
    with refused("market: operator is in time"):
        busy.market.take_over(sender=busy.successor)
    busy.period()
    busy.market.take_over(sender=busy.successor)
    assert busy.market.bond_of(busy.operator) == BOND
    assert busy.market.logged("Slashed") == []
    assert busy.state.next_slot == last


def test_bond_comes_back_after_office_and_a_window(busy: Street) -> None:
    busy.market.resign(sender=busy.operator)
    busy.anchor(96)
    with refused("market: still in office"):
        busy.market.withdraw_bond(sender=busy.operator)
    busy.period()
    busy.post_bond(busy.successor)
    busy.market.take_over(sender=busy.successor)
    left = busy.now
    busy.now = left + WINDOW - 1
    with refused("market: window not over"):
        busy.market.withdraw_bond(sender=busy.operator)
    busy.now += 1
    assert busy.market.withdraw_bond(sender=busy.operator) == busy.wallet(busy.operator) == BOND
    with refused("market: no bond"):
        busy.market.withdraw_bond(sender=busy.operator)
    with refused("market: still in office"):
        busy.market.withdraw_bond(sender=busy.successor)


def test_bond_comes_back_though_nobody_takes_over(busy: Street) -> None:
    busy.market.resign(sender=busy.operator)
    busy.period()
    with refused("market: window not over"):
        busy.market.withdraw_bond(sender=busy.operator)
    busy.now += WINDOW
    assert busy.market.withdraw_bond(sender=busy.operator) == BOND
    busy.post_bond(busy.successor)
    busy.market.take_over(sender=busy.successor)


def test_candidate_takes_its_bond_back(street: Street) -> None:
    street.post_bond(street.intruder, BOND + 3)
    assert street.market.withdraw_bond(sender=street.intruder) == BOND + 3


# ── Lack of institutions ──────────────────────────────────────────────────────────────────────────────────────────────


def test_lack_stands_beside_the_bond(busy: Street) -> None:
    amounts = {0: -MONEY - 30, GUARANTOR: -MONEY - 12, 3: 2 * MONEY + 42}
    busy.anchor()
    busy.now = busy.market.settle_time()
    for missing in (42, 1):
        with refused("market: lack not posted beside the bond"):
            busy.post(amounts)
        busy.post_bond(amount=42 - 1 if missing == 42 else 1)
    settlement = busy.post(amounts)
    busy.apply(settlement)
    assert busy.market.logged("Applied")[0].lack == 42
    assert busy.balances() == {0: 0, 1: MONEY, 2: MONEY, 3: 3 * MONEY + 42, 4: MONEY, GUARANTOR: 0}
    assert (busy.market.bond_of(busy.operator), busy.state.bonded) == (BOND, 1)
    assert busy.solvent()


# ── Escape ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_escape_opens_on_time(street: Street) -> None:
    assert street.market.escape_time() == START + ESCAPE
    street.now = START + ESCAPE - 1
    assert not street.market.escaped()
    street.now = START + ESCAPE
    assert street.market.escaped()


def test_apply_starts_the_clock_anew_and_nothing_else_does(busy: Street) -> None:
    busy.settle()
    busy.convict()
    assert busy.market.escape_time() == START + ESCAPE
    busy.post_bond()
    busy.period()
    assert busy.market.escape_time() == busy.now + ESCAPE


def test_after_escape_everything_is_closed_but_the_way_out(busy: Street) -> None:
    busy.anchor()
    settlement = busy.settle()
    busy.market.set_meter(3, KEY, FIRST + 960, 0, 0, sender=busy.registry)
    busy.fund(busy.successor, BOND)
    busy.now = START + ESCAPE
    market = busy.market
    for call, arguments, sender in [
        (market.anchor, (FIRST + 192, 1, ROOT), busy.operator),
        (market.settle, (1, ROOT, 0, pack({}, 5)), busy.operator),
        (market.apply, (settlement, busy.words), busy.operator),
        (market.open_accounts, ([busy.seller], [1]), busy.operator),
        (market.close_account, (3,), busy.seller),
        (market.set_meter, (3, KEY, FIRST + 960, 0, 0), busy.registry),
        (market.deposit, (3, 1), busy.seller),
        (market.park, (3, 1, 0), busy.seller),
        (market.post_bond, (BOND,), busy.successor),
        (market.take_over, (), busy.successor),
        (market.resign, (), busy.operator),
    ]:
        with refused("market: over"):
            call(*arguments, sender=sender)
    with refused("market: over"):
        busy.set_terms(FIRST + 960, FIRST + 961)
    with refused("market: the bond is the members'"):
        market.withdraw_bond(sender=busy.operator)
    for hour, account in enumerate((2, 4, GUARANTOR)):  # whatever the door says
        busy.now = START + ESCAPE + hour * HOUR
        assert market.withdraw(account) == MONEY
    assert market.withdraw(3) == MONEY + BOND
    with refused("market: empty balance"):
        market.withdraw(3)


def test_bond_is_shared_equally_at_the_escape(busy: Street) -> None:
    market = busy.market
    market.open_accounts([busy.intruder, busy.successor, busy.operator], [1, 1, 1], sender=busy.operator)
    for account in (3, 5, 6):
        market.set_meter(account, KEY, FIRST + 96, 0, 0, sender=busy.registry)
    market.close_account(6, sender=busy.successor)
    assert (market.metered(), market.share_of(3), market.share_of(4), market.share_of(6)) == (2, BOND // 2, 0, 0)
    busy.now = START + ESCAPE
    assert market.withdraw(3) == MONEY + BOND // 2
    assert market.logged("Withdrawn")[0].share == BOND // 2
    assert market.withdraw(5) == BOND // 2
    assert market.withdraw(4) == MONEY
    for account in (3, 4, 5, 6, 7):
        with refused("market: empty balance"):
            market.withdraw(account)
    assert busy.wallet(market.address) == sum(busy.balances().values()) + BOND % 2


def test_share_counts_meters_once(street: Street) -> None:
    market = street.market
    market.set_meter(3, KEY, FIRST, 0, 0, sender=street.registry)
    street.now += DAY
    market.set_meter(3, KEY, FIRST + 96, 0, 0, sender=street.registry)
    assert market.metered() == 1
    market.close_account(4, sender=street.buyer)
    market.set_meter(4, KEY, FIRST + 96, 0, 0, sender=street.registry)
    assert market.metered() == 1
    market.close_account(3, sender=street.seller)
    assert market.metered() == 0


def test_bond_without_members_goes_home(street: Street) -> None:
    street.post_bond()
    street.now = START + ESCAPE
    assert street.market.withdraw_bond(sender=street.operator) == BOND


def test_parked_money_leaves_at_the_escape(busy: Street) -> None:
    busy.fund(busy.seller, 100)
    busy.market.park(3, 60, FIRST + 5_000, sender=busy.seller)
    busy.market.park(3, 40, 0, sender=busy.seller)
    busy.now = START + ESCAPE
    assert busy.market.credit_parked(3, FIRST + 5_000) + busy.market.credit_parked(3, 0) == 100
    assert busy.market.withdraw(3) == MONEY + 100


def test_conviction_after_the_escape_changes_nothing(busy: Street) -> None:
    settlement = busy.settle()
    busy.now = START + ESCAPE
    busy.convict(slot=FIRST)
    assert [(event.name, event.args.get("slashed")) for event in busy.market.logged()] == [("Convicted", 0)]
    assert busy.market.bond_of(busy.operator) == BOND
    assert busy.market.is_pending(settlement)
