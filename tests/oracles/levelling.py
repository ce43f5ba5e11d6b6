"""Levelled plans by hand: whether links and people are kept, minute by minute, and whether plain orders end sooner."""

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from changeflow.usecases.levelling import level_plan
from tests.oracles.answers import Documents, planned_programme
from tests.oracles.clock import DAY, MIDNIGHT, day_at, minute, text
from tests.oracles.expansion import Expanded, Item
from tests.oracles.naive import LONG_AGO, Dates, Early

TEAMS = ("ict", "trainers")
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


def random_levelling(seed: int) -> Documents:
    """Return a small programme whose teams are too small for it."""
    pick = random.Random(f"levelling {seed}")
    start = date(2027, 1, 11) + timedelta(days=pick.randrange(60))
    features: set[str] = set()
    tasks: dict[str, dict[str, Any]] = {}
    for n in range(pick.randint(5, 8)):
        step: dict[str, Any] = {"duration": f"{pick.randint(2, 30) / 2:g}h", "per": pick.choice(("service", "wave"))}
        step["calendar"] = pick.choice(("office", "office", "term", "every_day"))
        features.add(f"calendar {step['calendar']}")
        step["needs"] = {pick.choice(TEAMS): pick.choice((0.5, 1, 1, 1.5))}
        if pick.random() < 0.3:
            features.add("two teams")
            step["needs"] = dict.fromkeys(TEAMS, 0.5)
        if pick.random() < 0.3:
            features.add("holds people")
            step["holds_people"] = True
        if pick.random() < 0.2:
            features.add("start no earlier")
            step["start_no_earlier"] = start + timedelta(days=pick.randrange(12))
        names = list(tasks)
        if names and pick.random() < 0.6:
            features.add("link")
            step["after"] = [pick.choice(names[-3:]) + pick.choice(("", "", " FS+3h", " SS+4h", " FS-2h"))]
        tasks[f"t{n}"] = step
    teams: dict[str, Any] = {}
    for team in TEAMS:
        teams[team] = {"days_per_week": pick.choice((7.5, 10, 12.5)), "backfill": pick.choice((0, 0, 2.5))}
        if teams[team]["days_per_week"] - teams[team]["backfill"] < 7.5:
            teams[team]["backfill"] = 0
        if pick.random() < 0.4:
            features.add("away")
            first = start + timedelta(days=pick.randrange(5))
            teams[team]["away"] = [
                {"first_day": first, "last_day": first + timedelta(days=pick.randrange(3)), "days_per_week": 2.5}
            ]
    terms = [("Spring", date(2027, 1, 5), date(2027, 3, 19)), ("Summer", date(2027, 4, 6), date(2027, 7, 20))]
    return Documents(
        programme={
            "programme": "p", "name": "P", "organisation": "O", "office": {"email": "office@example.org"},
            "start": start,
            "waves": [{"id": f"w{s}", "name": s, "schools": [s]} for s in ("x", "y")],
        },
        services=[{"service": "one", "name": "one", "pathway": "none", "tasks": tasks}],
        schools=[{"id": s, "name": s, "phase": "primary", "authority": "la"} for s in ("x", "y")],
        calendars=[
            {"calendar": "trust", "terms": [{"name": n, "first_day": a, "last_day": b} for n, a, b in terms]},
        ],
        rollout={"teams": teams},
        features=features,
    )  # fmt: skip


class People:
    """Teams, and who is booked when."""

    def __init__(self, documents: Documents, items: Iterable[Item]) -> None:
        self.documents = documents
        self.worked = {
            at // DAY for calendar in {id(i.calendar): i.calendar for i in items}.values() for at in calendar.starts
        }
        self.week = len(documents.programme.get("working_week", {}).get("days", range(5)))
        self.booked: dict[str, Spans] = {team: [] for team in documents.rollout["teams"]}

    def capacity(self, team: str, day: int) -> float:
        """People of a team on a day: its days a week, less everyday work, over five; while it is away, what is left."""
        facts = self.documents.rollout["teams"][team]
        days = facts["days_per_week"] - facts.get("backfill", 0)
        for away in facts.get("away", []):
            if minute(away["first_day"]) <= day * DAY <= minute(away["last_day"]):
                days = min(days, away["days_per_week"])
        return days / self.week

    def spans(self, item: Item, start: int, finish: int) -> list[tuple[int, int]]:
        """When a task takes its people: while its calendar works, or without a break."""
        if self.step(item).get("holds_people"):
            return [(start, finish)]
        starts, ends = item.calendar.starts, item.calendar.ends
        some = range(bisect_right(ends, start), bisect_left(starts, finish))
        return [(max(starts[n], start), min(ends[n], finish)) for n in some]

    def step(self, item: Item) -> Mapping[str, Any]:
        return self.documents.services[0]["tasks"][item.id.rsplit("/", 1)[-1]]

    def short(self, item: Item, start: int, finish: int) -> tuple[str, int] | None:
        """The first team that would be short if a task ran there, and when."""
        for team, need in self.step(item).get("needs", {}).items():
            for a, b in self.spans(item, start, finish):
                moments = {a} | {s for s, _, _ in self.booked[team] if a < s < b}
                moments |= {d * DAY for d in range(a // DAY + 1, (b - 1) // DAY + 1)}
                for at in sorted(moments):
                    taken = sum(n for s, e, n in self.booked[team] if s <= at < e)
                    if self.counts(at, b) and taken + need > self.capacity(team, at // DAY) + 1e-9:
                        return team, at
        return None

    def counts(self, at: int, until: int) -> bool:
        """Nights do not count: nobody is asked for at a moment after which no hours of any task come on that day."""
        return at % DAY < 990 and at // DAY in self.worked

    def book(self, item: Item, start: int, finish: int) -> None:
        for team, need in self.step(item).get("needs", {}).items():
            self.booked[team] += [(a, b, need) for a, b in self.spans(item, start, finish)]


def compare_levelling(seed: int, tally: LevelTally, *, seconds: float, orders: int = 25) -> None:
    """Look at a levelled plan, and try plain orders against it."""
    documents = random_levelling(seed)
    programme = planned_programme(documents)
    try:
        levelled = level_plan(programme, seconds=seconds, seed=1)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is no answer)
        tally.differences.append(f"{seed} has no answer: {type(error).__name__}: {error}")
        return
    expanded = Expanded(documents)
    early = Early(expanded)
    early.pass_forward()
    first = max(d.finish for d in early.dates.values())
    offset = int((MIDNIGHT - datetime(1970, 1, 1)).total_seconds()) // 60
    dates = {t: (a - offset, b - offset) for t, (a, b) in levelled.after.items()}
    tally.programmes += 1
    tally.tasks.append(len(early.order))
    tally.features.update(documents.features)
    tally.differences += [f"{seed} {text}" for text in _wrong(documents, early, dates)]
    end = max(f for _, f in dates.values())
    tally.moved += end > first
    best = min(_placed_in_order(documents, expanded, seed * 1000 + n) for n in range(orders))
    if end > best and day_at(end - 1) == day_at(best - 1):
        tally.hours_later.append((end - best) / 60)
    elif end > best:
        tally.differences.append(f"{seed} ends {text(end)}, an order ends {text(best)}")


def _wrong(documents: Documents, early: Early, dates: Mapping[str, tuple[int, int]]) -> Iterable[str]:
    people = People(documents, early.order)
    for item in early.order:
        early.dates[item.id] = Dates(*dates[item.id])
    for item in early.order:
        start, finish = dates[item.id]
        bound = max(early.bounds(item)[0], item.floor, item.dates.get("start_no_earlier", LONG_AGO))
        if item.calendar.work(start) < item.calendar.work(bound):
            yield f"{item.id} starts {text(start)}, before {text(bound)}"
        if item.calendar.next(start) != start or item.calendar.add(start, round(item.length.amount)) != finish:
            yield f"{item.id} takes other time: {text(start)} to {text(finish)}"
        if (short := people.short(item, start, finish)) is not None:
            yield f"{item.id} at {text(start)}: {short[0]} is short at {text(short[1])}"
        people.book(item, start, finish)


def _placed_in_order(documents: Documents, expanded: Expanded, seed: int) -> int:
    """Place tasks one after the other, whatever comes first by chance, each as early as its people are free."""
    pick, early = random.Random(seed), Early(expanded)
    people = People(documents, early.order)
    waiting, end = list(early.order), 0
    while waiting:
        ready = [i for i in waiting if all(t.before.id in early.dates for t in i.before)]
        item = pick.choice(ready)
        waiting.remove(item)
        bound = max(early.bounds(item)[0], item.floor, item.dates.get("start_no_earlier", LONG_AGO))
        at = item.calendar.next(bound)
        while True:
            finish = item.calendar.add(at, round(item.length.amount))
            if people.short(item, at, finish) is None:
                break
            at = item.calendar.next(at + STEP)
        people.book(item, at, finish)
        early.dates[item.id] = Dates(at, finish)
        end = max(end, finish)
    return end


def compare_levelling_of(seeds: Iterable[int], *, seconds: float = 0.1) -> LevelTally:
    tally = LevelTally()
    for seed in seeds:
        compare_levelling(seed, tally, seconds=seconds)
    return tally
