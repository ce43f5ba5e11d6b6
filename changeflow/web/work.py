"""Where use cases run: in a few threads for reading, and in a queue of their own for writing."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from changeflow.errors import DatabaseBusyError

T = TypeVar("T")

READERS, WRITERS = 6, 4
"""Threads: pages are made by one interpreter, so more of them only get into each other's way."""
LONGEST_WAIT = 10
"""Seconds that a writer waits for its turn before it is told that the database is busy."""


class Work:
    """Runs use cases beside the event loop. Readers never wait behind writers.

    SQLite has one writer at a time: writers that wait here take turns, where in the database they would poll.
    """

    def __init__(self, *, one_writer: bool) -> None:
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._writers = ThreadPoolExecutor(1 if one_writer else WRITERS, "write")

    async def read(self, function: Callable[..., T], *args: object, **more: object) -> T:
        context = copy_context()
        running = self._readers.submit(context.run, lambda: function(*args, **more))
        return await asyncio.wrap_future(running)

    async def write(self, function: Callable[..., T], *args: object, **more: object) -> T:
        context = copy_context()
        running = self._writers.submit(context.run, lambda: function(*args, **more))
        waiting = asyncio.wrap_future(running)
        done, _ = await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        # What has begun is waited for: it may be saved, and then "busy" would be wrong.
        if not done and running.cancel():
            raise DatabaseBusyError
        return await waiting
