"""The form of each kind of edit of the plan."""

from collections.abc import Mapping

from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import is_never_moved
from changeflow.reports.edit_form_parts import EditForm
from changeflow.reports.edit_plan_forms import FORMS_OF_THE_PLAN
from changeflow.reports.edit_task_forms import FORMS_OF_TASKS
from changeflow.reports.edit_wave_forms import FORMS_OF_WAVES
from changeflow.reports.entry_forms import EntryField, with_options
from changeflow.values.base import TaskId
from changeflow.values.words import Kind

FORMS: Mapping[str, EditForm] = {**FORMS_OF_TASKS, **FORMS_OF_THE_PLAN, **FORMS_OF_WAVES}
"""The forms by the names that `intake.editing.kinds.KINDS` has. Waivers, lessons and handovers have their own pages."""


def fields_for(form: EditForm, programme: Programme, task: str) -> tuple[EntryField, ...]:
    """Return a form's fields with what the programme offers."""
    left_out = form.leaves_out(programme)
    fields = tuple(field for field in form.fields if field.name not in left_out)
    return with_options(fields, form.options(programme, task))


def nothing_to_choose(form: EditForm, programme: Programme, task: str) -> str:
    """Return why there is nothing to choose in a list that must be chosen from; empty if the form can be filled in."""
    needed = [field for field in form.fields if field.none]
    if not needed:
        return ""
    shown = {field.name for field in fields_for(form, programme, task)}
    return next((field.none for field in needed if field.name not in shown), "")


def kinds_for(programme: Programme, task: TaskId) -> tuple[str, ...]:
    """Return the kinds of edits that a task can have, in the order of the forms."""
    found, without = programme.roadmap.tasks[task], set[str]()
    if found.is_milestone or found.kind is Kind.DECISION:
        without |= {"set-duration", "set-estimate"}
    if found.is_milestone:
        without |= {"set-task-calendar", "set-need"}
    if is_never_moved(found):
        without.add("set-earliest")
    return tuple(kind for kind, form in FORMS.items() if form.is_of_task and kind not in without)
