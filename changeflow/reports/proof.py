"""Write the proof in a report's JSON: all that a checker needs to work its dates out again, and nothing about people.

`docs/decisions/0033-*.md` describes the format. `changeflow/verifying/` checks it, and shares no code with this module.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeflow.programme.announcements import go_lives
from changeflow.programme.blackouts import blackouts_of, kept_out_of, works_around
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.brief import BriefDate
from changeflow.reports.milestones import MilestoneLine
from changeflow.roadmap.engine.pace import PAY_PERIODS, school_weeks
from changeflow.roadmap.model.tasks import LIMITS, Link, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, datetime_of, day_of

FORMAT = 2
MARGIN = 300 * DAY
"""How far calendars are written out before the first date and after the last one."""
MARGIN_OF_PERIODS = 2 * 366 * DAY
"""The same for periods, because whole periods are counted in both directions."""
FINISH_LIMITS = ("finish_no_later", "must_finish", "deadline")
Row = dict[str, Any]
Length = list[int | str | None]


@dataclass(frozen=True, slots=True)
class Grounds:
    """The data that a report was made from; its proof is built when its JSON is written."""

    programme: Programme
    baseline: Mapping[TaskId, Dates] | None
    lines: Sequence[MilestoneLine] = ()
    """The milestones of the annex in order of time, and what the brief shows of them."""
    brief: Sequence[BriefDate] = ()


def with_proof(data: Mapping[str, Any], proof: Mapping[str, Any]) -> str:
    """Write a report's JSON with its proof, one row per line, and a checksum of everything.

    The checksum is of the same data without line breaks, with sorted keys.
    """
    text = json.dumps({**data, "proof": proof}, sort_keys=True, separators=(",", ":"))
    proof = {**proof, "checksum": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}
    page = json.dumps(data, indent=2, ensure_ascii=False).removesuffix("\n}")
    return "\n".join([f"{page},", '  "proof": {', *proof_lines(proof), "  }", "}"]) + "\n"


def proof_of(grounds: Grounds) -> Row:
    """Build the proof of a report: one row for each task and link, and each calendar once. Complexity: O(tasks +
    links)."""
    return _Proof(grounds).of()


def proof_lines(proof: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a proof as JSON, one row per line, so that it stays small and readable."""
    last = len(proof) - 1
    for number, (key, value) in enumerate(proof.items()):
        end = "," if number < last else ""
        rows = list(_rows(value))
        if not rows:
            yield f"    {_dumped(key)}: {_dumped(value)}{end}"
            continue
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield f"    {_dumped(key)}: {opening}"
        yield from (f"      {row}," for row in rows[:-1])
        yield f"      {rows[-1]}"
        yield f"    {closing}{end}"


def _rows(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{_dumped(k)}: {_dumped(v)}" for k, v in value.items())
    elif isinstance(value, list):
        yield from map(_dumped, value)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Proof:
    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self.programme = grounds.programme
        self.roadmap: Roadmap = grounds.programme.roadmap
        self.schedule = grounds.programme.required_schedule
        self.calendars: dict[str, None] = {}
        self.periods: dict[str, None] = {}
        self.low = self.high = self.roadmap.start

    def of(self) -> Row:
        roadmap = self.roadmap
        number = {link: n for n, link in enumerate(roadmap.links)}
        tasks = [self._task(task, number) for task in roadmap.tasks.values()]
        links = [self._link(link) for link in roadmap.links]
        baseline = self.grounds.baseline or {}
        days, calendars = self._calendars()
        late_starts = [self.schedule[task].late_start for task in roadmap.tasks]
        start = roadmap.start if roadmap.finish is None else max(roadmap.start, min(late_starts, default=0))
        return {
            "format": FORMAT,
            "settings": {
                "start": _at(start),
                "finish": _at(roadmap.finish),
                "data_date": _at(roadmap.data_date),
                "retains_logic": roadmap.profile.retains_logic,
                "end": _at(self.schedule.finish),
            },
            "tasks": tasks,
            "links": links,
            "origins": Counter(link["origin"] for link in links),
            **days,
            "calendars": calendars,
            "periods": dict(self._periods()),
            "blackouts": list(self._blackouts()),
            "baseline": {t: [_at(d.start), _at(d.finish)] for t, d in baseline.items()},
            "shown": dict(self._shown()),
        }

    def _task(self, task: Task, number: Mapping[Link, int]) -> Row:
        timed, done = self.schedule[task.id], self.roadmap.progress.get(task.id)
        self.calendars[task.calendar] = None
        row: Row = {
            "id": task.id,
            "name": task.name,
            "duration": self._length(task, task.duration),
            "calendar": task.calendar,
            "start": _at(timed.early_start),
            "finish": _at(timed.early_finish),
            "late_start": _at(timed.late_start),
            "late_finish": _at(timed.late_finish),
            "total_float": timed.total_float,
            "free_float": timed.free_float,
            "drivers": sorted(number[link] for link in timed.drivers),
            "given": {name: _at(at) for name, at in _given(task, done).items()},
        }
        if task.measured_on:
            row["floats_on"] = self._calendar(task.measured_on)
        if task.starts_on and done is None:
            self.periods[task.starts_on] = None
            row["starts_on"] = task.starts_on
        if task.as_late_as_possible:
            row["as_late_as_possible"] = True
        if not timed.ends_day:
            row["opens_day"] = True
        if done is not None and done.actual_finish is None and done.remaining is not None:
            row["left"] = self._length(task, done.remaining)
        known = [timed.early_start, timed.early_finish, timed.late_start, timed.late_finish]
        known += [c.at for c in task.constraints]
        self.low, self.high = min(self.low, *known), max(self.high, *known)
        return row

    def _link(self, link: Link) -> Row:
        before, after = (self.roadmap.tasks[t] for t in (link.predecessor, link.successor))
        if link.lag.unit is Unit.PERCENT and link.lag.amount:
            on = self._length(before, before.duration)[2]
            is_timed = before.duration.unit.counts_working_time
            on = on if is_timed else None if before.duration.unit is Unit.ELAPSED else self._calendar(before.calendar)
            lag: Length = [link.lag.amount, Unit.PERCENT.value, on]
        else:
            lag = self._length(after, link.lag) if link.lag.amount else [0, Unit.ELAPSED.value, None]
        return {
            "from": before.id,
            "to": after.id,
            "type": link.type.value,
            "lag": lag,
            "origin": self._origin(link, after),
        }

    def _origin(self, link: Link, after: Task) -> str:
        """Return where a link comes from: a rule's code, a pathway's name or a file's part."""
        service = next((s for s in self.programme.services if s.service == after.service), None)
        if link.origin == "pathway" and service is not None:
            return f"pathway {service.pathway}"
        return link.origin

    def _length(self, task: Task, length: Duration) -> Length:
        """Return an amount, its unit, and the calendar or periods in which it counts for a task."""
        unit = length.unit
        on = None
        if unit is Unit.WORKING:
            on = self._calendar(task.calendar)
        elif unit is Unit.SCHOOL_WEEKS:
            weeks = school_weeks(length.amount, self.roadmap)
            return [weeks, Unit.WORKING.value, self._calendar(task.term_calendar or task.calendar)]
        elif unit.is_whole_period:
            on = PAY_PERIODS if unit is Unit.PAY_PERIODS else task.terms
            self.periods[on] = None
        return [length.amount, unit.value, on]

    def _calendar(self, key: str) -> str:
        self.calendars[key] = None
        return key

    def _calendars(self) -> tuple[Row, dict[str, int]]:
        """Return the working time of every calendar that is used: runs of days with the same hours, each once."""
        hours: dict[tuple[tuple[int, int], ...], int] = {}
        known: dict[str, int] = {}
        working: list[list[list[str | int]]] = []
        found: dict[str, int] = {}
        for key in sorted(self.calendars):
            calendar = self.roadmap.calendars[key]
            low, high = self.low - MARGIN, self.high + MARGIN
            by_day: dict[int, list[tuple[int, int]]] = {}
            for start, end in calendar.intervals_within(low, high):
                day = start // DAY
                by_day.setdefault(day, []).append((start - day * DAY, end - day * DAY))
            runs = list(_runs((day, hours.setdefault(tuple(spans), len(hours))) for day, spans in by_day.items()))
            text = _dumped(runs)
            if text not in known:
                known[text] = len(working)
                working.append(runs)
            found[key] = known[text]
        spans = [[list(span) for span in each] for each in hours]
        return {"hours": spans, "working_days": working}, found

    def _periods(self) -> Iterator[tuple[str, list[list[str]]]]:
        low, high = self.low - MARGIN_OF_PERIODS, self.high + MARGIN_OF_PERIODS
        for key in sorted(self.periods):
            periods = self.roadmap.periods[key]
            periods.reach(low, high)
            within = [p for p in periods.periods if day_of(low) <= p.first <= day_of(high)]
            yield key, [[p.first.isoformat(), p.last.isoformat()] for p in within]

    def _blackouts(self) -> Iterator[Row]:
        """Yield each blackout with the calendars that avoid it."""
        scoped, found = blackouts_of(self.programme.definition), dict[tuple[str, str, str], dict[str, None]]()
        asked: dict[tuple[object, ...], tuple[tuple[str, str, str], ...]] = {}
        for task in self.roadmap.tasks.values() if scoped else ():
            if not works_around(task.duration) or task.is_added:
                continue
            key = (task.schools, task.kind, task.service, task.wave is None)
            if key not in asked:
                around = kept_out_of(scoped, task.schools, task.kind, task.service, is_whole=task.wave is None)
                asked[key] = tuple((b.name, str(b.blackout.first_day), str(b.blackout.last_day)) for b in around)
            on = task.term_calendar if task.duration.unit is Unit.SCHOOL_WEEKS else task.calendar
            for blackout in asked[key]:
                found.setdefault(blackout, {})[on or task.calendar] = None
        for (name, first, last), keys in sorted(found.items()):
            yield {"name": name, "first_day": first, "last_day": last, "calendars": sorted(keys)}

    def _shown(self) -> Iterator[tuple[str, str]]:
        """Yield the other places in the report that show a task's finish, or its baseline finish, with the task."""
        programme, baseline = self.programme, self.grounds.baseline or {}
        in_time = sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
        places = [(f"milestones.{number}", milestone.task) for number, milestone in enumerate(in_time)]
        for number, line in enumerate(self.grounds.brief):
            lines = zip(self.grounds.lines, in_time, strict=False)
            same = [m.task for found, m in lines if _is_cut_from(line, found)]
            places += [(f"brief.{number}", task) for task in same[:1]]
        for place, task in places:
            yield f"{place}.forecast", task
            if task in baseline:
                yield f"{place}.baseline", task
        for number, live in enumerate(go_lives(programme)):
            if live.task is not None:
                yield f"go_lives.{number}.forecast", live.task


def _is_cut_from(line: BriefDate, milestone: MilestoneLine) -> bool:
    """Return whether a line of the brief is the line of a milestone, with a shorter name and no year in its dates."""
    is_same_day = milestone.forecast.startswith(line.forecast.split(" (")[0])
    return is_same_day and milestone.name.startswith(line.name.rstrip("… "))


def _given(task: Task, done: TaskProgress | None) -> dict[str, int]:
    """Return the dates of a task that are not calculated, if they can still move it.

    Of two set dates of one kind, the tighter one counts. For begun work, only limits on its finish count.
    """
    found: dict[str, int] = {}
    for constraint in task.constraints:
        known, tighter = found.get(constraint.bound, constraint.at), min if constraint.bound in LIMITS else max
        found[constraint.bound.value] = tighter(known, constraint.at)
    if done is not None and done.actual_finish is not None:
        return {"began": done.actual_start, "ended": done.actual_finish}
    if task.deadline is not None:
        found["deadline"] = task.deadline
    if done is None:
        return found
    ends = [at for name, at in found.items() if name in FINISH_LIMITS]
    return {"began": done.actual_start} | ({"finish_no_later": min(ends)} if ends else {})


def _runs(days: Iterable[tuple[int, int]]) -> Iterator[list[str | int]]:
    """Yield runs of consecutive days with the same hours: the first day, the number of days, and the hours."""
    first = last = hours = -2
    for day, own in days:
        if day == last + 1 and own == hours:
            last = day
            continue
        if first != -2:
            yield [day_of(first * DAY).isoformat(), last - first + 1, hours]
        first, last, hours = day, day, own
    if first != -2:
        yield [day_of(first * DAY).isoformat(), last - first + 1, hours]


def _at(minute: int | None) -> str | None:
    return None if minute is None else datetime_of(minute).isoformat(timespec="minutes")
