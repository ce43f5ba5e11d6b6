"""What a programme says about its risks: risk.yaml. The shapes here are what people write."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from changeflow.roadmap.pathways import DurationText
from changeflow.values.base import Frozen, Id, as_list

Tasks = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
"""Full ids, or steps: `system-built` means the step in every service, `payroll/system-built` in one."""


class Cause(Frozen):
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


class Risk(Frozen):
    """risk.yaml. Estimates of single tasks stand with the tasks: `estimate: [45d, 60d, 95d]`."""

    distribution: Literal["triangular", "pert"] = Field(
        "triangular", description="How likely what lies between is; pert gives the ends less weight"
    )
    causes: tuple[Cause, ...] = ()
    events: tuple[Event, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "Risk":
        names = [*(c.id for c in self.causes), *(e.id for e in self.events)]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice. Give one of them another id.")
        return self
