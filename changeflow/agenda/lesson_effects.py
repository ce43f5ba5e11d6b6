"""What a lesson of a pilot would change: the steps that it reaches in waves to come, and the dates that follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from changeflow.errors import NOT_SAVED, CheckFailedError, InputError, UnknownThingError
from changeflow.pilots.entries import LessonProposed
from changeflow.pilots.learning import lessons_of
from changeflow.programme.dates import Moved, compare, dates_of
from changeflow.programme.definition import Definition
from changeflow.programme.known_names import service_named
from changeflow.programme.programme import Programme, join
from changeflow.roadmap.model.pathways import StepFields
from changeflow.rules.engine import judge
from changeflow.values.base import TaskId
from changeflow.values.problem import pick
from changeflow.values.rulepack import Rulepacks


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEffect:
    """The tasks of waves to come that a lesson changes, and every date that moves with them."""

    lesson: LessonProposed
    tasks: tuple[TaskId, ...]
    moved: tuple[Moved, ...]
    names: dict[TaskId, str]
    changed: Definition
    """The definition that it would become."""
    number: int = 0
    version: int | None = None
    """The version that it has become, once it is accepted."""


def lesson_effect(
    programme: Programme, definition: Definition, lesson: LessonProposed, rulepacks: Rulepacks
) -> LessonEffect:
    """Compute the plan with and without the lesson, on the same facts.

    `definition` is the stored one: the programme's own has people where they are on its day. `rulepacks` are those that
    ship. A lesson that changes nothing, or that breaks the definition, is an `InputError`.
    """
    tasks = _changeable(programme, lesson)
    changed = _changed(definition, lesson, tasks)
    joined, errors = join(changed, rulepacks=rulepacks, facts=programme.facts, on=programme.on)
    if errors:
        raise InputError(f"{errors[0].what} {errors[0].remedy} {NOT_SAVED}")
    after = judge(joined).programme
    moved = compare(dates_of(programme), dates_of(after))
    names = {m.task: after.roadmap.tasks[m.task].name for m in moved if m.task in after.roadmap.tasks}
    return LessonEffect(lesson=lesson, tasks=tuple(tasks), moved=moved, names=names, changed=changed)


def unanswered_lesson(programme: Programme, service: str, number: int) -> LessonProposed:
    """Return a lesson that was proposed; one that was answered before is a `CheckFailedError`."""
    known = {str(n): found for n, found in lessons_of(programme.facts.pilot, service).items()}
    lesson, before = pick("lesson", str(number), known)
    if before is not None:
        was = "accepted" if before.accepted else "declined"
        raise CheckFailedError(f"Lesson {number} was {was}: {before.reason.rstrip('.')}. {NOT_SAVED}")
    return lesson


def _changeable(programme: Programme, lesson: LessonProposed) -> Sequence[TaskId]:
    """Return the tasks of the lesson's step that have not begun, in waves after the pilot."""
    service_named(programme, lesson.service)
    if lesson.duration is None and not lesson.also_after:
        raise InputError(f"A lesson changes something: give --duration, --also-after, or both. {NOT_SAVED}")
    here = [t for t in programme.tasks(service=lesson.service) if t.step == lesson.step]
    if not here:
        steps = sorted({t.step for t in programme.tasks(service=lesson.service) if t.wave})
        raise UnknownThingError("step", lesson.step, steps)
    later = [t.id for t in here if t.wave and not programme.is_pilot(t.wave) and t.id not in programme.facts.progress]
    if not later:
        raise InputError(f"“{lesson.step}” has begun in every wave: no lesson changes it. {NOT_SAVED}")
    return later


def _changed(definition: Definition, lesson: LessonProposed, tasks: Sequence[TaskId]) -> Definition:
    stated = StepFields(duration=lesson.duration, also_after=lesson.also_after or None)
    services = []
    for service in definition.services:
        if service.service == lesson.service:
            own = dict(service.tasks)
            for task in tasks:
                local = task.removeprefix(f"{lesson.service}/")
                own[local] = own[local].changed_by(stated) if local in own else stated
            service = service.model_copy(update={"tasks": own})
        services.append(service)
    return definition.model_copy(update={"services": tuple(services)})
