"""Choosing the schools of the pilot on a page: proposals with their comparison, and the choice as a new version."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.errors import CheckFailedError, InputError
from changeflow.intake.editing.sources import PROGRAMME_FILE as FILE
from changeflow.intake.editing.sources import Sources
from changeflow.intake.editing.wave_plans import RemoveWave, SetWave
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.pilots.choosing import choose
from changeflow.planning.pilot_cohort import candidates, most_at_once
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.programme import Programme, join
from changeflow.programme.version_changes import check_fixed, lost_tasks
from changeflow.reports.cohort_page import CohortPage, cohort_page, in_words
from changeflow.storage import versions
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.progress import record_reason
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Kind

DEFAULT_SIZE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortView:
    """The page as one person sees it."""

    page: CohortPage
    may_choose: bool
    obstacle: str
    """Why no one can choose here; empty if they can."""
    seen: str


def cohorts(visit: Visit, size: int | None) -> CohortView:
    """Return the possible cohorts of a size, by default as many schools as the pilot in the plan has."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    programme = visit.programme
    current = frozenset(s for wave in _pilots(programme.definition) for s in wave.schools)

    def make() -> CohortPage:
        everybody, (most, why) = candidates(programme), most_at_once(programme)
        wanted = size or len(current) or DEFAULT_SIZE
        own = max(1, min(wanted, most, len(everybody) - 1))
        found = choose(everybody, size=own) if len(everybody) > 1 else ()
        return cohort_page(programme, everybody, found, current=current, size=own, most=most, why=why)

    return CohortView(
        page=visit.view("cohorts", make, size),
        may_choose=visit.may(Action.STORE_VERSION),
        obstacle=_obstacle(programme),
        seen=mark_of_pilot(programme),
    )


def permit_choose(visit: Visit) -> None:
    """Raise unless the person may choose the pilot's schools."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    visit.permit(Action.STORE_VERSION)


def mark_of_pilot(programme: Programme) -> str:
    """Return the mark of the waves, because someone else may have moved a school."""
    return programme.definition.content_hash()[:16]


def _pilots(definition: Definition) -> tuple[Wave, ...]:
    return tuple(w for w in definition.programme.waves if w.pilot)


def _obstacle(programme: Programme) -> str:
    """Say why the pilot's schools cannot be chosen on a page; empty if they can."""
    waves, pilots = programme.definition.programme.waves, _pilots(programme.definition)
    if len(pilots) != 1:
        return "The plan has no pilot wave." if not pilots else "The plan has several pilot waves."
    if any(w.services for w in waves):
        return "Each service has its own waves, so you cannot swap schools here."
    begun = {t for t in programme.facts.progress if t in programme.roadmap.tasks}
    if any(programme.roadmap.tasks[t].wave == pilots[0].id for t in begun):
        return "The pilot has begun, so its schools can no longer change."
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortChosen:
    """The result of choosing other schools for the pilot."""

    version: int
    moves: tuple[str, ...]
    """Which school goes to which wave, in words."""


def choose_cohort(schools: frozenset[str], change: Change, *, reason: str = "") -> CohortChosen:
    """Make the given schools the pilot, in a new version of the plan; `reason` says why dates move, if they do.

    A school that leaves the pilot takes the place of one that joins it; the others stay where they are.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        if obstacle := _obstacle(work.programme):
            raise CheckFailedError(obstacle)
        _check(work.programme, schools)
        stored = work.stored.version
        waves = with_pilot(work.definition.programme.waves, schools)
        changed = work.definition.model_copy(
            update={"programme": work.definition.programme.model_copy(update={"waves": waves})}
        )
        packs, facts = shipped_rulepacks(), work.programme.facts
        joined, errors = join(changed, rulepacks=packs, facts=facts, on=work.programme.on)
        if errors:
            raise InputError(f"{errors[0].what} {errors[0].remedy}".strip())
        if lost := lost_tasks(work.definition, joined, facts, rulepacks=packs):
            names = ", ".join(f"“{work.programme.roadmap.tasks[t].name}”" for t in lost[:3])
            raise CheckFailedError(f"The plan would lose tasks that already have records: {names}.")
        check_fixed(work.definition, joined, facts)
        sources: Sources = stored.sources
        for edit in _edits(work.definition.programme.waves, waves) if FILE in sources else ():
            sources = edit.apply(sources)
        pilot = next(w.id for w in waves if w.pilot)
        lives = sorted(t.id for t in work.programme.tasks(kind=Kind.GO_LIVE) if t.wave == pilot)
        record_reason(work, lives, reason, by)
        number = versions.append(work.session, changed, sources=sources, parent=stored, at=change.now, by=by)
        work.record("cohort", f"version:{number}", by=by)
        moves = tuple(_moves(work.programme, work.definition.programme.waves, waves))
    return CohortChosen(version=number, moves=moves)


def _edits(before: tuple[Wave, ...], after: tuple[Wave, ...]) -> Iterator[SetWave | RemoveWave]:
    known, left = {w.id: w for w in before}, {w.id for w in after}
    yield from (SetWave(wave=w.id, schools=w.schools) for w in after if w.schools != known[w.id].schools)
    yield from (RemoveWave(wave=w.id) for w in before if w.id not in left)


def _moves(programme: Programme, before: tuple[Wave, ...], after: tuple[Wave, ...]) -> Iterator[str]:
    was, now = ({s: w for w in waves for s in w.schools} for waves in (before, after))
    for school in sorted(now, key=programme.school_name):
        if school in was and was[school].id != now[school].id:
            yield f"{programme.school_name(school)}: {now[school].name} instead of {was[school].name}"


def _check(programme: Programme, schools: frozenset[str]) -> None:
    """Raise unless these schools can be the pilot."""
    by_id = {c.id: c for c in candidates(programme)}
    if not schools or not schools <= by_id.keys() or len(schools) >= len(by_id):
        raise InputError("Choose the schools of the pilot.")
    most, why = most_at_once(programme)
    if len(schools) > most:
        raise CheckFailedError(f"At most {most} schools can go first together: {in_words(why)}.")
    for school in sorted(schools):
        if by_id[school].why_not:
            raise CheckFailedError(
                f"{programme.school_name(school)} cannot go first: {in_words(by_id[school].why_not)}."
            )
    if missing := sorted(c.id for c in by_id.values() if c.must and c.id not in schools):
        raise CheckFailedError(
            f"{programme.school_name(missing[0])} must stay in the pilot, because the rollout plan requires it."
        )
    if schools == frozenset(s for w in _pilots(programme.definition) for s in w.schools):
        raise InputError("These schools are already the pilot.")


def with_pilot(waves: tuple[Wave, ...], schools: frozenset[str]) -> tuple[Wave, ...]:
    """Return waves with these schools in the pilot; each that leaves it takes the place of one that joins.

    If more leave than join, the rest go to the first wave after the pilot. A wave without schools is left out.
    """
    [pilot] = [w for w in waves if w.pilot]
    leaving = [s for s in pilot.schools if s not in schools]
    found, place = list[Wave](), iter(leaving)
    for wave in waves:
        own = wave.schools
        if not wave.pilot:
            own = tuple(n for s in own for n in ([s] if s not in schools else [next(place, "")]) if n)
        found.append(wave.model_copy(update={"schools": tuple(sorted(schools)) if wave.pilot else own}))
    rest = tuple(place)
    if rest:
        first = next(n for n, w in enumerate(found) if not w.pilot)
        found[first] = found[first].model_copy(update={"schools": (*found[first].schools, *rest)})
    return tuple(w for w in found if w.schools)
