"""What a project team asks of its rollout: rollout.yaml. The shapes here are what people write.

Keys that were renamed keep their old names in stored versions, because the hashes of those rest on them.
"""

import warnings
from datetime import date
from typing import Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from changeflow.errors import RenamedWarning
from changeflow.values.base import Frozen, Id
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
    opens_on: Literal["week", "month", "pay_period"] | None = Field(
        None, description="Where it may go live; left out, as its pathway's go-live says, else any week"
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
