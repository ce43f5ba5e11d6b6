"""Rules from employment law, such as how long to consult employees' representatives before roles end.

All numbers come from rulepacks. For planning only; not legal advice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.services.transition import RedundancyProposal, Route, fullest_windows, minimum_days, next_leaving_date
from changeflow.values.duration import counted
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.rulepack import RulepackEntry
from changeflow.values.words import Kind, Severity

PACK, SCHOOLS = "uk-employment", "uk-schools"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationPlan:
    """The collective consultation that one establishment needs, and what the plan has."""

    establishment: str
    posts: int
    """The number of roles that end in the window with the most."""
    days: int
    """Calendar days that the law requires; 0 if it requires no collective consultation."""
    first_effect: date
    """The day on which the first role in that window ends."""
    starts: date | None
    """None if the plan has no consultation there."""
    complete: date | None
    """The last day of the latest consultation."""
    notify_by: date
    """The last day to send form HR1 to the Secretary of State: the rulepack's number of days before the first role
    ends."""

    @property
    def earliest_notice(self) -> date | None:
        """The first day on which notice may be given: the day after consultation is complete."""
        return None if self.complete is None else self.complete + timedelta(days=1)

    @property
    def earliest_effect(self) -> date | None:
        """The first day on which a role may end: after the required days, and not before notice."""
        if self.starts is None or self.earliest_notice is None:
            return None
        return max(self.starts + timedelta(days=self.days), self.earliest_notice)


def consultation_plans(programme: Programme) -> Iterator[ConsultationPlan]:
    """Yield the plan of each establishment where roles end by redundancy, sorted by establishment."""
    removals = _removals(programme)
    proposals = [
        RedundancyProposal(school, count, last_day_of(programme.timed(task.id).early_finish))
        for task in removals
        for school, count in task.redundancies.items()
    ]

    def law(key: str, on: date) -> RulepackEntry:
        return programme.law(PACK, key, on=on)

    for group in fullest_windows(proposals, law=law):
        on = group.first_effect
        notice = minimum_days(group.posts, on=on, law=law, tiers_in=str(law("hr1_notice", on).value))
        talks = _consultations(programme, group.establishment, removals)
        yield ConsultationPlan(
            establishment=group.establishment,
            posts=group.posts,
            days=group.days,
            first_effect=on,
            notify_by=on - timedelta(days=notice),
            starts=min((day_of(programme.timed(t.id).early_start) for t in talks), default=None),
            complete=max((last_day_of(programme.timed(t.id).early_finish) for t in talks), default=None),
        )


def consultation_before_redundancy(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The law may require collective consultation, depending on how many roles are to end at one establishment. If so,
    consultation must begin no later than the statutory minimum period before the first role ends, and be complete
    before notice is given.
    """
    removals = _removals(programme)
    if not removals:
        return
    first = min(last_day_of(programme.timed(t.id).early_finish) for t in removals)
    yield from _unknown_threshold(programme, first)
    for plan in consultation_plans(programme):
        if not plan.days:
            continue
        roles = f"{counted(plan.posts, 'role')} {'ends' if plan.posts == 1 else 'end'}"
        name, here = programme.school_names([plan.establishment]), frozenset({plan.establishment})
        if plan.starts is None:
            message = f"{roles} at {name} without the required {plan.days} days of collective consultation."
            yield Breach("R19", plan.establishment, message, None, here)
            continue
        allowed = plan.starts + timedelta(days=plan.days)
        if plan.first_effect < allowed:
            message = (
                f"{roles} at {name}, the first on {format_day(plan.first_effect)}. Consultation begins on "
                f"{format_day(plan.starts)} and takes {plan.days} days, so none may end before {format_day(allowed)}."
            )
            yield Breach("R19", plan.establishment, message, None, here)
        talks = _consultations(programme, plan.establishment, removals)
        yield from _unfinished(programme, talks, removals, plan.establishment)
    yield from _teachers(programme)


def _teachers(programme: Programme) -> Iterator[Breach]:
    """Warn where a teacher's post ends between the set leaving dates: it is paid until the next one.

    Contracts set these dates, not the law on consultation, so this is only a warning.
    """
    for task in _removals(programme):
        ends = last_day_of(programme.timed(task.id).early_finish)
        try:
            leaves = next_leaving_date(ends, programme.law(SCHOOLS, "teacher_leaving_dates", on=ends).value)
        except KeyError:
            continue  # no rulepack has the teachers' conditions of this nation
        service = programme.service(task.service) if task.service else None
        ended = [p for p in (service.posts if service else ()) if p.teacher and p.route is Route.REDUNDANCY]
        teachers = frozenset(p.school for p in ended if p.school in task.redundancies)
        if teachers and leaves != ends:
            message = (
                f"“{task.name}” ends teachers' posts on {format_day(ends)} at {programme.school_names(teachers)}. "
                f"Teachers leave on set dates, and the next is {format_day(leaves)}."
            )
            yield Breach("R19", task.id, message, task.service, teachers, severity=Severity.WARN)


def _removals(programme: Programme) -> list[Task]:
    return [t for t in programme.tasks(kind=Kind.ROLE_REMOVAL) if t.redundancies]


def liability_information_in_time(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Staff who move to another employer must be consulted first, and the new employer must receive their employee
    liability information in time. The rule does not apply if the employer stays the same, as within one trust."""
    for service in programme.services:
        if not service.employer_changes:
            continue
        for live in programme.tasks(kind=Kind.GO_LIVE, service=service.service):
            moves = day_of(programme.timed(live.id).early_finish)
            days = int(programme.law(PACK, "tupe_liability_information_days", on=moves).value)
            talks = list(programme.tasks(kind=Kind.CONSULTATION, service=live.service, schools=live.schools))
            if not talks:
                message = f"“{live.name}” moves staff to another employer, but no task consults them."
                yield Breach("R20", live.id, message, live.service, live.schools)
                continue
            begins = min(day_of(programme.timed(t.id).early_start) for t in talks)
            if (moves - begins).days < days:
                message = (
                    f"“{live.name}” moves staff to another employer on {format_day(moves)}, but consultation begins on "
                    f"{format_day(begins)}. Employee liability information is due {days} days before the move."
                )
                yield Breach("R20", live.id, message, live.service, live.schools)


def _unknown_threshold(programme: Programme, on: date) -> Iterator[Breach]:
    entry = programme.law(PACK, "organisation_threshold", on=on)
    if entry.is_unknown:
        message = (
            f"Roles end on {format_day(on)}. By then a threshold for the whole organisation also applies, but its "
            "number is not known here and none is assumed. Add your adviser's number to the folder's rulepacks/ "
            "(rulepack uk-employment, entry organisation_threshold), with its source."
        )
        yield Breach("R19", "programme", message)


def _consultations(programme: Programme, school: str, removals: list[Task]) -> list[Task]:
    services = {t.service for t in removals if school in t.redundancies}
    return [t for t in programme.tasks(kind=Kind.CONSULTATION) if school in t.schools and t.service in services]


def _unfinished(programme: Programme, talks: list[Task], removals: list[Task], school: str) -> Iterator[Breach]:
    """Report roles that end before their consultation does; it may take longer than the legal minimum."""
    for task in removals:
        for talk in talks:
            if school in task.redundancies and talk.service == task.service:
                ends = programme.timed(talk.id).early_finish
                if programme.timed(task.id).early_start < ends:
                    message = (
                        f"“{task.name}” starts before “{talk.name}” is complete ({format_day(last_day_of(ends))})."
                    )
                    yield Breach("R19", task.id, message, task.service, frozenset({school}))
