"""A plan as text and as JSON. Other programs rely on the JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from changeflow.planning.last_days import last_days
from changeflow.programme.counts import counts_in_words
from changeflow.programme.no_return import points_of_no_return
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.reports.findings import FINDING_KEYS, findings_text
from changeflow.reports.grouping import grouped
from changeflow.reports.no_return import no_return_lines, no_return_text
from changeflow.reports.pay import pay_rows
from changeflow.reports.schedules import float_unit, schedule_rows, task_float
from changeflow.reports.task_why import explain_dates
from changeflow.roadmap.analysis.assumed import assumed_lines, assumed_uses, end_in_words, mark_assumed, mark_if
from changeflow.roadmap.analysis.lengths import critical_or_float, float_in_words
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.engine.floats_to import floats_to
from changeflow.rules.engine import Judged
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, iso
from changeflow.values.words import Kind


def plan_json(judged: Judged) -> str:
    """Write a plan: tasks, findings, waves, milestones."""
    programme = judged.programme
    return json.dumps(
        {
            "programme": programme.id,
            "tasks": list(_tasks(programme)),
            "findings": [{name: getattr(f, name) for name in FINDING_KEYS} for f in judged.findings],
            "waves": list(_waves(programme)),
            "milestones": [
                {
                    "id": m.id,
                    "name": m.name,
                    "date": iso(programme.timed(m.task).early_finish),
                    "deadline": m.deadline.isoformat() if m.deadline else None,
                    "day": programme.timed(m.task).last_day.isoformat(),
                    "total_float": min(programme.timed(m.task).total_float, programme.spare(m)),
                    "spare": programme.spare(m),
                    "spare_before": "deadline" if m.deadline else "end",
                    "float_unit": float_unit(programme.roadmap.tasks[m.task]),
                    **({"assumed": True} if m.task in programme.required_schedule.assumed.early else {}),
                }
                for m in programme.milestones
            ],
            "points_of_no_return": [
                {
                    "kind": p.kind.value,
                    "service": p.service,
                    "wave": p.wave,
                    "what": p.what,
                    "last_day": p.last_day.isoformat(),
                    "task": p.task,
                    "passed": p.is_passed,
                }
                for p in points_of_no_return(programme)
            ],
            **({"pay_periods": pays} if (pays := list(pay_rows(programme))) else {}),
            **_assumed(programme),
        },
        indent=1,
        ensure_ascii=False,
    )


def _tasks(programme: Programme) -> Iterator[dict[str, Any]]:
    """Yield a row for each task; an open decision has its last responsible day."""
    names = {t: task.name for t, task in programme.roadmap.tasks.items()}
    last = last_days(programme)
    for row in schedule_rows(programme.roadmap, programme.required_schedule, names, key="id"):
        task = row["id"]
        row["total_float"] = task_float(programme, task)
        yield {**row, "last_responsible_day": last[task].isoformat()} if task in last else row


def _assumed(programme: Programme) -> dict[str, Any]:
    """Return the assumed dates beyond those in the files; empty if there are none."""
    uses = [
        {
            "what": use.given.what,
            "calendar": use.given.source,
            "given_from": use.given.first.isoformat(),
            "given_to": use.given.last.isoformat(),
            "needed_from": use.first.isoformat(),
            "needed_to": use.last.isoformat(),
            "tasks": list(use.tasks),
            "late": use.is_late,
        }
        for use in assumed_uses(programme.required_schedule)
    ]
    return {"assumed": uses} if uses else {}


def _waves(programme: Programme) -> Iterator[dict[str, Any]]:
    references, assumed = References(programme.definition), programme.required_schedule.assumed.early
    for service in programme.services:
        for wave in references.waves_of(service):
            lives = programme.tasks(kind=Kind.GO_LIVE, service=service.service, schools=frozenset(wave.schools))
            found = [t.id for t in lives]
            last = max((programme.timed(t).early_finish for t in found), default=None)
            yield {
                "service": service.service,
                "wave": wave.id,
                "name": wave.name,
                "pilot": wave.pilot,
                "schools": list(wave.schools),
                "go_live": iso(last) if last is not None else None,
                **({"assumed": True} if any(t in assumed for t in found) else {}),
            }


def plan_text(judged: Judged, *, to: TaskId | None = None) -> Iterator[str]:
    """Yield a plan's milestones, waves, driving paths and findings.

    The path is to the task `to`; by default there is one to each milestone and one to the end.
    """
    programme = judged.programme
    schedule = programme.required_schedule
    yield f"{programme.name}: {counts_in_words(programme)}"
    yield f"From {format_day(day_of(programme.roadmap.start))} to {end_in_words(schedule)}"
    yield ""
    yield "Milestones"
    milestones = sorted(programme.milestones, key=lambda m: (schedule[m.task].early_finish, m.id))
    for m in milestones:
        timed = programme.timed(m.task)
        spare = float_in_words(programme.roadmap, m.task, abs(programme.spare(m)))
        state = f"{spare} {'too late for' if programme.spare(m) < 0 else 'before'} its deadline" if m.deadline else ""
        day = mark_assumed(format_day(timed.last_day), schedule, m.task)
        yield f"  {day:<12} {m.name}{': ' + state if state else ''}"
    yield ""
    yield "Go-lives by wave"
    yield from _waves_text(programme)
    if points := no_return_lines(programme):
        yield ""
        yield "Points of no return: after each of these dates, going back is harder or impossible"
        yield from no_return_text(points)
    yield from _chains_text(programme, schedule, [to] if to else [m.task for m in milestones])
    yield from _path_text(programme, schedule, to)
    if assumed := assumed_lines(programme.roadmap, schedule):
        yield ""
        yield "Assumed dates"
        yield from (f"  {line}" for line in assumed)
    yield ""
    yield from findings_text(judged)


def _waves_text(programme: Programme) -> Iterator[str]:
    """Yield the go-live of each service's waves, with the names of the plan."""
    planned = [wave for wave in _waves(programme) if wave["go_live"]]
    services = max((len(programme.service(wave["service"]).name) for wave in planned), default=0)
    waves = max((len(wave["name"]) for wave in planned), default=0)
    for wave in planned:
        day = mark_if(format_day(datetime.fromisoformat(wave["go_live"]).date()), is_marked="assumed" in wave)
        schools = ", ".join(programme.school_name(school) for school in wave["schools"])
        yield f"  {day:<12} {programme.service(wave['service']).name:<{services}}  {wave['name']:<{waves}}  {schools}"


SAME_STEPS = 3
"""Steps that two paths must share at the start before the second refers to the first: our own choice."""


def _chains_text(programme: Programme, schedule: Schedule, targets: Sequence[TaskId]) -> Iterator[str]:
    """Yield the driving path of each target, earliest first, referring to an earlier path for shared steps."""
    roadmap, known = programme.roadmap, dict[str, list[str]]()
    for target in targets:
        name = roadmap.tasks[target].name
        chain = [because.sentence for because in explain_dates(roadmap, schedule, target).chain]
        alike = {other: _shared(chain, steps) for other, steps in known.items()}
        nearest = max(alike, key=lambda other: alike[other], default=None)
        first = alike[nearest] if nearest is not None and alike[nearest] >= SAME_STEPS else 0
        known[name] = chain
        yield ""
        yield f"What determines the date of “{name}”"
        if first:
            yield f"  1 to {first}: the same as for “{nearest}”."
        for n, sentence in enumerate(chain[first:], first + 1):
            yield f"  {n:>2}. {sentence}"


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _path_text(programme: Programme, schedule: Schedule, target: TaskId | None) -> Iterator[str]:
    """Yield all tasks on the longest path to `target` or to the end, including ties, with their floats."""
    roadmap = programme.roadmap
    on_path = {t for t, timed in schedule.timed.items() if timed.driving}
    where, floats = "the end of the programme", {t: schedule[t].total_float for t in on_path}
    if target is not None:
        on_path, where = set(schedule.path_to(target)), f"“{roadmap.tasks[target].name}”"
        floats = {t: x for t, x in floats_to(roadmap, schedule, target).items() if t in on_path}
    yield ""
    yield f"{counted(len(on_path), 'task')} on the longest path to {where}"
    yield f"Float is how far a task can slip without delaying {where}. A critical task has none."
    yield "Some tasks have float because the next task waits for a fixed start, such as the start of a pay period."
    in_order = sorted(on_path, key=lambda t: (schedule[t].early_start, t))
    shown = (
        (
            t,
            (
                dates_in_words(roadmap, schedule, t),
                "complete" if roadmap.is_done(t) else critical_or_float(roadmap, t, floats[t]),
            ),
        )
        for t in in_order
    )
    for name, (dates, spare), _ in grouped(roadmap, shown):
        yield f"  {dates:<28} {spare:<16} {name}"
