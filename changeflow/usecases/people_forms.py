"""What the forms about people show: training and who came, checkpoints, and visible support."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.errors import UnknownThingError
from changeflow.programme.facts import ACTS
from changeflow.programme.mandates import PROGRAMME, Subject
from changeflow.programme.people import Session, sessions
from changeflow.programme.recording import task_subject
from changeflow.reports.sponsorship import sponsorship
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.acts import mark_of_acts, mark_of_attendance, mark_of_checkpoint
from changeflow.usecases.own_school import own_school, sees_all
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day, format_days
from changeflow.values.sentences import sentence
from changeflow.values.words import Action, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingLine:
    """One training session, in numbers."""

    task: str
    name: str
    days: str
    needed: int
    came: int
    with_evidence: int
    is_counted: bool
    """Whether any attendance was recorded."""
    is_past: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """A person who is expected at a session."""

    person: str
    name: str
    came: str
    """The day on which they came; empty if they are not recorded."""
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForm:
    """A training session with the people it is for."""

    line: TrainingLine
    people: tuple[Attendee, ...]
    last: date
    """Its last day, or today if that is earlier."""
    seen: str


def further_pages(visit: Visit) -> list[tuple[str, str]]:
    """Return the pages about people that the person may open, with their titles."""
    pages = (
        ("actions", sentence("Actions"), sees_all(visit)),
        ("saturation", sentence("Changes at the same time (saturation)"), True),
        ("messages", sentence("Messages"), visit.may(Action.READ_MESSAGES)),
        ("training", sentence("Training"), visit.may(Action.RECORD_TRAINING)),
        ("assessments", sentence("Record answers"), visit.may(Action.IMPORT_SCORES)),
        ("checkpoints", sentence("Checkpoints"), visit.may(Action.REPORT_CHECKPOINT, _any_subject(visit))),
        ("support", sentence("Visible support"), visit.may(Action.NOTE_SPONSOR)),
        ("details", sentence("Change someone’s details"), visit.may(Action.STORE_VERSION) and sees_all(visit)),
        ("hand-over", sentence("Hand over someone’s work"), visit.may(Action.STORE_VERSION) and sees_all(visit)),
    )
    return [(path, title) for path, title, may in pages if may]


def permit_training(visit: Visit) -> None:
    visit.permit(Action.RECORD_TRAINING)


def training_list(visit: Visit) -> tuple[TrainingLine, ...]:
    """Return the training sessions that are for anyone, by day."""
    permit_training(visit)
    found = [_line(visit, s) for s in sessions(visit.programme) if s.needed_by]
    return tuple(sorted(found, key=lambda line: (*visit.programme.days_of(line.task), line.task)))


def session_form(visit: Visit, task: str) -> SessionForm:
    """Return a session with the people it is for; the audit records who looked."""
    permit_training(visit)
    session = _session(visit, task)
    visit.note_look("attendance")
    programme = visit.programme
    known = {a.person: a for a in programme.facts.attendance if a.task == task}
    people = (
        Attendee(
            person=p,
            name=programme.person(p),
            came=format_day(known[p].on) if p in known else "",
            evidence=known[p].evidence if p in known else "",
        )
        for p in session.needed_by
    )
    return SessionForm(
        line=_line(visit, session),
        people=tuple(sorted(people, key=lambda a: (a.name.casefold(), a.person))),
        last=min(programme.days_of(task)[1], visit.today),
        seen=mark_of_attendance(programme, task),
    )


def _session(visit: Visit, task: str) -> Session:
    found = next((s for s in sessions(visit.programme) if s.task.id == task), None)
    if found is None:
        raise UnknownThingError("training session", task)
    return found


def _line(visit: Visit, session: Session) -> TrainingLine:
    begins, ends = visit.programme.days_of(session.task.id)
    return TrainingLine(
        task=session.task.id,
        name=session.task.name,
        days=format_days(begins, ends),
        needed=len(session.needed_by),
        came=len(session.came),
        with_evidence=len(session.with_evidence),
        is_counted=session.is_counted,
        is_past=ends < visit.today,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointLine:
    """One checkpoint, and what it found."""

    task: str
    name: str
    day: str
    verdict: str
    """Empty if it was not reported."""
    reasons: tuple[str, ...]
    is_ready: bool
    """Whether a go-live of its wave has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointForm:
    """A checkpoint with its last result."""

    line: CheckpointLine
    last: CheckpointResult | None
    seen: str


def permit_checkpoint(visit: Visit, task: str) -> Task:
    """Return a checkpoint if the person may report it; otherwise raise an error."""
    found = visit.programme.roadmap.tasks.get(task)
    if found is None or found.kind is not Kind.CHECKPOINT:
        visit.permit(Action.REPORT_CHECKPOINT, _any_subject(visit))
        raise UnknownThingError("checkpoint", task)
    visit.permit(Action.REPORT_CHECKPOINT, task_subject(found))
    return found


def _any_subject(visit: Visit) -> Subject:
    """Return, as a subject for permissions, a checkpoint that the person may report, or else the whole programme."""
    every = (task_subject(t) for t in visit.programme.tasks(kind=Kind.CHECKPOINT))
    return next((s for s in every if visit.may(Action.REPORT_CHECKPOINT, s)), PROGRAMME)


def checkpoint_list(visit: Visit) -> tuple[CheckpointLine, ...]:
    """Return the checkpoints that the person may report, by day; those to answer now come first."""
    visit.permit(Action.REPORT_CHECKPOINT, _any_subject(visit))
    tasks = visit.programme.tasks(kind=Kind.CHECKPOINT)
    own = [t for t in tasks if visit.may(Action.REPORT_CHECKPOINT, task_subject(t))]
    lines = [_checkpoint(visit, t) for t in sorted(own, key=lambda t: (*visit.programme.days_of(t.id), t.id))]
    return tuple(sorted(lines, key=lambda line: not line.is_ready or bool(line.verdict)))


def checkpoint_form(visit: Visit, task: str) -> CheckpointForm:
    found = permit_checkpoint(visit, task)
    last = next((c for c in reversed(visit.programme.facts.checkpoints) if c.task == task), None)
    return CheckpointForm(line=_checkpoint(visit, found), last=last, seen=mark_of_checkpoint(visit.programme, task))


def _checkpoint(visit: Visit, task: Task) -> CheckpointLine:
    programme = visit.programme
    found = next((f for f in programme.checkpoints() if f.task.id == task.id), None)
    lives = programme.tasks(kind=Kind.GO_LIVE, service=task.service, schools=task.schools)
    return CheckpointLine(
        task=task.id,
        name=task.name,
        day=format_day(programme.days_of(task.id)[1]),
        verdict=found.judgement.verdict.value if found else "",
        reasons=found.judgement.reasons if found else (),
        is_ready=any(programme.is_done(t.id) and t.wave == task.wave for t in lives),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportForm:
    """Visible support that is recorded, and what the form offers."""

    acts: tuple[str, ...]
    alerts: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    leads: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]
    seen: str


def permit_support(visit: Visit) -> None:
    visit.permit(Action.NOTE_SPONSOR)


def support_form(visit: Visit) -> SupportForm:
    """Return the latest acts of support; school staff do not see what names other schools."""
    permit_support(visit)
    programme, own = visit.programme, own_school(visit)
    shown = sponsorship(programme, today=visit.today)
    shown = own.only(shown) if own else shown
    people = [p for p in programme.definition.people if p.is_here(visit.today)]
    leads = [p for p in people if p.audience == LEAD and (own is None or p.school in (None, own.school))]
    return SupportForm(
        acts=shown.acts,
        alerts=shown.alerts,
        kinds=tuple((kind, words.capitalize()) for kind, words in ACTS.items()),
        leads=tuple(_named(visit, [p.id for p in leads])),
        groups=tuple((g, g.replace("-", " ").capitalize()) for g in sorted({g for p in people for g in p.groups})),
        seen=mark_of_acts(programme),
    )


LEAD = "lead"
"""The audience of change leads."""


def _named(visit: Visit, people: list[str]) -> Iterator[tuple[str, str]]:
    yield from sorted(((p, visit.programme.person(p)) for p in people), key=lambda each: (each[1].casefold(), each[0]))
