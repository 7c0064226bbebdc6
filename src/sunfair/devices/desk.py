"""Between sockets and the book: messages that arrive together are kept in one transaction, and answered once it is."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sunfair.ports.charge_points import ChargingBook, ChargingStore

__all__ = ["Desk"]

T = TypeVar("T")
Work = Callable[[ChargingBook], Any]

_BATCH = 256
_WAITING = 20_000
_LOG = logging.getLogger("sunfair.csms")


class Desk:
    """Does work on the book in the order it comes in, in one thread, as many pieces to a transaction as are waiting.

    An answer means that what it says is kept. If a piece fails, the transaction is undone and each is done by itself,
    so
    that one broken message harms no other: work must bear to be done again from the start.
    """

    def __init__(self, store: ChargingStore) -> None:
        self._store = store
        self._queue: asyncio.Queue[tuple[Work, asyncio.Future[Any]]] = asyncio.Queue(_WAITING)
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="book")

    async def do(self, work: Callable[[ChargingBook], T]) -> T:
        """What the work returns, once it is kept. ConnectionError once nothing is kept any more."""
        if self._closed:
            raise ConnectionError("the central system is ending")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._queue.put((work, answer))
        return await answer

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                batch = [await self._queue.get()]
                while len(batch) < _BATCH and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                outcomes = await loop.run_in_executor(self._thread, self._keep, [work for work, _ in batch])
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    _tell(answer, outcome)
        finally:
            self._closed = True
            while not self._queue.empty():
                _tell(self._queue.get_nowait()[1], ConnectionError("the central system is ending"))
            self._thread.shutdown()  # what is being kept is kept whole

    def _keep(self, works: list[Work]) -> list[Any]:
        """The works' values, or the exceptions that they ended in."""
        try:
            with self._store.open_book() as book:
                return [work(book) for work in works]
        except Exception as error:
            if len(works) == 1:
                _LOG.exception("a message could not be kept")
                return [error]
            return [outcome for work in works for outcome in self._keep([work])]


def _tell(answer: "asyncio.Future[Any]", outcome: object) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
