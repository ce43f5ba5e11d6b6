"""The report to the SRO as numbers and sentences, for the page, the PDF and the JSON."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import partial

from changeflow.agenda.due import late_in_report
from changeflow.pilots.runs import RunSummary, latest_by_period
from changeflow.programme.announcements import go_lives
from changeflow.programme.asked import without_asked
from changeflow.programme.counts import work_of
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.announcements import GoLiveLine, GoLiveMove, go_live_lines, go_live_moves
from changeflow.reports.brief import Brief, build_brief
from changeflow.reports.changes import Changes
from changeflow.reports.confidence import ConfidenceLine, confidence_line
from changeflow.reports.coverage import UNKNOWN, columns_compared, columns_left_out
from changeflow.reports.decisions import DecisionLine, MadeLine, RefusalDates, build_decisions
from changeflow.reports.findings import FindingLine, finding_lines, waiver_in_words
from changeflow.reports.grouping import grouped, joined_sentences
from changeflow.reports.health import BalanceLine, HeadingLine, HealthLine, balance_lines, heading_lines, health_lines
from changeflow.reports.milestones import MilestoneLine, milestone_lines, milestones_in_time
from changeflow.reports.no_return import NoReturnLine, no_return_lines
from changeflow.reports.paths import (
    DragLine,
    Gantt,
    MilestoneDrag,
    NearLine,
    drag_lines,
    draw_gantt,
    milestone_drags,
    near_lines,
)
from changeflow.reports.people import PeopleLines, people_lines
from changeflow.reports.proof import Grounds, Row, proof_of
from changeflow.reports.sponsorship import Sponsorship, sponsorship
from changeflow.reports.task_why import explain_dates
from changeflow.reports.trend import ApprovedPlan, Trend
from changeflow.roadmap.analysis.assumed import assumed_lines, mark_if_at
from changeflow.roadmap.analysis.lengths import day_unit
from changeflow.roadmap.analysis.slippage import CutOff, Slips
from changeflow.roadmap.analysis.why import window_in_words
from changeflow.roadmap.model.tasks import Milestone
from changeflow.rules.engine import Judged
from changeflow.rules.sequence import hole_in_words, service_holes
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, minute_of
from changeflow.values.months import month_in_words

CUT_OFFS_WITHIN, CUT_OFF_DAYS = timedelta(days=60), 5
"""A task's cut-off is shown if the task ends within this time and has at most this many working days left: our own
choice."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """When a person was last reminded, and whether the message was sent: a test run only writes files."""

    on: date
    was_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLine:
    milestone: str
    steps: tuple[str, ...]
    late: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    service: str
    period: str
    compared: int
    equal: int
    within_tolerance: int
    explained: int
    unexplained: int
    missing: int
    extra: int
    duplicates: int
    unpaid: int
    share: str
    """Share of the contracts on both sides that are paid the same within tolerance, rounded down."""
    largest_unexplained: str
    clean: bool
    columns: str
    """The columns compared."""
    left_out: str
    """The columns not compared, with the reasons; empty if all were."""
    month: str = ""
    """The period in words, such as `March 2027`; empty in reports issued before it was kept."""


COUNTED = {f.name for f in fields(RunLine)} & {f.name for f in fields(RunSummary)}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedAs:
    """Which issued report this is, what it was made from, and the signature over all of it."""

    number: int
    on: str
    by: str
    release: str
    """The version of changeflow that made it."""
    inputs: str
    """SHA-256 of what it was made from: the definition, the rulepacks, the audit's head (which seals every fact but
    scores), the data date, and what it was compared with."""
    signature: str = ""
    """A hash of the whole report, made with the database's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SroReport:
    """Everything in the report, in order."""

    programme: str
    organisation: str
    students: str
    on: str
    data_date: str
    version: int | None
    baseline_note: str
    first_baseline: str
    """The name of the first baseline; empty if there is none or only one."""
    headline: str
    brief: Brief
    """The first two pages; the rest is the annex."""
    milestones: tuple[MilestoneLine, ...]
    go_live_moves: tuple[GoLiveMove, ...]
    """Go-lives that are not on the announced day."""
    go_lives: tuple[GoLiveLine, ...]
    """The go-live of every school and service."""
    confidence: ConfidenceLine
    decisions: tuple[DecisionLine, ...]
    made: tuple[MadeLine, ...]
    """The decision log, latest first."""
    no_return: tuple[NoReturnLine, ...]
    """Points of no return of each wave, the next first."""
    late: tuple[str, ...]
    cut_offs: tuple[str, ...]
    """Tasks that end soon and are near a cut-off."""
    paths: tuple[PathLine, ...]
    gantt: Gantt
    near: tuple[NearLine, ...]
    drag: tuple[DragLine, ...]
    """For the programme's end."""
    milestone_drag: tuple[MilestoneDrag, ...]
    changes: Changes | None
    """What moved since the last report or the baseline, by cause."""
    trend: Trend | None
    assumed: tuple[str, ...]
    """Dates that rest on assumptions beyond those in the files, and the calendars that need more dates."""
    findings: tuple[FindingLine, ...]
    holes: tuple[str, ...]
    waivers: tuple[str, ...]
    people: PeopleLines
    sponsorship: Sponsorship
    runs: tuple[RunLine, ...]
    health: tuple[HealthLine, ...]
    headings: tuple[HeadingLine, ...]
    balance: tuple[BalanceLine, ...]
    progress: str
    audit_head: str = ""
    """The last audit entry, as `changeflow audit verify --head` expects it; empty for a folder."""
    issued: IssuedAs | None = None
    """The details of an issued report; None for any other."""
    proof: Callable[[], Row] | None = field(default=None, compare=False, repr=False)
    """Builds the proof in the JSON; not on the page."""


def build_sro(
    judged: Judged,
    *,
    today: date,
    baseline: Mapping[str, Dates] | None = None,
    baseline_note: str = "",
    version: int | None = None,
    changes: Changes | None = None,
    trend: Trend | None = None,
    first: ApprovedPlan | None = None,
    reminders: Mapping[tuple[str, str], Reminded] | None = None,
    refused: RefusalDates | None = None,
) -> SroReport:
    """Build the report. `first` is the first baseline; `reminders` is None if they are unknown; `refused` is as for
    `build_decisions`."""
    programme, log = judged.programme, build_decisions(judged, today=today, refused=refused)
    lines, lives, ahead = milestone_lines(programme, baseline, first), go_lives(programme), _ahead(programme)
    slips, health = programme.slips, health_lines(programme, baseline)
    confidence, cut_offs = confidence_line(judged, today=today, baseline=baseline), _cut_offs(programme, slips, today)
    brief = build_brief(programme, lines, log.needed, changes, confidence, cut_offs, today=today)
    return SroReport(
        programme=programme.name,
        organisation=programme.definition.programme.organisation,
        students=_students(programme),
        on=format_day(today),
        data_date=format_day(programme.on),
        version=version,
        baseline_note=baseline_note or "No baseline has been approved yet.",
        first_baseline=first.name if first and not first.is_latest else "",
        headline=brief.headline,
        brief=brief,
        milestones=lines,
        go_live_moves=go_live_moves(programme, lives),
        go_lives=go_live_lines(programme, lives),
        confidence=confidence,
        decisions=log.needed,
        made=log.made,
        no_return=no_return_lines(programme),
        late=tuple(_late(programme, today, reminders)),
        cut_offs=cut_offs,
        paths=tuple(_path(programme, m) for m in ahead),
        gantt=draw_gantt(programme, ahead[-1].task if ahead else None, today=today),
        near=tuple(near_lines(programme)),
        drag=tuple(drag_lines(programme, slips)),
        milestone_drag=tuple(milestone_drags(programme, slips)),
        changes=changes,
        trend=trend,
        assumed=tuple(assumed_lines(programme.roadmap, programme.required_schedule)),
        findings=tuple(finding_lines(programme, judged.findings)),
        holes=tuple(hole_in_words(programme, hole) for hole in service_holes(programme)),
        waivers=tuple(_waivers(judged)),
        people=people_lines(programme, today=today),
        sponsorship=sponsorship(programme, today=today),
        runs=tuple(_runs(programme)),
        health=health,
        headings=heading_lines(programme, health),
        balance=balance_lines(programme),
        progress=_progress(programme),
        proof=partial(proof_of, Grounds(programme, baseline, lines, brief.dates)),
    )


def _ahead(programme: Programme) -> list[Milestone]:
    return [m for m in milestones_in_time(programme) if m in programme.open_milestones]


def _students(programme: Programme) -> str:
    wiifts = programme.definition.programme.wiifts
    return wiifts.statement if wiifts else ""


def _waivers(judged: Judged) -> Iterator[str]:
    for waiver in judged.programme.definition.waivers:
        yield waiver_in_words(judged.programme, waiver, used=waiver in judged.used_waivers)


def _cut_offs(programme: Programme, slips: Slips, today: date) -> tuple[str, ...]:
    targets, said = [m.task for m in programme.open_milestones], list[tuple[str, tuple[str, str]]]()
    for cut_off in slips.cut_offs(targets, until=minute_of(today + CUT_OFFS_WITHIN), at_most=CUT_OFF_DAYS):
        said.append((cut_off.task, _cut_off_in_words(programme, slips, cut_off)))
    return tuple(
        f"{f'The last day for “{name}” is' if count == 1 else f'For {name}, the last day is'} {day}. {words}."
        for name, (day, words), count in grouped(programme.roadmap, said)
    )


def _cut_off_in_words(programme: Programme, slips: Slips, cut_off: CutOff) -> tuple[str, str]:
    """Return the day of a cut-off, and what one day more would delay."""
    roadmap, schedule, target = programme.roadmap, programme.required_schedule, cut_off.target
    timed = schedule[cut_off.task]
    finish = slips.slipped(cut_off.task, cut_off.float_days) if cut_off.float_days else timed.early_finish
    before, after = (
        mark_if_at(format_day(schedule[target].day_at(at)), roadmap, schedule, target, at)
        for at in (cut_off.before, cut_off.after)
    )
    unit = day_unit(roadmap.tasks[cut_off.task].calendar)
    found = roadmap.tasks[cut_off.task]
    waits = f"it waits for the next {window_in_words(roadmap, found)}, so " if found.begins_in_windows else ""
    later = f"If it slips by one {unit}, {waits}“{roadmap.tasks[target].name}” will slip from {before} to {after}"
    return format_day(timed.day_at(finish)), later


def _late(programme: Programme, today: date, reminders: Mapping[tuple[str, str], Reminded] | None) -> Iterator[str]:
    said = list[tuple[str, str]]()
    for due in late_in_report(programme, today=today):
        task = programme.roadmap.tasks[due.subject]
        line = f"“{task.name}” was due from {programme.the_person(task.owner)} on {format_day(due.due_on)}"
        said.append((task.id, f"{line}{_reminded(reminders, (due.reason, due.subject))}."))
    yield from (sentence for sentence, _ in joined_sentences(programme.roadmap, said))


def _reminded(reminders: Mapping[tuple[str, str], Reminded] | None, about: tuple[str, str]) -> str:
    if reminders is None:
        return ""
    last = reminders.get(about)
    if last is None:
        return "; no reminder has been sent"
    day = format_day(last.on)
    return (
        f"; the last reminder was sent on {day}"
        if last.was_sent
        else f"; a reminder was prepared on {day} but has not been sent"
    )


def _path(programme: Programme, milestone: Milestone) -> PathLine:
    why = explain_dates(programme.roadmap, programme.required_schedule, milestone.task)
    done = {t for t, p in programme.roadmap.progress.items() if p.is_done}
    steps = [b.sentence for b in why.chain if b.task not in done]
    if len(steps) < len(why.chain):
        steps.insert(0, "Everything before the tasks below is complete.")
    return PathLine(milestone=milestone.name, steps=tuple(steps), late=why.late)


def _runs(programme: Programme) -> Iterator[RunLine]:
    for service in programme.services:
        yield from run_lines(service.name, programme.facts.runs_of(service.service))


def run_lines(service: str, runs: Iterable[RunSummary]) -> Iterator[RunLine]:
    """Yield a line for the latest run of each period of a service."""
    for run in latest_by_period(runs):
        largest = f"£{run.largest_unexplained:,.2f}"
        said = {name: getattr(run, name) for name in COUNTED} | {
            "service": service,
            "largest_unexplained": largest,
            "month": month_in_words(run.period),
        }
        coverage = run.coverage
        yield RunLine(
            **said,
            share=f"{int(run.pay_share * 10_000) / 100:g}%",
            clean=run.is_clean,
            columns=columns_compared(coverage) if coverage else UNKNOWN,
            left_out=columns_left_out(coverage) if coverage else "",
        )


def _progress(programme: Programme) -> str:
    tasks = list(work_of(programme))
    progress = without_asked(programme.roadmap, programme.facts.progress)
    done = sum(1 for t in tasks if (p := progress.get(t.id)) and p.is_done)
    begun = sum(1 for t in tasks if (p := progress.get(t.id)) and not p.is_done)
    are = "is" if done == 1 else "are"
    return (
        f"{done} of {counted(len(tasks), 'task')} {are} complete and {begun} in progress, not counting milestones."
        if done or begun
        else "No task has started yet."
    )
