"""What a programme says about its risks: risk.yaml. The shapes here are what people write.

Keys that were renamed keep their old names in stored versions, because the hashes of those rest on them.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from changeflow.values.base import Frozen, Id, as_list
from changeflow.values.duration import DurationText

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
    effect: tuple[DurationText, DurationText, DurationText] = Field(description="Least, likely, most: working time")
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
