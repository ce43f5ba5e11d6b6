"""Naive dates beside the engine's, task by task, and counts of what was tried."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from statistics import median

from changeflow.programme.programme import Programme
from changeflow.rules.engine import judge
from changeflow.verifying.check import check
from tests.oracles.answers import Documents, joined, rows_of
from tests.oracles.clock import DAY, NEVER, day_at, minute_of_text, text
from tests.oracles.expansion import Item
from tests.oracles.naive import Naive
from tests.oracles.pushing import pushed
from tests.oracles.random_programmes import FEATURES, random_programme
from tests.verifying.reports import dates_report

LEAST_TASKS = 40
"""That many tasks has the median programme at least, and two of three programmes have each feature."""


@dataclass
class Tally:
    """What was compared, and where the two differ."""

    programmes: int = 0
    tasks: list[int] = field(default_factory=list)
    features: Counter[str] = field(default_factory=Counter)
    pushed: int = 0
    differences: list[str] = field(default_factory=list)
    proved: int = 0
    """Programmes whose report holds for the checker."""
    unproved: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.programmes += other.programmes
        self.tasks += other.tasks
        self.pushed += other.pushed
        self.features.update(other.features)
        self.differences += other.differences

    @property
    def rare(self) -> dict[str, int]:
        """The features that too few of the programmes have."""
        return {f: self.features[f] for f in FEATURES if self.features[f] * 3 < self.programmes * 2}

    @property
    def is_enough(self) -> bool:
        return median(self.tasks or [0]) >= LEAST_TASKS and not self.rare

    def lines(self) -> Iterable[str]:
        yield f"{self.programmes} programmes, {sum(self.tasks)} tasks, {median(self.tasks or [0]):g} in the median"
        yield f"{self.pushed} tasks pushed to their late dates and beyond"
        yield f"{len(self.differences)} disagreements, {len(self.rare)} features too rare"
        for feature, number in sorted(self.features.items(), key=lambda x: x[1]):
            yield f"{number:6} {feature}"


@dataclass
class Case:
    """A programme with its dates by hand."""

    documents: Documents
    naive: Naive

    @cached_property
    def programme(self) -> Programme:
        return joined(self.documents)


@lru_cache(maxsize=32)
def case_of(seed: int) -> Case:
    return Case(*random_programme(seed))


def compare(case: Case, name: str, tally: Tally, *, with_proof: bool = False) -> None:
    """Plan a programme, and keep what differs from its dates by hand."""
    naive = case.naive
    tally.programmes += 1
    tally.tasks.append(len(naive.order))
    tally.features.update(case.documents.features)
    try:
        judged = judge(case.programme)
        rows = rows_of(judged)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is no answer)
        tally.differences.append(f"{name} has no answer: {type(error).__name__}: {error}")
        return
    if rows.keys() != naive.dates.keys():
        tally.differences.append(f"{name}: other tasks: {sorted(rows.keys() ^ naive.dates.keys())}")
        return
    for item in naive.order:
        for what, ours, theirs in _fields(naive, item, rows[item.id]):
            tally.differences.append(f"{name} {item.id} {what}: {ours} right, {theirs} planned")
    if with_proof:
        problems = check(json.loads(dates_report(judged.programme)))
        tally.proved += not problems
        tally.unproved += [f"{name} {problem}" for problem in problems]
    tasks, found = pushed(naive, rows)
    tally.pushed += tasks
    tally.differences += [f"{name} {text}" for text in found]


def _fields(naive: Naive, item: Item, row: dict[str, object]) -> Iterable[tuple[str, object, object]]:
    """What differs. Two moments without working time between them are one.

    A late date may be a minute apart: whether the moment before a start counts as the start is a convention. So may any
    date where a task is as late as possible.
    """
    dates, calendar = naive.dates[item.id], item.calendar
    by_clock = item.length.unit in ("elapsed", "pay_period", "term")
    for what, ours in (
        ("early_start", dates.start), ("early_finish", dates.finish),
        ("late_start", dates.late_start), ("late_finish", dates.late_finish),
    ):  # fmt: skip
        theirs = minute_of_text(str(row[what]))
        apart = abs(calendar.work(ours) - calendar.work(theirs))
        is_exact = what[0] == "e" and not naive.held
        if apart > (not is_exact) or (is_exact and by_clock and ours != theirs):
            yield what, text(ours), text(theirs)
    ours = min(dates.float, _a_day_late(item, dates.finish, row))
    if abs(ours - int(str(row["total_float"]))) > 1:
        yield "total_float", ours, row["total_float"]


def _a_day_late(item: Item, finish: int, row: Mapping[str, object]) -> int:
    """A milestone on a later day than its deadline is late, even if there is no working time between the two.

    Its float is then the time until the end of the day on which people work again. The plan shows which day it is on.
    """
    if (
        not item.is_milestone
        or item.deadline is None
        or item.measured.work(item.deadline) != item.measured.work(finish)
    ):
        return NEVER
    if str(row["day"]) <= str(day_at(item.deadline - 1)):
        return NEVER
    end = (item.measured.next(finish) // DAY + 1) * DAY
    return item.measured.work(finish) - item.measured.work(end)


def compare_seeds(seeds: Iterable[int], *, with_proof: bool = False) -> Tally:
    tally = Tally()
    for seed in seeds:
        compare(case_of(seed), str(seed), tally, with_proof=with_proof)
    return tally
