"""Reports with proofs, to check and to tamper with: of random programmes, and of a ready one whose dates have moved."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from changeflow.programme.programme import Programme
from changeflow.reports.documents import json_of
from changeflow.reports.proof import Grounds, proof_of, with_proof
from changeflow.reports.sro import build_sro
from changeflow.usecases.changes import Since, compare_states
from changeflow.usecases.plan import plan_folder
from changeflow.values.moments import format_day
from tests.oracles import random_programmes
from tests.oracles.answers import planned_programme

READY = Path(__file__).parents[2] / "templates" / "programmes"
Report = dict[str, Any]
Tamper = Callable[[Report, random.Random], str | None]
"""Changes the meaning of a report, and says what it changed; None where the report has nothing of the kind."""


def random_report(seed: int) -> str:
    """Return the JSON of a random programme's dates; its naive dates are not worked out, as nothing asks for them."""
    with patch.object(random_programmes, "Naive", lambda expanded: None):
        documents, _ = random_programmes.random_programme(seed)
    return dates_report(planned_programme(documents))


def dates_report(programme: Programme) -> str:
    """Return the JSON of a report that has nothing but milestones and the proof."""
    in_time = sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
    lines = [{"state": "on time", "forecast": format_day(programme.timed(m.task).last_day)} for m in in_time]
    return with_proof({"milestones": lines, "go_lives": [], "changes": None}, proof_of(Grounds(programme, None)))


@lru_cache(maxsize=1)
def moved_report() -> str:
    """Return the JSON of the small ready programme on a day on which much is late, compared with its first day."""
    folder, today = READY / "first-programme", date(2027, 6, 1)
    judged = plan_folder(folder, on=today)
    earlier: Programme = plan_folder(folder, on=date(2026, 9, 1)).programme
    changes = compare_states(Since("the start", earlier), judged.programme)
    return json_of(build_sro(judged, today=today, changes=changes))


def sealed(report: Report) -> str:
    """Return a report's JSON with a checksum that fits, so that only its proof can tell that something is wrong."""
    report["proof"].pop("checksum", None)
    text = json.dumps(report, sort_keys=True, separators=(",", ":"))
    report["proof"]["checksum"] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return json.dumps(report)


def tampered(text: str, kind: str, pick: random.Random) -> tuple[str, Report] | None:
    """Return a report with one thing changed, and what was; None where it has nothing of the kind."""
    other = json.loads(text)
    what = TAMPERINGS[kind](other, pick)
    return None if what is None else (what, other)


def _open(report: Report) -> list[Report]:
    return [t for t in report["proof"]["tasks"] if "ended" not in t]


def _moved(at: str, days: int) -> str:
    day, _, clock = at.partition("T")
    return f"{date.fromisoformat(day) + timedelta(days=days)}T{clock}"


def _date(report: Report, pick: random.Random) -> str:
    task = pick.choice(_open(report))
    names = ["start", "finish", "late_finish", *([] if "began" in task else ["late_start"])]
    name, days = pick.choice(names), pick.choice((-30, -7, -1, 1, 7, 30))
    task[name] = _moved(task[name], days)
    return f"{task['id']}: {name} {days:+} days"


def _whole_task(report: Report, pick: random.Random) -> str:
    """Both dates move together, as if all of the task were at another time."""
    task, days = pick.choice(_open(report)), pick.choice((-7, 7))
    task["start"], task["finish"] = _moved(task["start"], days), _moved(task["finish"], days)
    return f"{task['id']}: {days:+} days"


def _float(report: Report, pick: random.Random) -> str:
    task, name = pick.choice(report["proof"]["tasks"]), pick.choice(("total_float", "free_float"))
    task[name] += pick.choice((-450, -1, 1, 450))
    return f"{task['id']}: {name}"


def _driver(report: Report, pick: random.Random) -> str | None:
    tasks = [t for t in report["proof"]["tasks"] if t["drivers"]]
    if not tasks:
        return None
    task = pick.choice(tasks)
    gone = task["drivers"].pop(pick.randrange(len(task["drivers"])))
    return f"{task['id']}: driver {gone} is gone"


def _link(report: Report, pick: random.Random) -> str | None:
    """A driving link waits for a year more, so that its task cannot start where it does."""
    numbers = [n for t in _open(report) for n in t["drivers"]]
    if not numbers:
        return None
    link = report["proof"]["links"][pick.choice(numbers)]
    link["lag"] = [366 * 24 * 60, "elapsed", None]
    return f"{link['from']} to {link['to']}: a lag of a year"


def _link_gone(report: Report, pick: random.Random) -> str | None:
    """The one link that drives a task is gone, and nothing else holds its start, such as the data date."""
    settings = report["proof"]["settings"]
    since = _moved(max(settings["start"], settings["data_date"] or ""), 60)
    held = ("set", "as_late_as_possible", "starts_on")
    free = [t for t in _open(report) if t["start"] > since and not t.keys() & set(held)]
    free = [t for t in free if t["duration"][1] not in ("pay_periods", "terms")]
    numbers = [(n, t["id"]) for t in free for n in t["drivers"] if len(t["drivers"]) == 1]
    if not numbers:
        return None
    number, task = pick.choice(numbers)
    links = report["proof"]["links"]
    report["proof"]["links"] = [k for n, k in enumerate(links) if n != number]
    for each in report["proof"]["tasks"]:
        each["drivers"] = [n - (n > number) for n in each["drivers"] if n != number]
    return f"{task}: driving link {number} is gone"


def _window(report: Report, pick: random.Random) -> str | None:
    """The period in which a task starts opens two days later."""
    proof, found = report["proof"], []
    for task in _open(report):
        unit, on = task["duration"][1:]
        key = on if unit in ("pay_periods", "terms") else task.get("starts_on")
        periods = proof["periods"].get(key or "", ()) if "began" not in task else ()
        found += [(task["id"], period) for period in periods if period[0] == task["start"][:10]]
    if not found:
        return None
    task, period = pick.choice(found)
    period[0] = _moved(period[0] + "T", 2).rstrip("T")
    return f"{task}: its window opens on {period[0]}"


def _calendar(report: Report, pick: random.Random) -> str | None:
    """The day on which a task starts to work is a day off."""
    proof, tasks = report["proof"], []
    for task in _open(report):
        amount, unit, key = task["duration"]
        if "began" not in task and amount and unit in ("working", "school_weeks"):
            tasks.append((task["id"], task["start"][:10], proof["working_days"][proof["calendars"][key]]))
    if not tasks:
        return None
    task, day, runs = pick.choice(tasks)
    for number, (first, count, hours) in enumerate(runs):
        since = (date.fromisoformat(day) - date.fromisoformat(first)).days
        if 0 <= since < count:
            after = [str(date.fromisoformat(day) + timedelta(days=1)), count - since - 1, hours]
            runs[number : number + 1] = [r for r in ([first, since, hours], after) if r[1]]
            return f"{task}: {day} is a day off"
    return None


def _part(report: Report, pick: random.Random) -> str | None:
    slips = (report.get("changes") or {}).get("slips")
    if not slips:
        return None
    slip = pick.choice(slips)
    rows = [*slip["parts"], *slip["causes"], slip]
    row = pick.choice(rows)
    row["days"] += pick.choice((-3, -1, 1, 3))
    return f"{slip['task']}: days of a part"


def _shown(report: Report, pick: random.Random) -> str | None:
    lines = [m for m in report["milestones"] if m["state"] != "dropped"]
    if not lines:
        return None
    line = pick.choice(lines)
    line["forecast"] = format_day(date(2031, 1, 1) + timedelta(days=pick.randrange(300)))
    return f"a milestone is shown on {line['forecast']}"


TAMPERINGS: dict[str, Tamper] = {
    "date": _date,
    "whole task": _whole_task,
    "float": _float,
    "driver": _driver,
    "lag": _link,
    "link": _link_gone,
    "window": _window,
    "calendar": _calendar,
    "part": _part,
    "shown date": _shown,
}


def tamperings(reports: list[str], number: int, pick: random.Random) -> Iterator[tuple[str, str, Report]]:
    """Yield tampered reports, kind after kind: the kind, what was changed, and the report."""
    kinds, done = list(TAMPERINGS), 0
    while done < number:
        kind = kinds[done % len(kinds)]
        found = tampered(moved_report() if kind == "part" else pick.choice(reports), kind, pick)
        if found is not None:
            done += 1
            yield kind, *found
