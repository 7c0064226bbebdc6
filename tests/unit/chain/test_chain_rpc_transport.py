"""JSON-RPC against a server that misbehaves: whatever comes back, one clear error, and nothing secret in it."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any

import pytest

from sunfair.chain.node import Node, Sent
from sunfair.chain.rpc import JsonRpc, RpcRefused, Unreachable, octets, quantity
from sunfair.errors import InputError, LedgerError, Reverted

Answer = Callable[[dict[str, Any]], bytes | None]


def http(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def result(value: object) -> Answer:
    return lambda question: http(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": value}).encode())


def error(code: int, message: str, data: object = None) -> Answer:
    fault = {"code": code, "message": message, **({} if data is None else {"data": data})}
    return lambda question: http(json.dumps({"jsonrpc": "2.0", "id": question["id"], "error": fault}).encode())


def raw(data: bytes) -> Answer:
    return lambda question: data


class Server:
    """Gives the prepared answers one after the other, the last one for ever; None hangs up without a word."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.questions: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while self._one(connection, stream):
                    pass
            except OSError:
                return

    def _one(self, connection: socket.socket, stream: Any) -> bool:
        lines: list[str] = []
        while (line := stream.readline().decode()) != "\r\n":
            if not line:
                return False
            lines.append(line)
        self.headers.append("".join(lines))
        length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
        question = json.loads(stream.read(length))
        self.questions.append(question)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            return False
        data = answer(question)
        if data is None:
            return True
        connection.sendall(data)
        return True

    def asked(self, count: int) -> int:
        """Questions read so far; waits for `count` of them, for a client that gave up may be ahead of what is read."""
        end = time.monotonic() + 60
        while len(self.questions) < count and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.questions)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listener.close()
        for connection in self._open:
            connection.close()


@contextmanager
def serving(*answers: Answer | None, timeout: float = 60.0) -> Iterator[tuple[Server, JsonRpc]]:
    server = Server(*answers)
    rpc = JsonRpc(f"http://127.0.0.1:{server.port}", timeout=timeout, sleep=lambda seconds: None)
    try:
        yield server, rpc
    finally:
        rpc.close()
        server.close()


def test_one_connection_carries_many_questions() -> None:
    with serving(result("0x1")) as (server, rpc):
        assert [rpc.call("eth_chainId") for _ in range(3)] == ["0x1"] * 3
        assert len(server._open) == 1
        assert [question["id"] for question in server.questions] == [1, 2, 3]


def test_a_line_that_was_closed_while_idle_is_opened_again_at_once() -> None:
    pauses: list[float] = []
    with (
        serving(result("0x1")) as (server, _),
        closing(JsonRpc(f"http://127.0.0.1:{server.port}", sleep=pauses.append)) as rpc,
    ):
        for _ in range(3):
            assert rpc.call("eth_chainId") == "0x1"
            server._open[-1].shutdown(socket.SHUT_RDWR)
    assert pauses == []
    assert len(server.questions) == 3


@pytest.mark.parametrize(
    "broken",
    [
        None,
        raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
        raw(http(b"try later", "503 Service Unavailable")),
        raw(http(b'{"message":"slow down"}', "429 Too Many Requests")),
        error(-32005, "limit exceeded"),
        error(429, "compute units"),
    ],
    ids=["hangs up", "no http", "503", "429", "limit", "units"],
)
def test_what_breaks_on_the_way_is_asked_again(broken: Answer | None) -> None:
    with serving(broken, result("0x7a69")) as (server, rpc):
        assert Node(rpc).chain_id() == 31337
        assert len(server.questions) == 2


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["nothing", "cut off"])
def test_silence_on_the_way_is_asked_again(said: bytes) -> None:
    with serving(raw(said), result("0x7a69"), timeout=1) as (server, rpc):
        assert Node(rpc).chain_id() == 31337
        assert len(server.questions) >= 2  # more, where a busy machine answers late


def test_a_node_that_never_answers() -> None:
    with serving(raw(b""), timeout=0.1) as (server, rpc):
        with pytest.raises(Unreachable, match=r"no answer within 0.1 s; asked 4 times.*Nothing is lost"):
            rpc.call("eth_chainId")
        assert server.asked(4) == 4


def test_a_node_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    rpc = JsonRpc(f"http://127.0.0.1:{port}", sleep=lambda seconds: None)
    with pytest.raises(Unreachable, match=r"eth_blockNumber \(.*refused"):
        rpc.call("eth_blockNumber")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (http(b"<html>Welcome</html>"), "no JSON.*Welcome"),
        (http(b"\xff\xfe\x00"), "no JSON"),
        (http(b""), "no JSON"),
        (http(b"[" * 100_000), "no JSON"),
        (http(b"3"), "no JSON-RPC"),
        (http(b"null"), "no JSON-RPC"),
        (http(b"[]"), "no JSON-RPC"),
        (http(b"{}"), "no JSON-RPC"),
        (http(b'{"jsonrpc":"2.0","id":1,"result":"0x1","error":{"code":1,"message":"x"}}'), "no JSON-RPC"),
        (http(b'{"jsonrpc":"2.0","id":9,"result":"0x1"}'), "the answer to another"),
        (http(b'{"jsonrpc":"2.0","result":"0x1"}'), "the answer to another"),
        (http(b"no key", "401 Unauthorized"), "HTTP status 401 and no JSON.*no key"),
        (http(b'{"message":"no"}', "403 Forbidden"), "HTTP status 403"),
        (http(b"", "301 Moved Permanently", "Location: http://127.0.0.1:1/\r\n"), "HTTP status 301"),
    ],
)
def test_what_is_no_answer(data: bytes, what: str) -> None:
    with serving(raw(data)) as (server, rpc):
        with pytest.raises(LedgerError, match=what):
            rpc.call("eth_chainId")
        assert len(server.questions) == 1


def test_an_error_of_the_node_is_its_own_word() -> None:
    with serving(error(-32601, "Method\nnot  found")) as (_, rpc):
        with pytest.raises(RpcRefused, match=r"refused eth_x: Method not found \(code -32601\)") as refusal:
            rpc.call("eth_x")
        assert refusal.value.code == -32601


def test_an_error_with_http_status_400_is_read_all_the_same() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"nonce too low"}}'
    with serving(raw(http(body, "400 Bad Request"))) as (_, rpc), pytest.raises(RpcRefused, match="nonce too low"):
        rpc.call("eth_sendRawTransaction", "0x")


def test_no_message_shows_the_key_in_the_address() -> None:
    with serving(raw(http(b"no", "401 Unauthorized"))) as (server, _):
        rpc = JsonRpc(f"http://user:s3cret@127.0.0.1:{server.port}/v3/apikey123?k=hunter2")
        with closing(rpc), pytest.raises(LedgerError) as fault:
            rpc.call("eth_chainId")
        for secret in ("user", "s3cret", "apikey123", "hunter2"):
            assert secret not in str(fault.value)
        assert server.headers[0].startswith("POST /v3/apikey123?k=hunter2 HTTP/1.1")
        assert f"Authorization: Basic {base64.b64encode(b'user:s3cret').decode()}" in server.headers[0]


@pytest.mark.parametrize("url", ["", "localhost:8545", "ws://127.0.0.1:8545", "http://", "http://x:99999", "/geth.ipc"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError, match="ETH_RPC_URL"):
        JsonRpc(url)


@pytest.mark.parametrize(
    "value", [None, "", "1", "0x", "0xzz", "0x-1", "0x1_0", " 0x1", -1, True, 1.5, [], {}, "0x" + "f" * 65]
)
def test_what_is_no_quantity(value: object) -> None:
    with pytest.raises(LedgerError, match="the node's height is no number"):
        quantity(value, "height")


@pytest.mark.parametrize("value", [None, "00", "0x0", "0xzz", 0, [], "0x" + "00" * 31, "0x" + "00 " * 32])
def test_what_is_no_hash(value: object) -> None:
    with pytest.raises(LedgerError, match="the node's hash is not 32 bytes"):
        octets(value, "hash", 32)


def test_numbers_and_bytes_are_read() -> None:
    assert quantity("0x7a69", "n") == 31337
    assert quantity(7, "n") == 7
    assert octets("0x00ff", "d") == b"\x00\xff"


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("already known", Sent.TAKEN),
        ("AlreadyKnown", Sent.TAKEN),
        ("Known transaction", Sent.TAKEN),
        ("transaction already imported", Sent.TAKEN),
        ("nonce too low: next nonce 3, tx nonce 2", Sent.NONCE_USED),
        ("OldNonce", Sent.NONCE_USED),
        ("replacement transaction underpriced", Sent.UNDERPRICED),
        ("ReplacementNotAllowed", Sent.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x…", Sent.UNDERPRICED),
        ("FeeTooLow, FeePerGas needs to be higher", Sent.UNDERPRICED),
    ],
)
def test_what_nodes_say_of_a_transaction(message: str, sent: Sent) -> None:
    with serving(error(-32000, message)) as (_, rpc):
        assert Node(rpc).send(b"\x02") is sent


def test_a_refused_transaction_is_an_error() -> None:
    refused = error(-32000, "insufficient funds for gas * price + value")
    with serving(refused) as (_, rpc), pytest.raises(RpcRefused, match="insufficient funds"):
        Node(rpc).send(b"\x02")


REASON = "0x08c379a0" + (32).to_bytes(32).hex() + (2).to_bytes(32).hex() + b"no".ljust(32, b"\0").hex()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(3, "execution reverted: no", REASON), "no"),
        (error(-32015, "VM execution error.", f"Reverted {REASON}"), "no"),
        (error(3, "execution reverted"), ""),
        (error(-32000, "execution reverted"), ""),
    ],
)
def test_a_refusal_by_the_contract(answer: Answer, reason: str) -> None:
    with serving(answer) as (_, rpc), pytest.raises(Reverted) as refusal:
        Node(rpc).estimate(b"\1" * 20, b"\2" * 20, b"")
    assert refusal.value.reason == reason


def test_a_node_without_block_overrides_answers_for_its_own_time() -> None:
    with serving(error(-32602, "too many arguments, want at most 3"), result("0x01")) as (server, rpc):
        node = Node(rpc)
        assert node.call(b"\2" * 20, b"", timestamp=5) == b"\x01"
        assert node.call(b"\2" * 20, b"", timestamp=6) == b"\x01"
        assert [len(question["params"]) for question in server.questions] == [4, 2, 2]


BLOCK = {"number": "0x5", "hash": "0x" + "11" * 32, "timestamp": "0x9", "baseFeePerGas": "0x7"}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"hash": "0x11"}, "block hash is not 32 bytes"),
        ({"timestamp": None}, "timestamp is no number"),
        ({"number": "five"}, "block number is no number"),
        ({"baseFeePerGas": None}, "without EIP-1559"),
    ],
)
def test_blocks_that_are_none(change: dict[str, object], what: str) -> None:
    with serving(result({**BLOCK, **change})) as (_, rpc), pytest.raises(LedgerError, match=what):
        Node(rpc).head()


def test_attack_receipt_of_another_transaction() -> None:
    receipt = {"transactionHash": "0x" + "22" * 32, "blockHash": BLOCK["hash"], "blockNumber": "0x5", "status": "0x1"}
    with serving(result(receipt)) as (_, rpc), pytest.raises(LedgerError, match="no receipt of 0x3333"):
        Node(rpc).receipt(b"\x33" * 32)


def test_receipt_of_an_orphaned_block_is_none() -> None:
    receipt = {"transactionHash": "0x" + "33" * 32, "blockHash": "0x" + "44" * 32, "blockNumber": "0x5", "logs": []}
    with serving(result(receipt), result(BLOCK)) as (_, rpc):
        assert Node(rpc).receipt(b"\x33" * 32) is None


def log(number: int, index: int, address: bytes = b"\x05" * 20) -> dict[str, object]:
    return {
        "address": "0x" + address.hex(),
        "topics": [],
        "data": "0x",
        "blockNumber": hex(number),
        "logIndex": hex(index),
        "transactionHash": "0x" + "33" * 32,
    }


def test_logs_are_asked_for_in_spans_the_node_is_willing_to_answer() -> None:
    asked: list[tuple[int, int]] = []

    def answer(question: dict[str, Any]) -> bytes:
        if question["method"] == "eth_getBlockByNumber":
            return result(BLOCK)(question) or b""
        span = question["params"][0]
        first, last = int(span["fromBlock"], 16), int(span["toBlock"], 16)
        asked.append((first, last))
        if last - first >= 1000:
            return error(-32000, "query exceeds max block range 1000")(question) or b""
        return result([log(last, 1), log(first, 0)])(question) or b""

    with serving(answer) as (_, rpc):
        logs = list(Node(rpc).logs(b"\x05" * 20, [], 10, 3000))
    good = [(first, last) for first, last in asked if last - first < 1000]
    assert good[0][0] == 10
    assert good[-1][1] == 3000
    assert all(last + 1 == first for (_, last), (first, _) in pairwise(good))
    assert [logged.number for logged in logs] == [number for span in good for number in span]


def test_attack_logs_of_another_contract() -> None:
    foreign = result([log(5, 0, b"\x06" * 20)])
    with serving(foreign) as (_, rpc), pytest.raises(LedgerError, match="logs of another contract"):
        list(Node(rpc).logs(b"\x05" * 20, [], 0, 9))


@pytest.mark.parametrize(
    "answer", [None, {}, "0x", [1], [{"removed": True}], [{"blockNumber": "0x1", "logIndex": "0x0"}]]
)
def test_logs_that_are_none(answer: object) -> None:
    with serving(result(answer)) as (_, rpc), pytest.raises(LedgerError):
        list(Node(rpc).logs(b"\x05" * 20, [], 0, 9))
