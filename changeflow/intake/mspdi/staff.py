"""The people of an MSPDI file: whose calendars place the work of which tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from changeflow.intake.mspdi.calendars import NONE, ProjectCalendars
from changeflow.intake.mspdi.fields import Lengths, code_of, number_of, uid_of
from changeflow.intake.mspdi.records import Record, children
from changeflow.intake.mspdi.remarks import Remarks

WORK_RESOURCE = 1
NO_ONE = (None, "", "-65535", "-1")
_KIND = "resources and assignments"


@dataclass(frozen=True, slots=True)
class Staff:
    """Work resources, by UID, with their own calendars, and the assignments of each task."""

    resources: Mapping[str, str | None]
    assignments: Mapping[str, Sequence[Record]]

    def calendar_of(self, assignment: Record) -> str | None:
        return self.resources[assignment.get("ResourceUID") or ""]


def staff_of(root: Record, tasks: Mapping[str, Record], calendars: ProjectCalendars, remarks: Remarks) -> Staff:
    """Read resources and assignments; note references to things that the file does not have."""
    known: dict[str, Record] = {}
    for resource in children(root, "Resources/Resource"):
        if (first := known.setdefault(uid_of(resource), resource)) is not resource:
            text = f"{_named(resource)} (line {resource.line}) has the UID of {_named(first)} and is not used."
            remarks.note(_KIND, text)
    all_tasks = {uid_of(t) for t in children(root, "Tasks/Task")}
    working: dict[str, str | None] = {}
    for uid, resource in known.items():
        with remarks.refusing(resource, _named):
            if code_of(resource, "Type", WORK_RESOURCE) == WORK_RESOURCE:
                working[uid] = calendars.key(resource.get("CalendarUID"))
    assignments: dict[str, list[Record]] = {}
    placing: set[str] = set()
    for assignment in children(root, "Assignments/Assignment"):
        who, task = assignment.get("ResourceUID"), assignment.get("TaskUID") or ""
        if who in NO_ONE or task not in tasks:
            if task not in all_tasks:
                text = f"An assignment (line {assignment.line}) is for task {task or 'none'}, which is not in the file."
                remarks.note(_KIND, text)
            continue
        if who not in known:
            named = f"Task '{tasks[task].get('Name') or task}' (line {assignment.line})"
            remarks.note(_KIND, f"{named}: its resource {who} is not in the file.")
        elif who in working:
            if who not in placing and working[who] is None:
                _note_calendar(known[who], remarks)
            placing.add(who)
            assignments.setdefault(task, []).append(assignment)
            _note_delay(assignment, tasks[task], remarks)
    return Staff(working, assignments)


def _named(resource: Record) -> str:
    return f"Resource '{resource.get('Name') or uid_of(resource)}'"


def _note_calendar(resource: Record, remarks: Remarks) -> None:
    uid = resource.get("CalendarUID")
    if uid not in NONE:
        text = (
            f"{_named(resource)} (line {resource.line}): its calendar {uid} is not in the file; the project's is used."
        )
        remarks.note(_KIND, text)


def _note_delay(assignment: Record, task: Record, remarks: Remarks) -> None:
    delays = [assignment.get(name) for name in ("Delay", "LevelingDelay")]
    if any(delay not in (None, "0") for delay in delays):
        named = f"Task '{task.get('Name') or uid_of(task)}' (line {assignment.line})"
        remarks.note("delays of assignments", f"{named}: the delay of an assignment is not applied.")


def minutes_of_work(assignment: Record, lengths: Lengths) -> float:
    """How long an assignment takes: work divided by units."""
    text = assignment.get("Work")
    return lengths.minutes_in(text) / (number_of(assignment, "Units", 1) or 1) if text else 0
