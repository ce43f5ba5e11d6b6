"""Who leads a service, what was agreed about it, and who is accountable for what: the delegation matrix."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from changeflow.values.base import Frozen, Id


class AgreementKind(StrEnum):
    """How the offer is articulated; neither is preferred."""

    SLA = "sla"
    GIVES_AND_GETS = "gives_and_gets"


class LeadProvider(Frozen):
    """The senior person who leads the service, and the time that they can give."""

    person: Id
    days_per_week: float = Field(ge=0, le=5)


class Member(Frozen):
    """Somebody of the project team, and the time that they can give."""

    person: Id
    days_per_week: float = Field(ge=0, le=5)
    skills: tuple[str, ...] = ()


class Team(Frozen):
    """Who does the work of the change: somebody manages it, and together they have the time and the skills."""

    manager: Id
    members: tuple[Member, ...] = ()
    needed_days_per_week: float = Field(1.0, ge=0, description="Our own default, for a trust of ten schools")
    needed_skills: tuple[str, ...] = ()


class Agreement(Frozen):
    """What the service is, to what standard: a service level agreement or gives and gets."""

    kind: AgreementKind
    gives: tuple[str, ...] = ()
    gets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _both_sides(self) -> "Agreement":
        if self.kind is AgreementKind.GIVES_AND_GETS and not (self.gives and self.gets):
            raise ValueError("gives and gets needs at least one of each")
        return self


Right = Literal["accountable", "budget", "staff", "priority", "decision"]
ACCOUNTABLE: Right = "accountable"
CONTROL: tuple[Right, ...] = ("budget", "staff", "priority", "decision")


class Holding(Frozen):
    """What one role holds in one area, as it is and as it is to be; at all schools unless some are named."""

    area: str
    role: str
    as_is: tuple[Right, ...] = ()
    to_be: tuple[Right, ...] = ()
    schools: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Accountability and control that have come apart at one school."""

    area: str
    school: str
    role: str
    """Who is accountable without control; where nobody is accountable, who controls."""
    is_without_agency: bool
    """True: accountable, and controls nothing. False: somebody controls, and nobody is accountable."""


@dataclass(frozen=True, slots=True)
class DelegationChange:
    """What a role gains and loses in an area, at some schools."""

    area: str
    role: str
    gains: tuple[Right, ...]
    loses: tuple[Right, ...]
    schools: tuple[Id, ...]
    """None named: all."""


def gaps(matrix: Iterable[Holding], schools: Iterable[str]) -> Iterator[Gap]:
    """Yield where, with the scheme in force, a role answers for what it cannot influence, or nobody answers at all."""
    holdings = list(matrix)
    for school in sorted(schools):
        here = [h for h in holdings if not h.schools or school in h.schools]
        for area in sorted({h.area for h in here}):
            rights: dict[str, set[Right]] = {}
            for holding in here:
                if holding.area == area:
                    rights.setdefault(holding.role, set()).update(holding.to_be)
            accountable = sorted(r for r, held in rights.items() if ACCOUNTABLE in held)
            controlling = sorted(r for r, held in rights.items() if held & set(CONTROL))
            for role in accountable:
                if role not in controlling:
                    yield Gap(area, school, role, is_without_agency=True)
            if controlling and not accountable:
                yield Gap(area, school, controlling[0], is_without_agency=False)


def changes(matrix: Iterable[Holding]) -> Iterator[DelegationChange]:
    """Yield what changes for whom, by area and role; who keeps what they hold is left out."""
    for holding in sorted(matrix, key=lambda h: (h.area, h.role, h.schools)):
        gains = tuple(r for r in holding.to_be if r not in holding.as_is)
        loses = tuple(r for r in holding.as_is if r not in holding.to_be)
        if gains or loses:
            yield DelegationChange(holding.area, holding.role, gains, loses, holding.schools)
