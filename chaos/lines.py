"""Broken connections, with a day for each kind of fault; refused addresses; the claim of a dead worker."""

from datetime import timedelta
from pathlib import Path

from changeflow.usecases import monitoring
from changeflow.usecases.dispatch import LEASE
from chaos import world
from chaos.checks import Verdict, judge, state_of
from chaos.databases import Databases
from chaos.kills import SPOILT, TIMEOUT, Post, Say, Size, drain, quiet_run
from chaos.postroom import REFUSED, Mood
from chaos.workers import (
    STALE,
    Clock,
    Progress,
    ask,
    died,
    dispatch_once,
    keep_dispatching,
    kill,
    killed_at,
    start,
    tick_patiently,
)
from tests.waiting import wait_until

WORKERS = 2
FELT = 6
"""Messages that the dispatchers try on a broken connection before it is repaired."""
PROMISED = timedelta(seconds=60)
"""The time within which another worker gets a dead worker's claim, by the workers' shared clock."""


def line_faults(databases: Databases, folder: Path, *, say: Say) -> Verdict:
    """Run one day with each fault, including a day of 4xx answers."""
    size = Size(people=60, tasks=2, days=len(SPOILT), kills_a_day=0)
    quiet, expected = quiet_run(folder, size, f"quiet-lines-{databases.name}")
    db, clock = databases.new("lines"), Clock()
    ask(lambda: world.store(db, folder / f"lines-{databases.name}", people=size.people, tasks=size.tasks))
    with Post.opened(folder, f"lines-{databases.name}", seed=2) as post:
        for fault, day in zip(SPOILT, world.working_days(size.days), strict=True):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            before = len(post.room.letters())
            post.spoil(fault)
            _live_through(post, db, clock)
            clock.advance(STALE)
            ask(drain, db, post.line.port, clock)
            got = post.room.letters()[before:]
            copies = "1 copy" if len(got) == 1 else f"{len(got)} copies"
            say(f"  {fault.name.lower().replace('_', ' ')}: {copies}, {sum(g.is_repeat for g in got)} marked")
        return judge(quiet, expected, ask(state_of, db), post.room.letters())


def _live_through(post: Post, db: str, clock: Clock) -> None:
    """Let two dispatchers try a broken connection, repair it, and kill them once they have finished a round."""
    progress = Progress(WORKERS)
    workers = [start(keep_dispatching, db, post.line.port, clock, TIMEOUT, progress, n) for n in range(WORKERS)]

    def have_felt_it() -> bool:
        met = all(tried or rounds for tried, rounds in zip(progress.tried, progress.rounds, strict=True))
        return met and sum(progress.tried) >= FELT

    wait_until(have_felt_it, what="dispatchers that try a broken connection", failed=lambda: died(workers))
    post.mend()
    ended = progress.rounds
    wait_until(
        lambda: all(now > then for now, then in zip(progress.rounds, ended, strict=True)),
        what="the end of a round on the repaired connection",
        failed=lambda: died(workers),
    )
    for worker in workers:
        kill(worker)


def refused_addresses(databases: Databases, folder: Path, *, say: Say) -> bool:
    """Refuse some addresses with 550: the others get their messages, and failures are reported."""
    db, clock = databases.new("refused"), Clock()
    ask(lambda: world.store(db, folder / f"refused-{databases.name}", people=12, tasks=1))
    with Post.opened(folder, f"refused-{databases.name}", seed=3) as post:
        post.room.mood.value = Mood.STRICT
        for day in world.working_days(8):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            ask(drain, db, post.line.port, clock)
        states = list(ask(state_of, db).messages.values())
        troubles = ask(lambda: monitoring.troubles(db=db, now=clock.now()))
        letters = post.room.letters()
    failed = states.count("failed")
    say(f"  {states.count('sent')} sent, {failed} refused; reported: {'; '.join(troubles)}")
    is_reported = any("could not be delivered" in trouble for trouble in troubles)
    is_refused = not any(letter.to.startswith(REFUSED) for letter in letters)
    # Each refused address is tried only once.
    return failed == len(REFUSED) and is_reported and is_refused and states.count("sent") == len(letters) > 0


def stalled_claim(databases: Databases, folder: Path, *, say: Say) -> bool:
    """Kill a dispatcher between sending and marking: its claim lasts for the lease, and no longer than promised.

    The clock does not run, so the result does not depend on the machine's speed.
    """
    db, clock = databases.new("stalled"), Clock(runs=False)
    ask(lambda: world.store(db, folder / f"stalled-{databases.name}", people=1, tasks=1))
    with Post.opened(folder, f"stalled-{databases.name}", seed=4) as post:
        for day in world.working_days(10):
            clock.set(world.morning(day))
            ask(tick_patiently, db, clock)
            n = 1
            while killed_at(n, dispatch_once, db, post.room.port, clock) and not post.room.letters():
                n += 1
                clock.advance(STALE)
            if post.room.letters():
                break
        second = timedelta(seconds=1)
        clock.advance(LEASE - second)
        ask(dispatch_once, db, post.room.port, clock)
        early = len(post.room.letters()) - 1
        clock.advance(PROMISED - LEASE + second)
        ask(dispatch_once, db, post.room.port, clock)
        letters = post.room.letters()
    is_marked = len(letters) == 2 and letters[1].is_repeat and letters[0].message_id == letters[1].message_id
    say(f"  sent again within {PROMISED.seconds} seconds, {'' if is_marked else 'NOT '}marked as a repeat")
    if early:
        say("  SENT AGAIN while the claim was still valid")
    return is_marked and not early
