"""Recovery options for a signed-in person: what would bring a date back, worked out as a calculation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import TypeAdapter

from changeflow.errors import InputError
from changeflow.programme.mandates import PROGRAMME
from changeflow.programme.programme import Programme
from changeflow.reports.recovery import RecoveryReport
from changeflow.storage import jobs
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.jobs import RECOVERY, add_calculation, own_job
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit, visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Action

ODDS = (50, 80, 90)
"""The likelihoods that the page offers, as percentages: our own choice."""
ASSUMED = "80,150"
"""The range for tasks without one, as percentages of the planned duration; the command proposes the same."""
SHOWN = 20
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTarget:
    """The date to bring back, as someone asks for it."""

    milestone: str
    by: date | None
    """The day to meet; None for the milestone's deadline."""
    percent: int
    assumes: bool
    """Whether tasks without a range get `ASSUMED`."""

    @property
    def subject(self) -> str:
        """A text that tells calculations of different questions apart."""
        day = self.by.isoformat() if self.by is not None else ""
        return _SEPARATOR.join((self.milestone, day, str(self.percent), ASSUMED if self.assumes else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """A milestone that has not happened."""

    milestone: str
    name: str
    forecast: str
    deadline: str
    """Empty without one."""
    late: str
    """How late the forecast is, such as `12 days late`; empty if it is in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryIndex:
    """What the page of recovery options shows."""

    milestones: tuple[TargetLine, ...]
    """The latest against their deadlines come first."""
    options: tuple[tuple[str, str], ...]
    """The recovery options of the plan: names and costs."""
    jobs: tuple[tuple[Job, str], ...]
    """Earlier calculations, newest first, each with its milestone."""
    may_start: bool


def recovery_index(visit: Visit) -> RecoveryIndex:
    """Return the milestones, the plan's options and earlier calculations; raise if the person sees one school only."""
    permit_recovery(visit)
    programme = visit.programme
    known = jobs.jobs_of(visit.session, visit.name, most=SHOWN, kinds=[RECOVERY])
    return RecoveryIndex(
        milestones=visit.view("recovery-milestones", lambda: _lines(programme)),
        options=tuple((o.name, f"{o.cost:,g}") for o in visit.definition.risk.recovery_options),
        jobs=tuple((job, _milestone_name(programme, job)) for job in known),
        may_start=visit.may(Action.CALCULATE),
    )


def permit_recovery(visit: Visit) -> None:
    """Raise unless the person sees the whole programme."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)


def permit_calculating(visit: Visit) -> None:
    """Raise unless the person may start a calculation."""
    visit.permit(Action.CALCULATE, PROGRAMME)


def ask_recovery(token: str, programme: str, target: RecoveryTarget, *, db: str, now: datetime) -> Job:
    """Ask for the options that meet a date; a second request for the same returns the first."""
    with visit(token, programme, db=db, now=now) as found:
        permit_calculating(found)
        milestone = next((m for m in found.programme.open_milestones if m.id == target.milestone), None)
        if milestone is None:
            raise InputError("Choose a milestone that has not happened yet.")
        if target.by is None and milestone.deadline is None:
            raise InputError(f"“{milestone.name}” has no deadline. Enter the day to meet.")
        person, version, on = found.visitor.person, found.stored.version.number, found.today
    return add_calculation(
        programme, RECOVERY, person=person, version=version, on=on, db=db, now=now, subject=target.subject
    )


def recovery_result(visit: Visit, number: int) -> tuple[Job, str, RecoveryReport | None]:
    """Return a calculation, its milestone's name, and its result; None while there is none."""
    job = own_job(visit, number, [RECOVERY])
    result = jobs.result_of(visit.session, visit.name, number) if job.state is JobState.DONE else None
    return (
        job,
        _milestone_name(visit.programme, job),
        TypeAdapter(RecoveryReport).validate_json(result[1]) if result is not None else None,
    )


def command_of(subject: str) -> Sequence[str]:
    """Return the command that answers a question, without the programme and the day."""
    milestone, day, percent, assumed = subject.split(_SEPARATOR)
    more = [*(["--by", day] if day else []), *(["--assume", assumed] if assumed else [])]
    return ["recover", milestone, "--format", "json", "--odds", percent, *more]


def _milestone_name(programme: Programme, job: Job) -> str:
    milestone = job.subject.partition(_SEPARATOR)[0]
    return next((m.name for m in programme.milestones if m.id == milestone), "a former milestone")


def _lines(programme: Programme) -> tuple[TargetLine, ...]:
    found = []
    for milestone in programme.open_milestones:
        forecast = programme.timed(milestone.task).last_day
        late = (forecast - milestone.deadline).days if milestone.deadline is not None else 0
        line = TargetLine(
            milestone=milestone.id,
            name=milestone.name,
            forecast=format_day(forecast),
            deadline=format_day(milestone.deadline) if milestone.deadline is not None else "",
            late=f"{counted(late, 'day')} late" if late > 0 else "",
        )
        found.append((-late, forecast, milestone.id, line))
    return tuple(line for *_, line in sorted(found, key=lambda f: f[:3]))
