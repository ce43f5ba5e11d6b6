"""Who is accountable for what, and who controls it, before and after a service changes: the delegation matrix."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from changeflow.values.base import Frozen, Id

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
