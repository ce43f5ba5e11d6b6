"""The results of checkpoints, wave by wave, and the corrective actions of supervisors and the sponsor.

Source for who acts: Prosci, "How to reinforce change": supervisors and the primary sponsor.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from changeflow.adkar.elements import Element
from changeflow.adkar.people import Person
from changeflow.adkar.readiness import is_past
from changeflow.adkar.reinforcement import Aspect, CheckpointResult, Judgement, Thresholds, judge_checkpoint
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.assembly.readiness import standing_of
from changeflow.programme.definition import Definition, Policy
from changeflow.programme.facts import Facts
from changeflow.programme.references import References
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration
from changeflow.values.moments import DAY, day_of, format_day, minute_of
from changeflow.values.words import Kind, Origin, Track

PUT_RIGHT_WITHIN = timedelta(weeks=3)
"""The time allowed for corrective action after a checkpoint: our own choice."""


DAYS = 3
"""The days that one supervisor's part takes: our own planning figure."""


@dataclass(frozen=True, slots=True)
class Found:
    """One checkpoint's result, judged."""

    task: Task
    result: CheckpointResult
    judgement: Judgement


def thresholds_of(policy: Policy) -> Thresholds:
    return Thresholds(policy.sustained_use, policy.reverting_use, policy.proficient, policy.satisfied)


def judged_checkpoints(tasks: Mapping[TaskId, Task], facts: Facts, policy: Policy) -> Iterator[Found]:
    """Yield every reported checkpoint by day; of two reports of one checkpoint, the later counts."""
    latest = {r.task: r for r in facts.checkpoints}
    in_order = sorted(latest.values(), key=lambda r: (r.on, r.task))
    for n, result in enumerate(in_order):
        task = tasks.get(result.task)
        if task is None or task.service is None or task.wave is None:
            continue
        same = [
            r for r in in_order[:n] if (t := tasks.get(r.task)) and (t.service, t.wave) == (task.service, task.wave)
        ]
        past = _is_past_barriers(tasks, facts, policy, task, result)
        yield Found(task, result, judge_checkpoint(result, same, thresholds_of(policy), is_past_barriers=past))


def _is_past_barriers(
    tasks: Mapping[TaskId, Task], facts: Facts, policy: Policy, task: Task, result: CheckpointResult
) -> bool | None:
    """Return whether people are past their barriers by results since the go-live; None if there are no such results."""
    same = (t for t in tasks.values() if (t.service, t.wave) == (task.service, task.wave))
    finishes = (facts.finish_of(t.id) for t in same if t.kind is Kind.GO_LIVE)
    lives = [finish for finish in finishes if finish is not None]
    standing = standing_of(facts.until(result.on), task.service or "", task.wave or "")
    if not lives or standing is None or standing.on <= day_of(max(lives)):
        return None
    return is_past(standing, Element.REINFORCEMENT, share=policy.ready_share)


def add_corrections(expansion: Expansion, definition: Definition, facts: Facts, calendars: Calendars) -> None:
    """Add the corrective actions of checkpoints: a task for each school's supervisor, and one for the sponsor."""
    minutes = definition.programme.working_week.minutes_per_day
    references = References(definition)
    next_ones: dict[str, list[str]] = {}
    for link in expansion.links:
        if (after := expansion.tasks.get(link.successor)) and after.kind is Kind.CHECKPOINT:
            next_ones.setdefault(link.predecessor, []).append(link.successor)
    for found in tuple(judged_checkpoints(expansion.tasks, facts, definition.programme.policy)):
        checkpoint, service = found.task, next(s for s in definition.services if s.service == found.task.service)
        step = checkpoint.step.removeprefix("checkpoint-")
        wrong = [a for a in found.judgement.wrong if a is not Aspect.SPONSOR]
        parts: list[tuple[TaskId, TaskName, str | None]] = []
        if wrong:
            for school in sorted(checkpoint.schools):
                place = references.school_name(school)
                title = TaskName("deal with the checkpoint's findings", service=service.name, place=place)
                name = f"{service.service}/{school}/put-right-{step}"
                parts.append((name, title, supervisor(definition, service.service, school)))
        if Aspect.SPONSOR in found.judgement.wrong:
            owner = references.owner("sponsor", service, frozenset())[0]
            title = TaskName("show visible support as the sponsor", service=service.name, place=checkpoint.place)
            parts.append((f"{service.service}/{checkpoint.wave}/be-seen-{step}", title, owner))
        since = minute_of(found.result.on) + DAY
        for name, title, owner in parts:
            expansion.tasks[name] = Task(
                id=name,
                name=str(title),
                service_name=title.service,
                place=title.place,
                kind=Kind.ENGAGEMENT,
                track=Track.PEOPLE,
                service=service.service,
                schools=checkpoint.schools,
                wave=checkpoint.wave,
                duration=Duration(DAYS * minutes),
                calendar="office",
                term_calendar=calendars.key("term", checkpoint.schools, Kind.ENGAGEMENT, service.service),
                terms=calendars.periods.terms_key(checkpoint.schools),
                constraints=(Constraint(Bound.START_NO_EARLIER, since),),
                deadline=minute_of(found.result.on + PUT_RIGHT_WITHIN) + DAY,
                owner=owner,
                because=(
                    f"the checkpoint of {format_day(found.result.on)} found problems "
                    f"({'; '.join(found.judgement.reasons)})"
                ),
                note=found.result.said,
                is_added=True,
            )
            for waits in next_ones.get(checkpoint.id, ()):
                if waits not in facts.progress:
                    expansion.links.append(Link(name, waits, origin=Origin.PEOPLE))


def supervisor(definition: Definition, service: str, school: str) -> str | None:
    """Return the manager of most people that a service reaches in a school; of several, the first by id."""
    there = [p for p in definition.people if p.school == school]
    managers = [p for p in there if p.audience == "manager" and p.is_reached_by(service)]

    def leads(manager: Person) -> int:
        return sum(p.manager == manager.id and p.is_reached_by(service) for p in there)

    return min(managers, key=lambda p: (-leads(p), p.id)).id if managers else None
