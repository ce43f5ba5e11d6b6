"""Tasks, links and their roadmap, with its scheduling profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.profile import TEXTBOOK, Profile
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration
from changeflow.values.words import RULE_ORIGIN, Gate, Kind, NoReturn, Origin, Phase, Track


class LinkType(StrEnum):
    """The ends of predecessor and successor that a link joins."""

    FS = "FS"
    SS = "SS"
    FF = "FF"
    SF = "SF"

    @property
    def from_finish(self) -> bool:
        return self.value[0] == "F"

    @property
    def to_finish(self) -> bool:
        return self.value[1] == "F"


class Bound(StrEnum):
    """A set date of a task."""

    START_NO_EARLIER = "start_no_earlier"
    FINISH_NO_EARLIER = "finish_no_earlier"
    START_NO_LATER = "start_no_later"
    FINISH_NO_LATER = "finish_no_later"
    MUST_START = "must_start"
    MUST_FINISH = "must_finish"


LIMITS = (Bound.START_NO_LATER, Bound.FINISH_NO_LATER)
"""Bounds of which the earlier of two is tighter."""
STARTS = (Bound.START_NO_EARLIER, Bound.START_NO_LATER, Bound.MUST_START)
"""Bounds of a start."""


@dataclass(frozen=True, slots=True)
class Constraint:
    bound: Bound
    at: int
    """Civil minutes. A start on a day is its first minute, a finish on a day the first minute of the next."""
    because: str = field(default="", compare=False)
    """Why changeflow added it, as in `its schools join on that day`; empty if it is set in the files."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One person's work on their own calendar, in working minutes of that calendar."""

    calendar: str
    minutes: int


@dataclass(frozen=True, slots=True)
class ManualDates:
    """Manually set dates, in civil minutes. Links do not move them."""

    start: int
    finish: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A piece of work, or a summary of others. One of no duration is a milestone."""

    id: TaskId
    name: str
    """In full, with the service and place below, if it has them."""
    service_name: str = ""
    """The service, as its name gives it; empty for the programme's own tasks."""
    place: str = ""
    """The wave or school, as its name gives it: `wave 2`."""
    kind: Kind = Kind.WORK
    gate: Gate | None = None
    """The gate that its decision opens, if any."""
    track: Track = Track.PROCESS
    phase: Phase | None = None
    service: str | None = None
    schools: frozenset[str] = frozenset()
    wave: str | None = None
    duration: Duration = ZERO
    calendar: str
    """A key of the roadmap's calendars: it places the work, and floats are counted in it, unless one of the next three
    fields says otherwise."""
    placed_on: str | None = None
    """The calendar on which the work happens if it is not the task's own but a resource's."""
    measured_on: str | None = None
    """The calendar for counting float if it is not the task's own, because the work continues through blackouts."""
    assignments: tuple[Assignment, ...] = ()
    """Several if their calendars differ: each runs separately, and the task ends with the last."""
    manual: ManualDates | None = None
    is_placeholder: bool = False
    """A manually scheduled placeholder without a duration, which is never critical."""
    as_late_as_possible: bool = False
    term_calendar: str | None = None
    """The calendar for counting school weeks (default: the task's own)."""
    starts_on: str | None = None
    """A key of the roadmap's periods. The task may start only when one of them opens."""
    terms: str = "term"
    """A key of the roadmap's periods: the terms of its schools."""
    constraints: tuple[Constraint, ...] = ()
    deadline: int | None = None
    owner: str | None = None
    sources: tuple[str, ...] = ()
    """For requirements: who they come from."""
    redundancies: Mapping[str, int] = field(default_factory=dict)
    """For ended roles: how many are proposed to end by redundancy, by school."""
    estimate: tuple[int, int, int] | None = None
    """Optimistic, likely and pessimistic amounts in the unit of its duration, if it has a range."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """The people it needs while it is worked on, in tenths of a person by team."""
    holds_people: bool = False
    """Whether its people are not released during breaks of its calendar; otherwise they do other work then."""
    because: str = ""
    """Why it was added, if it is in no file: a clause in plain English."""
    note: str = ""
    """Notes for its owner."""
    minor: bool = False
    irreversible: bool = False
    no_return: NoReturn | None = None
    """The point of no return that its beginning marks, if any."""
    is_added: bool = False
    """Whether it is in no file but was added for people's results, a checkpoint or a decision."""

    @property
    def is_milestone(self) -> bool:
        return self.duration.is_zero

    @property
    def begins_in_windows(self) -> bool:
        """Whether it can begin only on a few days: when a start window, or its first whole period, opens."""
        return self.starts_on is not None or self.duration.unit.is_whole_period

    @property
    def in_parts(self) -> TaskName:
        """Its name in parts."""
        return TaskName.taken_apart(self.name, service=self.service_name, place=self.place)

    @property
    def step(self) -> str:
        """The last part of its id: its step in the pathway."""
        return self.id.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Link:
    """A dependency of one task on another. A positive lag waits; a negative lag overlaps."""

    predecessor: TaskId
    successor: TaskId
    type: LinkType = LinkType.FS
    lag: Duration = ZERO
    origin: str = Origin.AUTHORED

    def __str__(self) -> str:
        return f"{self.predecessor} -> {self.successor}"

    @property
    def rule(self) -> str:
        """The code of the rule that added it; empty if none did."""
        return self.origin.removeprefix(RULE_ORIGIN) if self.origin.startswith(RULE_ORIGIN) else ""


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """Reported progress: civil minutes, and the remaining duration."""

    actual_start: int
    actual_finish: int | None = None
    remaining: Duration | None = None
    """In any unit, whatever the task's own; None if the planned duration still counts from the actual start."""
    percent: int | None = field(default=None, kw_only=True)
    """% complete as reported; `remaining` follows from it, and only `remaining` moves dates."""
    resume: int | None = None
    """Where the remaining work begins, as decided by another program."""
    parts: tuple[tuple[str, int, int], ...] = ()
    """(calendar, resume, remaining minutes) of each assignment, where their calendars differ."""

    @property
    def is_done(self) -> bool:
        return self.actual_finish is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap:
    """Everything that the critical path method needs."""

    tasks: Mapping[TaskId, Task]
    links: tuple[Link, ...]
    calendars: Mapping[str, WorkingCalendar]
    periods: Mapping[str, Periods] = field(default_factory=dict)
    start: int
    finish: int | None = None
    """The finish, if the roadmap is scheduled backwards from it: its start follows. If the profile makes `start` a
    floor, work that does not fit between the two shows as negative float."""
    data_date: int | None = None
    """Work that has not happened by then cannot start before it."""
    minutes_per_day: int = 450
    progress: Mapping[TaskId, TaskProgress] = field(default_factory=dict)
    parents: Mapping[TaskId, TaskId] = field(default_factory=dict)
    """The summary of each task that has one. A summary rolls up; links to and from it bind its tasks."""
    profile: Profile = TEXTBOOK
    holds_set_dates: bool = True
    """A "must" or "no later than" date may pull early dates; otherwise it limits only the late dates."""
    several_paths: bool = False
    """A task without a successor is late as soon as it ends, so that each network has its own critical path."""
    slack_limit: int = 0
    """The most working minutes of total float with which a task counts as critical."""

    def above(self, task: TaskId) -> Iterator[TaskId]:
        """Yield the summaries above a task, the nearest first."""
        parent = self.parents.get(task)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def calendar_of(self, task: TaskId) -> WorkingCalendar:
        return self.calendars[self.tasks[task].calendar]

    def float_calendar_of(self, task: TaskId) -> WorkingCalendar:
        """Return the calendar in which a task's floats are counted."""
        return self.calendars[self.tasks[task].measured_on or self.tasks[task].calendar]

    def is_done(self, task: TaskId) -> bool:
        return task in self.progress and self.progress[task].is_done

    def can_be_critical(self, task: TaskId) -> bool:
        """Return whether it is open work, and more than a placeholder for some."""
        return not self.is_done(task) and not self.tasks[task].is_placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A date that people steer by, with its task."""

    id: str
    name: str
    task: TaskId
    deadline: date | None = None
