"""Edits of tasks and milestones: durations, links, deadlines, earliest starts, owners."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import (
    PROGRAMME,
    Sources,
    field_of,
    found_at,
    own_fields,
    service_file,
    steps_of,
    task_place,
    with_item,
    with_or_without,
    with_value,
    without,
    without_item,
)
from changeflow.intake.editing.yaml_patch import MISSING
from changeflow.programme.assembly.action_owners import is_planned_action
from changeflow.roadmap.model.pathways import parse_link
from changeflow.roadmap.model.tasks import LinkType
from changeflow.values.base import Id, TaskId
from changeflow.values.duration import DurationText, range_in_words, written_in_words
from changeflow.values.moments import format_day

LINKS = ("after", "also_after")
EARLIEST, FIXED = "start_no_earlier", ("must_start", "must_finish")
LEVELLING_FILE = "levelling.yaml"
WORKED_ON = {
    "office": "schedule it on working days",
    "term": "schedule it on school days only",
    "every_day": "schedule it on every day, weekends and holidays included",
}
"""What each calendar of a task means."""
_FIELDS = {EARLIEST: "earliest start"}
"""Fields with the words for them, if these differ."""


class TaskEdit(EditBase):
    """A change to one task or milestone."""

    task: TaskId = Field(description="Its full id, such as payroll/pilot/go-live or programme/payroll-live")

    def place(self, sources: Sources, field: str) -> tuple[str, tuple[str | int, ...]]:
        """Return where a field of the task is written."""
        if field_of(sources, self.task, "drop"):
            raise EditRefusedError(f"'{self.task}' has been removed from the plan.")
        file, path = task_place(sources, self.task)
        if path[0] == "milestones" and field not in ("name", "after", "deadline", "owner"):
            raise EditRefusedError(f"'{self.task}' is a milestone, which has no {_FIELDS.get(field, field)}.")
        return file, (*path, field)


class SetDuration(TaskEdit):
    """Set how long a task takes."""

    kind: Literal["set-duration"] = "set-duration"
    title: ClassVar[str] = "Change a duration"
    duration: DurationText

    def apply(self, sources: Sources) -> Sources:
        return with_value(sources, *self.place(sources, "duration"), self.duration)

    def words(self, name: Namer = ids) -> str:
        return f"{name('task', self.task)}: change the duration to {written_in_words(self.duration)}."


class SetEstimate(TaskEdit):
    """Set the range of a task's duration, or remove it."""

    kind: Literal["set-estimate"] = "set-estimate"
    title: ClassVar[str] = "Change an estimate"
    estimate: tuple[DurationText, DurationText, DurationText] | None = Field(
        None, description="Optimistic, likely and pessimistic; empty to remove the range"
    )

    def apply(self, sources: Sources) -> Sources:
        estimate = list(self.estimate) if self.estimate is not None else None
        return _set_or_cleared(sources, *self.place(sources, "estimate"), estimate)

    def words(self, name: Namer = ids) -> str:
        if self.estimate is None:
            return f"{name('task', self.task)}: remove the estimate."
        return f"{name('task', self.task)}: change the estimate to {range_in_words(self.estimate)}."


class SetDeadline(TaskEdit):
    """Set or remove the deadline of a task or milestone."""

    kind: Literal["set-deadline"] = "set-deadline"
    title: ClassVar[str] = "Change a deadline"
    needs_reason: ClassVar[bool] = True
    deadline: date | None = Field(None, description="Empty to remove it")

    def apply(self, sources: Sources) -> Sources:
        return _set_or_cleared(sources, *self.place(sources, "deadline"), self.deadline)

    def words(self, name: Namer = ids) -> str:
        if self.deadline is None:
            return f"{name('task', self.task)}: remove the deadline."
        return f"{name('task', self.task)}: change the deadline to {format_day(self.deadline)}."


class SetEarliest(TaskEdit):
    """Set or remove the day before which a task does not start."""

    kind: Literal["set-earliest"] = "set-earliest"
    title: ClassVar[str] = "Change the earliest start"
    earliest: date | None = Field(None, description="Empty to remove it")

    def apply(self, sources: Sources) -> Sources:
        place = self.place(sources, EARLIEST)
        if self.earliest is not None and self._is_fixed(sources):
            raise EditRefusedError(f"'{self.task}' has a fixed date, which an earliest start does not move.")
        return _set_or_cleared(sources, *place, self.earliest)

    def _is_fixed(self, sources: Sources) -> bool:
        """Return whether the task must start or finish on a set date, in its own file or by levelling."""
        pinned = found_at(sources, LEVELLING_FILE, ("pinned",))
        is_pinned = isinstance(pinned, dict) and self.task in pinned
        return is_pinned or any(field_of(sources, self.task, field) is not None for field in FIXED)

    def words(self, name: Namer = ids) -> str:
        if self.earliest is None:
            return f"{name('task', self.task)}: remove the earliest start."
        return f"{name('task', self.task)}: start on {format_day(self.earliest)} at the earliest."


class SetTaskCalendar(TaskEdit):
    """Set on which days a task is worked on, or leave that to its step's and its pathway's calendar again."""

    kind: Literal["set-task-calendar"] = "set-task-calendar"
    title: ClassVar[str] = "Change its working days"
    calendar: Literal["office", "term", "every_day"] | None = Field(
        None, description="office: working days; term: school days; every_day: no day off; empty to remove its own"
    )

    def apply(self, sources: Sources) -> Sources:
        return _set_or_cleared(sources, *self.place(sources, "calendar"), self.calendar)

    def words(self, name: Namer = ids) -> str:
        if self.calendar is None:
            return f"{name('task', self.task)}: remove its own working days."
        return f"{name('task', self.task)}: {WORKED_ON[self.calendar]}."


class SetNeed(TaskEdit):
    """Set how many people of a team a task needs at once."""

    kind: Literal["set-need"] = "set-need"
    title: ClassVar[str] = "Change the people that it needs"
    team: Id = Field(description="A team of rollout.yaml")
    people: float | None = Field(None, gt=0, le=1000, description="Empty if it needs no one of this team")

    def apply(self, sources: Sources) -> Sources:
        file, path = self.place(sources, "needs")
        needs = dict(field_of(sources, self.task, "needs") or {})
        if self.people is None and self.team not in needs:
            raise EditRefusedError(f"'{self.task}' needs no one from '{self.team}'.")
        own = found_at(sources, file, path)
        if isinstance(own, dict) and (self.people is not None or len(own) > 1):
            return with_or_without(sources, file, (*path, self.team), self.people)
        # The needs are in a more general place, which this one replaces; none at all is an entry without teams.
        needs.pop(self.team, None)
        return with_value(sources, file, path, needs if self.people is None else {**needs, self.team: self.people})

    def words(self, name: Namer = ids) -> str:
        task, team = name("task", self.task), name("team", self.team)
        if self.people is None:
            return f"{task}: it needs no one from {team}."
        people = "1 person" if self.people == 1 else f"{self.people:g} people"
        return f"{task}: it needs {people} from {team} at once."


class SetOwner(TaskEdit):
    """Give a task or milestone another owner."""

    kind: Literal["set-owner"] = "set-owner"
    title: ClassVar[str] = "Change an owner"
    owner: str = Field(min_length=1, description="A person, a group, or a role such as lead_provider")

    def apply(self, sources: Sources) -> Sources:
        return with_value(sources, *self._owner_place(sources), self.owner)

    def _owner_place(self, sources: Sources) -> tuple[str, tuple[str | int, ...]]:
        """Return where the owner is written; a planned action for a group of people has no entry as a task."""
        service, _, local = self.task.partition("/")
        step = local.rpartition("/")[2]
        if service != PROGRAMME and is_planned_action(step) and step not in steps_of(sources, service):
            return service_file(sources, service), ("action_owners", local)
        return self.place(sources, "owner")

    def words(self, name: Namer = ids) -> str:
        return f"{name('task', self.task)}: the owner is now {name('person', self.owner)}."


class LinkTasks(TaskEdit):
    """Make a task wait for another."""

    kind: Literal["link"] = "link"
    title: ClassVar[str] = "Add a link"
    after: str = Field(description="The task that it waits for, such as payroll/go-live or requirements FS+5d")

    @field_validator("after")
    @classmethod
    def _is_a_link(cls, text: str) -> str:
        parse_link(text)
        return text

    def apply(self, sources: Sources) -> Sources:
        link = parse_link(self.after)
        if any(_same(self.task, parse_link(text).task, link.task) for text in links_of(sources, self.task)):
            raise EditRefusedError(f"'{self.task}' already waits for '{link.task}'.")
        file, path = self.place(sources, "after")
        own = found_at(sources, file, path)
        if path[0] == "milestones" or self.task.startswith(f"{PROGRAMME}/") or own is not MISSING:
            return with_item(sources, file, path, self.after)
        return with_item(sources, file, (*path[:-1], "also_after"), self.after)

    def words(self, name: Namer = ids) -> str:
        return f"{name('task', self.task)} waits for {link_in_words(self.task, self.after, name)}."


class UnlinkTasks(TaskEdit):
    """Let a task start without waiting for another."""

    kind: Literal["unlink"] = "unlink"
    title: ClassVar[str] = "Remove a link"
    after: str = Field(description="The task that it no longer waits for, as its link names it")

    @field_validator("after")
    @classmethod
    def _is_a_link(cls, text: str) -> str:
        parse_link(text)
        return text

    def apply(self, sources: Sources) -> Sources:
        for field in LINKS:
            file, path = self.place(sources, field)
            own = found_at(sources, file, path)
            place = _place_of_link(self.task, own, self.after)
            if place is None:
                continue
            if field == "after" and len(listed_links(own)) == 1:
                if path[0] == "milestones":
                    raise EditRefusedError(f"'{self.task}' needs at least one task that it waits for.")
                return with_value(sources, file, path, [])
            return without_item(sources, file, path, place)
        # The link is in a more general place: write the links that remain.
        written = next(
            (listed_links(f["after"]) for f in own_fields(sources, self.task) if f.get("after") is not None), []
        )
        if _place_of_link(self.task, written, self.after) is None:
            raise EditRefusedError(f"'{self.task}' does not wait for '{self.after}', or only by a rule.")
        rest = [text for text in written if not _same(self.task, parse_link(text).task, self.after)]
        return with_value(sources, *self.place(sources, "after"), rest)

    def words(self, name: Namer = ids) -> str:
        return f"{name('task', self.task)} no longer waits for {name('task', linked(self.task, self.after))}."


class RenameTask(TaskEdit):
    """Give a task or milestone another name; its id and its records stay."""

    kind: Literal["rename-task"] = "rename-task"
    title: ClassVar[str] = "Rename a task"
    name: str = Field(min_length=1)

    def apply(self, sources: Sources) -> Sources:
        return with_value(sources, *self.place(sources, "name"), self.name)

    def words(self, name: Namer = ids) -> str:
        return f"Rename {name('task', self.task)} to “{self.name}”."


def linked(task: TaskId, link: str) -> TaskId:
    """Return the full id of the task that a link of a task names.

    >>> linked("payroll/w1/train", "build FS+2d"), linked("payroll/train", "estates/go-live")
    ('payroll/build', 'estates/go-live')
    """
    found, service = parse_link(link).task, task.partition("/")[0]
    return found if "/" in found else f"{service}/{found}"


def link_in_words(task: TaskId, text: str, name: Namer) -> str:
    """Return what a task with a link waits for, with the link's lag.

    >>> link_in_words("payroll/train", "build SS+2d", lambda _, id_: id_)
    'the start of payroll/build, with a lag of 2 working days'
    >>> link_in_words("payroll/train", "build FF-50%", lambda _, id_: id_)
    'payroll/build before it finishes, with an overlap of 50%'
    """
    link, other = parse_link(text), name("task", linked(task, text))
    start = f"the start of {other}" if link.type in (LinkType.SS, LinkType.SF) else other
    end = " before it finishes" if link.type in (LinkType.FF, LinkType.SF) else ""
    if link.lag_duration(450).is_zero:
        return f"{start}{end}"
    kind = "an overlap" if link.lag.startswith("-") else "a lag"
    return f"{start}{end}, with {kind} of {written_in_words(link.lag.lstrip('+-'))}"


def links_of(sources: Sources, task: TaskId) -> list[str]:
    """Return a task's links as written."""
    fields = list(own_fields(sources, task))
    after = next((listed_links(f["after"]) for f in fields if f.get("after") is not None), [])
    return [*after, *(text for f in fields for text in listed_links(f.get("also_after")))]


def _set_or_cleared(sources: Sources, file: str, path: tuple[str | int, ...], value: object) -> Sources:
    """Write a task's own value; None removes it, and is refused if there is none."""
    if value is not None:
        return with_value(sources, file, path, value)
    if found_at(sources, file, path) is MISSING:
        words = _FIELDS.get(str(path[-1]), path[-1])
        raise EditRefusedError(f"'{path[-2]}' has no {words} of its own to remove.")
    return without(sources, file, path)


def listed_links(value: Any) -> list[str]:  # noqa: ANN401
    """Return links as a list, which a file may have as a single text."""
    if value is None or value is MISSING:
        return []
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else [str(value)]


def _place_of_link(task: TaskId, written: Any, after: str) -> int | None:  # noqa: ANN401
    found = enumerate(listed_links(written))
    return next((n for n, text in found if _same(task, parse_link(text).task, after)), None)


def _same(task: TaskId, one: str, other: str) -> bool:
    """Return whether two names in a task's links mean the same task: in full, or within its service."""
    service = task.partition("/")[0]
    return one.removeprefix(f"{service}/") == other.removeprefix(f"{service}/")
