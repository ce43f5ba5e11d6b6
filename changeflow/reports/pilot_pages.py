"""A service's pilot as a page: exit criteria, parallel runs, issues, feedback, lessons and signatures, in totals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.criteria import signatures
from changeflow.pilots.entries import CaseTested, LessonAnswered, LessonProposed
from changeflow.pilots.issues import improvements, issues, lessons_of, unanswered
from changeflow.pilots.proposals import propose
from changeflow.pilots.runs import consecutive_clean, latest_by_period, missed_since
from changeflow.planning.lessons import Lesson, lessons
from changeflow.programme.assembly.decisions_applied import CAN_BE_REPEATED
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.reports.coverage import coverage_of_runs
from changeflow.reports.go_no_go import IssueRow, SaidAndDone, issue_row, said_and_done
from changeflow.reports.sro import RunLine, run_lines
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import Unit, counted, days_in_words, parse_duration
from changeflow.values.moments import format_day
from changeflow.values.months import month_in_words
from changeflow.values.words import Gate, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotLine:
    """One service's pilot among others."""

    service: str
    name: str
    schools: str
    """The pilot's schools; empty if it has none."""
    live: str
    """The pilot's go-live, as a sentence; empty if there is none."""
    criteria: str
    """How many exit criteria are met: `2 of 3 met`."""
    runs: str
    """How many clean runs there are in a row at the end; empty if there is no run."""
    open_issues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureTotal:
    """How many people have signed a go-live."""

    task: str
    gate: str
    signed: int
    refused: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonLine:
    """A lesson, with its answer."""

    number: int
    text: str
    reason: str
    state: str
    """`waiting`, `accepted` or `declined`."""
    answer: str
    """Who answered when, and why; empty if it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackLine:
    """Feedback that no one has taken up."""

    on: str
    side: str
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogLine:
    """An improvement that is not done yet."""

    number: int
    text: str
    owner: str
    due: str
    """The day by which it will be done; empty if no one has said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotPage:
    """Everything on the page, in order."""

    line: PilotLine
    skipped: str
    """Why there is no pilot; empty if there is one."""
    met: tuple[str, ...]
    unmet: tuple[str, ...]
    """Exit criteria, with what was measured."""
    measures: tuple[tuple[str, str], ...]
    """The exit criteria to measure, as ids and names."""
    runs: tuple[RunLine, ...]
    missed: tuple[str, ...]
    """The months that ended without a run after the last one."""
    coverage: tuple[str, ...]
    cases: tuple[tuple[str, str, str], ...]
    """The test pack: each case's id, what it tests, and its latest result."""
    repeatable: tuple[tuple[str, str], ...]
    """Pilots, parallel runs and test packs that may be repeated, as ids and names."""
    has_schemes: bool
    """Whether something is filed, such as a PAYE scheme's month."""
    signatures: tuple[SignatureTotal, ...]
    issues: tuple[IssueRow, ...]
    feedback: tuple[FeedbackLine, ...]
    backlog: tuple[BacklogLine, ...]
    said: tuple[SaidAndDone, ...]
    seen: tuple[str, ...]
    """What finished waves teach about the length of steps."""
    lessons: tuple[LessonLine, ...]


def pilot_lines(programme: Programme) -> tuple[PilotLine, ...]:
    """Describe each service's pilot in a line."""
    return tuple(_line(programme, service) for service in programme.services)


def pilot_page(programme: Programme, service: ServiceFile, *, today: date) -> PilotPage:
    """Build one service's page; parallel runs are counts, without individual contracts."""
    log, name = programme.facts.pilot, service.service
    runs = programme.facts.runs_of(name)
    met, unmet = _criteria(programme, service)
    steps = _steps(programme, service)
    return PilotPage(
        line=_line(programme, service),
        skipped=service.pilot.skipped.rstrip(".") if service.pilot and service.pilot.skipped else "",
        met=met,
        unmet=unmet,
        measures=tuple((c.id, c.measure) for c in (service.pilot.exit_criteria if service.pilot else ())),
        runs=tuple(run_lines(service.name, runs)),
        missed=tuple(month_in_words(month) for month in missed_since(runs, programme.on)),
        coverage=tuple(coverage_of_runs(latest_by_period(runs))),
        cases=tuple(_cases(programme, service)),
        repeatable=tuple(
            (t.id, t.name)
            for t in programme.tasks(service=name)
            if t.kind in CAN_BE_REPEATED and "-again-" not in t.id and not _has_followers(programme, t)
        ),
        has_schemes=service.parallel_run is not None and bool(service.parallel_run.schemes),
        signatures=tuple(_signatures(programme, service)),
        issues=tuple(issue_row(programme, issue, today) for issue in issues(log, name)),
        feedback=tuple(
            FeedbackLine(on=format_day(f.on), side=f.side, about=f.item, text=f.text) for f in unanswered(log, name)
        ),
        backlog=tuple(
            BacklogLine(
                number=item.number,
                text=item.text,
                owner=programme.person(item.owner),
                due=format_day(item.due) if item.due else "",
            )
            for item in improvements(log, name)
            if item.done is None
        ),
        said=tuple(said_and_done(improvements(log, name))),
        seen=tuple(_seen(lesson, steps) for lesson in lessons(programme) if lesson.service == name),
        lessons=tuple(_lessons(programme, service)),
    )


def _line(programme: Programme, service: ServiceFile) -> PilotLine:
    name = service.service
    lives = [t for t in programme.tasks(kind=Kind.GO_LIVE, service=name) if programme.is_pilot(t.wave)]
    sentences = [
        f"{'went' if programme.is_done(t.id) else 'goes'} live on {format_day(programme.days_of(t.id)[1])}"
        for t in sorted(lives, key=lambda t: (programme.days_of(t.id), t.id))
    ]
    met, unmet = _criteria(programme, service)
    runs = programme.facts.runs_of(name)
    clean = consecutive_clean(runs, on=programme.on)
    return PilotLine(
        service=name,
        name=service.name,
        schools=programme.schools_in_words(frozenset(s for t in lives for s in t.schools)),
        live="; ".join(sentences),
        criteria=f"{len(met)} of {len(met) + len(unmet)} met" if met or unmet else "",
        runs=f"{counted(clean, 'clean run')} in a row" if runs else "",
        open_issues=sum(issue.is_open for issue in issues(programme.facts.pilot, name)),
    )


def _criteria(programme: Programme, service: ServiceFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the exit criteria that are met, and the others, in the words of the go/no-go page."""
    measured = programme.facts.criteria.get(service.service, {})
    found = propose(parallel_run=None, runs=(), minimum_clean=0, pilot=service.pilot, measured=measured)
    return tuple(map(str, found.for_it)), tuple(map(str, found.against))


def _signatures(programme: Programme, service: ServiceFile) -> Iterator[SignatureTotal]:
    gates = [t for t in programme.tasks(kind=Kind.DECISION, service=service.service) if t.gate is Gate.GO_LIVE]
    for gate in sorted(gates, key=lambda t: (programme.days_of(t.id), t.id)):
        given = list(signatures(programme, gate).values())
        if given:
            yield SignatureTotal(
                task=gate.id,
                gate=gate.name,
                signed=sum(s is not None and s.agrees for s in given),
                refused=sum(s is not None and not s.agrees for s in given),
                needed=len(given),
            )


def _cases(programme: Programme, service: ServiceFile) -> Iterator[tuple[str, str, str]]:
    """Yield each case of the test pack with its latest result."""
    tested = (e for e in programme.facts.pilot if isinstance(e, CaseTested) and e.service == service.service)
    latest = {e.case: e for e in tested}
    for case in service.assurance.cases if service.assurance.has_test_pack else ():
        last = latest.get(case.id)
        said = f"{'passed' if last.passed else 'failed'} on {format_day(last.on)}" if last else "not run yet"
        yield case.id, case.what, said


def _has_followers(programme: Programme, task: Task) -> bool:
    """Return whether something that depends on a task has begun, so that it cannot be repeated."""
    return any(t in programme.facts.progress for t in programme.graph.successors(task.id))


def _steps(programme: Programme, service: ServiceFile) -> dict[str, str]:
    """Return the names of a service's steps, by id."""
    return {t.step: t.in_parts.alone for t in programme.tasks(service=service.service)}


def _seen(lesson: Lesson, steps: dict[str, str]) -> str:
    tasks, ahead = counted(lesson.count, "finished task"), counted(len(lesson.tasks), "similar task")
    is_one, name = len(lesson.tasks) == 1, steps.get(lesson.step, lesson.step)
    return (
        f"{name}: {tasks} took {lesson.taken / lesson.planned:.1f} times as long as planned. "
        f"{ahead} {'is' if is_one else 'are'} still to come."
    )


def _lessons(programme: Programme, service: ServiceFile) -> Iterator[LessonLine]:
    for lesson, answer in lessons_of(programme.facts.pilot, service.service).values():
        yield lesson_line(programme, service, lesson, answer)


def lesson_line(
    programme: Programme, service: ServiceFile, lesson: LessonProposed, answer: LessonAnswered | None
) -> LessonLine:
    """Describe a lesson, with its answer."""
    state = "waiting" if answer is None else "accepted" if answer.accepted else "declined"
    given = f"{programme.person(answer.by)}, {format_day(answer.on)}: {answer.reason}" if answer else ""
    text = _in_words(programme, lesson, _steps(programme, service))
    return LessonLine(number=lesson.number, text=text, reason=lesson.reason, state=state, answer=given)


def _in_words(programme: Programme, lesson: LessonProposed, steps: dict[str, str]) -> str:
    parts = []
    if lesson.duration:
        length = parse_duration(lesson.duration, minutes_per_day=programme.minutes_per_day)
        days = (
            days_in_words(length.amount, programme.minutes_per_day) if length.unit is Unit.WORKING else lesson.duration
        )
        parts.append(f"plan {days}")
    if lesson.also_after:
        waits = ", ".join(f"“{steps.get(step, step)}”" for step in lesson.also_after)
        parts.append(f"wait for {waits} as well")
    return f"{steps.get(lesson.step, lesson.step)}: {' and '.join(parts)}"
