"""Lessons of a pilot: a change of a step for the waves to come, proposed with its effect, accepted by a person."""

from dataclasses import replace

from changeflow.agenda.pilot_entries import LessonEffect, lesson_effect, unanswered_lesson
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.pilots.entries import LessonAnswered, LessonProposed
from changeflow.pilots.issues import lessons_of
from changeflow.programme.mandates import Subject
from changeflow.storage import pilots, versions
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.words import Action


def propose_lesson(lesson: LessonProposed, change: Change) -> LessonEffect:
    """Record a lesson and return what it would change; the plan stays as it is until somebody accepts it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.PROPOSE_LESSON, Subject(service=lesson.service))
        stated = lesson.model_copy(update={"by": by, "on": change.on})
        effect = lesson_effect(work.programme, work.definition, stated, shipped_rulepacks())
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
        lesson = unanswered_lesson(work.programme, service, number)
        effect = lesson_effect(work.programme, work.definition, lesson, shipped_rulepacks())
        answer = LessonAnswered(service=service, on=change.on, by=by, lesson=number, accepted=accepted, reason=reason)
        pilots.add_entry(work.session, work.name, answer, at=change.now)
        version = _append(work, effect, by) if accepted else None
        action = "pilot:lesson-accepted" if accepted else "pilot:lesson-declined"
        subject = f"{service}:{number}" + (f":version:{version}" if version else "")
        work.record(action, subject, by=by)
    return replace(effect, number=number, version=version)


def _append(work: UnitOfWork, effect: LessonEffect, by: str) -> int:
    version = work.stored.version
    return versions.append(
        work.session, effect.changed, sources=version.sources, parent=version, at=work.change.now, by=by
    )
