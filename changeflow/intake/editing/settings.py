"""Edits of the programme's settings: policy, sponsor, benefits for students, waivers, teams and lessons."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, check_setting, ids
from changeflow.intake.editing.sources import (
    PROGRAMME_FILE,
    ROLLOUT_FILE,
    Sources,
    data_in,
    found_at,
    with_item,
    with_or_without,
    with_value,
    without,
)
from changeflow.intake.editing.tasks import LinkTasks, SetDuration, link_in_words
from changeflow.intake.editing.yaml_patch import MISSING
from changeflow.programme.definition import Policy
from changeflow.values.base import Id, TaskId
from changeflow.values.duration import DurationText, written_in_words
from changeflow.values.finding import Waiver
from changeflow.values.moments import format_day, format_days


class SetPolicy(EditBase):
    """Change one of the programme's settings, or return to its default."""

    kind: Literal["set-policy"] = "set-policy"
    title: ClassVar[str] = "Change a setting"
    needs_reason: ClassVar[bool] = True
    setting: str
    value: JsonValue = Field(None, description="Empty for the default")

    @model_validator(mode="after")
    def _is_known(self) -> "SetPolicy":
        if self.setting not in Policy.model_fields:
            raise ValueError(f"There is no setting '{self.setting}'.")
        if self.value is not None:
            check_setting(Policy, self.setting, self.value)
        return self

    def apply(self, sources: Sources) -> Sources:
        path = ("policy", self.setting)
        if self.value is not None:
            return with_value(sources, PROGRAMME_FILE, path, self.value)
        if found_at(sources, PROGRAMME_FILE, path) is MISSING:
            raise EditRefusedError("The setting already has its default.")
        return without(sources, PROGRAMME_FILE, path)

    def words(self, name: Namer = ids) -> str:
        setting = name("setting", self.setting)
        return f"{setting}: {'use the default' if self.value is None else f'change to {self.value}'}."


class SetBenefits(EditBase):
    """Describe what the change does for students, and who approved the text. Without a person, it is not approved."""

    kind: Literal["set-benefits"] = "set-benefits"
    title: ClassVar[str] = "Change the benefits for students"
    statement: str = Field(min_length=1)
    approved_by: Id | None = None
    approved_on: date | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "SetBenefits":
        if (self.approved_by is None) != (self.approved_on is None):
            raise ValueError("Enter both who approved the benefits and on which day, or neither.")
        return self

    def apply(self, sources: Sources) -> Sources:
        fields: dict[str, object] = {"statement": self.statement}
        fields |= {"approved_by": self.approved_by, "approved_on": self.approved_on}
        return _with_fields(sources, "wiifts", fields)

    def words(self, name: Namer = ids) -> str:
        by = f", approved by {name('person', self.approved_by)}" if self.approved_by else ", not approved yet"
        return f"Benefits for students: “{self.statement}”{by}."


class SetSponsor(EditBase):
    """Name the sponsor and their tenure."""

    kind: Literal["set-sponsor"] = "set-sponsor"
    title: ClassVar[str] = "Change the sponsor"
    needs_reason: ClassVar[bool] = True
    person: Id
    since: date
    until: date | None = Field(None, description="The last day of their tenure, if known")

    def apply(self, sources: Sources) -> Sources:
        fields: dict[str, object] = {"person": self.person, "since": self.since, "until": self.until}
        return _with_fields(sources, "sponsor", fields)

    def words(self, name: Namer = ids) -> str:
        until = f" until {format_day(self.until)}" if self.until else ""
        return f"The sponsor is {name('person', self.person)} from {format_day(self.since)}{until}."


class AddWaiver(EditBase):
    """Record a waiver of a rule."""

    kind: Literal["add-waiver"] = "add-waiver"
    title: ClassVar[str] = "Record a waiver"
    waiver: Waiver

    def apply(self, sources: Sources) -> Sources:
        item = self.waiver.model_dump(exclude_defaults=True)
        written = data_in(sources, PROGRAMME_FILE).get("waivers") or ()
        if any(Waiver.model_validate(known) == self.waiver for known in written):
            raise EditRefusedError("This waiver is recorded already.")
        return with_item(sources, PROGRAMME_FILE, ("waivers",), item)

    def words(self, name: Namer = ids) -> str:
        approved = " and ".join(name("person", person) for person in self.waiver.approved_by)
        return (
            f"Waive {name('rule', self.waiver.rule)} until {format_day(self.waiver.expires)}, approved by {approved}."
        )


class SetTeam(EditBase):
    """Set the capacity of a team, or add the team."""

    kind: Literal["set-team"] = "set-team"
    title: ClassVar[str] = "Change a team’s capacity"
    team: Id
    days_per_week: float | None = Field(None, gt=0)
    backfill: float | None = Field(None, ge=0, description="The part of these days needed for everyday work")
    name: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _changes_something(self) -> "SetTeam":
        if self.days_per_week is None and self.backfill is None and self.name is None:
            raise ValueError("Give the days per week, the backfill or the name.")
        return self

    def apply(self, sources: Sources) -> Sources:
        if found_at(sources, ROLLOUT_FILE, ("teams", self.team)) is MISSING and self.days_per_week is None:
            raise EditRefusedError(f"There is no team '{self.team}'. Give a new one its days per week.")
        fields = {"name": self.name, "days_per_week": self.days_per_week, "backfill": self.backfill}
        given = {field: value for field, value in fields.items() if value is not None}
        if found_at(sources, ROLLOUT_FILE, ("teams", self.team)) is MISSING:
            return with_value(sources, ROLLOUT_FILE, ("teams", self.team), given)
        for field, value in given.items():
            sources = with_value(sources, ROLLOUT_FILE, ("teams", self.team, field), value)
        return sources

    def words(self, name: Namer = ids) -> str:
        parts = [f"{self.days_per_week:g} days per week"] if self.days_per_week is not None else []
        parts += [f"{self.backfill:g} of them for everyday work"] if self.backfill is not None else []
        parts += [f"called “{self.name}”"] if self.name is not None else []
        return f"{name('team', self.team)}: {', '.join(parts)}."


class AddAbsence(EditBase):
    """Add days on which a team has less time than usual."""

    kind: Literal["add-absence"] = "add-absence"
    title: ClassVar[str] = "Add a team’s absence"
    team: Id
    first_day: date
    last_day: date
    days_per_week: float = Field(0.0, ge=0, description="The time that is left on these days")

    def apply(self, sources: Sources) -> Sources:
        if found_at(sources, ROLLOUT_FILE, ("teams", self.team)) is MISSING:
            raise EditRefusedError(f"There is no team '{self.team}'.")
        item: dict[str, object] = {"first_day": self.first_day, "last_day": self.last_day}
        item |= {"days_per_week": self.days_per_week} if self.days_per_week else {}
        return with_item(sources, ROLLOUT_FILE, ("teams", self.team, "away"), item)

    def words(self, name: Namer = ids) -> str:
        days = format_days(self.first_day, self.last_day)
        return f"{name('team', self.team)} has {self.days_per_week:g} days per week on {days}."


class ApplyLesson(EditBase):
    """Change tasks of later waves because of what an earlier wave has shown."""

    kind: Literal["apply-lesson"] = "apply-lesson"
    title: ClassVar[str] = "Apply a lesson"
    tasks: tuple[TaskId, ...] = Field(min_length=1, description="Tasks that have not begun")
    duration: DurationText | None = None
    also_after: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _changes_something(self) -> "ApplyLesson":
        if self.duration is None and not self.also_after:
            raise ValueError("Give a duration or tasks to wait for.")
        return self

    def apply(self, sources: Sources) -> Sources:
        for task in self.tasks:
            if self.duration is not None:
                sources = SetDuration(task=task, duration=self.duration).apply(sources)
            for after in self.also_after:
                sources = LinkTasks(task=task, after=after).apply(sources)
        return sources

    def words(self, name: Namer = ids) -> str:
        parts = [f"change the duration to {written_in_words(self.duration)}"] if self.duration else []
        parts += [f"wait for {link_in_words(self.tasks[0], after, name)}" for after in self.also_after]
        return f"{', '.join(name('task', task) for task in self.tasks)}: {' and '.join(parts)}."


def _with_fields(sources: Sources, key: str, fields: Mapping[str, object]) -> Sources:
    """Write the fields of one part of the programme's file, and remove those that are None."""
    for field, value in fields.items():
        sources = with_or_without(sources, PROGRAMME_FILE, (key, field), value)
    return sources
