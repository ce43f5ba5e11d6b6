"""Lines that break, each kind for a day of its own; addresses that are refused; a claim whose holder is dead."""

import time
from pathlib import Path

from changeflow.usecases import watching
from chaos import world
from chaos.checks import Verdict, judge, state_of
from chaos.databases import Databases
from chaos.kills import TIMEOUT, Post, Say, Size, drain, quiet_run
from chaos.postroom import REFUSED, Mood
from chaos.proxy import Fault
from chaos.workers import (
    STALE,
    Clock,
    ask,
    dispatch_once,
    keep_dispatching,
    kill,
    killed_at,
    start,
    tick_patiently,
)

SECONDS = 3.0
"""For which two dispatchers live with a broken line before it is mended."""
PROMISED = 60.0
"""Seconds within which a dead worker's claim is another's."""


def line_faults(databases: Databases, folder: Path, *, say: Say) -> Verdict:
    """Live through one day of each fault, and a day of 4xx."""
    spoilt = [*list(Fault)[1:], Mood.BUSY]
    size = Size(people=60, tasks=2, days=len(spoilt), kills_a_day=0)
    quiet, expected = quiet_run(folder, size, f"quiet-lines-{databases.name}")
    db, clock = databases.new("lines"), Clock()
    ask(lambda: world.store(db, folder / f"lines-{databases.name}", people=size.people, tasks=size.tasks))
    with Post.opened(folder, f"lines-{databases.name}", seed=2) as post:
        for fault, day in zip(spoilt, world.working_days(size.days), strict=True):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            if isinstance(fault, Fault):
                post.line.fault.value = fault
            else:
                post.room.mood.value = fault
            before = len(post.room.letters())
            workers = [start(keep_dispatching, db, post.line.port, clock, TIMEOUT) for _ in range(2)]
            time.sleep(SECONDS)
            post.mend()
            # What they are at when it is mended, they finish.
            time.sleep(TIMEOUT * 2)
            for worker in workers:
                kill(worker)
            clock.advance(STALE)
            ask(drain, db, post.line.port, clock)
            got = post.room.letters()[before:]
            say(f"  {fault.name.lower().replace('_', ' ')}: {len(got)} copies, {sum(g.is_repeat for g in got)} marked")
        return judge(quiet, expected, ask(state_of, db), post.room.letters())


def refused_addresses(databases: Databases, folder: Path, *, say: Say) -> bool:
    """Refuse some addresses with 550: the others get theirs, and what failed is told."""
    db, clock = databases.new("refused"), Clock()
    ask(lambda: world.store(db, folder / f"refused-{databases.name}", people=12, tasks=1))
    with Post.opened(folder, f"refused-{databases.name}", seed=3) as post:
        post.room.mood.value = Mood.STRICT
        for day in world.working_days(8):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            ask(drain, db, post.line.port, clock)
        states = list(ask(state_of, db).messages.values())
        troubles = ask(lambda: watching.troubles(db=db, now=clock.now()))
        letters = post.room.letters()
    failed = states.count("failed")
    say(f"  {states.count('sent')} sent, {failed} refused; told: {'; '.join(troubles)}")
    told = any("could not be delivered" in trouble for trouble in troubles)
    nobody = not any(letter.to.startswith(REFUSED) for letter in letters)
    # Each refused address is tried once, and then not again.
    return failed == len(REFUSED) and told and nobody and states.count("sent") == len(letters) > 0


def stalled_claim(databases: Databases, folder: Path, *, say: Say) -> float:
    """Kill a dispatcher between sending and marking; return the real seconds until another has sent it again."""
    db, clock = databases.new("stalled"), Clock()
    ask(lambda: world.store(db, folder / f"stalled-{databases.name}", people=1, tasks=1))
    with Post.opened(folder, f"stalled-{databases.name}", seed=4) as post:
        for day in world.working_days(10):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            n = 1
            while killed_at(n, dispatch_once, db, post.room.port, clock, 30.0) and not post.room.letters():
                n += 1
                clock.advance(STALE)
            if post.room.letters():
                break
        began = time.monotonic()
        worker = start(keep_dispatching, db, post.room.port, clock, 30.0)
        while len(post.room.letters()) < 2 and time.monotonic() - began < 2 * PROMISED:
            time.sleep(0.2)
        seconds = time.monotonic() - began
        kill(worker)
        letters = post.room.letters()
    is_marked = len(letters) == 2 and letters[1].is_repeat and letters[0].message_id == letters[1].message_id
    say(f"  sent again after {seconds:.1f} s, {'marked as a repeat' if is_marked else 'NOT marked as a repeat'}")
    return seconds if is_marked else float("inf")
