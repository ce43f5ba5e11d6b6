"""Read the calendars of an MSPDI file: weeks, exceptions, work weeks, and calendars derived from others. They are laid
out when used."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial

from changeflow.calendar.extent import EARLIEST, LATEST, DayRange, Intervals
from changeflow.calendar.layers import Hours
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import InputError
from changeflow.intake.mspdi.exceptions import USUAL_HOURS, CalendarException, exceptions_of, hours_of, period_of
from changeflow.intake.mspdi.fields import code_of, uid_of
from changeflow.intake.mspdi.records import Record, children
from changeflow.intake.mspdi.remarks import Remarks
from changeflow.phrases import listed
from changeflow.values.moments import DAY, minute_of

STANDARD: dict[int, Hours] = dict.fromkeys(range(5), USUAL_HOURS)
"""Monday to Friday, 8 to 12 and 13 to 17: Project's default if a base calendar gives no hours."""
NONE = (None, "", "-1", "0")
"""The values that mean “no calendar”."""
MOST_BASES = 50
"""The most calendars derived from one another; Project itself has two levels."""
MOST_DAYS = 5_000_000
"""The most days to lay out for all calendars of a file: three hundred calendars over forty years."""
LONG_AGO = timedelta(days=3653)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MARGIN = timedelta(days=28)
"""Days to lay out before the first and after the last day that a calendar mentions; they are ordinary weeks."""


_LayOut = Callable[[date, date], tuple[list[Hours], dict[int, str]]]


@dataclass(slots=True)
class _Budget:
    """How many more days may be laid out: a few lines can request thousands of years of exceptions."""

    days: int = MOST_DAYS

    def spend(self, days: int) -> None:
        self.days -= days
        if self.days < 0:
            remedy = "Remove calendars that no task uses, or exceptions that recur."
            raise InputError(f"The calendars of the file lay out more than {MOST_DAYS:,} days in all. {remedy}")


@dataclass(slots=True)
class _Stated:
    """What one calendar says about dates and weekdays (Monday is 0), without its base."""

    name: str
    base: str | None
    week: dict[int, Hours] = field(default_factory=dict)
    work_weeks: list[tuple[date, date, dict[int, Hours]]] = field(default_factory=list)
    exceptions: list[CalendarException] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.week or self.work_weeks or self.exceptions)

    @property
    def has_nights(self) -> bool:
        """Whether some hours continue after midnight."""
        own = [self.week, *(week for _, _, week in self.work_weeks)]
        known = [*(hours for week in own for hours in week.values()), *(e.hours for e in self.exceptions)]
        return any(hours[-1][1] > DAY for hours in known if hours)

    @property
    def days(self) -> Iterator[tuple[date, date]]:
        """The spans of days about which it says something specific."""
        yield from ((first, last) for first, last, _ in self.work_weeks)
        yield from ((e.first, e.last) for e in self.exceptions)


class ProjectCalendars:
    """Every calendar of a file, laid out once it is used; an empty derived calendar equals its base."""

    def __init__(self, elements: Iterable[Record], remarks: Remarks, *, first: date, last: date) -> None:
        self.first = first
        self.last = last
        """The days between which a calendar is laid out, however many other days it mentions."""
        self.remarks = remarks
        self.budget = _Budget()
        self.stated: dict[str, _Stated] = {}
        self.laid_out: dict[str, WorkingCalendar] = {}
        for element in elements:
            with remarks.refusing(element, _named):
                if (other := self.stated.get(uid := uid_of(element))) is not None:
                    raise ValueError(f"it has the UID {uid} of '{other.name}' as well")
                self.stated[uid] = self._read(element)

    def key(self, uid: str | None) -> str | None:
        """Return the key of a calendar; None if the file has no calendar of that number. Raise an error for a loop of
        bases."""
        seen: list[str] = []
        while uid is not None and uid in self.stated:
            if uid in seen or len(seen) > MOST_BASES:
                names = " -> ".join(self.stated[u].name for u in (*seen, uid))
                raise InputError(f"Calendars are derived from each other: {names}. Break the loop in Project.")
            seen.append(uid)
            found = self.stated[uid]
            if found.base is None or found.base not in self.stated or not found.is_empty:
                return uid
            uid = found.base
        return None

    def of_project(self, uid: str | None) -> str:
        """Return the key of the project's calendar or, with a note, that of the standard calendar if the file has
        none."""
        if key := self.key(uid):
            return key
        named = next((u for u, s in self.stated.items() if s.name.strip().lower() == "standard"), None)
        taken = "the calendar 'Standard'" if named else "Monday to Friday, 08:00 to 12:00 and 13:00 to 17:00,"
        why = (
            "The file names no calendar for the project"
            if uid in NONE
            else f"The project's calendar {uid} is not in the file"
        )
        self.remarks.note("calendars", f"{why}: {taken} is used.")
        if key := self.key(named):
            return key
        self.stated.setdefault("standard", _Stated("Standard", None, dict(STANDARD)))
        return "standard"

    def use(self, key: str) -> WorkingCalendar:
        """Lay a calendar out, once."""
        if key not in self.laid_out:
            chain = self._chain(key)
            self._note_base(chain)
            known = [d for stated in chain for d in stated.days]
            begins, ends = (
                min((d for d, _ in known), default=self.first),
                max((d for _, d in known), default=self.first),
            )
            is_all = self.first - LONG_AGO <= begins and ends <= self.last
            low = min(begins, self.first) if is_all else self.first
            high = max(ends, self.first) if is_all else self.last
            name, lay_out = self.stated[key].name, partial(self._lay_out, chain)
            found = self._calendar(name, lay_out, low - MARGIN, high + MARGIN, repeats=is_all)
            if not found.intervals:
                remedy = "Give it working hours in Project: Change Working Time."
                raise InputError(f"The calendar '{found.name}' has no working time at all. {remedy}")
            self.laid_out[key] = found
        return self.laid_out[key]

    def _note_base(self, chain: list[_Stated]) -> None:
        """Report where a chain of base calendars is broken."""
        first, above = chain[0], chain[0].base
        if above is None:
            return
        base = self.stated.get(above)
        if base is None:
            text = f"Calendar '{first.name}' is derived from calendar {above}, which is not in the file. "
            text += "The days that it does not state are those of Monday to Friday, 08:00 to 12:00 and 13:00 to 17:00."
        elif base is first:
            text = f"Calendar '{first.name}' is derived from itself: only its own days are used."
        elif base in chain:
            names = [stated.name for stated in (first, *reversed(chain[1 : chain.index(base) + 1]), first)]
            text = (
                f"Calendars are derived from each other: {' -> '.join(names)}. '{first.name}' is taken without a base."
            )
        else:
            text = f"Calendar '{chain[-1].name}' has more than {MOST_BASES} bases; those beyond are not used."
        self.remarks.note("calendars", text)

    def both(self, own: str, other: str) -> str:
        """Return the key of the times in which both calendars work; that of the first alone if there are none."""
        key = f"{own} and {other}"
        if key not in self.laid_out:
            one, two = self.use(own), self.use(other)
            known = [d for c in (one, two) if (d := c.laid_out.days) is not None]
            low, high = min(d.first for d in known), max(d.last for d in known)
            lay_out = partial(self._lay_out_both, self._chain(own), self._chain(other))
            repeats = one.laid_out.week > 0 and two.laid_out.week > 0
            both = self._calendar(key, lay_out, low, high, repeats=repeats)
            self.laid_out[key] = both if both.intervals else one
        return key

    def _calendar(self, name: str, lay_out: _LayOut, low: date, high: date, *, repeats: bool) -> WorkingCalendar:
        days = DayRange(max(low, EARLIEST), min(high, LATEST))

        def make(first: date, last: date) -> tuple[Intervals, Mapping[date, str]]:
            self.budget.spend((last - first).days + 1)
            return _intervals(first, *lay_out(first, last))

        intervals, closures = make(*days)
        return WorkingCalendar(name, intervals, closures, days=days, make=make, repeats=repeats)

    def _chain(self, key: str) -> list[_Stated]:
        """Return a calendar and its bases, the most general one first."""
        chain = [self.stated[key]]
        while (base := chain[0].base) is not None and base in self.stated and len(chain) <= MOST_BASES:
            if self.stated[base] in chain:
                break
            chain.insert(0, self.stated[base])
        return chain

    def _lay_out(self, chain: list[_Stated], first: date, last: date) -> tuple[list[Hours], dict[int, str]]:
        """Return each day's hours, and why some are closed."""
        if not any(stated.has_nights for stated in chain):
            hours, why = self._as_stated(chain, first, last)
        else:
            # On the first day, hours before dawn belong to the night before.
            with_night, also = self._as_stated(chain, first - timedelta(days=1), last)
            _carry_nights(with_night, also)
            hours, why = with_night[1:], {n - 1: name for n, name in also.items() if n}
        return hours, {n: name for n, name in why.items() if not hours[n]}

    def _as_stated(self, chain: list[_Stated], first: date, last: date) -> tuple[list[Hours], dict[int, str]]:
        """Return each day's hours, and the days of exceptions. Exceptions override work weeks, which override weeks."""
        count = (last - first).days + 1
        first_of = chain[0]
        # If its base is missing, a calendar still gives only the differences; the rest is as in the standard week.
        week = STANDARD | first_of.week if first_of.base is not None or not first_of.week else first_of.week
        hours = [week.get((first.weekday() + n) % 7, ()) for n in range(7)] * (count // 7 + 1)
        del hours[count:]
        why: dict[int, str] = {}
        for place, stated in enumerate(chain):
            for weekday, own in stated.week.items() if place else ():
                from_ = (weekday - first.weekday()) % 7
                hours[from_::7] = [own] * len(range(from_, count, 7))
                for n in [n for n in why if n % 7 == from_]:
                    del why[n]
            # The first of the work weeks that have a day wins.
            for begins, ends, own_week in reversed(stated.work_weeks):
                for n in _numbers(begins, ends, first, last):
                    if (weekday := (first.weekday() + n) % 7) in own_week:
                        hours[n] = own_week[weekday]
                        why.pop(n, None)
            for exception in stated.exceptions:
                if exception.last < first or last < exception.first:
                    continue
                for span in exception.spans(first, last):
                    for n in _numbers(*span, first, last):
                        self.budget.spend(1)
                        hours[n], why[n] = exception.hours, exception.name
        return hours, why

    def _lay_out_both(
        self, one: list[_Stated], two: list[_Stated], first: date, last: date
    ) -> tuple[list[Hours], dict[int, str]]:
        (ours, why), (theirs, also) = self._lay_out(one, first, last), self._lay_out(two, first, last)
        return [_common(a, b) for a, b in zip(ours, theirs, strict=True)], also | why

    def _read(self, element: Record) -> _Stated:
        base = element.get("BaseCalendarUID")
        stated = _Stated(element.get("Name") or uid_of(element), None if base in NONE else base)

        def say(part: Record, text: str, days: str = "") -> None:
            self.remarks.note("calendars", f"Calendar '{stated.name}' (line {part.line}){days}: {text}.")

        stated.week |= _week_of(element, say)
        stated.exceptions += exceptions_of(element, self.last, say)
        for week in children(element, "WorkWeeks/WorkWeek"):
            span = period_of(week)
            if span and span[0] <= span[1]:
                stated.work_weeks.append((*span, _week_of(week, say)))
        return stated


def _named(element: Record) -> str:
    return f"Calendar '{element.get('Name') or uid_of(element)}'"


def _numbers(begins: date, ends: date, first: date, last: date) -> range:
    """Return the days of a span as numbers from a first day, up to the last."""
    return range((max(begins, first) - first).days, (min(ends, last) - first).days + 1)


@lru_cache(maxsize=10_000)
def _common(one: Hours, two: Hours) -> Hours:
    if one == two:
        return one
    pieces = [(max(a, c), min(b, d)) for a, b in one for c, d in two]
    return tuple(sorted((a, b) for a, b in pieces if a < b))


def _intervals(first: date, hours: list[Hours], why: Mapping[int, str]) -> tuple[Intervals, Mapping[date, str]]:
    low = minute_of(first)
    starts = range(low, low + len(hours) * DAY, DAY)
    intervals = [(at + a, at + b) for at, worked in zip(starts, hours, strict=True) for a, b in worked]
    if any(worked[-1][1] == DAY for worked in set(hours) if worked):
        intervals = list(_merged(intervals))
    return intervals, {first + timedelta(days=n): name for n, name in why.items()}


def _merged(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join hours that overlap, or that a night shift splits over two days."""
    known: tuple[int, int] | None = None
    for start, end in intervals:
        if known is not None and start <= known[1]:
            known = (known[0], max(end, known[1]))
            continue
        if known is not None:
            yield known
        known = (start, end)
    if known is not None:
        yield known


def _week_of(element: Record, say: Callable[..., None]) -> dict[int, Hours]:
    """Read the hours of each weekday; if several have the same oddity, report it once."""
    found: dict[int, Hours] = {}
    said: dict[str, tuple[Record, list[int]]] = {}
    for day in children(element, "WeekDays/WeekDay"):
        kind = code_of(day, "DayType")
        if not 0 <= kind < 8:
            say(day, f"a day of the week of the type {kind} is not known and not used")
        elif kind:
            weekday = (kind + 5) % 7
            if weekday in found:
                say(day, f"{_WEEKDAYS[weekday]} appears twice: the last one counts")

            def of_day(part: Record, text: str, weekday: int = weekday) -> None:
                said.setdefault(text, (part, []))[1].append(weekday)

            found[weekday] = hours_of(day, of_day)
    for text, (part, days) in said.items():
        say(part, text, f", {_days_in_words(days)}")
    return found


def _days_in_words(days: Iterable[int]) -> str:
    """Name weekdays; give three or more in a row as the first and the last.

    >>> _days_in_words([4, 0, 1, 2, 3]), _days_in_words([0, 2])
    ('Monday to Friday', 'Monday and Wednesday')
    """
    known = sorted(set(days))
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        return f"{_WEEKDAYS[known[0]]} to {_WEEKDAYS[known[-1]]}"
    return listed([_WEEKDAYS[day] for day in known])


def _carry_nights(hours: list[Hours], exceptional: Container[int]) -> None:
    """Move a night shift's hours after midnight to the next day, unless an exception sets that day's hours."""
    after = 0
    for n, worked in enumerate(hours):
        before, after = after, max(0, worked[-1][1] - DAY) if worked else 0
        pieces = [(start, min(end, DAY)) for start, end in worked]
        if before and n not in exceptional:
            pieces = [(0, before), *pieces]
        hours[n] = tuple(_merged(pieces))
