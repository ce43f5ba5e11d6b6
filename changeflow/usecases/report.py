"""The SRO's report, of a folder or of a stored programme."""

from datetime import date
from pathlib import Path

from changeflow.pilots.go_no_go import Proposal
from changeflow.programme.programme import Programme
from changeflow.reports.documents import write_sro
from changeflow.reports.sro import SroReport, build_sro
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.usecases.facts import gate_proposal
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.stored import load
from changeflow.values.moments import spoken_day
from changeflow.values.words import Kind


def sro_of_folder(folder: Path, *, today: date, on: date | None = None) -> SroReport:
    """Build the report of a folder, which has no baseline."""
    judged = plan_folder(folder, on=on)
    return build_sro(judged, today=today, proposals=_proposals(judged.programme))


def sro_of_stored(programme: str | None, *, db: str, today: date) -> SroReport:
    """Build the report of a stored programme against its latest baseline."""
    with session_scope(db) as session:
        stored = load(session, programme, on=today)
    baseline, note = stored.baseline, ""
    if baseline is not None:
        approver = next((p.role for p in stored.version.definition.people if p.id == baseline.approver), "somebody")
        day = spoken_day(baseline.at.date())
        note = f"Baseline {baseline.number} was approved on {day} by the {approver}: {baseline.note.rstrip('.')}."
    return build_sro(
        stored.judged,
        today=today,
        baseline=baseline.dates if baseline else None,
        baseline_note=note,
        version=stored.version.number,
        proposals=_proposals(stored.programme),
    )


def _proposals(programme: Programme) -> dict[str, Proposal]:
    return {t.id: gate_proposal(programme, t.id) for t in programme.tasks(kind=Kind.DECISION)}


def write_all(*, db: str, today: date, folder: Path) -> list[Path]:
    """Write the report of every stored programme, as HTML and JSON; return the HTML files."""
    with session_scope(db) as session:
        names = versions.programme_ids(session)
    written = []
    for name in names:
        report = sro_of_stored(name, db=db, today=today)
        path = folder / f"{name}-{today.isoformat()}.html"
        write_sro(report, path)
        write_sro(report, path.with_suffix(".json"))
        written.append(path)
    return written
