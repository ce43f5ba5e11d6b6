"""Read what has happened from an MSPDI file: actual dates, percent complete, and where the remaining work resumes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from changeflow.intake.mspdi.dates import end_in, minute_in, seconds_in
from changeflow.intake.mspdi.fields import moment_of, number_of, whole
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks, task_named
from changeflow.intake.mspdi.work_left import Begun, WorkLeft
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import iso, minute_of

YEARS_BEFORE = 5 * 366 * 24 * 60
"""An actual start at 0% that is longer than this before the project's start means “not started”."""
_CONTRADICTION = "actual dates that contradict each other"
_EARLY = "actual starts before the project's start"
_NO_FINISH = "100% complete without an actual finish"
_IMPLIED = "percent complete without actual dates"


def may_have_begun(task: Record, dates: Mapping[str, datetime]) -> bool:
    """Return whether a task has anything from which its progress could be worked out."""
    return task.get("PercentComplete") not in (None, "0") or "ActualStart" in dates or "ActualFinish" in dates


@dataclass(slots=True)
class ProgressReader:
    """Reads the progress of tasks; the implications of percent complete without dates are worked out at the end."""

    remarks: Remarks
    left: WorkLeft
    start: int
    """Of the project."""
    _undated: dict[TaskId, tuple[Begun, float]] = field(default_factory=dict)

    def progress_of(self, begun: Begun) -> TaskProgress | None:
        percent = self._percent(begun)
        start, finish = self._actuals(begun, percent)
        if start is None and not percent:
            return None
        left = self.left.that_counts(begun, percent, is_done=finish is not None, is_dated=start is not None)
        if start is None and percent is not None:
            return self._implied(begun, percent)
        if start is None or finish is not None:
            return None if start is None else self._begun_at(begun, TaskProgress(start, finish))
        is_all_done = percent is None and left == 0 and begun.task.duration.amount > 0
        if percent == 100 or is_all_done:
            done = end_in(begun.dates, "Finish")
            if done is None or done < start:
                done = self._after(begun, start, begun.task.duration.amount)
            what = "no work remains, but there is no actual finish" if is_all_done else _NO_FINISH
            self._say(begun, _IMPLIED, f"{what}: {_day(done)} is used")
            return self._begun_at(begun, TaskProgress(start, done))
        return self._begun_at(begun, self._rest(begun, start, percent, left))

    def _begun_at(self, begun: Begun, progress: TaskProgress) -> TaskProgress:
        """Note that a task began before the project."""
        if (at := progress.actual_start) < self.start:
            what = f"it began on {_day(at)}, before the project's start of {_day(self.start)}: that day counts"
            self._say(begun, _EARLY, f"{what}. If it is wrong, correct the actual start in Project")
        return progress

    def note_summaries(
        self, tasks: Mapping[str, Record], parents: Mapping[str, str], known: Mapping[TaskId, TaskProgress]
    ) -> None:
        """Note the summaries that have a percentage although no task below them has one."""
        begun = set[str]()
        for task in (*known, *self._undated):
            above = parents.get(task)
            while above is not None and above not in begun:
                begun.add(above)
                above = parents.get(above)
        for uid in dict.fromkeys(parents.values()):
            percent = tasks[uid].get("PercentComplete")
            if uid not in begun and percent not in (None, "0"):
                what = f"{percent}% complete of a summary is not used: its tasks have none"
                self.remarks.note("summaries", f"{task_named(tasks[uid])}: {what}.")

    def with_undated(self, roadmap: Roadmap) -> Roadmap:
        """Add the progress of tasks that have a percentage but no dates: they are where they were planned."""
        if not self._undated:
            return roadmap
        planned, found = time_roadmap(roadmap), dict(roadmap.progress)
        for uid, (begun, percent) in self._undated.items():
            at = planned[uid]
            is_done = percent == 100
            found[uid] = (
                TaskProgress(at.early_start, at.early_finish) if is_done else self._part(begun, at.early_start, percent)
            )
        return replace(roadmap, progress=found)

    def _percent(self, begun: Begun) -> float | None:
        if begun.record.get("PercentComplete") is None:
            return None
        percent = number_of(begun.record, "PercentComplete")
        if 0 <= percent <= 100:
            return percent
        self._say(begun, "percentages", f"{percent:g}% complete is not used")
        return None

    def _actuals(self, begun: Begun, percent: float | None) -> tuple[int | None, int | None]:
        """Return the valid actual start and finish; note contradictions between them or with the percentage."""
        start, finish = minute_in(begun.dates, "ActualStart"), end_in(begun.dates, "ActualFinish")
        if start is not None and finish is not None and finish < start:
            what = f"it ends on {_day(finish)}, before it begins on {_day(start)}: its actual dates are not used"
            self._say(begun, _CONTRADICTION, what)
            return None, None
        if finish is not None and percent is not None and percent < 100:
            if not percent:
                self._say(begun, _CONTRADICTION, f"actual dates at 0% complete are not used ({_day(finish)})")
                return None, None
            self._say(
                begun, _CONTRADICTION, f"the actual finish of {_day(finish)} at {percent:g}% complete is not used"
            )
            finish = None
        if start is not None and finish is None and not percent and start < self.start - YEARS_BEFORE:
            self._say(begun, _CONTRADICTION, f"the actual start of {_day(start)} without any work done is not used")
            return None, None
        if start is None and finish is not None:
            start = minute_in(begun.dates, "Start")
            if start is None or start > finish:
                start = self._after(begun, finish, -begun.task.duration.amount)
            self._say(begun, _IMPLIED, f"an actual finish without a start: {_day(start)} is used")
        return start, finish

    def _implied(self, begun: Begun, percent: float) -> TaskProgress | None:
        """Return the progress that a percentage without actual dates implies: the task is where the file has it."""
        start, finish = minute_in(begun.dates, "Start"), end_in(begun.dates, "Finish")
        is_dated = start is not None and (percent < 100 or (finish is not None and finish >= start))
        taken = "its dates in the file are taken" if is_dated else "it is taken to be as planned"
        self._say(begun, _IMPLIED, f"{percent:g}% complete without actual dates: {taken}")
        if start is None or not is_dated:
            self._undated[begun.task.id] = begun, percent
            return None
        found = TaskProgress(start, finish) if percent == 100 else self._part(begun, start, percent)
        return self._begun_at(begun, found)

    def _part(self, begun: Begun, start: int, percent: float) -> TaskProgress:
        """Return progress from a percentage: that share of the time has been worked since the start."""
        whole_of, unit = begun.task.duration.amount, begun.task.duration.unit
        done = round(whole_of * percent / 100)
        parts = []
        for key, calendar, _, minutes in begun.parts:
            worked = round(minutes * percent / 100)
            parts.append((key, calendar.add(start, worked), round(minutes) - worked))
        resume = self._after(begun, start, done)
        return TaskProgress(start, None, Duration(whole_of - done, unit), resume, tuple(parts))

    def _rest(self, begun: Begun, start: int, percent: float | None, left: float | None) -> TaskProgress:
        """Return the progress of begun work: the remaining work, from where the file says that it resumes."""
        resume, unit = minute_in(begun.dates, "Resume"), begun.task.duration.unit
        if resume is not None and resume < start:
            self._say(begun, _CONTRADICTION, f"it resumes on {_day(resume)}, before it begins: that is not used")
            resume = None
        self._note_stop(begun, resume)
        parts = tuple(self._parts(begun, start, resume))
        if resume is not None:
            left = self.left.implied(begun, percent) if left is None else left
            # Work resumes at a whole minute; the seconds cut off there are remaining work, so they are added before
            # rounding.
            at_end = Duration(round(left + seconds_in(begun.dates, "Resume")), unit)
            return TaskProgress(start, None, at_end, resume, parts)
        if parts or (left is None and not percent):
            return TaskProgress(start, None, None if left is None else Duration(whole(left), unit), None, parts)
        if left is None:
            return self._part(begun, start, percent or 0)
        done, length = self.left.length(begun, "ActualDuration"), begun.task.duration.amount
        is_stated = left == self.left.length(begun, "RemainingDuration")
        worked = done if done is not None and is_stated else max(0, length - left)
        return TaskProgress(start, None, Duration(whole(left), unit), self._after(begun, start, round(worked)), ())

    def _note_stop(self, begun: Begun, resume: int | None) -> None:
        """Note tasks whose work stops after it resumes."""
        stop = minute_in(begun.dates, "Stop")
        if stop is not None and resume is not None and stop > resume:
            what = f"it stops on {_day(stop)}, after it resumes on {_day(resume)}: only where it resumes counts"
            self._say(begun, _CONTRADICTION, what)

    def _parts(self, begun: Begun, start: int, resume: int | None) -> Iterator[tuple[str, int, int]]:
        for key, _, record, _ in begun.parts:
            own = moment_of(record, "Resume")
            text, units = record.get("RemainingWork"), number_of(record, "Units", 1) or 1
            left = self.left.lengths.minutes_in(text) / units if text else 0
            if own is not None and minute_of(own) >= start:
                at, left = minute_of(own), left + own.second / 60
            elif resume is not None:
                at, left = resume, left + seconds_in(begun.dates, "Resume")
            else:
                continue
            if left > 0:
                yield key, at, round(left)

    def _after(self, begun: Begun, at: int, minutes: int) -> int:
        return at + minutes if begun.task.duration.unit is Unit.ELAPSED else begun.calendar.add(at, minutes)

    def _say(self, begun: Begun, kind: str, text: str) -> None:
        self.remarks.note(kind, f"{task_named(begun.record)}: {text}.")


def _day(at: int) -> str:
    return iso(at)[:10]
