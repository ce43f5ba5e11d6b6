"""Forms for edits of one task."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from changeflow.errors import InputError
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME
from changeflow.programme.task_moves import own_earliest
from changeflow.reports.edit_form_parts import (
    AMOUNT,
    DAY_HINT,
    NAME,
    OTHER,
    TEAM,
    UNIT,
    EditForm,
    Given,
    options_for,
    without_empty,
)
from changeflow.reports.entry_forms import EntryField, Options
from changeflow.roadmap.levelling.teams import TENTHS
from changeflow.roadmap.model.pathways import StepFields
from changeflow.roadmap.model.tasks import Task
from changeflow.values.made_ids import made_id
from changeflow.values.moments import day_of, last_day_of


def _estimate(given: Given) -> Mapping[str, Any]:
    ends = [given.get(name, "") for name in ("least", "likely", "most")]
    return {"estimate": tuple(f"{end}{given['unit']}" for end in ends) if any(ends) else None}


def _link(given: Given) -> Mapping[str, Any]:
    lag = given.get("lag", "")
    return {"after": f"{given['other']} FS+{lag}d" if lag else given["other"]}


def _task_options(programme: Programme, task: str) -> Options:
    """Return the tasks that one can be linked to: those of its service, and the programme's own."""
    service = programme.roadmap.tasks[task].service
    near: Iterable[Task] = (t for t in programme.roadmap.tasks.values() if t.service in (service, None))
    return tuple(sorted(((t.id, t.name) for t in near if t.id != task), key=lambda o: o[1]))


def _links_now(programme: Programme, task: str) -> Options:
    links = (link for link in programme.roadmap.links if link.successor == task and not link.rule)
    return tuple(dict.fromkeys((k.predecessor, programme.roadmap.tasks[k.predecessor].name) for k in links))


def _deadline_now(programme: Programme, task: str) -> Mapping[str, str]:
    found = programme.roadmap.tasks[task].deadline
    return {"deadline": f"{last_day_of(found):%-d/%-m/%Y}"} if found is not None else {}


def _earliest_now(programme: Programme, task: str) -> Mapping[str, str]:
    found = [c.at for c in own_earliest(programme, task)]
    return {"earliest": f"{day_of(max(found)):%-d/%-m/%Y}"} if found else {}


def _need(given: Given) -> Mapping[str, Any]:
    people = given.get("people") or None
    if people is not None and Decimal(people) * TENTHS % 1:
        raise InputError("Enter the number of people with one decimal at most, such as 1.5. No changes saved.")
    return {"team": given["team"], "people": people}


WORKING_DAYS: Options = (
    ("office", "The working days of the organisation"),
    ("term", "School days only"),
    ("every_day", "Every day, weekends and holidays included"),
)


def _own_fields(programme: Programme, task: str) -> StepFields | None:
    """Return what the files say about this task itself, not about its step."""
    service, _, local = task.partition("/")
    definition = programme.definition
    if service == PROGRAMME:
        return definition.programme.tasks.get(local)
    return next((s.tasks.get(local) for s in definition.services if s.service == service), None)


def _calendar_now(programme: Programme, task: str) -> Mapping[str, str]:
    own = _own_fields(programme, task)
    return {"calendar": own.calendar} if own is not None and own.calendar is not None else {}


def _need_now(programme: Programme, task: str) -> Mapping[str, str]:
    """Show the team that a task needs, if it needs one alone; otherwise the reader chooses."""
    needs = programme.roadmap.tasks[task].needs
    if len(needs) != 1:
        return {}
    [(team, tenths)] = needs.items()
    return {"team": team, "people": f"{tenths / TENTHS:g}"}


def _name_now(programme: Programme, task: str) -> Mapping[str, str]:
    return {"name": programme.roadmap.tasks[task].in_parts.alone}


def _owner_now(programme: Programme, task: str) -> Mapping[str, str]:
    return {"owner": programme.roadmap.tasks[task].owner or ""}


def _split(given: Given) -> Mapping[str, Any]:
    first, second = (f"{given[name]}{given['unit']}" for name in ("first_amount", "amount"))
    named = without_empty(given, "first_name", "name")
    return {"first_duration": first, "duration": second, "id": made_id(given["name"]), **named}


FORMS_OF_TASKS: Mapping[str, EditForm] = {
    "set-duration": EditForm(fields=(AMOUNT, UNIT), fill=lambda g: {"duration": f"{g['amount']}{g['unit']}"}),
    "set-estimate": EditForm(
        intro="A range tells the simulation how sure you are. Leave all three empty to remove it.",
        fields=(
            replace(AMOUNT, name="least", label="If all goes well", missing=""),
            replace(AMOUNT, name="likely", label="Most likely", missing=""),
            replace(AMOUNT, name="most", label="If much goes wrong", missing=""),
            UNIT,
        ),
        fill=_estimate,
    ),
    "set-deadline": EditForm(
        fields=(
            EntryField(name="deadline", label="By which day must it be finished?", kind="day",
                       hint=f"{DAY_HINT} Leave empty to remove the deadline."),
        ),
        fill=lambda g: {"deadline": g.get("deadline") or None},
        now=_deadline_now,
    ),
    "set-earliest": EditForm(
        intro="The task starts on this day, or later if the tasks before it finish later. It does not start before "
        "this day, even if they finish sooner.",
        fields=(
            EntryField(name="earliest", label="What is the earliest day on which it may start?", kind="day",
                       hint=f"{DAY_HINT} Leave empty to remove the earliest start."),
        ),
        fill=lambda g: {"earliest": g.get("earliest") or None},
        now=_earliest_now,
    ),
    "set-task-calendar": EditForm(
        fields=(
            EntryField(name="calendar", label="On which days can it be worked on?", kind="select",
                       empty="As the service’s template says", options=WORKING_DAYS),
        ),
        fill=lambda g: {"calendar": g.get("calendar") or None},
        now=_calendar_now,
    ),
    "set-need": EditForm(
        intro="Levelling and wave proposals count these people while the task is being worked on.",
        fields=(
            TEAM,
            replace(AMOUNT, name="people", label="How many people of this team does it need at once?", missing="",
                    called="The number of people", hint="A number, such as 1 or 0.5. Leave empty if it needs none."),
        ),
        fill=_need,
        options=options_for,
        now=_need_now,
    ),
    "set-owner": EditForm(
        fields=(EntryField(name="owner", label="Who is responsible?", kind="select", missing="Choose the owner."),),
        fill=lambda g: {"owner": g["owner"]},
        options=options_for,
        now=_owner_now,
    ),
    "link": EditForm(
        fields=(
            OTHER,
            EntryField(name="lag", label="How many working days later, at the earliest?", called="The number of days",
                       hint="A whole number. Leave empty if it can start at once.", most=3,
                       not_a_number="Enter the number of days as a whole number, such as 5."),
        ),
        fill=_link,
        options=lambda programme, task: {"other": _task_options(programme, task)},
    ),
    "unlink": EditForm(
        fields=(replace(OTHER, label="Which task should it no longer wait for?",
                        none="This task has no links that can be removed."),),
        fill=lambda g: {"after": g["other"]},
        options=lambda programme, task: {"other": _links_now(programme, task)},
    ),
    "rename-task": EditForm(fields=(NAME,), fill=lambda g: {"name": g["name"]}, now=_name_now,
                            intro="Its records and its history stay with it."),
    "split-task": EditForm(
        intro="The first part keeps its progress and its records. The second part follows it.",
        fields=(
            replace(AMOUNT, name="first_amount", label="How long does the first part take?"),
            replace(AMOUNT, label="How long does the second part take?"),
            UNIT,
            replace(NAME, label="Name of the second part"),
            replace(NAME, name="first_name", label="New name of the first part, if it needs one", missing=""),
        ),
        fill=_split,
    ),
    "retire-task": EditForm(
        intro="The task leaves the plan, and no task waits for it any longer. Its records stay.",
        fields=(), fill=lambda _: {},
    ),
}  # fmt: skip
