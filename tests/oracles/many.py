"""The naive scheduler's arithmetic for many draws at once: what `clock.py` says of one moment, of an array of them.

Of programmes of open tasks whose links bind starts alone, which is all that the odds are asked of.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.oracles.clock import DAY, NEVER, Working
from tests.oracles.expansion import Item, Tie

Times = NDArray[np.int64]
Extra = tuple[str, Times]
"""What events add to a task: a unit, and how much in each draw."""


class Many:
    """Working time of one calendar, asked about arrays of moments."""

    def __init__(self, working: Working) -> None:
        self.starts, self.ends, self.before = (np.array(x) for x in (working.starts, working.ends, working.before))
        self.total = working.total

    def work(self, at: Times) -> Times:
        n = np.searchsorted(self.starts, at, side="right") - 1
        return np.where(n < 0, 0, self.before[n] + np.minimum(at, self.ends[n]) - self.starts[n])

    def begin(self, amount: Times) -> Times:
        n = np.maximum(np.searchsorted(self.before, amount, side="right") - 1, 0)
        return np.where(amount < self.total, self.starts[n] + amount - self.before[n], NEVER)

    def stop(self, amount: Times) -> Times:
        n = np.maximum(np.searchsorted(self.before, amount, side="left") - 1, 0)
        return self.starts[n] + np.maximum(amount, 0) - self.before[n]

    def next(self, at: Times) -> Times:
        return np.maximum(at, self.begin(self.work(at)))

    def add(self, at: Times, amount: Times) -> Times:
        goal = self.work(at) + amount
        back = self.begin(np.maximum(goal, 0)) if (amount < 0).any() else at
        return np.where(amount > 0, self.stop(goal), np.where(amount < 0, back, at))


class Placed:
    """Where each task ends in each draw."""

    def __init__(
        self, order: Sequence[Item], day: int, amounts: Mapping[str, Times], extra: Mapping[str, Sequence[Extra]]
    ):
        self.day = day
        self.amounts = amounts
        self.known: dict[int, Many] = {}
        self.start: dict[str, Times] = {}
        self.finish: dict[str, Times] = {}
        for item in order:
            self.place(item, extra.get(item.id, ()))

    def on(self, working: Working) -> Many:
        if id(working) not in self.known:
            self.known[id(working)] = Many(working)
        return self.known[id(working)]

    def of(self, item: Item) -> Many:
        return self.on(item.term if item.length.unit == "school" else item.calendar)

    def minutes(self, unit: str, amount: Times) -> Times:
        return np.round(amount * 5 * self.day).astype(np.int64) if unit == "school" else amount

    def place(self, item: Item, extra: Sequence[Extra]) -> None:
        amount, unit, calendar = self.amounts[item.id], item.length.unit, self.of(item)
        at = np.full(len(amount), item.floor)
        if unit == "elapsed":
            at = calendar.next(at)
        for tie in item.before:
            at = np.maximum(at, self.after(tie))
        is_work = unit in ("working", "school") and item.length.amount > 0
        if item.starts_on is not None:
            at = self.opening(item, at)
        if is_work:
            at = calendar.next(at)
        if unit == "pay_period":
            first = self.period(item, at)
            at, finish = self.opens(item)[first], self.closes(item)[first + amount - 1]
        else:
            finish = self.passed(item, unit, at, amount)
        for more, much in extra:
            finish = np.where(much > 0, self.rest(item, finish, more, much), finish)
        self.start[item.id], self.finish[item.id] = at, finish

    def opens(self, item: Item, kind: str = "pay_period") -> Times:
        return np.array([opens for opens, _ in item.periods[kind]])

    def closes(self, item: Item) -> Times:
        return np.array([closes for _, closes in item.periods["pay_period"]])

    def period(self, item: Item, at: Times) -> Times:
        """The number of the first pay period that is not missed: a week after it opened at the latest."""
        opens = self.opens(item)
        last_calls = np.minimum(self.of(item).next(opens), opens + 7 * DAY)
        return np.searchsorted(last_calls, at, side="left")

    def opening(self, item: Item, at: Times) -> Times:
        """The first work in the first window of which that is not over."""
        first = self.of(item).next(self.opens(item, str(item.starts_on)))
        return first[np.searchsorted(first, at, side="left")]

    def after(self, tie: Tie) -> Times:
        before, lag = tie.before, tie.lag
        at = self.finish[before.id] if tie.type[0] == "F" else self.start[before.id]
        if lag.unit == "percent":
            unit = before.length.unit
            share = np.round(self.minutes(unit, self.amounts[before.id]) * lag.amount / 100).astype(np.int64)
            return at + share if unit == "elapsed" else self.of(before).add(at, share)
        if lag.unit == "elapsed":
            return at + lag.amount
        return self.on(tie.after.calendar).add(at, np.full(len(at), lag.amount))

    def passed(self, item: Item, unit: str, at: Times, amount: Times) -> Times:
        if unit == "elapsed":
            return at + amount
        calendar = self.on(item.term if unit == "school" else item.calendar)
        return calendar.add(at, self.minutes(unit, amount))

    def rest(self, item: Item, at: Times, unit: str, amount: Times) -> Times:
        """What an event adds goes on from its finish, in the event's own unit."""
        if unit == "pay_period":
            return self.closes(item)[self.period(item, at) + amount - 1]
        return self.passed(item, unit, at, amount)
