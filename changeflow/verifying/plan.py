"""Where the tasks of a proof can be. Moments are minutes of the local clock since 1970; `FAR` is beyond any file."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime
from graphlib import TopologicalSorter
from itertools import accumulate, chain
from typing import Any, NamedTuple

DAY, FAR, EPOCH = 24 * 60, 2**33, datetime(1970, 1, 1)  # noqa: DTZ001  (the local clock)
Json = Any
Dates = tuple[int, int]


class Spans:
    """The working time of a calendar, or periods. After the last one in the file comes `FAR`."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        edges = list(chain((-2 * FAR, -FAR), *spans, (FAR, 2 * FAR)))
        if edges != sorted(edges):
            raise ValueError("Working time or periods overlap, or end before they begin.")
        self.opens, self.closes = edges[::2], edges[1::2]
        self.before = [0, *accumulate(z - a for a, z in zip(self.opens, self.closes, strict=True))]

    def work(self, at: int) -> int:
        number = bisect_right(self.opens, at) - 1
        return self.before[number] + min(at, self.closes[number]) - self.opens[number]

    def start(self, at: int, amount: int = 0) -> int:
        """Return the latest moment at which exactly this amount has been worked since `at`; `finish`: the earliest."""
        work = self.work(at) + amount
        number = bisect_right(self.before, work) - 1
        return self.opens[number] + work - self.before[number]

    def finish(self, at: int, amount: int = 0) -> int:
        return self.start(at, amount - 1) + 1


CLOCK = Spans([(-FAR, FAR)])


class Length(NamedTuple):
    """A number of whole periods, or a number of minutes within some hours."""

    amount: int
    hours: Spans = CLOCK
    whole: Spans | None = None


class ProvedTask:
    """A task, or what is left of begun work: how long it takes and when it can start. Finished work has none left."""

    def __init__(self, row: Json, plan: "Plan") -> None:
        given = self.given = {name: minute(at) for name, at in row["given"].items()}
        self.row, self.on, self.into, self.out = row, plan.on, list[ProvedLink](), list[ProvedLink]()
        self.is_begun, self.is_done = "began" in given, "ended" in given
        self.early: Dates = (minute(row["start"]), minute(row["finish"]))
        self.late: Dates = (minute(row["late_start"]), minute(row["late_finish"]))
        amount, unit, on = row["duration"]
        self.people = plan.hours[on if unit == "working" else row["calendar"]]
        self.floats = CLOCK if unit == "elapsed" else plan.hours[row.get("floats_on", row["calendar"])]
        self.length = self.planned = plan.length(row["duration"]) if amount or unit != "working" else Length(0)
        start = self.people.start(plan.start) if unit == "elapsed" and "starts_on" not in row else plan.start
        late = self.late[0] if "as_late_as_possible" in row else start
        self.floor = max(start, plan.on, late, given.get("start_no_earlier", start))
        self.last_finish = min(plan.end, *(given.get(x, FAR) for x in ("deadline", "finish_no_later", "must_finish")))
        if self.is_done:
            self.length, self.floor, self.last_finish = Length(0), given["ended"], given["ended"]
        elif self.is_begun:
            self.floor = self.go_on(max(given["began"], plan.on), plan)
        whole, begin = self.length.whole if self.length.amount else None, self.length.hours.start
        window = plan.periods[row["starts_on"]] if "starts_on" in row else whole
        opens = window.opens if window else []
        self.starts = [whole.opens[bisect_left(whole.opens, at)] if whole else begin(at) for at in opens]
        must, no_later = begin(given.get("must_start", FAR)), given.get("start_no_later", FAR)
        self.last_start = min(must, begin(no_later) if begin(no_later) < no_later + DAY else no_later)

    def go_on(self, since: int, plan: "Plan") -> int:
        """Set how much is left of begun work, as reported or planned; return when it resumes."""
        if "left" in self.row:
            self.length, work = plan.length(self.row["left"]), self.people.start(since)
            return work if self.row["left"][1] == "elapsed" and work < since + DAY else since
        length, end = self.planned, self.after(self.planned, self.given["began"])
        left = bisect_right(range(1, length.amount + 1), end, key=lambda n: self.after(Length(n, *length[1:]), since))
        self.length, self.given["finish_no_earlier"] = length._replace(amount=left), end
        return since

    def number(self, ends: list[int], at: int) -> int:
        """Return the number of the first end that counts: each counts until people next work, or for a week."""
        number = min(bisect_left(ends, at), len(ends) - 1)
        return number - 1 if number and min(self.people.start(was := ends[number - 1]), was + 7 * DAY) >= at else number

    def after(self, length: Length, at: int) -> int:
        """Return the moment that is this length after another."""
        amount, hours, whole = length
        if whole and amount:
            return whole.closes[min(self.number(whole.opens, at) + amount, len(whole.closes)) - 1]
        return hours.finish(at, amount) if amount > 0 else hours.start(at, amount) if amount else at

    def lands(self, at: int) -> int:
        """Return its earliest start at or after a moment."""
        if not self.starts:
            return self.length.hours.start(at) if self.length.amount else at
        if self.length.whole:
            return self.starts[self.number(self.starts, at)]
        number = min(bisect_left(self.starts, at), len(self.starts) - 1)
        return at if number and self.people.start(self.starts[number - 1]) >= at else self.starts[number]

    def place(self, at: int) -> Dates:
        """Return its dates if it starts or resumes as soon as it can, at or after a moment."""
        start = self.lands(at)
        return self.given["began"] if self.is_begun else start, self.after(self.length, start)

    def reach(self, finish: int) -> Dates:
        """Return its first dates that end no earlier."""
        return self.place(first(lambda at: self.place(at)[1] >= finish, finish))

    def stops(self, at: int) -> int:
        """Return the first finish that counts as no earlier than a moment."""
        whole = self.length.whole if self.length.amount or at > self.floor else None
        return whole.closes[self.number(whole.closes, at)] if whole else self.length.hours.finish(at)

    def earliest(self) -> tuple[Dates, set[int], int]:
        """Return its earliest dates, the links that allow no earlier ones, and its finish if no date was set."""
        reached = {link.number: self.reach(link.needs(link.before.early)) for link in self.into}
        held = [self.reach(self.stops(at)) for limit, at in self.given.items() if limit == "finish_no_earlier"]
        dates = max([self.place(self.floor), *held, *reached.values()])
        at, finish = self.given.get("must_start"), self.given.get("must_finish")
        if at is None and finish is not None:
            at = self.lands(first(lambda x: self.place(x)[1] > finish, finish) - 1)
        if at is not None and at >= self.on:
            return self.place(at), set(), dates[1]
        has_none_left = self.length.whole and not self.length.amount
        return dates, {number for number, each in reached.items() if each == dates or has_none_left}, dates[1]

    def fits(self, dates: Dates) -> bool:
        """Return whether late dates are within its limits and do not delay its successors' late dates."""
        links = (link for link in self.out if link.from_finish or not self.is_begun)
        is_kept = dates[0] <= self.last_start and dates[1] <= self.last_finish
        return is_kept and all(link.needs(dates, is_late=True) <= link.after.late[1] for link in links)

    def spares(self, slip: int) -> bool:
        """Return whether it can slip by an amount before a successor moves."""
        start, finish = (self.floats.finish(at, slip) for at in self.early)
        if not self.is_begun:
            start, placed = self.place(first(lambda at: self.lands(at) >= start, start))
            finish = placed if self.starts else max(finish, placed)
        return all(link.needs((start, finish)) <= link.after.early[1] for link in self.out)


class ProvedLink:
    def __init__(self, number: int, row: Json, plan: "Plan") -> None:
        self.number, self.before, self.after = number, plan.tasks[row["from"]], plan.tasks[row["to"]]
        self.from_finish, self.to_finish = (end == "F" for end in row["type"])
        self.lag, self.is_share = plan.length(row["lag"]), row["lag"][1] == "percent"

    def needs(self, dates: Dates, *, is_late: bool = False) -> int:
        """Return the earliest finish that the link allows its successor, given its predecessor's dates."""
        after, planned, lag = self.after, self.before.planned, self.lag
        if self.is_share:
            start = self.before.given.get("began", dates[0])
            worked = lag.hours.work(self.before.after(planned, start)) - lag.hours.work(start)
            lag = lag._replace(amount=round((worked if planned.whole else planned.amount) * lag.amount / 100))
        at = after.after(lag, dates[self.from_finish])
        if self.to_finish:
            return after.stops(at)
        # Work in whole periods that has begun is not late because of something that ends before it resumes.
        is_past = is_late and after.is_begun and after.starts and not after.number([after.floor, FAR], at)
        return -FAR if is_past else after.place(at)[1]


class Plan:
    """The tasks and links of a proof. A link to work that no longer waits for it is ignored."""

    def __init__(self, proof: Json) -> None:
        settings = proof["settings"]
        self.start, self.end = minute(settings["start"]), minute(settings["end"])
        self.on = minute(settings["data_date"]) if settings["data_date"] else -FAR
        hours = [self.worked(runs, proof["hours"]) for runs in proof["working_days"]]
        self.hours = {key: hours[number] for key, number in proof["calendars"].items()}
        self.periods = {k: Spans((minute(a), minute(z) + DAY) for a, z in days) for k, days in proof["periods"].items()}
        if any(x.closes[1:-2] != x.opens[2:-1] for key, x in self.periods.items() if key in ("month", "pay_period")):
            raise ValueError("Months or pay periods do not follow each other.")
        self.tasks = {row["id"]: ProvedTask(row, self) for row in proof["tasks"]}
        for link in [ProvedLink(number, row, self) for number, row in enumerate(proof["links"])]:
            if not link.after.is_done and (settings["retains_logic"] or not link.after.is_begun):
                link.after.into.append(link)
                link.before.out += [] if link.before.is_done else [link]
        TopologicalSorter({k: [x.before.row["id"] for x in t.into] for k, t in self.tasks.items()}).prepare()

    def worked(self, runs: Json, hours: Json) -> Spans:
        """Return the working time of runs of days: the first day, how many, and which hours they have."""
        days = ((range(at := minute(since), at + min(n, 99_999) * DAY, DAY), hours[which]) for since, n, which in runs)
        return Spans((day + a, day + z) for run, spans in days for day in run for a, z in spans)

    def length(self, given: Json) -> Length:
        amount, unit, on = given
        whole = self.periods[on] if unit in ("pay_periods", "terms") else None
        return Length(amount, self.hours[on] if on and not whole else CLOCK, whole)


def first(holds: Callable[[int], bool], near: int) -> int:
    """Return the first number for which a condition holds, if it holds for all later ones; search around `near`."""
    steps = [-FAR, *(min(max(near + days * DAY, -FAR), FAR) for days in (-999, -16, 0, 16, 999)), FAR]
    number = bisect_left(steps, x=True, lo=1, hi=len(steps) - 1, key=holds)
    return steps[number - 1] + bisect_left(range(steps[number - 1], steps[number]), x=True, key=holds)


def minute(text: str) -> int:
    return int((datetime.fromisoformat(text) - EPOCH).total_seconds()) // 60
