"""Pathways: templates of steps that expand to tasks and links. The shapes here are what people write."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from changeflow.roadmap.model.tasks import Link, LinkType
from changeflow.values.base import ID_PATTERN, Frozen, Id, as_list
from changeflow.values.duration import Duration, DurationText, parse_duration
from changeflow.values.problem import did_you_mean
from changeflow.values.words import Gate, Kind, NoReturn, Phase, Track


class Per(StrEnum):
    """What a step is expanded for."""

    PROGRAMME = "programme"
    SERVICE = "service"
    WAVE = "wave"
    SCHOOL = "school"


Links = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(examples=["requirements FS+5d"])]

Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]

_LINK = re.compile(r"^(?P<task>[a-z0-9][a-z0-9/-]*?)(?:\s+(?P<type>FS|SS|FF|SF)?(?P<lag>[+-]\S+)?)?$")


STARTS_ON = ("pay_period", "term", "month")
MEETING = "meeting/"
"""Comes before the id of a meeting if a step starts on the days of that meeting."""


WEEK = "week"


def _a_start_window(text: str, *more: str) -> str:
    """Accept a start window: one of three words (or of `more`), or a meeting."""
    if text not in (*STARTS_ON, *more) and not re.fullmatch(f"{MEETING}{ID_PATTERN[1:-1]}", text):
        raise ValueError(f"'{text}' is not known here. {did_you_mean(text, (*more, *STARTS_ON, f'{MEETING}ID'))}")
    return text


def _an_opening(text: str) -> str:
    """Accept the start windows of go-lives: a start window, or any week."""
    return _a_start_window(text, WEEK)


StartsOn = Annotated[
    str,
    AfterValidator(_a_start_window),
    Field(json_schema_extra={"examples": [*STARTS_ON, f"{MEETING}board"]}),
]


OpensOn = Annotated[
    str,
    AfterValidator(_an_opening),
    Field(json_schema_extra={"examples": [WEEK, *STARTS_ON, f"{MEETING}board"]}),
]


class StepFields(Frozen):
    """The fields of a pathway's step, or of a change to one. Missing fields are unchanged."""

    name: str | None = Field(None, min_length=1, description="Its name for people")
    kind: Kind | None = Field(None, description="The kind that rules use")
    gate: Gate | None = Field(None, description="For a decision: the gate that it opens")
    track: Track | None = Field(None, description="Its focus: people, process or technology")
    phase: Phase | None = None
    per: Per | None = Field(None, description="Expanded for the service, each wave or each school")
    duration: DurationText | None = None
    durations: dict[str, DurationText] | None = Field(
        None,
        description="For a step per school, durations that differ: by school, or by phase for all schools of the phase",
        examples=[{"secondary": "5d", "oakfield": "6d"}],
    )
    estimate: tuple[DurationText, DurationText, DurationText] | None = Field(
        None,
        description="Optimistic, likely, pessimistic, in the unit of its duration, which must be within this range. "
        "A more specific duration replaces it",
    )
    calendar: Literal["office", "term", "every_day"] | None = Field(
        None, description="office: the trust's working days; term: school days; every_day: no day off"
    )
    starts_on: StartsOn | None = Field(
        None, description="It starts with a pay period, a term or a month, or on the day of a meeting in calendars/"
    )
    after: Links | None = Field(None, description="task [FS|SS|FF|SF][+lag|-lag]; replaces the pathway's links")
    also_after: Links | None = Field(None, description="Links in addition to the pathway's")
    after_previous_wave: Links | None = Field(None, description="Links to the same steps in the previous wave")
    owner: str | None = Field(
        None,
        description="A person's id, a group's, or a role: lead_provider, service_manager, sponsor, head, change_lead",
        examples=["lead_provider", "service_manager", "sponsor", "head", "change_lead"],
    )
    waves: Literal["all", "pilot", "rollout"] | None = None
    classes: tuple[str, ...] | None = Field(None, description="Only for services of these classes")
    start_no_earlier: date | None = None
    finish_no_earlier: date | None = None
    start_no_later: date | None = None
    finish_no_later: date | None = None
    must_start: date | None = None
    must_finish: date | None = None
    deadline: date | None = None
    as_late_as_possible: bool | None = Field(
        None, description="Uses all its total float: successors move too, but not the end or a deadline"
    )
    sources: tuple[Literal["heads", "board", "local_governing_bodies", "users", "suppliers"], ...] | None = Field(
        None, description="For requirements: who they come from"
    )
    redundancies: dict[str, Annotated[int, Field(ge=0)]] | None = Field(
        None, description="For ended roles: how many end by redundancy, by school"
    )
    needs: dict[Id, Annotated[float, Field(gt=0, le=1000)]] | None = Field(
        None, description="Teams of rollout.yaml, and how many of their people work on it at once: {ict: 0.5}"
    )
    holds_people: bool | None = Field(
        None, description="Its people are not released during holidays; by default they do other work then"
    )
    minor: bool | None = None
    irreversible: bool | None = None
    no_return: NoReturn | None = Field(None, description="Why no one can go back to the old service once it has begun")
    assured_by: tuple[Literal["parallel", "test_pack", "both"], ...] | None = Field(
        None, description="Only for services with one of these kinds of assurance"
    )
    was: Names | None = Field(None, description="Its former id; records continue under this one")
    drop: bool | None = Field(None, description="Omit this step")

    def changed_by(self, other: "StepFields") -> "StepFields":
        """Apply another's fields over these. A new duration also replaces the old range."""
        changed = {k: getattr(other, k) for k in other.model_dump(exclude_none=True) if k != "also_after"}
        if other.duration is not None:
            changed["estimate"] = other.estimate
        merged = self.model_copy(update=changed)
        if other.also_after:
            merged = merged.model_copy(update={"also_after": (*(self.also_after or ()), *other.also_after)})
        return merged


class Pathway(Frozen):
    """A template of steps, by local id, in reading order."""

    pathway: Id
    name: str
    about: str = ""
    steps: dict[str, StepFields]


class LinkText(Frozen):
    """One link as written, parsed."""

    task: str
    type: LinkType = LinkType.FS
    lag: str = "0d"

    def lag_duration(self, minutes_per_day: int) -> Duration:
        return parse_duration(self.lag, minutes_per_day=minutes_per_day, lag=True)

    def link(self, predecessor: str, successor: str, *, minutes_per_day: int, origin: str) -> Link:
        return Link(predecessor, successor, self.type, self.lag_duration(minutes_per_day), origin)


def parse_link(text: str) -> LinkText:
    """Read `task [FS|SS|FF|SF][+lag|-lag]`; a `ValueError` gives the remedy.

    >>> parse_link("delegation-drafted SS+10d")
    LinkText(task='delegation-drafted', type=<LinkType.SS: 'SS'>, lag='+10d')
    """
    match = _LINK.match(text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a link. Write task, or task FS+5d (FS, SS, FF or SF, then a lag).")
    found = LinkText(task=match["task"], type=LinkType(match["type"] or "FS"), lag=match["lag"] or "0d")
    found.lag_duration(450)
    return found
