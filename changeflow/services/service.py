"""Who leads a service and what was agreed about it."""

from enum import StrEnum

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
