"""Issue the SRO's report, and show an issued one again as it was."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from changeflow import __version__
from changeflow.errors import CheckFailedError, InputError
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.names import names_in
from changeflow.reports.documents import write_report
from changeflow.reports.issued_reports import differing, frozen, same, stand_ins, thawed
from changeflow.reports.sro import IssuedAs, SroReport
from changeflow.reports.trend import late_go_lives, points_of
from changeflow.storage import audit, issued_reports, versions
from changeflow.storage.database import read_scope
from changeflow.usecases.authority import note_look
from changeflow.usecases.reports import build_report
from changeflow.usecases.stored import Stored, known_until, name_of
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import format_day
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class Shown:
    """An issued report as it was, with a note to show beside it. The report is None if its text is not stored."""

    report: SroReport | None
    note: str


def issue_sro(
    programme: str | None, *, db: str, today: date, actor: str | None, now: datetime, since: str | None = None
) -> SroReport:
    """Issue the report as `issue_report` does."""
    return issue_report(Change(db=db, programme=programme, actor=actor, now=now, on=today), since=since)


def issue_report(change: Change, *, since: str | None = None) -> SroReport:
    """Issue the report: freeze and sign it, so that the next one says what changed since. On a day on which the same
    was issued already, return that one."""
    today, now = change.on, change.now
    with unit_of_work(change) as work:
        by, session, name = work.permit(Action.ISSUE_REPORT), work.session, work.name
        stored = work.looked_at()
        known = issued_reports.reports(session, name)
        number = known[-1].number + 1 if known else 1
        report = _to_issue(work, stored, number=number, by=by, since=since)
        text = frozen(report)
        before = issued_reports.frozen_report(session, name, known[-1].number) if known else None
        if before is not None and known[-1].on == today and same(before.text, text):
            return thawed_report(session, name, before, known[-1].number)
        last = audit.head(session, name)
        signature = issued_reports.add_report(
            session,
            name,
            points_of(stored.programme),
            number=number,
            version=stored.version.number,
            on=today,
            at=now,
            by=by,
            head=(last.last, last.hash) if last is not None else None,
            go_lives=late_go_lives(stored.programme),
            text=text,
        )
        work.note("report", f"report:{number}", by=by)
        return thawed_report(session, name, issued_reports.FrozenReport(text, signature), number)


def issued_on(
    programme: str | None, *, db: str, on: date, actor: str | None = None, now: datetime | None = None
) -> Shown | None:
    """Return the report that was last issued on a day, as it was; None if none was.

    The audit records the reading, as for `sro_of_stored`.
    """
    with read_scope(db) as session:
        name = name_of(session, programme)
        known = issued_reports.reports(session, name, until=known_until(session, name))
        number = max((r.number for r in known if r.on == on), default=None)
        if number is None:
            return None
        found = issued_reports.frozen_report(session, name, number)
        if found is None:
            # Issued by an earlier release, or removed; the audit shows which.
            lost = (
                f"Report {number} was issued on {format_day(on)}, but what it said is not stored: this is recalculated."
            )
            return Shown(None, lost)
        report = thawed_report(session, name, found, number)
        definition = versions.required(session, name).definition
        names = names_in(definition, versions.contacts(session, name).values())
    if now is not None and (actor is not None or report.people.round):
        note_look(definition, actor, Action.READ_REPORT, f"report:{number}", db=db, now=now, names=names)
    return Shown(report, f"This is report {number}, as issued on {format_day(on)}. Use --live to recalculate it.")


def check_issued(file: Any, programme: str | None, *, db: str) -> int:  # noqa: ANN401  (JSON)
    """Compare the JSON of a report with the one that was issued, whatever people are called now; return its number.

    Raises `InputError` if it is not of an issued report, `CheckFailedError` if it differs.
    """
    issued = file.get("issued") if isinstance(file, dict) else None
    number = issued.get("number") if isinstance(issued, dict) else None
    if not isinstance(number, int):
        raise InputError("It is not an issued report: it has no number.")
    with read_scope(db) as session:
        found = issued_reports.frozen_report(session, name_of(session, programme), number)
    if found is None:
        raise InputError(f"This database has no report {number} with what it said.")
    parts = differing(file, found.text, found.signature)
    if parts is None:
        raise _of_another_release(number)
    if parts:
        raise CheckFailedError(f"It differs from report {number} as it was issued, in: {', '.join(parts)}.")
    return number


def write_all(*, db: str, now: datetime, today: date, folder: Path) -> list[Path]:
    """Issue the report of every stored programme, as HTML and JSON; return the HTML files."""
    with read_scope(db) as session:
        names = versions.programme_ids(session)
    written = []
    for name in names:
        report = issue_sro(name, db=db, today=today, actor=SYSTEM, now=now)
        path = folder / f"{name}-{today.isoformat()}.html"
        write_report(report, path)
        write_report(report, path.with_suffix(".json"))
        written.append(path)
    return written


def _to_issue(work: UnitOfWork, stored: Stored, *, number: int, by: str, since: str | None) -> SroReport:
    """Build a report that names people by stand-ins."""
    nameless = replace(stored, judged=stored.judged.with_names(stand_ins(stored.programme.names)))
    report = build_report(work.session, nameless, today=work.change.on, since=since)
    title = report.changes.title if report.changes is not None else ""
    made_from = [stored.version.hash, stored.rulepacks, report.audit_head, stored.programme.on.isoformat(), title]
    issued = IssuedAs(
        number=number,
        on=report.on,
        by="changeflow" if by == SYSTEM else nameless.programme.the_person(by),
        release=__version__,
        inputs=f"sha256:{hashlib.sha256(json.dumps(made_from).encode()).hexdigest()}",
    )
    return replace(report, issued=issued)


def thawed_report(session: Session, programme: str, found: issued_reports.FrozenReport, number: int) -> SroReport:
    """Return a frozen report with the names of people, as they are stored now."""
    names = {c.person: c.name for c in versions.contacts(session, programme).values()}
    report = thawed(found.text, names, found.signature)
    if report is None:
        raise _of_another_release(number)
    return report


def _of_another_release(number: int) -> InputError:
    return InputError(
        f"Report {number} was issued by another release of changeflow, and this one cannot read it. "
        "Use the release that its last lines name."
    )
