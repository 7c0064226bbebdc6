"""The ledger port on the embedded chain: a community's money through whole periods, saved and read again."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sunfair.chain import (
    DEPLOYMENT_FILE,
    GUARANTOR,
    LOG_FILE,
    EmbeddedChain,
    MarketLedger,
    SeededKeys,
    Transaction,
    chain_lines,
    contract,
    deploy_market,
    find_deployment,
    keccak,
    read_chain,
    read_record,
    replay,
    save_chain,
)
from sunfair.errors import LedgerError, Reverted, RunFilesError
from sunfair.ports import Anchored, ChainRecord, Ledger, Settled, Transfer
from sunfair.settlement.court import Terms

HOUR, SLOT = 3600, 900
START = 1_465_948_800  # midnight, UTC: accounts opened the day before take part from here on
FIRST = START // SLOT
MONEY, CAP = 10_000_000, 11_000
COMMUNITY = keccak(b"street")


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, time: int) -> None:
        self.time = time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


class Market:
    """An embedded market with `members` members, every account paid in."""

    def __init__(self, members: int = 2, seed: int = 7) -> None:
        self.clock = HandClock(START - HOUR // 2)
        self.keys = SeededKeys(seed)
        self.chain = EmbeddedChain()
        self.deployment = deploy_market(self.chain, self.keys, self.clock, COMMUNITY)
        self.ledger = MarketLedger(self.chain, self.deployment, self.keys, self.clock)
        owners = [self.keys.address(str(3 + member)) for member in range(members)]
        tariffs = (320_000).to_bytes(8, "big") + (80_000).to_bytes(8, "big")
        self.ledger.set_terms(Terms(FIRST, FIRST + 3_000, 0, 1, 2, 8_000, 1_200, 800, tariffs))
        if members:
            assert self.ledger.open_accounts(owners, [CAP] * members) == range(3, 3 + members)
        self.ledger.post_bond(self.ledger.bond_of(self.ledger.operator())[1])
        for account in [*range(3 + members), GUARANTOR]:
            self.ledger.deposit(account, MONEY)

    def period(self, amounts: list[int], cover: int = 0, slots: int = 96) -> None:
        record = self.ledger.record().anchors
        first = record[-1].first_slot + record[-1].slots if record else FIRST
        self.clock.time = max(self.clock.time, (first + slots) * SLOT)
        period = self.ledger.anchor(first, slots, keccak(b"root %d" % first)).period
        self.clock.time = self.ledger.next_settle_time()
        settlement = self.ledger.settle(1, keccak(b"period %d" % period), cover, amounts)
        self.clock.time = settlement.settled_at + self.ledger.window_seconds
        self.ledger.apply(settlement, amounts)


AMOUNTS = [100, 40, 3, 857, -995, -5]


def story() -> Market:
    """Two periods, a withdrawal between them, a refused settlement, and a third period that is only anchored."""
    market = Market()
    market.ledger.request_withdrawal(3, 4_000_000)
    market.period(AMOUNTS, cover=5, slots=100)
    assert market.ledger.withdraw(3) == 4_000_000
    with pytest.raises(Reverted, match=r"EnergyMarket\.settle by operator"):
        market.ledger.settle(1, keccak(b"x"), 0, [0] * 6)
    market.period([0, 0, 0, -1, 1, 0], slots=88)
    market.clock.time += 86400
    market.ledger.anchor(FIRST + 188, 4, keccak(b"last"))
    return market


def test_ledger_is_the_port() -> None:
    ledger: Ledger = Market().ledger
    assert ledger.chain_id == 31337
    assert len(ledger.market) == 20


def test_record_says_all_that_happened() -> None:
    market = story()
    record = market.ledger.record()
    address = market.keys.address
    assert record.owners == tuple(address(str(account)) for account in range(5))
    assert (record.operator, record.community, record.slot_seconds) == (address("operator"), COMMUNITY, SLOT)
    assert record.balances == (
        MONEY + 100,
        MONEY + 40,
        MONEY + 3,
        MONEY + 857 - 4_000_000 - 1,
        MONEY - 995 + 1,
    )
    assert record.guarantor_balance == MONEY - 5
    assert record.anchors == (
        Anchored(0, FIRST, 100, keccak(b"root %d" % FIRST), FIRST),
        Anchored(1, FIRST + 100, 88, keccak(b"root %d" % (FIRST + 100)), FIRST + 100),
        Anchored(2, FIRST + 188, 4, keccak(b"last"), FIRST + 188),
    )
    assert record.settlements == (
        Settled(0, 1, keccak(b"period 0"), 5, tuple(AMOUNTS), True),
        Settled(1, 1, keccak(b"period 1"), 0, (0, 0, 0, -1, 1, 0), True),
    )
    opened = START - HOUR // 2
    deposits = [Transfer(account, "deposit", MONEY, opened) for account in [0, 1, 2, 3, 4, GUARANTOR]]
    paid_at = START + 100 * SLOT + HOUR + 6 * HOUR
    assert record.transfers == (*deposits, Transfer(3, "withdrawal", -4_000_000, paid_at))


def test_pending_settlement_is_not_applied() -> None:
    market = Market()
    market.clock.time = (FIRST + 1) * SLOT
    market.ledger.anchor(FIRST, 1, keccak(b"r"))
    assert market.ledger.facts().pending is None
    market.clock.time = market.ledger.next_settle_time()
    settlement = market.ledger.settle(1, keccak(b"p"), 5, AMOUNTS)
    assert settlement.settled_at == market.clock.time
    assert market.ledger.facts().pending == settlement
    assert market.ledger.is_pending(settlement)
    assert not market.ledger.door_open()
    assert [settled.applied for settled in market.ledger.record().settlements] == [False]
    assert set(market.ledger.record().balances) == {MONEY}


def test_money_is_conserved() -> None:
    market = story()
    record = market.ledger.record()
    moved = sum(transfer.amount for transfer in record.transfers)
    assert sum(record.balances) + record.guarantor_balance == moved == 6 * MONEY - 4_000_000


def test_refused_deposit_leaves_nothing_behind() -> None:
    market = Market()
    market.clock.time += HOUR
    height = market.chain.number
    for account, reason in ((3, "market: door shut"), (99, "market: no such account")):
        with pytest.raises(Reverted) as refusal:
            market.ledger.deposit(account, 1)
        assert refusal.value.reason == reason
    assert market.chain.number == height


def test_deposit_uses_what_the_wallet_holds() -> None:
    market = Market()
    market.ledger.request_withdrawal(3, 600)
    market.period([0] * 6, slots=100)
    market.ledger.withdraw(3)
    height = market.chain.number
    market.ledger.deposit(3, 600)
    assert market.chain.number == height + 1  # no new play money: only the deposit itself
    market.ledger.deposit(3, 600)
    assert market.ledger.record().balances[3] == MONEY + 600


def test_blocks_follow_the_clock_and_never_run_back() -> None:
    market = Market()
    market.clock.time += 100
    market.ledger.request_withdrawal(3, 1)
    assert market.ledger.now() == market.chain.timestamp == market.clock.time
    market.clock.time -= 50
    market.ledger.request_withdrawal(3, 2)
    assert market.ledger.now() == market.chain.timestamp == market.clock.time + 50
    market.clock.time += 500
    assert market.ledger.now() == market.clock.time


def test_members_sign_for_themselves() -> None:
    market = Market()
    foreign = MarketLedger(market.chain, market.deployment, SeededKeys(8), market.clock)
    for call in (
        lambda: foreign.request_withdrawal(3, 1),
        lambda: foreign.anchor(FIRST, 1, keccak(b"r")),
        lambda: foreign.open_accounts([b"\x01" * 20], [CAP]),
    ):
        with pytest.raises(Reverted, match=r"not the (owner|operator)"):
            call()


def test_three_hundred_accounts_are_opened_in_batches() -> None:
    market = Market(members=0)
    owners = [market.keys.address(str(3 + member)) for member in range(300)]
    assert market.ledger.open_accounts(owners, [CAP] * 300) == range(3, 303)
    assert market.ledger.open_accounts(owners[:1], [CAP]) == range(303, 304)
    assert market.ledger.record().owners[3:303] == tuple(owners)


def test_nothing_to_settle_is_said() -> None:
    ledger, clock = (market := Market()).ledger, market.clock
    clock.time = ledger.next_settle_time()
    with pytest.raises(Reverted) as refusal:
        ledger.settle(1, keccak(b"p"), 0, [0] * 6)
    assert refusal.value.reason == "market: not anchored"


def test_the_largest_community_fits_into_one_transaction() -> None:
    """4,092 members who never paid in and are all paid by the utility: settle and apply within a block's gas each."""
    market = Market(members=0)
    market.ledger.open_accounts([market.keys.address("3")] * 4_092, [CAP] * 4_092)
    market.period([-4_092 * 7, 0, 0, *[7] * 4_092, 0])
    market.period([0, 4_092, 0, *[-1] * 4_092, 0])
    assert set(market.ledger.record().balances[3:]) == {6}


# ── The folder ────────────────────────────────────────────────────────────────────────────────────────────────────────


def save(market: Market, folder: Path) -> ChainRecord:
    save_chain(market.chain, market.deployment, folder)
    return market.ledger.record()


def test_saved_chain_reads_the_same(tmp_path: Path) -> None:
    record = save(story(), tmp_path / "deep" / "chain")
    assert read_chain(tmp_path / "deep" / "chain") == record


def test_same_run_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(story(), tmp_path / name)
    for file in (LOG_FILE, DEPLOYMENT_FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_seed_is_another_chain(tmp_path: Path) -> None:
    assert list(chain_lines(Market(seed=7).chain)) != list(chain_lines(Market(seed=8).chain))


def test_deployment_is_found_in_the_log() -> None:
    market = story()
    again = replay(chain_lines(market.chain))
    assert find_deployment(again) == market.deployment
    assert read_record(again, market.deployment) == market.ledger.record()


def test_absent_files_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(RunFilesError) as fault:
        read_chain(tmp_path)
    assert len(fault.value.faults) == 2
    assert LOG_FILE in str(fault.value)
    assert DEPLOYMENT_FILE in str(fault.value)


@pytest.mark.parametrize("name", [LOG_FILE, DEPLOYMENT_FILE])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"PAR1"])
def test_files_that_are_no_json(tmp_path: Path, name: str, content: bytes) -> None:
    save(Market(), tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RunFilesError, match=name):
        read_chain(tmp_path)


def edit(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = folder / DEPLOYMENT_FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(operator="0x" + "00" * 20),
        lambda content: content.update(window_seconds=1),
        lambda content: content["contracts"].update(EnergyMarket="0x" + "00" * 20),
        lambda content: content["head"].update(number=3),
        lambda content: content.pop("community"),
        lambda content: content.update(more=1),
        lambda content: content.update(chain_id=1),
    ],
)
def test_attack_deployment_tampered(tmp_path: Path, change: Callable[[dict[str, object]], object]) -> None:
    save(Market(), tmp_path)
    edit(tmp_path, change)
    with pytest.raises(LedgerError, match="does not describe"):
        read_chain(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000])
def test_deployment_that_is_no_description(tmp_path: Path, text: str) -> None:
    save(Market(), tmp_path)
    (tmp_path / DEPLOYMENT_FILE).write_text(text)
    with pytest.raises(LedgerError, match="does not describe"):
        read_chain(tmp_path)


def test_attack_end_of_the_log_cut_off(tmp_path: Path) -> None:
    save(story(), tmp_path)
    lines = (tmp_path / LOG_FILE).read_text().splitlines()
    (tmp_path / LOG_FILE).write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(LedgerError, match="head block"):
        read_chain(tmp_path)


def test_attack_log_line_tampered_in_the_folder(tmp_path: Path) -> None:
    save(story(), tmp_path)
    text = (tmp_path / LOG_FILE).read_text()
    (tmp_path / LOG_FILE).write_text(text.replace('"status":0', '"status":1'))
    with pytest.raises(LedgerError, match=r"log.jsonl, line \d+: the status says 1, but the chain refused it"):
        read_chain(tmp_path)


def test_attack_other_code_behind_the_same_events() -> None:
    """A contract that only claims to be the market proves nothing, whatever it logs."""
    chain, keys = EmbeddedChain(), SeededKeys(7)
    data = contract("EnergyMarket").creation(
        b"\x01" * 20, COMMUNITY, *[b"\x02" * 20] * 2, [b"\x03" * 20] * 3, [b"\x04" * 20] * 5, 900, 300, 1, 1, 99999, 1
    )
    transaction = Transaction(31337, 0, None, b"\x5b" + data)
    chain.include(transaction.raw(keys.sign("operator", transaction.digest())), START)
    with pytest.raises(LedgerError, match="creates 0 markets"):
        find_deployment(chain)


def test_attack_two_markets_in_one_log() -> None:
    market = Market()
    deploy_market(market.chain, market.keys, market.clock, COMMUNITY)
    with pytest.raises(LedgerError, match="creates 2 markets"):
        find_deployment(market.chain)


def test_attack_market_on_a_token_from_elsewhere() -> None:
    """The market is genuine, its token is not the EnergyCredit this version ships."""
    chain, keys, clock = EmbeddedChain(), SeededKeys(7), HandClock(START)

    def create(data: bytes) -> bytes:
        transaction = Transaction(31337, chain.nonce(keys.address("operator")), None, data)
        created = chain.send(transaction.raw(keys.sign("operator", transaction.digest())), clock.time).created
        assert created is not None
        return created

    euro = create(contract("SimulatedEuro").creation())
    people = [b"\x02" * 20] * 2
    times = SLOT, 300, HOUR, 86400, 7 * 86400
    courts = [create(contract(name).creation()) for name in ("AuctionCourt", "RowCourt", "Witness", "DataBoard")]
    courts.append(create(contract("MeterRegistry").creation(b"\x02" * 20)))
    create(contract("EnergyMarket").creation(euro, COMMUNITY, *people, [b"\x03" * 20] * 3, courts, *times, 1))
    with pytest.raises(LedgerError, match="was not created from the EnergyCredit"):
        find_deployment(chain)


def test_record_needs_plain_settle_calls() -> None:
    """Amounts stand in the transaction's data: if they are not those of the event, nothing is made up."""
    market = story()
    selector = contract("EnergyMarket").abi.selector("settle")
    block = next(b for b in market.chain.blocks if b.status and b.transaction.data.startswith(selector))
    other = replace(block, transaction=replace(block.transaction, data=b""))
    market.chain._blocks[block.number - 1] = other
    with pytest.raises(LedgerError, match="was not settled by a plain call"):
        market.ledger.record()
