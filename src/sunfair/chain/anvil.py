"""A node of our own for tests and measurements: Foundry's anvil, found and started, never needed by a market."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sunfair.chain.keys import DEMO_CHAINS
from sunfair.chain.rpc import JsonRpc, Unreachable
from sunfair.errors import ServiceMissing

__all__ = ["Anvil", "find_anvil", "running_anvil"]

_CHECKOUT = Path(__file__).parents[3]
_START_SECONDS = 60.0
_PORTS_FROM, _PORTS = 20_000, 12_000


def find_anvil() -> Path:
    """The anvil binary: env ``ANVIL``, else PATH, else ``node_modules`` of the checkout; ServiceMissing if nowhere."""
    named = os.environ.get("ANVIL")
    if named:
        if not os.access(named, os.X_OK):
            raise ServiceMissing(f"ANVIL names {named}, which is no program: name anvil's binary, or unset ANVIL")
        return Path(named)
    on_path = shutil.which("anvil")
    if on_path:
        return Path(on_path)
    for found in sorted(_CHECKOUT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*")):
        if os.access(found, os.X_OK):
            return found
    raise ServiceMissing(
        "anvil, a local Ethereum node, is not on this machine: run `npm install` in the checkout (Node ≥ 20), or name "
        "its binary in ANVIL"
    )


class Anvil:
    """A running anvil: `url`, its JSON-RPC, and what only a development node does."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.rpc = JsonRpc(self.url)

    def fund(self, address: bytes, wei: int = 10**21) -> None:
        """Give an address ether."""
        self.rpc.call("anvil_setBalance", "0x" + address.hex(), hex(wei))

    def mine(self, blocks: int = 1) -> None:
        """Make empty blocks (or blocks of what waits)."""
        for _ in range(blocks):
            self.rpc.call("evm_mine")

    def automine(self, on: bool) -> None:
        """Whether a transaction gets its block at once."""
        self.rpc.call("evm_setAutomine", on)

    def reorganise(self, depth: int) -> None:
        """Replace the last `depth` blocks by empty ones."""
        self.rpc.call("anvil_reorg", depth, [])

    def set_base_fee(self, wei: int) -> None:
        """The base fee of the next block."""
        self.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def stop(self) -> None:
        """End it."""
        self.rpc.close()
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()


@contextmanager
def running_anvil(
    *,
    chain_id: int = DEMO_CHAINS[0],
    timestamp: int | None = None,
    port: int | None = None,
    hardfork: str = "prague",
    arguments: Sequence[str] = (),
) -> Iterator[Anvil]:
    """Start anvil on a free port of this machine (or `port`), with its genesis dated `timestamp`; ends with the block.

    ServiceMissing if there is none, or it does not start.
    """
    binary = find_anvil()
    chosen = port or _free_port()
    command = [str(binary), "--host", "127.0.0.1", "--port", str(chosen), "--chain-id", str(chain_id)]
    command += ["--hardfork", hardfork, "--accounts", "1", "--quiet", *arguments]
    command += [] if timestamp is None else ["--timestamp", str(timestamp)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    anvil = Anvil(process, chosen)
    try:
        _wait(anvil)
        yield anvil
    finally:
        anvil.stop()
        if process.stderr is not None:
            process.stderr.close()


def _wait(anvil: Anvil) -> None:
    """Until it answers."""
    knock = JsonRpc(anvil.url, timeout=2.0, attempts=1)
    end = time.monotonic() + _START_SECONDS
    while anvil.process.poll() is None and time.monotonic() < end:
        try:
            knock.call("eth_chainId")
        except Unreachable:
            time.sleep(0.02)
        else:
            knock.close()
            return
    anvil.process.kill()
    said = anvil.process.stderr.read().decode(errors="replace").strip() if anvil.process.stderr else ""
    raise ServiceMissing(f"anvil did not start within {_START_SECONDS:g} s: {said[-300:] or 'it said nothing'}")


def _free_port() -> int:
    """A port that nobody listens on, drawn from below those that systems hand out by themselves: until anvil takes it,
    no other program is given the same one.
    """
    while True:
        port = _PORTS_FROM + secrets.randbelow(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
