"""Check a report's JSON: what the file proves of its dates, and in plain words what is wrong."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from graphlib import CycleError
from itertools import pairwise

from changeflow.verifying.plan import Plan
from changeflow.verifying.spans import DAY, EPOCH, BeyondError, Json, ProvedTask, minute

FORMAT = 1


class NotAReportError(ValueError):
    """The file is no report with a proof, or something in it cannot be read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proved, with counts, and what is wrong."""

    proved: tuple[str, ...]
    problems: tuple[str, ...]


def check(text: str) -> Verdict:
    """Check a report. A text that is no report with a proof is a `NotAReportError`."""
    try:
        return check_parsed(json.loads(text))
    except json.JSONDecodeError as error:
        raise NotAReportError(f"It is not JSON: {error}.") from None


def check_parsed(data: Json) -> Verdict:
    if not isinstance(data, dict) or not isinstance(data.get("proof"), dict):
        raise NotAReportError("It has no proof. Write the report again: changeflow report sro --out FILE.json.")
    if data["proof"].get("format") != FORMAT:
        raise NotAReportError(f"Its proof has format {data['proof'].get('format')}; this changeflow reads {FORMAT}.")
    try:
        plan = Plan(data["proof"])
        checker = _Checker(data, plan)
        problems = tuple(checker.problems())
    except CycleError as error:
        return Verdict((), (f"Tasks wait for each other: {' -> '.join(error.args[1])}.",))
    except BeyondError as error:
        return Verdict((), (f"Dates cannot be worked out: {error} in the file ends too early.",))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError) as error:
        raise NotAReportError(f"Something in its proof is missing or wrong: {type(error).__name__} {error}.") from None
    return Verdict(tuple(checker.proved()), problems)


class _Checker:
    def __init__(self, data: Json, plan: Plan) -> None:
        self.data, self.proof, self.plan, self.counts = data, data["proof"], plan, Counter[str]()

    def problems(self) -> Iterator[str]:
        yield from self._checksum()
        yield from self._windows()
        for task in self.plan.order:
            yield from self._early(task)
        for task in self.plan.order:
            yield from self._late(task)
        end = max((t.dates["finish"] for t in self.plan.order), default=self.plan.end)
        if self.proof["settings"]["finish"] is None and end != self.plan.end:
            yield f"The end is {_moment(self.plan.end)} in the file; its last task ends {_moment(end)}."
        yield from self._slips()
        yield from self._shown()

    def proved(self) -> Iterator[str]:
        words = {
            "dates": "tasks have the earliest dates that their links, calendars, start windows and set dates allow",
            "links": "links are kept",
            "drivers": "named drivers are tight, and no other link is",
            "floats": "tasks have the late dates and floats that follow",
            "windows": "start windows and periods are in order",
            "blackouts": "blackouts have no working time in the calendars that keep out of them",
            "slips": "slips have parts that add up",
            "shown": "dates elsewhere in the report are those of the tasks",
        }
        yield from (f"{self.counts[key]:,} {text}" for key, text in words.items())

    def _checksum(self) -> Iterator[str]:
        data = {**self.data, "proof": {k: v for k, v in self.proof.items() if k != "checksum"}}
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        if self.proof["checksum"] != f"sha256:{hashlib.sha256(text.encode()).hexdigest()}":
            yield "The file was changed after it was written: its checksum does not match."

    def _windows(self) -> Iterator[str]:
        """Check that periods follow each other, that months are months, and that no work is in blackouts."""
        for key, days in self.proof["periods"].items():
            spans = [(date.fromisoformat(a), date.fromisoformat(z)) for a, z in days]
            self.counts["windows"] += len(spans)
            is_month = key in ("month", "pay_period")
            for first, last in spans:
                next_month = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
                if last < first or (is_month and (first.day != 1 or last + timedelta(days=1) != next_month)):
                    wrong = "it is not a whole month" if is_month else "it ends before it begins"
                    yield f"Period {first} to {last} of “{key}”: {wrong}."
            for (_, ended), (opens, _) in pairwise(spans):
                if opens <= ended or (is_month and opens != ended + timedelta(days=1)):
                    yield f"Period from {opens} of “{key}”: it does not follow the one that ends on {ended}."
        for row in self.proof["blackouts"]:
            self.counts["blackouts"] += 1
            begins, ends = minute(row["first_day"]), minute(row["last_day"]) + DAY
            for key in row["calendars"]:
                if self.plan.hours[key].work(ends) > self.plan.hours[key].work(begins):
                    yield f"Blackout “{row['name']}”: the calendar “{key}” has working time in it."

    def _early(self, task: ProvedTask) -> Iterator[str]:
        start, finish, tight = self.plan.early(task)
        stated = task.dates["start"], task.dates["finish"]
        self.counts["dates"] += 1
        self.counts["links"] += len(task.into)
        self.counts["drivers"] += len(task.row["drivers"])
        if stated != (start, finish):
            way = "cannot be before" if stated < (start, finish) else "could be"
            yield f"{_name(task)}: it is {_span(*stated)} in the file, and {way} {_span(start, finish)}."
            return
        for number in sorted({*task.row["drivers"]} ^ tight):
            link = next((k for k in task.into if k.number == number), None)
            before = f"after {_name(link.before)}" if link else f"number {number}, which is not one of its own"
            claim = "named as a driver and is not tight" if number in task.row["drivers"] else "tight and not named"
            yield f"{_name(task)}: its link {before} is {claim}."

    def _late(self, task: ProvedTask) -> Iterator[str]:
        stated, late = (task.dates["late_start"], task.dates["late_finish"]), self.plan.late(task)
        self.counts["floats"] += 1
        if stated != late:
            yield f"{_name(task)}: its late dates are {_span(*stated)} in the file; {_span(*late)} follow."
            return
        for what, follows in zip(("total", "free"), self.plan.floats(task), strict=True):
            if (given := task.row[f"{what}_float"]) != follows:
                yield f"{_name(task)}: its {what} float is {given} minutes in the file; {follows} follow."

    def _slips(self) -> Iterator[str]:
        for slip in (self.data.get("brief") or {}).get("slips", ()):
            if (total := sum(days for days, _ in slip["parts"])) != slip["days"]:
                yield f"Brief, “{slip['sentence']}”: it has moved by {slip['days']} days, and its parts total {total}."
        changes = self.data.get("changes") or {}
        for slip in (*changes.get("slips", ()), *changes.get("go_lives", ())):
            task = self.plan.tasks[slip["task"]]
            self.counts["slips"] += 1
            days = (_day(task, minute(slip["after"])) - _day(task, minute(slip["before"]))).days
            total, caused = (sum(p["days"] for p in slip[key]) for key in ("parts", "causes"))
            if len({days, slip["days"], total, caused}) > 1:
                yield (
                    f"{_name(task)}: its slip is {slip['days']} days in the file; its dates give {days}, its parts "
                    f"total {total}, its causes {caused}."
                )
            if minute(slip["after"]) != task.dates["finish"]:
                yield f"{_name(task)}: its slip ends on another date than the task."

    def _shown(self) -> Iterator[str]:
        """Check the dates that the report shows elsewhere; each milestone that it still has must be among them."""
        places = {place for place, _, _ in self.proof["shown"]}
        wanted = [f"milestones.{n}.forecast" for n, m in enumerate(self.data["milestones"]) if m["state"] != "dropped"]
        for line in (self.data.get("brief") or {}).get("dates", ()):
            same = [m for m in self.data["milestones"] if m["name"].startswith(line["name"].rstrip("… "))]
            for what in ("forecast", "baseline", "deadline"):
                # The brief leaves out the year of the report.
                if same and line[what] not in {t for m in same for t in (m[what], re.sub(r" \d{4}", "", m[what]))}:
                    yield f"Brief, “{line['name']}”: its {what} is {line[what]}; {same[0][what]} in the annex."
        for place in [w for w in wanted if w not in places]:
            yield f"{place}: the proof does not say which task it is."
        for place, name, what in self.proof["shown"]:
            task, value = self.plan.tasks[name], self.data
            self.counts["shown"] += 1
            for key in place.split("."):
                value = value[int(key) if key.isdigit() else key]
            at = minute(self.proof["baseline"][name][1]) if what == "baseline" else task.dates["finish"]
            day = _day(task, at)
            if value != (text := f"{day.day} {day:%b %Y}") and not str(value).startswith(f"{text} "):
                yield f"{_name(task)}: {place} says {value}; the task's date is {text}."


def _day(task: ProvedTask, at: int) -> date:
    """Return the day on which people say that a task ends."""
    return (EPOCH + timedelta(minutes=at - task.ends_day)).date()


def _moment(at: int) -> str:
    moment: datetime = EPOCH + timedelta(minutes=at)
    return f"{moment.day} {moment:%b %Y %H:%M}"


def _span(start: int, finish: int) -> str:
    return _moment(start) if start == finish else f"{_moment(start)} to {_moment(finish)}"


def _name(task: ProvedTask) -> str:
    return f"“{task.row['name']}” ({task.row['id']})"
