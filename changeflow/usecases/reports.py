"""The report to the SRO, for a folder or a stored programme, and a programme's log of decisions."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from changeflow.delivery.channel_names import REACHING_PEOPLE
from changeflow.programme.names import begin
from changeflow.programme.references import PROGRAMME
from changeflow.reports.decisions import DecisionLog, build_decisions
from changeflow.reports.sro import Reminded, SroReport, build_sro
from changeflow.reports.trend import ApprovedPlan, ReportPoint, build_trend
from changeflow.storage import audit, issued_reports, messages, versions
from changeflow.storage.database import read_scope
from changeflow.storage.issued_reports import IssuedReport
from changeflow.usecases.audit_trail import head_text
from changeflow.usecases.authority import note_look
from changeflow.usecases.changes import compare_states, earlier_state
from changeflow.usecases.refusals import refusals
from changeflow.usecases.stored import Stored, known_until, load, stored_on
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action


def sro_of_folder(folder: Path, *, today: date, on: date | None = None) -> SroReport:
    """Build the report for a folder. Folders have no baseline."""
    # Imported only when needed: it loads the readers of every file, and a stored programme needs none.
    from changeflow.usecases.plan import plan_folder

    judged = plan_folder(folder, on=on)
    return build_sro(judged, today=today)


def sro_of_stored(
    programme: str | None,
    *,
    db: str,
    today: date,
    since: str | None = None,
    actor: str | None = None,
    now: datetime | None = None,
) -> SroReport:
    """Build the report of a stored programme against its latest baseline and the last report before today.

    The reader need not be named. If they are, or the report has figures about people, the audit records the reading,
    at `now`.
    """
    with read_scope(db) as session:
        stored = load(session, programme, on=today)
        report = build_report(session, stored, today=today, since=since)
    if now is not None and (actor is not None or report.people.round):
        subject = f"report:{today.isoformat()}"
        definition, names = stored.version.definition, stored.programme.names
        note_look(definition, actor, Action.READ_REPORT, subject, db=db, now=now, names=names)
    return report


def build_report(session: Session, stored: Stored, *, today: date, since: str | None) -> SroReport:
    """Build a loaded programme's report, compared with the state that `since` names."""
    baseline, note = stored.baseline, ""
    if baseline is not None:
        approver = stored.programme.the_person(baseline.approver)
        day = format_day(baseline.at.date())
        note = (
            f"{begin(approver)} approved baseline {baseline.number} (the plan used for comparison) on {day}. Reason "
            f"given: “{baseline.note.rstrip('.')}”."
        )
    earlier = earlier_state(session, stored.programme, since=since)
    until = known_until(session, stored.programme.id)
    issued = [_point_of(r) for r in issued_reports.reports(session, stored.programme.id, until=until)]
    first = _first(session, stored, until)
    report = build_sro(
        stored.judged,
        today=today,
        refused=refusals(stored.programme, today=today),
        baseline=baseline.dates if baseline else None,
        baseline_note=note,
        version=stored.version.number,
        changes=compare_states(earlier, stored.programme) if earlier else None,
        trend=build_trend(stored.programme, issued, first=first),
        first=first,
        reminders=_reminders(session, stored.programme.id, until),
    )
    last = audit.head(session, stored.programme.id)
    return replace(report, audit_head=head_text(last) if last is not None else "")


def _reminders(session: Session, programme: str, until: datetime | None) -> dict[tuple[str, str], Reminded]:
    last = messages.last_reminders(session, programme, until=until)
    return {
        about: Reminded(local_day(at), was_sent=channel in REACHING_PEOPLE) for about, (at, channel) in last.items()
    }


def _first(session: Session, stored: Stored, until: datetime | None) -> ApprovedPlan | None:
    """Return the first baseline, with the milestones that the programme had then."""
    name = stored.programme.id
    known = versions.baseline(session, name, 1, until=until)
    version = versions.numbered(session, name, known.version) if known is not None else None
    if known is None or version is None:
        return None
    milestones = version.definition.programme.milestones
    return ApprovedPlan(
        number=known.number,
        on=local_day(known.at),
        dates=known.dates,
        milestones={f"{PROGRAMME}/{key}": (shape.name, shape.deadline) for key, shape in milestones.items()},
        is_latest=stored.baseline is not None and stored.baseline.number == known.number,
    )


def _point_of(issued: IssuedReport) -> ReportPoint:
    announced, late = issued.go_lives_announced, issued.go_lives_late
    counts = (announced, late) if announced is not None and late is not None else None
    return ReportPoint(on=issued.on, milestones=issued.milestones, go_lives=counts)


def decision_log(programme: str | None, *, db: str, today: date) -> DecisionLog:
    """Return the decisions needed and the decisions made."""
    judged = stored_on(programme, db=db, on=today).judged
    return build_decisions(judged, today=today, refused=refusals(judged.programme, today=today))
