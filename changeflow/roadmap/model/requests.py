"""Requests for waves, risk and levelling: rollout.yaml, risk.yaml and levelling.yaml, as people write them.

Renamed keys keep their old names in stored versions, because the versions' hashes depend on them.
"""

import warnings
from datetime import date
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, NaiveDatetime, field_validator, model_validator

from changeflow.errors import RenamedWarning
from changeflow.roadmap.model.pathways import OpensOn
from changeflow.values.base import Frozen, Id, as_list
from changeflow.values.duration import DurationText
from changeflow.values.words import Kind


class Activity(Frozen):
    """Work around a go-live at one school: what, when, by which team and how much."""

    kind: Kind = Kind.WORK
    weeks_before: int = Field(
        0, ge=-26, le=52, description="Its last week, before the week of go-live; negative: after"
    )
    weeks: int = Field(1, ge=1, le=26, description="How many weeks it takes; unsuitable weeks are skipped")
    team: Id | None = None
    days: float = Field(0.0, ge=0, description="Total days of the team's work for one school")


class ServiceRollout(Frozen):
    """How one service is rolled out."""

    activities: tuple[Activity, ...] = ()
    opens_on: OpensOn | None = Field(
        None,
        description="Where it may go live: week, month, pay_period, term, or the days of a meeting (meeting/board); "
        "by default as in its pathway's go-live, or else any week",
    )
    earliest: date | None = None
    latest: date | None = None
    wave_size: int = Field(5, ge=1, description="Most schools in one wave")
    weeks_between: int = Field(4, ge=1, description="Fewest weeks from one wave to the next")
    pilot: bool | None = Field(None, description="By default in larger trusts, by rule R11")
    pilot_size: int = Field(3, ge=1)
    evaluation_weeks: int = Field(6, ge=1, description="From the pilot's go-live to the first wave after it")
    after: dict[Id, int] = Field(
        default_factory=dict, description="Services that go first at each school, with weeks in between"
    )


class Absence(Frozen):
    """A span of days, inclusive, on which a team has less time than usual."""

    first_day: date
    last_day: date
    days_per_week: float = Field(0.0, ge=0)


class WaveTeam(Frozen):
    """People who do the work, and their days a week for it."""

    name: str = ""
    days_per_week: float = Field(gt=0)
    backfill: float = Field(0.0, ge=0, description="The part of these days needed for everyday work")
    away: tuple[Absence, ...] = ()

    def left_on(self, day: date) -> float:
        """Return its days a week on a day: the usual number, or fewer during absences."""
        away = [a.days_per_week for a in self.away if a.first_day <= day <= a.last_day]
        return min([self.days_per_week - self.backfill, *away])

    @model_validator(mode="after")
    def _left(self) -> "WaveTeam":
        if self.backfill >= self.days_per_week:
            raise ValueError("everyday work takes all of the team's days. Give it more days, or less backfill")
        return self


class SchoolRollout(Frozen):
    """Settings of one school."""

    risk: int = Field(2, ge=1, le=5, description="How difficult it is: 5 is the most difficult and goes late")
    reluctant: bool = Field(
        default=False, description="Would rather wait; a pilot includes one such school, if there are any"
    )
    pilot: bool | None = Field(None, description="True: in the pilot; false: never; by default either")
    at_once: int | None = Field(None, ge=1, description="Most changes at once; by default the rollout's")
    earliest: date | None = None
    latest: date | None = None
    fixed: dict[Id, date] = Field(default_factory=dict, description="Fixed go-live days, by service")
    announced: dict[Id, date] = Field(
        default_factory=dict,
        description="Go-live days announced to the school, by service",
        validation_alias=AliasChoices("announced", "told"),
        serialization_alias="told",
    )


class Hubs(Frozen):
    """How a hub's schools are kept together."""

    together: Literal["weight", "weeks", "same_wave", "apart"] = "weight"
    within_weeks: int = Field(16, ge=1, description="With `weeks`: from a hub's first go-live to its last")

    @field_validator("together", mode="before")
    @classmethod
    def _use_new_name(cls, value: object) -> object:
        # It is the default, which stored versions leave out, so only files can have the old name.
        if value != "price":
            return value
        what = "rollout.yaml: 'together: price' is now 'together: weight'. The old name still works."
        warnings.warn(what, RenamedWarning, stacklevel=2)
        return "weight"


class Group(Frozen):
    """Schools with a joint limit on changes: a hub, schools that share a business manager, the whole trust."""

    name: str = ""
    schools: tuple[Id, ...] = Field((), description="Its schools; by default the hub's, or all")
    hub: Id | None = None
    at_once: int = Field(ge=1, description="Most changes at once across its schools")


class Weights(Frozen):
    """The weights, in weeks of one school. All are our own choice, and you can change them."""

    finish: float = Field(1.0, ge=0, description="A week later, for one school and service")
    last: float = Field(1.0, ge=0, description="A week later, for the last school of a service")
    peak: float = Field(0.3, ge=0, description="One percent of a team's capacity, at its fullest week")
    risk: float = Field(0.1, ge=0, description="A week earlier, for one point of a school's risk")
    hub: float = Field(2.0, ge=0, description="One more date within a hub, for a service")
    fairness: float = Field(0.5, ge=0, description="A week between the mean of the earliest and the latest hub")
    announced: float = Field(
        8.0,
        ge=0,
        description="Changing a date that was announced to a school",
        validation_alias=AliasChoices("announced", "told"),
        serialization_alias="told",
    )
    announced_week: float = Field(
        0.5,
        ge=0,
        description="Each week that it moves",
        validation_alias=AliasChoices("announced_week", "told_week"),
        serialization_alias="told_week",
    )


class Rollout(Frozen):
    """rollout.yaml. Missing settings have defaults for a trust of ten schools."""

    latest: date | None = Field(None, description="The last day of any go-live; by default two years after the start")
    at_once: int = Field(2, ge=1, description="Most services that change at one school at once")
    services: dict[Id, ServiceRollout] = Field(default_factory=dict)
    teams: dict[Id, WaveTeam] = Field(default_factory=dict)
    schools: dict[Id, SchoolRollout] = Field(default_factory=dict)
    groups: dict[Id, Group] = Field(default_factory=dict, description="Joint limits of schools")
    hubs: Hubs = Hubs()
    apart: tuple[tuple[Id, Id], ...] = Field((), description="Pairs of schools that never go live in the same week")
    weights: Weights = Field(
        Weights(), validation_alias=AliasChoices("weights", "prices"), serialization_alias="prices"
    )
    announced_as_planned: bool = Field(
        default=False,
        description="Whether the plan's forecast dates were announced to schools",
        validation_alias=AliasChoices("announced_as_planned", "told_as_planned"),
        serialization_alias="told_as_planned",
    )


Tasks = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
"""Full ids, or steps: `system-built` is the step in every service, `payroll/system-built` in one."""


class SharedCause(Frozen):
    """Something that tasks share, such as a supplier or team: if one goes badly, so do the others."""

    id: Id
    name: str = ""
    correlation: float = Field(0.5, ge=0, lt=1, description="Rank correlation between any two of its tasks")
    tasks: Tasks


class Event(Frozen):
    """Something that may happen and then costs days."""

    id: Id
    name: str = ""
    probability: float = Field(ge=0, le=1)
    effect: tuple[DurationText, DurationText, DurationText] = Field(
        description="Optimistic, likely, pessimistic, in one unit: 5d, 30ed, 2sw or 1pp; its tasks may have other units"
    )
    tasks: Tasks


class RecoveryOption(Frozen):
    """A measure that could recover a date, with its cost."""

    id: Id
    name: str = ""
    cost: float = Field(ge=0, description="In a unit that all options share, such as pounds or days of effort")
    shorten: dict[str, Annotated[int, Field(ge=1, le=99)]] = Field(
        default_factory=dict, description="Tasks, with the percentage of their time that they then take"
    )
    events: dict[Id, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="Events, with their new probability"
    )
    starts: dict[str, date] = Field(
        default_factory=dict, description="Tasks with their own date, with the day from which they may then start"
    )

    @model_validator(mode="after")
    def _does_something(self) -> "RecoveryOption":
        if not (self.shorten or self.events or self.starts):
            raise ValueError(
                "the recovery option changes nothing. Say what it shortens, which events it makes rarer, or what starts"
            )
        return self


class Risk(Frozen):
    """risk.yaml. The range of a task is written in the task itself: `estimate: [45d, 60d, 95d]`."""

    distribution: Literal["triangular", "pert"] = Field(
        "triangular", description="The distribution within a range; pert gives the ends less weight"
    )
    causes: tuple[SharedCause, ...] = ()
    events: tuple[Event, ...] = ()
    recovery_options: tuple[RecoveryOption, ...] = Field(
        (),
        max_length=16,
        description="Measures that could recover a date",
        validation_alias=AliasChoices("recovery_options", "levers"),
        serialization_alias="levers",
    )

    @model_validator(mode="after")
    def _once(self) -> "Risk":
        names = [*(c.id for c in self.causes), *(e.id for e in self.events), *(v.id for v in self.recovery_options)]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"Duplicate id '{twice[0]}'. Change one of them.")
        return self


class KeepWithin(Frozen):
    """A maximum lag, for example because training that comes too early is forgotten."""

    after: str = Field(description="A task, `service/step`, or a step of every service")
    start: str = Field(description="The task that must start soon enough after it, at the same schools")
    within: DurationText = Field(description="6w, 40d: working time of the second's calendar; 42ed: calendar days")


class Levelling(Frozen):
    """levelling.yaml: people's decisions about individual tasks. A task's needs are written in it: `needs: {ict:
    1}`."""

    accepted: dict[str, NaiveDatetime] = Field(
        default_factory=dict,
        description="Moves that are now part of the plan: each task with its earliest start",
    )
    pinned: dict[str, NaiveDatetime] = Field(
        default_factory=dict, description="Fixed starts by task; other tasks work around them"
    )
    refused: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        (), description="Tasks that levelling leaves where their links place them"
    )
    keep_within: tuple[KeepWithin, ...] = ()
