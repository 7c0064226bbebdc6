"""`audit --rpc`: the public part rebuilt from the chain alone, and what is false, missing or unreachable of it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sunfair.app.publishing import public_bytes
from sunfair.chain import Way, board, contract
from sunfair.chain.anvil import running_anvil
from sunfair.chain.deployment_file import read_standing
from sunfair.chain.follow import Follower
from sunfair.settlement.public import PublicSlot, decode_public, encode_public


def audit(day: Any, *words: str) -> tuple[int, list[str]]:
    """Exit code and lines of an audit of the node's market."""
    code, out, err = day.sunfair("audit", "--rpc", day.node.url, "--deployment", str(day.file), *words)
    assert "Traceback" not in err
    return code, out.splitlines()


def test_a_settled_day_holds_from_the_chain_alone(public_day: Any) -> None:
    code, out, _ = public_day.whole["file"]
    assert code == 0
    assert out.splitlines()[-1] == "Everything public holds."
    assert "24 auction(s) of 480 rows cleared again" in out
    code, out, _ = public_day.whole["market"]
    told = json.loads(out)
    assert code == 0
    assert told["holds"] is True
    assert told["missing"] == told["false"] == told["convictions"] == []
    due = {"periods": 1, "slots": 24, "rows": 480, "void": 0, "applied": 1, "pending": 0, "cancelled": 0}
    assert told["checked"] == {**due, "shares": 1, "balances": 24, "plants": 0}


def test_a_run_on_a_network_asks_for_a_node(public_day: Any) -> None:
    assert sorted(path.name for path in (public_day.folder / "chain").iterdir()) == ["deployment.json", "network.json"]
    code, out, err = public_day.whole["folder alone"]
    assert (code, out) == (2, "")
    assert "--rpc URL" in err
    code, out, _ = public_day.whole["folder"]
    assert code == 0
    assert "Everything public holds." in out


def test_events_from_too_late_a_block_are_no_market(public_day: Any) -> None:
    code, out, err = public_day.whole["late"]
    assert (code, out) == (2, "")
    assert "--from-block" in err


@pytest.mark.parametrize("way", list(Way))
def test_both_ways_of_publishing_are_read_back(public_node: Any, way: Way) -> None:
    data, first = public_bytes(public_node.honest()), public_node.records[0].slot
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())
        ledger.publish(first, 24, data, way=way)
        assert ledger.published() == [(first, 24, data)]
        network = ledger._network
        follower = Follower(network, read_standing(public_node.file).deployment)
        follower.update()
        assert [laid.way for laid in follower.board.whole] == [way]
        published = follower.published(follower.history.anchors[0])
        assert list(published) == ([data] if way is Way.CALLDATA else [])
        assert ("--beacon" in published.lacks) == (way is Way.BLOB)
    assert audit(public_node)[0] == 0


def test_parts_are_joined_and_a_missing_one_is_named(public_node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of order, by two publishers at once; before the last part is there, it says which one is not."""
    data, first = public_bytes(public_node.honest()), public_node.records[0].slot
    monkeypatch.setattr(board, "PART_BYTES", 10_000)
    pieces = [data[at : at + 10_000] for at in range(0, len(data), 10_000)]
    assert len(pieces) == 3
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())

        def lay(part: int, holder: str, piece: bytes) -> None:
            to, call = ledger._deployment.others["DataBoard"], contract("DataBoard").abi.call
            what = call("publish", ledger.market, first, 24, part, 3, piece)
            ledger._network.transact(ledger._keys, holder, to, what, timestamp=ledger.now())

        for part in (2, 0):
            lay(part, "operator", pieces[part])
            lay(part, "watcher", b"noise")
        code, lines = audit(public_node)
        assert code == 1
        assert lines[-1].startswith(f"slot {first}: ")
        assert "part 1 of 3" in lines[-1]
        lay(1, "watcher", b"noise")
        assert audit(public_node)[0] == 1
        lay(1, "operator", pieces[1])
    assert audit(public_node)[0] == 0


def test_nothing_laid_out_is_missing_not_true(public_node: Any) -> None:
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())
    code, lines = audit(public_node)
    assert code == 1
    assert lines[-1].endswith("is not to be had: nothing was laid out")
    code, out, _ = public_node.sunfair(
        "audit", "--rpc", public_node.node.url, "--deployment", str(public_node.file), "--json"
    )
    told = json.loads(out)
    assert (code, told["holds"], told["false"], len(told["missing"])) == (1, False, [], 1)


def test_a_tampered_publication_is_false_until_the_right_one_is_there(public_node: Any) -> None:
    right, first = public_bytes(public_node.honest()), public_node.records[0].slot
    slots = decode_public(right, slots_max=24)
    rows = slots[9].rows.copy()
    rows[4, 191] ^= 8
    tampered = encode_public([*slots[:9], PublicSlot(slots[9].header, rows), *slots[10:]])
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, public_node.honest())
        ledger.publish(first, 24, tampered, way=Way.CALLDATA)
        code, lines = audit(public_node)
        assert code == 1
        assert lines[-1].startswith(f"slot {first + 9}: the published rows do not lead to the anchored result root")
        ledger.publish(first, 24, right, holder="watcher", way=Way.CALLDATA)
    assert audit(public_node)[0] == 0


def test_an_anchored_lie_is_named_with_its_leaf(public_node: Any) -> None:
    auctions, (price, fill) = public_node.lied("price", "fill")
    first = public_node.records[0].slot
    with public_node.ledger() as ledger:
        public_node.anchor(ledger, auctions)
        ledger.publish(first, 24, public_bytes(auctions))
    code, lines = audit(public_node, "--json")
    told = json.loads(lines[0])["false"]
    assert code == 1
    assert {one["slot"] for one in told} == {price, fill}
    code, lines = audit(public_node)
    honest = np.array([np.frombuffer(row, np.uint8) for row in public_node.honest()[fill - first].rows])
    lied = np.array([np.frombuffer(row, np.uint8) for row in auctions[fill - first].rows])
    changed = {int(at) for at in np.flatnonzero((honest != lied).any(axis=1))}
    assert code == 1
    assert len(changed) == 2
    leaves = {one["leaf"] for one in told if one["slot"] == fill}
    assert changed <= leaves
    last = lines[-1]
    assert last.startswith(f"slot {min(price, fill)}")


class Nonsense:
    """A server that answers everything with the same bytes, or with nothing."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._answer = answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), connection, connection.makefile("rb") as question:
                size = 0  # all of it is read: a line closed with bytes unread takes the answer with it
                while (line := question.readline().lower()) not in (b"\r\n", b""):
                    size = int(line.split(b":")[1]) if line.startswith(b"content-length") else size
                question.read(size)
                connection.sendall(self._answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def nonsense() -> Iterator[Nonsense]:
    server = Nonsense(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    yield server
    server.close()


def test_wrong_input_and_dead_nodes_end_with_2(public_day: Any, nonsense: Nonsense, tmp_path: Path) -> None:
    url, file = public_day.node.url, str(public_day.file)
    standing = read_standing(public_day.file)
    token = "0x" + standing.deployment.token.hex()
    other = tmp_path / "other.json"
    other.write_text(public_day.file.read_text().replace('"chain_id": 31337', '"chain_id": 1'))
    moved = tmp_path / "moved.json"
    moved.write_text(public_day.file.read_text().replace(standing.deployment.market.hex(), "ab" * 20))
    market = "0x" + standing.deployment.market.hex()
    for words, told in [
        ([], "neither is given"),
        (["--market", market], "needs a node"),
        (["--rpc", url], "name one of them"),
        (["--rpc", url, "--market", market, "--deployment", file], "name one of them"),
        (["--rpc", url, "--market", "0x12"], "40 hexadecimal digits"),
        (["--rpc", url, "--market", "0x" + "ab" * 20], "no contract stands there on chain 31337"),
        (["--rpc", url, "--market", token], "answers as no market does"),
        (["--rpc", url, "--deployment", "nowhere.json"], "nowhere.json"),
        (["--rpc", url, "--deployment", str(other)], "on another chain"),
        (["--rpc", url, "--deployment", str(moved)], "was not created by the transaction"),
        (["--rpc", "ftp://node", "--market", market], "http:// or https://"),
        (["--rpc", nonsense.url, "--market", market], "no Ethereum node"),
        ([str(tmp_path), "--rpc", url], "DIR, --rpc"),
    ]:
        code, out, err = public_day.sunfair("audit", *words)
        assert (code, out) == (2, ""), words
        assert told in err, (words, err)
        assert "Traceback" not in err


def test_a_simulation_runs_on_no_other_network(public_day: Any, tmp_path: Path) -> None:
    with running_anvil(chain_id=5) as node:
        code, _, err = public_day.sunfair("demo", "--rpc", node.url, "--out", str(tmp_path / "run"))
    assert code == 2
    assert "is a node of chain 5" in err
    code, _, err = public_day.sunfair("demo", "--rpc", "http://127.0.0.1:9", "--out", str(tmp_path / "run"))
    assert code == 2
    assert "there is no node" in err
    assert list(tmp_path.iterdir()) == []


def test_a_dead_node_is_said_after_a_few_tries(public_day: Any) -> None:
    code, out, err = public_day.sunfair("audit", "--rpc", "http://127.0.0.1:9", "--market", "0x" + "ab" * 20)
    assert (code, out) == (2, "")
    assert "does not answer" in err
