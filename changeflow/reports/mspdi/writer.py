"""Writes roadmaps as Microsoft Project files (MSPDI) with the same critical path in Project and when read back.

What Project does not support (pay periods, terms, start windows, school weeks) is translated into its terms: see
`roadmap/project_terms`. Project's own files need no translation.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from changeflow.errors import InputError
from changeflow.files import write_whole
from changeflow.programme.dates import Dates
from changeflow.programme.progress_cells import percent_complete
from changeflow.reports.mspdi.calendars import calendar_fields, last_day_known, of_a_resource, short_names, usual_day
from changeflow.reports.mspdi.elements import NAMESPACE, Fields, add_fields, moment, name_of
from changeflow.reports.mspdi.notes import notes_of
from changeflow.reports.mspdi.outline import Labels, numbers_of, rows_of
from changeflow.reports.mspdi.people import (
    Resources,
    assignment_elements,
    owners,
    placing,
    resource_elements,
)
from changeflow.reports.mspdi.tasks import ID_FIELD, Numbered, task_elements
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.roadmap.project_terms.terms import ProjectTerms, differences, in_project_terms
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day

LAST_YEAR = 2149
SAVED_BY = 14
"""Project 2010; later versions write the same format."""
BASELINES = range(11)
"""Project has eleven."""


def write_roadmap(
    roadmap: Roadmap,
    schedule: Schedule,
    out: Path,
    *,
    name: str,
    calendar: str,
    baselines: Mapping[int, Mapping[TaskId, Dates]] | None = None,
    labels: Labels | None = None,
) -> tuple[str, ...]:
    """Write a timed roadmap; return sentences about what is fixed for Project and what it computes differently.

    `calendar` is the key of the project's calendar, and `baselines` are by number from 0. With `labels`, tasks are
    grouped by service, wave and school, and assigned to their owners.
    """
    from lxml import etree

    _refuse_far_dates(roadmap, schedule)
    known = {n: b for n, b in (baselines or {}).items() if n in BASELINES}
    plan, said = _numbered(roadmap, schedule, calendar, known, labels)
    root = etree.Element("Project", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    add_fields(root, _project(plan, name, labels))
    # Resources in a Project file may be named people.
    write_whole(out, etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True), private=True)
    return said


def _refuse_far_dates(roadmap: Roadmap, schedule: Schedule) -> None:
    far = [t for t in roadmap.tasks.values() if day_of(schedule[t.id].early_finish).year > LAST_YEAR]
    if far:
        day = format_day(day_of(schedule[far[0].id].early_finish))
        what = f"“{far[0].name}” ends on {day}, and Microsoft Project has no dates after {LAST_YEAR}."
        raise InputError(f"{what} Look for a duration that is too long; nothing was written.")


def _numbered(
    roadmap: Roadmap,
    schedule: Schedule,
    calendar: str,
    baselines: Mapping[int, Mapping[TaskId, Dates]],
    labels: Labels | None,
) -> tuple[Numbered, tuple[str, ...]]:
    """Return the plan in Project's terms with the numbers of its parts, and sentences about what differs."""
    notes: Mapping[TaskId, str] = {}
    said: tuple[str, ...] = ()
    percents: Mapping[TaskId, int] = {}
    is_ours = roadmap.profile is not MSPROJECT
    if is_ours:
        terms = in_project_terms(roadmap, schedule)
        differing = list(differences(terms))
        notes = notes_of(roadmap, schedule, terms, differing)
        said = (*_fitted(terms), *_differing(roadmap, differing))
        # Started work with no more reported than its start is 0% complete.
        percents = {t: percent_complete(roadmap.tasks[t], p) or 0 for t, p in roadmap.progress.items()}
        roadmap, schedule = terms.roadmap, terms.schedule
    tasks = roadmap.tasks.values()
    used = {key for t in tasks for key in (t.calendar, t.placed_on, *(a.calendar for a in t.assignments))}
    keys = [calendar, *sorted(key for key in used - {calendar} if key is not None)]
    rows = rows_of(roadmap, schedule, labels)
    return Numbered(
        roadmap=roadmap,
        schedule=schedule,
        rows=rows,
        uids=numbers_of(row.key for row in rows),
        calendars={key: n for n, key in enumerate(keys, 1)},
        notes=notes,
        baselines=baselines,
        percents=percents,
        is_ours=is_ours,
    ), said


def _fitted(terms: ProjectTerms) -> Iterator[str]:
    """Say what is fixed in the file because Project cannot express it."""
    starts = sum(fit.is_held for fit in terms.fits.values())
    deadlines = sum(fit.is_capped for fit in terms.fits.values())
    lags = len(terms.resized)
    counts = ((starts, "start"), (deadlines, "deadline"), (lags, "lag"))
    set_here = [counted(number, what) for number, what in counts if number]
    if set_here:
        kinds = " and ".join([*(["dates"] if starts or deadlines else []), *(["lags"] if lags else [])])
        fixed = f"Project cannot express these, so they are fixed {kinds} in the file"
        yield f"{fixed}: {', '.join(set_here)}. Tasks' notes say which."


def _differing(roadmap: Roadmap, tasks: list[TaskId]) -> list[str]:
    if not tasks:
        return []
    named = ", ".join(f"“{roadmap.tasks[t].name}”" for t in tasks[:5])
    more = f" and {len(tasks) - 5} more" if len(tasks) > 5 else ""
    what = f"Project computes other dates or floats for {counted(len(tasks), 'task')}: {named}{more}."
    return [f"{what} The file has the plan's until Project recalculates it."]


def _project(plan: Numbered, name: str, labels: Labels | None) -> Fields:
    roadmap = plan.roadmap
    yield "SaveVersion", SAVED_BY
    yield "Name", name_of(name)
    yield "Title", name_of(name)
    yield "ScheduleFromStart", int(roadmap.finish is None)
    yield "StartDate", moment(roadmap.start)
    yield "FinishDate", moment(plan.schedule.finish)
    yield "CriticalSlackLimit", roadmap.slack_limit // roadmap.minutes_per_day
    yield "CalendarUID", 1
    if hours := usual_day(roadmap.calendars[next(iter(plan.calendars))]):
        yield "DefaultStartTime", hours[0]
        yield "DefaultFinishTime", hours[1]
    yield "MinutesPerDay", roadmap.minutes_per_day
    yield "MinutesPerWeek", 5 * roadmap.minutes_per_day
    yield "HonorConstraints", int(roadmap.holds_set_dates)
    yield "MultipleCriticalPaths", int(roadmap.several_paths)
    if roadmap.data_date is not None:
        yield "StatusDate", moment(roadmap.data_date)
    if plan.is_ours:
        field: Fields = [("FieldID", ID_FIELD), ("FieldName", "Text1"), ("Alias", "changeflow id")]
        yield "ExtendedAttributes", [("ExtendedAttribute", field)]
    resources = _resources(plan, labels)
    names = short_names(plan.calendars)
    last = last_day_known(day_of(plan.schedule.finish))
    calendars = [calendar_fields(roadmap.calendars[k], n, names[k], last) for k, n in plan.calendars.items()]
    if plan.is_ours:
        own = short_names(resources.names.values(), taken=names.values())
        calendars += [of_a_resource(n, own[resources.names[k]], 1) for k, n in resources.calendars.items()]
    yield "Calendars", [("Calendar", c) for c in calendars]
    yield "Tasks", task_elements(plan)
    yield "Resources", resource_elements(resources)
    yield "Assignments", assignment_elements(plan, resources)


def _resources(plan: Numbered, labels: Labels | None) -> Resources:
    if not plan.is_ours:
        return placing(plan)
    first = len(plan.calendars) + 1
    if labels is None:
        return Resources(names={}, calendars={})
    return owners(plan, labels.owners, first)
