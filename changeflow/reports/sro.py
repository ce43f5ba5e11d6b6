"""The SRO's report as numbers and sentences: the HTML page and the JSON are two views of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta

from changeflow.agenda.due import late_in_report
from changeflow.phrases import listed
from changeflow.pilots.runs import RunSummary, latest_by_period
from changeflow.programme.announcements import announced_sentence, go_lives
from changeflow.programme.asked import without_asked
from changeflow.programme.counts import work_of
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.announcements import GoLiveLine, GoLiveMove, go_live_lines, go_live_moves
from changeflow.reports.changes import Changes
from changeflow.reports.confidence import ConfidenceLine, confidence_line
from changeflow.reports.coverage import UNKNOWN, columns_compared, columns_left_out
from changeflow.reports.decisions import DecisionLine, MadeLine, build_decisions
from changeflow.reports.findings import FindingLine, finding_lines, waiver_in_words
from changeflow.reports.grouping import grouped, joined_sentences
from changeflow.reports.health import BalanceLine, HeadingLine, HealthLine, balance_lines, heading_lines, health_lines
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
from changeflow.reports.sponsorship import Sponsorship, sponsorship
from changeflow.reports.trend import ApprovedPlan, Trend
from changeflow.roadmap.analysis.assumed import assumed_lines, mark_assumed
from changeflow.roadmap.analysis.slippage import Slips, format_cut_off
from changeflow.roadmap.analysis.why import explain, float_in_words
from changeflow.roadmap.model.tasks import Milestone
from changeflow.rules.engine import Judged
from changeflow.rules.sequence import hole_in_words, service_holes
from changeflow.values.duration import counted, later_or_earlier
from changeflow.values.moments import format_day, minute_of

CUT_OFFS_WITHIN, CUT_OFF_DAYS = timedelta(days=60), 5
"""Of the tasks shown with cut-offs: the days until they end, and working days left, at most. Our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneLine:
    name: str
    forecast: str
    baseline: str
    deadline: str
    state: str
    """`done`, `on time`, `earlier`, `later`, `too late` or `dropped`."""
    sentence: str
    first_baseline: str
    """Its day in the first baseline; a dash where it has none."""
    sure_by: str = ""
    """The day that 80 of a hundred simulated programmes keep, with the odds; empty where none was simulated."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """When a person was last reminded, and whether it left the house: a test run only writes files."""

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
    """Of the contracts on both sides, whose pay is the same within tolerance; rounded down."""
    largest_unexplained: str
    clean: bool
    columns: str
    """What was compared."""
    left_out: str
    """What was not, with the reasons; empty where everything was."""


COUNTED = {field.name for field in fields(RunLine)} & {field.name for field in fields(RunSummary)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SroReport:
    """Everything that the page says, in its order."""

    programme: str
    organisation: str
    students: str
    on: str
    data_date: str
    version: int | None
    audit_head: str
    """The audit's last entry, as `changeflow audit verify --head` reads it; empty for a folder."""
    baseline_note: str
    first_baseline: str
    """What the first baseline is called; empty where there is none, or no other."""
    headline: str
    milestones: tuple[MilestoneLine, ...]
    go_live_moves: tuple[GoLiveMove, ...]
    """Go-lives that are on another day than was announced."""
    go_lives: tuple[GoLiveLine, ...]
    """The go-live of every school and service."""
    confidence: ConfidenceLine
    decisions: tuple[DecisionLine, ...]
    made: tuple[MadeLine, ...]
    """The decision log: what was decided, the latest first."""
    no_return: tuple[NoReturnLine, ...]
    """What ends the way back of each wave, and the last day before it; the next first."""
    late: tuple[str, ...]
    cut_offs: tuple[str, ...]
    """Tasks that end soon and are near a cut-off."""
    paths: tuple[PathLine, ...]
    gantt: Gantt
    near: tuple[NearLine, ...]
    drag: tuple[DragLine, ...]
    """Of the programme's end."""
    milestone_drag: tuple[MilestoneDrag, ...]
    changes: Changes | None
    """What moved since the last report, or since the baseline, by cause."""
    trend: Trend | None
    assumed: tuple[str, ...]
    """What dates go beyond those that files give, and which calendar needs more of them."""
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


def build_sro(
    judged: Judged,
    *,
    today: date,
    baseline: Mapping[str, Dates] | None = None,
    baseline_note: str = "",
    version: int | None = None,
    audit_head: str = "",
    changes: Changes | None = None,
    trend: Trend | None = None,
    first: ApprovedPlan | None = None,
    reminders: Mapping[tuple[str, str], Reminded] | None = None,
) -> SroReport:
    """Build the report. `first` is the first baseline; `changes` and `trend` look back; None `reminders`: unknown."""
    programme = judged.programme
    in_time = sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
    lines = (*(_milestone(programme, m, baseline, first) for m in in_time), *_dropped(programme, baseline, first))
    log, ahead = build_decisions(judged, today=today), [m for m in in_time if m in programme.open_milestones]
    slips, health, lives = programme.slips, health_lines(programme, baseline), go_lives(programme)
    return SroReport(
        programme=programme.name,
        organisation=programme.definition.programme.organisation,
        students=_students(programme),
        on=format_day(today),
        data_date=format_day(programme.on),
        version=version,
        audit_head=audit_head,
        baseline_note=baseline_note or "No baseline has been taken yet.",
        first_baseline=first.name if first and not first.is_latest else "",
        headline=_headline(lines, log.needed, announced_sentence(programme, lives), changes.warning if changes else ""),
        milestones=lines,
        go_live_moves=go_live_moves(programme, lives),
        go_lives=go_live_lines(programme, lives),
        confidence=confidence_line(judged, today=today, baseline=baseline),
        decisions=log.needed,
        made=log.made,
        no_return=no_return_lines(programme),
        late=tuple(_late(programme, today, reminders)),
        cut_offs=tuple(_cut_offs(programme, slips, today)),
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
    )


def _students(programme: Programme) -> str:
    wiifts = programme.definition.programme.wiifts
    return wiifts.statement if wiifts else ""


def _milestone(
    programme: Programme, milestone: Milestone, baseline: Mapping[str, Dates] | None, first: ApprovedPlan | None
) -> MilestoneLine:
    timed = programme.timed(milestone.task)
    forecast = timed.last_day
    planned = timed.day_at(baseline[milestone.task].finish) if baseline and milestone.task in baseline else None
    spare = float_in_words(programme.roadmap, milestone.task, abs(programme.spare(milestone)))
    state, words = "on time", ["as in the baseline"] if planned else []
    if milestone.task in programme.roadmap.progress:
        state, words = "done", ["it has happened"]
    elif milestone.deadline is not None and forecast > milestone.deadline:
        state, words = (
            "too late",
            [f"{counted((forecast - milestone.deadline).days, 'day')} after its deadline ({spare} too late)"],
        )
    elif planned is not None and forecast != planned:
        days = (forecast - planned).days
        state = "later" if days > 0 else "earlier"
        words = [f"{counted(abs(days), 'day')} {state} than the baseline"]
    if state in ("on time", "earlier", "later") and milestone.deadline is not None:
        words.append(f"{spare} before its deadline")
    approved, deadline = first.of(milestone, timed) if first else (None, None)
    if approved is not None and first is not None and approved not in (planned, forecast):
        days = (forecast - approved).days
        words.append(f"{later_or_earlier(days)} than baseline {first.number}")
    if deadline is not None and first is not None and deadline != milestone.deadline:
        words.append(f"its deadline was {format_day(deadline)} in baseline {first.number}")
    shown = mark_assumed(format_day(forecast), programme.required_schedule, milestone.task)
    message = f"{shown}{', ' if words else ''}{', '.join(words)}"
    return MilestoneLine(
        first_baseline=format_day(approved) if approved else "–",
        name=milestone.name,
        forecast=shown,
        baseline=format_day(planned) if planned else "–",
        deadline=format_day(milestone.deadline) if milestone.deadline else "–",
        state=state,
        sentence=f"{milestone.name}: {message}.",
        sure_by=_sure_by(programme, milestone) if state != "done" else "",
    )


def _sure_by(programme: Programme, milestone: Milestone) -> str:
    odds = programme.facts.odds_of(milestone.id)
    if odds is None:
        return ""
    is_same = odds.is_known and odds.deadline is not None and odds.deadline == milestone.deadline
    held = odds.deadline_odds if is_same else None
    of = "" if held is None else f"; the deadline holds in {held} of 100"
    return f"{odds.sure_by}{of} (simulated on {format_day(odds.on)}, version {odds.version})"


def _dropped(
    programme: Programme, baseline: Mapping[str, Dates] | None, first: ApprovedPlan | None
) -> Iterator[MilestoneLine]:
    """Yield the milestones of the first baseline that the programme no longer has."""
    if first is None:
        return
    kept = {m.task for m in programme.milestones} | {m.name for m in programme.milestones}
    for task, (name, deadline) in first.milestones.items():
        if task in first.dates and not {task, name} & kept:
            day = format_day(first.dates[task].last_day)
            planned = format_day(baseline[task].last_day) if baseline and task in baseline else "–"
            yield MilestoneLine(
                name=name,
                forecast="–",
                baseline=planned,
                deadline=format_day(deadline) if deadline else "–",
                state="dropped",
                sentence=f"{name}: dropped; baseline {first.number} had it on {day}.",
                first_baseline=day,
            )


def _headline(lines: Iterable[MilestoneLine], decisions: Iterable[DecisionLine], announced: str, dropped: str) -> str:
    """Say what was dropped (`dropped`), the most severe thing about the milestones, what was announced and does not
    hold (`announced`), and which waiting decisions the evidence does not support."""
    states = [(line.state, line.name) for line in lines]
    message = "All milestones are on time." if states else "The programme has no milestones yet."
    message, is_missed = announced or message, any(state == "too late" for state, _ in states)
    for state, one, several in (
        ("too late", "misses its deadline", "miss their deadlines"),
        ("later", "is later than the baseline", "are later than the baseline"),
    ):
        names = [f"“{name}”" for s, name in states if s == state]
        if names:
            found = f"{listed(names)} {one if len(names) == 1 else several}."
            parts = (found, announced) if is_missed else (announced, found)
            message = " ".join(filter(None, parts))
            break
    unearned = [d for d in decisions if d.waiting and d.proposal == "reject"]
    message = f"{dropped} {message}" if dropped else message
    return " ".join([message, *(f"“{d.name}” is waiting; the evidence does not yet support a go." for d in unearned)])


def _waivers(judged: Judged) -> Iterator[str]:
    for waiver in judged.programme.definition.waivers:
        yield waiver_in_words(judged.programme, waiver, used=waiver in judged.used_waivers)


def _cut_offs(programme: Programme, slips: Slips, today: date) -> Iterator[str]:
    targets, said = [m.task for m in programme.open_milestones], list[tuple[str, str]]()
    for cut_off in slips.cut_offs(targets, until=minute_of(today + CUT_OFFS_WITHIN), at_most=CUT_OFF_DAYS):
        said.append((cut_off.task, format_cut_off(programme.roadmap, programme.required_schedule, cut_off)))
    for name, words, count in grouped(programme.roadmap, said):
        yield f"{name}: {words if count == 1 else words.replace('It can', 'Each can', 1)}"


def _late(programme: Programme, today: date, reminders: Mapping[tuple[str, str], Reminded] | None) -> Iterator[str]:
    said = list[tuple[str, str]]()
    for due in late_in_report(programme, today=today):
        task = programme.roadmap.tasks[due.subject]
        line = f"{task.name}: due on {format_day(due.due_on)}, with {programme.the_person(task.owner)}"
        said.append((task.id, f"{line}{_reminded(reminders, (due.reason, due.subject))}."))
    yield from (sentence for sentence, _ in joined_sentences(programme.roadmap, said))


def _reminded(reminders: Mapping[tuple[str, str], Reminded] | None, about: tuple[str, str]) -> str:
    if reminders is None:
        return ""
    last = reminders.get(about)
    if last is None:
        return "; no reminder has been sent"
    day = format_day(last.on)
    return f"; last reminded on {day}" if last.was_sent else f"; a reminder was written on {day} and not sent"


def _path(programme: Programme, milestone: Milestone) -> PathLine:
    why = explain(programme.roadmap, programme.required_schedule, milestone.task)
    done = {t for t, p in programme.roadmap.progress.items() if p.is_done}
    steps = [b.sentence for b in why.chain if b.task not in done]
    if len(steps) < len(why.chain):
        steps.insert(0, "Everything before this is finished.")
    return PathLine(milestone=milestone.name, steps=tuple(steps), late=why.late)


def _runs(programme: Programme) -> Iterator[RunLine]:
    for service in programme.services:
        yield from run_lines(service.name, programme.facts.runs_of(service.service))


def run_lines(service: str, runs: Iterable[RunSummary]) -> Iterator[RunLine]:
    """Yield a line for each period of a service, by its latest run."""
    for run in latest_by_period(runs):
        largest = f"£{run.largest_unexplained:,.2f}"
        said = {name: getattr(run, name) for name in COUNTED} | {"service": service, "largest_unexplained": largest}
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
        f"{done} of {counted(len(tasks), 'task')} {are} done, {begun} in progress; milestones are not counted."
        if done or begun
        else "Nothing has begun yet."
    )
