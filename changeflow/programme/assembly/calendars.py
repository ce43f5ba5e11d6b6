"""The programme's calendars: layers for nation, authority, trust, school and blackouts, each compiled once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from datetime import timedelta
from functools import cached_property, lru_cache

from changeflow.calendar.extent import DayRange
from changeflow.calendar.layers import DaySpan, Hours, Layer, compile_calendar
from changeflow.calendar.nations import nation_layer
from changeflow.calendar.periods import MeetingDates, Periods, calendar_months, open_periods
from changeflow.calendar.terms import JointTerms, Terms
from changeflow.calendar.working import WorkingCalendar, intersection
from changeflow.programme.assembly.go_live_windows import FirstWorkingDays
from changeflow.programme.blackouts import ScopedBlackout, blackouts_of, kept_out_of
from changeflow.programme.calendar_files import Closure
from changeflow.programme.definition import Definition, School
from changeflow.programme.meetings import meetings_held
from changeflow.programme.pay import PayTables
from changeflow.programme.school_terms import SchoolTerms
from changeflow.roadmap.model.pathways import MEETING
from changeflow.values.base import Same
from changeflow.values.duration import Unit
from changeflow.values.moments import DAY
from changeflow.values.words import Kind

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS_AFTER = 5
"""How far past a programme's start its calendars are first computed; they are extended when later days are needed."""
PAY_PERIOD, MONTH = "pay_period", "month"
EVERY_DAY = "every_day"


class Calendars:
    """Gives each task the keys of its calendar and periods, and compiles each calendar once, when needed."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        start = definition.programme.start
        self.days = DayRange(start - timedelta(days=366), start + timedelta(days=366 * YEARS_AFTER))
        self.compiled: dict[str, WorkingCalendar] = {}
        self.periods: dict[str, Periods] = {MONTH: open_periods("months", calendar_months, *self.days)}
        self._keys: dict[tuple[str, frozenset[str], Kind | None, str | None, bool], str] = {}
        self._school_keys: dict[tuple[str, Kind | None, str | None], str] = {}
        self._plain_keys: dict[str | None, str] = {}
        """The key of each school's days without blackouts, and of the trust's."""
        self._stopped: dict[tuple[Kind, str | None], bool] = {}
        self._terms_keys: dict[frozenset[str], str] = {}
        self._schools = {s.id: s for s in definition.schools}
        self._terms = SchoolTerms(definition)
        self.blackouts = blackouts_of(definition)
        if self.pay.tables:
            given = self.pay.given
            self.periods[PAY_PERIOD] = open_periods("pay periods", calendar_months, *self.days, given=given)

    @staticmethod
    def of(definition: Definition) -> "Calendars":
        """Return a definition's shared calendars, for queries that add none; a roadmap needs a `copy`."""
        return _calendars_of(Same(definition))

    def copy(self) -> "Calendars":
        """Return a copy to which calendars can be added."""
        other = copy(self)
        other.compiled, other.periods = dict(self.compiled), dict(self.periods)
        other._keys, other._school_keys = dict(self._keys), dict(self._school_keys)
        other._plain_keys = dict(self._plain_keys)
        other._terms_keys = dict(self._terms_keys)
        return other

    def missing(self, unit: Unit, starts_on: str | None, schools: frozenset[str]) -> str | None:
        """Return the periods that a task at some schools needs and the folder lacks."""
        if (unit is Unit.PAY_PERIODS or starts_on == PAY_PERIOD) and PAY_PERIOD not in self.periods:
            return "pay periods"
        if (unit is Unit.TERMS or starts_on == "term") and self.terms_key(schools) not in self.periods:
            return "terms"
        return None

    @cached_property
    def pay(self) -> PayTables:
        """The pay tables. A blackout stops work but never moves a payday."""
        return PayTables(self.definition, self.office)

    def key(
        self,
        base: str,
        schools: frozenset[str],
        kind: Kind | None = None,
        service: str | None = None,
        *,
        is_whole: bool = False,
    ) -> str:
        """Compile a calendar and return its key: a base calendar without the blackouts for a kind of task in a service.

        Without a kind, blackouts are ignored: the days are those on which people work and schools are open.
        `is_whole` is for work that serves all schools of a service, or the whole programme.
        """
        if kind is not None and not self._is_stopped(kind, service):
            kind = service = None
        asked = (base, schools, kind, service, is_whole)
        if asked not in self._keys:
            self._keys[asked] = self._key(*asked)
        return self._keys[asked]

    def _is_stopped(self, kind: Kind, service: str | None) -> bool:
        """Return whether a blackout at any school is about a kind of task in a service."""
        asked = (kind, service)
        if asked not in self._stopped:
            self._stopped[asked] = any(b.is_about(kind, service) for b in self.blackouts)
        return self._stopped[asked]

    def _key(self, base: str, schools: frozenset[str], kind: Kind | None, service: str | None, is_whole: bool) -> str:
        around = self._around(schools, kind, service, is_whole=is_whole)
        if base != "term" or not any(c.terms for c in self.definition.calendars):
            base = "office" if base == "term" else base
            key = _around_key(base, kind, around)
            return self._remember(key, lambda: self._office(key, around, every_day=base == EVERY_DAY))
        if not schools:
            return self._key_of(None, kind, around)
        if is_whole and len(schools) > 1:
            return self._less(self._of_schools(schools, None, None), kind, around)
        return self._of_schools(schools, kind, service)

    def _of_schools(self, schools: frozenset[str], kind: Kind | None, service: str | None) -> str:
        """Return the key of the days on which all the given schools are open, without any of their blackouts."""
        parts = sorted({self._school_key(s, kind, service) for s in schools if s in self._schools})
        if len(parts) == 1:
            return parts[0]
        key = " and ".join(parts)
        return self._remember(key, lambda: intersection(key, *(self.compiled[p] for p in parts)))

    def _less(self, base: str, kind: Kind | None, around: Sequence[ScopedBlackout]) -> str:
        """Return the key of a calendar without some blackouts."""
        if not around:
            return base
        key, (first, last) = _around_key(base, kind, around), self.days
        always = Layer("always", dict.fromkeys(range(7), ((0, DAY),)))
        black = Layer("blackouts", spans=tuple(b.span for b in around))
        open_ = compile_calendar(f"{key}, blackouts", [always, black], first=first, last=last)
        return self._remember(key, lambda: intersection(key, self.compiled[base], open_))

    @property
    def office(self) -> WorkingCalendar:
        """The office's calendar without blackouts, for tasks that decisions and corrective actions add."""
        return self.compiled[self._remember("office", lambda: self._office("office", (), every_day=False))]

    def get(self, key: str) -> WorkingCalendar:
        return self.compiled[key]

    def terms_key(self, schools: frozenset[str]) -> str:
        """Return the key of these schools' terms. Where terms differ, a term lasts until the last one ends."""
        if schools not in self._terms_keys:
            of = [self._schools[s] for s in schools if s in self._schools] if schools else [None]
            found = dict(sorted({self._whose(s): self._terms.of(s) for s in of}.items()))
            known = [terms for terms in found.values() if terms is not None]
            self._terms_keys[schools] = key = f"term, {' and '.join(found)}"
            if key not in self.periods and known:
                joint, given = JointTerms(tuple(k.terms for k in known)), tuple(dict.fromkeys(k.given for k in known))
                self.periods[key] = open_periods(key, joint, *self.days, given=given)
        return self._terms_keys[schools]

    def _whose(self, school: School | None) -> str:
        """Return the owner of a school's terms, for a key."""
        if school is None:
            return "trust"
        return f"{school.authority}, {school.id}" if self._terms.has_own(school) else school.authority

    def start_window_key(self, starts_on: str | None, schools: frozenset[str]) -> str | None:
        """Return the key of the start windows of a task at some schools; a meeting must be known."""
        if starts_on is None or not starts_on.startswith(MEETING):
            return self.terms_key(schools) if starts_on == "term" else starts_on
        [held] = meetings_held(self.definition, starts_on.removeprefix(MEETING), schools)
        key = starts_on if held.is_of_all else f"{starts_on}, {held.calendar}"
        if key not in self.periods:
            self.periods[key] = MeetingDates(held.meeting.name, held.meeting.dates, calendar=held.calendar)
        return key

    def go_live_window_key(self, starts_on: str | None, schools: frozenset[str], worked: str) -> str | None:
        """Return the key of the start windows of a go-live: each opens on the first working day of a calendar.

        A meeting opens on its own day and, where people work every day, a period on its first day.
        """
        window = self.start_window_key(starts_on, schools)
        if window is None or worked == EVERY_DAY or isinstance(periods := self.periods[window], MeetingDates):
            return window
        key = f"{window}, first day of {worked}"
        if key not in self.periods:
            self.periods[key] = FirstWorkingDays(periods, self.compiled[worked], self.days)
        return key

    @cached_property
    def _hours(self) -> dict[int, Hours]:
        week = self.definition.programme.working_week
        hours = tuple((h.start.hour * 60 + h.start.minute, h.end.hour * 60 + h.end.minute) for h in week.hours)
        return {WEEKDAYS.index(day): hours for day in week.days}

    @cached_property
    def _nation(self) -> Layer:
        return nation_layer(self.definition.programme.nation, self._hours)

    @cached_property
    def _trust(self) -> Layer:
        shared = (c for f in self.definition.calendars if not f.authority and not f.school for c in f.closed)
        return Layer("trust", spans=tuple(_spans((*self.definition.programme.closed, *shared))))

    def _around(
        self, schools: frozenset[str], kind: Kind | None, service: str | None, *, is_whole: bool = False
    ) -> Sequence[ScopedBlackout]:
        return () if kind is None else kept_out_of(self.blackouts, schools, kind, service, is_whole=is_whole)

    def _office(self, key: str, around: Sequence[ScopedBlackout], *, every_day: bool) -> WorkingCalendar:
        black = Layer("blackouts", spans=tuple(b.span for b in around))
        if every_day:
            hours = next(iter(self._hours.values()))
            layers = [Layer("every day", dict.fromkeys(range(7), hours)), black]
        else:
            layers = [self._nation, self._trust, black]
        return compile_calendar(key, layers, first=self.days.first, last=self.days.last)

    def _school_key(self, school_id: str, kind: Kind | None, service: str | None) -> str:
        asked = (school_id, kind, service)
        if (known := self._school_keys.get(asked)) is None:
            around = self._around(frozenset({school_id}), kind, service)
            known = self._school_keys[asked] = self._key_of(self._schools[school_id], kind, around)
        return known

    def _key_of(self, school: School | None, kind: Kind | None, around: Sequence[ScopedBlackout]) -> str:
        """Return the key of a school's days: its terms, with the days that each level closes or opens."""
        if around:
            return self._make_key_of(school, kind, around)
        name = school.id if school is not None else None
        if name not in self._plain_keys:
            self._plain_keys[name] = self._make_key_of(school, kind, ())
        return self._plain_keys[name]

    def _make_key_of(self, school: School | None, kind: Kind | None, around: Sequence[ScopedBlackout]) -> str:
        whose, terms, (first, last) = self._whose(school), self._terms.of(school), self.days
        own = tuple(c for f in self.definition.calendars if school and f.school == school.id for c in f.closed)
        if school and own:
            whose = f"{school.authority}, {school.id}"
        key = _around_key(f"term, {whose}", kind, around)
        authority = self._authority(school.authority if school else None, terms.terms if terms else None)
        last_said = [Layer("school", spans=tuple(_spans(own))), Layer("blackouts", spans=tuple(b.span for b in around))]
        layers = [self._nation, authority, self._trust, *last_said]
        given = () if terms is None else (terms.given,)
        return self._remember(key, lambda: compile_calendar(key, layers, first=first, last=last, given=given))

    def _authority(self, authority: str | None, terms: Terms | None) -> Layer:
        """Return an authority's layer, which closes every day outside a school's terms and names the holiday."""
        files = self.definition.calendars if authority else ()
        closed = (c for f in files if f.authority == authority and not f.school for c in f.closed)
        return Layer(authority or "terms", spans=tuple(_spans(closed)), rule=terms)

    def _remember(self, key: str, make: Callable[[], WorkingCalendar]) -> str:
        if key not in self.compiled:
            self.compiled[key] = make()
        return key


def _spans(closures: Iterable[Closure]) -> Iterator[DaySpan]:
    for closure in closures:
        yield DaySpan(closure.first_day, closure.last, None if closure.open else (), closure.name)


def _around_key(base: str, kind: Kind | None, around: Sequence[ScopedBlackout]) -> str:
    """Return a unique key for the calendar; two blackouts with one name may have different days."""
    return f"{base}, {kind}, around {', '.join(dict.fromkeys(b.label for b in around))}" if around else base


@lru_cache(maxsize=4)
def _calendars_of(same: Same[Definition]) -> Calendars:
    return Calendars(same.value)
