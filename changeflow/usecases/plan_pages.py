"""The plan of a stored programme for a signed-in person: its table and picture, and each task's page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from changeflow.errors import UnknownThingError
from changeflow.programme.programme import Programme
from changeflow.programme.recording import task_subject
from changeflow.reports.changes import Changes
from changeflow.reports.own_school import OwnSchool
from changeflow.reports.plan_page import PlanPage, plan_page
from changeflow.reports.plan_rows import NEITHER, Grouping, PlanQuery, PlanRow, group_names, plan_rows
from changeflow.reports.recorded import fact_data
from changeflow.reports.task_page import (
    KINDS_OF_FACT,
    Delay,
    HistoryEntry,
    PastForecast,
    TaskView,
    delay_of,
    moves_of,
    recorded_entries,
    task_view,
)
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.roadmap.model.tasks import Task
from changeflow.storage import answers, versions
from changeflow.usecases.acts import mark_of
from changeflow.usecases.moves import move_of
from changeflow.usecases.own_school import hide, known_task, own_school, own_tasks, owned_elsewhere
from changeflow.usecases.recorded import facts_now
from changeflow.usecases.schools import may_open
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit
from changeflow.values.moments import DAY
from changeflow.values.words import Action

MOST_FORECASTS = 60
"""The most forecasts whose moves are shown, because each has every task's dates: our own choice."""
MOST_DAYS = 250
"""The longest delay to try out, in working days: about a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A task with its history, and the effect of a delay if someone asked for one."""

    task: TaskView
    history: tuple[HistoryEntry, ...]
    """The latest first."""
    move: Changes | None
    """Why its date has moved since it was announced or approved."""
    delay: Delay | None
    schools: frozenset[str]
    """The schools whose pages the person may open."""
    may_report: bool
    """Whether the person may record its progress here. A decision is recorded on its own page instead."""
    seen: str
    """The mark of what is recorded about it."""
    is_partial: bool = False
    """Whether something about other schools was left out."""


def plan(visit: Visit, query: PlanQuery) -> PlanPage:
    """Return the part of the plan that a query asks for; an unknown wave, service or school is an error."""
    visit.permit(Action.READ_PROGRAMME)
    for grouping in Grouping:
        wanted = query.of(grouping)
        if wanted in {"", NEITHER, *names_of(visit, grouping)}:
            continue
        if wanted in group_names(visit.programme, grouping):
            hide(visit, Action.READ_PROGRAMME, grouping.value, wanted)
        raise UnknownThingError(grouping.value, wanted)

    def make() -> PlanPage:
        page = plan_page(visit.programme, rows, query, today=visit.today)
        return replace(own.only(page), query=page.query) if own else page

    rows, own = rows_of(visit), own_school(visit)
    # Pages that everyone opens are kept, because there are few of them; pages with other filters are not.
    is_common = query == PlanQuery(by=query.by, only=query.only)
    return visit.view("plan-page", make, query.by, query.only, _limits(visit)) if is_common else make()


def names_of(visit: Visit, grouping: Grouping) -> Mapping[str, str]:
    """Return the names of the waves, services or schools that the plan can be limited to, by id."""
    own, names = own_school(visit), group_names(visit.programme, grouping)
    if own is None or grouping is not Grouping.SCHOOL:
        return names
    return {own.school: own.name}


def rows_of(visit: Visit) -> tuple[PlanRow, ...]:
    """Return the rows of all tasks against the latest baseline, or of those that the person may see.

    Check permissions first.
    """
    own, rows = own_school(visit), _all_rows(visit)
    if own is None:
        return rows
    theirs = own_tasks(visit, own)
    return visit.view(
        "plan-rows-of-school",
        lambda: tuple(_row_for_school(row, own) for row in rows if row.id in theirs),
        _limits(visit),
    )


def _limits(visit: Visit) -> tuple[str, ...]:
    """Return what limits the person's view, as part of a kept view's key; nothing if they see every school."""
    own = own_school(visit)
    return (own.school, *owned_elsewhere(visit, own)) if own is not None else ()


def _row_for_school(row: PlanRow, own: OwnSchool) -> PlanRow:
    """Return a row without the other schools and their people."""
    owner = "Someone at another school" if own.is_named(row.owner) else row.owner
    return replace(row, owner=owner, schools=row.schools & {own.school})


def _all_rows(visit: Visit) -> tuple[PlanRow, ...]:

    def make() -> tuple[PlanRow, ...]:
        baseline = visit.stored.baseline
        given = answers.answers(visit.session, visit.name)
        return plan_rows(
            WorkbookSource(
                programme=visit.programme,
                today=visit.today,
                baseline=baseline.dates if baseline else None,
                answers=given,
            )
        )

    return visit.view("plan-rows", make)


def task_page(visit: Visit, task: TaskId, *, days: int | None = None) -> TaskPage:
    """Return a task's page; with `days`, include what moves if it takes that many days longer."""
    visit.permit(Action.READ_PROGRAMME)
    found, row = known_task(visit, task), next(r for r in rows_of(visit) if r.id == task)
    baseline = visit.stored.baseline
    own, dates = own_school(visit), baseline.dates if baseline else None
    view = visit.view("task", lambda: task_view(visit.programme, row, dates), task, own.school if own else None)
    page = TaskPage(
        task=view,
        history=_history(visit, task),
        move=move_of(visit, task, own.school if own and own.school in row.schools else None),
        delay=None if days is None else _delay(visit, task, min(days, MOST_DAYS)),
        schools=frozenset(s for s, _ in view.schools if may_open(visit, s)),
        may_report=not view.is_decision and visit.may(Action.REPORT_PROGRESS, task_subject(found)),
        seen=mark_of(visit.programme, (task,)),
    )
    return page if own is None else _page_for_school(page, own, own_tasks(visit, own))


def _page_for_school(page: TaskPage, own: OwnSchool, theirs: Collection[TaskId]) -> TaskPage:
    """Return a task's page without other schools, and without tasks that the person may not open."""
    view = page.task
    linked = replace(
        view,
        chain=tuple(s for s in view.chain if s.task in theirs),
        late_chain=tuple(s for s in view.late_chain if s.task in theirs),
        before=tuple(t for t in view.before if t.task in theirs),
        after=tuple(t for t in view.after if t.task in theirs),
    )
    shown = own.only(replace(page, task=linked))
    return replace(shown, is_partial=replace(shown, schools=page.schools) != page)


def permit_task(visit: Visit, task: TaskId, action: Action) -> None:
    """Raise unless the person may do something about a task; one that they may not see is unknown to them."""
    visit.permit(Action.READ_PROGRAMME)
    found = known_task(visit, task)
    visit.permit(action, task_subject(found))


def _delay(visit: Visit, task: TaskId, days: int) -> Delay | None:
    """Return the effect of a longer task, as the command does for all tasks, or of a later milestone; None if done."""
    programme, slips = visit.programme, visit.programme.slips
    if programme.is_done(task):
        return None
    found, timed = programme.roadmap.tasks[task], programme.timed(task)
    if not found.is_milestone:
        finish = _finish_if_longer(programme, found, days)
    else:
        finish = slips.slipped(task, days) if found.begins_in_windows else milestone_later(programme, task, days)
    moved = {}
    for milestone in programme.open_milestones:
        own = programme.timed(milestone.task)
        moved[milestone.id] = (own.day_at(slips.finish_if(task, finish, milestone.task)) - own.last_day).days
    last = max(programme.required_schedule.timed.values(), key=lambda t: t.early_finish)
    end = (last.day_at(slips.consequences.last_if(task, finish)) - last.last_day).days
    possible = timed.day_at(finish) if found.is_milestone and found.begins_in_windows else None
    return delay_of(programme, task, days, moved, end=end, possible=possible)


def _finish_if_longer(programme: Programme, task: Task, days: int) -> int:
    """Return a task's finish if it takes more days: working days of its calendar, or calendar days if it is elapsed."""
    finish = programme.timed(task.id).early_finish
    if task.duration.unit is Unit.ELAPSED:
        return finish + days * DAY
    calendar = programme.roadmap.calendars[task.placed_on or task.calendar]
    return calendar.add(finish, days * programme.minutes_per_day)


def milestone_later(programme: Programme, task: TaskId, days: int) -> int:
    """Return a milestone's moment if its day is some working days later.

    A milestone at the first minute of a day's work, plus one day's minutes, would be at the end of the same day.
    """
    finish, calendar = programme.timed(task).early_finish, programme.roadmap.calendar_of(task)
    # One minute more, and back, leads from the end of a day's work to the beginning of the next.
    over = 1 if calendar.between(finish // DAY * DAY, finish) == 0 else 0
    return calendar.add(finish, days * programme.minutes_per_day + over) - over


def _history(visit: Visit, task: TaskId) -> tuple[HistoryEntry, ...]:
    """Return what was recorded about a task and how its forecast moved; the audit records the reading."""
    recorded = visit.view("facts-of-tasks", lambda: _facts_of_tasks(visit)) if visit.may(Action.READ_FACTS) else {}
    moves = visit.view("moves-of-tasks", lambda: moves_of(_forecasts(visit)))
    entries = [*recorded_entries(recorded.get(task, ()), task), *moves.get(task, ())]
    if recorded.get(task):
        visit.note_look(f"facts:{task}")
    return tuple(sorted(entries, key=lambda e: e.at, reverse=True))


def _facts_of_tasks(visit: Visit) -> Mapping[TaskId, Sequence[Mapping[str, Any]]]:
    found: dict[TaskId, list[Mapping[str, Any]]] = {}
    for kind in KINDS_OF_FACT:
        known = facts_now(visit.session, visit.name, kind)
        data = fact_data(known, person=visit.programme.person, roadmap=visit.programme.roadmap)
        for fact, row in zip(known, data, strict=True):
            found.setdefault(str(fact.values["task"]), []).append(row)
    return found


def _forecasts(visit: Visit) -> list[PastForecast]:
    known = versions.forecasts(visit.session, visit.name, last=MOST_FORECASTS)
    return [PastForecast(f.at, f.version, f.dates) for f in known]
