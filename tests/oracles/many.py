"""The naive scheduler's arithmetic for many draws at once: what `clock.py` says of one moment, of an array of them.

Of programmes of open tasks, which is all that the odds are asked of.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.oracles.clock import DAY, NEVER, Working
from tests.oracles.expansion import Item, Tie

LONG_AGO = -(10**9)
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
        self.own_finish: dict[str, Times] = {}
        """Without what events add."""
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
        ends = np.full(len(amount), LONG_AGO)
        for tie in item.before:
            if tie.type[1] == "S":
                at = np.maximum(at, self.after(tie))
            else:
                ends = np.maximum(ends, self.after(tie))
        if unit == "pay_period":
            first = np.maximum(self.period(item, at), self.period(item, ends, self.closes(item)) - amount + 1)
            if extra:
                opens = self.opens(item)[self.first_that_ends(item, ends, extra, 0, len(self.opens(item)) - 12)]
                first = np.maximum(self.period(item, at), np.where(ends > LONG_AGO, self.period(item, opens), 0))
            at = self.opens(item)[first]
        else:
            back = self.back(item, unit, ends, amount)
            if extra:
                least = self.first_that_ends(item, ends, extra, ends - 600 * DAY, ends + 40 * DAY)
                back = np.where(ends > LONG_AGO, least, LONG_AGO)
            at = np.maximum(at, back)
            if item.starts_on is not None:
                at = self.opening(item, at)
            if unit in ("working", "school"):
                at = np.where(self.minutes(unit, amount) > 0, calendar.next(at), at)
        self.own_finish[item.id], self.finish[item.id], _ = self.ended(item, at, extra)
        self.start[item.id] = at

    def ended(self, item: Item, at: Times, extra: Sequence[Extra]) -> tuple[Times, Times, Times]:
        """Where its own time ends that begins at a moment; where what events add ends; until when that still counts."""
        unit, amount = item.length.unit, self.amounts[item.id]
        if unit == "pay_period":
            own = self.closes(item)[np.searchsorted(self.opens(item), at) + amount - 1]
        else:
            own = self.passed(item, unit, at, amount)
        finish, until = own, self.counts_until(item, unit, own)
        for more, much in extra:
            finish = np.where(much > 0, self.rest(item, finish, more, much), finish)
            until = np.where(much > 0, self.counts_until(item, more, finish), until)
        return own, finish, until

    def counts_until(self, item: Item, unit: str, finish: Times) -> Times:
        """The last moment that a finish is no earlier than: until there is work again, for a week after a period."""
        if unit == "elapsed":
            return finish
        if unit == "pay_period":
            return np.minimum(self.of(item).next(finish), finish + 7 * DAY)
        return self.on(item.term if unit == "school" else item.calendar).next(finish)

    def first_that_ends(
        self, item: Item, ends: Times, extra: Sequence[Extra], low: Times | int, high: Times | int
    ) -> Times:
        """Search for the first start (of pay periods: the first number) with which it ends no earlier than a moment."""
        low, high = np.broadcast_to(low, ends.shape).copy(), np.broadcast_to(high, ends.shape).copy()
        is_period = item.length.unit == "pay_period"
        while (low < high).any():
            middle = (low + high) // 2
            _, _, until = self.ended(item, self.opens(item)[middle] if is_period else middle, extra)
            low, high = np.where(until < ends, middle + 1, low), np.where(until < ends, high, middle)
        return low

    def opens(self, item: Item, kind: str = "pay_period") -> Times:
        return np.array([opens for opens, _ in item.periods[kind]])

    def closes(self, item: Item) -> Times:
        return np.array([closes for _, closes in item.periods["pay_period"]])

    def period(self, item: Item, at: Times, edges: Times | None = None) -> Times:
        """The number of the first pay period that is not missed: a week after it opened (or closed) at the latest."""
        edges = self.opens(item) if edges is None else edges
        last_calls = np.minimum(self.of(item).next(edges), edges + 7 * DAY)
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
            if unit == "pay_period":
                calendar = self.on(before.calendar)
                span = calendar.work(self.own_finish[before.id]) - calendar.work(self.start[before.id])
                return calendar.add(at, np.round(span * lag.amount / 100).astype(np.int64))
            share = np.round(self.minutes(unit, self.amounts[before.id]) * lag.amount / 100).astype(np.int64)
            return at + share if unit == "elapsed" else self.of(before).add(at, share)
        if lag.unit == "elapsed":
            return at + lag.amount
        if lag.unit == "school":
            return self.on(tie.after.term).add(at, self.minutes("school", np.full(len(at), lag.amount)))
        if lag.unit == "pay_period":
            return self.closes(tie.after)[self.period(tie.after, at) + int(lag.amount) - 1]
        return self.on(tie.after.calendar).add(at, np.full(len(at), lag.amount))

    def back(self, item: Item, unit: str, ends: Times, amount: Times) -> Times:
        """The latest start with which it ends by a moment; where nothing binds its finish, long ago."""
        start = ends - amount if unit == "elapsed" else self.of(item).add(ends, -self.minutes(unit, amount))
        return np.where(ends > LONG_AGO, start, LONG_AGO)

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
