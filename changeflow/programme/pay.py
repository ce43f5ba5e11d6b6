"""Paydays and the cut-offs of their inputs, from the pay tables of the calendar files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from dateutil.relativedelta import relativedelta

from changeflow.calendar.extent import GivenDates
from changeflow.calendar.periods import PayPeriod, pay_period
from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.calendar_files import CalendarFile, PayPeriodTable
from changeflow.programme.definition import Definition, School
from changeflow.programme.levels import of_nearest_level

PAY = "pay periods"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolsPay:
    """One month's pay, and its schools."""

    pay: PayPeriod
    schools: tuple[str, ...]
    assumed: bool
    """Whether no table has its month, so that the nearest table is continued."""


@dataclass(frozen=True)
class PayTables:
    """The pay tables of a programme, each for the trust, an authority or a school; the most specific one wins.

    Before its first and after its last month a table continues in the same way, which is an assumption.
    """

    definition: Definition
    office: WorkingCalendar

    @cached_property
    def tables(self) -> tuple[tuple[CalendarFile, PayPeriodTable], ...]:
        """The tables and their files, in the order of their months."""
        known = ((f, f.pay_periods) for f in self.definition.calendars if f.pay_periods is not None)
        return tuple(sorted(known, key=lambda each: (each[1].first_month, each[0].calendar)))

    @property
    def given(self) -> tuple[GivenDates, ...]:
        """The months for which some table gives paydays."""
        if not self.tables:
            return ()
        spans = [(days_of_table(table), file) for file, table in self.tables]
        last, file = max(((days[1], file) for days, file in spans), key=lambda each: each[0])
        return (GivenDates(PAY, file.calendar, "pay_periods", min(days[0] for days, _ in spans), last),)

    def pays(self, schools: frozenset[str], day: date) -> Sequence[PayPeriod]:
        """Return the pay periods of a day's month at some schools, by cut-off: one for each pay table that applies."""
        known = {s.id: s for s in self.definition.schools}
        chosen = {t for s in sorted(schools) if s in known and (t := self._table_of(known[s], day)) is not None}
        return sorted((self._pay(t, day) for t in chosen), key=lambda pay: (pay.cut_off, pay.payday))

    def listed(self, first: date, last: date) -> Iterator[SchoolsPay]:
        """Yield the pay periods of each month from one day to another; schools with the same table share one."""
        month = first.replace(day=1)
        while month <= last:
            of: dict[PayPeriodTable, list[str]] = {}
            for school in self.definition.schools:
                if (table := self._table_of(school, month)) is not None:
                    of.setdefault(table, []).append(school.id)
            found = [
                SchoolsPay(pay=self._pay(table, month), schools=tuple(schools), assumed=_away(table, month) > 0)
                for table, schools in of.items()
            ]
            yield from sorted(found, key=lambda each: (each.pay.cut_off, each.pay.payday, each.schools))
            month += relativedelta(months=1)

    def _pay(self, table: PayPeriodTable, day: date) -> PayPeriod:
        return pay_period(day, payday=table.payday, cut_off_days=table.cut_off_working_days, office=self.office)

    def _table_of(self, school: School, day: date) -> PayPeriodTable | None:
        """Return a school's table for a day, or the nearest one."""
        found = of_nearest_level(self.definition, school, lambda file: [file.pay_periods] if file.pay_periods else [])
        return min((table for _, table in found), key=lambda t: (_away(t, day), t.first_month), default=None)


def days_of_table(table: PayPeriodTable) -> tuple[date, date]:
    """Return the first and last day of a pay table's months."""
    first = date.fromisoformat(f"{table.first_month}-01")
    return first, first + relativedelta(months=table.months, days=-1)


def _away(table: PayPeriodTable, day: date) -> int:
    """Return how many days a day is outside a table; 0 if it is inside."""
    first, last = days_of_table(table)
    return max(0, (first - day).days, (day - last).days)
