"""Plan a folder without storing anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from changeflow.adkar.published import Snapshot
from changeflow.errors import InputError, ProblemsError
from changeflow.intake.folder import Folder, read_folder
from changeflow.intake.opening import is_there, list_files
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import RunSummary
from changeflow.programme.assembly.ranges import replaced_ranges
from changeflow.programme.facts import Facts
from changeflow.programme.names import names_in
from changeflow.programme.programme import Programme, join
from changeflow.programme.references import Place
from changeflow.programme.school_terms import SchoolTerms
from changeflow.reconciliation.compare import reconcile
from changeflow.roadmap.analysis.assumed import assumed_uses, what_is_missing
from changeflow.roadmap.analysis.slippage import IfLonger
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.engine.replan import Longer, if_longer
from changeflow.roadmap.model.profile import PROFILES
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.rules.engine import Judged, judge
from changeflow.usecases.project_files import schedule_project
from changeflow.values.base import TaskId
from changeflow.values.duration import Unit, counted, parse_duration
from changeflow.values.moments import format_days
from changeflow.values.problem import Problem


def plan_folder(folder: Path, *, on: date | None = None) -> Judged:
    """Read a folder, including adkar/ and parallel-runs/, apply the rulebook and schedule it."""
    read = read_folder(folder)
    facts = Facts(snapshots=_published(read), runs=folder_runs(read, on=on))
    programme = read.programme
    if facts.snapshots or facts.runs or on is not None:
        programme, _ = join(read.definition, rulepacks=read.rulepacks, facts=facts, on=on)
    return judge(programme).with_names(names_in(read.definition, read.contacts))


def remarks(read: Folder) -> Iterator[Problem]:
    """Yield remarks on a valid folder, each with its file and line."""
    yield from _replaced_ranges(read)
    yield from missing_dates(read)


def _replaced_ranges(read: Folder) -> Iterator[Problem]:
    """Yield each place where a duration replaces the estimated ranges of tasks."""
    tasks: dict[tuple[Place, str, tuple[str, ...]], list[TaskId]] = {}
    for found in replaced_ranges(read.definition):
        tasks.setdefault((found.place, found.duration, found.estimate), []).append(found.task)
    for (place, duration, estimate), names in tasks.items():
        those = f"'{names[0]}' has no range of its own"
        if len(names) > 1:
            those = f"'{names[0]}' and {counted(len(names) - 1, 'other')} have no range of their own"
        what = f"The duration {duration} replaces the estimate {', '.join(estimate)}: {those}."
        yield read.documents[place.file].problem(place.path, what, "Write an estimate beside the duration.")


def missing_dates(read: Folder) -> Iterator[Problem]:
    """Schedule a folder and yield where a file needs more dates, and for which tasks."""
    for gap in SchoolTerms(read.definition).gaps:
        between = f"{gap.before.name} and {gap.after.name} ({format_days(*gap.days)})"
        effect = "the year before is assumed again" if gap.is_filled else "it counts as one holiday"
        what = f"No school day is given between {between}: {effect}."
        document = read.documents[f"calendar:{gap.source}"]
        yield document.problem(("terms",), what, "Add the terms that are missing.", on_key=True)
    programme = judge(read.programme).programme
    for use in assumed_uses(programme.required_schedule):
        what = what_is_missing(programme.roadmap, use)
        document = read.documents[f"calendar:{use.given.source}"]
        yield document.problem((use.given.part,), what, "Add more to this file.", on_key=True)


def _published(read: Folder) -> tuple[Snapshot, ...]:
    """Publish a folder's rounds, if any."""
    if not read.assessments:
        return ()
    # Imported here because its solver takes longer to load than most folders take to plan.
    from changeflow.usecases.publishing import publish_rounds

    return publish_rounds(read.programme, read.assessments)


def schedule_folder(folder: Path, *, on: date | None = None, profile: str | None = None) -> tuple[Roadmap, Schedule]:
    """Return a folder's roadmap with the rulebook's links, and its schedule, in its own or another profile."""
    programme = plan_folder(folder, on=on).programme
    roadmap = programme.roadmap
    if profile is not None:
        roadmap = replace(roadmap, profile=PROFILES[profile])
    if programme.schedule is None or profile is not None:
        return roadmap, time_roadmap(roadmap)
    return roadmap, programme.schedule


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The effect on the end, and on each milestone, of each task taking longer."""

    roadmap: Roadmap
    schedule: Schedule
    swept: Longer
    milestones: tuple[IfLonger, ...] = ()
    """The open milestones by date."""


def longer_tasks(path: Path, longer: str, *, say: Callable[[str], None] | None = None) -> WhatIf:
    """For each task of a Project file, compute the end if it takes longer."""
    project, schedule = schedule_project(path, say=say)
    minutes = _longer(longer, project.roadmap)
    return WhatIf(project.roadmap, schedule, if_longer(project.roadmap, minutes, schedule))


def longer_in(programme: Programme, longer: str) -> WhatIf:
    """For each task of a programme, compute the end and each milestone if it takes longer."""
    roadmap, minutes = programme.roadmap, _longer(longer, programme.roadmap)
    schedule = programme.required_schedule
    swept = if_longer(roadmap, minutes, schedule)
    in_time = sorted(programme.open_milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
    slips = programme.slips
    milestones = (
        IfLonger(m.id, m.name, m.task, schedule[m.task].early_finish, slips.longer(swept.if_longer, minutes, m.task))
        for m in in_time
    )
    return WhatIf(roadmap, schedule, swept, tuple(milestones))


def _longer(text: str, roadmap: Roadmap) -> int:
    try:
        length = parse_duration(text, minutes_per_day=roadmap.minutes_per_day)
    except ValueError as error:
        raise InputError(str(error)) from None
    if length.unit is not Unit.WORKING:
        raise InputError(f"'{text}' is not a length of working time. Write one such as 5d, 2w or 4h.")
    return length.amount


def scheduled(
    path: Path, *, on: date | None = None, say: Callable[[str], None] | None = None
) -> tuple[Roadmap, Schedule]:
    """Return the roadmap and schedule of a folder or Project file."""
    if path.is_dir():
        return schedule_folder(path, on=on)
    project, schedule = schedule_project(path, say=say)
    return project.roadmap, schedule


def folder_runs(folder: Folder, *, on: date | None) -> tuple[RunSummary, ...]:
    """Reconcile every pair of files in a folder: parallel-runs/SERVICE/PERIOD-old.csv and PERIOD-new.csv."""
    runs: list[RunSummary] = []
    if folder.path is None:
        return ()
    for service in folder.definition.services:
        policy = service.parallel_run or ParallelRunPolicy()
        problems: list[Problem] = []
        runs_of = folder.path / "parallel-runs" / service.service
        found = list_files(runs_of, problems, endings=("-old.csv",), inside=folder.path)
        if problems:
            raise ProblemsError(problems)
        for old in found:
            period = old.name[: -len("-old.csv")]
            new = old.with_name(f"{period}-new.csv")
            if not is_there(new):
                continue
            result = reconcile(old, new, policy, period=period, inside=folder.path)
            day = on or folder.definition.programme.start
            runs.append(result.summary(service=service.service, period=period, on=day))
    return tuple(runs)
