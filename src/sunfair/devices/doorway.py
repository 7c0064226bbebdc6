"""The listening socket of a port that the world can reach: those inside are served first, and nobody stands in the
door for long.
"""

import asyncio
import contextlib
import errno
import os
import socket
import time
import weakref
from typing import Any

__all__ = ["AT_ONCE", "Doorway", "open_doorways"]

AT_ONCE = 2
"""How many are let in between two looks at those inside: a thousand at once then cost a message some milliseconds."""

_WAITING = 2_048
_CROWD, _YIELD_S = 64, 0.0005
_Entry = weakref.ref[socket.socket]


class Doorway(socket.socket):
    """A listening socket that lets at most `most` strangers in who have not shown yet who they are.

    Who knocks when so many stand there pushes the oldest out: who means it is through in milliseconds, so silence is no
    way to keep others from entering, or to use up the files a process may open.
    """

    def __init__(self, family: int, most: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._most = most
        self._strangers: dict[int, _Entry] = {}

    def listen(self, backlog: int = _WAITING, /) -> None:
        """Listen; whatever the event loop lets in at a time, so many may wait in the system's own queue."""
        super().listen(_WAITING)

    def accept(self) -> tuple[socket.socket, Any]:
        """Let one in, as a stranger."""
        if len(self._strangers) > _CROWD:
            # The thread that keeps the book needs the interpreter, too: what is kept is what those inside wait for.
            time.sleep(_YIELD_S)
        visitor, address = super().accept()
        number = visitor.fileno()
        self._strangers.pop(number, None)  # of somebody who has gone, whose number this one has now
        self._strangers[number] = weakref.ref(visitor, lambda entry: self._forget(number, entry))
        while len(self._strangers) > self._most:
            self._push_out()
        return visitor, address

    def knows(self, transport: asyncio.BaseTransport) -> None:
        """Whoever is at the other end of this transport has shown who it is."""
        visitor = transport.get_extra_info("socket")
        if visitor is not None:
            self._strangers.pop(visitor.fileno(), None)

    def _push_out(self) -> None:
        oldest = self._strangers.pop(next(iter(self._strangers)))()
        if oldest is not None and oldest.fileno() >= 0:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)  # its transport then finds the end, and closes

    def _forget(self, number: int, entry: _Entry) -> None:
        if self._strangers.get(number) is entry:
            del self._strangers[number]


async def open_doorways(host: str, port: int, most: int) -> list[Doorway]:
    """A socket for each address of a host, all on one port (0: any free one). OSError if one cannot be had."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    doors: list[Doorway] = []
    try:
        for family, address in dict.fromkeys((each[0], each[4]) for each in found):
            try:
                doors.append(Doorway(family, most))
            except OSError:
                continue  # a resolver may name addresses of a family that this machine does not have
            doors[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                doors[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            same = doors[0].getsockname()[1] if len(doors) > 1 else port
            doors[-1].bind((address[0], same, *address[2:]))
    except OSError:
        for door in doors:
            door.close()
        raise
    if not doors:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    return doors
