"""Check a report's JSON from the file alone: say in plain words what is wrong with its dates."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from changeflow.verifying.plan import DAY, EPOCH, FAR, Json, Plan, ProvedTask, minute


def check(data: Json) -> list[str]:
    """Return what is wrong with a report, as read from JSON. One that has no proof to read raises a `ValueError`."""
    try:
        if data["proof"]["format"] != 2:
            raise ValueError(f"Its proof has format {data['proof']['format']}, and this changeflow reads format 2.")
        return list(_problems(data, Plan(data["proof"])))
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"Its proof is missing or wrong: {type(error).__name__} {error}.") from None


def _problems(data: Json, plan: Plan) -> Iterator[str]:
    proof = data["proof"]
    rest = {**data, "proof": {key: value for key, value in proof.items() if key != "checksum"}}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    if proof["checksum"] != f"sha256:{hashlib.sha256(text.encode()).hexdigest()}":
        yield "The file was changed after it was written: its checksum does not match."
    if proof["origins"] != Counter(row["origin"] for row in proof["links"]):
        yield "Links were added or removed: there are not as many of each origin as the file says."
    if proof["settings"]["finish"] is None and plan.end != max(task.early[1] for task in plan.tasks.values()):
        yield f"The end is {_text(plan.end)} in the file, but the last task does not end then."
    for row in proof["blackouts"]:
        begins, ends = minute(row["first_day"]), minute(row["last_day"]) + DAY
        if any(plan.hours[key].work(ends) > plan.hours[key].work(begins) for key in row["calendars"]):
            yield f"Blackout “{row['name']}”: a calendar that should avoid it has working time in it."
    for task in plan.tasks.values():
        yield from _task(task)
    yield from _shown(data, plan)


def _task(t: ProvedTask) -> Iterator[str]:
    """Check a task's dates, drivers and floats, up to the first problem: others may follow from it."""
    name, named, last = f"“{t.row['name']}” ({t.row['id']})", {*t.row["drivers"]}, t.late[1]
    total, free = t.row["total_float"], t.row["free_float"]
    dates, tight, finish = t.earliest()
    pairs = [(t.early[1], last), (finish, last), (t.early[0], t.late[0])][: 2 if t.is_begun else 3]
    follows = min(t.floats.work(late) - t.floats.work(early) for early, late in pairs)
    if t.early != dates:
        yield f"{name}: it is {_text(*t.early)} in the file; the earliest dates are {_text(*dates)}."
    elif named != tight and not (t.is_begun and named < tight):
        yield f"{name}: its drivers are the links {sorted(named)} in the file; {sorted(tight)} drive it."
    elif t.reach(last) != t.late or not t.fits(t.late) or t.fits(t.reach(last + 1)):
        yield f"{name}: its late dates, {_text(*t.late)}, are not the latest that limits and successors allow."
    elif total != follows:
        yield f"{name}: its total float is {total} minutes in the file; its dates give {follows}."
    elif (free > 0 and not t.spares(free)) or (free != total and not (0 <= free < total and not t.spares(free + 1))):
        yield f"{name}: its free float is {free} minutes in the file; a successor moves earlier or later."


def _shown(data: Json, plan: Plan) -> Iterator[str]:
    """Check that the parts of slips add up, and that dates elsewhere in the report are those of its tasks."""
    shown, changes, brief = data["proof"]["shown"], data.get("changes") or {}, data.get("brief") or {}
    for slip in (*changes.get("slips", ()), *changes.get("go_lives", ())):
        task, after = plan.tasks[slip["task"]], minute(slip["after"])
        days = (_day(task, after) - _day(task, minute(slip["before"]))).days
        totals = {sum(part["days"] for part in slip[key]) for key in ("parts", "causes")}
        if totals != {days} or days != slip["days"] or after != task.early[1]:
            yield f"{slip['sentence']} Its dates give {days} days, its parts and causes {sorted(totals)}."
    for slip in brief.get("slips", ()):
        if slip["days"] != sum(days for days, _ in slip["parts"]):
            yield f"{slip['sentence']} In the brief, its parts total a different number of days."
    lines = {"milestones": data["milestones"], "go_lives": data["go_lives"], "brief": brief.get("dates")}
    milestones = [n for n, line in enumerate(data["milestones"]) if line["state"] != "dropped"]
    for place in dict.fromkeys([*shown, *(f"milestones.{number}.forecast" for number in milestones)]):
        (section, number, column), task = place.split("."), plan.tasks[shown[place]]
        at = minute(data["proof"]["baseline"][shown[place]][1]) if column == "baseline" else task.early[1]
        value, text = lines[section][int(number)][column], f"{(day := _day(task, at)).day} {day:%b %Y}"
        if value.split(" (")[0] not in (text, text.removesuffix(f" {day.year}")):
            yield f"{place} is {value}; the date of “{task.row['name']}” ({shown[place]}) is {text}."


def _day(task: ProvedTask, at: int) -> date:
    """Return the day that people call a finish: midnight ends a day, unless the task opens the next one."""
    return (EPOCH + timedelta(minutes=at - (task.early[0] < task.early[1] or "opens_day" not in task.row))).date()


def _text(*dates: int) -> str:
    return " to ".join(f"{EPOCH + timedelta(minutes=min(at, FAR // 4)):%d %b %Y %H:%M}" for at in dates)
