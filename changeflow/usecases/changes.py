"""What changed since a report, a baseline or a day, or between two files, and which cause did how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from changeflow.errors import InputError
from changeflow.programme.dates import Dates
from changeflow.programme.differences import differences
from changeflow.programme.programme import Programme
from changeflow.reports.changes import Changes, Variance, build_changes, build_variance
from changeflow.roadmap.analysis.changes import attribute, ends_of, from_approved
from changeflow.roadmap.analysis.differences import in_order, task_differences
from changeflow.storage import facts, versions
from changeflow.storage.database import read_scope
from changeflow.usecases.plan import plan_folder, scheduled
from changeflow.usecases.stored import judged_as, known_until, load, stored_on
from changeflow.values.base import TaskId
from changeflow.values.limits import parse_day
from changeflow.values.moments import LONDON, end_of_day, format_day

BASELINE, REPORT = "baseline", "report"
THE_BASELINE = "the baseline"


@dataclass(frozen=True, slots=True)
class Since:
    """The earlier state: what people call it, and the programme as it was known then."""

    label: str
    programme: Programme


def changes_between(before: Path, after: Path) -> Changes:
    """Compare two folders, or two Microsoft Project files; milestones and the end are what is looked at."""
    title = f"between {before.name} and {after.name}"
    if before.is_dir() and after.is_dir():
        programmes = plan_folder(before).programme, plan_folder(after).programme
        old, new = (p.roadmap for p in programmes)
        found = differences(*programmes)
        targets = ends_of(new, programmes[1].required_schedule)
    else:
        (old, then), (new, now) = scheduled(before), scheduled(after)
        milestones = {t.id for roadmap in (old, new) for t in roadmap.tasks.values() if t.is_milestone}
        found = tuple(in_order(task_differences(old, new, milestones=milestones, dates=(then, now))))
        targets = ends_of(new, now)
    return build_changes(title, attribute(old, new, targets), old, new, found=found)


def changes_since(programme: str | None, *, db: str, since: str | None, on: date) -> Changes:
    """Compare a stored programme with what it was: `baseline`, `report` (the last issued), or a day."""
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        earlier = earlier_state(session, stored.programme, since=since)
        baseline = stored.baseline.dates if stored.baseline else {}
    if earlier is None:
        raise InputError("There is nothing to compare with yet: no report was issued, and no baseline was taken.")
    return compare_states(earlier, stored.programme, baseline=baseline if earlier.label == THE_BASELINE else {})


def variance_of(programme: str | None, *, db: str, on: date, everything: bool = False) -> Variance:
    """Compare a stored programme's forecast with its latest baseline, task by task."""
    stored = stored_on(programme, db=db, on=on)
    known = stored.baseline
    if known is None:
        raise InputError("No baseline has been taken yet: changeflow baseline take takes one.")
    day = format_day(known.at.astimezone(LONDON).date())
    note = f"Against baseline {known.number} of {day}: {known.note.rstrip('.')}."
    return build_variance(stored.programme, known.dates, note=note, everything=everything)


def earlier_state(session: Session, programme: Programme, *, since: str | None) -> Since | None:
    """Return the state to compare with: the one asked for, else the last report's, else the baseline's; or None."""
    until = known_until(session, programme.id)
    issued = [r for r in versions.reports(session, programme.id, until=until) if r.on < programme.on]
    baseline = versions.latest_baseline(session, programme.id, until=until)
    if since not in (None, BASELINE, REPORT):
        day = _day(since or "")
        return _as_of(session, programme.id, f"the {format_day(day)}", end_of_day(day), day)
    if issued and since != BASELINE:
        last = issued[-1]
        return _as_of(session, programme.id, f"the report of {format_day(last.on)}", last.at, last.on)
    if since == REPORT:
        raise InputError("No report was issued before this day: changeflow report sro --issue issues one.")
    if baseline is None:
        return None
    return _as_of(session, programme.id, THE_BASELINE, baseline.at, baseline.at.astimezone(LONDON).date())


def compare_states(earlier: Since, programme: Programme, *, baseline: Mapping[TaskId, Dates] | None = None) -> Changes:
    """Attribute the slip of every milestone that has not happened by the earlier state."""
    before, after = earlier.programme, programme
    targets = [m.task for m in after.milestones if m.task not in before.roadmap.progress]
    slips = attribute(before.roadmap, after.roadmap, targets)
    approved = {t: d.finish for t, d in (baseline or {}).items()}
    slips = tuple(from_approved(s, approved[s.target]) if s.target in approved else s for s in slips)
    found = differences(before, after)
    return build_changes(f"since {earlier.label}", slips, before.roadmap, after.roadmap, found=found)


def _as_of(session: Session, programme: str, label: str, moment: datetime, on: date) -> Since | None:
    version = versions.at_moment(session, programme, moment)
    if version is None:
        return None
    known = facts.load_facts(session, programme, until=moment)
    return Since(label, judged_as(version, known, on=on).programme)


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        what = f"'{text}' is no day" if "exists" in str(error) else str(error).partition(". ")[0]
        raise InputError(f"{what}. Write a day such as 2027-03-01, {BASELINE} or {REPORT}.") from None
