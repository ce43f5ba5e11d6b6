"""A recovery option as a draft of changes to the plan."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from pydantic import TypeAdapter

from changeflow.errors import CheckFailedError, InputError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.risks import RemoveOption, SetEvent
from changeflow.intake.editing.tasks import SetDuration, SetEarliest, SetEstimate
from changeflow.planning.risk import tasks_named
from changeflow.programme.programme import Programme
from changeflow.reports.recovery import RecoveryReport
from changeflow.roadmap.model.requests import RecoveryOption
from changeflow.storage.database import read_scope
from changeflow.usecases.editing import PlanDraft, loaded_for_editing, version_of
from changeflow.usecases.jobs import RECOVERY
from changeflow.usecases.next_versions import joined_programme
from changeflow.usecases.result_drafts import finished, saved_once
from changeflow.usecases.unit_of_work import Change
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit

QUARTER = 15
"""Shortened durations are rounded up to a quarter of an hour, in minutes."""


def use_option(number: int, option: str, change: Change) -> PlanDraft:
    """Store a recovery option as a draft, or return the draft that the person has already made from it.

    `option` is its id: two options may have the same name.

    The edits are for the version of the calculation. If the plan has changed since, the draft shows which do not fit.
    """
    with read_scope(change.db) as session:
        stored, by = loaded_for_editing(session, change)
        job, data = finished(session, stored, number, RECOVERY)
        base = version_of(session, stored, job.version)
    report = TypeAdapter(RecoveryReport).validate_json(data)
    options = {o.id: o for o in base.definition.risk.recovery_options}
    names = {line.id: line.name for line in report.recovery_options}
    if option not in names or option not in options:
        raise InputError("Choose one of the recovery options.")
    programme = stored.programme
    if base.number != stored.version.number:
        programme = replace(joined_programme(base.definition), facts=programme.facts)
    edits = tuple(option_edits(programme, options[option]))
    if not edits:
        raise CheckFailedError("The tasks that this option changes are finished, so it would change nothing.")
    done = (*edits, RemoveOption(option=option))
    name = f"Recovery option: {names[option]}"[:80]
    draft = PlanDraft(programme=stored.programme.id, base=base.number, edits=done, name=name)
    return saved_once(draft, by, change)


def option_edits(programme: Programme, option: RecoveryOption) -> Iterator[Edit]:
    """Yield the edits that make an option part of the plan; finished tasks stay as they are."""
    for text, percent in option.shorten.items():
        for task in _open(programme, text):
            yield from _shortened(programme, task, percent)
    for text, day in option.starts.items():
        yield from (SetEarliest(task=task, earliest=day) for task in _open(programme, text))
    yield from (SetEvent(event=event, probability=odds) for event, odds in option.events.items())


def _open(programme: Programme, text: str) -> Iterator[TaskId]:
    return (task for task in tasks_named(programme, text) if not programme.is_done(task))


def _shortened(programme: Programme, task: TaskId, percent: int) -> Iterator[Edit]:
    """Yield the edits of a task that takes a percentage of its time; only working time can be shortened."""
    found = programme.roadmap.tasks[task]
    if found.duration.unit is not Unit.WORKING or found.duration.is_zero:
        return
    yield SetDuration(task=task, duration=_length(programme, found.duration.amount, percent))
    if found.estimate is not None:
        low, likely, high = (_length(programme, amount, percent) for amount in found.estimate)
        yield SetEstimate(task=task, estimate=(low, likely, high))


def _length(programme: Programme, minutes: int, percent: int) -> str:
    """Write a percentage of a length: in days if it is in half days, else in hours."""
    left, day = ceil(minutes * percent / 100), programme.minutes_per_day
    if left * 2 % day == 0:
        return f"{left / day:g}d"
    return f"{ceil(left / QUARTER) * QUARTER / 60:g}h"
