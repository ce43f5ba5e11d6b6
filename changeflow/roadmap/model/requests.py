"""What people ask of waves, risk and levelling: rollout.yaml, risk.yaml and levelling.yaml, in the shapes they write.

Keys that were renamed keep their old names in stored versions, because the hashes of those rest on them.
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
    """Work around a go-live at one school: what, when, by whom and how much."""

    kind: Kind = Kind.WORK
    weeks_before: int = Field(
        0, ge=-26, le=52, description="Its last week, before the week of go-live; negative: after"
    )
    weeks: int = Field(1, ge=1, le=26, description="How many weeks it takes; weeks that are bad for it are passed over")
    team: Id | None = None
    days: float = Field(0.0, ge=0, description="Days of the team's work for one school in all")


class ServiceRollout(Frozen):
    """How one service is rolled out."""

    activities: tuple[Activity, ...] = ()
    opens_on: OpensOn | None = Field(
        None,
        description="Where it may go live: week, month, pay_period, term, or the days of a meeting (meeting/board); "
        "left out, as its pathway's go-live says, else any week",
    )
    earliest: date | None = None
    latest: date | None = None
    wave_size: int = Field(5, ge=1, description="Schools in one wave at most")
    weeks_between: int = Field(4, ge=1, description="Weeks from one wave to the next, at least")
    pilot: bool | None = Field(None, description="Left out: in larger trusts, as rule R11 has it")
    pilot_size: int = Field(3, ge=1)
    evaluation_weeks: int = Field(6, ge=1, description="From the pilot's go-live to the first wave after it")
    after: dict[Id, int] = Field(default_factory=dict, description="Services that go first in each school, by weeks")


class Absence(Frozen):
    """Days on which a team has less time than usual, both inclusive."""

    first_day: date
    last_day: date
    days_per_week: float = Field(0.0, ge=0)


class WaveTeam(Frozen):
    """People who do the work, and the days a week that they can give it."""

    name: str = ""
    days_per_week: float = Field(gt=0)
    backfill: float = Field(0.0, ge=0, description="Of these days, those that everyday work takes")
    away: tuple[Absence, ...] = ()

    def left_on(self, day: date) -> float:
        """Return the days a week that it can give on a day: as usual, or what is left while some are away."""
        away = [a.days_per_week for a in self.away if a.first_day <= day <= a.last_day]
        return min([self.days_per_week - self.backfill, *away])

    @model_validator(mode="after")
    def _left(self) -> "WaveTeam":
        if self.backfill >= self.days_per_week:
            raise ValueError("everyday work takes all of the team's days. Give it more days, or less backfill")
        return self


class SchoolRollout(Frozen):
    """What is special about one school."""

    risk: int = Field(2, ge=1, le=5, description="How hard it is: 5 is hardest, and goes late")
    reluctant: bool = Field(
        default=False, description="Would rather wait: a pilot has one of these, where there are any"
    )
    pilot: bool | None = Field(None, description="True: in the pilot; false: never; left out: as it comes")
    at_once: int | None = Field(None, ge=1, description="Changes at once that it can bear; the rollout's when left out")
    earliest: date | None = None
    latest: date | None = None
    fixed: dict[Id, date] = Field(default_factory=dict, description="Service: the day that it goes live, come what may")
    announced: dict[Id, date] = Field(
        default_factory=dict,
        description="Service: the day that was announced to the school",
        validation_alias=AliasChoices("announced", "told"),
        serialization_alias="told",
    )


class Hubs(Frozen):
    """How schools of a hub keep together."""

    together: Literal["weight", "weeks", "same_wave", "apart"] = "weight"
    within_weeks: int = Field(16, ge=1, description="With `weeks`: from a hub's first go-live to its last")

    @field_validator("together", mode="before")
    @classmethod
    def _use_new_name(cls, value: object) -> object:
        # It is the default, which stored versions leave out: only files can have the old name.
        if value != "price":
            return value
        what = "rollout.yaml: 'together: price' is now 'together: weight'. The old name still works."
        warnings.warn(what, RenamedWarning, stacklevel=2)
        return "weight"


class Group(Frozen):
    """Schools that feel each other's changes: a hub, those that share a business manager, the whole trust."""

    name: str = ""
    schools: tuple[Id, ...] = Field((), description="Its schools; left out, those of the hub, or all")
    hub: Id | None = None
    at_once: int = Field(ge=1, description="Changes at its schools together that it can bear at the same time")


class Weights(Frozen):
    """What is weighed against what, in weeks of one school: all of it our own choice, and yours to change."""

    finish: float = Field(1.0, ge=0, description="A week later, for one school and service")
    last: float = Field(1.0, ge=0, description="A week later, for the last school of a service")
    peak: float = Field(0.3, ge=0, description="One percent of a team's capacity, at its fullest week")
    risk: float = Field(0.1, ge=0, description="A week earlier, for one point of a school's risk")
    hub: float = Field(2.0, ge=0, description="One more date within a hub, for a service")
    fairness: float = Field(0.5, ge=0, description="A week between the mean of the earliest and the latest hub")
    announced: float = Field(
        8.0,
        ge=0,
        description="Another date than was announced to a school",
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
    """rollout.yaml. Everything left out has a default that is right for a trust of ten schools."""

    latest: date | None = Field(
        None, description="The last day of any go-live; two years after the start when left out"
    )
    at_once: int = Field(2, ge=1, description="Services that change at one school at the same time, at most")
    services: dict[Id, ServiceRollout] = Field(default_factory=dict)
    teams: dict[Id, WaveTeam] = Field(default_factory=dict)
    schools: dict[Id, SchoolRollout] = Field(default_factory=dict)
    groups: dict[Id, Group] = Field(default_factory=dict, description="What schools can bear together")
    hubs: Hubs = Hubs()
    apart: tuple[tuple[Id, Id], ...] = Field((), description="Pairs of schools that never go live in the same week")
    weights: Weights = Field(
        Weights(), validation_alias=AliasChoices("weights", "prices"), serialization_alias="prices"
    )
    announced_as_planned: bool = Field(
        default=False,
        description="The dates that the plan forecasts with its waves were announced to schools",
        validation_alias=AliasChoices("announced_as_planned", "told_as_planned"),
        serialization_alias="told_as_planned",
    )


Tasks = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
"""Full ids, or steps: `system-built` means the step in every service, `payroll/system-built` in one."""


class SharedCause(Frozen):
    """Something that tasks share: a supplier, a team. What goes badly with one of them goes badly with the others."""

    id: Id
    name: str = ""
    correlation: float = Field(0.5, ge=0, lt=1, description="Between any two of its tasks, of their ranks")
    tasks: Tasks


class Event(Frozen):
    """Something that may happen, and then costs days."""

    id: Id
    name: str = ""
    probability: float = Field(ge=0, le=1)
    effect: tuple[DurationText, DurationText, DurationText] = Field(
        description="Least, likely, most, in one unit: 5d, 30ed, 2sw or 1pp, whatever the unit of its tasks"
    )
    tasks: Tasks


class RecoveryOption(Frozen):
    """Something that could be done to keep a date, and what it costs."""

    id: Id
    name: str = ""
    cost: float = Field(ge=0, description="In whatever unit all options share: pounds, days of effort")
    shorten: dict[str, Annotated[int, Field(ge=1, le=99)]] = Field(
        default_factory=dict, description="Tasks, and how many percent of their time they take then"
    )
    events: dict[Id, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="Events, and how likely they are then"
    )
    starts: dict[str, date] = Field(
        default_factory=dict, description="Tasks with a date of their own, and from when they may start then"
    )

    @model_validator(mode="after")
    def _does_something(self) -> "RecoveryOption":
        if not (self.shorten or self.events or self.starts):
            raise ValueError(
                "the recovery option changes nothing. Say what it shortens, which events it makes rarer, or what starts"
            )
        return self


class Risk(Frozen):
    """risk.yaml. Estimates of single tasks stand with the tasks: `estimate: [45d, 60d, 95d]`."""

    distribution: Literal["triangular", "pert"] = Field(
        "triangular", description="How likely what lies between is; pert gives the ends less weight"
    )
    causes: tuple[SharedCause, ...] = ()
    events: tuple[Event, ...] = ()
    recovery_options: tuple[RecoveryOption, ...] = Field(
        (),
        max_length=16,
        description="What could be done to keep a date",
        validation_alias=AliasChoices("recovery_options", "levers"),
        serialization_alias="levers",
    )

    @model_validator(mode="after")
    def _once(self) -> "Risk":
        names = [*(c.id for c in self.causes), *(e.id for e in self.events), *(v.id for v in self.recovery_options)]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' is listed twice. Give one of them another id.")
        return self


class KeepWithin(Frozen):
    """A maximal lag: training that is too long before a go-live is forgotten."""

    after: str = Field(description="A task, `service/step`, or a step of every service")
    start: str = Field(description="What has to start soon enough after it, at the same schools")
    within: DurationText = Field(description="6w, 40d: working time of the second's calendar; 42ed: calendar days")


class Levelling(Frozen):
    """levelling.yaml: what a person has decided about single tasks. Needs stand with the tasks: `needs: {ict: 1}`."""

    accepted: dict[str, NaiveDatetime] = Field(
        default_factory=dict,
        description="Moves that are part of the plan now: task, and when it starts at the earliest",
    )
    pinned: dict[str, NaiveDatetime] = Field(
        default_factory=dict, description="Task, and when it starts, come what may: all others work around it"
    )
    refused: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        (), description="Tasks that levelling leaves where their links put them"
    )
    keep_within: tuple[KeepWithin, ...] = ()
