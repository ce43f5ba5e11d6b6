"""People on the critical path: the preparation that a wave needs becomes tasks, and its go-live waits for them.

This uses only published results, because dates and reasons are public too. The order of the elements is from ADKAR;
the share, the lead times and the way the pace is learnt are our own choices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, takewhile

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot, Standing
from changeflow.adkar.readiness import CATALOGUE, WEEKS, GroupAction, Readiness, learnt_pace, readiness
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.audiences import AUDIENCE, WAVE, gains_of
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.facts import Facts
from changeflow.programme.references import References
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration
from changeflow.values.moments import DAY, minute_of
from changeflow.values.words import Gate, Kind, Origin, Phase, Track

DAYS_A_WEEK = 5
READY = "people-ready"
"""The step of the readiness milestone, which a go-live waits for."""


def standing_of(facts: Facts, service: str, wave: str) -> Standing | None:
    """Return the published result of the people in a wave that a service reaches, or else of everyone in the wave."""
    return _shown_of(facts.snapshot, service, wave) if facts.snapshot else None


def _shown_of(snapshot: Snapshot, service: str, wave: str) -> Standing | None:
    for view, group in ((AUDIENCE, f"{service}/{wave}"), (WAVE, wave)):
        standing = snapshot.of(view, group)
        if standing is not None and standing.is_shown:
            return standing
    return None


def phase_of_tasks(tasks: list[Task], facts: Facts) -> Phase:
    lives = [t for t in tasks if t.kind is Kind.GO_LIVE]
    done = [t for t in lives if (p := facts.progress.get(t.id)) and p.is_done]
    if lives and len(done) == len(lives):
        return Phase.SUSTAIN
    begun = any(t.kind is Kind.TRAINING and t.id in facts.progress for t in tasks)
    released = any(t.gate is Gate.WAVE_RELEASE and (p := facts.progress.get(t.id)) and p.is_done for t in tasks)
    return Phase.DEPLOY if begun or released else Phase.DEVELOP


def add_readiness(
    expansion: Expansion, definition: Definition, facts: Facts, calendars: Calendars
) -> dict[TaskId, TaskProgress]:
    """Add the preparation for each go-live; return the milestones already reached, by published results."""
    reached: dict[TaskId, TaskProgress] = {}
    if facts.snapshot is None:
        return reached
    references = References(definition)
    for service in definition.services:
        is_next = True
        for wave in references.waves_of(service):
            reach = _Reach(definition, facts, calendars, references, service, wave)
            mine = [t for t in expansion.tasks.values() if t.service == service.service and t.wave == wave.id]
            lives = [t for t in mine if t.kind is Kind.GO_LIVE]
            expansion.tasks.update((t.id, t) for t in _history(reach))
            if not lives or all(t.id in facts.progress for t in lives):
                continue
            standing = standing_of(facts, service.service, wave.id)
            if standing is not None:
                reached |= _add_wave(expansion, reach, mine, standing, in_detail=is_next)
            is_next = False
    return reached


@dataclass(frozen=True, slots=True)
class _Reach:
    """The people in one wave that one service reaches, and the values for their tasks."""

    definition: Definition
    facts: Facts
    calendars: Calendars
    references: References
    service: ServiceFile
    wave: Wave

    @property
    def schools(self) -> frozenset[str]:
        return frozenset(self.wave.schools)

    def task_id(self, step: str, number: int = 1) -> TaskId:
        return f"{self.service.service}/{self.wave.id}/{step}{f'-{number}' if number > 1 else ''}"


def _add_wave(
    expansion: Expansion, reach: _Reach, mine: list[Task], standing: Standing, *, in_detail: bool
) -> dict[TaskId, TaskProgress]:
    """Add the tasks and links up to readiness; return the milestone if it has been reached."""
    facts, share = reach.facts, reach.definition.programme.policy.ready_share
    found = readiness(standing, until=Element.KNOWLEDGE, share=share, phase=phase_of_tasks(mine, facts))
    if found is None:
        return {}
    pace = _pace(reach)
    after: list[TaskId] = []
    won: list[TaskId] = []
    for element, actions in found.way:
        tasks = [_action(reach, action, found, pace) for action in actions if in_detail]
        tasks = tasks if in_detail else [_element(reach, element, found, pace)]
        if element is not found.held_at:
            # Only the first tasks and the milestone give the reason.
            tasks = [replace(t, because="", constraints=()) for t in tasks]
        for task in tasks:
            expansion.tasks[task.id] = task
            _link(expansion, after, task.id)
        after = [t.id for t in tasks]
        if element in (Element.AWARENESS, Element.DESIRE):
            won = after
    prepared = _task(reach, reach.task_id(READY), "confirm readiness", weeks=0, found=found)
    ready = replace(prepared, kind=Kind.READINESS, duration=ZERO)
    expansion.tasks[ready.id] = ready
    _link(expansion, after, ready.id)
    decision = [t.id for t in mine if t.gate is Gate.GO_LIVE and t.id not in facts.progress]
    for waits in decision or [t.id for t in mine if t.kind is Kind.GO_LIVE]:
        _link(expansion, [ready.id], waits)
    # People are not trained for a change before they know about it and want it (R25).
    for training in (t.id for t in mine if t.kind is Kind.TRAINING and t.id not in facts.progress):
        _link(expansion, won, training)
    if not found.is_ready:
        return {}
    at = minute_of(standing.confirmed) + DAY
    return {ready.id: TaskProgress(at, at)}


def _link(expansion: Expansion, before: list[TaskId], task: TaskId) -> None:
    expansion.links.extend(Link(b, task, origin=Origin.PEOPLE) for b in before)


def _action(reach: _Reach, action: GroupAction, found: Readiness, pace: float) -> Task:
    """Plan an action again if it was done before the latest publication, because it was not enough."""
    number, asked = 1, minute_of(found.standing.on) + DAY
    while (p := reach.facts.progress.get(reach.task_id(action.id, number))) and (p.actual_finish or asked) < asked:
        number += 1
    task = _task(reach, reach.task_id(action.id, number), action.title, weeks=action.school_weeks * pace, found=found)
    gains = gains_of(reach.definition, reach.service, reach.wave)
    return replace(task, owner=_owner(reach, action.by), note=action.message(group=reach.wave.name, gains=gains))


def _history(reach: _Reach) -> Iterator[Task]:
    """Keep actions that were done, even if their reason no longer applies: facts never lose their task."""
    for action in CATALOGUE:
        for number in count(1):
            name = reach.task_id(action.id, number)
            if name not in reach.facts.progress:
                break
            yield _task(reach, name, action.title, weeks=action.school_weeks)


def _element(reach: _Reach, element: Element, found: Readiness, pace: float) -> Task:
    words = {Element.AWARENESS: "build awareness", Element.DESIRE: "build support"}
    text = words.get(element, "prepare staff")
    return _task(reach, reach.task_id(f"people-{element}"), text, weeks=WEEKS[element] * pace, found=found)


def _task(reach: _Reach, name: TaskId, text: str, *, weeks: float, found: Readiness | None = None) -> Task:
    service, wave = reach.service, reach.wave
    key = reach.calendars.key("term", reach.schools, Kind.ENGAGEMENT, service.service)
    days = round(weeks * DAYS_A_WEEK)
    title = TaskName(text, service=service.name, place=wave.in_names)
    return Task(
        id=name,
        name=str(title),
        service_name=title.service,
        place=title.place,
        kind=Kind.ENGAGEMENT,
        track=Track.PEOPLE,
        service=service.service,
        schools=reach.schools,
        wave=wave.id,
        duration=Duration(days * reach.definition.programme.working_week.minutes_per_day),
        calendar=key,
        term_calendar=key,
        terms=reach.calendars.periods.terms_key(reach.schools),
        constraints=(Constraint(Bound.START_NO_EARLIER, minute_of(found.standing.on) + DAY),) if found else (),
        because=found.because if found else "",
        is_added=True,
    )


def _owner(reach: _Reach, by: str) -> str | None:
    """Return who acts: the sponsor, the lead provider, or a person with that role in the wave's schools or hubs."""
    if by == "sponsor":
        return reach.references.owner("sponsor", reach.service, frozenset())[0]
    lead = reach.references.owner("lead_provider", reach.service, frozenset())[0]
    if by == "lead":
        return lead
    people, schools = reach.definition.people, reach.schools
    hubs = {s.hub for s in reach.definition.schools if s.id in schools}
    if by == "champion":
        near = [p.id for p in people if p.audience == by and p.school in schools]
    elif by == "manager":
        # The change lead of a hub makes sure that every manager acts.
        near = [p.id for p in people if p.audience == "lead" and p.hub in hubs and not p.school]
    else:
        near = [p.id for p in people if p.audience == by]
    return min(near, default=lead)


def _pace(reach: _Reach) -> float:
    """Return how much longer earlier waves took than planned; 1 if none has moved yet."""
    waves = reach.references.waves_of(reach.service)
    earlier = takewhile(lambda w: w.id != reach.wave.id, waves)
    term = reach.calendars.get(reach.calendars.key("term", reach.schools, Kind.ENGAGEMENT, reach.service.service))
    pace = learnt_pace(
        [tuple(_published(reach.facts, reach.service.service, wave.id)) for wave in earlier],
        until=Element.KNOWLEDGE,
        share=reach.definition.programme.policy.ready_share,
        weeks_between=lambda a, b: sum(term.works_on(a + timedelta(days=n)) for n in range((b - a).days)) / DAYS_A_WEEK,
    )
    return pace or 1.0


def _published(facts: Facts, service: str, wave: str) -> Iterator[Standing]:
    """Yield a wave's published results, round by round; unchanged results appear once."""
    seen: set[str] = set()
    for snapshot in facts.snapshots:
        standing = _shown_of(snapshot, service, wave)
        if standing is not None and standing.round not in seen:
            seen.add(standing.round)
            yield standing
