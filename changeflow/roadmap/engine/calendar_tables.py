"""Calendars and periods as tables of numbers, so that the kernel looks working time up and never searches for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from changeflow.calendar.periods import Periods
from changeflow.calendar.working import LaidOut, WorkingCalendar
from changeflow.roadmap.engine.outline import Ints, Shorts
from changeflow.values.moments import DAY, WEEK

MINUTES = DAY + 1
"""The rows of a day's pattern: one for each minute from its first midnight to its last."""
BUCKET = 5
"""A bucket, in which work is looked up, has 2 to the power of this number of working minutes: fewer than most
intervals."""
# Columns of `CalendarTables.head`.
BASE, DAYS, FIRST_DAY, BUCKETS, GROWS = range(5)
WEEKLY, LOW, HIGH, LEAST, MOST = range(5, 10)
"""The work of one week, if weeks repeat; then the bounds of minutes since the base, and of amounts of work. What is
outside the bounds is looked up some weeks nearer. If no week repeats, no minute is outside, and work outside the bounds
is beyond an end of the calendar."""
# Columns of `CalendarTables.day`.
BEFORE, PATTERN, OPENS, CLOSED = range(4)
# Columns of `CalendarTables.pattern`: -1 if the day has no such minute.
WORKED, NEXT, LAST_BEFORE = range(3)
NONE = -1
PLACES = 8
"""The size of `trouble`: four numbers say what ran out, and four more record the first thing that ran out in a pass
that continued without it."""
NO_END = int(np.iinfo(np.int64).max)


class CalendarTables(NamedTuple):
    """All calendars; positions are civil minutes."""

    head: Ints
    """One row for each calendar: its first midnight, its days, where its rows in the other tables begin, whether more
    days can be laid out, and how its weeks repeat."""
    day: Shorts
    """One row for each day: work before it, the first row of its pattern, the first instant of work from its midnight
    on, and the last instant of work up to its midnight; -1 where there is none."""
    pattern: Shorts
    """One row for each minute of each kind of day: work before it, the next minute of work, the last minute of work."""
    interval: Shorts
    """One row for each interval: its start, and the calendar's work before it; each calendar ends with a row for its
    total."""
    bucket: Shorts
    """For each bucket, the interval at which to begin looking for an amount of work."""
    trouble: Ints
    """Where the kernel notes a lookup beyond the days laid out."""


class PeriodTables(NamedTuple):
    """All tables of periods, one after another: table k has the rows `first[k]` to `first[k + 1]`."""

    opens: Ints
    closes: Ints
    first: Ints
    low: Ints
    """The first minute laid out in each table; there may be others before it."""
    high: Ints


@dataclass(frozen=True, slots=True)
class _Table:
    """One calendar's rows, before they are joined to those of other calendars: patterns and intervals count from 0."""

    base: int
    total: int
    week: int
    day: Ints
    patterns: tuple[bytes, ...]
    interval: Ints
    bucket: Ints


_KNOWN: "WeakKeyDictionary[LaidOut, _Table]" = WeakKeyDictionary()
"""The part of a calendar that is laid out never changes, and replanning uses the same part again."""


def calendar_tables(calendars: Sequence[WorkingCalendar]) -> CalendarTables:
    """Compile calendars, as far as they are laid out. Days that have the same hours share a pattern."""
    return _joined(tuple(c.laid_out for c in calendars))._replace(trouble=np.zeros(PLACES, np.int64))


@lru_cache(maxsize=2)
def _joined(calendars: tuple[LaidOut, ...]) -> CalendarTables:
    """Join the tables of calendars. A schedule and its variants have the same ones; no one may write into them."""
    heads, days, intervals, buckets = [], [], [], []
    patterns: dict[bytes, int] = {}
    day_offset = interval_offset = bucket_offset = 0
    for laid_out in calendars:
        table = _KNOWN.get(laid_out)
        if table is None:
            table = _KNOWN[laid_out] = _table(laid_out)
        rows = np.array([patterns.setdefault(key, len(patterns)) * MINUTES for key in table.patterns], np.int64)
        day = table.day.copy()
        day[:, PATTERN] = rows[day[:, PATTERN]]
        grows = laid_out.days is not None and not table.week
        heads.append((table.base, len(day), day_offset, bucket_offset, grows, table.week, *_bounds(table)))
        days.append(day)
        intervals.append(table.interval)
        buckets.append(table.bucket + interval_offset)
        day_offset, bucket_offset = day_offset + len(day), bucket_offset + len(table.bucket)
        interval_offset += len(table.interval)
    bucket = np.concatenate(buckets).astype(np.int32) if buckets else np.zeros(0, np.int32)
    head, pattern = np.array(heads, np.int64).reshape(-1, 10), _stacked([_pattern(key) for key in patterns], 3)
    return CalendarTables(head, _stacked(days, 4), pattern, _stacked(intervals, 2), bucket, np.zeros(PLACES, np.int64))


def _bounds(table: _Table) -> tuple[int, int, int, int]:
    """Return the bounds within which minutes and amounts of work are looked up."""
    if not table.week:
        return -NO_END, NO_END, 0, table.total
    return WEEK, len(table.day) * DAY - WEEK, table.week, table.total - table.week


def _table(calendar: LaidOut) -> _Table:
    table = np.array([calendar.starts, calendar.ends], dtype=np.int64).T
    sizes = table[:, 1] - table[:, 0]
    before = np.cumsum(sizes) - sizes
    if calendar.days is not None:
        base = calendar.days.low
        count = (calendar.days.high - base) // DAY
    else:
        base = int(table[0, 0]) // DAY * DAY - DAY if len(table) else 0
        count = (int(table[-1, 1]) - base) // DAY + 2 if len(table) else 1
    day, patterns = _days(table, before, base, count)
    marks = np.arange((calendar.total >> BUCKET) + 1) << BUCKET
    bucket = np.maximum(np.searchsorted(before, marks, side="right") - 1, 0)
    interval = np.stack([np.append(table[:, 0], NONE), np.append(before, calendar.total)], axis=1)
    return _Table(base, calendar.total, calendar.week, day, patterns, interval, bucket)


def period_tables(tables: Sequence[Periods]) -> PeriodTables:
    known = [p.laid_out for p in tables]
    sizes = np.cumsum([0, *(len(p.periods) for p in known)])
    opens = np.array([o for p in known for o in p.starts], np.int64)
    closes = np.array([c for p in known for c in p.closings], np.int64)
    low = np.array([-NO_END if p.days is None else p.days.low for p in known], np.int64)
    high = np.array([NO_END if p.days is None else p.days.high for p in known], np.int64)
    return PeriodTables(opens, closes, sizes.astype(np.int64), low, high)


def is_laid_out(tables: CalendarTables, number: int, calendar: WorkingCalendar) -> bool:
    """Return whether a calendar's table has all the days that have been laid out by now."""
    days = calendar.laid_out.days
    if days is None:
        return True
    low, count = tables.head[number, BASE], tables.head[number, DAYS]
    return bool(low == days.low and low + count * DAY == days.high)


def are_laid_out(tables: PeriodTables, number: int, periods: Periods) -> bool:
    """Return whether a table of periods has all the days that have been laid out by now."""
    days = periods.laid_out.days
    return days is None or bool(tables.low[number] == days.low and tables.high[number] == days.high)


def _stacked(tables: Sequence[Ints], columns: int) -> Shorts:
    if not tables:
        return np.zeros((0, columns), np.int32)
    return np.ascontiguousarray(np.concatenate(tables), dtype=np.int32)


def _days(table: Ints, before: Ints, base: int, count: int) -> tuple[Ints, tuple[bytes, ...]]:
    """Return the rows of a calendar's days, and the patterns to which they refer."""
    midnights = base + DAY * np.arange(count, dtype=np.int64)
    day = np.zeros((count, 4), np.int64)
    starts, ends = table[:, 0], table[:, 1]
    last = np.searchsorted(starts, midnights, side="right") - 1
    inside = np.maximum(last, 0)
    if len(table):
        worked = before[inside] + np.minimum(midnights, ends[inside]) - starts[inside]
        day[:, BEFORE] = np.where(last < 0, 0, worked)
        upcoming = np.searchsorted(ends, midnights, side="right")
        opens = np.maximum(midnights, starts[np.minimum(upcoming, len(table) - 1)])
        day[:, OPENS] = np.where(upcoming == len(table), NONE, opens)
        passed = np.searchsorted(starts, midnights, side="left") - 1
        day[:, CLOSED] = np.where(passed < 0, NONE, np.minimum(midnights, ends[np.maximum(passed, 0)]))
    else:
        day[:, OPENS] = day[:, CLOSED] = NONE
    pieces = _pieces(table, base, count)
    _, first, which = np.unique(_codes(pieces), return_index=True, return_inverse=True)
    day[:, PATTERN] = which
    return day, tuple(bytes(code[code != NONE].astype(np.int64).data) for code in pieces[first])


def _codes(pieces: Ints) -> Ints:
    """Return a number for each row; equal rows have equal numbers."""
    codes = pieces[:, 0]
    for column in range(1, pieces.shape[1]):
        # Numbers stay small, however many columns there are, because rows are numbered again before each column.
        _, known = np.unique(codes, return_inverse=True)
        codes = known * (DAY + 2) + pieces[:, column]
    return codes


def _pieces(table: Ints, base: int, count: int) -> Ints:
    """Cut intervals at midnights: one row for each day, with the start and end of each piece in minutes of the day."""
    starts, ends = table[:, 0] - base, table[:, 1] - base
    first, last = starts // DAY, (ends - 1) // DAY
    repeats = last - first + 1
    which = np.repeat(np.arange(len(table)), repeats)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    days = first[which] + offset
    piece_start = np.maximum(starts[which], days * DAY) - days * DAY
    piece_end = np.minimum(ends[which], (days + 1) * DAY) - days * DAY
    sizes = np.bincount(days, minlength=count) if len(days) else np.zeros(count, np.int64)
    place = np.arange(len(days)) - (np.cumsum(sizes) - sizes)[days] if len(days) else days
    pieces = np.full((count, max(1, int(sizes.max(initial=0))), 2), NONE, np.int64)
    pieces[days, place, 0], pieces[days, place, 1] = piece_start, piece_end
    return pieces.reshape(count, -1)


@cache
def _pattern(key: bytes) -> Ints:
    """Return the rows of one kind of day."""
    pieces = np.frombuffer(key, np.int64).reshape(-1, 2)
    pattern = np.full((MINUTES, 3), NONE, np.int64)
    minute = np.arange(MINUTES)
    pattern[:, WORKED] = sum(np.clip(minute, a, b) - a for a, b in pieces)
    for start, end in reversed(pieces):
        pattern[:end, NEXT] = np.maximum(minute[:end], start)
    for start, end in pieces:
        pattern[start + 1 :, LAST_BEFORE] = np.minimum(minute[start + 1 :], end)
    return pattern
