"""The programme's calendars: layers for nation, authority, trust, school and blackouts, each compiled once."""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import timedelta
from functools import lru_cache

from changeflow.calendar.extent import DayRange
from changeflow.calendar.layers import Layer, compile_calendar
from changeflow.calendar.working import WorkingCalendar, intersection
from changeflow.programme.assembly.day_layers import DayLayers, blackout_layer
from changeflow.programme.assembly.task_periods import EVERY_DAY, TaskPeriods
from changeflow.programme.blackouts import ScopedBlackout, blackouts_of, kept_out_of
from changeflow.programme.definition import Definition, School
from changeflow.programme.pay import PayTables
from changeflow.programme.school_terms import SchoolTerms
from changeflow.values.base import Same
from changeflow.values.moments import DAY
from changeflow.values.words import Kind

YEARS_AFTER = 5
"""How far past a programme's start its calendars are first computed; they are extended when later days are needed."""


class Calendars:
    """Gives each task the key of its calendar, and compiles each calendar once, when needed."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        start = definition.programme.start
        self.days = DayRange(start - timedelta(days=366), start + timedelta(days=366 * YEARS_AFTER))
        self.blackouts = blackouts_of(definition)
        self.compiled: dict[str, WorkingCalendar] = {}
        self._keys: dict[tuple[str, frozenset[str], Kind | None, str | None, bool], str] = {}
        self._school_keys: dict[tuple[str, Kind | None, str | None], str] = {}
        self._plain_keys: dict[str | None, str] = {}
        """The key of each school's days without blackouts, and of the trust's."""
        self._stopped: dict[tuple[Kind, str | None], bool] = {}
        self._schools = {s.id: s for s in definition.schools}
        self._layers, self._terms = DayLayers(definition), SchoolTerms(definition)
        self.pay = PayTables(definition, self.office)
        """The pay tables. A blackout stops work but never moves a payday."""
        self.periods = TaskPeriods(definition, self.days, self._terms, self.pay)

    @staticmethod
    def of(definition: Definition) -> "Calendars":
        """Return a definition's shared calendars, for queries that add none; a roadmap needs a `copy`."""
        return _calendars_of(Same(definition))

    def copy(self) -> "Calendars":
        """Return a copy to which calendars can be added."""
        other = copy(self)
        other.compiled, other.periods = dict(self.compiled), self.periods.copy()
        other._keys, other._school_keys = dict(self._keys), dict(self._school_keys)
        other._plain_keys = dict(self._plain_keys)
        return other

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
        open_ = compile_calendar(f"{key}, blackouts", [always, blackout_layer(around)], first=first, last=last)
        return self._remember(key, lambda: intersection(key, self.compiled[base], open_))

    @property
    def office(self) -> WorkingCalendar:
        """The office's calendar without blackouts, for tasks that decisions and corrective actions add."""
        return self.compiled[self._remember("office", lambda: self._office("office", (), every_day=False))]

    def get(self, key: str) -> WorkingCalendar:
        return self.compiled[key]

    def go_live_window_key(self, starts_on: str | None, schools: frozenset[str], worked: str) -> str | None:
        """Return the key of the start windows of a go-live, whose people work on the days of a calendar."""
        return self.periods.go_live_window_key(starts_on, schools, worked, self.compiled)

    def _around(
        self, schools: frozenset[str], kind: Kind | None, service: str | None, *, is_whole: bool = False
    ) -> Sequence[ScopedBlackout]:
        return () if kind is None else kept_out_of(self.blackouts, schools, kind, service, is_whole=is_whole)

    def _office(self, key: str, around: Sequence[ScopedBlackout], *, every_day: bool) -> WorkingCalendar:
        layers = self._layers.every_day if every_day else self._layers.office
        return compile_calendar(key, [*layers, blackout_layer(around)], first=self.days.first, last=self.days.last)

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
        whose, terms, (first, last) = self.periods.whose_terms(school), self._terms.of(school), self.days
        if school and self._layers.own_days(school):
            whose = f"{school.authority}, {school.id}"
        key = _around_key(f"term, {whose}", kind, around)
        layers = [*self._layers.of_school(school, terms.terms if terms else None), blackout_layer(around)]
        given = () if terms is None else (terms.given,)
        return self._remember(key, lambda: compile_calendar(key, layers, first=first, last=last, given=given))

    def _remember(self, key: str, make: Callable[[], WorkingCalendar]) -> str:
        if key not in self.compiled:
            self.compiled[key] = make()
        return key


def _around_key(base: str, kind: Kind | None, around: Sequence[ScopedBlackout]) -> str:
    """Return a unique key for the calendar; two blackouts with one name may have different days."""
    return f"{base}, {kind}, around {', '.join(dict.fromkeys(b.label for b in around))}" if around else base


@lru_cache(maxsize=4)
def _calendars_of(same: Same[Definition]) -> Calendars:
    return Calendars(same.value)
