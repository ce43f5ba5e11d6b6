"""The go/no-go page as numbers, sentences and pictures, for the page, the PDF and the JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.criteria import State, signatures
from changeflow.agenda.gates import GateCase, gate_of
from changeflow.phrases import capitalised
from changeflow.pilots.choosing import shares
from changeflow.pilots.issues import Improvement, Issue, improvements, issues
from changeflow.pilots.runs import RunSummary, latest_by_period
from changeflow.planning.pilot_cohort import candidates
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.coverage import coverage_of_runs
from changeflow.reports.dual_running import dual_running, filing
from changeflow.reports.last_days import LastDayLine, last_day_line
from changeflow.reports.no_return import NoReturnLine, no_return_lines
from changeflow.reports.sro import RunLine, run_lines
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day
from changeflow.values.months import month_in_words
from changeflow.values.words import Kind, Outcome

WIDTH, LABELS, ROW, GAP = 760, 150, 24, 10
COLUMNS, TRAITS = 3, 90
"""The picture of schools' traits: its columns, and the width of their labels in pixels."""
CLASSES = ("unexplained", "missing", "extra", "duplicates", "explained", "within_tolerance")
"""Kinds of difference, most severe first. Equal contracts are not drawn: they would hide all others."""
NAMES = {
    "missing": "only in the old system",
    "extra": "only in the new system",
    "duplicates": "duplicated",
    "within_tolerance": "within tolerance",
}


@dataclass(frozen=True, slots=True)
class BarPart:
    """One piece of a bar."""

    kind: str
    tooltip: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class AgeBar:
    label: str
    y: int
    parts: tuple[BarPart, ...]
    end: str
    """The text at its end."""
    end_x: float
    left: float = 0
    """The left edge of its column."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart in pixels; `legend` names the kinds of part."""

    width: int
    height: int
    labels: int
    row: int
    bars: tuple[AgeBar, ...]
    legend: tuple[tuple[str, str], ...]
    heads: tuple[tuple[str, int, float], ...] = ()
    """Headings of groups of bars: text, y, x."""
    description: str = "The table below has the same numbers."
    """For people who cannot see the picture."""


def draw_convergence(runs: Sequence[RunSummary]) -> Bars | None:
    """Draw a bar for each run with its differing contracts by class; bars shrink as differences are resolved."""
    if not runs:
        return None
    counts = [{kind: int(getattr(run, kind)) for kind in CLASSES} for run in runs]
    most = max(1, *(sum(c.values()) for c in counts))
    scale = (WIDTH - LABELS - 210) / most
    bars = []
    for n, (run, count) in enumerate(zip(runs, counts, strict=True)):
        x, parts = float(LABELS), []
        for kind in CLASSES:
            if count[kind]:
                width = count[kind] * scale
                parts.append(BarPart(kind, NAMES.get(kind, kind), count[kind], round(x, 1), round(width, 1)))
                x += width
        end = f"{run.equal} identical (run {'clean' if run.is_clean else 'not clean'})"
        bars.append(
            AgeBar(
                month_in_words(run.period),
                n * (ROW + GAP),
                tuple(parts),
                end,
                round(x + 8, 1),
            )
        )
    seen = {p.kind for b in bars for p in b.parts}
    legend = tuple((kind, NAMES.get(kind, kind)) for kind in CLASSES if kind in seen)
    return Bars(WIDTH, len(bars) * (ROW + GAP), LABELS, ROW, tuple(bars), legend)


def draw_ages(issues: Iterable[Issue], today: date) -> Bars | None:
    """Draw a bar for each open issue, as long as its age, most severe first."""
    still_open = [i for i in issues if i.is_open]
    if not still_open:
        return None
    most = max(1, *(i.age(today) for i in still_open))
    scale = (WIDTH - LABELS - 150) / most
    bars = []
    for n, issue in enumerate(still_open):
        age = issue.age(today)
        part = BarPart(
            f"severity-{issue.severity.value}", issue.severity.label, age, LABELS, round(age * scale, 1) or 2
        )
        end = f"{age} days" if age != 1 else "1 day"
        label = f"Issue {issue.number}"
        bars.append(AgeBar(label, n * (ROW + GAP), (part,), end, round(LABELS + part.width + 8, 1)))
    seen = sorted({(p.kind, p.tooltip) for b in bars for p in b.parts})
    return Bars(WIDTH, len(bars) * (ROW + GAP), LABELS, ROW, tuple(bars), tuple(seen))


def draw_mix(pilot: Mapping[str, Mapping[str, float]], trust: Mapping[str, Mapping[str, float]]) -> Bars:
    """Draw the shares of each trait among the pilot's schools and among all schools."""
    half, y, left, tallest = ROW // 2, 0, 0.0, 0
    scale = WIDTH / COLUMNS - TRAITS - 50
    bars, heads, described = list[AgeBar](), list[tuple[str, int, float]](), list[str]()
    heights = {trait: 22 + len(values) * (2 * half + 8) for trait, values in trust.items()}
    for trait, values in trust.items():
        if y and y + heights[trait] / 2 > sum(heights.values()) / COLUMNS:
            y, left = 0, round(left + WIDTH / COLUMNS, 1)
        heads.append((trait, y + 14, left))
        y += 22
        for value, share in values.items():
            mine = pilot.get(trait, {}).get(value, 0.0)
            described.append(
                f"{capitalised(trait)}, {capitalised(value)}: {mine:.0%} of the pilot's schools and {share:.0%} of "
                "all schools"
            )
            for kind, label, amount in (
                ("pilot", "per cent of the pilot's schools", mine),
                ("trust", "per cent of all schools", share),
            ):
                part = BarPart(kind, label, round(amount * 100), left + TRAITS, round(amount * scale, 1))
                label = capitalised(value) if kind == "pilot" else ""
                bars.append(AgeBar(label, y, (part,), f"{amount:.0%}", round(part.x + part.width + 8, 1), left))
                y += half + 1
            y += 6
        tallest = max(tallest, y)
    legend = (("pilot", "pilot schools"), ("trust", "all schools"))
    return Bars(WIDTH, tallest, TRAITS, half, tuple(bars), legend, tuple(heads), f"{'; '.join(described)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One criterion, and what would make it pass."""

    text: str
    state: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    number: int
    text: str
    severity: str
    school: str
    owner: str
    age: str
    blocks: bool
    state: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAndDone:
    """One entry of “You said, we did”."""

    said: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """When a wave goes live if the gate is approved, and if it is not."""

    wave: str
    on_go: str
    on_no: str
    later: str
    """The delay that a rejection causes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    role: str
    state: str
    """`signed`, `does not sign` or `not yet`."""
    on: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoNoGoPage:
    """Everything on the page, in order."""

    programme: str
    organisation: str
    gate: str
    name: str
    today: str
    version: int | None
    schools: str
    needed_by: str
    """The last day to decide; empty once the gate is passed."""
    last_day: LastDayLine | None
    owner: str
    proposal: str
    headline: str
    against: tuple[Evidence, ...]
    noted: tuple[Evidence, ...]
    supports: tuple[Evidence, ...]
    decided: str
    """The outcome; empty if not decided."""
    decided_by: str
    decided_reason: str
    dissent: str
    conditions: tuple[str, ...]
    signers: tuple[Signer, ...]
    answers: tuple[AnswerLine, ...]
    runs: tuple[RunLine, ...]
    coverage: tuple[str, ...]
    """The columns that the runs compared, and those they did not."""
    convergence: Bars | None
    costs: tuple[str, ...]
    """How long both systems run, what that costs, and which system files."""
    no_return: tuple[NoReturnLine, ...]
    """This wave's points of no return, the next first."""
    issues: tuple[IssueRow, ...]
    ages: Bars | None
    said: tuple[SaidAndDone, ...]
    is_pilot: bool
    mix: Bars | None


def build_go_no_go(
    programme: Programme,
    case: GateCase,
    *,
    today: date,
    if_go: Mapping[str, Dates],
    if_no: Mapping[str, Dates],
    version: int | None = None,
) -> GoNoGoPage:
    """Build a gate's page; `if_go` and `if_no` are the plan's dates if the gate is approved or rejected today.

    Both are empty if it cannot be answered yet.
    """
    gate = gate_of(programme, case.task)
    decision = programme.facts.decision(gate.id)
    runs = latest_by_period(programme.facts.runs_of(gate.service or ""))
    log = programme.facts.pilot
    found = issues(log, gate.service)
    everybody = candidates(programme)
    own = [c for c in everybody if c.id in gate.schools]
    is_pilot = programme.is_pilot(gate.wave)
    is_open = not programme.is_done(gate.id)
    last = last_day_line(programme, gate.id, today=today) if is_open else None
    return GoNoGoPage(
        programme=programme.name,
        organisation=programme.definition.programme.organisation,
        gate=gate.id,
        name=gate.name,
        today=format_day(today),
        version=version,
        schools=programme.schools_in_words(gate.schools),
        needed_by=last.day if last is not None else "",
        last_day=last,
        owner=programme.person(gate.owner),
        proposal=case.says,
        headline=verdict_of(case),
        against=tuple(_evidence(case, State.BLOCKS, State.OPEN)),
        noted=tuple(_evidence(case, State.NOTED)),
        supports=tuple(_evidence(case, State.MET, State.WAIVED)),
        decided=decision.outcome.label if decision else "",
        decided_by=f"{programme.person(decision.by)}, {format_day(decision.on)}" if decision else "",
        decided_reason=decision.reason if decision else "",
        dissent=decision.dissent if decision else "",
        conditions=tuple(
            f"{c.text} ({programme.person(c.owner)}, by {format_day(c.due)})"
            for c in (decision.conditions if decision else ())
        ),
        signers=tuple(_signers(programme, gate)),
        answers=tuple(answer_lines(programme, gate, if_go, if_no)),
        runs=tuple(run_lines(programme.service(gate.service or "").name, runs)),
        coverage=tuple(coverage_of_runs(runs)),
        convergence=draw_convergence(runs),
        costs=(*dual_running(programme, gate, if_go, if_no), *filing(programme, gate)),
        no_return=no_return_lines(programme, service=gate.service, wave=gate.wave),
        issues=tuple(issue_row(programme, i, today) for i in found),
        ages=draw_ages(found, today),
        said=tuple(said_and_done(improvements(log, gate.service))),
        is_pilot=is_pilot,
        mix=draw_mix(shares(own), shares(everybody)) if is_pilot and own else None,
    )


def verdict_of(case: GateCase) -> str:
    """Say what the evidence supports, with the number of criteria against."""
    blocking, still_open = len(case.of(State.BLOCKS)), len(case.of(State.OPEN))
    if blocking:
        things = "1 criterion is not met" if blocking == 1 else f"{blocking} criteria are not met"
        more = f", and evidence is outstanding for {counted(still_open, 'other')}" if still_open else ""
        return f"{case.sentence.removesuffix('.')}: {things}{more}."
    if still_open:
        things = "1 criterion" if still_open == 1 else f"{still_open} criteria"
        return f"No criterion has failed. Evidence is outstanding for {things}, which a condition can cover."
    return case.sentence


def _evidence(case: GateCase, *states: State) -> Iterator[Evidence]:
    for c in case.criteria:
        if c.state in states:
            yield Evidence(text=c.text, state=c.state.value, remedy=c.remedy)


def _signers(programme: Programme, gate: Task) -> Iterator[Signer]:
    for person, signature in signatures(programme, gate).items():
        yield Signer(
            role=programme.person(person),
            state="not yet" if signature is None else "signed" if signature.agrees else "does not sign",
            on=format_day(signature.on) if signature else "",
            words=signature.words if signature else "",
        )


def answer_lines(
    programme: Programme, gate: Task, if_go: Mapping[str, Dates], if_no: Mapping[str, Dates]
) -> Iterator[AnswerLine]:
    """Yield what each answer means for the gate's own wave, then for others that it moves; skip waves already live."""
    names = {w.id: w.name for w in programme.definition.programme.waves}
    lives = [t for t in programme.tasks(kind=Kind.GO_LIVE, service=gate.service) if t.id in if_go and t.id in if_no]
    for live in sorted(lives, key=lambda t: (t.wave != gate.wave, if_go[t.id].start, t.id)):
        go, no = day_of(if_go[live.id].start), day_of(if_no[live.id].start)
        if live.id in programme.facts.progress or (live.wave != gate.wave and go == no):
            continue
        later = "" if no == go else f"{counted((no - go).days, 'day')} later"
        yield AnswerLine(
            wave=names.get(live.wave or "", live.name), on_go=format_day(go), on_no=format_day(no), later=later
        )


def issue_row(programme: Programme, issue: Issue, today: date) -> IssueRow:
    """Describe an issue."""
    return IssueRow(
        number=issue.number,
        text=issue.text,
        severity=f"{issue.severity.value}: {issue.severity.label}",
        school=programme.school_name(issue.school) if issue.school else "all",
        owner=programme.person(issue.owner),
        age=counted(issue.age(today), "day"),
        blocks=issue.is_open and (issue.blocks_next_wave or issue.severity == 1),
        state=issue.state,
        fix=issue.words if not issue.is_open else "",
    )


def said_and_done(backlog: tuple[Improvement, ...]) -> Iterator[SaidAndDone]:
    """Yield each item of the backlog with what was done."""
    for item in backlog:
        yield SaidAndDone(
            said="; ".join(item.said) or item.text,
            did=item.did or f"Not yet: {item.text}" + (f" (by {format_day(item.due)})" if item.due else ""),
        )


def go_no_go_text(page: GoNoGoPage) -> Iterator[str]:
    """Yield the page's first lines, for the terminal."""
    yield page.name
    yield page.headline
    for line in page.against:
        yield f"  {'✗ not met:' if line.state == State.BLOCKS else '○ outstanding:'} {line.text}"
    if not page.answers and page.decided in ("", Outcome.REJECT.label):
        yield "Some work before this decision is not complete, so the effect of each answer is not known yet."
    for answer in page.answers[:1]:
        wave = f"{answer.wave[:1].upper()}{answer.wave[1:]}"
        yield f"{wave} will go live on {answer.on_go} if this is approved today, or on {answer.on_no} if it is not."
