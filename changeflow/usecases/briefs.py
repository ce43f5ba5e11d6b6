"""The Brief of a stored programme, for a signed-in person: the SRO's report of today, before it is issued."""

from changeflow.reports.sro import SroReport
from changeflow.usecases.reports import build_report
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


def brief(visit: Visit) -> SroReport:
    """Return today's report against the latest baseline and the last report before today."""
    visit.permit(Action.READ_REPORT)
    report = visit.view("report", lambda: build_report(visit.session, visit.stored, today=visit.today, since=None))
    if report.people.round:
        visit.note_look(Action.READ_REPORT, f"report:{visit.today.isoformat()}")
    return report
