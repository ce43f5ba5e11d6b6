"""Restores while messages are sent: nothing is sent before a release, and every later repeat is marked.

Each day, copies are taken and restored later: by `db restore`, which is killed from time to time, and as other tools do
it. They move or write a file over the one that workers have open, or make a PostgreSQL database from a copy.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg

from changeflow.storage import custody
from changeflow.storage.backup import backup
from changeflow.storage.custody import MachineState as Remembered
from changeflow.storage.database import read_scope
from changeflow.usecases import restoration
from changeflow.values.duration import counted
from chaos import world
from chaos.checks import State, Verdict, state_of
from chaos.databases import Databases, Postgresql
from chaos.kills import TIMEOUT, Post, Say, Size, drain, quiet_run
from chaos.postroom import Letter
from chaos.workers import (
    STALE,
    Clock,
    Progress,
    ask,
    died,
    keep_dispatching,
    keep_ticking,
    kill,
    patiently,
    soon,
    start,
    tick_patiently,
)
from tests.killing import killed_at
from tests.waiting import wait_until

DISPATCHERS = 2
ROUNDS = 3
"""Rounds that each dispatcher must complete without sending anything."""
MODULES = tuple(f"changeflow.storage.{name}" for name in ("backup", "sqlite_file"))
MOST_STEPS = 150
"""A restore is killed at one of this many steps, or not at all."""


@dataclass(slots=True)
class _Scene:
    """One database with its workers and its mail server."""

    databases: Databases
    db: str
    folder: Path
    post: Post
    clock: Clock
    chance: random.Random
    kills: int = 0
    restores: Counter[str] = field(default_factory=Counter)
    nothing_since: bool = False
    """Whether this machine had noted nothing since the copy was taken, so that it may count as the database itself."""
    unreleased: int = 0
    """Letters sent from a restored database before anyone released it."""

    def workers(self) -> tuple[list[BaseProcess], Progress]:
        progress = Progress(DISPATCHERS)
        args = (self.db, self.post.line.port, self.clock, TIMEOUT, progress)
        slots = [start(keep_dispatching, *args, n) for n in range(DISPATCHERS)]
        return [*slots, start(keep_ticking, self.db, self.clock)], progress

    def letters(self) -> int:
        return len(self.post.room.letters())


def restores(databases: Databases, folder: Path, *, days: int, a_day: int, people: int, seed: int, say: Say) -> Verdict:
    """Restore copies `a_day` times each day, and compare the messages that arrived with a quiet run."""
    size = Size(people=people, tasks=4, days=days, kills_a_day=0)
    name = f"restores-{databases.name}"
    _, expected = quiet_run(folder, size, f"quiet-{name}")
    db, clock = databases.new("restores"), Clock()
    ask(lambda: world.store(db, folder / name, people=people, tasks=size.tasks))
    with Post.opened(folder, name, seed) as post:
        scene = _Scene(databases, db, folder, post, clock, random.Random(seed))
        for number, day in enumerate(world.working_days(days), 1):
            clock.set(world.morning(day))
            for _ in range(a_day):
                _copy_and_put_back(scene)
            ask(tick_patiently, db, clock)
            clock.advance(STALE)
            ask(drain, db, post.line.port, clock)
            if number % 5 == 0:
                say(f"  day {number} of {days}: {sum(scene.restores.values())} restores, {scene.kills} kills")
        verdict = _judge(expected, ask(state_of, db), post.room.letters())
    verdict.kills, verdict.unreleased = scene.kills, scene.unreleased
    say("  " + ", ".join(f"{counted(count, 'restore')} {how}" for how, count in sorted(scene.restores.items())))
    return verdict


def _copy_and_put_back(scene: _Scene) -> None:
    ways = _on_postgresql(scene) if isinstance(scene.databases, Postgresql) else _on_sqlite(scene)
    take, put_back, how = scene.chance.choice(ways)
    if scene.chance.random() < 0.7:
        ask(tick_patiently, scene.db, scene.clock)
    workers, _ = scene.workers()
    soon(scene.chance, 0.3)
    if scene.chance.random() < 0.5:
        scene.kills += kill(workers[0])
        workers[0] = start(keep_dispatching, scene.db, scene.post.line.port, scene.clock, TIMEOUT)
    take()
    soon(scene.chance, 0.5)
    put_back(workers)
    scene.kills += sum(kill(worker) for worker in workers)
    if scene.nothing_since and ask(_may_send, scene.db):
        scene.restores[f"{how}, with nothing noted since"] += 1
        return
    scene.restores[how] += 1
    _stay_silent(scene)
    _release(scene)


def _may_send(db: str) -> bool:
    with read_scope(db) as session:
        return custody.stand(custody.read(session), Remembered(db).seen())[0].may_send


def _stay_silent(scene: _Scene) -> None:
    """Let new workers use the restored database for some rounds, and count what they send."""
    before = scene.letters()
    workers, progress = scene.workers()
    try:
        wait_until(
            lambda: min(progress.rounds) >= ROUNDS, what="rounds on a restored database",
            failed=lambda: died(workers),
        )  # fmt: skip
    finally:
        for worker in workers:
            kill(worker)
    scene.unreleased += scene.letters() - before


def _release(scene: _Scene) -> None:
    def reviewed_and_released() -> None:
        now = scene.clock.now()
        if restoration.review(db=scene.db, now=now) is None:
            raise AssertionError("the database does not know that it was restored")
        restoration.release(db=scene.db, actor="chief", now=now)

    ask(lambda: patiently(reviewed_and_released))


Way = tuple[Callable[[], None], Callable[[Sequence[BaseProcess]], None], str]


def _on_sqlite(scene: _Scene) -> list[Way]:
    file = Path(scene.db.removeprefix("sqlite:///"))
    copy, put = scene.folder / "taken.db", scene.folder / "put.db"

    def take() -> None:
        ask(lambda: backup(scene.db, copy, at=scene.clock.now()))

    def restore() -> None:
        restoration.restore(copy, db=scene.db, now=scene.clock.now(), replace=True)

    def by_command(workers: Sequence[BaseProcess]) -> None:
        scene.kills += sum(kill(worker) for worker in workers)
        while scene.chance.random() < 0.6 and killed_at(
            scene.chance.randrange(1, MOST_STEPS), restore, modules=MODULES
        ):
            scene.kills += 1
        ask(restore)
        for kept in scene.folder.glob(f"{file.name}.before-restore-*"):
            kept.unlink()

    def under_workers(replace: Callable[[], object], workers: Sequence[BaseProcess]) -> None:
        shutil.copyfile(copy, put)
        replace()
        # The next process to open the file would find what the workers did to it meanwhile.
        soon(scene.chance, 0.3)
        by_command(workers)

    return [
        (take, by_command, "by db restore"),
        (take, partial(under_workers, lambda: put.replace(file)), "by moving a file over an open one"),
        (take, partial(under_workers, lambda: shutil.copyfile(put, file)), "by writing over an open file"),
    ]


def _on_postgresql(scene: _Scene) -> list[Way]:
    assert isinstance(scene.databases, Postgresql)
    uri = scene.databases.server.get_uri()
    name = scene.db.partition("?")[0].rpartition("/")[2]

    def run(*statements: str) -> None:
        with psycopg.connect(uri, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def made_from(template: str, into: str) -> None:
        # Disconnect workers and keep them out for a moment: PostgreSQL does not copy a database in use.
        run(f'ALTER DATABASE "{template}" WITH ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'")  # fmt: skip
        wait_until(lambda: _try(lambda: run(f'CREATE DATABASE "{into}" TEMPLATE "{template}"')), what=f"{into} made")
        run(f'ALTER DATABASE "{template}" WITH ALLOW_CONNECTIONS true')

    def take() -> None:
        run(f'DROP DATABASE IF EXISTS "{name}_copy"')
        made_from(name, f"{name}_copy")

    def put_back(_workers: Sequence[BaseProcess]) -> None:
        run(f'DROP DATABASE "{name}" WITH (FORCE)')
        # While the database is gone, no worker changes its counter.
        seen = Remembered(scene.db).seen()
        with psycopg.connect(psycopg.conninfo.make_conninfo(uri, dbname=f"{name}_copy")) as connection:
            row = connection.execute("SELECT identity, counter, marker FROM custody").fetchone()
        scene.nothing_since = seen is not None and row == (seen.identity, seen.counter, seen.marker)
        made_from(f"{name}_copy", name)
        soon(scene.chance, 0.3)

    return [(take, put_back, "from a copied database")]


def _try(work: Callable[[], object]) -> bool:
    try:
        work()
    except psycopg.Error:
        return False
    return True


def _judge(expected: Sequence[Letter], found: State, got: Sequence[Letter]) -> Verdict:
    """Compare letters by their texts, because Message-IDs change after a release."""
    wanted, firsts, copies = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    wanted.update((letter.to, letter.text) for letter in expected)
    copies.update((letter.to, letter.text) for letter in got)
    firsts.update((letter.to, letter.text) for letter in got if not letter.is_repeat)
    ids = {letter.message_id for letter in got}
    sent = [message for message, state in found.messages.items() if state == "sent"]
    verdict = Verdict(
        messages=len(wanted),
        repeats=copies.total() - len(copies),
        lost=(wanted - copies).total() + sum(message not in ids for message in sent),
        unmarked=(firsts - wanted).total(),
        different=len(copies.keys() - wanted.keys()),
        unfinished=sum(state == "open" for state in found.messages.values()),
        audit_faults=len(found.faults),
    )
    verdict.notes += [f"{to} never got: {text[:200]!r}" for to, text in sorted((wanted - copies).keys())[:5]]
    verdict.notes += [f"{to} also got: {text[:200]!r}" for to, text in sorted(copies.keys() - wanted.keys())[:5]]
    verdict.notes += [f"{to} got twice, unmarked: {text[:200]!r}" for to, text in sorted((firsts - wanted).keys())[:5]]
    return verdict
