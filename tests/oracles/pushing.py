"""Late dates by their meaning: a task there moves neither the end nor a deadline, and a minute later it does."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.oracles.clock import minute_of_text, text
from tests.oracles.expansion import Item
from tests.oracles.naive import LONG_AGO, Dates, Naive

PERIODS = ("pay_period", "term")


class Pushed:
    """A programme in which one task at a time is later than it has to be."""

    def __init__(self, naive: Naive) -> None:
        self.naive = naive
        self.plan = dict(naive.dates)
        self.end = max(d.finish for d in self.plan.values())
        self.late = {i.id: self._late(i, self.plan[i.id]) for i in naive.order}
        self.leads_to_late: set[str] = set()
        for item in reversed(naive.order):
            after = any(t.after.id in self.leads_to_late for t in item.after)
            if after or max(self.late[item.id]) > 0:
                self.leads_to_late.add(item.id)

    def _late(self, item: Item, dates: Dates) -> tuple[int, int]:
        """By how much a task misses what is set for its start and for its finish: minutes of the clock."""
        naive, starts = self.naive, []
        ends = [item.dates[b] for b in ("finish_no_later", "must_finish") if b in item.dates]
        ends += [item.deadline] if item.deadline is not None else []
        finish = dates.finish
        if item.report is None:
            finish = max(finish, naive._from(item, dates.logic)[1])
            starts.append(naive._start_no_later(item))
            if (day := item.dates.get("must_start")) is not None:
                starts.append(item.calendar.next(day) if naive._is_work(item) else day)
        start = max(dates.start, dates.logic)
        return max([start - at for at in starts], default=0), max([finish - at for at in ends], default=0)

    def harm(self, item: Item, start: int, finish: int) -> str | None:
        """Say what comes too late if a task is there."""
        dates = self.naive.dates
        try:
            for other in self.naive.order:
                if other is item:
                    dates[item.id] = replace(self.plan[item.id], start=start, finish=finish, logic=start)
                elif any(dates[t.before.id] is not self.plan[t.before.id] for t in other.before):
                    dates[other.id] = self.naive._early(other)
                found = dates[other.id]
                if found.finish > self.end:
                    return f"the end is {text(found.finish)}, of {other.id}"
                if any(a > max(b, 0) for a, b in zip(self._late(other, found), self.late[other.id], strict=True)):
                    return f"{other.id} is late"
            return None
        finally:
            dates.update(self.plan)

    def moves(self, item: Item, start: int, finish: int) -> bool:
        """Tell whether a task that is there moves what waits for it."""
        naive, dates = self.naive, self.naive.dates
        dates[item.id] = replace(self.plan[item.id], start=start, finish=finish, logic=start)
        try:
            found = [(t.after, naive._early(t.after)) for t in item.after if not naive._is_done(t.after)]
            return any((d.start, d.finish) != (self.plan[i.id].start, self.plan[i.id].finish) for i, d in found)
        finally:
            dates[item.id] = self.plan[item.id]

    def by_free_float(self, item: Item, more: int) -> tuple[int, int]:
        """The dates of ordinary work that is later by its float and `more` minutes."""
        start = self.plan[item.id].start
        if item.length.unit == "elapsed":
            return self.naive._from(item, start + more)
        return self.naive._from(item, item.calendar.begin(item.calendar.work(start) + more))

    def is_ordinary(self, item: Item) -> bool:
        """Tell whether its own calendar places it and nothing else holds its dates."""
        is_timed = item.length.unit in ("working", "elapsed") and item.length.amount > 0
        is_held = {"must_start", "must_finish"} & item.dates.keys() or item.starts_on or item.report is not None
        return is_timed and not is_held

    def later(self, item: Item, start: int, finish: int) -> tuple[int, int] | None:
        """The next dates after some that a task could have; None where begun work ends with a period."""
        naive, calendar = self.naive, self.naive.calendar_of(item)
        if item.report is not None:
            unit = naive.dates[item.id].rest[0]
            if unit in PERIODS:
                return None
            return start, finish + 1 if unit == "elapsed" else calendar.stop(calendar.work(finish) + 1)
        if item.length.unit in PERIODS or item.starts_on:
            dates = naive._placed(item, calendar.next(start) + 1, LONG_AGO)
            return dates.start, dates.finish
        if naive._is_work(item):
            return naive._from(item, calendar.begin(calendar.work(start) + 1))
        return naive._from(item, start + 1)


def pushed(naive: Naive, rows: Mapping[str, Mapping[str, object]]) -> tuple[int, list[str]]:
    """Push tasks to their late dates as planned, and beyond; return how many, and what is wrong with which.

    Beyond them only where neither a task nor what waits for it is late already: to that a minute might not matter.
    """
    push, tasks, wrong = Pushed(naive), 0, []
    for item in naive.order:
        row = rows[item.id]
        if naive._is_done(item) or int(str(row["total_float"])) < 0:
            continue
        wrong += _free(push, item, int(str(row["free_float"])), int(str(row["total_float"])))
        late = minute_of_text(str(row["late_start"])), minute_of_text(str(row["late_finish"]))
        if (harm := push.harm(item, *late)) is not None:
            wrong.append(f"{item.id} at its late dates from {text(late[0])} to {text(late[1])}: {harm}")
        if item.id in push.leads_to_late or (later := push.later(item, *late)) is None:
            continue
        tasks += 1
        if push.harm(item, *later) is None:
            wrong.append(f"{item.id} may be later than from {text(late[0])} to {text(late[1])}")
    return tasks, wrong


def _free(push: Pushed, item: Item, free: int, total: int) -> Iterable[str]:
    """Yield what is wrong with a free float: more of it moves what waits for the task, unless it is all float."""
    if not 0 <= free <= total:
        yield f"{item.id} has {free} free of {total}"
    if push.is_ordinary(item):
        if push.moves(item, *push.by_free_float(item, free)):
            yield f"{item.id} moves something within its free float of {free}"
        if free < total and not push.moves(item, *push.by_free_float(item, free + 1)):
            yield f"{item.id} may be later than its free float of {free}"
