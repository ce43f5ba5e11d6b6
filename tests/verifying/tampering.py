"""Changes to a report that make it wrong: each kind changes one thing, and the checksum can be renewed after it."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from changeflow.values.moments import format_day

Report = dict[str, Any]
Tamper = Callable[[Report, random.Random], str | None]
"""Changes the meaning of a report and says what it changed; None if the report has nothing of the kind."""
WHOLE = ("pay_periods", "terms")
SET_STARTS = ("start_no_earlier", "must_start", "must_finish", "finish_no_earlier")


def tamperings(texts: Sequence[str], number: int, pick: random.Random) -> Iterator[tuple[str, str, Report]]:
    """Yield changed reports in turn, kind after kind and report after report: the kind, the change and the report."""
    kinds, unchanged = list(TAMPERINGS), dict[str, Report]()
    for done in range(number):
        kind, first = kinds[done % len(kinds)], done // len(kinds)
        for next_one in range(len(texts)):
            text = texts[(first + next_one) % len(texts)]
            report = unchanged.pop(text, None) or json.loads(text)
            what = TAMPERINGS[kind](report, pick)
            if what is not None:
                yield kind, what, report
                break
            unchanged[text] = report


def _open(report: Report) -> list[Report]:
    return [t for t in report["proof"]["tasks"] if "ended" not in t["given"]]


def _moved(at: str, days: int) -> str:
    day, _, clock = at.partition("T")
    return f"{date.fromisoformat(day) + timedelta(days=days)}T{clock}"


def _date(report: Report, pick: random.Random) -> str:
    task = pick.choice(report["proof"]["tasks"])
    name, days = pick.choice(("start", "finish", "late_start", "late_finish")), pick.choice((-30, -7, -1, 1, 7, 30))
    task[name] = _moved(task[name], days)
    return f"{task['id']}: {name} {days:+} days"


def _whole_task(report: Report, pick: random.Random) -> str:
    """Both dates move together, as if all of the task were at another time."""
    task, days = pick.choice(_open(report)), pick.choice((-7, 7))
    task["start"], task["finish"] = _moved(task["start"], days), _moved(task["finish"], days)
    return f"{task['id']}: {days:+} days"


def _late_dates(report: Report, pick: random.Random) -> str:
    """Both late dates move by a week, and the floats by its working time, as far as a person would guess it."""
    task, weeks = pick.choice(_open(report)), pick.choice((-1, 1))
    for name in ("late_finish",) if "began" in task["given"] else ("late_start", "late_finish"):
        task[name] = _moved(task[name], 7 * weeks)
    task["total_float"] += weeks * (7 * 24 * 60 if task["duration"][1] == "elapsed" else 5 * 450)
    return f"{task['id']}: late dates and float {weeks:+} weeks"


def _float(report: Report, pick: random.Random) -> str:
    task, name = pick.choice(report["proof"]["tasks"]), pick.choice(("total_float", "free_float"))
    task[name] += pick.choice((-450, -1, 1, 450))
    return f"{task['id']}: {name}"


def _driver(report: Report, pick: random.Random) -> str | None:
    """A driver is not named. Begun work need not name all of its drivers."""
    tasks = [t for t in report["proof"]["tasks"] if t["drivers"] and "began" not in t["given"]]
    if not tasks:
        return None
    task = pick.choice(tasks)
    gone = task["drivers"].pop(pick.randrange(len(task["drivers"])))
    return f"{task['id']}: driver {gone} is gone"


def _other_driver(report: Report, pick: random.Random) -> str:
    """A link of another task, or one that holds nothing, is named as a driver."""
    task = pick.choice(report["proof"]["tasks"])
    links = [n for n, link in enumerate(report["proof"]["links"]) if link["to"] != task["id"]]
    number = pick.choice(links)
    task["drivers"] = sorted([*task["drivers"], number])
    return f"{task['id']}: driver {number} is named"


def _lag(report: Report, pick: random.Random) -> str | None:
    """A driving link waits for a year more, so that its task cannot start where it does."""
    numbers = [n for t in _open(report) for n in t["drivers"]]
    if not numbers:
        return None
    link = report["proof"]["links"][pick.choice(numbers)]
    link["lag"] = [366 * 24 * 60, "elapsed", None]
    return f"{link['from']} to {link['to']}: a lag of a year"


def _link_gone(report: Report, pick: random.Random) -> str:
    """Any one link is gone, even one that moves nothing; the numbers of the others follow."""
    number = pick.randrange(len(report["proof"]["links"]))
    _without(report, number)
    return f"link {number} is gone"


def _driving_link_gone(report: Report, pick: random.Random) -> str | None:
    """The one link that drives a task is gone, nothing else holds its start, and links are counted again."""
    settings = report["proof"]["settings"]
    since = _moved(max(settings["start"], settings["data_date"] or ""), 60)
    free = [t for t in _open(report) if t["start"] > since and not t.keys() & {"as_late_as_possible", "starts_on"}]
    free = [t for t in free if t["duration"][1] not in WHOLE and not t["given"].keys() & set(SET_STARTS)]
    numbers = [(n, t["id"]) for t in free for n in t["drivers"] if len(t["drivers"]) == 1]
    if not numbers:
        return None
    number, task = pick.choice(numbers)
    _without(report, number)
    report["proof"]["origins"] = Counter(link["origin"] for link in report["proof"]["links"])
    return f"{task}: driving link {number} is gone"


def _without(report: Report, number: int) -> None:
    del report["proof"]["links"][number]
    for task in report["proof"]["tasks"]:
        task["drivers"] = [n - (n > number) for n in task["drivers"] if n != number]


def _origin(report: Report, pick: random.Random) -> str:
    link = pick.choice(report["proof"]["links"])
    link["origin"] = "rule:R99"
    return f"{link['from']} to {link['to']}: another origin"


def _window(report: Report, pick: random.Random) -> str | None:
    """The period in which a task starts opens two days later."""
    proof, found = report["proof"], []
    for task in _open(report):
        unit, on = task["duration"][1:]
        key = on if unit in WHOLE else task.get("starts_on")
        periods = proof["periods"].get(key or "", ()) if "began" not in task["given"] else ()
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
        if "began" not in task["given"] and amount and unit == "working":
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


def _end(report: Report, pick: random.Random) -> str | None:
    if report["proof"]["settings"]["finish"]:
        return None
    days = pick.choice((-7, 7, 70))
    report["proof"]["settings"]["end"] = _moved(report["proof"]["settings"]["end"], days)
    return f"the end {days:+} days"


def _part(report: Report, pick: random.Random) -> str | None:
    slips = (report.get("changes") or {}).get("slips")
    if not slips:
        return None
    slip = pick.choice(slips)
    row = pick.choice([*slip["parts"], *slip["causes"], slip])
    row["days"] += pick.choice((-3, -1, 1, 3))
    return f"{slip['task']}: days of a part"


def _brief_part(report: Report, pick: random.Random) -> str | None:
    slips = (report.get("brief") or {}).get("slips")
    if not slips:
        return None
    slip = pick.choice(slips)
    pick.choice(slip["parts"])[0] += pick.choice((-3, -1, 1, 3))
    return f"{slip['sentence']} days of a part"


def _shown(report: Report, pick: random.Random) -> str | None:
    """A date of a milestone in the annex or the brief is another one."""
    lines = [line for line in report["milestones"] if line["state"] != "dropped"]
    lines += (report.get("brief") or {}).get("dates", ())
    if not lines:
        return None
    line = pick.choice(lines)
    line["forecast"] = format_day(date(2031, 1, 1) + timedelta(days=pick.randrange(300)))
    return f"a milestone is shown on {line['forecast']}"


TAMPERINGS: dict[str, Tamper] = {
    "date": _date,
    "whole task": _whole_task,
    "late dates": _late_dates,
    "float": _float,
    "driver": _driver,
    "other driver": _other_driver,
    "lag": _lag,
    "link": _link_gone,
    "driving link": _driving_link_gone,
    "origin": _origin,
    "window": _window,
    "calendar": _calendar,
    "end": _end,
    "part": _part,
    "brief's part": _brief_part,
    "shown date": _shown,
}
