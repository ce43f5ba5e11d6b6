"""The periods of tasks: pay periods, months, terms, and the start windows that they and meetings open."""

from collections.abc import Mapping
from copy import copy

from changeflow.calendar.extent import DayRange
from changeflow.calendar.periods import MeetingDates, Periods, calendar_months, open_periods
from changeflow.calendar.terms import JointTerms
from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.assembly.go_live_windows import FirstWorkingDays
from changeflow.programme.definition import Definition, School
from changeflow.programme.meetings import meetings_held
from changeflow.programme.pay import PayTables
from changeflow.programme.school_terms import SchoolTerms
from changeflow.roadmap.model.pathways import MEETING
from changeflow.values.duration import Unit

PAY_PERIOD, MONTH = "pay_period", "month"
EVERY_DAY = "every_day"


class TaskPeriods:
    """Gives each task the keys of its periods, and makes the periods when they are first needed."""

    def __init__(self, definition: Definition, days: DayRange, terms: SchoolTerms, pay: PayTables) -> None:
        self.definition, self.days, self.terms = definition, days, terms
        self.made: dict[str, Periods] = {MONTH: open_periods("months", calendar_months, *days)}
        """The periods by their keys."""
        if pay.tables:
            self.made[PAY_PERIOD] = open_periods("pay periods", calendar_months, *days, given=pay.given)
        self._schools = {s.id: s for s in definition.schools}
        self._terms_keys: dict[frozenset[str], str] = {}

    def copy(self) -> "TaskPeriods":
        """Return a copy to which periods can be added."""
        other = copy(self)
        other.made, other._terms_keys = dict(self.made), dict(self._terms_keys)
        return other

    def missing(self, unit: Unit, starts_on: str | None, schools: frozenset[str]) -> str | None:
        """Return the periods that a task at some schools needs and the folder lacks."""
        if (unit is Unit.PAY_PERIODS or starts_on == PAY_PERIOD) and PAY_PERIOD not in self.made:
            return "pay periods"
        if (unit is Unit.TERMS or starts_on == "term") and self.terms_key(schools) not in self.made:
            return "terms"
        return None

    def terms_key(self, schools: frozenset[str]) -> str:
        """Return the key of these schools' terms. Where terms differ, a term lasts until the last one ends."""
        if schools not in self._terms_keys:
            of = [self._schools[s] for s in schools if s in self._schools] if schools else [None]
            found = dict(sorted({self.whose_terms(s): self.terms.of(s) for s in of}.items()))
            known = [terms for terms in found.values() if terms is not None]
            self._terms_keys[schools] = key = f"term, {' and '.join(found)}"
            if key not in self.made and known:
                joint, given = JointTerms(tuple(k.terms for k in known)), tuple(dict.fromkeys(k.given for k in known))
                self.made[key] = open_periods(key, joint, *self.days, given=given)
        return self._terms_keys[schools]

    def whose_terms(self, school: School | None) -> str:
        """Return the owner of a school's terms, for a key."""
        if school is None:
            return "trust"
        return f"{school.authority}, {school.id}" if self.terms.has_own(school) else school.authority

    def start_window_key(self, starts_on: str | None, schools: frozenset[str]) -> str | None:
        """Return the key of the start windows of a task at some schools; a meeting must be known."""
        if starts_on is None or not starts_on.startswith(MEETING):
            return self.terms_key(schools) if starts_on == "term" else starts_on
        [held] = meetings_held(self.definition, starts_on.removeprefix(MEETING), schools)
        key = starts_on if held.is_of_all else f"{starts_on}, {held.calendar}"
        if key not in self.made:
            self.made[key] = MeetingDates(held.meeting.name, held.meeting.dates, calendar=held.calendar)
        return key

    def go_live_window_key(
        self, starts_on: str | None, schools: frozenset[str], worked: str, calendars: Mapping[str, WorkingCalendar]
    ) -> str | None:
        """Return the key of the start windows of a go-live: each opens on the first working day of a calendar.

        A meeting opens on its own day and, where people work every day, a period on its first day.
        """
        window = self.start_window_key(starts_on, schools)
        if window is None or worked == EVERY_DAY or isinstance(periods := self.made[window], MeetingDates):
            return window
        key = f"{window}, first day of {worked}"
        if key not in self.made:
            self.made[key] = FirstWorkingDays(periods, calendars[worked], self.days)
        return key
