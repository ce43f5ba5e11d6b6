"""Changes since a report, a baseline or a day, or between two files, with each cause's share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from changeflow.errors import InputError
from changeflow.programme.announcements import GoLive, go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.differences import differences
from changeflow.programme.programme import Programme
from changeflow.programme.regrouping import Regrouped, regrouped_in
from changeflow.programme.renames import renames_of
from changeflow.reports.changes import Changes, Variance, build_changes, build_variance
from changeflow.roadmap.analysis.changes import Cause, attribute, ends_of, from_approved
from changeflow.roadmap.analysis.differences import in_order, task_differences
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.storage import facts, issued_reports, versions
from changeflow.storage.database import read_scope
from changeflow.storage.issued_reports import IssuedReport
from changeflow.storage.versions import StoredPlan, Version
from changeflow.usecases.stored import judged_as, known_until, load
from changeflow.values.base import TaskId
from changeflow.values.limits import number_in, parse_day
from changeflow.values.moments import DAY, end_of_day, format_day, local_day
from changeflow.values.words import Kind

BASELINE, REPORT = "baseline", "report"
MOST_EXPLAINED = 12
"""The most gates, the most go-lives and the most other tasks to explain: a terminal shows ten lines of each."""


@dataclass(frozen=True, slots=True)
class Since:
    """An earlier state: its name, and the programme as it was known then."""

    label: str
    programme: Programme
    approved: Mapping[TaskId, Dates] = field(default_factory=dict)
    """The approved dates, if the state is a baseline."""
    regrouped: tuple[Regrouped, ...] = ()
    """Tasks split or joined since then."""


def changes_between(before: Path, after: Path, *, say: Callable[[str], None] | None = None) -> Changes:
    """Compare the milestones and the end of two folders or two Microsoft Project files."""
    # Imported only when needed: it loads the readers of every file, and stored programmes need none.
    from changeflow.usecases.plan import plan_folder, scheduled

    title = f"between {before.name} and {after.name}"
    if before.is_dir() and after.is_dir():
        planned = plan_folder(after).programme
        ids, then = renames_of(planned.definition), plan_folder(before).programme
        programmes = ids.programme(then), planned
        old, new = (p.roadmap for p in programmes)
        found = differences(*programmes, regrouped_in(ids, then, planned))
        targets = ends_of(new, programmes[1].required_schedule)
    else:
        (old, dates), (new, now) = scheduled(before, say=say), scheduled(after, say=say)
        milestones = {t.id for roadmap in (old, new) for t in roadmap.tasks.values() if t.is_milestone}
        found = tuple(in_order(task_differences(old, new, milestones=milestones, dates=(dates, now))))
        targets = ends_of(new, now)
    others = attribute(old, new, _moved(old, new))
    return build_changes(title, attribute(old, new, targets), old, new, found=found, others=others)


def changes_since(programme: str | None, *, db: str, since: str | None, on: date) -> Changes:
    """Compare a stored programme with an earlier state: `baseline`, `report` (the last issued), or a day."""
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        earlier = earlier_state(session, stored.programme, since=since)
    if earlier is None:
        raise InputError("There is nothing to compare with yet: no report was issued, and no baseline was taken.")
    return compare_states(earlier, stored.programme, with_others=True)


def changes_by_version(session: Session, programme: str, before: Version, after: Version) -> Changes:
    """Compare two versions of a plan, both with the facts and on the day of the later one."""
    moment = after.created_at
    known, on = facts.load_facts(session, programme, until=moment), local_day(moment)
    now, then = (judged_as(version, known, on=on).programme for version in (after, before))
    ids = renames_of(after.definition)
    earlier = Since(f"version {before.number}", ids.programme(then), regrouped=regrouped_in(ids, then, now))
    return compare_states(earlier, now, with_others=True)


def variance_of(
    programme: str | None, *, db: str, on: date, number: int | None = None, everything: bool = False
) -> Variance:
    """Compare a stored programme's forecast with a baseline, by default the latest, task by task."""
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        known = stored.baseline if number is None else _numbered(session, stored.programme.id, number)
    if known is None:
        raise InputError("No baseline has been taken yet: changeflow baseline take takes one.")
    day = format_day(local_day(known.at))
    note = f"Against baseline {known.number} of {day}: {known.note.rstrip('.')}."
    return build_variance(stored.programme, known.dates, note=note, everything=everything)


def earlier_state(session: Session, programme: Programme, *, since: str | None) -> Since | None:
    """Return the state to compare with: `since`, or else the last report's or the baseline's; None if there is none."""
    until = known_until(session, programme.id)
    every = issued_reports.reports(session, programme.id, until=until)
    issued = [r for r in every if r.on < programme.on]
    baseline = versions.latest_baseline(session, programme.id, until=until)
    named, _, number = (since or "").partition(":")
    if named == BASELINE and number:
        known = _numbered(session, programme.id, number_in(number))
        return _at_baseline(session, programme, known, label=f"baseline {known.number}")
    if named == REPORT and number:
        report = _report(every, number_in(number))
        label = f"report {report.number} of {format_day(report.on)}"
        return _as_of(session, programme, label, report.at, report.on)
    if since not in (None, BASELINE, REPORT):
        day = _day(since or "")
        return _as_of(session, programme, format_day(day), end_of_day(day), day)
    if issued and since != BASELINE:
        last = issued[-1]
        return _as_of(session, programme, f"the report of {format_day(last.on)}", last.at, last.on)
    if since == REPORT:
        raise InputError("No report was issued before this day: changeflow report sro --issue issues one.")
    if baseline is None:
        return None
    return _at_baseline(session, programme, baseline, label="the baseline was set")


def _report(issued: Sequence[IssuedReport], number: int) -> IssuedReport:
    for report in issued:
        if report.number == number:
            return report
    if not issued:
        raise InputError("There is no such report. No report has been issued yet.")
    last = issued[-1].number
    raise InputError(
        f"There is no such report. {'Only report 1 has' if last == 1 else f'Reports 1 to {last} have'} been issued."
    )


def _numbered(session: Session, programme: str, number: int) -> StoredPlan:
    known = versions.baseline(session, programme, number, until=known_until(session, programme))
    if known is None:
        last = versions.latest_baseline(session, programme, until=known_until(session, programme))
        taken = f"The baselines are numbered 1 to {last.number}." if last else "No baseline has been taken yet."
        raise InputError(f"There is no such baseline. {taken}")
    return known


def _at_baseline(session: Session, programme: Programme, baseline: StoredPlan, *, label: str) -> Since | None:
    found = _as_of(session, programme, label, baseline.at, local_day(baseline.at))
    return replace(found, approved=baseline.dates) if found is not None else None


def compare_states(earlier: Since, programme: Programme, *, with_others: bool = False) -> Changes:
    """Attribute the slip of every milestone that was open in the earlier state.

    `with_others` also gives causes for gates, go-lives and tasks.
    """
    before, after = earlier.programme, programme
    targets = [m.task for m in after.milestones if m.task not in before.roadmap.progress]
    late = {live.task for live in go_lives(after) if live.is_late and live.task} - before.roadmap.progress.keys()
    approved = {t: d.finish for t, d in earlier.approved.items()}
    others = _moved(before.roadmap, after.roadmap) if with_others else []
    asked = dict.fromkeys([*targets, *sorted(late), *others])
    slips = tuple(
        from_approved(s, approved[s.target]) if s.target in approved else s
        for s in attribute(before.roadmap, after.roadmap, list(asked))
    )
    return build_changes(
        f"since {earlier.label}",
        [s for s in slips if s.target in targets],
        before.roadmap,
        after.roadmap,
        found=differences(before, after, earlier.regrouped),
        go_lives=[s for s in slips if s.target in late],
        others=[s for s in slips if s.target in others and s.target not in late],
    )


def slip_since(session: Session, programme: Programme, task: TaskId, live: GoLive | None) -> Changes | None:
    """Compare one task with the day announced for it (`live`), or else with the latest baseline.

    None if there is nothing to compare with.
    """
    until = known_until(session, programme.id)
    baseline = versions.latest_baseline(session, programme.id, until=until)
    earlier, approved = None, None
    if live is not None and live.announced_on is not None and live.announced is not None:
        day = live.announced_on
        earlier = _as_of(session, programme, f"the announcement of {format_day(day)}", end_of_day(day), day)
        approved = live.announced
    elif live is None and baseline is not None:
        earlier = _at_baseline(session, programme, baseline, label="the baseline was set")
    if earlier is None:
        return None
    return _slip_of(task, earlier, programme, approved)


def _slip_of(task: TaskId, earlier: Since, programme: Programme, announced: date | None) -> Changes:
    before, after = earlier.programme.roadmap, programme.roadmap
    slips = attribute(before, after, [task])
    if announced is not None:
        slips = tuple(from_approved(s, s.before + (announced - s.on[0]).days * DAY, Cause.ANNOUNCED) for s in slips)
    elif task in earlier.approved:
        slips = tuple(from_approved(s, earlier.approved[task].finish) for s in slips)
    return build_changes(f"since {earlier.label}", slips, before, after)


def _moved(before: Roadmap, after: Roadmap) -> list[TaskId]:
    """Return the gates, go-lives and other tasks that move most between the states."""
    then, now = time_roadmap(before), time_roadmap(after)
    days = {t: abs((now[t].last_day - then[t].last_day).days) for t in after.tasks if t in before.tasks}
    kinds: dict[str, list[TaskId]] = {}
    for task in sorted((t for t in days if days[t]), key=lambda t: (-days[t], t)):
        kind = after.tasks[task].kind
        kinds.setdefault(kind if kind in (Kind.GO_LIVE, Kind.DECISION) else Kind.WORK, []).append(task)
    return [task for tasks in kinds.values() for task in tasks[:MOST_EXPLAINED]]


def _as_of(session: Session, now: Programme, label: str, moment: datetime, on: date) -> Since | None:
    programme = now.id
    version = versions.at_moment(session, programme, moment)
    if version is None:
        return None
    known = facts.load_facts(session, programme, until=moment)
    ids = versions.renames(session, programme, until=known_until(session, programme), since=moment)
    then = judged_as(version, known, on=on).programme
    return Since(label, ids.programme(then), regrouped=regrouped_in(ids, then, now))


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        what = str(error).partition(". ")[0]
        raise InputError(
            f"{what}. Write a day such as 2027-03-01, {BASELINE}, {BASELINE}:1, {REPORT} or {REPORT}:1."
        ) from None
