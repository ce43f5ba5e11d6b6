"""Kill tick and two dispatchers, at every marked point and at random, while connections break."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from changeflow.usecases import ticks
from changeflow.values.duration import counted
from chaos import world
from chaos.checks import State, Verdict, judge, state_of
from chaos.databases import Databases, Postgresql
from chaos.postroom import Letter, Mood, Postroom
from chaos.proxy import Fault, Proxy
from chaos.workers import (
    STALE,
    Clock,
    ask,
    dispatch_once,
    keep_dispatching,
    keep_ticking,
    kill,
    killed_at,
    patiently,
    soon,
    start,
    tick_patiently,
)

Say = Callable[[str], None]
TIMEOUT = 1.0
"""Timeout of the mail channel in seconds, short so that a black hole costs little time. On a busy machine a working
connection may time out too, which makes repeats; each must be marked."""
SPOILT: tuple[Fault | Mood, ...] = (*list(Fault)[1:], Mood.BUSY)
"""All faults of the connection or of the server behind it."""
WAITS = tuple(timedelta(minutes=m) for m in (0, 1, 6, 12, 24, 48, 96, 130))
"""After these waits, everything that was postponed is due again, well before the evening."""


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a run."""

    people: int
    tasks: int
    days: int
    kills_a_day: int


@dataclass(slots=True)
class Post:
    """A mail server that records what it accepts, behind a connection that may break."""

    room: Postroom
    line: Proxy

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, name: str, seed: int) -> Iterator["Post"]:
        room = Postroom(folder / f"{name}.jsonl")
        line = Proxy(room.port, seed=seed)
        try:
            yield cls(room, line)
        finally:
            line.close()
            room.close()

    def spoil(self, fault: Fault | Mood) -> None:
        if isinstance(fault, Fault):
            self.line.spoil(fault)
        else:
            self.room.mood.value = fault

    def mend(self) -> None:
        self.room.mood.value = Mood.WELL
        self.line.mend()


def quiet_run(folder: Path, size: Size, name: str = "quiet") -> tuple[State, list[Letter]]:
    """Run the days without faults, on SQLite."""
    db, clock = f"sqlite:///{folder / name}.db", Clock()
    ask(lambda: world.store(db, folder / name, people=size.people, tasks=size.tasks))
    with Post.opened(folder, name, seed=0) as post:
        for day in world.working_days(size.days):
            clock.set(world.morning(day))
            ask(_whole_day, db, post.room.port, clock)
        return ask(state_of, db), post.room.letters()


def _whole_day(db: str, port: int, clock: Clock) -> None:
    ticks.tick(db=db, now=clock.now())
    while dispatch_once(db, port, clock):
        pass


def drain(db: str, port: int, clock: Clock) -> None:
    """Let one dispatcher finish what the others left, over the rest of the day."""
    for wait in WAITS:
        clock.advance(wait)
        while patiently(lambda: dispatch_once(db, port, clock)):
            pass
        if "open" not in patiently(lambda: state_of(db)).messages.values():
            return


def at_every_point(databases: Databases, folder: Path, *, every: int, stop_at_first: bool, say: Say) -> Verdict:
    """Kill dispatch, then tick, at every `every`-th marked point; recover and compare."""
    size = Size(people=6, tasks=2, days=5, kills_a_day=0)
    quiet, expected = quiet_run(folder, size, f"quiet-points-{databases.name}")
    days = world.working_days(size.days)
    base, clock, total = databases.new("points"), Clock(), Verdict()
    ask(lambda: world.store(base, folder / f"points-{databases.name}", people=size.people, tasks=size.tasks))
    with Post.opened(folder, f"points-{databases.name}", seed=1) as post:
        for day in days[:-1]:
            clock.set(world.morning(day))
            ask(_whole_day, base, post.room.port, clock)
        ticked = databases.copy(base, "ticked")
        clock.set(world.morning(days[-1]))
        ask(tick_patiently, ticked, clock)
        before = post.room.letters()
        for what, source in (("dispatch", ticked), ("tick", base)):
            n = 1
            while True:
                db = databases.copy(source, f"{what}_{n}")
                clock.set(world.morning(days[-1]))
                seen = len(post.room.letters())
                if what == "tick":
                    was_killed = killed_at(n, tick_patiently, db, clock)
                else:
                    was_killed = killed_at(n, dispatch_once, db, post.room.port, clock)
                if not was_killed:
                    break
                clock.advance(STALE)
                ask(tick_patiently, db, clock)
                ask(drain, db, post.room.port, clock)
                got = before + post.room.letters()[seen:]
                verdict = judge(quiet, expected, ask(state_of, db), got)
                verdict.kills = 1
                if not verdict.is_well:
                    verdict.notes.append(f"at point {n} of {what}")
                total.add(verdict)
                if stop_at_first and not verdict.is_well:
                    return total
                n += every
            say(f"  {what}: {n - 1} marked points")
    return total


def at_random(
    databases: Databases, folder: Path, size: Size, quiet: tuple[State, list[Letter]], *, seed: int, say: Say
) -> Verdict:
    """Kill two dispatchers and a tick at random, with broken connections on half of the days, and expired leases."""
    name = f"random-{databases.name}"
    db, clock, chance, kills = databases.new("random"), Clock(), random.Random(seed), 0
    ask(lambda: world.store(db, folder / name, people=size.people, tasks=size.tasks))
    if isinstance(databases, Postgresql):
        least, most = (5, 40) if size.days > 1 else (1, 3)
        databases.restart_now_and_then(least=least, most=most, seed=seed)
    with Post.opened(folder, name, seed) as post:
        days = world.working_days(size.days)
        for number, day in enumerate(days, 1):
            clock.set(world.morning(day))
            kills += _until_ticked(db, clock, chance)
            _spoil(post, chance)
            kills += _day_of_kills(db, post, clock, chance, size.kills_a_day)
            post.mend()
            clock.advance(STALE)
            ask(drain, db, post.line.port, clock)
            if number % 10 == 0:
                say(f"  day {number} of {len(days)}: {kills} kills")
        if isinstance(databases, Postgresql):
            databases.leave_in_peace()
            say(f"  PostgreSQL was restarted {counted(databases.restarts.value, 'time')}")
        verdict = judge(*quiet, ask(state_of, db), post.room.letters())
    verdict.kills = kills
    return verdict


def _until_ticked(db: str, clock: Clock, chance: random.Random) -> int:
    """Kill the tick a few times, then let it finish; return the number of kills."""
    kills = 0
    for _ in range(3):
        process = start(tick_patiently, db, clock)
        soon(chance, 0.3)
        kills += kill(process)
    ask(tick_patiently, db, clock)
    return kills


def _spoil(post: Post, chance: random.Random) -> None:
    """Add a fault of the connection or the server on half of the days."""
    if chance.random() < 0.5:
        post.spoil(chance.choice(SPOILT))


def _day_of_kills(db: str, post: Post, clock: Clock, chance: random.Random, wanted: int) -> int:
    def begin(slot: int) -> BaseProcess:
        if slot == 2:
            return start(keep_ticking, db, clock)
        return start(keep_dispatching, db, post.line.port, clock, TIMEOUT)

    slots = [begin(n) for n in range(3)]
    kills = 0
    while kills < wanted:
        soon(chance, 0.12)
        victim = chance.choice((0, 0, 0, 1, 1, 1, 2))
        kills += kill(slots[victim])
        if chance.random() < 0.2:
            # Kill all at once; by the time new workers start, the leases have expired.
            kills += sum(kill(process) for process in slots)
            clock.advance(STALE)
            slots = [begin(n) for n in range(3)]
        else:
            slots[victim] = begin(victim)
    return kills + sum(kill(process) for process in slots)
