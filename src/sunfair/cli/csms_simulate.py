"""`sunfair csms simulate`: a charge point with a car and a signing meter, for trying a network without either."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sunfair.chain import keccak, public_key_of, sign_digest
from sunfair.cli.show import print_json, stderr, stdout
from sunfair.devices import NO_LINE, Quirk, SimulatedPoint, Spec
from sunfair.devices.simulator.meter import Mark, Meter
from sunfair.errors import Fault, InputError, ServiceMissing
from sunfair.wiring.csms import LiveClock

__all__ = ["Driven", "run_sample", "run_simulate"]

_TOLD_EVERY = 5.0
"""Seconds between two readings that it tells."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What the simulated car does: its tag (None: only what the central system asks for), and for how long, s."""

    tag: str | None
    seconds: float


def run_sample(point: str, path: Path, *, as_json: bool) -> None:
    """Write a record as this charge point's meter would sign it, and tell the meter's public key."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    marks = [Mark(noon, 0, "B"), Mark(noon + timedelta(hours=1), 1_000, "E")]
    text = Meter(f"M-{point}", _Key(point).sign).record(point, "SAMPLE", marks)
    path.write_text(text + "\n", encoding="utf-8")
    told = {"point": point, "meter_key": _Key(point).public, "sample": str(path)}
    if as_json:
        print_json(told)
    else:
        stdout.print(f"{path} is a record of the meter with the key {told['meter_key']}", markup=False, soft_wrap=True)


def run_simulate(spec: dict[str, Any], quirks: Sequence[str], driven: Driven, *, as_json: bool) -> None:
    """Be a charge point until its car has left, or until Ctrl-C.

    InputError for an unknown quirk; ServiceMissing where no central system takes it.
    """
    names = {quirk.name.lower().replace("_", "-"): quirk for quirk in Quirk}
    faults = [Fault("--quirk", f"is {name!r}", f"one of {', '.join(names)}") for name in quirks if name not in names]
    if faults:
        raise InputError("no charge point does that", faults)
    chosen = frozenset(names[name] for name in quirks)
    point = SimulatedPoint(Spec(**spec, sign=_Key(spec["id"]).sign, quirks=chosen), LiveClock())
    try:
        told = asyncio.run(_driven(point, driven))
    except KeyboardInterrupt:
        stderr.print("stopped")
        return
    except NO_LINE as error:
        what = f"{spec['url']} takes no charge point {spec['id']!r}: {error}"
        raise ServiceMissing(f"{what}; start `sunfair csms`, and see its identity and password") from error
    if as_json:
        print_json(told)
    else:
        words = f"{told['verdict'] or 'told later'}: {told['energy_wh']} Wh, register {told['register_wh']} Wh"
        stdout.print(words, markup=False, soft_wrap=True)


async def _driven(point: SimulatedPoint, driven: Driven) -> dict[str, Any]:
    """Connect, and let the car charge."""
    await point.go_online()
    stderr.print(f"{point.spec.id} is on line by OCPP {point.spec.version}; Ctrl-C ends", markup=False)
    try:
        if driven.tag is None:
            while True:
                await asyncio.sleep(_TOLD_EVERY)
                await point.report()
        begin = point.meter.read(point.now())
        verdict = await point.start(driven.tag)
        end = asyncio.get_running_loop().time() + driven.seconds
        while point.places[1].charge is not None and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, _TOLD_EVERY))
            await point.report()
        await point.unplug()
        register = point.meter.read(point.now())
        return {"verdict": verdict, "energy_wh": register - begin, "register_wh": register}
    finally:
        await point.close()


class _Key:
    """A meter's key that follows from its charge point's identity: for trying only, anybody can sign with it."""

    def __init__(self, point: str) -> None:
        self._secret = keccak(b"sunfair simulated meter " + point.encode())

    def sign(self, digest: bytes) -> bytes:
        """r ‖ s ‖ v of a 32-byte digest."""
        return sign_digest(self._secret, digest)

    @property
    def public(self) -> str:
        """65 bytes, in hex."""
        return public_key_of(self._secret).hex()
