"""Issued reports for a signed-in person: the list, and each report as it was issued."""

from changeflow.errors import CheckFailedError, UnknownThingError
from changeflow.programme.mandates import SYSTEM
from changeflow.reports.issued_list import IssuedHead, IssuedLine, issued_lines
from changeflow.reports.issued_reports import headline_in
from changeflow.reports.sro import SroReport
from changeflow.reports.trend import ReportPoint
from changeflow.storage import issued_reports
from changeflow.storage.issued_reports import IssuedReport
from changeflow.usecases.issued_reports import thawed_report
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action

CHANGED = (
    "This report was changed in the database after it was issued: its signature does not match. Ask the programme "
    "office to restore a backup."
)
NOT_STORED = "The text of this report is not stored."


def permit_issue(visit: Visit) -> None:
    visit.permit(Action.ISSUE_REPORT)


def issued(visit: Visit) -> tuple[IssuedLine, ...]:
    """Return every issued report, latest first."""
    visit.permit(Action.READ_REPORT)
    permit_whole(visit)

    def lines() -> tuple[IssuedLine, ...]:
        known = issued_reports.reports(visit.session, visit.name)
        return issued_lines(visit.programme, [_head(visit, report) for report in known])

    return visit.view("issued-reports", lines)


def issued_report(visit: Visit, number: int) -> SroReport:
    """Return a report as it was issued."""
    visit.permit(Action.READ_REPORT)
    permit_whole(visit)

    def read() -> SroReport:
        try:
            found = issued_reports.frozen_report(visit.session, visit.name, number)
        except CheckFailedError:
            raise CheckFailedError(CHANGED) from None
        if found is None:
            raise UnknownThingError("report", str(number))
        return thawed_report(visit.session, visit.name, found, number)

    report = visit.view("issued-report", read, number)
    if report.people.round:
        visit.note_look(f"report:{number}")
    return report


def _head(visit: Visit, report: IssuedReport) -> IssuedHead:
    return IssuedHead(
        number=report.number,
        by="changeflow" if report.by == SYSTEM else visit.programme.person(report.by),
        version=report.version,
        headline=_headline(visit, report.number),
        point=ReportPoint(
            on=report.on,
            milestones=report.milestones,
            go_lives=None
            if report.go_lives_announced is None or report.go_lives_late is None
            else (report.go_lives_announced, report.go_lives_late),
        ),
    )


def _headline(visit: Visit, number: int) -> str:
    try:
        found = issued_reports.frozen_report(visit.session, visit.name, number)
    except CheckFailedError:
        return CHANGED
    names = {c.person: c.name for c in visit.stored.contacts.values()}
    return headline_in(found.text, names) if found is not None else NOT_STORED
