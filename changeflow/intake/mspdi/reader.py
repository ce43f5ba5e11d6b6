"""Read an MSPDI file as a roadmap: tasks, outline, links, constraints, resources' calendars and progress."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from changeflow.errors import CyclicRoadmapError, ProblemsError
from changeflow.intake.mspdi.calendars import ProjectCalendars
from changeflow.intake.mspdi.dates import DateReader, end_at, end_in, minute_in
from changeflow.intake.mspdi.fields import code_of, lag_of, number_of, parsed_moment
from changeflow.intake.mspdi.outline import check_outline, parents_of
from changeflow.intake.mspdi.progress import ProgressReader, may_have_begun
from changeflow.intake.mspdi.records import REMEDY, Record, children, read_records
from changeflow.intake.mspdi.remarks import UNREADABLE, Remarks, named, task_named
from changeflow.intake.mspdi.settings import ProjectSettings, settings_of
from changeflow.intake.mspdi.staff import staff_of
from changeflow.intake.mspdi.tasks import TaskReader
from changeflow.intake.mspdi.work_left import WorkLeft
from changeflow.intake.opening import open_input
from changeflow.programme.dates import Dates
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Link, LinkType, Roadmap
from changeflow.values.duration import counted
from changeflow.values.moments import minute_of
from changeflow.values.problem import Problem

MAX_BYTES = 100_000_000
YEARS_AROUND = 10
LINK_TYPES = {0: LinkType.FF, 1: LinkType.FS, 2: LinkType.SF, 3: LinkType.SS}
LINK_NAMES = {t.value: t for t in LinkType} | {str(code): t for code, t in LINK_TYPES.items()}
_LEFT_OUT = "links that are left out"


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A schedule as read: task ids are `UID`s as text."""

    name: str
    roadmap: Roadmap
    names: Mapping[str, str]
    calendar: str
    """The key of the project's own calendar."""
    baselines: Mapping[int, Mapping[str, Dates]]
    """Each stored baseline, by its number from 0: the dates of its tasks."""
    stored: Mapping[str, Dates]
    """The file's own dates for each task except summaries."""
    notes: tuple[str, ...]
    """Notes on requests in the file that are not computed, and on the defaults for what it lacks."""

    @property
    def usual_calendar(self) -> str:
        """The key of the project's own calendar or, if no task uses it, of the one that most tasks use."""
        laid_out, tasks = self.roadmap.calendars, self.roadmap.tasks.values()
        if self.calendar in laid_out:
            return self.calendar
        used = Counter(key for task in tasks if (key := task.placed_on or task.calendar) in laid_out)
        return used.most_common(1)[0][0] if used else self.calendar


def read_mspdi(path: Path) -> ProjectFile:
    """Read an MSPDI file; entities are never expanded and nothing is fetched."""
    problems: list[Problem] = []
    remarks = Remarks(path.name)
    try:
        with _uncollected():
            with open_input(path, path.name, problems, most=MAX_BYTES) as file:
                if file is None:
                    raise ProblemsError(problems)
                root = read_records(file, path.name)
            return _read(root, remarks)
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        if remarks.problems:
            raise ProblemsError(remarks.all_problems) from None
        what = f"A date or number in it cannot be read: {error}."
        raise ProblemsError([Problem(file=path.name, what=what, remedy=REMEDY)]) from None


@contextmanager
def naming_loops(names: Mapping[str, str]) -> Iterator[None]:
    """Name the tasks of a loop, because people do not know the UIDs of a Project file."""
    try:
        yield
    except CyclicRoadmapError as error:
        raise CyclicRoadmapError([f"'{names[task]}' (UID {task})" for task in error.cycle]) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Postpone garbage collection: everything made from a file stays, and collecting would take a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(root: Record, remarks: Remarks) -> ProjectFile:
    elements = _elements(root, remarks)
    settings = settings_of(root, elements, remarks)
    dates = DateReader(remarks, settings.times)
    dated = {uid: dates.dates_of(element) for uid, element in elements.items()}
    _stop(remarks)
    start = _start(root, dates, dated, remarks)
    finish = _finish(root, dates, remarks)
    parents = parents_of(elements)
    calendars = _calendars(root, remarks, [start.date(), *_days(dated)])
    project_calendar = calendars.of_project(root.get("CalendarUID"))
    staff = staff_of(root, elements, calendars, remarks)
    _stop(remarks)
    summaries = frozenset(parents.values())
    links = tuple(dict.fromkeys(_links(elements, remarks, settings)))
    tasks = TaskReader(elements, dated, parents, summaries, calendars, project_calendar, staff, remarks, settings)
    made = tasks.read({end for link in links for end in (link.predecessor, link.successor)})
    progress = ProgressReader(remarks, WorkLeft(remarks, settings.lengths), minute_of(start))
    known = {}
    for uid, task in made.items():
        if uid in summaries or not may_have_begun(elements[uid], dated[uid]):
            continue
        with remarks.refusing(elements[uid], named):
            if (found := progress.progress_of(tasks.begun(task))) is not None:
                known[uid] = found
    _stop(remarks)
    check_outline(parents, links)
    tasks.note_splits(made, known)
    tasks.note_manual_summaries()
    if not made:
        remarks.note("tasks", "The file has no tasks.")
    progress.note_summaries(elements, parents, known)
    roadmap = Roadmap(
        tasks=made,
        links=links,
        calendars=dict(calendars.laid_out),
        start=minute_of(start),
        data_date=None if (at := dates.project_date(root, "StatusDate")) is None else minute_of(at),
        finish=finish,
        minutes_per_day=settings.lengths.day,
        progress=known,
        parents=parents,
        profile=MSPROJECT,
        several_paths=root.get("MultipleCriticalPaths") == "1",
        slack_limit=round(number_of(root, "CriticalSlackLimit") * settings.lengths.day),
        holds_set_dates=root.get("HonorConstraints") != "0",
    )
    _stop(remarks)
    names = {uid: task.name for uid, task in made.items()}
    with naming_loops(names):
        roadmap = progress.with_undated(roadmap)
    name = root.get("Title") or root.get("Name") or remarks.shown
    baselines = _baselines(elements, remarks)
    stored = {uid: own for uid in made if uid not in summaries and (own := _stored(dated[uid])) is not None}
    return ProjectFile(name, roadmap, names, project_calendar, baselines, stored, remarks.notes)


def _stored(dates: Mapping[str, datetime]) -> Dates | None:
    start, finish = minute_in(dates, "Start"), end_in(dates, "Finish")
    return None if start is None or finish is None else Dates(start, finish)


def _stop(remarks: Remarks) -> None:
    if remarks.problems:
        raise ProblemsError(remarks.all_problems)


def _elements(root: Record, remarks: Remarks) -> dict[str, Record]:
    """Return the relevant tasks by their UID. UID 0 is the project's own summary, unless it is in the outline."""
    found: dict[str, Record] = {}
    inactive = 0
    for task in children(root, "Tasks/Task"):
        uid = task.get("UID")
        if task.get("IsNull") == "1" and uid is not None:
            continue
        if uid is None:
            name = task.get("Name") or "a task without a name"
            remarks.refuse(task, f"Task '{name}' has no UID.", kind="no UID")
        elif uid in found:
            one, other = found[uid].get("Name") or uid, task.get("Name") or uid
            remarks.refuse(task, f"Two tasks have the UID {uid}: '{one}' and '{other}'.", kind="same UID")
        elif task.get("Active") == "0":
            inactive += 1
        elif uid != "0" or (task.get("OutlineLevel") not in (None, "0") and task.get("Summary") != "1"):
            found[uid] = task
    if inactive:
        is_or_are = "is" if inactive == 1 else "are"
        remarks.note("inactive", f"{counted(inactive, 'inactive task')} {is_or_are} left out.")
    return found


def _calendars(root: Record, remarks: Remarks, days: Sequence[date]) -> ProjectCalendars:
    first, last = min(days) - timedelta(days=366), max(days) + timedelta(days=366 * YEARS_AROUND)
    return ProjectCalendars(children(root, "Calendars/Calendar"), remarks, first=first, last=last)


def _start(root: Record, dates: DateReader, dated: Mapping[str, Mapping[str, datetime]], remarks: Remarks) -> datetime:
    start = dates.project_date(root, "StartDate")
    _stop(remarks)
    if start is not None:
        return start
    start = min((found["Start"] for found in dated.values() if "Start" in found), default=None)
    if start is None:
        what = "The file has no project start, and no task has a date."
        raise ProblemsError([Problem(file=remarks.shown, what=what, remedy="Set it in Project Information.")])
    remarks.note("start", f"The file has no project start; its first task's is taken: {start:%d %b %Y}.")
    return start


def _finish(root: Record, dates: DateReader, remarks: Remarks) -> int | None:
    """Return the finish from which the file is scheduled backwards, if it is."""
    finish = end_at(dates.project_date(root, "FinishDate"))
    _stop(remarks)
    if root.get("ScheduleFromStart") != "0":
        return None
    if finish is None:
        what = "The file is scheduled from its finish, and has none."
        raise ProblemsError([Problem(file=remarks.shown, what=what, remedy="Set it in Project Information.")])
    return finish


def _days(dated: Mapping[str, Mapping[str, datetime]]) -> Iterator[date]:
    names = ("Start", "Finish", "ConstraintDate", "ActualStart", "ActualFinish", "ManualStart", "ManualFinish")
    return (found[name].date() for found in dated.values() for name in names if name in found)


def _links(elements: Mapping[str, Record], remarks: Remarks, settings: ProjectSettings) -> Iterator[Link]:
    for uid, element in elements.items():
        if any(element.get(name) for name in ("Predecessors", "Successors")):
            what = "its predecessors and successors as text are not used, only its links (PredecessorLink)."
            remarks.note("links as text", f"{task_named(element)}: {what}")
        for link in element.parts("PredecessorLink"):
            before = link.get("PredecessorUID")
            if before is None or before not in elements or before == uid:
                remarks.note(_LEFT_OUT, f"{task_named(element)}: {_left_out(before, uid, link)}; the link is left out.")
                continue
            try:
                made = Link(before, uid, _link_type(link, element, remarks), lag_of(link, settings.lengths))
            except UNREADABLE as error:
                whose = f"{named(element)}, its link to '{elements[before].get('Name') or before}'"
                remarks.refuse(link, f"{whose}: {error}.", kind="link")
            else:
                yield made


def _left_out(before: str | None, uid: str, link: Record) -> str:
    if before is None:
        return "a link has no predecessor"
    if before == uid:
        return "it is linked to itself"
    what = "belongs to another project" if link.get("CrossProject") == "1" else "is not among the tasks that are read"
    return f"its predecessor {before} {what}"


def _link_type(link: Record, element: Record, remarks: Remarks) -> LinkType:
    text = link.get("Type") or "1"
    if text in LINK_NAMES:
        return LINK_NAMES[text]
    code = code_of(link, "Type", 1)
    if code not in LINK_TYPES:
        remarks.note("links", f"{task_named(element)}: a link of an unknown type ({code}) is taken as finish to start.")
    return LINK_TYPES.get(code, LinkType.FS)


def _baselines(elements: Mapping[str, Record], remarks: Remarks) -> dict[int, dict[str, Dates]]:
    found: dict[int, dict[str, Dates]] = {}
    for uid, element in elements.items():
        for baseline in element.parts("Baseline"):
            try:
                number, dates = code_of(baseline, "Number"), _baseline(baseline)
            except ValueError:
                remarks.note("baselines", f"{task_named(element)}: a baseline with an invalid date is left out.")
                continue
            if dates is not None:
                found.setdefault(number, {})[uid] = dates
    return found


def _baseline(baseline: Record) -> Dates | None:
    begins, ends = baseline.get("Start"), baseline.get("Finish")
    if begins is None or ends is None:
        return None
    finish = end_at(parsed_moment(ends).at)
    start = finish if begins == ends else minute_of(parsed_moment(begins).at)
    return None if start is None or finish is None else Dates(start, finish)
