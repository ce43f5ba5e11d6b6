"""Workers that can be killed: forked from this process, which holds no connection, so that each begins at once."""

import itertools
import os
import random
import signal
import smtplib
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, event
from sqlmodel import Session

from changeflow.delivery.channels import FileChannel, SmtpChannel
from changeflow.errors import ChangeflowError
from changeflow.storage.database import engine_for
from changeflow.usecases import agenda, dispatching
from chaos import world
from chaos.postroom import FORK

STALE = dispatching.LEASE + timedelta(seconds=1)
PATIENCE = 60.0
"""Seconds that a recovery waits for a database that is down."""
Made = TypeVar("Made")


class Clock:
    """A clock that all workers share, and that can be put on."""

    def __init__(self) -> None:
        # Without a lock: whoever is killed while holding it would hold it for ever.
        self._shift = FORK.RawValue("d", 0.0)

    def set(self, moment: datetime) -> None:
        self._shift.value = moment.timestamp() - time.monotonic()

    def advance(self, by: timedelta) -> None:
        self._shift.value += by.total_seconds()

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.monotonic() + self._shift.value, UTC)


def warm_up() -> None:
    """Do once in this process what every worker would have to do first: templates, rulepacks, imports."""
    with tempfile.TemporaryDirectory() as folder:
        db = f"sqlite:///{folder}/warm.db"
        world.store(db, Path(folder) / "warm", people=2, tasks=1)
        for day in world.working_days(3):
            world.tick(db, day)
            dispatching.dispatch(db=db, now=world.morning(day), channel=FileChannel(Path(folder) / "out"))
        engine_for(db).dispose()
    engine_for.cache_clear()


def start(work: Callable[..., object], *args: object) -> BaseProcess:
    """Fork a worker."""
    process = FORK.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> bool:
    """Kill a worker as no handler can notice; tell whether it still ran."""
    was_alive = process.is_alive()
    with suppress(ProcessLookupError):
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    return was_alive


def ask(work: Callable[..., Made], *args: object) -> Made:
    """Do something in a worker, and return what it returns: connections end with it."""
    answers = FORK.SimpleQueue()

    def answer() -> None:
        answers.put(work(*args))

    process = start(answer)
    process.join()
    if process.exitcode != 0 or answers.empty():
        raise AssertionError(f"{getattr(work, '__name__', work)} failed")
    found: Made = answers.get()
    return found


def keep_ticking(db: str, clock: Clock) -> None:
    while True:
        with suppress(ChangeflowError):
            agenda.tick(db=db, now=clock.now())
        time.sleep(0.02)


def keep_dispatching(db: str, port: int, clock: Clock, timeout: float) -> None:
    while True:
        with suppress(ChangeflowError):
            dispatch_once(db, port, clock, timeout)
        time.sleep(0.01)


def dispatch_once(db: str, port: int, clock: Clock, timeout: float) -> int:
    channel = SmtpChannel(f"smtp://127.0.0.1:{port}", timeout=timeout)
    return dispatching.dispatch(db=db, now=clock.now(), channel=channel, clock=clock.now).sent


def patiently(work: Callable[[], Made]) -> Made:
    """Do it again while the database is down."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except ChangeflowError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def tick_patiently(db: str, clock: Clock) -> None:
    patiently(lambda: agenda.tick(db=db, now=clock.now()))


def killed_at(n: int, work: Callable[..., object], *args: object) -> bool:
    """Run some work and kill it at its n-th marked point; False where it ended before."""
    process = start(_run_marked, n, work, args)
    process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"it ended with {process.exitcode} instead of being killed at point {n}")
    return process.exitcode != 0


def _run_marked(n: int, work: Callable[..., object], args: tuple[object, ...]) -> None:
    """Count every statement, commit and step of the mail's conversation, before and after it; die at the n-th."""
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
