"""Read the tasks of an MSPDI file: the duration, calendars and set dates of each."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from changeflow.intake.mspdi.calendars import NONE, ProjectCalendars
from changeflow.intake.mspdi.dates import end_in, minute_in
from changeflow.intake.mspdi.fields import ESTIMATED, NO_FORMAT, code_of, has_days, is_elapsed, number_of, whole
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import Remarks, named, task_named
from changeflow.intake.mspdi.settings import ProjectSettings
from changeflow.intake.mspdi.staff import Staff, minutes_of_work
from changeflow.intake.mspdi.work_left import Begun
from changeflow.roadmap.engine.cpm import ENDS
from changeflow.roadmap.model.tasks import Assignment, Bound, Constraint, ManualDates, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, counted

AS_SOON_AS_POSSIBLE, AS_LATE_AS_POSSIBLE = 0, 1
CONSTRAINTS = {
    2: Bound.MUST_START,
    3: Bound.MUST_FINISH,
    4: Bound.START_NO_EARLIER,
    5: Bound.START_NO_LATER,
    6: Bound.FINISH_NO_EARLIER,
    7: Bound.FINISH_NO_LATER,
}
ON_SUMMARIES = (Bound.START_NO_EARLIER, Bound.FINISH_NO_LATER)
"""The constraints that tasks inherit from their summaries."""
NO_LENGTH = "it has no duration, and no dates that would give one"


@dataclass(frozen=True, slots=True)
class TaskReader:
    """The content of a file: its active tasks with their dates, their outline, and the calendars for their work."""

    elements: Mapping[str, Record]
    dated: Mapping[str, Mapping[str, datetime]]
    parents: Mapping[str, str]
    summaries: frozenset[str]
    calendars: ProjectCalendars
    project_calendar: str
    staff: Staff
    remarks: Remarks
    settings: ProjectSettings

    def read(self, linked: Container[str]) -> dict[TaskId, Task]:
        """Return every task; anything unreadable is added to the remarks."""
        found = {}
        for uid, element in self.elements.items():
            with self.remarks.refusing(element, named):
                self._note_odd(uid, element)
                found[uid] = self._task(uid, element, is_linked=uid in linked)
        return found

    def begun(self, task: Task) -> Begun:
        """Return the data from which a task's progress is worked out."""
        element, own = self.elements[task.id], self._own_calendar(task.id)
        parts = []
        for assignment in self.staff.assignments.get(task.id, ()) if task.assignments else ():
            key = self._work_calendar(assignment, own)
            minutes = minutes_of_work(assignment, self.settings.lengths)
            parts.append((key, self.calendars.laid_out[key], assignment, minutes))
        placed = self.calendars.laid_out[task.placed_on or task.calendar]
        return Begun(task, element, self.dated[task.id], placed, tuple(parts))

    def _task(self, uid: str, element: Record, *, is_linked: bool) -> Task:
        format_ = code_of(element, "DurationFormat")
        elapsed, is_summary, dates = is_elapsed(format_), uid in self.summaries, self.dated[uid]
        own = self._own_calendar(uid)
        calendar = own or self.project_calendar
        self.calendars.use(calendar)
        placed_on: str | None = None
        assignments: tuple[Assignment, ...] = ()
        is_free = not elapsed and not is_summary and self._held_dates(uid, element) == (None, None)
        if is_free:
            placed_on, assignments = self._placing(uid, element, own)
        minutes = 0 if is_summary else self._length(element, dates, placed_on or calendar, elapsed=elapsed)
        manual = None if is_free else self._manual(uid, element, calendar, minutes, elapsed=elapsed)
        # Project counts a placeholder as critical once a link says where it is.
        may_be_none = element.get("Manual") == "1" and not is_summary and not is_linked
        return Task(
            id=uid,
            name=element.get("Name") or uid,
            duration=Duration(minutes, Unit.ELAPSED if elapsed else Unit.WORKING),
            calendar=calendar,
            placed_on=placed_on,
            assignments=assignments,
            manual=manual,
            is_placeholder=may_be_none and (_is_null(element) or element.get("Duration") is None),
            as_late_as_possible=code_of(element, "ConstraintType") == AS_LATE_AS_POSSIBLE,
            constraints=tuple(self._constraints(uid)),
            deadline=None if is_summary else end_in(dates, "Deadline"),
        )

    def _length(self, element: Record, dates: Mapping[str, datetime], key: str, *, elapsed: bool) -> int:
        """Return a task's duration; if the file has none, the time between its dates."""
        text, lengths = element.get("Duration"), self.settings.lengths
        if text is not None:
            minutes = whole(lengths.minutes_in(text, elapsed=elapsed))
            is_by_hand = element.get("Manual") == "1"
            if not minutes and _is_null(element) and not is_by_hand and element.get("Milestone") != "1":
                said = "no one has entered a duration: it takes no time"
                self.remarks.note("durations that are missing", f"{task_named(element)}: {said}.")
            if has_days(text):
                said = f"the duration {text} is read as {minutes / 60:g} hours"
                self.remarks.note("durations in days, weeks or months", f"{task_named(element)}: {said}.")
            return minutes
        if element.get("Milestone") == "1":
            return 0
        start, finish = minute_in(dates, "Start"), end_in(dates, "Finish")
        if start is not None and finish is not None and finish >= start:
            minutes = finish - start if elapsed else self.calendars.use(key).between(start, finish)
            said = f"it has no duration; its dates in the file give {minutes / 60:g} hours"
        elif element.get("Manual") == "1" or _is_null(element):
            minutes, said = lengths.day, "it has no duration; a day is used"
        else:
            raise ValueError(NO_LENGTH)
        self.remarks.note("durations that are missing", f"{task_named(element)}: {said}.")
        return minutes

    def _held_dates(self, uid: str, element: Record) -> tuple[int | None, int | None]:
        """Return the start and the finish that were set by hand, or by another project's schedule.

        Some programs write dates set by hand only as Start and Finish.
        """
        dates, is_manual = self.dated[uid], element.get("Manual") == "1"
        by_hand = minute_in(dates, "ManualStart"), minute_in(dates, "ManualFinish")
        if is_manual and (by_hand != (None, None) or uid in self.summaries):
            return by_hand
        if is_manual or element.get("ExternalTask") == "1":
            return minute_in(dates, "Start"), minute_in(dates, "Finish")
        return None, None

    def _manual(self, uid: str, element: Record, calendar: str, minutes: int, *, elapsed: bool) -> ManualDates | None:
        """Return the fixed dates; if only one is fixed, the duration gives the other."""
        start, finish = self._held_dates(uid, element)
        if start is None and finish is None:
            return None
        if start is not None and finish is not None and finish < start:
            self._say(element, "dates set by hand", "the finish set by hand is before the start; neither is used")
            return None
        placed = self.calendars.use(calendar)
        if finish is None and start is not None:
            finish = start + minutes if elapsed else placed.add(start, minutes)
        if start is None and finish is not None:
            start = finish - minutes if elapsed else placed.subtract(finish, minutes)
        return None if start is None or finish is None else ManualDates(start, finish)

    def _own_calendar(self, uid: str) -> str | None:
        return self.calendars.key(self.elements[uid].get("CalendarUID"))

    def _constraints(self, uid: str) -> Iterator[Constraint]:
        """Yield a task's own constraint, and those inherited from its summaries."""
        own: str | None = uid
        while own is not None:
            element = self.elements[own]
            bound = CONSTRAINTS.get(code_of(element, "ConstraintType"))
            if bound and (own == uid or bound in ON_SUMMARIES):
                dates = self.dated[own]
                at = end_in(dates, "ConstraintDate") if bound in ENDS else minute_in(dates, "ConstraintDate")
                if at is not None:
                    yield Constraint(bound, at)
            own = self.parents.get(own)

    def _placing(self, uid: str, element: Record, own: str | None) -> tuple[str | None, tuple[Assignment, ...]]:
        """Return the calendar for the work, or one for each assignment if they differ."""
        known = self.staff.assignments.get(uid)
        if not known or element.get("IgnoreResourceCalendar") == "1":
            return None, ()
        placed = [(a, self._work_calendar(a, own)) for a in known]
        keys = {key for _, key in placed}
        if len(keys) <= 1:
            return next(iter(keys), None), ()
        lengths = self.settings.lengths
        parts = [Assignment(key, work) for a, key in placed if (work := round(minutes_of_work(a, lengths))) > 0]
        if any(a.get("WorkContour") not in (None, "0", "8") for a, _ in placed):
            self._say(
                element, "work contours", "its work is assumed to be spread evenly: a work contour is not applied"
            )
        return None, tuple(parts) if len(parts) > 1 else ()

    def _work_calendar(self, assignment: Record, own: str | None) -> str:
        """The resource's calendar replaces the project's; if the task has its own calendar, work happens when both
        allow it."""
        resource = self.staff.calendar_of(assignment) or self.project_calendar
        if own is not None and own != resource:
            return self.calendars.both(own, resource)
        self.calendars.use(resource)
        return resource

    def _note_odd(self, uid: str, element: Record) -> None:
        """Note what a task requests that is not applied."""
        calendar = element.get("CalendarUID")
        if calendar not in NONE and self.calendars.key(calendar) is None:
            self._say(element, "calendars", f"its calendar {calendar} is not in the file; the project's is used")
        kind = code_of(element, "ConstraintType")
        if kind not in CONSTRAINTS and kind not in (AS_SOON_AS_POSSIBLE, AS_LATE_AS_POSSIBLE):
            self._say(element, "constraints", f"its constraint type {kind} is not known and is not applied")
        elif kind in CONSTRAINTS and element.get("ConstraintDate") is None:
            self._say(element, "constraints", f"its constraint '{_in_words(kind)}' has no date and is not applied")
        if number_of(element, "LevelingDelay"):
            self._say(element, "levelling delays", "its levelling delay is not applied")
        if element.get("IsSubproject") == "1" or element.get("SubprojectName"):
            self._say(element, "inserted projects", "the project that is inserted here is not read")
        if element.get("ExternalTask") == "1":
            self._say(element, "tasks of other projects", "it belongs to another project; its dates are kept")
        is_by_hand = element.get("Manual") == "1" and uid not in self.summaries
        if is_by_hand and self._held_dates(uid, element) == (None, None):
            self._say(element, "dates set by hand", "it is scheduled by hand without any date: its links place it")
        if uid in self.summaries:
            self._note_summary(uid, element, kind)

    def _note_summary(self, uid: str, element: Record, kind: int) -> None:
        bound, dates = CONSTRAINTS.get(kind), self.dated[uid]
        if bound is not None and bound not in ON_SUMMARIES and "ConstraintDate" in dates:
            self._say(element, "summaries", f"'{_in_words(kind)}' on a summary is not used")
        if "Deadline" in dates:
            self._say(element, "summaries", "the deadline of a summary is not used")

    def note_manual_summaries(self) -> None:
        """Note summaries that were set by hand to dates other than those of their tasks in the file."""
        below: dict[str, list[Mapping[str, datetime]]] = {}
        for uid, above in self.parents.items():
            below.setdefault(above, []).append(self.dated[uid])
        for uid, tasks in below.items():
            if self.elements[uid].get("Manual") != "1":
                continue
            start, finish = self._held_dates(uid, self.elements[uid])
            starts = [at for dates in tasks if (at := minute_in(dates, "Start")) is not None]
            finishes = [at for dates in tasks if (at := end_in(dates, "Finish")) is not None]
            theirs = min(starts, default=None), max(finishes, default=None)
            if (start, finish) not in ((None, None), theirs):
                text = "dates set by hand for a summary are not used: its tasks give them"
                self._say(self.elements[uid], "summaries", text)

    def note_splits(self, tasks: Mapping[TaskId, Task], progress: Mapping[TaskId, TaskProgress]) -> None:
        """Note tasks that are interrupted in the file: there is more working time between their dates than they
        take."""
        for uid, task in tasks.items():
            dates = self.dated[uid]
            begins, ends = minute_in(dates, "Start"), minute_in(dates, "Finish")
            is_plain = task.duration.unit is Unit.WORKING and not (task.assignments or task.manual or task.is_milestone)
            if begins is None or ends is None or not is_plain or uid in self.summaries:
                continue
            length, known = task.duration.amount, progress.get(uid)
            if known is not None:
                if known.is_done or known.resume is None or known.remaining is None:
                    continue
                begins, length = known.resume, known.remaining.amount
            over = self.calendars.laid_out[task.placed_on or task.calendar].between(begins, ends) - length
            if over > 1:
                hours = counted(round(over / 60), "working hour") if over >= 60 else counted(over, "working minute")
                what = f"its dates in the file hold {hours} more than its duration: a split or a delay is not applied"
                self._say(self.elements[uid], "splits and delays", what)

    def _say(self, element: Record, kind: str, text: str) -> None:
        self.remarks.note(kind, f"{task_named(element)}: {text}.")


def _is_null(element: Record) -> bool:
    """Return whether a task says that no one has entered its duration."""
    return code_of(element, "DurationFormat") % ESTIMATED == NO_FORMAT


def _in_words(kind: int) -> str:
    return CONSTRAINTS[kind].value.replace("_", " ")
