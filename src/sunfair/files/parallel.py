"""Work on the blocks of a long file on all cores, in their order, a few at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

__all__ = ["process_map"]

A = TypeVar("A")
B = TypeVar("B")


@contextmanager
def process_map(work: Callable[[A], B]) -> Iterator[Callable[[Iterable[A]], Iterator[B]]]:
    """A `map` whose work is done by processes, one a core; they end with the context.

    Only a few items are under way at a time, so memory does not grow with their number. Processes are spawned, not
    forked: a fork would share the database's connections.
    """
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:

        def mapped(items: Iterable[A]) -> Iterator[B]:
            waiting: deque[Future[B]] = deque()
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 2 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        yield mapped
