"""Small programmes whose teams are too small for them, and what has happened in some of them."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.oracles.answers import Documents, Report
from tests.oracles.clock import day_at
from tests.oracles.expansion import Expanded
from tests.oracles.naive import Early

TEAMS = ("ict", "trainers")
UNITS = ("h", "h", "h", "h", "d", "ed", "sw", "pp")
LAGS = ("", "", " FS+3h", " SS+4h", " FS-2h", " FF", " FS+2ed", " FS+1sw", " FS+1pp", " SS+50%")
TERMS = (("Spring", (1, 5), (3, 19)), ("Summer", (4, 6), (7, 20)), ("Autumn", (9, 2), (12, 17)))


def random_levelling(seed: int) -> Documents:
    pick, features = random.Random(f"levelling {seed}"), set[str]()
    start = date(2027, 1, 11) + timedelta(days=pick.randrange(60))
    tasks: dict[str, dict[str, Any]] = {}
    for n in range(pick.randint(5, 8)):
        tasks[f"t{n}"] = _step(pick, start, list(tasks), features)
    return Documents(
        programme={
            "programme": "p", "name": "P", "organisation": "O", "office": {"email": "office@example.org"},
            "start": start,
            "waves": [{"id": f"w{s}", "name": s, "schools": [s]} for s in ("x", "y")],
        },
        services=[{"service": "one", "name": "one", "pathway": "none", "tasks": tasks}],
        schools=[{"id": s, "name": s, "phase": "primary", "authority": "la"} for s in ("x", "y")],
        rollout={"teams": {team: _team(pick, start, features) for team in TEAMS}},
        calendars=[_calendar(pick, start, features)],
        features=features,
    )  # fmt: skip


def _step(pick: random.Random, start: date, names: Sequence[str], features: set[str]) -> dict[str, Any]:
    unit = pick.choice(UNITS)
    features.add(f"duration {unit}")
    amount = {"h": pick.randint(2, 30) / 2, "d": pick.randint(1, 4), "ed": pick.randint(1, 9)}.get(unit, 1)
    step: dict[str, Any] = {"duration": f"{amount:g}{unit}", "per": pick.choice(("service", "wave"))}
    step["calendar"] = pick.choice(("office", "office", "term", "every_day"))
    features.add(f"calendar {step['calendar']}")
    if unit in "hd" and pick.random() < 0.15:
        step["starts_on"] = pick.choice(("month", "pay_period", "term"))
        features.add(f"window {step['starts_on']}")
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
    if names and pick.random() < 0.6:
        lag = pick.choice(LAGS)
        features.add(f"link{lag or ' FS'}")
        step["after"] = [pick.choice(names[-3:]) + lag]
    return step


def _team(pick: random.Random, start: date, features: set[str]) -> dict[str, Any]:
    team: dict[str, Any] = {"days_per_week": pick.choice((7.5, 10, 12.5)), "backfill": pick.choice((0, 0, 2.5))}
    if team["days_per_week"] - team["backfill"] < 7.5:
        team["backfill"] = 0
    if pick.random() < 0.4:
        features.add("away")
        first = start + timedelta(days=pick.randrange(5))
        last = first + timedelta(days=pick.randrange(3))
        team["away"] = [{"first_day": first, "last_day": last, "days_per_week": 2.5}]
    return team


def _calendar(pick: random.Random, start: date, features: set[str]) -> dict[str, Any]:
    closed, blackouts = [], []
    if pick.random() < 0.3:
        features.add("closed")
        day = start + timedelta(days=pick.randrange(14))
        closed.append({"name": "Training day", "first_day": day, "last_day": day})
    if pick.random() < 0.4:
        features.add("blackout of work")
        day = start + timedelta(days=pick.randrange(14))
        last = day + timedelta(days=pick.randrange(4))
        blackout: dict[str, Any] = {"name": "Audit", "first_day": day, "last_day": last, "activities": ["work"]}
        if pick.random() < 0.5:
            features.add("blackout of work at a school")
            blackout["schools"] = ["x"]
        blackouts.append(blackout)
    terms = [
        {"name": f"{name} {year}", "first_day": date(year, *first), "last_day": date(year, *last)}
        for year in range(2025, 2030)
        for name, first, last in TERMS
    ]
    pay = {"first_month": "2026-09", "months": 48, "payday": 25}
    return {"calendar": "trust", "terms": terms, "pay_periods": pay, "closed": closed, "blackouts": blackouts}


def report_some(documents: Documents, expanded: Expanded, seed: int) -> None:
    """Report tasks that could begin at once, after a few days: as done, or with a rest."""
    pick = random.Random(f"progress {seed}")
    if pick.random() < 0.5:
        return
    documents.features.add("data date")
    documents.on = on = documents.programme["start"] + timedelta(days=pick.randint(1, 6))
    plan = Early(expanded)
    plan.pass_forward()
    for item in plan.order:
        begins, ends = day_at(plan.dates[item.id].start), day_at(plan.dates[item.id].finish - 1)
        is_open = any(not (r := documents.progress.get(t.before.id)) or r.finished is None for t in item.before)
        if begins >= on or is_open or item.length.unit == "pay_period" or item.starts_on or pick.random() < 0.3:
            continue
        if ends < on and pick.random() < 0.5:
            documents.features.add("done")
            documents.progress[item.id] = Report(begins, ends)
        else:
            documents.features.add("begun")
            rest = "1sw" if item.length.unit == "school" else f"{pick.randint(1, 10)}h"
            documents.progress[item.id] = Report(begins, None, rest)
    expanded.report(documents)
