"""Threads that run use cases off the event loop: a lane each for readers, judging, writers, mail and the identity
provider."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from changeflow.collector import Sweeper
from changeflow.errors import DatabaseBusyError
from changeflow.usecases.stored import NotKeptError, kept_only

T = TypeVar("T")

READERS, JUDGES, WRITERS, MAIL, PROVIDER = 3, 1, 2, 2, 4
"""Threads per lane. They are few because Python runs one at a time, and each further thread makes the others wait."""
LONGEST_WAIT = 10
"""Seconds that a writer waits for its turn before it gets "busy"."""


class Work:
    """Runs use cases off the event loop.

    Readers use programmes that are already loaded. A page whose programme must be judged first moves to its own lane,
    one page at a time: of many that need the same programme, the first judges it and the others find it loaded. SQLite
    allows one writer at a time: writers take turns here, because in the database they would poll. The mail server and
    the identity provider each have a lane, so that a slow mail server does not stop anyone from signing in with the
    provider.
    """

    def __init__(self, *, one_writer: bool) -> None:
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._judges = ThreadPoolExecutor(JUDGES, "judge")
        self.sweeper: Sweeper | None = None
        """Looks for garbage after a programme was judged; None leaves that to Python."""
        self._writers = ThreadPoolExecutor(1 if one_writer else WRITERS, "write")
        self._mail = ThreadPoolExecutor(MAIL, "mail")
        self._provider = ThreadPoolExecutor(PROVIDER, "provider")

    async def mail(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run something that waits for the mail server."""
        return await asyncio.wrap_future(_run(self._mail, lambda: function(*args, **more)))

    async def ask_provider(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run something that waits for the identity provider."""
        return await asyncio.wrap_future(_run(self._provider, lambda: function(*args, **more)))

    async def read(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that only reads."""

        def quickly() -> T:
            with kept_only():
                return function(*args, **more)

        try:
            return await asyncio.wrap_future(_run(self._readers, quickly))
        except NotKeptError:
            return await self.judge(function, *args, **more)

    async def judge(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that reads and may have to judge a programme first."""
        try:
            return await asyncio.wrap_future(_run(self._judges, lambda: function(*args, **more)))
        finally:
            if self.sweeper is not None and self.sweeper.is_due():
                self._judges.submit(self.sweeper.sweep)

    async def write(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that writes."""
        running = _run(self._writers, lambda: function(*args, **more))
        waiting = asyncio.wrap_future(running)
        done, _ = await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        # Wait for a write that has begun: it may be saved, and then "busy" would be wrong.
        if not done and running.cancel():
            raise DatabaseBusyError
        return await waiting


def _run(lane: ThreadPoolExecutor, function: Callable[[], T]) -> "Future[T]":
    """Run a function in a lane, in the caller's context."""

    def run() -> T:
        try:
            return function()
        except StopIteration as error:
            # A future of asyncio does not take it (before Python 3.12), so the request would wait for ever.
            raise RuntimeError("a StopIteration left a use case") from error

    return lane.submit(copy_context().run, run)
