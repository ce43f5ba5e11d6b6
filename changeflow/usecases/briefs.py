"""The Brief of a stored programme, for a signed-in person: the SRO's report of today, before it is issued."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from changeflow.programme.announcements import announced_sentence, go_lives
from changeflow.reports.announcements import GoLiveLine, go_live_lines
from changeflow.reports.brief import BriefDate
from changeflow.reports.documents import json_of, pdf_of
from changeflow.reports.sro import SroReport
from changeflow.storage import audit
from changeflow.usecases.audit_trail import head_text
from changeflow.usecases.own_school import own_school, permit_whole, sees_all
from changeflow.usecases.reports import build_report
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolBrief:
    """The Brief for the people of one school."""

    school: str
    name: str
    headline: str
    """Their go-lives that are later than announced; empty if there are none."""
    dates: tuple[BriefDate, ...]
    since: str
    go_lives: tuple[GoLiveLine, ...]


def brief(visit: Visit) -> SroReport:
    """Return today's report against the latest baseline and the last report before today."""
    visit.permit(Action.READ_REPORT)
    permit_whole(visit)
    return _report(visit)


def school_brief(visit: Visit) -> SchoolBrief | None:
    """Return what people of one school see instead of the Brief: the programme's milestones and their own dates."""
    own = own_school(visit)
    if own is None:
        return None
    visit.permit(Action.READ_REPORT)
    known, programme = _report(visit).brief, visit.programme
    lives = [g for g in go_lives(programme) if g.school == own.school]
    return SchoolBrief(
        school=own.school,
        name=own.name,
        headline=announced_sentence(programme, lives),
        dates=own.only(known.dates),
        since=known.since,
        go_lives=go_live_lines(programme, lives),
    )


def _report(visit: Visit) -> SroReport:
    report = visit.view("report", lambda: build_report(visit.session, visit.stored, today=visit.today, since=None))
    if report.people.round:
        visit.note_look(f"report:{visit.today.isoformat()}")
    return report


def whole_report(visit: Visit) -> SroReport:
    """Return today's report with the last entry of the audit, as the command writes it.

    Even reading the report adds an entry, so a report kept in memory may name an earlier one.
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
