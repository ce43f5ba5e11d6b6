"""Microsoft Project files (MSPDI) in: tasks, links, constraints and calendars, as a roadmap.

The form is described in the MSPDI schema; tasks that are summaries are read for their links and left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from lxml import etree

from changeflow.calendar.layers import DaySpan, Hours, Layer, compile_calendar
from changeflow.errors import ProblemsError
from changeflow.roadmap.tasks import Bound, Constraint, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import minute_of
from changeflow.values.problem import Problem

NAMESPACE = "{http://schemas.microsoft.com/project}"
ELAPSED_FORMATS = {4, 6, 8, 10, 12, 36, 38, 40, 42, 44}
PERCENT_FORMATS = {19, 20, 51, 52}
LINK_TYPES = {0: LinkType.FF, 1: LinkType.FS, 2: LinkType.SF, 3: LinkType.SS}
CONSTRAINTS = {
    2: Bound.MUST_START,
    3: Bound.MUST_FINISH,
    4: Bound.START_NO_EARLIER,
    5: Bound.START_NO_LATER,
    6: Bound.FINISH_NO_EARLIER,
    7: Bound.FINISH_NO_LATER,
}
MAX_BYTES = 100_000_000
YEARS_AROUND = 10
_DURATION = re.compile(r"^(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$")
DEFAULT_WEEK: dict[int, Hours] = dict.fromkeys(range(5), ((480, 720), (780, 1020)))


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A schedule as read: task ids are `UID`s as text."""

    name: str
    roadmap: Roadmap
    names: Mapping[str, str]


def read_mspdi(path: Path) -> ProjectFile:
    """Read an MSPDI file; entities are never expanded and nothing is fetched."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProblemsError([Problem(file=path.name, what="The file has more than 100 MB.")])
        root = etree.parse(str(path), parser).getroot()
    except OSError as error:
        raise ProblemsError([Problem(file=path.name, what=f"The file cannot be read: {error.strerror}.")]) from None
    except etree.XMLSyntaxError as error:
        line, column = error.position
        what = f"This is not XML: {error.msg}."
        remedy = "In Microsoft Project: File, Save as, XML format."
        raise ProblemsError([Problem(file=path.name, line=line, column=column, what=what, remedy=remedy)]) from None
    if root.tag != f"{NAMESPACE}Project":
        remedy = "In Microsoft Project: File, Save as, XML format."
        raise ProblemsError([Problem(file=path.name, what="This is not a Microsoft Project file.", remedy=remedy)])
    return _Reader(root, path.name).read()


class _Reader:
    def __init__(self, root: etree._Element, shown: str) -> None:
        self.root = root
        self.shown = shown
        self.start = _moment(_text(root, "StartDate")) or datetime(1984, 1, 2, 8)  # noqa: DTZ001

    def read(self) -> ProjectFile:
        elements = [t for t in self._all("Tasks/Task") if _text(t, "IsNull") != "1"]
        parents = _parents(elements)
        summaries = set(parents.values())
        leaves = [t for t in elements if _uid(t) not in summaries and _uid(t) != "0"]
        days = [self.start.date(), *self._days(leaves)]
        first = min(days) - timedelta(days=366)
        last = max(days) + timedelta(days=366 * YEARS_AROUND)
        self.calendars = {
            _uid(c): compile_calendar(_text(c, "Name") or _uid(c), list(self._layers(c)), first=first, last=last)
            for c in self._all("Calendars/Calendar")
        }
        self.default = _text(self.root, "CalendarUID") or next(iter(self.calendars), "")
        if self.default not in self.calendars:
            layer = Layer("Standard", DEFAULT_WEEK)
            self.calendars[self.default] = compile_calendar("Standard", [layer], first=first, last=last)
        tasks = {_uid(t): self._task(t) for t in leaves}
        children = _leaves_below(tasks, parents)
        return ProjectFile(
            name=_text(self.root, "Title") or _text(self.root, "Name") or self.shown,
            roadmap=Roadmap(
                tasks=tasks,
                links=tuple(dict.fromkeys(self._links(elements, children))),
                calendars=self.calendars,
                start=minute_of(self.start),
                minutes_per_day=int(_text(self.root, "MinutesPerDay") or 480),
                progress={_uid(t): p for t in leaves if (p := _progress(t)) is not None},
            ),
            names={t: task.name for t, task in tasks.items()},
        )

    def _all(self, path: str) -> list[etree._Element]:
        return self.root.findall("/".join(NAMESPACE + part for part in path.split("/")))

    def _days(self, leaves: list[etree._Element]) -> Iterator[date]:
        for task in leaves:
            for name in ("Start", "Finish", "ConstraintDate", "ActualStart"):
                moment = _moment(_text(task, name))
                if moment is not None:
                    yield moment.date()

    def _layers(self, calendar: etree._Element) -> Iterator[Layer]:
        base = _text(calendar, "BaseCalendarUID")
        for other in self._all("Calendars/Calendar"):
            if base not in (None, "-1") and _uid(other) == base and _uid(calendar) != base:
                yield from self._layers(other)
        week: dict[int, Hours] = {}
        spans: list[DaySpan] = []
        for day in calendar.iter(f"{NAMESPACE}WeekDay"):
            kind = int(_text(day, "DayType") or 0)
            if kind:
                week[(kind + 5) % 7] = _hours(day)
            else:
                spans += _span(day)
        exceptions = [e for e in calendar.iter(f"{NAMESPACE}Exception") if _text(e, "Type") in (None, "1")]
        if exceptions:
            spans = [s for e in exceptions for s in _span(e)]
        inherits = base not in (None, "-1")
        yield Layer(_text(calendar, "Name") or "", week or (None if inherits else DEFAULT_WEEK), spans)

    def _task(self, element: etree._Element) -> Task:
        elapsed = int(_text(element, "DurationFormat") or 0) in ELAPSED_FORMATS
        minutes = _minutes(_text(element, "Duration"))
        own = _text(element, "CalendarUID")
        deadline = _moment(_text(element, "Deadline"))
        bound = CONSTRAINTS.get(int(_text(element, "ConstraintType") or 0))
        at = _moment(_text(element, "ConstraintDate"))
        return Task(
            id=_uid(element),
            name=_text(element, "Name") or _uid(element),
            duration=Duration(minutes, Unit.ELAPSED if elapsed else Unit.WORKING),
            calendar=own if own in self.calendars and own is not None else self.default,
            constraints=(Constraint(bound, minute_of(at)),) if bound and at else (),
            deadline=minute_of(deadline) if deadline else None,
        )

    def _links(self, elements: list[etree._Element], leaves: Mapping[str, list[str]]) -> Iterator[Link]:
        for element in elements:
            for link in element.findall(f"{NAMESPACE}PredecessorLink"):
                before = _text(link, "PredecessorUID") or ""
                type_ = LINK_TYPES.get(int(_text(link, "Type") or 1), LinkType.FS)
                lag = _lag(int(float(_text(link, "LinkLag") or 0)), int(_text(link, "LagFormat") or 7))
                for predecessor in leaves.get(before, []):
                    for successor in leaves.get(_uid(element), []):
                        if predecessor != successor:
                            yield Link(predecessor, successor, type_, lag)


def _text(element: etree._Element, name: str) -> str | None:
    found = element.find(NAMESPACE + name)
    return found.text.strip() if found is not None and found.text else None


def _uid(element: etree._Element) -> str:
    return _text(element, "UID") or ""


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _minutes(text: str | None) -> int:
    match = _DURATION.match(text or "")
    if not match:
        return 0
    days, hours, minutes, seconds = (float(g or 0) for g in match.groups()[1:])
    total = round(days * 1440 + hours * 60 + minutes + seconds / 60)
    return -total if match[1] else total


def _lag(tenths: int, format_: int) -> Duration:
    if format_ in PERCENT_FORMATS:
        return Duration(tenths, Unit.PERCENT)
    return Duration(round(tenths / 10), Unit.ELAPSED if format_ in ELAPSED_FORMATS else Unit.WORKING)


def _hours(day: etree._Element) -> Hours:
    if _text(day, "DayWorking") == "0":
        return ()
    out = []
    for time in day.iter(f"{NAMESPACE}WorkingTime"):
        start, end = _clock(_text(time, "FromTime")), _clock(_text(time, "ToTime"))
        # Midnight as an end is the end of the day.
        out.append((start, end or 1440))
    return tuple(sorted(out))


def _clock(text: str | None) -> int:
    if not text:
        return 0
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _span(element: etree._Element) -> Iterator[DaySpan]:
    period = element.find(f"{NAMESPACE}TimePeriod")
    if period is None:
        return
    first, last = _moment(_text(period, "FromDate")), _moment(_text(period, "ToDate"))
    if first and last:
        yield DaySpan(first.date(), last.date(), _hours(element), _text(element, "Name") or "day off")


def _parents(elements: list[etree._Element]) -> dict[str, str]:
    """Return each task's parent: the nearest earlier task of a lower outline level."""
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for element in elements:
        level, uid = int(_text(element, "OutlineLevel") or 0), _uid(element)
        while stack and stack[-1][0] >= level:
            stack.pop()
        if stack:
            parents[uid] = stack[-1][1]
        stack.append((level, uid))
    return parents


def _leaves_below(tasks: Mapping[str, Task], parents: Mapping[str, str]) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {t: [t] for t in tasks}
    for leaf in tasks:
        parent = parents.get(leaf)
        while parent is not None:
            below.setdefault(parent, []).append(leaf)
            parent = parents.get(parent)
    return below


def _progress(element: etree._Element) -> TaskProgress | None:
    start, finish = _moment(_text(element, "ActualStart")), _moment(_text(element, "ActualFinish"))
    if start is None:
        return None
    remaining = _text(element, "RemainingDuration")
    return TaskProgress(
        minute_of(start), minute_of(finish) if finish else None, _minutes(remaining) if remaining else None
    )
