"""Read an MSPDI file into small records in one pass, keeping only the elements that a schedule needs.

A tree of the whole file would take ten times its size, so Expat reads it as a stream. Nothing is fetched, and a file
that declares entities or a document type is refused immediately.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from changeflow.errors import ProblemsError
from changeflow.values.problem import Problem

NAMESPACE = "http://schemas.microsoft.com/project"
NO_PROJECT = "This is not a Microsoft Project file."
REMEDY = "In Microsoft Project: File, Save as, XML format."
CHUNK = 65_536
MOST_TAGS = 10_000_000
"""The most tags (opening, closing and empty): a file with 200,000 tasks has seven million."""
MOST_DEPTH = 50
MOST_OF_A_TEXT = 10_000
"""The most characters of one field: Project's own longest has 512."""
MOST_OF_A_TAG = 1_000_000
"""The most bytes without the end of a tag or a field."""
MOST_OF_A_KIND = {
    "Task": 250_000,
    "PredecessorLink": 500_000,
    "Assignment": 500_000,
    "Baseline": 500_000,
    "Calendar": 2_000,
}
MOST_OF_OTHERS = 100_000
_SHAPES = 10_000

_DAYS = ("TimePeriod", "WorkingTimes")
_WHEN = "Start Finish ConstraintDate Deadline ActualStart ActualFinish Stop Resume ManualStart ManualFinish"
_FIELDS: Mapping[str, str] = {
    "Project": "Title Name StartDate FinishDate StatusDate CalendarUID MinutesPerDay MinutesPerWeek DaysPerMonth "
    "DefaultStartTime DefaultFinishTime ScheduleFromStart MultipleCriticalPaths CriticalSlackLimit HonorConstraints",
    "Task": f"UID Name IsNull Active OutlineLevel OutlineNumber WBS Manual Duration DurationFormat ActualDuration "
    f"RemainingDuration PercentComplete PhysicalPercentComplete CalendarUID ConstraintType IgnoreResourceCalendar "
    f"LevelingDelay Milestone Summary ExternalTask IsSubproject SubprojectName Predecessors Successors {_WHEN}",
    "PredecessorLink": "PredecessorUID Type CrossProject LinkLag LagFormat",
    "Baseline": "Number Start Finish",
    "Resource": "UID Name Type CalendarUID",
    "Assignment": "TaskUID ResourceUID Units Work RemainingWork Resume Delay LevelingDelay WorkContour",
    "Calendar": "UID Name BaseCalendarUID",
    "WeekDay": "DayType DayWorking",
    "WorkingTime": "FromTime ToTime",
    "TimePeriod": "FromDate ToDate",
    "Exception": "Name Type EnteredByOccurrences Occurrences Period Month MonthDay MonthItem MonthPosition DaysOfWeek "
    "DayWorking",
}
"""The fields to keep of each element."""
_PARTS: Mapping[str, Sequence[str]] = {
    "Project": ("Calendars", "Tasks", "Resources", "Assignments"),
    "Calendars": ("Calendar",),
    "Tasks": ("Task",),
    "Task": ("PredecessorLink", "Baseline"),
    "Resources": ("Resource",),
    "Assignments": ("Assignment",),
    "Calendar": ("WeekDays", "Exceptions", "WorkWeeks"),
    "WeekDays": ("WeekDay",),
    "WeekDay": _DAYS,
    "WorkingTimes": ("WorkingTime",),
    "Exceptions": ("Exception",),
    "Exception": _DAYS,
    "WorkWeeks": ("WorkWeek",),
    "WorkWeek": ("TimePeriod", "WeekDays"),
}
"""The nested elements to keep in each element."""
_FLAGS = {
    *("IsNull", "Active", "Manual", "Milestone", "Summary", "ExternalTask", "IsSubproject", "IgnoreResourceCalendar"),
    *("CrossProject", "DayWorking", "EnteredByOccurrences", "ScheduleFromStart", "MultipleCriticalPaths"),
    "HonorConstraints",
}
_TRUTH = dict.fromkeys(("1", "true", "yes", "t", "y", "on", "-1"), "1") | dict.fromkeys(
    ("0", "false", "no", "f", "n", "off"), "0"
)
"""Project writes flags as 1 and 0; other programs write them in words."""
_PARTS_OR_LEAVES = frozenset(name for names in _PARTS.values() for name in names)
"""The elements that are records, not fields."""


class Record:
    """An element: its fields by name, the elements within it, and the line on which it begins."""

    __slots__ = ("_names", "_parts", "_texts", "kind", "line")

    def __init__(
        self, kind: str, names: Mapping[str, int], texts: tuple[str, ...], parts: tuple["Record", ...], line: int
    ) -> None:
        self.kind = kind
        self.line = line
        # Elements with the same names share one mapping, so that no element needs its own.
        self._names = names
        self._texts = texts
        self._parts = parts

    def get(self, name: str) -> str | None:
        place = self._names.get(name)
        return None if place is None else self._texts[place]

    def parts(self, kind: str) -> Iterator["Record"]:
        return (part for part in self._parts if part.kind == kind)


@dataclass(slots=True)
class _Open:
    """An element that has begun but not ended."""

    kind: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)
    parts: list[Record] = field(default_factory=list)


_NO_TAGS: Mapping[str, str] = {}


class _RefusedError(Exception):
    """The argument is what is wrong."""


def read_records(file: BinaryIO, shown: str) -> Record:
    """Read the file's root; raise `ProblemsError`, with the line, if it is not an MSPDI file or is too large."""
    builder = _Builder()
    parser = builder.parser
    try:
        _count_tags(file)
        fed = 0
        while chunk := file.read(CHUNK):
            parser.Parse(chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MOST_OF_A_TAG:
                raise _RefusedError("A tag is longer than a million bytes.")
        parser.Parse(b"", True)  # noqa: FBT003  (its only name is its place)
    except expat.ExpatError as error:
        what = f"This is not XML: {expat.ErrorString(error.code)}."
        problem = Problem(file=shown, line=error.lineno, column=error.offset + 1, what=what, remedy=REMEDY)
        raise ProblemsError([problem]) from None
    except _RefusedError as error:
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        raise ProblemsError([Problem(file=shown, line=line, column=column, what=str(error), remedy=REMEDY)]) from None
    except (ValueError, LookupError, OSError) as error:
        what = f"The file cannot be read: {error}."
        raise ProblemsError([Problem(file=shown, what=what, remedy=REMEDY)]) from None
    is_empty = builder.root is None or not (builder.root.get("StartDate") or next(builder.root.parts("Tasks"), None))
    if builder.root is None or (is_empty and not builder.has_namespace):
        raise ProblemsError([Problem(file=shown, what=NO_PROJECT, remedy=REMEDY)])
    return builder.root


def _count_tags(file: BinaryIO) -> None:
    """Refuse a file with far too many tags before reading them one by one, which takes a hundred times as long."""
    tags = 0
    while chunk := file.read(MOST_OF_A_TAG):
        tags += chunk.count(b"<")
        if tags > MOST_TAGS:
            raise _RefusedError(f"The file has more than {MOST_TAGS:,} tags.")
    file.seek(0)


class _Builder:
    """Makes records from what Expat reports; counts and skips what is not needed."""

    def __init__(self) -> None:
        self.root: Record | None = None
        self.has_namespace = True
        self.open: list[_Open] = []
        self.passing = 0
        """How many nested open elements are not kept."""
        self.field: str | None = None
        self.text = ""
        self.counts: dict[str, int] = {}
        self.pool: dict[str, str] = {}
        self.shapes: dict[tuple[str, ...], dict[str, int]] = {}
        self.wanted: Mapping[str, Mapping[str, str]] = {}
        self.here: Mapping[str, str] = _NO_TAGS
        """The wanted fields and elements within the element that is open."""
        self.texts: dict[str, str] = {}
        """The fields read so far."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        self.parser = parser

    def _start(self, tag: str, _attributes: object) -> None:
        if self.passing or self.field is not None:
            self.passing += 1
            if self.passing > MOST_DEPTH:
                raise _RefusedError(f"Elements are nested more than {MOST_DEPTH} deep.")
            return
        name = self.here.get(tag)
        if name is None:
            # Most elements are not used here: only their end is read.
            if self.open:
                self.passing = 1
            else:
                self._begin_project(tag)
        elif name in _PARTS_OR_LEAVES:
            count = self.counts[name] = self.counts.get(name, 0) + 1
            most = MOST_OF_A_KIND.get(name, MOST_OF_OTHERS)
            if count > most:
                raise _RefusedError(f"The file has more than {most:,} {name} elements.")
            self._begin(name)
        else:
            self.field, self.text = name, ""
            self.parser.CharacterDataHandler = self._characters

    def _begin_project(self, tag: str) -> None:
        """Treat the root's namespace as that of all elements: some programs write none, or that of another version."""
        namespace, _, name = tag.rpartition(" ")
        if name != "Project" or not (namespace.startswith(NAMESPACE) or not namespace):
            raise _RefusedError(NO_PROJECT)
        self.has_namespace = bool(namespace)
        within = f"{namespace} ".lstrip()
        kinds = {"Project", *_PARTS, *_FIELDS}
        self.wanted = {k: {within + n: n for n in (*_FIELDS.get(k, "").split(), *_PARTS.get(k, ()))} for k in kinds}
        self._begin("Project")

    def _begin(self, kind: str) -> None:
        opened = _Open(kind, self.parser.CurrentLineNumber)
        self.open.append(opened)
        self.texts, self.here = opened.texts, self.wanted.get(kind, _NO_TAGS)

    def _end(self, _tag_: str) -> None:
        if self.passing:
            self.passing -= 1
            return
        if self.field is not None:
            if text := self.text.strip():
                if text not in ("0", "1") and self.field in _FLAGS:
                    text = self._flag(text)
                # Most tasks have the same few numbers and dates, so each is kept once.
                if len(text) <= 20 and len(self.pool) < 100_000:
                    text = self.pool.setdefault(text, text)
                self.texts.setdefault(self.field, text)
            self.field = None
            self.parser.CharacterDataHandler = None
            return
        done = self.open.pop()
        record = self._record(done)
        if self.open:
            above = self.open[-1]
            above.parts.append(record)
            self.texts, self.here = above.texts, self.wanted.get(above.kind, _NO_TAGS)
        else:
            self.root = record

    def _flag(self, text: str) -> str:
        found = _TRUTH.get(text.lower())
        if found is None:
            raise _RefusedError(f"'{text[:20]}' is neither 1 nor 0 ({self.field}).")
        return found

    def _characters(self, text: str) -> None:
        if self.passing:
            return
        self.text += text
        if len(self.text) > MOST_OF_A_TEXT:
            raise _RefusedError(f"The text of {self.field} has more than {MOST_OF_A_TEXT:,} characters.")

    def _doctype(self, *_: object) -> None:
        raise _RefusedError("This is not a Microsoft Project file: it declares a document type.")

    def _record(self, done: _Open) -> Record:
        names = tuple(done.texts)
        shape = self.shapes.get(names)
        if shape is None:
            shape = {name: n for n, name in enumerate(names)}
            if len(self.shapes) < _SHAPES:
                self.shapes[names] = shape
        return Record(done.kind, shape, tuple(done.texts.values()), tuple(done.parts), done.line)


def children(record: Record, path: str) -> Iterator[Record]:
    """Yield the records at a path of names, `Tasks/Task`."""
    first, _, rest = path.partition("/")
    for part in record.parts(first):
        if rest:
            yield from children(part, rest)
        else:
            yield part
