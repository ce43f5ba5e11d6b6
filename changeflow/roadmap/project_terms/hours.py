"""Calendars that Project can express, on which a task starts, ends and is measured as it is here."""

from collections.abc import Iterable, Mapping
from datetime import date

from changeflow.calendar.extent import DayRange
from changeflow.calendar.working import WorkingCalendar
from changeflow.values.moments import DAY, day_of, minute_of

Pieces = list[tuple[int, int]]


def every_hour(name: str, low: int, high: int) -> WorkingCalendar:
    """Return a calendar that works day and night, laid out between two midnights."""
    days = DayRange(day_of(low), day_of(high - 1))
    return WorkingCalendar(name, _every_hour(*days)[0], days=days, make=_every_hour)


def made_of(
    name: str, pieces: Pieces, low: int, high: int, before: WorkingCalendar, after: WorkingCalendar
) -> WorkingCalendar:
    """Return a calendar of pieces between two midnights; outside them it works like `before` and `after`."""

    def make(first: date, last: date) -> tuple[Pieces, Mapping[date, str]]:
        start, end = minute_of(first), minute_of(last) + DAY
        return _clipped(before if end <= low else after, start, end), {}

    return WorkingCalendar(name, pieces, days=DayRange(day_of(low), day_of(high - 1)), make=make)


def _every_hour(first: date, last: date) -> tuple[Pieces, Mapping[date, str]]:
    return [(at, at + DAY) for at in range(minute_of(first), minute_of(last) + DAY, DAY)], {}


def opens_at(calendar: WorkingCalendar, at: int) -> bool:
    return calendar.between(at, at + 1) == 1


def closes_at(calendar: WorkingCalendar, at: int) -> bool:
    return calendar.between(at - 1, at) == 1


def before_and_after(before: WorkingCalendar, after: WorkingCalendar, turn: int, low: int, high: int) -> Pieces:
    """Return the pieces of two calendars: of the first until an instant, and of the second from then on."""
    return [*_clipped(before, low, turn), *_clipped(after, turn, high)]


def with_starts(pieces: Pieces, positions: Iterable[int]) -> Pieces:
    """Let work begin at each position, for one minute; to make up for it, the next piece begins a minute later."""
    for at in positions:
        n = next((n for n, (_, end) in enumerate(pieces) if end > at), len(pieces))
        if n < len(pieces) and pieces[n][0] <= at:
            continue
        rest = [(pieces[n][0] + 1, pieces[n][1])] if n < len(pieces) else []
        pieces = [*pieces[:n], (at, at + 1), *(p for p in rest if p[0] < p[1]), *pieces[n + 1 :]]
    return pieces


def with_ends(pieces: Pieces, positions: Iterable[int]) -> Pieces:
    """Let work end at each position, after one minute; to make up for it, the piece before ends a minute earlier."""
    for at in positions:
        n = next((n for n, (_, end) in enumerate(pieces) if end >= at), len(pieces))
        if n < len(pieces) and pieces[n][0] < at:
            continue
        rest = [(pieces[n - 1][0], pieces[n - 1][1] - 1)] if n else []
        pieces = [*pieces[: max(0, n - 1)], *(p for p in rest if p[0] < p[1]), (at - 1, at), *pieces[n:]]
    return pieces


def _clipped(calendar: WorkingCalendar, low: int, high: int) -> Pieces:
    if low >= high:
        return []
    found = list(calendar.intervals_within(low, high))
    if found:
        found[0] = (max(found[0][0], low), found[0][1])
        found[-1] = (found[-1][0], min(found[-1][1], high))
    return [piece for piece in found if piece[0] < piece[1]]
