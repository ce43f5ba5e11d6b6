"""Levelled plans by hand: whether links and people are kept, minute by minute, and whether plain orders end sooner."""

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

from changeflow.usecases.levelling import level_plan
from tests.oracles.answers import Documents, planned_programme
from tests.oracles.clock import DAY, MIDNIGHT, day_at, minute, text
from tests.oracles.expansion import Expanded, Item
from tests.oracles.naive import LONG_AGO, Dates, Early
from tests.oracles.random_levelling import random_levelling, report_some

STEP = 30
"""Starts are tried each half an hour, as people are booked."""
Spans = list[tuple[int, int, float]]


@dataclass
class LevelTally:
    """How many plans were looked at, and what is wrong with them."""

    programmes: int = 0
    tasks: list[int] = field(default_factory=list)
    moved: int = 0
    hours_later: list[float] = field(default_factory=list)
    """By how much the levelled end is later than that of a plain order, on the same day."""
    features: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, other: "LevelTally") -> None:
        self.programmes += other.programmes
        self.tasks += other.tasks
        self.moved += other.moved
        self.hours_later += other.hours_later
        self.features.update(other.features)
        self.differences += other.differences

    @property
    def is_enough(self) -> bool:
        return self.moved * 2 > self.programmes

    def lines(self) -> Iterable[str]:
        yield f"{self.programmes} programmes, {sum(self.tasks)} tasks, people are short in {self.moved}"
        yield f"{len(self.differences)} disagreements"
        most = max(self.hours_later, default=0)
        yield f"{len(self.hours_later)} end later on the day than a plain order does, by {most:g} hours at most"
        for feature, number in sorted(self.features.items(), key=lambda x: x[1]):
            yield f"{number:6} {feature}"


class People:
    """Teams, and who is booked when."""

    def __init__(self, documents: Documents, hours: Sequence[int]) -> None:
        self.documents = documents
        self.hours = hours
        self.week = len(documents.programme.get("working_week", {}).get("days", range(5)))
        self.booked: dict[str, Spans] = {team: [] for team in documents.rollout["teams"]}
        self.capacity = cache(self._capacity)

    def _capacity(self, team: str, day: int) -> float:
        """People of a team on a day: its days a week, less everyday work, over five; while it is away, what is left."""
        facts = self.documents.rollout["teams"][team]
        days = facts["days_per_week"] - facts.get("backfill", 0)
        for away in facts.get("away", []):
            if minute(away["first_day"]) <= day * DAY <= minute(away["last_day"]):
                days = min(days, away["days_per_week"])
        return days / self.week

    def spans(self, item: Item, start: int, finish: int) -> list[tuple[int, int]]:
        """When a task takes its people: while its calendar works, or without a break."""
        if self.step(item).get("holds_people") or item.length.unit in ("elapsed", "pay_period"):
            return [(start, finish)]
        calendar = item.term if item.length.unit == "school" else item.calendar
        starts, ends = calendar.starts, calendar.ends
        some = range(bisect_right(ends, start), bisect_left(starts, finish))
        return [(max(starts[n], start), min(ends[n], finish)) for n in some]

    def step(self, item: Item) -> Mapping[str, Any]:
        return self.documents.services[0]["tasks"][item.id.rsplit("/", 1)[-1]]

    def short(self, item: Item, start: int, finish: int) -> tuple[str, int] | None:
        """The first team that would be short if a task ran there, and when."""
        for team, need in self.step(item).get("needs", {}).items():
            for a, b in self.spans(item, start, finish):
                booked = [(s, e, n) for s, e, n in self.booked[team] if s < b and e > a]
                moments = {a, b, *range((a // DAY + 1) * DAY, b, DAY)}
                moments.update(m for s, e, _ in booked for m in (s, e) if a < m < b)
                for at, until in pairwise(sorted(moments)):
                    taken = sum([n for s, e, n in booked if s <= at < e])
                    if self.counts(at, until) and taken + need > self.capacity(team, at // DAY) + 1e-9:
                        return team, at
        return None

    def next_hour(self, at: int) -> int:
        """The first moment from here on at which anybody works: what waits for people begins when they come."""
        n = bisect_right(self.hours, at)
        return at if n % 2 == 1 else self.hours[n]

    def counts(self, at: int, until: int) -> bool:
        """Nights do not count: where no task has hours of work, no one is needed."""
        n = bisect_right(self.hours, at)
        return n % 2 == 1 or (n < len(self.hours) and self.hours[n] < until)

    def book(self, item: Item, start: int, finish: int) -> None:
        for team, need in self.step(item).get("needs", {}).items():
            self.booked[team] += [(a, b, need) for a, b in self.spans(item, start, finish)]


def _hours(items: Iterable[Item]) -> list[int]:
    """The edges of the time in which anybody works: where it begins, where it ends, and so on."""
    calendars = {id(c): c for i in items for c in (i.calendar, i.term)}.values()
    edges: list[int] = []
    for start, end in sorted(span for c in calendars for span in zip(c.starts, c.ends, strict=True)):
        if edges and start <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        else:
            edges += [start, end]
    return edges


def compare_levelling(seed: int, tally: LevelTally, *, seconds: float, orders: int = 25) -> None:
    """Look at a levelled plan, and try plain orders against it."""
    documents = random_levelling(seed)
    expanded = Expanded(documents)
    report_some(documents, expanded, seed)
    programme = planned_programme(documents)
    try:
        levelled = level_plan(programme, seconds=seconds, seed=1)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is no answer)
        tally.differences.append(f"{seed} has no answer: {type(error).__name__}: {error}")
        return
    early = Early(expanded)
    early.pass_forward()
    first = max(d.finish for d in early.dates.values())
    offset = int((MIDNIGHT - datetime(1970, 1, 1)).total_seconds()) // 60
    dates = {t: (a - offset, b - offset) for t, (a, b) in levelled.after.items()}
    tally.programmes += 1
    tally.tasks.append(len(early.order))
    tally.features.update(documents.features)
    hours = _hours(early.order)
    tally.differences += [f"{seed} {text}" for text in _wrong(People(documents, hours), early, dates)]
    end = max(f for _, f in dates.values())
    tally.moved += end > first
    best, people = end, People(documents, hours)
    for n in range(orders):
        best = min(best, _placed_in_order(people, expanded, seed * 1000 + n, before=best))
    if end > best and (day_at(end - 1) == day_at(best - 1) or not people.counts(best, end)):
        tally.hours_later.append((end - best) / 60)
    elif end > best:
        tally.differences.append(f"{seed} ends {text(end)}, an order ends {text(best)}")


def _wrong(people: People, early: Early, dates: Mapping[str, tuple[int, int]]) -> Iterable[str]:
    for item in early.order:
        early.dates[item.id] = Dates(*dates[item.id])
    for item in (i for i in early.order if i.report is not None):
        stays = early._early(item)
        people.book(item, stays.start, stays.finish)
        if (stays.start, stays.finish) != dates[item.id]:
            yield f"{item.id} has begun, and does not stay at {text(stays.start)} to {text(stays.finish)}"
    for item in (i for i in early.order if i.report is None):
        start, finish = dates[item.id]
        bound, least = _bounds(early, item)
        first = early._placed(item, bound, least)
        if item.calendar.work(start) < item.calendar.work(first.start):
            yield f"{item.id} starts {text(start)}, before {text(first.start)}"
        again = early._placed(item, max(start, bound), least)
        if (again.start, again.finish) != (start, finish):
            wrong, right = (f"{text(a)} to {text(b)}" for a, b in ((start, finish), (again.start, again.finish)))
            yield f"{item.id} takes other time: {wrong}, and not {right}"
        if (short := people.short(item, start, finish)) is not None:
            yield f"{item.id} at {text(start)}: {short[0]} is short at {text(short[1])}"
        people.book(item, start, finish)


def _placed_in_order(people: People, expanded: Expanded, seed: int, *, before: int) -> int:
    """Place tasks one after the other, whatever comes first by chance, each as early as its people are free.

    Return when the last one ends. Once that is no longer before a moment, the order is of no use, and is left.
    """
    pick, early = random.Random(seed), Early(expanded)
    people.booked = {team: [] for team in people.booked}
    waiting, end = [i for i in early.order if i.report is None], 0
    for item in (i for i in early.order if i.report is not None):
        early.dates[item.id] = dates = early._early(item)
        people.book(item, dates.start, dates.finish)
        end = max(end, dates.finish)
    while waiting and end < before:
        ready = [i for i in waiting if all(t.before.id in early.dates for t in i.before)]
        item = pick.choice(ready)
        waiting.remove(item)
        at, least = _bounds(early, item)
        while True:
            dates = early._placed(item, at, least)
            if (short := people.short(item, dates.start, dates.finish)) is None:
                break
            # A task that starts before the shortage is still at work in it; whole periods are missed after a week.
            later = dates.start + ((short[1] - dates.start) // STEP + 1) * STEP
            later = max(later, dates.start + 7 * DAY + 1 if item.length.unit == "pay_period" else later)
            at = people.next_hour(max(at, later))
        people.book(item, dates.start, dates.finish)
        early.dates[item.id] = dates
        end = max(end, dates.finish)
    return end


def _bounds(early: Early, item: Item) -> tuple[int, int]:
    """The earliest start and the earliest finish that links and dates allow."""
    start, finish = early.bounds(item)
    floor = item.calendar.next(item.floor) if item.length.unit == "elapsed" else item.floor
    on = early.programme.on or floor
    return max(start, floor, on, item.dates.get("start_no_earlier", LONG_AGO)), finish


def compare_levelling_of(seeds: Iterable[int], *, seconds: float = 0.1) -> LevelTally:
    tally = LevelTally()
    for seed in seeds:
        compare_levelling(seed, tally, seconds=seconds)
    return tally
