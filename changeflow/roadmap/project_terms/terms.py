"""A programme's roadmap in the terms of Microsoft Project, so that Project gives it the same dates and floats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from changeflow.errors import ChangeflowError
from changeflow.roadmap.engine.cpm import ENDS, Schedule, TimedTask, time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Link, Roadmap, Task, TaskProgress
from changeflow.roadmap.project_terms.fitting import Fit, Fitting
from changeflow.roadmap.project_terms.targets import Target, Targets, read_end
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTerms:
    """A roadmap to which Project gives the plan's dates and floats."""

    roadmap: Roadmap
    schedule: Schedule
    """The plan's dates as Project shows them."""
    fits: Mapping[TaskId, Fit]
    resized: Mapping[Link, Link]
    """Links whose lag Project cannot express, by the link that is written in their place."""
    dropped: tuple[Link, ...]
    doubled: tuple[Link, ...]
    """Links for which Project has no room, because their tasks have another link."""
    targets: Mapping[TaskId, Target]


def in_project_terms(roadmap: Roadmap, schedule: Schedule) -> ProjectTerms:
    """Express a timed roadmap in Project's terms."""
    made = Targets(roadmap, schedule)
    targets = made.all()
    fitting = Fitting(roadmap, targets)
    fitting.fit_links()
    fits = fitting.fit_tasks()
    tasks = {t: _task(target, fits[t]) for t, target in targets.items()}
    said = replace(
        roadmap,
        tasks=tasks,
        links=tuple(fitting.links),
        calendars={**roadmap.calendars, **made.calendars},
        periods={},
        finish=None,
        data_date=roadmap.data_date,
        progress={t: _progress(x) for t, x in targets.items() if x.is_begun or x.is_done},
        profile=MSPROJECT,
    )
    return ProjectTerms(
        roadmap=said,
        schedule=replace(schedule, timed={t: _timed(x) for t, x in targets.items()}, finish=fitting.end),
        fits=fits,
        resized={fitting.links[n]: link for n, link in fitting.resized.items()},
        dropped=tuple(fitting.dropped),
        doubled=tuple(fitting.doubled),
        targets=targets,
    )


def differences(terms: ProjectTerms) -> Iterator[TaskId]:
    """Yield the tasks to which Project's rules give other dates or another float than the plan."""
    try:
        found = time_roadmap(_as_read(terms.roadmap))
    except ChangeflowError:
        yield from terms.targets
        return
    for task, target in terms.targets.items():
        if target.is_done:
            continue
        timed = found[task]
        start, finish = timed.early_start, timed.early_finish
        dates = (start, finish, timed.total_float) == (
            target.start,
            target.finish,
            target.timed.total_float,
        )
        if not dates or timed.critical is not target.timed.critical:
            yield task


def _as_read(roadmap: Roadmap) -> Roadmap:
    """Return a roadmap as its file will be read: the last minute of a day becomes the end of that day."""
    tasks = {
        t.id: replace(
            t,
            deadline=None if t.deadline is None else read_end(t.deadline),
            constraints=tuple(replace(c, at=read_end(c.at)) if c.bound in ENDS else c for c in t.constraints),
        )
        for t in roadmap.tasks.values()
    }
    progress = {
        t: replace(p, actual_finish=None if p.actual_finish is None else read_end(p.actual_finish))
        for t, p in roadmap.progress.items()
    }
    return replace(roadmap, tasks=tasks, progress=progress)


def _task(target: Target, fit: Fit) -> Task:
    unit = Unit.ELAPSED if target.is_elapsed else Unit.WORKING
    return replace(
        target.task,
        as_late_as_possible=fit.is_late,
        duration=Duration(target.duration, unit),
        calendar=target.key,
        placed_on=None,
        measured_on=None,
        term_calendar=None,
        starts_on=None,
        constraints=(fit.constraint,) if fit.constraint is not None else (),
        deadline=fit.deadline,
    )


def _timed(target: Target) -> TimedTask:
    return replace(
        target.timed,
        early_start=target.start,
        early_finish=target.finish,
        late_start=target.late_start,
        late_finish=target.late_finish,
    )


def _progress(target: Target) -> TaskProgress:
    if target.is_done:
        return TaskProgress(target.start, target.finish)
    unit = Unit.ELAPSED if target.is_elapsed else Unit.WORKING
    return TaskProgress(target.start, None, Duration(target.left, unit), target.resume)
