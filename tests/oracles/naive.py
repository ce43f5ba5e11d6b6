"""A schedule by the plainest means: task by task, each question answered from the documents, nothing remembered.

Early dates follow from what comes before. Late dates are searched for: the latest moment of a predecessor for which
what follows, placed again by the same rules as early dates, still keeps its own late dates.
"""

from bisect import bisect_right
from dataclasses import dataclass

from tests.oracles.clock import DAY, LAST, NEVER, Working, minute
from tests.oracles.expansion import Expanded, Item, Tie

LONG_AGO = -(10**9)


@dataclass(slots=True)
class Dates:
    """When a task is, and how late it may be."""

    start: int
    finish: int
    logic: int = 0
    """Its start by its links, where a set date says otherwise."""
    resume: int | None = None
    """Where the rest of begun work goes on."""
    rest: tuple[str, int] = ("working", 0)
    """What is left of begun work."""
    late_start: int = 0
    late_finish: int = 0
    late_resume: int | None = None
    float: int = 0


class Early:
    """All tasks of a programme with their early dates, as often as asked."""

    def __init__(self, programme: Expanded) -> None:
        self.programme = programme
        self.day = programme.minutes_per_day
        self.order = in_order(programme.items)
        self.dates: dict[str, Dates] = {}
        self.held: dict[str, int] = {}
        """Where what is as late as possible may begin."""

    def pass_forward(self) -> None:
        for item in self.order:
            self.dates[item.id] = self._early(item)

    # Early dates

    def _early(self, item: Item) -> Dates:
        if item.report is not None:
            return self._reported(item)
        if item.is_milestone and item.before and all(self._is_done(t.before) for t in item.before):
            at = max(self.dates[t.before.id].finish for t in item.before)
            return Dates(at, at, logic=at)
        start, finish = self.bounds(item)
        floor = max(
            item.calendar.next(item.floor) if item.length.unit == "elapsed" else item.floor,
            self.programme.on or item.floor,
        )
        dates = self._placed(
            item,
            max(start, floor, item.dates.get("start_no_earlier", LONG_AGO), self.held.get(item.id, LONG_AGO)),
            max(finish, item.dates.get("finish_no_earlier", LONG_AGO)),
        )
        dates.logic = dates.start
        if (day := self._must(item, "must_start")) is not None:
            dates.start, dates.finish = self._from(item, item.calendar.next(day) if self._is_work(item) else day)
        elif (day := self._must(item, "must_finish")) is not None:
            dates.start, dates.finish = self._from(item, self._back(item, day))
        return dates

    def _must(self, item: Item, bound: str) -> int | None:
        """A set date; one for which it should have begun before the data date no longer holds."""
        day = item.dates.get(bound)
        if day is None or self.programme.on is None:
            return day
        return day if (day if bound == "must_start" else self._back(item, day)) >= self.programme.on else None

    def _is_done(self, item: Item) -> bool:
        """Done is what was reported to be; a milestone of the programme is when all before it is."""
        if item.is_milestone:
            return bool(item.before) and all(self._is_done(t.before) for t in item.before)
        return item.report is not None and item.report.finished is not None

    def bounds(self, item: Item) -> tuple[int, int]:
        """The latest moments that links set for its start and for its finish."""
        start = finish = LONG_AGO
        for tie in item.before:
            dates = self.dates[tie.before.id]
            at = self._after(tie, dates.finish if tie.type[0] == "F" else dates.start)
            if tie.type[1] == "S":
                start = max(start, at)
            else:
                finish = max(finish, at)
        return start, finish

    def _after(self, tie: Tie, at: int, *, late: bool = False) -> int:
        """The moment that a lag leads to from an end of its predecessor."""
        lag, successor, predecessor = tie.lag, tie.after, tie.before
        if lag.unit == "working":
            return successor.calendar.add(at, lag.amount)
        if lag.unit == "elapsed":
            return at + lag.amount
        if lag.unit == "school":
            return successor.term.add(at, round(lag.amount * 5 * self.day))
        if lag.unit in ("pay_period", "term"):
            return self._whole(successor, lag.unit, lag.amount, at, late=late)[1] if lag.amount else at
        length = predecessor.length
        if length.unit == "working":
            return predecessor.calendar.add(at, _share(length.amount, lag.amount))
        if length.unit == "elapsed":
            return at + _share(length.amount, lag.amount)
        if length.unit == "school":
            return predecessor.term.add(at, _share(length.amount * 5 * self.day, lag.amount))
        start = self.dates[predecessor.id].start
        finish = self._whole(predecessor, length.unit, length.amount, start)[1]
        return self._share_of_periods(tie, at, start, finish)

    def _share_of_periods(self, tie: Tie, at: int, start: int, finish: int) -> int:
        """Of whole periods a lag is a share of the work between their dates."""
        calendar = tie.before.calendar
        return calendar.add(at, _share(calendar.work(finish) - calendar.work(start), tie.lag.amount))

    def _whole(self, item: Item, kind: str, amount: int, at: int, *, late: bool = False) -> tuple[int, int]:
        """From the first opening that has not been missed at a moment, over that many whole periods."""
        periods = (item.late_periods if late else item.periods)[kind]
        first = bisect_right(periods, (at, NEVER)) - 1
        if first < 0 or self._last_call(item, periods[first][0]) < at:
            first += 1
        return periods[first][0], periods[first + amount - 1][1]

    def _last_call(self, item: Item, at: int) -> int:
        """Until when a period that opens or closes then still counts: until there is work, but for a week at most."""
        return min(self.calendar_of(item).next(at), at + 7 * DAY)

    def _is_work(self, item: Item) -> bool:
        return item.length.unit in ("working", "school") and item.length.amount > 0

    def _time(self, item: Item) -> tuple[Working, int]:
        if item.length.unit == "school":
            return item.term, round(item.length.amount * 5 * self.day)
        return item.calendar, item.length.amount

    def _placed(self, item: Item, start: int, finish: int) -> Dates:
        """Place a task as early as a bound on its start and one on its finish let it."""
        if item.length.unit in ("pay_period", "term"):
            periods, amount = item.periods[item.length.unit], item.length.amount
            for (opens, _), (_, closes) in zip(periods, periods[amount - 1 :], strict=False):
                if self._last_call(item, opens) >= start and self._last_call(item, closes) >= finish:
                    return Dates(*self._from(item, opens))
            raise LookupError("No period is left.")
        at = max(start, self._back(item, finish)) if finish > LONG_AGO else start
        if item.starts_on is not None:
            at = self._opening(item, at)
        if self._is_work(item):
            at = self.calendar_of(item).next(at)
        return Dates(*self._from(item, at))

    def calendar_of(self, item: Item) -> Working:
        return item.term if item.length.unit == "school" else item.calendar

    def _opening(self, item: Item, at: int) -> int:
        """The first start in a window that is not over: work begins with the first work in it.

        A moment and a wait on the clock begin when it opens, or up to that first work when what comes before is over.
        """
        calendar = self.calendar_of(item)
        for opens, _ in item.periods[item.starts_on]:
            if calendar.next(opens) >= at:
                return calendar.next(opens) if self._is_work(item) else max(opens, at)
        raise LookupError("No opening is left.")

    def _from(self, item: Item, start: int) -> tuple[int, int]:
        if item.length.unit in ("pay_period", "term"):
            start, finish = self._whole(item, item.length.unit, item.length.amount, start)
        elif item.length.unit == "elapsed":
            finish = start + item.length.amount
        else:
            calendar, amount = self._time(item)
            finish = calendar.add(start, amount)
        for more in item.extra:
            finish = self._rest(item, finish, more.unit, more.amount)
        return start, finish

    def _back(self, item: Item, finish: int) -> int:
        """The latest start with which it ends by a moment."""
        assert item.length.unit not in ("pay_period", "term"), "No programme sets the finish of whole periods."
        if item.length.unit == "elapsed":
            return finish - item.length.amount
        calendar, amount = self._time(item)
        return calendar.add(finish, -amount)

    # What has happened

    def _reported(self, item: Item) -> Dates:
        """Done work stays where it was. The rest of begun work goes on from the data date, and may have to wait."""
        report, calendar = item.report, self.calendar_of(item)
        start = minute(report.started)
        working = self._is_work(item)
        if item.length.amount == 0:
            return Dates(start, start, logic=start)
        if working and calendar.next(start) < start + DAY:
            start = calendar.next(start)
        if report.finished is not None:
            finish = minute(report.finished) + DAY
            if working and calendar.last(finish) > finish - DAY:
                finish = calendar.last(finish)
            return Dates(start, max(start, finish), logic=start)
        on = self.programme.on
        bound_start, bound_finish = self.bounds(item) if self.programme.retained else (LONG_AGO, LONG_AGO)
        resume = max(on, bound_start)
        if report.remaining is None:
            left = self._left(item, start, on)
            if bound_start <= start:
                _, finish = self._from(item, start)
                finish = max(finish, on)
            else:
                finish = max(self._from(item, start)[1], self._rest(item, resume, *left))
            if bound_finish > finish:
                finish = max(finish, self._held(item, item.length.unit, bound_finish))
            return Dates(start, finish, logic=start, resume=resume, rest=left)
        length = self.programme.length(report.remaining)
        first = item.calendar.next(resume)
        # A wait on the clock goes on when people do.
        is_today = length.unit == "elapsed" and resume == on and first < on + DAY
        finish = self._rest(item, first if is_today else resume, length.unit, length.amount)
        if bound_finish > finish:
            finish = max(finish, self._held(item, length.unit, bound_finish))
        return Dates(start, finish, logic=start, resume=resume, rest=(length.unit, length.amount))

    def _held(self, item: Item, unit: str, bound: int) -> int:
        """Where begun work ends that may not end before a moment: whole periods where one closes."""
        if unit in ("pay_period", "term"):
            return next(closes for _, closes in item.periods[unit] if self._last_call(item, closes) >= bound)
        if unit == "elapsed" or item.length.amount == 0:
            return bound
        return (item.term if unit == "school" else self.calendar_of(item)).last(bound)

    def _left(self, item: Item, start: int, on: int) -> tuple[str, int]:
        """The unreported rest of begun work on the data date: what has not passed since its start."""
        if item.length.unit == "elapsed":
            return "elapsed", max(start + item.length.amount - on, 0)
        if item.length.unit in ("pay_period", "term"):
            _, planned = self._from(item, start)
            ahead = [o for o, _ in item.periods[item.length.unit] if o < planned and self._last_call(item, o) >= on]
            return item.length.unit, len(ahead)
        calendar, amount = self._time(item)
        return "working", max(amount - (calendar.work(on) - calendar.work(start)), 0)

    def _rest(self, item: Item, resume: int, unit: str, amount: int) -> int:
        if unit == "elapsed" or amount == 0:
            return resume + amount
        if unit == "school":
            return item.term.add(resume, round(amount * 5 * self.day))
        if unit in ("pay_period", "term"):
            return self._whole(item, unit, amount, resume)[1]
        calendar = self.calendar_of(item)
        return calendar.add(calendar.next(resume), amount)


class Naive(Early):
    """All tasks of a programme with their early and their late dates."""

    def __init__(self, programme: Expanded) -> None:
        super().__init__(programme)
        self.pass_forward()
        if max(d.finish for d in self.dates.values()) > minute(LAST):
            raise LookupError("Beyond all calendars.")
        self.end = max(d.finish for d in self.dates.values())
        self._pass_backward()
        self.held = {i.id: self.dates[i.id].late_start for i in self.order if self._is_held(i)}
        if self.held:
            self.pass_forward()
            self._pass_backward()

    def _pass_backward(self) -> None:
        for item in reversed(self.order):
            self._late(item)

    def _is_held(self, item: Item) -> bool:
        """As late as possible takes all float, and moves what waits for it within its own."""
        set_dates = {"must_start", "must_finish"} & item.dates.keys()
        dates = self.dates[item.id]
        return item.alap and item.report is None and not set_dates and dates.late_start > dates.start

    # Late dates

    def _late(self, item: Item) -> None:
        dates = self.dates[item.id]
        latest, cap = self.end, NEVER
        for limit in (item.deadline, item.dates.get("finish_no_later")):
            latest = min(latest, limit if limit is not None else NEVER)
        cap = self._start_no_later(item)
        for tie in item.after:
            x = self._latest(tie)
            if tie.type[0] == "F":
                latest = min(latest, x)
            else:
                cap = min(cap, x)
        calendar = self.calendar_of(item)
        if self._is_done(item):
            dates.late_start, dates.late_finish = dates.start, dates.finish
            return
        if item.report is not None:
            dates.late_start = dates.start
            latest = min(latest, item.dates.get("must_finish", latest))
            dates.late_finish = calendar.last(latest) if self._is_work(item) and dates.rest[1] else latest
            dates.late_resume = self._late_resume(item, dates, latest)
            dates.float = self._slack(item, dates.finish, dates.late_finish)
            return
        at = dates.start
        if (day := item.dates.get("must_start")) is not None:
            first = item.calendar.next(day) if self._is_work(item) else day
            cap, at = min(cap, first), max(dates.start, dates.logic)
        elif (day := item.dates.get("must_finish")) is not None:
            latest, at = min(latest, day), max(dates.start, dates.logic)
        dates.late_start, dates.late_finish = self._as_late(item, latest, cap)
        dates.float = min(self._slack(item, at, dates.late_start), self._slack(item, dates.finish, dates.late_finish))

    def _late_resume(self, item: Item, dates: Dates, latest: int) -> int:
        """When the rest of begun work must go on; whole periods end where one closes."""
        unit, amount = dates.rest
        if not amount:
            return dates.late_finish
        if unit in ("pay_period", "term"):
            periods = item.late_periods[unit]
            last = max((n for n, (_, closes) in enumerate(periods) if closes <= latest), default=-1)
            if last + 1 < amount:
                raise LookupError("No period is early enough.")
            dates.late_finish = periods[last][1]
            return self._last_call(item, max(periods[last - amount + 1][0], dates.start, self.programme.on))
        calendar = item.term if unit == "school" else self.calendar_of(item)
        if unit == "elapsed":
            return dates.late_finish - amount
        left = round(amount * 5 * self.day) if unit == "school" else amount
        return calendar.begin(max(calendar.work(dates.late_finish) - left, 0))

    def _start_no_later(self, item: Item) -> int:
        """The first moment of work on that day; on a day off, its midnight."""
        day = item.dates.get("start_no_later", NEVER)
        if not self._is_work(item):
            return day
        first = item.calendar.next(day)
        return first if first < day + DAY else day

    def _slack(self, item: Item, at: int, late: int) -> int:
        """The time between two moments as its float is counted: of its calendar, or of the clock."""
        if item.length.unit == "elapsed":
            return late - at
        return item.measured.work(late) - item.measured.work(at)

    def _ends_with(self, item: Item, unit: str, finish: int) -> int:
        """The last moment that a finish is no earlier than, as far as its time passes."""
        if unit in ("pay_period", "term"):
            return self._last_call(item, finish)
        if unit == "elapsed" or item.length.amount == 0:
            return finish
        return (item.term if unit == "school" else self.calendar_of(item)).next(finish)

    def _begun_ends_with(self, item: Item) -> int:
        """The same of begun work: held later than it ends, it ends where a period closes."""
        dates, unit = self.dates[item.id], self.dates[item.id].rest[0]
        if unit in ("pay_period", "term"):
            closes = max((c for _, c in item.late_periods[unit] if c <= dates.late_finish), default=LONG_AGO)
            return max(min(dates.finish, dates.late_finish), self._last_call(item, closes))
        return self._ends_with(item, unit, dates.late_finish)

    def _latest(self, tie: Tie) -> int:
        """The latest moment of a predecessor's end with which its successor keeps its own late dates."""
        after, dates = tie.after, self.dates[tie.after.id]
        start, finish = dates.late_start, dates.late_finish
        if self._is_done(after):
            return NEVER
        if after.report is not None:
            if not self.programme.retained:
                return NEVER
            limit = self._begun_ends_with(after) if tie.type[1] == "F" else dates.late_resume
        elif tie.type[1] == "F":
            limit = self._ends_with(after, after.length.unit, finish)
        elif after.length.unit in ("pay_period", "term"):
            limit = self._last_call(after, start)
        else:
            limit = start
        before = tie.before
        if tie.lag.unit == "percent" and before.length.unit in ("pay_period", "term") and before.report is None:
            periods, amount = before.late_periods[before.length.unit], before.length.amount
            for (start, _), (_, finish) in reversed(list(zip(periods, periods[amount - 1 :], strict=False))):
                at = finish if tie.type[0] == "F" else start
                if self._share_of_periods(tie, at, start, finish) <= limit:
                    return at
            raise LookupError("No period is early enough.")
        return self._last_that_keeps(tie, limit)

    def _last_that_keeps(self, tie: Tie, limit: int) -> int:
        """Search for the last moment of a predecessor's end after which its link leads to a limit or before."""
        step, low = DAY, limit
        while not self._keeps(tie, low, limit):
            low, step = low - step, 4 * step
            if step > 10**6 * DAY:
                raise LookupError("Nothing is early enough.")
        high, step = low + step, DAY
        while self._keeps(tie, high, limit):
            low, high, step = high, high + step, 4 * step
            if step > 4000 * DAY:
                return low
        while high - low > 1:
            middle = (low + high) // 2
            if self._keeps(tie, middle, limit):
                low = middle
            else:
                high = middle
        return low

    def _keeps(self, tie: Tie, at: int, limit: int) -> bool:
        try:
            return self._after(tie, at, late=True) <= limit
        except LookupError:
            return False

    def _as_late(self, item: Item, latest: int, cap: int) -> tuple[int, int]:
        """Place a task as late as a bound on its finish and one on its start let it."""
        calendar = self.calendar_of(item)
        if item.length.unit in ("pay_period", "term"):
            periods = item.late_periods[item.length.unit]
            for n in range(len(periods) - item.length.amount, -1, -1):
                opens, closes = periods[n][0], periods[n + item.length.amount - 1][1]
                if closes <= latest and opens <= cap:
                    return opens, closes
            raise LookupError("No period is early enough.")
        if self._is_work(item):
            _, amount = self._time(item)
            finish = calendar.last(latest)
            start = calendar.add(finish, -amount)
            if cap < start:
                # In a break it has to start before that: it would land behind it.
                start = cap if calendar.next(cap) == cap else calendar.add(cap, -1)
                finish = calendar.add(start, amount)
        else:
            start = min(latest - item.length.amount, cap)
            finish = start + item.length.amount
        if item.starts_on is not None:
            opens = (o for o, _ in item.late_periods[item.starts_on])
            fits = [o for o in opens if (calendar.next(o) if self._is_work(item) else o) <= start]
            if not fits:
                raise LookupError("No opening is early enough.")
            start, finish = self._from(item, min(calendar.next(fits[-1]), start))
        return start, finish


def _share(amount: int, percent: int) -> int:
    return round(amount * percent / 100)


def in_order(items: dict[str, Item]) -> list[Item]:
    done: dict[str, Item] = {}
    waiting = list(items.values())
    while waiting:
        ready = [i for i in waiting if all(t.before.id in done for t in i.before)]
        assert ready, "The generator made a loop."
        done |= {i.id: i for i in ready}
        waiting = [i for i in waiting if i.id not in done]
    return list(done.values())
