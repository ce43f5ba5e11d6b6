"""Lines that break, each kind for a day of its own; addresses that are refused; a claim whose holder is dead."""

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
"""Messages that the dispatchers try on a broken line before it is mended."""
PROMISED = timedelta(seconds=60)
"""Within which a dead worker's claim is another's, by the clock that the workers share."""


def line_faults(databases: Databases, folder: Path, *, say: Say) -> Verdict:
    """Live through one day of each fault, and a day of 4xx."""
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
            say(f"  {fault.name.lower().replace('_', ' ')}: {len(got)} copies, {sum(g.is_repeat for g in got)} marked")
        return judge(quiet, expected, ask(state_of, db), post.room.letters())


def _live_through(post: Post, db: str, clock: Clock) -> None:
    """Let two dispatchers try a broken line, mend it, and kill them when they have finished what they were at."""
    progress = Progress(WORKERS)
    workers = [start(keep_dispatching, db, post.line.port, clock, TIMEOUT, progress, n) for n in range(WORKERS)]

    def have_felt_it() -> bool:
        met = all(tried or rounds for tried, rounds in zip(progress.tried, progress.rounds, strict=True))
        return met and sum(progress.tried) >= FELT

    wait_until(have_felt_it, what="dispatchers that try a broken line", failed=lambda: died(workers))
    post.mend()
    ended = progress.rounds
    wait_until(
        lambda: all(now > then for now, then in zip(progress.rounds, ended, strict=True)),
        what="the end of a round on a line that is whole again",
        failed=lambda: died(workers),
    )
    for worker in workers:
        kill(worker)


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
        troubles = ask(lambda: monitoring.troubles(db=db, now=clock.now()))
        letters = post.room.letters()
    failed = states.count("failed")
    say(f"  {states.count('sent')} sent, {failed} refused; told: {'; '.join(troubles)}")
    told = any("could not be delivered" in trouble for trouble in troubles)
    nobody = not any(letter.to.startswith(REFUSED) for letter in letters)
    # Each refused address is tried once, and then not again.
    return failed == len(REFUSED) and told and nobody and states.count("sent") == len(letters) > 0


def stalled_claim(databases: Databases, folder: Path, *, say: Say) -> bool:
    """Kill a dispatcher between sending and marking: its claim holds for the lease, and not longer than was promised.

    The clock stands still, so what happens when depends on no machine's speed.
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
    say(f"  sent again within {PROMISED.seconds} s of the clock, {'' if is_marked else 'NOT '}marked as a repeat")
    if early:
        say("  SENT AGAIN while the claim held")
    return is_marked and not early
