"""What the passes compute, row by row, and the codes in which they say it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.arrays import ODD_INTO, ODD_OUT, SET_DATES, Arrays
from changeflow.roadmap.engine.working_time import Ints, Net

# The columns of set dates, in the order of `Bound`.
START_NO_EARLIER, FINISH_NO_EARLIER, START_NO_LATER, FINISH_NO_LATER, MUST_START, MUST_FINISH = range(
    SET_DATES, SET_DATES + 6
)
# What decided an early date; a number from `SET_DATES` on is the column of the bound that decided.
BY_START, BY_LINKS, BY_DATA_DATE, BY_ACTUAL, BY_HAND, BY_ROLL_UP = range(6)
Marks = NDArray[np.int8]
ORDINARY, PLAIN = 0, 0
"""Flags of a task, but for those of its links, and shape of a link, that the loops deal with themselves."""
ODD_LINKS = ODD_INTO | ODD_OUT


class Result(NamedTuple):
    """Per row of the arrays; `drives` and `bound` per column of `into`."""

    early: Ints
    """Start and finish."""
    late: Ints
    total_float: Ints
    free_float: Ints
    reason: Marks
    drives: Marks
    driving: Marks
    logic: Ints
    """Where logic alone would end a task that a set date pulled earlier; ordinary tasks and summaries have none."""
    worked: Ints
    """Of ordinary tasks: the work of its calendar before its early and before its late finish."""
    bound: Ints
    """Where each link that is not plain puts its task's start at the earliest: in the order of `into`."""
    end: Ints
    """One number: the finish that the late dates count from."""
    trouble: Ints
    """Four numbers, all 0 until a calendar or a table of periods runs out."""

    @property
    def finish(self) -> int:
        return int(self.end[0])


def empty_result(arrays: Arrays) -> Result:
    count, many = len(arrays.hot), arrays.into.shape[1]
    return Result(
        np.zeros((count, 2), np.int64),
        np.zeros((count, 2), np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int8),
        np.zeros(many, np.int8),
        np.zeros(count, np.int8),
        np.zeros(count, np.int64),
        np.zeros((count, 2), np.int64),
        np.zeros(many, np.int64),
        np.zeros(1, np.int64),
        np.zeros(4, np.int64),
    )


def trial_of(result: Result) -> Result:
    """Copy what a pass forwards writes, so that a question leaves the answer that it begins with."""
    r = result
    return r._replace(
        early=r.early.copy(),
        reason=r.reason.copy(),
        drives=r.drives.copy(),
        logic=r.logic.copy(),
        worked=r.worked.copy(),
        bound=r.bound.copy(),
        trouble=np.zeros(4, np.int64),
    )


def net_of(arrays: Arrays, trouble: Ints) -> Net:
    a, o = arrays, arrays.outline
    rows = (a.into, a.first_into, a.out, a.first_out, o.below, o.above, o.first_above, o.backwards)
    return Net(a.calendars, a.periods, a.hot, a.cold, a.lags, a.parts, *rows, a.settings, trouble)
