"""The Brief of a stored programme, for a signed-in person: the SRO's report of today, before it is issued."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from changeflow.reports.documents import json_of, pdf_of
from changeflow.reports.sro import SroReport
from changeflow.storage import audit
from changeflow.usecases.audit_trail import head_text
from changeflow.usecases.reports import build_report
from changeflow.usecases.schools import sees_all
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Kind


def brief(visit: Visit) -> SroReport:
    """Return today's report against the latest baseline and the last report before today."""
    visit.permit(Action.READ_REPORT)
    report = visit.view("report", lambda: build_report(visit.session, visit.stored, today=visit.today, since=None))
    if report.people.round:
        visit.note_look(f"report:{visit.today.isoformat()}")
    return report


def whole_report(visit: Visit) -> SroReport:
    """Return today's report with the last entry of the audit, as the command writes it.

    A mere reading adds an entry, so a kept report may name an earlier one.
    """
    report, last = brief(visit), audit.head(visit.session, visit.name)
    return replace(report, audit_head=head_text(last) if last is not None else "")


def brief_pdf(visit: Visit) -> bytes:
    """Return the Brief and its annex as a PDF."""
    report = whole_report(visit)
    return visit.view("report-pdf", lambda: pdf_of(report), report.audit_head)


def brief_json(visit: Visit) -> str:
    """Return the Brief and its annex as JSON, with the proof of its dates."""
    report = whole_report(visit)
    return visit.view("report-json", lambda: json_of(report), report.audit_head)


def places(visit: Visit) -> Mapping[str, str]:
    """Return the addresses of tasks, decisions and schools by name, without names that several of them share.

    Schools whose page the person may not open are left out.
    """
    schools = f"/p/{visit.name}/schools/"

    def found() -> dict[str, str]:
        of_tasks = [(t.name, place_of(visit, t.id, is_gate=t.kind is Kind.DECISION)) for t in visit.programme.tasks()]
        every = [*of_tasks, *((s.name, schools + quote(s.id)) for s in visit.definition.schools)]
        count = Counter(name for name, _ in every)
        return {name: place for name, place in every if count[name] == 1}

    known = visit.view("places", found)
    if sees_all(visit):
        return known
    own = schools + quote(visit.visitor.school or "")
    return {name: place for name, place in known.items() if place == own or not place.startswith(schools)}


def place_of(visit: Visit, task: str, *, is_gate: bool) -> str:
    """Return the address of a task's page, or of a decision's."""
    return f"/p/{visit.name}/{'decisions' if is_gate else 'plan'}/{quote(task)}"
