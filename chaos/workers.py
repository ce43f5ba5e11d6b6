"""Workers that can be killed. They are forked from this process, which has no connections, so that they start fast."""

import itertools
import os
import random
import signal
import smtplib
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from changeflow.delivery.channels import FileChannel, Receipt, SmtpChannel
from changeflow.delivery.message import Message
from changeflow.errors import ChangeflowError
from changeflow.storage.database import engine_for
from changeflow.usecases import dispatch, ticks
from chaos import world
from chaos.checks import state_of
from chaos.postroom import FORK
from tests.engines import share_statements
from tests.waiting import PATIENCE, PAUSE

STALE = dispatch.LEASE + timedelta(seconds=1)
PACE = 0.01
"""Seconds between two rounds of an endless worker."""
Made = TypeVar("Made")


class Clock:
    """A clock that all workers share and that can be advanced. It runs in real time, or does not run."""

    def __init__(self, *, runs: bool = True) -> None:
        # Without a lock, because a killed worker would never release it.
        self._shift, self._runs = FORK.RawValue("d", 0.0), runs

    def set(self, moment: datetime) -> None:
        self._shift.value = moment.timestamp() - self._real()

    def advance(self, by: timedelta) -> None:
        self._shift.value += by.total_seconds()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._real() + self._shift.value, UTC)

    def _real(self) -> float:
        return time.monotonic() if self._runs else 0.0


class Progress:
    """The progress of each worker. Each writes only its own element, so that no lock is needed."""

    def __init__(self, workers: int) -> None:
        self._tried, self._rounds = FORK.RawArray("l", workers), FORK.RawArray("l", workers)

    @property
    def tried(self) -> Sequence[int]:
        """The messages that each worker has sent, or failed to send."""
        return list(self._tried)

    @property
    def rounds(self) -> Sequence[int]:
        """The rounds that each worker has completed: it reached the end of the outbox, or the database was down."""
        return list(self._rounds)

    def note_try(self, worker: int) -> None:
        self._tried[worker] += 1

    def note_round(self, worker: int) -> None:
        self._rounds[worker] += 1


def warm_up() -> None:
    """Prepare in this process what every worker needs first: imports, templates, rulepacks, statements."""
    share_statements(pytest.MonkeyPatch())
    with tempfile.TemporaryDirectory() as folder:
        db = f"sqlite:///{folder}/warm.db"
        world.store(db, Path(folder) / "warm", people=2, tasks=1)
        for day in world.working_days(3):
            world.tick(db, day)
            dispatch.dispatch(db=db, now=world.morning(day), channel=FileChannel(Path(folder) / "out"))
        state_of(db)
        engine_for(db).dispose()
    engine_for.cache_clear()


def start(work: Callable[..., object], *args: object) -> BaseProcess:
    """Fork a worker."""
    process = FORK.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> bool:
    """Kill a worker with SIGKILL; tell whether it was still running."""
    was_alive = process.is_alive()
    with suppress(ProcessLookupError):
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    return was_alive


def ask(work: Callable[..., Made], *args: object) -> Made:
    """Run a function in a worker and return its result, so that its connections end with the worker."""
    receiver, sender = FORK.Pipe(duplex=False)
    name = getattr(work, "__name__", work)

    def answer() -> None:
        receiver.close()
        sender.send(work(*args))

    process = start(answer)
    sender.close()
    try:
        # Read before the worker ends: an answer longer than the pipe's buffer would block it.
        found: Made = receiver.recv() if receiver.poll(PATIENCE) else _hung(process, name)
    except EOFError:
        process.join(PATIENCE)
        raise AssertionError(f"{name} failed with {process.exitcode}") from None
    finally:
        receiver.close()
    ends(process, str(name))
    return found


def ends(process: BaseProcess, name: str) -> int:
    """Wait for a worker to end; return its exit code."""
    process.join(PATIENCE)
    if process.exitcode is None:
        _hung(process, name)
    return process.exitcode or 0


def _hung(process: BaseProcess, name: object) -> NoReturn:
    kill(process)
    raise AssertionError(f"{name} did not end within {PATIENCE:g} seconds")


def died(workers: Sequence[BaseProcess]) -> str:
    """Return how an endless worker ended, or an empty text while all are running."""
    codes = [w.exitcode for w in workers if not w.is_alive()]
    return f"a worker ended with {codes[0]}" if codes else ""


def keep_ticking(db: str, clock: Clock) -> None:
    while True:
        with suppress(ChangeflowError):
            ticks.tick(db=db, now=clock.now())
        time.sleep(PACE)


def keep_dispatching(
    db: str, port: int, clock: Clock, timeout: float, progress: Progress | None = None, worker: int = 0
) -> None:
    while True:
        with suppress(ChangeflowError):
            dispatch_once(db, port, clock, timeout, progress, worker)
        if progress is not None:
            progress.note_round(worker)
        time.sleep(PACE)


def dispatch_once(
    db: str, port: int, clock: Clock, timeout: float = PATIENCE, progress: Progress | None = None, worker: int = 0
) -> int:
    channel = _Counted(f"smtp://127.0.0.1:{port}", timeout, progress, worker)
    return dispatch.dispatch(db=db, now=clock.now(), channel=channel, clock=clock.now).sent


class _Counted(SmtpChannel):
    """The mail channel, which also counts the messages that it has tried."""

    def __init__(self, url: str, timeout: float, progress: Progress | None, worker: int) -> None:
        super().__init__(url, timeout=timeout)
        self._progress, self._worker = progress, worker

    def send(self, message: Message) -> Receipt:
        try:
            return super().send(message)
        finally:
            if self._progress is not None:
                self._progress.note_try(self._worker)


def patiently(work: Callable[[], Made]) -> Made:
    """Retry while the database is down."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except ChangeflowError:
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE)


def tick_patiently(db: str, clock: Clock) -> None:
    patiently(lambda: ticks.tick(db=db, now=clock.now()))


def killed_at(n: int, work: Callable[..., object], *args: object) -> bool:
    """Run some work and kill it at its n-th marked point; return False if it ended before."""
    code = ends(start(_run_marked, n, work, args), f"point {n}")
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(f"it ended with {code} before it could be killed at point {n}")
    return code != 0


def _run_marked(n: int, work: Callable[..., object], args: tuple[object, ...]) -> None:
    """Count each statement, commit and step of the mail conversation, before and after it; die at the n-th."""
    counter = itertools.count(1)

    def point(*_args: object, **_kwargs: object) -> None:
        if next(counter) == n:
            os.kill(os.getpid(), signal.SIGKILL)

    for target, name in (
        (Engine, "before_cursor_execute"), (Engine, "after_cursor_execute"), (Engine, "begin"), (Engine, "commit"),
        (Session, "after_commit"), (Session, "before_commit"),
    ):  # fmt: skip
        event.listen(target, name, point)
    for step in ("connect", "putcmd", "getreply", "send"):
        setattr(smtplib.SMTP, step, _marked(getattr(smtplib.SMTP, step), point))
    work(*args)


def _marked(step: Callable[..., Any], point: Callable[[], None]) -> Callable[..., Any]:
    def method(*args: object, **kwargs: object) -> Any:
        point()
        found = step(*args, **kwargs)
        point()
        return found

    return method


def soon(chance: random.Random, longest: float) -> None:
    time.sleep(chance.uniform(0, longest))
