"""What people decide about levelling: levelling.yaml. The shapes here are what they write."""

from typing import Annotated

from pydantic import BeforeValidator, Field, NaiveDatetime

from changeflow.values.base import Frozen, as_list
from changeflow.values.duration import DurationText


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
