"""A market on a real node, as its public part leaves it: run once, then set back to just before its day is anchored."""

import io
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sunfair.app import period_rows
from sunfair.chain import MarketLedger, Policy, RpcNetwork, SeededKeys
from sunfair.chain.anvil import Anvil, find_anvil, running_anvil
from sunfair.chain.deployment_file import read_standing
from sunfair.cli import main
from sunfair.errors import ServiceMissing
from sunfair.model import Scenario
from sunfair.ports import SlotRecord
from sunfair.settlement import Header, PeriodRows, PeriodTree, anchor_tree, data_hash, keccak, period_money
from sunfair.settlement.court import Anchor, PublishedAuction, Settlement
from sunfair.simulate import VirtualClock
from sunfair.simulate.lies import LIES, Liar
from sunfair.simulate.operator import Operator
from sunfair.wiring import run_simulation, simulation, span_of
from sunfair.wiring.remote import development_node
from sunfair.wiring.story import Setting

SEED = 3


def sunfair(*words: str) -> tuple[int, str, str]:
    """The command line in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sunfair", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return (code if isinstance(code, int) else int(code is not None)), out.getvalue(), err.getvalue()


@pytest.fixture(scope="session")
def command() -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: a function from words to exit code, stdout, stderr."""
    return sunfair


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started here can be interrupted, though shells have SIGINT ignored in what they start in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Recorder(Operator):
    """An honest operator that has the node remember how it stood before each anchor."""

    def __init__(self, node: Anvil) -> None:
        self._node = node

    def auctions(self, records: Sequence[SlotRecord]) -> list[PublishedAuction | None]:
        self.records = list(records)
        self.snapshot = str(self._node.rpc.call("evm_snapshot"))
        return super().auctions(records)


@dataclass
class PublicNode:
    """The node, the market's deployment file, the run's folder, and what its operator had of the day.

    `whole` is what the command line said while the whole run stood on the node, by the words it was given.
    """

    node: Anvil
    file: Path
    folder: Path
    end: datetime
    records: list[SlotRecord]
    snapshot: str
    whole: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    sunfair = staticmethod(sunfair)

    def set_back(self) -> None:
        """The chain as it was before the day was anchored."""
        assert self.node.rpc.call("evm_revert", self.snapshot) is True
        self.snapshot = str(self.node.rpc.call("evm_snapshot"))

    @contextmanager
    def ledger(self, seed: int = SEED) -> Iterator[MarketLedger]:
        """The market for who holds the keys of a seed; its clock stands after the day."""
        self.node.rpc.close()
        with RpcNetwork.connect(self.node.rpc, policy=Policy(poll=0.02), steered=True) as network:
            deployment = read_standing(self.file).deployment
            self.clock = VirtualClock(self.end)
            yield MarketLedger(network, deployment, SeededKeys(seed), self.clock, beacon=self.node.rpc)

    def honest(self) -> list[PublishedAuction]:
        return [shown for shown in Operator().auctions(self.records) if shown is not None]

    def lied(self, *names: str) -> tuple[list[PublishedAuction], list[int]]:
        """The day's auctions with these lies in them, each in a slot of its own; and the slots."""
        auctions, slots, left = self.honest(), [], list(self.records)
        for name in names:
            liar = Liar(LIES[name])
            at = next(index for index, shown in enumerate(liar.auctions(left)) if left[index].slot == liar.slot)
            shown = Liar(LIES[name]).auctions(left)[at]
            assert shown is not None
            auctions[liar.slot - self.records[0].slot] = careful(shown)
            slots.append(liar.slot)
            left = [record for record in left if record.slot != liar.slot]
        return auctions, slots

    def anchor(self, ledger: MarketLedger, auctions: Sequence[PublishedAuction]) -> Anchor:
        root = anchor_tree([keccak(shown.header) for shown in auctions]).root
        return ledger.anchor(self.records[0].slot, len(auctions), root)

    def settle(self, ledger: MarketLedger, lie: str | None = None) -> tuple[Settlement, PeriodTree, PeriodRows]:
        """Post the day's amounts, when that is allowed; what stands behind them."""
        rows, record = period_rows(self.records), ledger.record()
        money = period_money(np.array(record.balances), rows.paid.sum(axis=0), rows.claimed.sum(axis=0))
        statement = LIES[lie].statement if lie else None
        if statement is not None:
            rows, money = statement(rows, money)
        tree = PeriodTree(rows, money)
        self.clock.advance(datetime.fromtimestamp(ledger.next_settle_time(), UTC))
        amounts = [*money.amounts.tolist(), -money.guarantor]
        return ledger.settle(1, tree.root, money.guarantor, amounts), tree, rows


def careful(shown: PublishedAuction) -> PublishedAuction:
    """The lie of somebody who also writes the right hash of the data."""
    rows = np.frombuffer(b"".join(shown.rows), np.uint8).reshape(-1, 200)
    return replace(
        shown, header=replace(Header.decode(shown.header), data_hash=data_hash(rows, shown.envelope_root)).preimage()
    )


@pytest.fixture(scope="session")
def anvil_there(missing: Callable[[str], None]) -> None:
    """Skips (or fails, SUNFAIR_REQUIRE_ALL=1) without anvil."""
    try:
        find_anvil()
    except ServiceMissing as absent:
        missing(f"anvil ({absent})")


@pytest.fixture(scope="session")
def public_day(
    anvil_there: None, made_street: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PublicNode]:
    """A day of twenty homes, settled on a node that was started today: its time is set back to the day's."""
    scenario, place = made_street(20, minutes=60), tmp_path_factory.mktemp("public")
    span = span_of(scenario, "2016-06-09", 1)
    quiet = {"progress": lambda done: None, "stopped": lambda: False}
    with running_anvil() as node:
        operator = _Recorder(node)
        with development_node(node.url, place / "deployments") as stands, pytest.MonkeyPatch.context() as patch:
            patch.setattr(simulation, "setting_of", lambda *_: Setting(operator, lambda readings: readings, ()))
            result = run_simulation(scenario, span, place / "run", seed=SEED, **quiet, place=stands)
            assert result.whole
            file = stands.file
        assert file is not None
        end = scenario.community.clock.end(span.end_slot - 1) + timedelta(minutes=1)
        day = PublicNode(node, file, result.folder, end, operator.records, operator.snapshot)
        market = "0x" + read_standing(file).deployment.market.hex()
        for name, words in {
            "file": ["audit", "--rpc", node.url, "--deployment", str(file)],
            "market": ["audit", "--rpc", node.url, "--market", market, "--json"],
            "folder": ["audit", str(result.folder), "--rpc", node.url],
            "folder alone": ["audit", str(result.folder)],
            "watch": ["watch", "--rpc", node.url, "--market", market, "--once"],
            "late": ["audit", "--rpc", node.url, "--market", market, "--from-block", "60"],
        }.items():
            day.whole[name] = sunfair(*words)
        yield day


@pytest.fixture
def public_node(public_day: PublicNode) -> PublicNode:
    """The same node, set back to just before the day is anchored."""
    public_day.set_back()
    return public_day
