"""Days and hours by hand: minutes are counted from an arbitrary midnight, working time is a plain list of intervals."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import accumulate

FIRST, LAST = date(2025, 1, 1), date(2029, 12, 31)
"""Further than any programme of the generator reaches."""
MIDNIGHT = datetime(2025, 1, 1)
DAY = 24 * 60
NEVER = 10**9
"""Where a calendar has ended."""


def minute(day: date) -> int:
    return (day - FIRST).days * DAY


def minute_of_text(text: str) -> int:
    return int((datetime.fromisoformat(text) - MIDNIGHT).total_seconds()) // 60


def text(at: int) -> str:
    return (MIDNIGHT + timedelta(minutes=at)).isoformat(timespec="minutes")


def day_at(at: int) -> date:
    return FIRST + timedelta(days=at // DAY)


def number(day: date) -> int:
    """Days are counted as well: sets of numbers are quicker than sets of dates."""
    return (day - FIRST).days


def days(first: date, last: date | None = None) -> range:
    """The numbers of some days, both inclusive."""
    return range(number(first), number(last or first) + 1)


ALL_DAYS = frozenset(days(FIRST, LAST))


class Working:
    """Working time: the same hours on some days."""

    def __init__(self, hours: list[tuple[int, int]], worked: Iterable[int]) -> None:
        mornings = [d * DAY for d in sorted(worked)]
        self.starts = [at + begins for at in mornings for begins, _ in hours]
        self.ends = [at + ends for at in mornings for _, ends in hours]
        lengths = [ends - begins for begins, ends in hours] * len(mornings)
        self.before = [0, *accumulate(lengths)]
        """Working minutes before each interval."""
        self.total = self.before.pop()

    def work(self, at: int) -> int:
        """Working minutes before a moment: two moments with nothing between them have the same."""
        n = bisect_right(self.starts, at) - 1
        if n < 0:
            return 0
        return self.before[n] + min(at, self.ends[n]) - self.starts[n]

    def begin(self, amount: int) -> int:
        """Return the moment at which work continues after that many working minutes: a start."""
        n = max(bisect_right(self.before, amount) - 1, 0)
        if amount >= self.total:
            return NEVER
        return self.starts[n] + amount - self.before[n]

    def stop(self, amount: int) -> int:
        """Return the moment at which that many working minutes are over: a finish."""
        n = max(bisect_left(self.before, amount) - 1, 0)
        return self.starts[n] + max(amount, 0) - self.before[n]

    def next(self, at: int) -> int:
        """Return the first moment from here on at which there is work."""
        return max(at, self.begin(self.work(at)))

    def last(self, at: int) -> int:
        """Return the last moment up to here at which work ended, or the moment itself while there is work."""
        return min(at, self.stop(self.work(at)))

    def add(self, at: int, amount: int) -> int:
        """Go on by working minutes, to a finish; back by negative ones, to a start; by none, nowhere."""
        if amount > 0:
            return self.stop(self.work(at) + amount)
        if amount < 0:
            if (goal := self.work(at) + amount) < 0:
                raise LookupError("Before the calendar begins.")
            return self.begin(goal)
        return at
