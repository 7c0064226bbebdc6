"""A command from the book → a call to a charge point → what became of it, in the book."""

from typing import Any

from ocpp.exceptions import OCPPError

from sunfair.app.charge_access import may_charge, running_sessions
from sunfair.charging import Verdict
from sunfair.devices.central_1_6 import orders_1_6
from sunfair.devices.central_2 import orders_2
from sunfair.devices.desk import Desk
from sunfair.devices.peer import CallRefused, Payload, Peer
from sunfair.devices.profiles import in_amperes
from sunfair.ports import Clock
from sunfair.ports.charge_points import ChargingBook, Command

__all__ = ["carry_out"]

_ORDERS = {"1.6": orders_1_6(), "2.0.1": orders_2(), "2.1": orders_2()}
_YES = ("Accepted", "Unlocked", "Scheduled", "RebootRequired", "AcceptedCanceled")


async def carry_out(command: Command, peer: Peer | None, desk: Desk, clock: Clock) -> None:
    """Do what a command asks and write down how it ended: done, refused, or failed with a reason."""
    state, answer = await _outcome(command, peer, desk, clock)
    await desk.do(lambda book: book.answer(command.number, state, answer))


async def _outcome(command: Command, peer: Peer | None, desk: Desk, clock: Clock) -> tuple[str, dict[str, Any]]:
    if peer is None:
        return "failed", {"why": "the charge point went off line"}
    order = _ORDERS[peer.version].get(command.kind)
    if order is None:
        return "failed", {"why": f"there is no command {command.kind!r}"}
    if command.kind == "start":
        now = clock.now()
        refusal = await desk.do(lambda book: _refusal(book, command, now))
        if refusal:
            return "refused", {"why": refusal}
    try:
        action, payload = order({**command.arguments, "number": command.number})
        answer = await _call(peer, action, payload)
        if command.arguments.get("else_stop") and str(answer.get("status")) not in _YES:
            action, payload = _ORDERS[peer.version]["stop"](command.arguments)
            answer = await _call(peer, action, payload)
    except CallRefused as error:
        return "failed", {"why": str(error), "code": error.code}
    except (OCPPError, KeyError, ValueError, TypeError) as error:
        return "failed", {"why": f"the command cannot be said in OCPP {peer.version}: {error}"[:300]}
    # GetDiagnostics of 1.6 answers with a file name alone.
    said = str(answer.get("status", "Accepted"))
    return ("done" if said in _YES else "refused"), answer


async def _call(peer: Peer, action: str, payload: Payload) -> Payload:
    answer = await peer.call(action, payload)
    if action == "SetChargingProfile" and answer.get("status") == "Rejected":
        return await peer.call(action, in_amperes(payload))
    return answer


def _refusal(book: ChargingBook, command: Command, now: Any) -> str:
    """Why a RemoteStart must not be sent, empty if it may: charge points have started them on others' reservations."""
    running = running_sessions(book, command.point)
    tag, connector = command.arguments["tag"], command.arguments["connector"]
    admission = may_charge(book, command.point, tag, now, connector=connector, running=running)
    return "" if admission.verdict is Verdict.ACCEPTED else f"{admission.verdict}: {admission.why}"
