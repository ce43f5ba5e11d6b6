"""Odds by hand: durations drawn, the programme placed in each draw by naive arithmetic, and days counted."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from changeflow.usecases.risk import simulate_programme
from tests.oracles.answers import Documents, planned_programme
from tests.oracles.clock import day_at, number
from tests.oracles.expansion import Expanded
from tests.oracles.many import Placed, Times
from tests.oracles.naive import Early, in_order

BAND = 3.29
"""Normal deviates: 999 of 1 000 differences by chance alone lie within."""
OURS, THEIRS = 3000, 1000
"""How often the programme is drawn."""
LINKS = ("", "", " FS+2d", " FS+4ed", " FS+1sw", " FS+1pp", " SS+3d", " FS-1d", " SS+50%", " FS+25%", " FF", " FF+2d",
         " FF+30%", " SF+12d")  # fmt: skip
UNITS = ("d", "h", "w", "ed", "sw", "pp")


@dataclass
class OddsTally:
    """How many odds were compared, and which lie apart."""

    programmes: int = 0
    odds: int = 0
    features: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, other: "OddsTally") -> None:
        self.programmes += other.programmes
        self.odds += other.odds
        self.features.update(other.features)
        self.differences += other.differences

    @property
    def is_enough(self) -> bool:
        return self.odds * 3 > self.programmes * 5

    def lines(self) -> Iterable[str]:
        yield f"{self.programmes} programmes, {self.odds} odds, {len(self.differences)} disagreements"
        for feature, count in sorted(self.features.items(), key=lambda x: x[1]):
            yield f"{count:6} {feature}"


def random_risk(seed: int) -> tuple[Documents, Expanded]:
    """Return a small programme with ranges and events in all units."""
    pick = random.Random(f"risk {seed}")
    start = date(2026, 11, 2) + timedelta(days=pick.randrange(120))
    features: set[str] = set()
    tasks: dict[str, dict[str, Any]] = {}
    for n in range(pick.randint(7, 11)):
        unit = pick.choice(UNITS)
        likely = pick.randint(1, 2) if unit in ("pp", "w", "sw") else pick.randint(3, 15)
        step: dict[str, Any] = {"duration": f"{likely}{unit}", "per": pick.choice(("service", "service", "wave"))}
        if pick.random() < 0.8:
            features.add(f"range in {unit}")
            least = likely if unit in ("pp", "w", "sw") else likely - pick.randint(0, 2)
            step["estimate"] = [f"{least}{unit}", f"{likely}{unit}", f"{likely + pick.randint(1, 6)}{unit}"]
        if unit in ("d", "h", "w") and pick.random() < 0.3:
            step["calendar"] = pick.choice(("term", "every_day"))
        if unit in ("d", "h") and pick.random() < 0.25:
            features.add("window")
            step["starts_on"] = pick.choice(("month", "pay_period", "term"))
        names = list(tasks)
        if names and pick.random() < 0.9:
            step["after"] = [_link(pick, name, tasks, features) for name in pick.sample(names[-3:], min(len(names), 2))]
        tasks[f"t{n}"] = step
    events = []
    for n in range(2):
        unit = pick.choice(("d", "ed", "pp", "sw"))
        features.add(f"event in {unit}")
        most = pick.randint(1, 2) if unit in ("pp", "sw") else pick.randint(4, 20)
        least = most if unit in ("pp", "sw") else pick.randint(1, 3)
        effect = [f"{least}{unit}", f"{least}{unit}", f"{most}{unit}"]
        share = pick.choice((0.2, 0.5, 0.8))
        events.append(
            {"id": f"e{n}", "probability": share, "effect": effect, "tasks": [f"one/{pick.choice(list(tasks))}"]}
        )
    risk = {"distribution": pick.choice(("triangular", "pert")), "events": events}
    features.add(risk["distribution"])
    terms = [
        {"name": f"{name} {year}", "first_day": f"{year}-{first}", "last_day": f"{year}-{last}"}
        for year in range(2025, 2032)
        for name, first, last in (
            ("Spring", "01-06", "03-24"),
            ("Summer", "04-13", "07-20"),
            ("Autumn", "09-02", "12-17"),
        )
    ]
    documents = Documents(
        programme={
            "programme": "p", "name": "P", "organisation": "O", "office": {"email": "office@example.org"},
            "start": start,
            "waves": [{"id": "w1", "name": "w1", "schools": ["x"]}, {"id": "w2", "name": "w2", "schools": ["y"]}],
            "milestones": {"end": {"name": "end", "after": [f"one/{t}" for t in tasks]}},
        },
        services=[{"service": "one", "name": "one", "pathway": "none", "tasks": tasks}],
        schools=[{"id": i, "name": i, "phase": "primary", "authority": "la"} for i in ("x", "y")],
        calendars=[
            {
                "calendar": "trust", "terms": [_dated(t) for t in terms],
                "pay_periods": {"first_month": "2026-09", "months": 48, "payday": 25},
            }
        ],
        risk=risk,
        features=features,
    )  # fmt: skip
    expanded = Expanded(documents)
    early = Early(expanded)
    early.pass_forward()
    planned = day_at(early.dates["programme/end"].finish - 1)
    documents.programme["milestones"]["end"]["deadline"] = planned + timedelta(days=pick.randint(0, 45))
    return documents, expanded


def _dated(term: dict[str, str]) -> dict[str, Any]:
    return term | {k: date.fromisoformat(term[k]) for k in ("first_day", "last_day")}


def _link(pick: random.Random, name: str, tasks: dict[str, Any], features: set[str]) -> str:
    """Link to an earlier task, in all four types and with lags in all units."""
    lag = pick.choice(LINKS)
    if "%" in lag:
        features.add("percent of periods" if tasks[name]["duration"].endswith("pp") else "lag in percent")
    elif lag:
        features.add(f"lag {lag.strip()}")
    return name + lag


class Drawn:
    """One programme, drawn and placed many times."""

    def __init__(self, documents: Documents, expanded: Expanded, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.expanded = expanded
        self.order = in_order(expanded.items)
        self.distribution = documents.risk["distribution"]
        steps = documents.services[0]["tasks"]
        self.ranges: dict[str, list[float]] = {}
        for item in self.order:
            step = steps.get(item.id.rsplit("/", 1)[-1], {})
            if "estimate" in step and item.id.startswith("one/"):
                self.ranges[item.id] = [expanded.length(t).amount for t in step["estimate"]]
        self.events = [
            (
                event["probability"],
                [expanded.length(t) for t in event["effect"]],
                [i.id for i in self.order if f"one/{i.id.rsplit('/', 1)[-1]}" in event["tasks"]],
            )
            for event in documents.risk["events"]
        ]

    def days(self, draws: int) -> Times:
        """Return the number of the day on which the end is reached, in each draw."""
        amounts, extra = {}, {}
        for item in self.order:
            three = self.ranges.get(item.id, [item.length.amount] * 3)
            amounts[item.id] = self._whole(item.length.unit, self.draw(three, draws))
        for probability, three, ids in self.events:
            unit = three[0].unit
            amount = self._whole(unit, self.draw([t.amount for t in three], draws))
            amount = np.where(self.random.random(draws) < probability, amount, 0)
            for task in ids:
                extra.setdefault(task, []).append((unit, amount))
        placed = Placed(self.order, self.expanded.minutes_per_day, amounts, extra)
        return (placed.finish["programme/end"] - 1) // 1440

    def draw(self, three: Sequence[float], draws: int) -> NDArray[np.float64]:
        least, likely, most = three
        if least == most:
            return np.full(draws, float(least))
        if self.distribution == "triangular":
            return self.random.triangular(least, likely, most, draws)
        a, b = 1 + 4 * (likely - least) / (most - least), 1 + 4 * (most - likely) / (most - least)
        return least + (most - least) * self.random.beta(a, b, draws)

    def _whole(self, unit: str, amount: NDArray[np.float64]) -> NDArray[Any]:
        return amount if unit == "school" else np.round(amount).astype(np.int64)


def compare_odds(seed: int, tally: OddsTally) -> None:
    """Ask both for the odds of the deadline, of the plan and of their own percentiles; ask longer before it counts."""
    documents, expanded = random_risk(seed)
    report = simulate_programme(planned_programme(documents), iterations=THEIRS, seed=seed)
    tally.programmes += 1
    tally.features.update(documents.features)
    drawn = Drawn(documents, expanded, seed)
    line = report.milestones[0]
    days = drawn.days(OURS)
    deadline = documents.programme["milestones"]["end"]["deadline"]
    planned = datetime.strptime(line.planned, "%d %b %Y").date()  # noqa: DTZ007  (a day as people read it)
    wanted = [(deadline, line.deadline_odds, "deadline"), (planned, line.planned_odds, "plan")]
    for day, odds, what in wanted:
        if odds is None:  # Nothing is said where part of the path is certain.
            continue
        tally.odds += 1
        if _is_apart(days, day, odds / 100):
            days = np.concatenate([days, drawn.days(10 * OURS)])
            if _is_apart(days, day, odds / 100):
                by_hand = (days <= number(day)).mean()
                tally.differences.append(f"{seed} {what} {day}: {by_hand:.3f} by hand, {odds / 100:.2f} simulated")


def _is_apart(days: Times, day: date, share: float) -> bool:
    mine = float((days <= number(day)).mean())
    p = min(max((mine * len(days) + share * THEIRS) / (len(days) + THEIRS), 0.002), 0.998)
    return abs(mine - share) > 0.0051 + BAND * sqrt(p * (1 - p) * (1 / len(days) + 1 / THEIRS))


def compare_odds_of(seeds: Iterable[int]) -> OddsTally:
    tally = OddsTally()
    for seed in seeds:
        compare_odds(seed, tally)
    return tally
