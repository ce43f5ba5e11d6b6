"""Civil time cut into slots: those in which somebody works."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from changeflow.calendar.working import WorkingCalendar


class Axis:
    """Slots of civil time: those in which some calendar works, between two instants."""

    def __init__(self, calendars: Sequence[WorkingCalendar], start: int, end: int, minutes: int) -> None:
        self.minutes = minutes
        first = start // minutes
        works = np.zeros(-(-end // minutes) - first, bool)
        for calendar in calendars:
            for opens, closes in calendar.intervals_within(start, end):
                works[max(0, opens // minutes - first) : -(-closes // minutes) - first] = True
        self.opens: NDArray[np.int64] = (np.flatnonzero(works) + first) * minutes

    def __len__(self) -> int:
        return len(self.opens)

    def slot(self, at: int) -> int:
        """Return the first slot that begins at an instant or after it."""
        return int(np.searchsorted(self.opens, at))

    def span(self, start: int, finish: int) -> tuple[int, int]:
        """Return the slots that share some time with `[start, finish)`, as a half-open span."""
        return int(np.searchsorted(self.opens, start - self.minutes, side="right")), self.slot(finish)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The instant of each boundary, as a finish: the end of the slot before it."""
        return np.concatenate([[self.opens[0] if len(self) else 0], self.opens + self.minutes])

    def works(self, calendar: WorkingCalendar) -> NDArray[np.bool_]:
        found = np.zeros(len(self), bool)
        for opens, closes in calendar.intervals_within(int(self.opens[0]), int(self.ends[-1])):
            low, high = self.span(opens, closes)
            found[low:high] = True
        return found
