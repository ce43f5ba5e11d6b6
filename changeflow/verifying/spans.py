"""How time passes for one task: in working time, by the clock or in whole periods, and where it may start.

Moments are civil minutes, spans are half-open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

DAY, EPOCH = 24 * 60, datetime(1970, 1, 1)  # noqa: DTZ001  (the civil clock)
FARTHEST = 2**24
Json = Any


class BeyondError(ValueError):
    """A calendar or its periods are needed beyond what the file has of them."""


class WorkTime:
    """The working time of one calendar."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.spans, self.starts = spans, [a for a, _ in spans]
        self.before = [0, *accumulate(z - a for a, z in spans)]

    def work(self, at: int) -> int:
        n = bisect_right(self.starts, at) - 1
        return 0 if n < 0 else self.before[n] + min(at, self.spans[n][1]) - self.starts[n]

    def begin(self, work: int) -> int:
        """Return the latest moment with this much work before it, a start; `stop` the earliest, a finish."""
        if not 0 <= work < self.before[-1]:
            raise BeyondError("its calendar")
        n = bisect_right(self.before, work) - 1
        return self.starts[n] + work - self.before[n]

    def stop(self, work: int) -> int:
        return self.begin(work - 1) + 1

    def next(self, at: int) -> int:
        return max(at, self.begin(self.work(at)))

    def last(self, at: int) -> int:
        return min(at, self.stop(self.work(at)))

    def add(self, at: int, amount: int) -> int:
        return self.stop(self.work(at) + amount) if amount > 0 else self.begin(self.work(at) + amount) if amount else at


class OpenPeriods:
    """Pay periods, months, terms or meetings: `[open, close)`, in order."""

    def __init__(self, days: list[list[str]]) -> None:
        self.opens, self.closes = [minute(a) for a, _ in days], [minute(z) + DAY for _, z in days]

    def at(self, which: list[int], number: int) -> int:
        if not 0 <= number < len(which):
            raise BeyondError("its periods")
        return which[number]


class Length(NamedTuple):
    """An amount that passes in working time, by the clock, or in whole periods."""

    amount: int
    hours: WorkTime | None = None
    whole: OpenPeriods | None = None


@dataclass(slots=True, eq=False)
class ProvedTask:
    row: Mapping[str, Json]
    length: Length
    own: WorkTime
    floats: WorkTime
    window: OpenPeriods | None
    left: Length | None
    dates: dict[str, int]
    """Every date of the row; of several limits the earliest, of other set dates the latest."""
    into: list["ProvedLink"] = field(default_factory=list)
    out: list["ProvedLink"] = field(default_factory=list)
    logic: int | None = None
    """Where its links would end it, if a set date says otherwise."""
    ends_day: bool = True
    """At a midnight it is on the day before."""

    @property
    def is_begun(self) -> bool:
        return "began" in self.dates and "ended" not in self.dates

    @property
    def is_point(self) -> bool:
        return self.length.amount == 0

    @property
    def people(self) -> WorkTime:
        """When it could be worked on."""
        return self.length.hours or self.own

    def call(self, at: int) -> int:
        """Return until when a period that opens or closes then still counts: to the next work, at most for a week."""
        return min(self.people.next(at), at + 7 * DAY)

    def counts(self, ends: list[int], at: int) -> int:
        """Return the number of the first opening, or closing, that still counts at a moment."""
        n = bisect_left(ends, at)
        return n - 1 if n and self.call(ends[n - 1]) >= at else n

    def after(self, length: Length, at: int) -> int:
        """Let an amount pass from a moment on; `before` returns the last moment from which it passes by then."""
        if length.whole and length.amount:
            return length.whole.at(length.whole.closes, self.counts(length.whole.opens, at) + length.amount - 1)
        return length.hours.add(at, length.amount) if length.hours else at + length.amount

    def lands(self, at: int, *, opens: bool = False) -> int:
        """Return its first start from a moment on; `opens`: from the opening of a window on, without windows."""
        whole = self.length.whole
        if opens or self.window is None:
            if whole:
                n = bisect_left(whole.opens, at) if opens else self.counts(whole.opens, at)
                return whole.at(whole.opens, n)
            return self.length.hours.next(at) if self.length.hours and not self.is_point else at
        for opening in self.window.opens[max(bisect_right(self.window.opens, at) - 1, 0) :]:
            start = self.lands(opening, opens=True)
            if start >= at or (whole and self.call(start) >= at):
                return start
            if not whole and self.people.next(start) >= at:
                return at
        raise BeyondError("its start windows")

    def ends(self, finish: int, length: Length) -> int:
        """Return until when others may hold its end: up to its next work, or while a period counts."""
        if length.amount and (length.hours or length.whole):
            return length.hours.next(finish) if length.hours else self.call(finish)
        return finish

    def ending(self, finish: int) -> int:
        """Return the first start with which it ends no earlier than a moment."""
        if self.is_point:
            return finish

        def is_too_early(at: int) -> bool:
            return self.ends(self.after(self.length, self.lands(at)), self.length) < finish

        return self.lands(last(is_too_early, finish - self.length.amount) + 1)

    def last_start_by(self, bound: int) -> int:
        return self.lands(last(lambda at: self.lands(at) <= bound, bound))

    def last_start(self, latest: int, cap: int | None = None, near: int | None = None) -> int:
        """Return the last start with which it ends by `latest`, and that is no later than `cap`."""

        def fits(at: int) -> bool:
            start = self.lands(at)
            return (cap is None or start <= cap) and self.after(self.length, start) <= latest

        return self.lands(last(fits, latest - self.length.amount if near is None else near))

    def between(self, start: int, finish: int) -> int:
        is_clock = not (self.length.hours or self.length.whole)
        return finish - start if is_clock else self.floats.work(finish) - self.floats.work(start)


@dataclass(slots=True, eq=False)
class ProvedLink:
    number: int
    before: ProvedTask
    after: ProvedTask
    type: str
    lag: Length
    is_share: bool

    def length(self, start: int | None = None) -> Length:
        """Return its lag: a share is one of the time that its predecessor takes, or would take from `start` on."""
        if not self.is_share:
            return self.lag
        of, amount, dates = self.before, self.before.length.amount, self.before.dates
        if of.length.whole and self.lag.hours:
            start = dates["start"] if start is None else start
            amount = self.lag.hours.work(of.after(of.length, start)) - self.lag.hours.work(start)
        return self.lag._replace(amount=round(amount * self.lag.amount / 100))


def last(fits: Callable[[int], bool], near: int) -> int:
    """Return the last moment that fits, where all before it do."""

    def does(at: int) -> bool:
        try:
            return fits(at)
        except BeyondError:
            return False

    low, step = near, 1
    while not does(low):
        low, step = low - step, step * 2
        if step > FARTHEST:
            raise BeyondError("its calendar")
    high, step = low + 1, 1
    while does(high):
        low, high, step = high, high + step, step * 2
        if step > FARTHEST:
            return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if does(middle) else (low, middle)
    return low


def minute(text: str) -> int:
    return int((datetime.fromisoformat(text) - EPOCH).total_seconds()) // 60
