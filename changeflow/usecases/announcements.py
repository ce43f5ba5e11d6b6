"""Record the go-live days announced to schools."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from changeflow.errors import NOT_SAVED, InputError, ProblemsError, UnknownThingError
from changeflow.intake.facts import read_announcements
from changeflow.programme.announcements import check_announcements, forecast_announcements, go_lives
from changeflow.programme.facts import Announcement
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import RecordedFact, action_of
from changeflow.programme.recording import service_subject
from changeflow.reports.announcements import GoLiveLine, go_live_lines
from changeflow.storage import announcements, facts, versions
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem, by_place, check_known
from changeflow.values.words import Action


def announce(given: Sequence[Announcement], change: Change) -> int:
    """Record announcements and return the number of new ones; those already recorded are unchanged."""
    with unit_of_work(change) as work:
        return _record(work, given)


def announce_forecast(
    service: str | None, schools: Sequence[str], *, how: str, on: date | None, change: Change
) -> tuple[Announcement, ...]:
    """Record the forecasts of all open go-lives as announced; return the new announcements."""
    with unit_of_work(change) as work:
        check_known("service", service, [s.service for s in work.programme.services])
        for school in schools:
            check_known("school", school, [s.id for s in work.definition.schools])
        given = tuple(
            forecast_announcements(work.programme, on=on or change.on, how=how, service=service, schools=schools)
        )
        _record(work, given)
    return given


def import_announcements(path: Path, change: Change) -> int:
    """Record announcements from a CSV; return the number of new ones."""
    problems: list[Problem] = []
    with unit_of_work(change) as work:
        services, schools = {s.service: s.name for s in work.programme.services}, work.definition.schools
        found = list(read_announcements(path, path.name, problems, services=services, schools=schools, today=change.on))
        if problems:
            raise ProblemsError(by_place(problems), NOT_SAVED)
        if not found:
            raise InputError(f"{path.name} has no announcements. No changes saved.")
        return _record(work, found)


def withdraw_baseline(number: int, reason: str, change: Change) -> int:
    """Withdraw the announcements that a baseline made; return their number."""
    if not reason.strip():
        raise InputError(f"Give the reason why they are wrong. {NOT_SAVED}")
    with unit_of_work(change) as work:
        taken = versions.baseline(work.session, work.name, number)
        about = Subject(thing=f"what baseline {number} announced", recorder=taken.approver if taken else None)
        by = work.permit(Action.WITHDRAW_FACT, about)
        known = facts.recorded(work.session, work.name, "announcement")
        wrong = [f for f in known if f.withdrawn is None and f.values["how"] == f"baseline {number}"]
        facts.withdraw(work.session, work.name, wrong, reason=reason.strip(), at=change.now, by=by)
        for fact in wrong:
            work.record("withdraw", fact.id, by=by)
    return len(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementsPage:
    """What the page of announced dates shows."""

    lines: tuple[GoLiveLine, ...]
    services: tuple[tuple[str, str], ...]
    """The services whose dates the person may announce: ids and names."""
    schools: tuple[tuple[str, str], ...]
    """Every school: ids and names."""
    recorded: tuple[tuple[str, str], ...]
    """The announcements that the person may withdraw, the latest first: ids, and what was announced, and when."""
    seen: str
    """The mark of the plan's dates."""


def announcements_page(visit: Visit) -> AnnouncementsPage:
    """Return each go-live with what was announced, and what the person may announce or withdraw."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    programme, definition = visit.programme, visit.definition
    mine = [s for s in programme.services if visit.may(Action.ANNOUNCE, service_subject(programme, s.service))]
    known = facts.recorded(visit.session, visit.name, "announcement")
    wrong = [f for f in reversed(known) if f.withdrawn is None and visit.may(*action_of(programme, f))]
    return AnnouncementsPage(
        lines=visit.view("go-live-lines", lambda: go_live_lines(programme, go_lives(programme))),
        services=tuple((s.service, s.name) for s in mine),
        schools=tuple(sorted(((s.id, s.name) for s in definition.schools), key=lambda s: s[1])),
        recorded=tuple((f.id, _in_words(programme, f)) for f in wrong),
        seen=mark_of_dates(programme),
    )


def _in_words(programme: Programme, fact: RecordedFact) -> str:
    values = fact.values
    service = next((s.name for s in programme.services if s.service == values["service"]), values["service"])
    said = f"announced on {format_day(values['on'])}: {values['how']}"
    return f"{service} at {programme.school_name(values['school'])}, {format_day(values['day'])} ({said})"


def permit_announcing(visit: Visit) -> None:
    """Raise unless the person may announce the dates of at least one service."""
    permit_whole(visit)
    programme = visit.programme
    if not any(visit.may(Action.ANNOUNCE, service_subject(programme, s.service)) for s in programme.services):
        visit.permit(Action.ANNOUNCE)


def permit_withdrawing(visit: Visit, fact: str) -> None:
    """Raise unless the person may withdraw this announcement or, if none is given, at least one."""
    permit_whole(visit)
    known = facts.recorded(visit.session, visit.name, "announcement")
    if not any(visit.may(*action_of(visit.programme, f)) for f in known):
        visit.permit(Action.WITHDRAW_FACT)
    found = next((f for f in known if f.id == fact), None)
    if found is not None:
        visit.permit(*action_of(visit.programme, found))
    elif fact:
        raise UnknownThingError("announcement", fact)


def _record(work: UnitOfWork, given: Sequence[Announcement]) -> int:
    check_announcements(work.programme, given, today=work.change.on)
    services = sorted({one.service for one in given})
    by = work.actor() if services else work.permit(Action.ANNOUNCE)
    for service in services:
        work.permit(Action.ANNOUNCE, service_subject(work.programme, service))
    new = [one for one in dict.fromkeys(given) if one not in work.programme.facts.announcements]
    if new:
        announcements.add_announcements(work.session, work.name, new, at=work.change.now, by=by)
        for service in sorted({one.service for one in new}):
            count = sum(one.service == service for one in new)
            work.record("announce", f"{service}:{count}", by=by)
    return len(new)
