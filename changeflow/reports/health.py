"""The health card of a programme's schedule in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from changeflow.planning.balance import balances, tipped
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.health import check_health
from changeflow.values.moments import minute_of
from changeflow.values.words import Track

WORDS = {True: "kept", False: "look at it", None: "not assessed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLine:
    """One of the 14 points, in words."""

    number: int
    name: str
    found: str
    threshold: str
    state: str
    offenders: tuple[str, ...]
    meaning: str = ""
    """What the point checks, in plain words."""


MEANINGS = {
    1: "Open tasks that lack a link to an earlier task, or to a later one",
    2: "Links that let a task start before the task it depends on has finished",
    3: "Links with a set wait between two tasks",
    4: "Links where one task starts when another ends",
    5: "Tasks tied to a date, whatever they depend on",
    6: "Tasks that could slip a long way, perhaps because a link is missing",
    7: "Tasks that are already too late for a deadline or a set date",
    8: "Tasks too long to follow closely",
    9: "Finished work in the future, or unfinished work in the past",
    10: "Tasks that no one is responsible for",
    11: "Tasks due by now that finished after their baseline date, or are not finished",
    12: "Whether a delay to a critical task delays the end by as much",
    13: "Whether the critical work fits into the time left; 1 or more means that it does",
    14: "Tasks finished so far, divided by those that should be finished",
}
"""What each point checks, in plain words."""


def health_lines(programme: Programme, baseline: Mapping[str, Dates] | None) -> tuple[HealthLine, ...]:
    """Judge a scheduled programme by the thresholds in force in its rulepacks."""
    last = max(programme.open_milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id), default=None)
    checks = check_health(
        programme.slips,
        limits=lambda key: float(programme.rulepacks.entry("schedule-health", key, on=programme.on).value),
        now=minute_of(programme.on),
        baseline={t: d.finish for t, d in baseline.items()} if baseline else None,
        target=last.task if last else None,
    )
    names = {t: task.name for t, task in programme.roadmap.tasks.items()}
    return tuple(
        HealthLine(
            number=check.number,
            name=check.name,
            found=check.found,
            threshold=check.threshold,
            state=WORDS[check.passed],
            offenders=tuple(names[t] for t in check.offenders if t in names),
            meaning=MEANINGS[check.number],
        )
        for check in checks
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadingLine:
    """One of the ten headings of a schedule assessment, with its points."""

    heading: str
    points: tuple[int, ...]
    state: str


def heading_lines(programme: Programme, lines: Sequence[HealthLine]) -> tuple[HeadingLine, ...]:
    """Group the points under the headings of the Schedule Assessment Guide; the worst point decides.

    A heading without points is not assessed.
    """
    states = {line.number: line.state for line in lines}
    found = []
    for entry in programme.rulepacks.entry("schedule-health", "gao_headings", on=programme.on).value:
        known = {states[n] for n in entry["points"]}
        state = next((WORDS[w] for w in (False, None, True) if WORDS[w] in known), WORDS[None])
        found.append(HeadingLine(heading=entry["heading"], points=tuple(entry["points"]), state=state))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceLine:
    """How a service's planned work is shared out, in whole percentages."""

    name: str
    people: int
    process: int
    technology: int
    remark: str


def balance_lines(programme: Programme) -> tuple[BalanceLine, ...]:
    """Divide the planned work into people, process and technology, for all services and then each."""
    return tuple(
        BalanceLine(
            name=found.name,
            people=round(100 * found.share(Track.PEOPLE)),
            process=round(100 * found.share(Track.PROCESS)),
            technology=round(100 * found.share(Track.TECHNOLOGY)),
            remark=tipped(programme, found),
        )
        for found in balances(programme)
    )


def balance_text(lines: Sequence[BalanceLine]) -> Iterator[str]:
    """Yield the balance for the terminal."""
    yield "How the planned work divides between people, process and technology"
    yield f"  {'':<20} {'People':>6}  {'Process':>7}  {'Technology':>10}"
    for line in lines:
        mark = f"CHECK {line.remark}" if line.remark else "ok"
        yield f"  {line.name:<20} {line.people:>5}%  {line.process:>6}%  {line.technology:>9}%   {mark}"


def health_text(lines: Sequence[HealthLine], headings: Sequence[HeadingLine]) -> Iterator[str]:
    """Yield the card for the terminal."""
    yield "Can these dates be trusted? 14 standard schedule checks (DCMA)"
    yield "They show whether the plan is sound, not whether the programme will finish on time."
    for line in lines:
        mark = {"kept": "ok", "look at it": "CHECK"}.get(line.state, "–")
        limit = "" if line.threshold == "–" else f" (threshold: {line.threshold})"
        yield f"  {line.number:>2} {line.name:<38} {mark:<5} {line.found}{limit}"
        for name in line.offenders[:5] if line.state == "look at it" else ():
            yield f"       {name}"
        if line.state == "look at it" and len(line.offenders) > 5:
            yield f"       and {len(line.offenders) - 5} more"
    yield ""
    yield "The same results under the ten headings of the GAO Schedule Assessment Guide"
    for heading in headings:
        mark = {"kept": "ok", "look at it": "CHECK"}.get(heading.state, "–")
        noun = "check" if len(heading.points) == 1 else "checks"
        points = f"{noun} {', '.join(map(str, heading.points))}" if heading.points else "not assessed"
        yield f"  {mark:<5} {heading.heading} ({points})"
