"""Simulate a programme from ranges, causes and events, for percentiles, odds and drivers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from changeflow.errors import InputError
from changeflow.planning.lessons import Lesson, lessons
from changeflow.planning.plan_chances import constant_ranges, placed_like
from changeflow.planning.risk import Assumed, keeping_people_order, odds_of, risk_model
from changeflow.programme.assembly.ranges import replaced_ranges
from changeflow.programme.programme import Programme
from changeflow.reports.risk import RiskReport, risk_report
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.roadmap.risk.model import RiskModel, Simulation
from changeflow.storage import audit, facts, versions
from changeflow.storage.database import session_scope
from changeflow.usecases.stored import SYSTEM, Stored, stored_on
from changeflow.values.base import TaskId
from changeflow.values.moments import local_day

PARTS = 10
"""The number of parts in which to run a simulation that reports its progress."""


def simulate_programme(
    programme: Programme, *, iterations: int, seed: int, threads: int = 2, assume: str | None = None, learn: bool = True
) -> RiskReport:
    """Simulate to every open milestone. `assume` is `LOW,HIGH` in percent, for work without a range; with `learn`,
    finished waves re-estimate later ones."""
    asked = ask(programme, iterations=iterations, assume=assume, learn=learn)
    found = run(asked, iterations=iterations, seed=seed, threads=threads)
    return risk_report(programme, asked.model, found, assumed=asked.assumed, learned=asked.taught)


def simulate_stored(
    programme: str | None,
    *,
    db: str,
    now: datetime,
    iterations: int,
    seed: int,
    threads: int = 2,
    assume: str | None = None,
    learn: bool = True,
) -> RiskReport:
    """Simulate a stored programme as of a day, and keep the odds unless they rest on an assumption."""
    stored = stored_on(programme, db=db, on=local_day(now))
    asked = ask(stored.programme, iterations=iterations, assume=assume, learn=learn)
    found = run(asked, iterations=iterations, seed=seed, threads=threads)
    if asked.assumed is None:
        keep_odds(stored, found, db=db, now=now)
    return risk_report(stored.programme, asked.model, found, assumed=asked.assumed, learned=asked.taught)


def keep_odds(stored: Stored, found: Simulation, *, db: str, now: datetime) -> None:
    """Keep the odds of a stored programme's version and day. Equal odds are kept once."""
    name, version = stored.programme.id, stored.version.number
    with session_scope(db) as session:
        versions.lock_programme(session, name)
        if facts.add_odds(session, name, odds_of(stored.programme, found, version=version), at=now):
            subject = f"version:{version}:{stored.programme.on.isoformat()}"
            audit.append(session, name, at=now, actor=SYSTEM, action="odds", subject=subject)
            versions.touch(session, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRequest:
    """The input of a simulation."""

    roadmap: Roadmap
    """The plan's roadmap, with links for people's order: in which order they go from task to task."""
    model: RiskModel
    targets: tuple[TaskId, ...]
    assumed: Assumed | None
    taught: tuple[Lesson, ...]


def ask(
    programme: Programme, *, iterations: int, assume: str | None, learn: bool, also: Sequence[TaskId] = ()
) -> SimulationRequest:
    """Check and return a request; raise an error that says why it cannot be simulated.

    `also` are targets besides the open milestones.
    """
    if not 100 <= iterations <= 1_000_000:
        raise InputError("Give between 100 and 1,000,000 iterations.")
    assumed = _assumed(assume)
    taught = tuple(lessons(programme)) if learn else ()
    model = risk_model(programme, assumed=assumed, learned=taught)
    if not model.ranges and not model.events:
        lost = next(replaced_ranges(programme.definition), None)
        why = f" The duration {lost.duration} of '{lost.task}' replaced its estimate." if lost is not None else ""
        raise InputError(
            f"Nothing can be simulated: no task has a range.{why} Write estimate: [45d, 60d, 95d] at the tasks that "
            "matter, or try --assume 80,150 first."
        )
    ahead = programme.open_milestones
    if not ahead:
        raise InputError("There are no open milestones. Add milestones to programme.yaml.")
    targets = [m.task for m in sorted(ahead, key=lambda m: (programme.timed(m.task).early_finish, m.id))]
    return SimulationRequest(
        roadmap=keeping_people_order(programme),
        model=model,
        targets=(*also, *targets),
        assumed=assumed,
        taught=taught,
    )


def run(
    asked: SimulationRequest, *, iterations: int, seed: int, threads: int = 2, say: Callable[[int], None] | None = None
) -> Simulation:
    """Simulate what was asked; with `say`, report the percentage done after each part."""
    # Imported here because numba takes longer to load than most commands take.
    from changeflow.roadmap.risk.simulate import parts_of, prepare, put_together, simulate_part

    prepared = prepare(asked.roadmap, asked.model, asked.targets)
    done = []
    for part in parts_of(iterations, PARTS if say is not None else 1):
        done.append(simulate_part(prepared, iterations=part, seed=seed, threads=threads))
        if say is not None:
            say(100 * part.stop // iterations)
    return put_together(prepared, done, seed=seed)


def drawn_in(asked: SimulationRequest) -> Sequence[TaskId]:
    """Return the tasks whose durations a simulation draws, in their places."""
    from changeflow.roadmap.risk.simulate import prepare

    return prepare(asked.roadmap, asked.model, asked.targets).drawn


def with_same_luck(asked: SimulationRequest, first: Sequence[TaskId]) -> SimulationRequest:
    """Return a request in which each task has the random numbers of another plan; `first` are that plan's tasks in
    their places."""
    own = drawn_in(asked)
    if list(own) == list(first):
        return asked
    fixed = constant_ranges(asked.roadmap)
    can_be = set(drawn_in(replace(asked, model=fixed)))
    drawable = {r.task: r for r in fixed.ranges if r.task in can_be}
    return replace(asked, model=placed_like(asked.model, first, own=own, drawable=drawable))


def _assumed(text: str | None) -> Assumed | None:
    if text is None:
        return None
    try:
        low, high = (int(part) for part in text.split(","))
    except ValueError:
        low, high = 0, 0
    if not 1 <= low <= 100 <= high <= 1000:
        raise InputError(
            f"'{text}' is not a range around 100. Write two percentages, the lower one first: --assume 80,150 "
            "(80% to 150% of "
            "the plan)."
        )
    return Assumed(low, high)
