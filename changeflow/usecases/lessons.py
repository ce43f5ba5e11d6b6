"""Lessons of a pilot: a change of a step for the waves to come, proposed with its effect, accepted by a person."""

from dataclasses import dataclass, replace

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.pilots.entries import Entry, LessonAnswered, LessonProposed
from changeflow.pilots.learning import lessons_of
from changeflow.programme.dates import Moved, compare, dates_of
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import join
from changeflow.roadmap.model.pathways import StepFields
from changeflow.rules.engine import judge
from changeflow.storage import pilots, versions
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.roles import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEffect:
    """What a lesson would change: the tasks of waves to come, and every date that moves with them."""

    lesson: LessonProposed
    tasks: tuple[TaskId, ...]
    moved: tuple[Moved, ...]
    names: dict[TaskId, str]
    changed: Definition
    """The definition that it would become."""
    number: int = 0
    version: int | None = None
    """That it has become, once it is accepted."""


def propose_lesson(lesson: LessonProposed, change: Change) -> LessonEffect:
    """Record a lesson and return what it would change; the plan stays as it is until somebody accepts it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.PROPOSE_LESSON, Subject(service=lesson.service))
        stated = lesson.model_copy(update={"by": by, "on": change.on})
        effect = _effect(work, stated)
        number = pilots.add_entry(work.session, work.name, stated, at=change.now)
        if number is None:
            known = lessons_of(work.programme.facts.pilot, lesson.service)
            number = next(n for n, (one, _) in known.items() if one.model_copy(update={"number": 0}) == stated)
        else:
            work.record("pilot:lesson", f"{lesson.service}:{number}", by=by)
    return replace(effect, number=number)


def answer_lesson(service: str, number: int, reason: str, change: Change, *, accepted: bool) -> LessonEffect:
    """Accept a lesson, as the next version of the definition, or decline it. The first answer stands."""
    with unit_of_work(change) as work:
        by = work.permit(Action.ANSWER_LESSON, Subject(service=service))
        known = lessons_of(work.programme.facts.pilot, service)
        if number not in known:
            raise UnknownThingError("lesson", str(number), [str(n) for n in known])
        lesson, before = known[number]
        if before is not None:
            was = "accepted" if before.accepted else "declined"
            raise CheckFailedError(f"Lesson {number} was {was}: {before.reason.rstrip('.')}. Nothing was recorded.")
        effect = _effect(work, lesson)
        answer: Entry = LessonAnswered(
            service=service, on=change.on, by=by, lesson=number, accepted=accepted, reason=reason
        )
        pilots.add_entry(work.session, work.name, answer, at=change.now)
        version = _append(work, effect, by) if accepted else None
        action = "pilot:lesson-accepted" if accepted else "pilot:lesson-declined"
        subject = f"{service}:{number}" + (f":version:{version}" if version else "")
        work.record(action, subject, by=by)
    return replace(effect, number=number, version=version)


def _effect(work: UnitOfWork, lesson: LessonProposed) -> LessonEffect:
    """Compute the plan with and without the lesson, on the same facts."""
    programme = work.programme
    if lesson.service not in {s.service for s in programme.services}:
        raise UnknownThingError("service", lesson.service, [s.service for s in programme.services])
    if lesson.duration is None and not lesson.also_after:
        raise InputError("A lesson changes something: give --duration, --also-after, or both. Nothing was recorded.")
    here = [t for t in programme.tasks(service=lesson.service) if t.step == lesson.step]
    if not here:
        steps = sorted({t.step for t in programme.tasks(service=lesson.service) if t.wave})
        raise UnknownThingError("step", lesson.step, steps)
    later = [t.id for t in here if t.wave and not programme.is_pilot(t.wave) and t.id not in programme.facts.progress]
    if not later:
        raise InputError(f"“{lesson.step}” has begun in every wave: no lesson changes it. Nothing was recorded.")
    changed = _changed(work.definition, lesson, later)
    joined, errors = join(changed, rulepacks=shipped_rulepacks(), facts=programme.facts, on=programme.on)
    if errors:
        raise InputError(f"{errors[0].what} {errors[0].remedy} Nothing was recorded.")
    after = judge(joined).programme
    moved = compare(dates_of(programme), dates_of(after))
    names = {m.task: after.roadmap.tasks[m.task].name for m in moved if m.task in after.roadmap.tasks}
    return LessonEffect(lesson=lesson, tasks=tuple(later), moved=moved, names=names, changed=changed)


def _changed(definition: Definition, lesson: LessonProposed, tasks: list[TaskId]) -> Definition:
    stated = StepFields(duration=lesson.duration, also_after=lesson.also_after or None)
    services = []
    for service in definition.services:
        if service.service == lesson.service:
            own = dict(service.tasks)
            for task in tasks:
                local = task.removeprefix(f"{lesson.service}/")
                own[local] = own[local].changed_by(stated) if local in own else stated
            services.append(service.model_copy(update={"tasks": own}))
        else:
            services.append(service)
    return definition.model_copy(update={"services": tuple(services)})


def _append(work: UnitOfWork, effect: LessonEffect, by: str) -> int:
    version = work.stored.version
    return versions.append(
        work.session, effect.changed, sources=version.sources, parent=version, at=work.change.now, by=by
    )
