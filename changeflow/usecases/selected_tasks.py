"""Tasks that someone has selected on the plan: give them another owner, or move their starts, as one list of edits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from
from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import TaskMove, falls_short, moves_by, why_fixed, why_held, why_owned
from changeflow.reports.edit_form_parts import Given, options_for
from changeflow.reports.edit_forms import FORMS
from changeflow.reports.entry_forms import EntryField, EntryForm, Options, with_options
from changeflow.reports.task_why import explain_dates
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.storage.database import read_scope
from changeflow.usecases import editing
from changeflow.usecases.acts import StaleError
from changeflow.usecases.edit_pages import add_edits, draft_options, permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.plan_pages import MOST_DAYS
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

LATER, EARLIER = "later", "earlier"


class SelectionChange(StrEnum):
    """What is done to all selected tasks."""

    OWNER = "owner"
    MOVE = "move"


TITLES: Mapping[SelectionChange, str] = {
    SelectionChange.OWNER: "Change the owner of tasks",
    SelectionChange.MOVE: "Move the start of tasks",
}
INTROS: Mapping[SelectionChange, str] = {
    SelectionChange.OWNER: "",
    SelectionChange.MOVE: "Each task gets an earliest start, counted in working days from its current start. It starts "
    "later if the tasks before it finish later. It moves earlier only if nothing keeps it from starting sooner.",
}
_MOVE = (
    EntryField(name="direction", label="Which way?", kind="choice", missing="Choose later or earlier.",
               options=((LATER, "Later"), (EARLIER, "Earlier"))),
    EntryField(name="days", label="By how many working days?", called="The number of days", most=3,
               missing="Enter the number of working days.", hint="A whole number, such as 5.",
               not_a_number="Enter the number of working days as a whole number, such as 5."),
)  # fmt: skip


class SelectedTasksChangedError(StaleError):
    """Selected tasks have been finished or removed since the page was opened; nothing was saved."""

    def __init__(self, tasks: Sequence[TaskId]) -> None:
        self.tasks = tuple(tasks)
        super().__init__("Some selected tasks have been finished or removed from the plan since you opened the page.")


class TasksRefusedError(CheckFailedError):
    """Selected tasks cannot be changed as requested; nothing was saved."""

    def __init__(self, reasons: Sequence[str], of: int) -> None:
        self.reasons = tuple(reasons)
        tasks = f"{len(reasons)} of the {counted(of, 'selected task')}"
        super().__init__(f"{tasks} cannot be changed in this way. {' '.join(reasons)}")


@dataclass(frozen=True, slots=True)
class FilledSelection:
    """What someone wants to do to the tasks that they have selected."""

    what: SelectionChange
    tasks: tuple[TaskId, ...]
    given: Given

    @property
    def is_earlier(self) -> bool:
        return self.given.get("direction") == EARLIER

    @property
    def days(self) -> int:
        """Return the working days to move by, negative for earlier."""
        days = int(self.given["days"])
        if days > MOST_DAYS:
            raise InputError(f"You can move tasks by at most {MOST_DAYS} working days. Enter a smaller number.")
        return -days if self.is_earlier else days


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedRow:
    """A selected task as it is now."""

    id: TaskId
    name: str
    owner: str
    dates: str
    problem: str
    """Why it can no longer be changed; empty if it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionPage:
    """A form for all selected tasks."""

    what: SelectionChange
    form: EntryForm
    rows: tuple[SelectedRow, ...]
    drafts: Options

    @property
    def gone(self) -> int:
        """The number of tasks that can no longer be changed."""
        return sum(1 for row in self.rows if row.problem)


@dataclass(frozen=True, slots=True)
class SelectionPublished:
    """A new version, with the owners or dates of the selected tasks in it."""

    version: int
    values: Mapping[TaskId, str]


def what_of(word: str) -> SelectionChange:
    """Return what a page's address asks for; an `UnknownThingError` if there is no such page."""
    if word not in set(SelectionChange):
        raise UnknownThingError("page", word)
    return SelectionChange(word)


def selection_fields(what: SelectionChange) -> tuple[EntryField, ...]:
    return FORMS["set-owner"].fields if what is SelectionChange.OWNER else _MOVE


def selection_page(visit: Visit, what: SelectionChange, tasks: Sequence[TaskId]) -> SelectionPage:
    """Return the form for selected tasks."""
    permit_editing(visit)
    programme = visit.programme
    fields = with_options(selection_fields(what), options_for(programme, ""))
    form = EntryForm(title=TITLES[what], intro=INTROS[what], facts=(), fields=fields, save="Publish")
    rows = tuple(_row(programme, task) for task in dict.fromkeys(tasks))
    return SelectionPage(what=what, form=form, rows=rows, drafts=draft_options(visit))


def _row(programme: Programme, task: TaskId) -> SelectedRow:
    found = programme.roadmap.tasks.get(task)
    if found is None:
        step = task.rpartition("/")[2].replace("-", " ").capitalize()
        return SelectedRow(id=task, name=step, owner="", dates="", problem="No longer in the plan")
    dates = dates_in_words(programme.roadmap, programme.required_schedule, task)
    problem = "Finished" if programme.is_done(task) else ""
    return SelectedRow(
        id=task,
        name=found.name,
        owner=programme.person(found.owner) if found.owner else "",
        dates=dates,
        problem=problem,
    )


def publish_selected(filled: FilledSelection, reason: str, change: Change) -> SelectionPublished:
    """Change all selected tasks and publish the new version, or change none."""
    found, values = _selected(filled, change), dict[TaskId, str]()

    def check(before: Programme, after: Programme) -> None:
        _check(found, before, after)
        values.update({task: _value(filled.what, after, task) for task in filled.tasks})

    number = editing.publish(found.draft, reason, change, check=check)
    return SelectionPublished(number, values)


def add_selected_to_draft(filled: FilledSelection, number: str, name: str, change: Change) -> PlanDraft:
    """Add the edits of all selected tasks to the draft with a number, or to a new one; return the draft as stored."""
    found = _selected(filled, change)
    editing.preview(found.draft, change, check=partial(_check, found))
    return add_edits(found.draft, number, name, change)


@dataclass(frozen=True, slots=True)
class _Selection:
    """The edits of the selected tasks, for the plan as it is now."""

    filled: FilledSelection
    moves: tuple[TaskMove, ...]
    """Where each task moves; none for another change."""
    draft: PlanDraft


def _selected(filled: FilledSelection, change: Change) -> _Selection:
    if not filled.tasks:
        raise InputError("Select at least one task on the plan.")
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    programme, moves = stored.programme, tuple[TaskMove, ...]()
    _check_open(programme, filled)
    if filled.what is SelectionChange.OWNER:
        fields = [{"kind": "set-owner", "task": task, "owner": filled.given["owner"]} for task in filled.tasks]
    else:
        moves = moves_by(programme, filled.tasks, filled.days)
        set_ = [move for move in moves if move.is_set]
        if not set_:
            raise TasksRefusedError([_why_short(programme, filled, move) for move in moves], len(moves))
        fields = [{"kind": "set-earliest", "task": move.task, "earliest": move.to.isoformat()} for move in set_]
    draft = PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=edits_from(fields))
    return _Selection(filled, moves, draft)


def _check_open(programme: Programme, filled: FilledSelection) -> None:
    """Raise if a selected task is not open any more, or cannot be changed in this way."""
    tasks = programme.roadmap.tasks
    if gone := [task for task in filled.tasks if task not in tasks or programme.is_done(task)]:
        raise SelectedTasksChangedError(gone)
    if filled.what is SelectionChange.OWNER:
        reasons = [why_owned(programme, task) for task in filled.tasks]
    else:
        reasons = [why_fixed(programme, task, earlier=filled.is_earlier) for task in filled.tasks]
    if said := [reason for reason in reasons if reason]:
        raise TasksRefusedError(said, len(filled.tasks))


def _check(found: _Selection, before: Programme, after: Programme) -> None:
    """Raise if a task is not open any more, or if the plan would not follow the edits."""
    filled = found.filled
    _check_open(before, filled)
    short = [move for move in found.moves if falls_short(after, move, earlier=filled.is_earlier)]
    if short:
        raise TasksRefusedError([_why_short(after, filled, move) for move in short], len(filled.tasks))


def _why_short(programme: Programme, filled: FilledSelection, move: TaskMove) -> str:
    """Say what keeps a task from its new start: its wave or levelling, or else the reason for its date."""
    if filled.is_earlier and (held := why_held(programme, move)):
        return held
    name = programme.roadmap.tasks[move.task].name
    why = explain_dates(programme.roadmap, programme.required_schedule, move.task).chain[-1].sentence
    return f"“{name}” cannot start on {format_day(move.to)}. {why.replace(f'“{name}”', 'It', 1)}"


def _value(what: SelectionChange, programme: Programme, task: TaskId) -> str:
    """Return what a selected task has after the change: its owner, or its dates."""
    if what is SelectionChange.OWNER:
        return programme.person(programme.roadmap.tasks[task].owner)
    return dates_in_words(programme.roadmap, programme.required_schedule, task)
