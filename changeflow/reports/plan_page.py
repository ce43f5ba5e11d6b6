"""The plan page: a table, grouped or by lateness, and its picture. Many tasks are collapsed into their groups."""

from dataclasses import dataclass, replace
from datetime import date

from changeflow.programme.programme import Programme
from changeflow.reports.plan_rows import (
    Grouping,
    Only,
    PlanGroup,
    PlanQuery,
    PlanRow,
    chosen,
    plan_groups,
)
from changeflow.reports.timeline import (
    MOST_ROWS,
    SIZES,
    Timeline,
    TimelineBand,
    TimelineRow,
    bands_of,
    draw_timeline,
    rows_of_groups,
    rows_of_tasks,
    shown_days,
)
from changeflow.values.duration import counted

MOST_TASKS = 100
"""The most tasks in a table: our own choice. More are collapsed into groups, or else continue on another page."""
ONLY = {Only.LATE: "Late", Only.CRITICAL: "Critical", Only.SOON: "Next six weeks"}
BY = {Grouping.WAVE: "Wave", Grouping.SERVICE: "Service", Grouping.SCHOOL: "School"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """What the plan page shows."""

    query: PlanQuery
    total: int
    """The number of tasks and milestones that the query is about."""
    count: str
    """The same in words: `310 tasks and 3 milestones`."""
    late: int
    critical: int
    grouping: Grouping | None
    """What the tasks are grouped by; None for one list."""
    groups: tuple[PlanGroup, ...]
    """The groups with their tasks, or only the groups if `is_collapsed`."""
    is_collapsed: bool
    first: int
    """The number of the first task on this page, of `total`."""
    pages: tuple[tuple[int, str], ...]
    """The number and address of each page, if there are several."""
    pictures: tuple[Timeline, ...]
    """One for each size; none if there is nothing to draw."""
    bands: tuple[TimelineBand, ...]
    not_drawn: int
    """Rows that the picture leaves out."""


def plan_page(programme: Programme, rows: tuple[PlanRow, ...], query: PlanQuery, *, today: date) -> PlanPage:
    """Show what a query asks for of the plan's rows."""
    found = chosen(rows, query, today)
    grouping = None if query.only is Only.LATE else _grouping(programme, found, query)
    groups = tuple(plan_groups(programme, found, query, grouping)) if grouping else ()
    is_collapsed = len(found) > MOST_TASKS and len(groups) > 1
    count = 1 if is_collapsed else max(1, -(-len(found) // MOST_TASKS))
    page = min(query.page, count)
    shown = found if is_collapsed else found[(page - 1) * MOST_TASKS : page * MOST_TASKS]
    if grouping and not is_collapsed:
        groups = tuple(plan_groups(programme, shown, query, grouping))
    drawn = rows_of_tasks(shown)
    if is_collapsed or (len(shown) > MOST_ROWS and len(groups) > 1):
        drawn = rows_of_groups(groups)
    pictures, bands = _pictures(programme, drawn[:MOST_ROWS], shown, today)
    return PlanPage(
        query=replace(query, page=page),
        total=len(found),
        count=_count(found),
        late=sum(r.is_late for r in found),
        critical=sum(r.is_critical for r in found),
        grouping=grouping,
        groups=groups if grouping else _one_list(shown),
        is_collapsed=is_collapsed,
        first=(page - 1) * MOST_TASKS + 1,
        pages=tuple((n, replace(query, page=n).address) for n in range(1, count + 1)) if count > 1 else (),
        pictures=pictures,
        bands=bands,
        not_drawn=max(0, len(drawn) - MOST_ROWS),
    )


def _count(rows: list[PlanRow]) -> str:
    tasks = sum(r.is_work for r in rows)
    others = len(rows) - tasks
    return " and ".join([counted(tasks, "task"), *([counted(others, "milestone")] if others else [])])


def _grouping(programme: Programme, rows: list[PlanRow], query: PlanQuery) -> Grouping | None:
    """Return what to group by: what was chosen, or else the first of the others that has several groups."""
    open_ones: list[Grouping] = [g for g in (query.by, *Grouping) if not query.of(g)]
    for grouping in dict.fromkeys(open_ones):
        members = {member for row in rows for member in row.members(grouping)}
        if len(members) > 1:
            return grouping
    return None


def _one_list(rows: list[PlanRow]) -> tuple[PlanGroup, ...]:
    if not rows:
        return ()
    return (
        PlanGroup(
            name="", address="", rows=tuple(rows), start="", finish="", tasks=0, done=0, late=0, critical=0, variance=""
        ),
    )


def _pictures(
    programme: Programme, drawn: list[TimelineRow], rows: list[PlanRow], today: date
) -> tuple[tuple[Timeline, ...], tuple[TimelineBand, ...]]:
    if not drawn:
        return (), ()
    days = shown_days(drawn)
    bands = bands_of(programme, rows, days)
    return tuple(draw_timeline(drawn, bands, days, size, today=today) for size in SIZES), bands
