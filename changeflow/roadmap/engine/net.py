"""The input of the kernel's functions, and the result that they write."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.arrays import Arrays
from changeflow.roadmap.engine.calendar_tables import PLACES, CalendarTables, PeriodTables
from changeflow.roadmap.engine.outline import Ints

Marks = NDArray[np.int8]


class Net(NamedTuple):
    """The input of every function; the columns are those of `arrays`."""

    c: CalendarTables
    p: PeriodTables
    hot: Ints
    cold: Ints
    lags: Ints
    parts: Ints
    into: Ints
    first_into: Ints
    out: Ints
    first_out: Ints
    below: Ints
    above: Ints
    first_above: Ints
    backwards: Ints
    s: Ints
    """The settings."""
    trouble: Ints
    """Numbers that are 0 until a calendar or a table of periods runs out; see `working_time`."""


class Result(NamedTuple):
    """The result, by row of the arrays; `drives` and `bound` are by column of `into`."""

    early: Ints
    """Start and finish."""
    late: Ints
    total_float: Ints
    free_float: Ints
    reason: Marks
    drives: Marks
    driving: Marks
    logic: Ints
    """The finish that logic alone would give a task that a set date pulled earlier. Ordinary tasks and summaries have
    no entry."""
    worked: Ints
    """For each ordinary task: its calendar's work before its early finish, and before its late finish."""
    bound: Ints
    """The earliest start that each link (other than a plain one) allows its task, in the order of `into`."""
    end: Ints
    """One number: the finish from which the late dates count."""
    trouble: Ints
    """Numbers that are 0 until a calendar or a table of periods runs out; see `working_time`."""

    @property
    def finish(self) -> int:
        return int(self.end[0])


def empty_result(arrays: Arrays) -> Result:
    count, many = len(arrays.hot), arrays.into.shape[1]
    early, late, worked = (np.zeros((count, 2), np.int64) for _ in range(3))
    total_float, free_float, logic = (np.zeros(count, np.int64) for _ in range(3))
    reason, driving = (np.zeros(count, np.int8) for _ in range(2))
    drives, bound = np.zeros(many, np.int8), np.zeros(many, np.int64)
    end, trouble = np.zeros(1, np.int64), np.zeros(PLACES, np.int64)
    floats = (total_float, free_float)
    return Result(early, late, *floats, reason, drives, driving, logic, worked, bound, end, trouble)


def trial_of(result: Result) -> Result:
    """Copy the columns that a forward pass writes, so that a trial does not change the original result."""
    written = ("early", "reason", "drives", "logic", "worked", "bound")
    copies = {name: getattr(result, name).copy() for name in written}
    return result._replace(**copies, trouble=np.zeros(PLACES, np.int64))


def net_of(arrays: Arrays, trouble: Ints) -> Net:
    a, o = arrays, arrays.outline
    rows = (a.into, a.first_into, a.out, a.first_out, o.below, o.above, o.first_above, o.backwards)
    calendars = a.calendars._replace(trouble=trouble)
    return Net(calendars, a.periods, a.hot, a.cold, a.lags, a.parts, *rows, a.settings, trouble)
