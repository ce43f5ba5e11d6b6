"""A service's lead provider, team and agreement, and the delegation matrix: who is accountable and who controls."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from changeflow.values.base import Frozen, Id


class AgreementKind(StrEnum):
    """The form of the agreement. Neither form is preferred."""

    SLA = "sla"
    GIVES_AND_GETS = "gives_and_gets"


class LeadProvider(Frozen):
    """The senior person who leads the service, and the time they can give."""

    person: Id
    days_per_week: float = Field(ge=0, le=5)


class Member(Frozen):
    """A member of the project team, and the time they can give."""

    person: Id
    days_per_week: float = Field(ge=0, le=5)
    skills: tuple[str, ...] = ()


class Team(Frozen):
    """The project team of the change, its manager, and the time and skills it needs."""

    manager: Id
    members: tuple[Member, ...] = ()
    needed_days_per_week: float = Field(1.0, ge=0, description="Our own default, for a trust of ten schools")
    needed_skills: tuple[str, ...] = ()


class Agreement(Frozen):
    """What the service provides and to what standard: a service level agreement, or gives and gets."""

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
    """What a role is accountable for and controls in an area, as is and to be; at all schools unless some are named."""

    area: str
    role: str
    as_is: tuple[Right, ...] = ()
    to_be: tuple[Right, ...] = ()
    schools: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """An area at one school where accountability and control do not match."""

    area: str
    school: str
    role: str
    """The role that is accountable without control; where no role is accountable, one that controls."""
    is_without_agency: bool
    """True: accountable but controls nothing. False: a role controls, but none is accountable."""


@dataclass(frozen=True, slots=True)
class DelegationChange:
    """What a role gains and loses in an area."""

    area: str
    role: str
    gains: tuple[Right, ...]
    loses: tuple[Right, ...]
    schools: tuple[Id, ...]
    """Empty means all."""


def gaps(matrix: Iterable[Holding], schools: Iterable[str]) -> Iterator[Gap]:
    """Yield each area where, in the to-be scheme, a role is accountable without control or no role is accountable."""
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
    """Yield what each role gains and loses, by area and role; leave out roles that do not change."""
    for holding in sorted(matrix, key=lambda h: (h.area, h.role, h.schools)):
        gains = tuple(r for r in holding.to_be if r not in holding.as_is)
        loses = tuple(r for r in holding.as_is if r not in holding.to_be)
        if gains or loses:
            yield DelegationChange(holding.area, holding.role, gains, loses, holding.schools)
