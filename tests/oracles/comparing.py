"""Naive dates beside the engine's, task by task, and counts of what was tried."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from tests.oracles.answers import Documents, planned
from tests.oracles.clock import minute_of_text, text
from tests.oracles.expansion import Expanded, Item
from tests.oracles.naive import Naive
from tests.oracles.pushing import pushed
from tests.oracles.random_programmes import random_programme


@dataclass
class Tally:
    """What was compared, and where the two differ."""

    programmes: int = 0
    tasks: list[int] = field(default_factory=list)
    features: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.programmes += other.programmes
        self.tasks += other.tasks
        self.features.update(other.features)
        self.differences += other.differences

    def lines(self) -> Iterable[str]:
        yield f"{self.programmes} programmes, {sum(self.tasks)} tasks, {median(self.tasks or [0]):g} in the median"
        yield f"{len(self.differences)} disagreements"
        for feature, number in sorted(self.features.items(), key=lambda x: x[1]):
            yield f"{number:6} {feature}"


def compare(documents: Documents, name: str, tally: Tally) -> None:
    """Plan a programme twice, and keep what differs."""
    expanded = Expanded(documents)
    naive = Naive(expanded)
    tally.programmes += 1
    tally.tasks.append(len(naive.order))
    tally.features.update(documents.features)
    try:
        rows = planned(documents)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is no answer)
        tally.differences.append(f"{name} has no answer: {type(error).__name__}: {error}")
        return
    if rows.keys() != naive.dates.keys():
        tally.differences.append(f"{name}: other tasks: {sorted(rows.keys() ^ naive.dates.keys())}")
        return
    for item in naive.order:
        for what, ours, theirs in _fields(naive, item, rows[item.id]):
            tally.differences.append(f"{name} {item.id} {what}: {ours} right, {theirs} planned")
    tally.differences += [f"{name} {found}" for found in pushed(naive, rows)]


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
    if abs(dates.float - int(str(row["total_float"]))) > 1:
        yield "total_float", dates.float, row["total_float"]


def compare_seeds(seeds: Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        compare(random_programme(seed), str(seed), tally)
    return tally
