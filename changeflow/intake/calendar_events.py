"""Read the events of an iCalendar file, such as the term dates that an authority publishes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from changeflow.errors import InputError
from changeflow.phrases import printable
from changeflow.values.limits import is_supported, out_of_range
from changeflow.values.moments import LONDON
from changeflow.values.problem import Problem

MOST_BYTES = 5_000_000
"""The largest calendar: 5 MB, our own choice. Term dates of ten years take about 50 kB."""
MOST_EVENTS = 3_000
MOST_REPEATS = 50
"""The most days of one event that repeats."""
LONGEST_REPEATING = timedelta(days=3_660)
"""How long ago an event that repeats may have begun."""
LONGEST_SUMMARY = 120
MOST_STEPS = 15_000
"""The most work that all the rules of a calendar may take: about a second. A step is a year of a yearly rule."""
MOST_VALUES = 31
"""The most values in one part of a rule: the days of a month."""
FILE = "calendar"
ONE_DAY = timedelta(days=1)
_USED = frozenset(
    {b"UID", b"DTSTART", b"DTEND", b"DURATION", b"SUMMARY", b"RRULE", b"RDATE", b"EXDATE", b"RECURRENCE-ID", b"STATUS"}
)
_STEPS = {"YEARLY": 1, "MONTHLY": 2, "WEEKLY": 4, "DAILY": 16}
"""How much work a year of a rule takes, as measured."""
_NOT_READ = {"BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER"}
_LATER = 7_600
"""Weekdays and leap years return every 400 years, so a rule finds the same days as many years later."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NAME = re.compile(rb"[A-Za-z0-9-]+")
_REMEDY = "Enter its days yourself."


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """An event of a calendar; both days are inclusive."""

    line: int
    """The line of the file on which it begins."""
    title: str
    first_day: date
    last_day: date
    is_all_day: bool = True

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """The events of a calendar, by their first day, and the mistakes in it."""

    events: tuple[CalendarEvent, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Block:
    """The lines of one event."""

    line: int
    lines: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Budget:
    """The steps that the rules of a calendar have left. Steps are counted, so a file always reads the same."""

    steps: int = MOST_STEPS


class _BrokenEventError(Exception):
    """An event cannot be read. The arguments say what is wrong, and the remedy."""


def is_calendar(content: bytes) -> bool:
    """Return whether some text is an iCalendar file."""
    return _as_utf8(content[:1000]).lstrip().upper().startswith(b"BEGIN:VCALENDAR")


def read_calendar(content: bytes, *, since: date, until: date) -> ReadCalendar:
    """Read the events that touch the days from `since` to `until`; raise an `InputError` if it is no calendar.

    A moment counts as the day in London. Its time zone is the one that its name means; a name that is not known means
    the time as written. Cancelled events are left out.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"The calendar is larger than {MOST_BYTES // 1_000_000} MB. Choose one with term dates only.")
    if not is_calendar(content):
        raise InputError("This is not a calendar. Choose a file that ends in .ics.")
    blocks, problems = list[_Block](), list[Problem]()
    for block in islice(_blocks(_as_utf8(content), problems), MOST_EVENTS + 1):
        blocks.append(block)
    if len(blocks) > MOST_EVENTS:
        raise InputError(f"The calendar has more than {MOST_EVENTS:,} events. Choose one with term dates only.")
    found = dict[tuple[str, date, date], CalendarEvent]()
    for event in _events(blocks, problems, since, until):
        if event.last_day >= since and event.first_day <= until:
            found.setdefault((event.title.casefold(), event.first_day, event.last_day), event)
    events = sorted(found.values(), key=lambda e: (e.first_day, e.line))
    return ReadCalendar(tuple(events), tuple(sorted(problems, key=lambda p: p.line)))


def _as_utf8(content: bytes) -> bytes:
    """Return a text as UTF-8, without a byte order mark and null characters."""
    if content.startswith(_UTF16):
        content = content.decode("utf-16", errors="replace").encode()
    return content.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")


def _blocks(content: bytes, problems: list[Problem]) -> Iterator[_Block]:
    """Yield the events of a calendar, with the lines that are used; lines that were folded are joined."""
    block: _Block | None = None
    inner = 0
    for number, line in _unfolded(content):
        mark = line.strip().upper()
        if mark == b"BEGIN:VEVENT":
            if block is not None:
                problems.append(_no_end(block))
            block, inner = _Block(number), 0
        elif block is None:
            continue
        elif mark == b"END:VEVENT":
            yield block
            block = None
        elif mark.startswith(b"BEGIN:"):
            inner += 1
        elif mark.startswith(b"END:"):
            inner -= 1
        elif inner == 0 and (name := _NAME.match(line)) and name[0].upper() in _USED:
            block.lines.append(line)
    if block is not None:
        problems.append(_no_end(block))


def _no_end(block: _Block) -> Problem:
    return Problem(file=FILE, line=block.line, what="The event that begins here has no end.", remedy=_REMEDY)


def _unfolded(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers: a line that begins with a space or tab continues the one before it.

    Bytes are joined before they are decoded, because a line may be folded within a character.
    """
    first, parts = 0, list[bytes]()
    for number, line in enumerate(content.splitlines(), 1):
        if line[:1] in (b" ", b"\t") and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield first, b"".join(parts)
        first, parts = number, [line]
    if parts:
        yield first, b"".join(parts)


def _events(blocks: Sequence[_Block], problems: list[Problem], since: date, until: date) -> Iterator[CalendarEvent]:
    """Yield each event, once for each time that it repeats; changed occurrences replace those of the repetition."""
    parsed, changed = list[tuple[_Block, Mapping[str, Any]]](), dict[str, set[date]]()
    for block in blocks:
        try:
            values = _parsed(block)
            if "RECURRENCE-ID" in values:
                changed.setdefault(str(values.get("UID", "")), set()).add(_day(values["RECURRENCE-ID"].dt))
            parsed.append((block, values))
        except _BrokenEventError as error:
            problems.append(_problem(block, error))
    budget = _Budget()
    for block, values in parsed:
        if str(values.get("STATUS", "")).upper() == "CANCELLED":
            continue
        try:
            event = _event(block.line, values)
            instead = changed.get(str(values.get("UID", "")), set()) if "RECURRENCE-ID" not in values else set()
            yield from _repeated(event, values, instead, since, until, budget)
        except _BrokenEventError as error:
            problems.append(_problem(block, error))


def _problem(block: _Block, error: _BrokenEventError) -> Problem:
    what, remedy = error.args
    return Problem(file=FILE, line=block.line, what=what, remedy=remedy)


def _parsed(block: _Block) -> Mapping[str, Any]:
    """Return the values of an event; the library reads them."""
    from icalendar import Event

    text = b"\r\n".join((b"BEGIN:VEVENT", *block.lines, b"END:VEVENT", b""))
    try:
        event = Event.from_ical(_in_utf8(text))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise _BrokenEventError("This event cannot be read.", _REMEDY) from error
    title = _title(event)
    for name, _ in event.errors:
        if name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"):
            raise _BrokenEventError(f"The days of “{title}” cannot be read.", _REMEDY)
        if name in ("RRULE", "RDATE", "EXDATE"):
            raise _BrokenEventError(f"How “{title}” repeats cannot be read.", _REMEDY)
    found: dict[str, Any] = {str(name).upper(): value for name, value in event.items()}
    if not hasattr(found.get("DTSTART"), "dt"):
        raise _BrokenEventError(f"“{title}” has no single first day.", _REMEDY)
    if isinstance(found.get("RECURRENCE-ID"), list):
        raise _BrokenEventError(f"The days of “{title}” cannot be read.", _REMEDY)
    return {**found, "SUMMARY": title}


def _in_utf8(text: bytes) -> bytes:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace").encode()
    return text


def _title(event: Any) -> str:  # noqa: ANN401  (icalendar has no types)
    said = event.get("SUMMARY", "")
    text = " ".join(printable(str(said[0] if isinstance(said, list) else said)).split())
    return text[:LONGEST_SUMMARY] or "Event without a name"


def _event(line: int, values: Mapping[str, Any]) -> CalendarEvent:
    """Return an event with its first and last day. The end of an event is the first day or moment after it."""
    title, start = values["SUMMARY"], values["DTSTART"].dt
    end = values["DTEND"].dt if hasattr(values.get("DTEND"), "dt") else None
    if end is None and hasattr(values.get("DURATION"), "dt"):
        try:
            end = start + values["DURATION"].dt
        except (OverflowError, TypeError, ValueError):
            raise _BrokenEventError(f"The length of “{title}” cannot be read.", _REMEDY) from None
    first = _day(start)
    last = first if end is None else _last(end, title)
    for day in (first, last):
        if not is_supported(day):
            what, _, remedy = out_of_range(day).partition(". ")
            raise _BrokenEventError(f"{what}.", f"{remedy}.")
    # Some programs write the last day itself as the end of an event of one day.
    return CalendarEvent(
        line=line,
        title=title,
        first_day=first,
        last_day=max(first, last),
        is_all_day=not isinstance(start, datetime) or _is_midnight(start),
    )


def _day(moment: date) -> date:
    """Return a day, or the day of a moment in London."""
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        return moment.date()
    try:
        return moment.astimezone(LONDON).date()
    except (OverflowError, ValueError):
        return moment.date()


def _last(end: date, title: str) -> date:
    try:
        return _day(end) - ONE_DAY if not isinstance(end, datetime) or _is_midnight(end) else _day(end)
    except OverflowError:
        raise _BrokenEventError(f"The days of “{title}” cannot be read.", _REMEDY) from None


def _is_midnight(moment: datetime) -> bool:
    try:
        local = moment.astimezone(LONDON) if moment.tzinfo is not None else moment
    except (OverflowError, ValueError):
        return False
    return local.time() == time()


def _repeated(
    event: CalendarEvent, values: Mapping[str, Any], instead: set[date], since: date, until: date, budget: _Budget
) -> Iterator[CalendarEvent]:
    length = event.last_day - event.first_day
    without = {_day(one.dt) for one in _listed(values.get("EXDATE"))} | instead
    days = [event.first_day]
    if "RRULE" in values:
        if not event.is_all_day:
            return  # an assembly or a club, of which a school's calendar may have hundreds
        days = _by_rule(event, values["RRULE"], since - length, until, budget)
    days += [_day(one.dt) for one in _listed(values.get("RDATE")) if isinstance(one.dt, date)]
    for day in dict.fromkeys(sorted(days)):
        if day not in without and is_supported(day):
            yield replace(event, first_day=day, last_day=day + length)


def _listed(value: Any) -> Iterator[Any]:  # noqa: ANN401  (icalendar has no types)
    """Yield the days of one or several lists."""
    for one in value if isinstance(value, list) else () if value is None else (value,):
        yield from islice(getattr(one, "dts", ()), MOST_REPEATS)


def _by_rule(event: CalendarEvent, rule: Any, since: date, until: date, budget: _Budget) -> list[date]:  # noqa: ANN401
    """Return the first days of an event that repeats. Rules for parts of a day are refused, because they take long."""
    unreadable = _BrokenEventError(f"How “{event.title}” repeats cannot be read.", _REMEDY)
    if isinstance(rule, list) or not {*rule.get("FREQ", ())} <= {*_STEPS} or _NOT_READ & {*rule}:
        raise unreadable
    if event.first_day < since - LONGEST_REPEATING:
        raise _BrokenEventError(f"“{event.title}” has been repeating since {event.first_day.year}.", _REMEDY)
    if budget.steps <= 0:
        raise _BrokenEventError(f"“{event.title}” was not read: the calendar has too many repeating events.", _REMEDY)
    try:
        if min(rule.get("INTERVAL", [1])) < 1 or any(len(values) > MOST_VALUES for values in rule.values()):
            raise unreadable
        last = min([until, *(_day(end) for end in rule.get("UNTIL", ()))])
        most = int(rule["COUNT"][0]) if "COUNT" in rule else None
        made = islice(_days_of_rule(event.first_day, rule, last, budget), most)
        return list(islice((day for day in made if day >= since), MOST_REPEATS))
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
        raise unreadable from None


def _days_of_rule(first_day: date, rule: Any, last: date, budget: _Budget) -> Iterator[date]:  # noqa: ANN401
    """Yield the days of a rule up to a last one, and take the steps from the budget.

    The library looks for a day until the year 9999, also for one that no year has. The rule therefore begins late.
    """
    from dateutil.rrule import rrulestr

    text = type(rule)({name: value for name, value in rule.items() if name not in ("UNTIL", "COUNT")}).to_ical()
    a_year, year = _STEPS[rule["FREQ"][0]], first_day.year
    budget.steps -= a_year
    late = first_day.replace(year=first_day.year + _LATER)
    for found in rrulestr(text.decode(), dtstart=datetime.combine(late, time())):
        day = found.date().replace(year=found.year - _LATER)
        budget.steps -= a_year * (day.year - year)
        year = day.year
        if day > last:
            return
        yield day
    budget.steps -= a_year * (MAXYEAR - _LATER - year)
