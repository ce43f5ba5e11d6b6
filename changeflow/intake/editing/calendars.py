"""Edits of calendars: new ones, closed days, terms, blackouts and meetings."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import (
    PROGRAMME_FILE,
    Sources,
    calendar_file,
    data_in,
    found_at,
    place_of,
    with_item,
    with_item_before,
    with_or_without,
    with_value,
    without,
)
from changeflow.intake.editing.yaml_splice import block_text
from changeflow.phrases import name_of_id
from changeflow.values.base import Id
from changeflow.values.moments import format_day, format_days


class CalendarEdit(EditBase):
    """A change to one calendar."""

    calendar: Id = Field(description="The calendar's id")

    def file(self, sources: Sources) -> str:
        return calendar_file(sources, self.calendar)


class AddCalendar(EditBase):
    """Add a calendar without any dates, for the schools of one authority, for one school, or for all schools."""

    kind: Literal["add-calendar"] = "add-calendar"
    title: ClassVar[str] = "Add a calendar"
    calendar: Id = Field(description="The new calendar's id")
    authority: Id | None = None
    school: Id | None = None

    def apply(self, sources: Sources) -> Sources:
        file = f"calendars/{self.calendar}.yaml"
        known = [data_in(sources, name).get("calendar") for name in sources if name.startswith("calendars/")]
        if self.calendar in known or file in sources:
            raise EditRefusedError(f"There is already a calendar '{self.calendar}'.")
        fields = {"calendar": self.calendar, "authority": self.authority, "school": self.school}
        return {**sources, file: block_text({key: value for key, value in fields.items() if value})}

    def words(self, name: Namer = ids) -> str:
        if self.school is not None:
            return f"Add a calendar for {name('school', self.school)}."
        return f"Add a calendar for {f'schools of {name_of_id(self.authority)}' if self.authority else 'all schools'}."


class AddClosure(EditBase):
    """Close everything, an authority's schools or one school on some days, or open them."""

    kind: Literal["add-closure"] = "add-closure"
    title: ClassVar[str] = "Add closed days"
    calendar: Id | None = Field(None, description="By default everything is closed, as programme.yaml says")
    name: str = Field(min_length=1)
    first_day: date
    last_day: date | None = None
    open: bool = Field(default=False, description="Open on these days, despite a more general calendar")

    def apply(self, sources: Sources) -> Sources:
        file, path = _closures(sources, self.calendar)
        if _closure_at(sources, file, path, self.name, self.first_day) is not None:
            raise EditRefusedError(f"“{self.name}” from {format_day(self.first_day)} is there already.")
        item: dict[str, object] = {"name": self.name, "first_day": self.first_day}
        item |= {"last_day": self.last_day} if self.last_day is not None else {}
        item |= {"open": True} if self.open else {}
        return with_item(sources, file, path, item)

    def words(self, name: Namer = ids) -> str:
        days = format_days(self.first_day, self.last_day or self.first_day)
        verb = "Open" if self.open else "Close"
        return f"{verb} {_where(name, self.calendar)} on {days} ({self.name})."


class RemoveClosure(EditBase):
    """Remove closed days."""

    kind: Literal["remove-closure"] = "remove-closure"
    title: ClassVar[str] = "Remove closed days"
    calendar: Id | None = None
    name: str
    first_day: date

    def apply(self, sources: Sources) -> Sources:
        file, path = _closures(sources, self.calendar)
        place = _closure_at(sources, file, path, self.name, self.first_day)
        if place is None:
            raise EditRefusedError(f"There are no closed days “{self.name}” from {format_day(self.first_day)}.")
        return without(sources, file, (*path, place))

    def words(self, name: Namer = ids) -> str:
        return (
            f"Remove the closed days “{self.name}” from {format_day(self.first_day)} of {_where(name, self.calendar)}."
        )


class SetTerm(CalendarEdit):
    """Set the dates of a term, or add it."""

    kind: Literal["set-term"] = "set-term"
    title: ClassVar[str] = "Change term dates"
    name: str = Field(min_length=1)
    first_day: date
    last_day: date
    half_term: tuple[date, date] | None = Field(None, description="Its first and last day; by default it has none")

    def apply(self, sources: Sources) -> Sources:
        fields: dict[str, object] = {"first_day": self.first_day, "last_day": self.last_day}
        fields |= {"half_term": list(self.half_term)} if self.half_term else {}
        file = self.file(sources)
        terms = found_at(sources, file, ("terms",))
        place = place_of(terms, "name", self.name)
        if place is None:
            first = self.first_day.isoformat()
            known = [str(term.get("first_day")) for term in terms] if isinstance(terms, list) else []
            before = next((n for n, day in enumerate(known) if day > first), len(known))
            return with_item_before(sources, file, ("terms",), before, {"name": self.name, **fields})
        for field, value in {**fields, "half_term": fields.get("half_term")}.items():
            sources = with_or_without(sources, file, ("terms", place, field), value)
        return sources

    def words(self, name: Namer = ids) -> str:
        days = format_days(self.first_day, self.last_day)
        half = f"with half-term {format_days(*self.half_term)}" if self.half_term else "without a half-term"
        return f"{self.name} ({name('calendar', self.calendar)}) is from {days}, {half}."


class AddBlackout(CalendarEdit):
    """Add days that some kinds of task must avoid."""

    kind: Literal["add-blackout"] = "add-blackout"
    title: ClassVar[str] = "Add a blackout"
    name: str = Field(min_length=1)
    first_day: date
    last_day: date
    activities: tuple[str, ...] = Field(min_length=1, description="Kinds of task: training, system_live, go_live")
    phases: tuple[str, ...] = Field((), description="Only at schools of these phases")
    schools: tuple[Id, ...] = Field((), description="Only at these schools")
    services: tuple[Id, ...] = Field((), description="Only in these services")

    def apply(self, sources: Sources) -> Sources:
        file = self.file(sources)
        if place_of(found_at(sources, file, ("blackouts",)), "name", self.name) is not None:
            raise EditRefusedError(f"There is already a blackout “{self.name}”.")
        item: dict[str, object] = {"name": self.name, "first_day": self.first_day, "last_day": self.last_day}
        item["activities"] = list(self.activities)
        scopes = {"phases": self.phases, "schools": self.schools, "services": self.services}
        item |= {key: list(value) for key, value in scopes.items() if value}
        return with_item(sources, file, ("blackouts",), item)

    def words(self, name: Namer = ids) -> str:
        return f"Add the blackout “{self.name}” on {format_days(self.first_day, self.last_day)}."


class RemoveBlackout(CalendarEdit):
    """Remove a blackout."""

    kind: Literal["remove-blackout"] = "remove-blackout"
    title: ClassVar[str] = "Remove a blackout"
    name: str

    def apply(self, sources: Sources) -> Sources:
        file = self.file(sources)
        place = place_of(found_at(sources, file, ("blackouts",)), "name", self.name)
        if place is None:
            raise EditRefusedError(f"There is no blackout “{self.name}”.")
        return without(sources, file, ("blackouts", place))

    def words(self, name: Namer = ids) -> str:
        return f"Remove the blackout “{self.name}”."


class SetMeetings(CalendarEdit):
    """Set the days of a board or committee, or add it."""

    kind: Literal["set-meetings"] = "set-meetings"
    title: ClassVar[str] = "Change meeting dates"
    meeting: Id = Field(description="Its id; a board or committee that has the name already keeps its own")
    name: str | None = Field(None, min_length=1, description="Needed for a new board or committee")
    dates: tuple[date, ...] = Field(min_length=1)

    def apply(self, sources: Sources) -> Sources:
        file, dates = self.file(sources), sorted(set(self.dates))
        known = found_at(sources, file, ("meetings",))
        place = place_of(known, "name", self.name) if self.name is not None else None
        if place is None:
            place = place_of(known, "id", self.meeting)
        if place is None:
            if self.name is None:
                raise EditRefusedError(f"There is no meeting '{self.meeting}'. Give a new one a name.")
            item = {"id": self.meeting, "name": self.name, "dates": dates}
            return with_item(sources, file, ("meetings",), item)
        if self.name is not None:
            sources = with_value(sources, file, ("meetings", place, "name"), self.name)
        return _with_dates(sources, file, ("meetings", place, "dates"), dates)

    def words(self, name: Namer = ids) -> str:
        return (
            f"{self.name or name('meeting', self.meeting)} meets on {', '.join(map(format_day, sorted(self.dates)))}."
        )


def _where(name: Namer, calendar: str | None) -> str:
    return "everything" if calendar is None else name("calendar", calendar)


def _closures(sources: Sources, calendar: str | None) -> tuple[str, tuple[str, ...]]:
    return (PROGRAMME_FILE if calendar is None else calendar_file(sources, calendar)), ("closed",)


def _closure_at(sources: Sources, file: str, path: tuple[str, ...], name: str, first: date) -> int | None:
    items = found_at(sources, file, path)
    if not isinstance(items, list):
        return None
    known = enumerate(items)
    return next(
        (n for n, i in known if isinstance(i, dict) and (i.get("name"), i.get("first_day")) == (name, first)), None
    )


def _with_dates(sources: Sources, file: str, path: tuple[str | int, ...], dates: Sequence[date]) -> Sources:
    """Set a list of days, changing only the lines of those that come or go, if the rest is in order."""
    before: Any = found_at(sources, file, path)
    if not isinstance(before, list):
        return with_value(sources, file, path, list(dates))
    new = [day for day in dates if day not in before]
    if [d for d in before if d in dates] + new != list(dates) or not set(before) & set(dates):
        return with_value(sources, file, path, list(dates))
    for place in reversed([n for n, day in enumerate(before) if day not in dates]):
        sources = without(sources, file, (*path, place))
    for day in new:
        sources = with_item(sources, file, path, day)
    return sources
