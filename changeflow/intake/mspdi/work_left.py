"""Read the remaining work of tasks that have started: remaining duration, % complete, and contradictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from changeflow.calendar.working import WorkingCalendar
from changeflow.intake.mspdi.fields import Lengths, number_of
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks, task_named
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import Unit

CORRECT = "Correct one of them in Project"


@dataclass(frozen=True, slots=True)
class Begun:
    """A task of the file, with the data for its progress."""

    task: Task
    record: Record
    dates: Mapping[str, datetime]
    calendar: WorkingCalendar
    """The calendar for its work."""
    parts: Sequence[tuple[str, WorkingCalendar, Record, float]] = ()
    """For each assignment, if their calendars differ: the key, the calendar, the record and its units."""


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """Reads the remaining work of tasks, in minutes."""

    remarks: Remarks
    lengths: Lengths

    def that_counts(self, begun: Begun, percent: float | None, *, is_done: bool, is_dated: bool) -> float | None:
        """Return the remaining duration, which is none for complete work; note contradictions.

        It overrides a different percentage, because only the remaining duration moves dates. There are two exceptions:
        work with nothing left would be complete, unless all of its duration has passed; and for work without dates only
        the percentage is used.
        """
        left, length = self.length(begun, "RemainingDuration"), begun.task.duration.amount
        if left is None or not length:
            return left
        hours = f"{left / 60:g} of {length / 60:g} hours remain"
        if is_done or percent == 100:
            if left > 1:
                said = "it has an actual finish" if is_done else "it is 100% complete"
                self._say(begun, f"{said}, but {hours}: the task is read as complete. {CORRECT}")
            return None
        done = self.length(begun, "ActualDuration")
        adds_up = done is not None and abs(done + left - length) <= 1
        agrees = percent is None or abs(left - length * (1 - percent / 100)) <= length / 100 + 1
        if percent is not None and not agrees and (not is_dated or not (left or adds_up)):
            implied = length * (1 - percent / 100)
            what = f"{percent:g}% complete, but {hours}: {implied / 60:g} are taken, as the percentage says"
            self._say(begun, f"{what}. {CORRECT}")
            return implied
        if done is not None and not adds_up:
            what = f"{done / 60:g} hours done and {left / 60:g} left are not its duration of {length / 60:g}"
            self._say(begun, f"{what}: what is left counts. {CORRECT}")
        elif not agrees and not (adds_up and number_of(begun.record, "PhysicalPercentComplete", -1) == percent):
            # A percentage equal to the physical one was reported by people: it is not a share of the duration.
            self._say(begun, f"{percent:g}% complete, but {hours}: what is left counts. {CORRECT}")
        return left

    def implied(self, begun: Begun, percent: float | None) -> float:
        """Return the remaining work if the file does not give it."""
        done = self.length(begun, "ActualDuration")
        all_of = begun.task.duration.amount
        return max(0.0, all_of - done) if done is not None else all_of * (1 - (percent or 0) / 100)

    def length(self, begun: Begun, name: str) -> float | None:
        text = begun.record.get(name)
        return None if text is None else self.lengths.minutes_in(text, elapsed=begun.task.duration.unit is Unit.ELAPSED)

    def _say(self, begun: Begun, text: str) -> None:
        self.remarks.note("durations that contradict each other", f"{task_named(begun.record)}: {text}.")
