"""`watch --rpc`: what is false is told and, with a key and a budget, refuted; whatever fails, it goes on."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from eth_keyfile.keyfile import create_keyfile_json

from sunfair.app.publishing import public_bytes
from sunfair.chain import JsonRpc, MarketLedger, RpcNetwork, SeededKeys, address_of, contract
from sunfair.chain.deployment_file import read_standing
from sunfair.chain.follow import Follower
from sunfair.errors import LedgerError
from sunfair.model import NETWORK
from sunfair.settlement import PeriodRows, PeriodTree
from sunfair.settlement.court import Settlement
from sunfair.wiring.remote_demands import Demands
from sunfair.wiring.remote_purse import WATCHER, Challenger
from sunfair.wiring.remote_watch import Watcher

BUDGET = 1_000_000


def publish(day: Any, *lies: str) -> list[int]:
    """Anchor and lay out the day with these lies in it; their slots."""
    auctions, slots = day.lied(*lies)
    with day.ledger() as ledger:
        day.anchor(ledger, auctions)
        ledger.publish(day.records[0].slot, 24, public_bytes(auctions))
    return slots


def watch(day: Any, *words: str) -> tuple[int, list[str]]:
    code, out, err = day.sunfair("watch", "--rpc", day.node.url, "--deployment", str(day.file), *words)
    assert "Traceback" not in err
    return code, out.splitlines()


def test_a_settled_market_has_nothing_to_watch(public_day: Any) -> None:
    code, out, _ = public_day.whole["watch"]
    assert code == 0
    assert out.splitlines()[-1].startswith("0 open period(s) watched, 0 false")


def test_an_honest_day_is_watched_and_nothing_sent(public_node: Any) -> None:
    publish(public_node)
    code, lines = watch(public_node, "--once", "--demo-keys", "3")
    assert code == 0
    assert lines[-1] == "1 open period(s) watched, 0 false or missing thing(s) stand, 0 of 2000000 gas spent"
    assert any("24 auctions cleared again, 0 void, 0 false things" in line for line in lines)


def test_without_a_key_the_lie_is_told_and_stands(public_node: Any) -> None:
    (slot,) = publish(public_node, "fill")
    code, lines = watch(public_node, "--once")
    assert code == 1
    assert lines[-1].startswith(f"slot {slot} leaf ")
    code, lines = watch(public_node, "--once", "--json")
    told = json.loads(lines[0])
    assert (code, told["holds"], told["watched"], told["gas_spent"]) == (1, False, 1, 0)
    assert {one["slot"] for one in told["standing"]} == {slot}
    with public_node.ledger() as ledger:
        assert ledger.record().convictions == ()


def test_with_a_key_every_lie_is_refuted_once(public_node: Any, tmp_path: Any) -> None:
    slots = publish(public_node, "fill", "price", "no-price")
    code, lines = watch(public_node, "--once", "--demo-keys", "3", "--deployments", str(tmp_path))
    assert code == 0, lines
    with public_node.ledger() as ledger:
        record = ledger.record()
        assert record.void_slots == set(slots)
        assert len(record.convictions) == len(slots)
        assert {one.challenger for one in record.convictions} == {SeededKeys(3).address(WATCHER)}
    assert watch(public_node, "--once", "--demo-keys", "3", "--deployments", str(tmp_path))[0] == 0
    assert len(list((tmp_path / "31337").glob("outbox-*.jsonl"))) == 1


def test_a_used_up_budget_stops_before_it_is_exceeded(public_node: Any, tmp_path: Any) -> None:
    slots = publish(public_node, "price", "no-price", "tariff")
    for budget, convicted in ((50_000, 0), (180_000, None)):
        words = ["--once", "--demo-keys", "3", "--gas-budget", str(budget), "--deployments", str(tmp_path)]
        code, lines = watch(public_node, *words)
        assert code == 1, lines
        assert any("the gas budget is used up" in line and "--gas-budget" in line for line in lines)
        with public_node.ledger() as ledger:
            count = len(ledger.record().convictions)
        assert 0 < count < len(slots) if convicted is None else count == convicted
        spent = int(next(line for line in lines if "gas spent" in line).split(", ")[-1].split(" of ")[0])
        assert spent <= budget


def test_a_keystore_signs(public_node: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = b"\7" * 32
    (tmp_path / "key.json").write_text(json.dumps(create_keyfile_json(key, b"open", kdf="pbkdf2", iterations=10)))
    (tmp_path / "password").write_text("open\n")
    monkeypatch.setenv("ETH_PASSWORD", str(tmp_path / "password"))
    (slot,) = publish(public_node, "price")
    words = ["--once", "--keystore", str(tmp_path / "key.json"), "--deployments", str(tmp_path)]
    node = ["--rpc", public_node.node.url, "--deployment", str(public_node.file)]
    code, out, err = public_node.sunfair("watch", *node, *words)
    assert code == 1
    assert "holds 0 wei" in err
    assert out.splitlines()[-1].startswith(f"slot {slot}: ")
    public_node.node.fund(address_of(key))
    assert watch(public_node, *words)[0] == 0
    with public_node.ledger() as ledger:
        (convicted,) = ledger.record().convictions
    assert (convicted.slot, convicted.challenger) == (slot, address_of(key))


def test_wrong_ways_to_sign_end_with_2(public_node: Any, tmp_path: Any) -> None:
    keystore = tmp_path / "key.json"
    for words, told in [
        (["--keystore", str(keystore)], "is not there"),
        (["--keystore", str(keystore), "--demo-keys", "3"], "both are given"),
    ]:
        node = ["--rpc", public_node.node.url, "--deployment", str(public_node.file)]
        code, out, err = public_node.sunfair("watch", *node, "--once", *words)
        assert (code, out) == (2, "")
        assert told in err


# --- what is withheld ------------------------------------------------------------------------------------------------


def pass_time(day: Any, until: int) -> None:
    day.node.rpc.call("evm_setNextBlockTimestamp", until)
    day.node.mine()


def test_a_withheld_day_is_demanded_and_the_silence_convicted(public_node: Any) -> None:
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())
        made, _, _ = public_node.settle(ledger)
    with watching(public_node, budget=2 * BUDGET) as (watcher, _, told):
        for _ in range(2):
            watcher.look()
        assert sum("the header is withheld: demanded" in line for line in told) == 1
        pass_time(public_node, made.settled_at + 6 * 3600 * 3 // 4)
        watcher.look()
        assert "Docket.convict_silence convicted" in told[-1]
        watcher.look()
        assert "0 auctions cleared again, 24 void" in told[-1]
        assert watcher.standing == []
    assert public_node.sunfair("audit", "--rpc", public_node.node.url, "--deployment", str(public_node.file))[0] == 0
    with public_node.ledger() as ledger:
        record = ledger.record()
        assert record.settlements[-1].cancelled
        assert record.anchors[-1].void_to == public_node.records[-1].slot + 1


def test_a_demand_beyond_the_budget_is_not_made(public_node: Any) -> None:
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())
        public_node.settle(ledger)
    with watching(public_node, budget=300_000) as (watcher, _, told):
        for _ in range(2):
            watcher.look()
        assert sum("not demanded" in line and "--gas-budget" in line for line in told) == 1
        assert watcher._challenger is not None
        assert watcher._challenger.spent == 0


def test_the_networks_false_rows_are_asked_for_and_refuted(public_node: Any) -> None:
    """A tenth of a cent less than the headers give: the answer itself is the evidence."""
    publish(public_node)
    with public_node.ledger() as ledger:
        made, tree, rows = public_node.settle(ledger, "network")
    with watching(public_node, budget=10 * BUDGET) as (watcher, _, told):
        watcher.look()
        assert any("the network's amount is" in line and "demanded" in line for line in told)
        assert [one.demand for one in watcher.standing] == [True]
        with public_node.ledger() as ledger:
            answer_rows(ledger, made, tree, rows)
        watcher.look()
        assert "RowCourt.refute_network_row convicted" in told[-1]
        watcher.look()
        assert watcher.standing == []
    with public_node.ledger() as ledger:
        assert ledger.record().settlements[-1].cancelled


def answer_rows(ledger: MarketLedger, made: Settlement, tree: PeriodTree, rows: PeriodRows) -> None:
    """What the operator shows of the network on demand: all it has stated."""
    proof, money = tree.account_proof(NETWORK), ledger.record().settlements[-1].amounts[NETWORK]
    leaf = b"\x14" + NETWORK.to_bytes(4, "big") + money.to_bytes(8, "big", signed=True) + bytes(16)
    steps = [(node, int(cover[0])) for node, cover in proof.siblings]
    each = b"".join(row.encode() for row in rows.rows(NETWORK))
    others = ledger._deployment.others
    what = others["Docket"], ledger.market, made, NETWORK, 0, (leaf + tree.row_roots[NETWORK], steps), each, []
    data = contract("Witness").abi.call("answer_rows", *what)
    ledger._network.transact(ledger._keys, "operator", others["Witness"], data, timestamp=ledger.now())


# --- what fails on the way -------------------------------------------------------------------------------------------


class Gate:
    """Between a client and a node: passes bytes on, answers nonsense, or nothing, as it is told."""

    def __init__(self, port: int) -> None:
        self._target, self.mode = port, "pass"
        self._listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.client = JsonRpc(url, timeout=60, attempts=2, pause=0.01)
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as node:
            while True:
                ready, _, _ = select.select([client, node], [], [], 5)
                for side in ready:
                    data = side.recv(1 << 20)
                    if not data or self.mode == "hang up":
                        return
                    if self.mode == "nonsense":
                        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwhat")
                        return
                    if self.mode == "silence":
                        continue  # until the client loses its patience and hangs up
                    (node if side is client else client).sendall(data)

    def turn(self, mode: str) -> None:
        """From now on it does this; the client is impatient only where waiting longer brings nothing."""
        if "silence" in (mode, self.mode):
            self.client.close()  # or the open line keeps the patience it was made with
            self.client._timeout = 0.3 if mode == "silence" else 60
        self.mode = mode

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def watching(day: Any, *, budget: int | None = None) -> Iterator[tuple[Watcher, Gate, list[str]]]:
    """A watcher behind a gate; what it tells."""
    gate, told = Gate(int(day.node.url.rsplit(":", 1)[1])), []
    beacon = JsonRpc(day.node.url)
    try:
        with RpcNetwork.connect(gate.client) as network:
            follower = Follower(network, read_standing(day.file).deployment, beacon=beacon)
            challenger = None if budget is None else Challenger(follower, network, SeededKeys(3), budget)
            demands = None if challenger is None else Demands(follower, network, challenger, told.append)
            yield Watcher(follower, told.append, challenger, demands), gate, told
    finally:
        beacon.close()
        gate.client.close()
        gate.close()


@pytest.mark.parametrize("mode", ["hang up", "nonsense", "silence"])
def test_it_goes_on_where_it_stopped(public_node: Any, mode: str) -> None:
    (slot,) = publish(public_node, "fill")
    with watching(public_node, budget=BUDGET) as (watcher, gate, told):
        gate.turn(mode)
        for _ in range(2):
            with pytest.raises(LedgerError):
                watcher.look()
        assert told == []
        gate.turn("pass")
        watcher.look()
        assert watcher.standing == []
        assert sum("convicted" in line for line in told) == 1
        before = list(told)
        gate.turn(mode)
        with pytest.raises(LedgerError):
            watcher.look()
        gate.turn("pass")
        watcher.look()
        assert told == before
    with public_node.ledger() as ledger:
        assert ledger.record().void_slots == {slot}


def test_data_that_comes_after_the_anchor_is_waited_for(public_node: Any) -> None:
    auctions, (slot,) = public_node.lied("price")
    with watching(public_node) as (watcher, _, told), public_node.ledger() as ledger:
        watcher.look()
        assert told == []
        public_node.anchor(ledger, auctions)
        for _ in range(2):
            watcher.look()
        assert len(told) == 1
        assert "nothing was laid out" in told[0]
        assert len(watcher.standing) == 1
        ledger.publish(public_node.records[0].slot, 24, public_bytes(auctions))
        watcher.look()
        assert {one.slot for one in watcher.standing} == {slot}


def test_after_a_reorganisation_all_is_read_anew(public_node: Any) -> None:
    """The lying anchor was on a branch that is gone: on the other one the operator is honest."""
    publish(public_node, "price")
    with watching(public_node) as (watcher, _, told):
        watcher.look()
        assert watcher.standing
        public_node.set_back()
        publish(public_node)
        watcher.look()
        assert watcher.standing == []
        assert sum("reorganised" in line for line in told) == 1
        assert "0 false things" in told[-1]


def test_somebody_else_may_be_faster(public_node: Any) -> None:
    (slot,) = publish(public_node, "fill")
    with watching(public_node) as (slow, _, _), watching(public_node, budget=BUDGET) as (fast, _, _):
        slow.look()
        assert slow.standing
        fast.look()
        slow.look()
        assert slow.standing == []
    with public_node.ledger() as ledger:
        assert ledger.record().void_slots == {slot}


def test_ctrl_c_ends_it_cleanly(public_node: Any, interruptible: None) -> None:
    """Another process; a lie comes while it watches."""
    words = ["watch", "--rpc", public_node.node.url, "--deployment", str(public_node.file), "--poll", "0.2"]
    command = [sys.executable, "-m", "sunfair", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "no key is given" in process.stdout.readline()
            (slot,) = publish(public_node, "price")
            for line in process.stdout:
                if "auctions cleared again" in line:
                    break
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()  # whatever failed: nobody waits for it
    assert process.returncode == 1
    assert "stopped" in err
    assert out.splitlines()[-1].startswith(f"slot {slot}: header: ")
    assert "Traceback" not in err
