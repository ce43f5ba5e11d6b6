"""Forms of a pilot on pages: issues, feedback, improvements, lessons and measures. Each does what its command does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from changeflow.agenda import pilot_entries
from changeflow.agenda.pilot_entries import LessonEffect
from changeflow.errors import InputError, UnknownThingError
from changeflow.pilots import entries
from changeflow.pilots.entries import IssueSeverity
from changeflow.pilots.issues import improvements, issues, lessons_of
from changeflow.pilots.marks import (
    improvement_thing,
    issue_thing,
    lesson_thing,
    measure_thing,
)
from changeflow.programme.dates import Moved
from changeflow.programme.definition import ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.reports import entry_forms
from changeflow.reports.entry_forms import EntryForm, Options, with_options
from changeflow.reports.pilot_pages import lesson_line
from changeflow.usecases import pilot_records, pilots
from changeflow.usecases.acts import mark_of
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.pilot_checks import CHECKS
from changeflow.usecases.pilot_form import Given, PilotForm, of_service
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.sentences import sentence
from changeflow.values.words import Action

MOST_MOVED = 20


def permit(visit: Visit, form: PilotForm, service: str, key: str) -> ServiceFile:
    """Return a service, if the person may fill in the form; raise if not, or if the thing does not exist."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    known = next((s for s in visit.programme.services if s.service == service), None)
    if known is None:
        raise UnknownThingError("service", service)
    visit.permit(form.action, form.subject(visit.programme, service, key))
    return known


def page(visit: Visit, form: PilotForm, service: str, key: str) -> EntryForm:
    """Return the page of a form."""
    found = form.page(visit, permit(visit, form, service, key), key)
    own = things(form, service, key)
    return replace(found, seen=mark_of(visit.programme, own) if own else "")


def things(form: PilotForm, service: str, key: str) -> tuple[str, ...]:
    return (form.thing(service, key),) if form.thing(service, key) else ()


def _people(visit: Visit) -> dict[str, Options]:
    return {
        "school": entry_forms.school_options(visit.programme),
        "owner": entry_forms.people_options(visit.programme),
    }


def _raise_page(visit: Visit, service: ServiceFile, _: str) -> EntryForm:
    return EntryForm(
        title=sentence("%(service)s: raise an issue", service=service.name),
        intro=sentence(
            "Record something that went wrong in the pilot. Its owner will see it, and it counts as evidence for "
            "decisions."
        ),
        facts=(),
        fields=with_options(entry_forms.ISSUE, _people(visit)),
        save=sentence("Save the issue"),
    )


def _raise(service: str, _: str, given: Given, __: date | None, change: Change) -> object:
    issue = pilot_records.entry_of(
        entries.IssueRaised, on=change.on, by="", service=service, text=given["text"],
        severity=IssueSeverity(int(given["severity"])), school=given["school"] or None, owner=given["owner"] or None,
        blocks_next_wave=given["blocks"] == "yes",
    )  # fmt: skip
    return pilot_records.raise_issue(issue, change)


def _update_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    issue = next(i for i in issues(visit.programme.facts.pilot, service.service) if i.number == int(key))
    return EntryForm(
        title=sentence("%(service)s: issue %(number)s", service=service.name, number=str(issue.number)),
        intro="",
        facts=entry_forms.issue_facts(visit.programme, issue),
        fields=with_options(entry_forms.ISSUE_UPDATE, _people(visit)),
        save=sentence("Save the update"),
    )


def _update(service: str, key: str, given: Given, _: date | None, change: Change) -> object:
    update = pilot_records.entry_of(
        entries.IssueUpdate, on=change.on, by="", service=service, issue=int(key), words=given["words"],
        state=given["state"] or None, owner=given["owner"] or None,
        severity=IssueSeverity(int(given["severity"])) if given["severity"] else None,
        blocks_next_wave={"yes": True, "no": False}.get(given["blocks"]),
    )  # fmt: skip
    return pilot_records.update_issue(update, change)


def _feedback_page(visit: Visit, service: ServiceFile, _: str) -> EntryForm:
    return EntryForm(
        title=sentence("%(service)s: record feedback", service=service.name),
        intro=sentence(
            "Record what people who use or provide the service say. Feedback stays open until an improvement "
            "answers it."
        ),
        facts=(),
        fields=with_options(entry_forms.FEEDBACK, {**_people(visit), "item": entry_forms.item_options(service)}),
        save=sentence("Save the feedback"),
    )


def _give(service: str, _: str, given: Given, __: date | None, change: Change) -> object:
    feedback = pilot_records.entry_of(
        entries.FeedbackGiven, on=change.on, by="", service=service, side=given["side"], text=given["text"],
        item=given.get("item", ""), school=given["school"] or None,
    )  # fmt: skip
    return pilot_records.give_feedback(feedback, change)


def _plan_page(visit: Visit, service: ServiceFile, _: str) -> EntryForm:
    name = service.service
    options = {
        **_people(visit),
        "feedback": entry_forms.feedback_options(visit.programme, name),
        "issues": entry_forms.issue_options(visit.programme, name),
    }
    return EntryForm(
        title=sentence("%(service)s: plan an improvement", service=service.name),
        intro=sentence("Improvements go into the backlog. When one is done, its feedback moves to “You said, we did”."),
        facts=(),
        fields=with_options(entry_forms.IMPROVEMENT, options),
        save=sentence("Save the improvement"),
    )


def _plan(service: str, _: str, given: Given, due: date | None, change: Change) -> object:
    item = pilot_records.entry_of(
        entries.ImprovementPlanned, on=change.on, by="", service=service, text=given["text"], owner=given["owner"],
        due=due, feedback=_ticked(given, "feedback"), issues=_ticked(given, "issues"),
    )  # fmt: skip
    return pilot_records.plan_improvement(item, change)


def _ticked(given: Given, name: str) -> tuple[int, ...]:
    numbers = (key.removeprefix(f"{name}-") for key in given if key.startswith(f"{name}-"))
    return tuple(sorted(int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) < 7))


def _done_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    item = next(i for i in improvements(visit.programme.facts.pilot, service.service) if i.number == int(key))
    return EntryForm(
        title=sentence("%(service)s: improvement %(number)s", service=service.name, number=str(item.number)),
        intro="",
        facts=entry_forms.improvement_facts(visit.programme, item),
        fields=() if item.done else entry_forms.DONE,
        save=sentence("Save what was done"),
    )


def _make(service: str, key: str, given: Given, _: date | None, change: Change) -> object:
    return pilot_records.make_improvement(service, int(key), given["did"], change)


@dataclass(frozen=True, slots=True)
class LessonMoves:
    """What a lesson would move if it is accepted."""

    tasks: str
    dates: tuple[str, ...]


def _propose_page(visit: Visit, service: ServiceFile, _: str) -> EntryForm:
    steps = entry_forms.step_options(visit.programme, service.service)
    return EntryForm(
        title=sentence("%(service)s: propose a lesson", service=service.name),
        intro=sentence(
            "Propose a change to a step in later waves, because of what the pilot has shown. You will see which dates "
            "would move. The plan changes only if someone accepts the lesson."
        ),
        facts=(),
        fields=with_options(entry_forms.LESSON, {"which": steps, "after": steps}),
        save=sentence("Propose the lesson"),
    )  # fmt: skip


def _propose(service: str, _: str, given: Given, __: date | None, change: Change) -> object:
    if not given["days"] and not given.get("after"):
        raise InputError("Enter the number of days, or choose a step that it should also wait for.")
    lesson = pilot_records.entry_of(
        entries.LessonProposed, on=change.on, by="", service=service, step=given["which"],
        duration=f"{int(given['days'])}d" if given["days"] else None,
        also_after=(given["after"],) if given.get("after") else (), reason=given["reason"],
    )  # fmt: skip
    return moves_of(pilot_records.propose_lesson(lesson, change))


def moves_of(effect: LessonEffect) -> LessonMoves:
    """Describe what a lesson would move, the largest move first."""
    moved = [m for m in effect.moved if m.minutes]
    lines = [_moved(m, effect.names) for m in moved[:MOST_MOVED]]
    if len(moved) > MOST_MOVED:
        lines.append(f"And {len(moved) - MOST_MOVED} more.")
    return LessonMoves(f"It changes {counted(len(effect.tasks), 'task')} of later waves.", tuple(lines))


def _moved(moved: Moved, names: Mapping[str, str]) -> str:
    if moved.before is None or moved.after is None:
        return names.get(moved.task, moved.task)
    days = (day_of(moved.after.finish) - day_of(moved.before.finish)).days
    before, after = (format_day(last_day_of(d.finish)) for d in (moved.before, moved.after))
    later = f"{counted(abs(days), 'day')} {'later' if days > 0 else 'earlier'}"
    return f"“{names.get(moved.task, moved.task)}”: {after} instead of {before}, {later}"


def _answer_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    lesson, given = lessons_of(visit.programme.facts.pilot, service.service)[int(key)]
    line = lesson_line(visit.programme, service, lesson, given)
    facts = [
        (sentence("Lesson"), line.text),
        (sentence("Reason"), lesson.reason),
        (sentence("Proposed by"), visit.programme.person(lesson.by)),
    ]
    if given is not None:
        facts.append((sentence("Accepted") if given.accepted else sentence("Declined"), line.answer))
    return EntryForm(
        title=sentence("%(service)s: lesson %(number)s", service=service.name, number=key),
        intro="" if given else sentence("If you accept it, it becomes part of the plan, as its next version."),
        facts=tuple(facts),
        fields=() if given else entry_forms.ANSWER,
        save=sentence("Save the answer"),
    )


def _answer(service: str, key: str, given: Given, _: date | None, change: Change) -> object:
    accepted = given["answer"] == "accept"
    return moves_of(pilot_records.answer_lesson(service, int(key), given["reason"], change, accepted=accepted))


def _measure_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    criterion = next(c for c in (service.pilot.exit_criteria if service.pilot else ()) if c.id == key)
    limits = [f"{words} {limit}" for words, limit in (("at least", criterion.at_least), ("at most", criterion.at_most))
              if limit is not None]  # fmt: skip
    last = visit.programme.facts.criteria.get(service.service, {}).get(key)
    facts = [(sentence("Exit criterion"), criterion.measure), (sentence("Must be"), " and ".join(limits) or "measured")]
    facts += [(sentence("Where the number comes from"), criterion.evidence)] if criterion.evidence else []
    return EntryForm(
        title=sentence("%(service)s: measure an exit criterion", service=service.name),
        intro="",
        facts=(*facts, (sentence("Last measured"), last or sentence("Not yet"))),
        fields=entry_forms.MEASURE,
        save=sentence("Save the measure"),
    )


def _measure(service: str, key: str, given: Given, _: date | None, change: Change) -> object:
    pilots.measure_criterion(service, key, given["value"], change)
    return None


def _lesson_subject(programme: Programme, service: str, key: str) -> Subject:
    if int(key) not in lessons_of(programme.facts.pilot, service):
        raise UnknownThingError("lesson", key)
    return Subject(service=service)


FORMS: Mapping[str, PilotForm] = {
    "issues/new": PilotForm(
        action=Action.RAISE_ISSUE, fields=entry_forms.ISSUE, page=_raise_page, do=_raise, subject=of_service
    ),
    "issues/{number:number}": PilotForm(
        action=Action.UPDATE_ISSUE,
        fields=entry_forms.ISSUE_UPDATE,
        page=_update_page,
        do=_update,
        subject=lambda programme, service, key: pilot_entries.issue_subject(programme, service, int(key)),
        thing=lambda service, key: issue_thing(service, int(key or 0)),
    ),
    "feedback/new": PilotForm(
        action=Action.GIVE_FEEDBACK, fields=entry_forms.FEEDBACK, page=_feedback_page, do=_give, subject=of_service
    ),
    "improvements/new": PilotForm(
        action=Action.PLAN_IMPROVEMENT, fields=entry_forms.IMPROVEMENT, page=_plan_page, do=_plan, subject=of_service
    ),
    "improvements/{number:number}": PilotForm(
        action=Action.FINISH_IMPROVEMENT,
        fields=entry_forms.DONE,
        page=_done_page,
        do=_make,
        subject=lambda programme, service, key: pilot_entries.improvement_subject(programme, service, int(key)),
        thing=lambda service, key: improvement_thing(service, int(key or 0)),
    ),
    "lessons/new": PilotForm(
        action=Action.PROPOSE_LESSON,
        fields=entry_forms.LESSON,
        page=_propose_page,
        do=_propose,
        subject=lambda _, service, __: Subject(service=service),
    ),
    "lessons/{number:number}": PilotForm(
        action=Action.ANSWER_LESSON,
        fields=entry_forms.ANSWER,
        page=_answer_page,
        do=_answer,
        subject=_lesson_subject,
        thing=lambda service, key: lesson_thing(service, int(key or 0)),
    ),
    "measures/{criterion}": PilotForm(
        action=Action.MEASURE_PILOT,
        fields=entry_forms.MEASURE,
        page=_measure_page,
        do=_measure,
        subject=pilot_entries.measure_subject,
        thing=measure_thing,
    ),
    **CHECKS,
}
"""Every form, by its path below the pilot's page."""
