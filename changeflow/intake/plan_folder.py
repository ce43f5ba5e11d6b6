"""Write a plan from another program as the texts of a programme folder."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import yaml

from changeflow.intake.first_admin import Texts, id_from
from changeflow.intake.mspdi.reader import ProjectFile
from changeflow.intake.plan_links import PlanLinks, length_text, links_between_tasks
from changeflow.intake.plan_places import PlanAbout, PlanTask, TaskPlace
from changeflow.intake.plan_week import PlanWeek, week_of
from changeflow.programme.assembly.task_periods import EVERY_DAY
from changeflow.roadmap.model.tasks import STARTS, Bound, Link, LinkType, Task
from changeflow.values.base import TaskId
from changeflow.values.cells import safe_cell
from changeflow.values.duration import Duration
from changeflow.values.moments import DAY, day_of, last_day_of
from changeflow.values.words import Kind

PATHWAY, AUTHORITY = "imported", "our-authority"
PROGRESS_FILE = "progress.csv"
DAYS_AFTER = timedelta(days=366)
_LATEST_COUNTS = (Bound.START_NO_EARLIER, Bound.FINISH_NO_EARLIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTexts:
    """A plan as the texts of a folder."""

    texts: Texts
    progress: str
    """The progress that the plan records, as a progress sheet; it is no part of the definition."""
    ids: Mapping[TaskId, TaskId]
    """The id of each task, by its id in the plan."""
    not_applied: Mapping[TaskId, tuple[str, ...]]
    """What the plan says of a task that a programme does not have, in sentences."""
    notes: tuple[str, ...]
    """What the plan says in general that a programme does not have."""

    @property
    def has_progress(self) -> bool:
        return self.progress.count("\n") > 1


@dataclass(slots=True)
class _Writer:
    """A plan, while it is written."""

    project: ProjectFile
    tasks: Sequence[PlanTask]
    about: PlanAbout
    places: Mapping[TaskId, TaskPlace]
    week: PlanWeek
    links: PlanLinks
    start: date
    service_ids: dict[str, str] = field(default_factory=dict)
    wave_ids: dict[str, str] = field(default_factory=dict)
    school_ids: dict[str, str] = field(default_factory=dict)
    ids: dict[TaskId, TaskId] = field(default_factory=dict)
    not_applied: dict[TaskId, list[str]] = field(default_factory=lambda: defaultdict(list))

    def task(self, uid: TaskId) -> Task:
        return self.project.roadmap.tasks[uid]

    def length(self, length: Duration, *, sign: bool = False) -> str:
        return length_text(length, self.week.minutes_per_day, sign=sign)


def write_plan(
    project: ProjectFile,
    tasks: Sequence[PlanTask],
    about: PlanAbout,
    places: Mapping[TaskId, TaskPlace],
    *,
    today: date,
) -> PlanTexts:
    """Return a plan as the texts of a folder. The names of its tasks are kept, and the same plan gives the same ids."""
    roadmap = project.roadmap
    days = [day_of(roadmap.start), *(day_of(at) for d in project.stored.values() for at in (d.start, d.finish))]
    # A plan may have tasks before its own start, and a programme may not.
    first, last = min(days), max(days) + DAYS_AFTER
    week = week_of(roadmap.calendars[project.usual_calendar], first, last)
    writer = _Writer(project, tasks, about, places, week, links_between_tasks(roadmap), first)
    for names, ids, otherwise in (
        (about.services, writer.service_ids, "service"),
        (about.waves, writer.wave_ids, "wave"),
        ([s.name for s in about.schools], writer.school_ids, "school"),
    ):
        for name in names:
            ids[name] = id_from(name, otherwise=otherwise, taken={*ids.values()})
    _name_tasks(writer)
    ends = {*_ends(writer)}
    texts = {
        "programme.yaml": _text(_programme(writer, ends), "The programme, as imported from another program."),
        f"pathways/{PATHWAY}.yaml": _text({"pathway": PATHWAY, "name": "Imported plan", "steps": {}}, ""),
        "schools.csv": _table(
            ("id", "name", "phase", "authority"),
            [(writer.school_ids[s.name], safe_cell(s.name), s.phase, AUTHORITY) for s in about.schools],
        ),
    }
    texts["calendars/terms.yaml"] = _text(_terms(about), "The terms of every school, and days that are closed for all.")
    for name, service in writer.service_ids.items():
        texts[f"services/{service}.yaml"] = _text(_service(writer, name, service, ends), "")
    progress = _table(("task", "started", "finished", "remaining"), _progress(writer, ends, today))
    return PlanTexts(
        texts=texts,
        progress=progress,
        ids={uid: f"programme/{own.rpartition('/')[2]}" if uid in ends else own for uid, own in writer.ids.items()},
        not_applied={uid: tuple(texts) for uid, texts in writer.not_applied.items()},
        notes=tuple(_notes(writer)),
    )


def _name_tasks(writer: _Writer) -> None:
    """Give each task an id from its name, with its number in the plan where another task has the same."""
    steps: dict[tuple[str, str], str] = {}
    taken: set[TaskId] = set()
    for one in writer.tasks:
        place = writer.places[one.uid]
        owner = writer.service_ids.get(place.service, "programme")
        scope = writer.school_ids.get(place.school, "") or writer.wave_ids.get(place.wave, "")
        per = "school" if place.school else "wave" if place.wave else "service"
        step = id_from(one.name, otherwise="task")[:48].strip("-")
        if steps.setdefault((owner, step), per) != per or "/".join(filter(None, (owner, scope, step))) in taken:
            step = f"{step}-{id_from(one.uid, otherwise='x')}"
            steps[owner, step] = per
        own = "/".join(filter(None, (owner, scope, step)))
        taken.add(own)
        writer.ids[one.uid] = own


def _ends(writer: _Writer) -> Iterator[TaskId]:
    """Yield the milestones after which nothing comes: they become milestones of the programme."""
    before = {link.predecessor for links in writer.links.into.values() for link in links}
    for one in writer.tasks:
        task, into = writer.task(one.uid), writer.links.into.get(one.uid, [])
        is_plain = bool(into) and all(k.type is LinkType.FS and k.lag.is_zero for k in into)
        is_free = task.manual is None and not task.constraints and not task.as_late_as_possible
        is_work = writer.places[one.uid].kind is Kind.WORK
        if task.is_milestone and is_work and one.uid not in before and is_plain and is_free:
            yield one.uid


def _programme(writer: _Writer, ends: set[TaskId]) -> dict[str, Any]:
    about, roadmap = writer.about, writer.project.roadmap
    found: dict[str, Any] = {
        "programme": id_from(about.name, otherwise="programme"),
        "name": about.name,
        "organisation": about.organisation,
        "start": writer.start,
    }
    if roadmap.finish is not None:
        found["finish"] = last_day_of(roadmap.finish)
    found |= {"office": {"email": about.email}, "working_week": writer.week.as_yaml}
    if writer.week.closed:
        found["closed"] = [{"name": n, "first_day": a, "last_day": b} for n, a, b in writer.week.closed]
    found["waves"] = [
        {
            "id": own,
            "name": name,
            **({"pilot": True} if name.startswith("pilot") else {}),
            "schools": [writer.school_ids[s.name] for s in about.schools if about.wave_of(s) == name],
        }
        for name, own in writer.wave_ids.items()
    ]
    own = [one for one in writer.tasks if not writer.places[one.uid].service and one.uid not in ends]
    found["tasks"] = {writer.ids[one.uid].rpartition("/")[2]: _fields(writer, one) for one in own}
    found["milestones"] = _milestones(writer, ends)
    return found


def _milestones(writer: _Writer, ends: set[TaskId]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in writer.tasks:
        if one.uid in ends:
            after = [writer.ids[link.predecessor] for link in writer.links.into[one.uid]]
            deadline = writer.task(one.uid).deadline
            shape: dict[str, Any] = {"name": one.name, "after": after}
            found[writer.ids[one.uid].rpartition("/")[2]] = shape
            if deadline is not None:
                shape["deadline"] = last_day_of(deadline)
    return found


def _terms(about: PlanAbout) -> dict[str, Any]:
    """Return the calendar of all schools, which has no terms if none are known."""
    found: dict[str, Any] = {"calendar": "terms"}
    for term in about.terms:
        one: dict[str, Any] = {"name": term.name, "first_day": term.first_day, "last_day": term.last_day}
        if term.half_term is not None:
            one["half_term"] = [*term.half_term]
        found.setdefault("terms", []).append(one)
    return found


def _service(writer: _Writer, name: str, service: str, ends: set[TaskId]) -> dict[str, Any]:
    """Return a service's file. A task of one wave or school is a step that is left out everywhere else."""
    tasks: dict[str, Any] = {}
    for one in writer.tasks:
        place = writer.places[one.uid]
        if place.service != name or one.uid in ends:
            continue
        local, fields = writer.ids[one.uid].removeprefix(f"{service}/"), _fields(writer, one)
        if not (place.school or place.wave):
            tasks[local] = fields
            continue
        per = "school" if place.school else "wave"
        tasks.setdefault(local.rpartition("/")[2], {"name": one.name, "per": per, "drop": True})
        tasks[local] = {"drop": False, **fields}
    return {"service": service, "name": name, "pathway": PATHWAY, "tasks": tasks}


def _fields(writer: _Writer, one: PlanTask) -> dict[str, Any]:
    """Return a task's fields as files have them."""
    task, place = writer.task(one.uid), writer.places[one.uid]
    fields: dict[str, Any] = {"name": one.name}
    if place.kind is not Kind.WORK:
        fields["kind"] = place.kind.value
    if place.phase is not None:
        fields["phase"] = place.phase.value
    if not task.duration.is_zero:
        fields["duration"] = writer.length(task.duration)
    fields |= _set_dates(task)
    own_start = day_of(writer.project.roadmap.start)
    if writer.start < own_start and not writer.links.into.get(one.uid) and not _is_set(task):
        fields["start_no_earlier"] = own_start
    if task.deadline is not None:
        fields["deadline"] = last_day_of(task.deadline)
    if task.as_late_as_possible:
        fields["as_late_as_possible"] = True
    if after := [_link(writer, link) for link in writer.links.into.get(one.uid, [])]:
        fields["after"] = after
    _note_calendar(writer, one, task, fields)
    return fields


def _set_dates(task: Task) -> Iterator[tuple[str, date]]:
    """Yield a task's set dates. Dates set by hand fix its start, whatever comes before it."""
    if task.manual is not None:
        yield Bound.MUST_START.value, day_of(task.manual.start)
        return
    found: dict[Bound, int] = {}
    for one in task.constraints:
        pick = max if one.bound in _LATEST_COUNTS else min
        found[one.bound] = pick(found.get(one.bound, one.at), one.at)
    for bound, at in found.items():
        yield bound.value, day_of(at) if bound in STARTS else last_day_of(at)


def _is_set(task: Task) -> bool:
    """Return whether a task has a date of its own, so that the plan's start does not place it."""
    return task.manual is not None or bool(task.constraints)


def _link(writer: _Writer, link: Link) -> str:
    before = writer.ids[link.predecessor]
    if link.type is LinkType.FS and link.lag.is_zero:
        return before
    return f"{before} {link.type.value}{writer.length(link.lag, sign=True) if not link.lag.is_zero else ''}"


def _note_calendar(writer: _Writer, one: PlanTask, task: Task, fields: dict[str, Any]) -> None:
    """Use the calendar of every day where a task has one; note any other that a programme does not have."""
    own = task.placed_on or task.calendar
    if task.assignments:
        writer.not_applied[one.uid].append("The calendars of its resources are not used.")
    elif own != writer.project.usual_calendar and task.duration.unit.counts_working_time:
        calendar = writer.project.roadmap.calendars[own]
        if _works_daily(calendar.laid_out.intervals):
            fields["calendar"] = EVERY_DAY
            return
        writer.not_applied[one.uid].append(f"Its own calendar, “{calendar.name}”, is not used.")


def _works_daily(intervals: Sequence[tuple[int, int]]) -> bool:
    """Return whether a calendar has no day off."""
    days = {day for start, end in intervals for day in range(start // DAY, (end - 1) // DAY + 1)}
    return bool(days) and len(days) == max(days) - min(days) + 1


def _progress(writer: _Writer, ends: set[TaskId], today: date) -> Iterator[tuple[str, ...]]:
    """Yield the progress that the plan records, as rows of a progress sheet."""
    for one in writer.tasks:
        known = writer.project.roadmap.progress.get(one.uid)
        if known is None or one.uid in ends:
            continue
        started = day_of(known.actual_start)
        finished = None if known.actual_finish is None else last_day_of(known.actual_finish)
        if max(started, finished or started) > today:
            writer.not_applied[one.uid].append("Its progress is dated in the future.")
            continue
        left = known.remaining if finished is None else None
        if known.resume is not None and finished is None:
            writer.not_applied[one.uid].append("The day on which its remaining work resumes is not used.")
        remaining = writer.length(left) if left is not None and left.amount > 0 else ""
        ended = "" if finished is None else max(started, finished).isoformat()
        yield (writer.ids[one.uid], started.isoformat(), ended, remaining)


def _notes(writer: _Writer) -> Iterator[str]:
    names = writer.project.names
    for link in writer.links.left_out:
        writer.not_applied[link.successor].append("A link to or from a summary is not used.")
        before, after = names[link.predecessor], names[link.successor]
        yield f"The link from “{before}” to “{after}” is not used, because one of them is a summary."
    if writer.week.odd_days:
        yield "Some days in the plan’s calendar have different hours. Here every working day has the usual hours."


def _text(content: Mapping[str, Any], comment: str) -> str:
    written: str = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120)
    return f"# {comment}\n{written}" if comment else written


def _table(columns: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
