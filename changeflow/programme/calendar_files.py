"""The shapes of calendar files: terms, closed days, pay periods, blackouts and meetings."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from changeflow.values.base import Frozen, Id
from changeflow.values.limits import parse_day


class Closure(Frozen):
    """Days that are closed, or open despite a more general calendar; the first and last days are inclusive."""

    name: str
    first_day: date
    last_day: date | None = None
    open: bool = False

    @property
    def last(self) -> date:
        return self.last_day or self.first_day


class Term(Frozen):
    """A term's first and last school day, and its half-term holiday."""

    name: str
    first_day: date
    last_day: date
    half_term: tuple[date, date] | None = None


def _a_month(text: str) -> str:
    """Accept a month (year-month) in a supported year."""
    parse_day(f"{text}-01")
    return text


class PayPeriodTable(Frozen):
    """Monthly pay: payday is this day or the working day before it, and inputs close some working days earlier."""

    first_month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"), AfterValidator(_a_month)] = Field(
        description="2026-09"
    )
    months: int = Field(gt=0, le=120)
    payday: int = Field(ge=1, le=31, description="Day of the month")
    cut_off_working_days: int = Field(10, ge=0)


class Blackout(Frozen):
    """Days that some kinds of activity must avoid.

    All limits apply together: the authority or school of its file, and `phases`, `schools` and `services`.
    """

    name: str
    first_day: date
    last_day: date
    activities: tuple[str, ...] = Field(min_length=1, description="Kinds of task: training, system_live, go_live")
    phases: tuple[str, ...] = Field((), description="Only at schools of these phases")
    schools: tuple[Id, ...] = Field((), description="Only at these schools")
    services: tuple[Id, ...] = Field((), description="Only in these services")


class Meeting(Frozen):
    """A board or committee and its meeting days; steps with `starts_on: meeting/ID` wait for them."""

    id: Id
    name: str = Field(min_length=1, description="Its name, such as Board of Trustees")
    dates: tuple[date, ...] = Field(min_length=1, description="Every meeting date fixed so far")


class CalendarFile(Frozen):
    """One calendar file, for the whole trust, a local authority or a school."""

    calendar: Id
    authority: Id | None = None
    school: Id | None = None
    terms: tuple[Term, ...] = ()
    closed: tuple[Closure, ...] = ()
    pay_periods: PayPeriodTable | None = None
    blackouts: tuple[Blackout, ...] = ()
    meetings: tuple[Meeting, ...] = ()
