"""Read what happened: attendance, announcements and decisions, one table each; `progress_sheets` reads progress.

Each has a function that reads a file, for the command that records it, and one that reads rows, which `check-table`
also uses. There, tasks, people, services and schools may be unknown, and are then None.
"""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from changeflow.agenda.decisions import GateAnswer
from changeflow.errors import AmbiguousNameError, UnknownThingError, UnusedWarning
from changeflow.intake.fact_formats import ANNOUNCEMENTS, ATTENDANCE, DECISIONS
from changeflow.intake.people import ids_by_name
from changeflow.intake.table_rows import TableRow
from changeflow.intake.tables import read_table
from changeflow.programme.definition import School
from changeflow.programme.facts import Announcement, Attendance, Condition
from changeflow.programme.task_names import task_named
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem, what_and_remedy
from changeflow.values.words import Outcome


def _task_in(
    row: TableRow, column: str, what: str, tasks: Mapping[TaskId, Task] | None, problems: list[Problem]
) -> TaskId | None:
    """Return the id of the task that a cell names; add a `Problem` if no task or several have the name."""
    if tasks is None:
        return row.cells[column]
    try:
        return task_named(row.cells[column], tasks, what=what)
    except (UnknownThingError, AmbiguousNameError) as error:
        problems.append(row.problem(column, *what_and_remedy(error)))
        return None


def read_attendance(
    path: Path,
    shown: str,
    problems: list[Problem],
    *,
    sessions: Mapping[TaskId, Task],
    people: Collection[str],
    until: date,
) -> Iterator[Attendance]:
    """Read lines of `session,person,on,evidence`; add a `Problem` if a person is listed twice for a session."""
    absent: list[Problem] = []
    rows = read_table(path, shown, problems, ATTENDANCE)
    yield from attendance_in(rows, problems, absent, sessions=sessions, people=people, until=until)
    if absent:
        warnings.warn(UnusedWarning(str(absent_in_words(absent))), stacklevel=2)


def absent_in_words(absent: Sequence[Problem]) -> Problem:
    """Return the first remark about people who did not come, with a count of the others."""
    more = f" {counted(len(absent) - 1, 'more line')} of people who did not come." if len(absent) > 1 else ""
    return replace(absent[0], what=f"{absent[0].what}{more}")


def attendance_in(
    rows: Iterable[TableRow],
    problems: list[Problem],
    absent: list[Problem],
    *,
    sessions: Mapping[TaskId, Task] | None,
    people: Collection[str] | None,
    until: date,
) -> Iterator[Attendance]:
    """Read rows of attendance; `absent` takes remarks about people who did not come."""
    seen: dict[str, int] = {}
    said: dict[tuple[str, ...], tuple[bool, int]] = {}
    for row in rows:
        if not _came(row, said, absent, problems):
            continue
        session, person = _task_in(row, "session", "training session", sessions, problems), row.cells["person"]
        if session is None:
            continue
        if not row.names("person", "person", people, problems):
            continue
        if not row.is_first(
            "person", f"{session}\n{person}", seen, problems, remedy="Keep one line for each person and session."
        ):
            continue
        on = row.read("on", parse_day, problems)
        if on is not None and on > until:
            problems.append(row.problem("on", f"{on} is in the future.", f"Write a day up to {until}."))
        elif on is not None:
            yield Attendance(task=session, person=person, on=on, evidence=row.cells.get("evidence", ""))


def _came(
    row: TableRow, said: dict[tuple[str, ...], tuple[bool, int]], absent: list[Problem], problems: list[Problem]
) -> bool:
    """Return whether a line says that a person came; add a `Problem` if it contradicts an earlier line for that day."""
    if "attended" not in row.columns:
        return True
    if "attended" not in row.cells:
        if not any(p.line == row.line for p in problems):
            what = f"'{row.headings['attended']}' is empty."
            problems.append(row.problem("attended", what, "Write yes for a person who came, otherwise no."))
        return False
    came = row.cells["attended"] == "yes"
    before, line = said.setdefault(tuple(row.cells.get(c, "") for c in ("session", "person", "on")), (came, row.line))
    if before != came:
        what = f"Line {line} says the opposite of {row.cells['person']} on this day."
        problems.append(row.problem("attended", what, "Keep the correct line."))
        return False
    if not came:
        absent.append(row.problem("attended", f"{row.cells['person']} did not come and was not recorded."))
    return came


def read_announcements(
    path: Path,
    shown: str,
    problems: list[Problem],
    *,
    services: Mapping[str, str],
    schools: Iterable[School],
    today: date,
) -> Iterator[Announcement]:
    """Read lines of `service,school,date,on,how`; `services` gives the name of each.

    A service may be named by id or name, a school also by its URN.
    """
    schools = list(schools)
    called = ids_by_name((s.id, s.name, s.urn or "") for s in schools)
    names = {"service": ids_by_name(services.items()), "school": called}
    rows = read_table(path, shown, problems, ANNOUNCEMENTS, names=names)
    yield from announcements_in(rows, problems, services=services, schools=[s.id for s in schools], today=today)


def announcements_in(
    rows: Iterable[TableRow],
    problems: list[Problem],
    *,
    services: Collection[str] | None,
    schools: Collection[str] | None,
    today: date,
) -> Iterator[Announcement]:
    """Read rows of announcements; `services` and `schools` are ids."""
    announced: dict[tuple[str, str, date], tuple[date, int]] = {}
    for row in rows:
        known = row.names("service", "service", services, problems)
        known = row.names("school", "school", schools, problems) and known
        day, on = (row.read(column, parse_day, problems) for column in ("date", "on"))
        if on is not None and on > today:
            problems.append(row.problem("on", f"{on} is in the future.", f"Write a day up to {today}."))
        elif known and day is not None and on is not None and (how := row.cells.get("how")) is not None:
            service, school = row.cells["service"], row.cells["school"]
            first, line = announced.setdefault((service, school, on), (day, row.line))
            if first != day:
                what = f"The same was announced on this day for {first} (line {line}) and for {day}."
                problems.append(row.problem("date", what, "Keep the line that was sent, or correct when it was."))
                continue
            yield Announcement(service=service, school=school, day=day, on=on, how=how)


ALSO_CALLED = {
    "go": Outcome.APPROVE,
    "no_go": Outcome.REJECT,
    "approved": Outcome.APPROVE,
    "approved_with_conditions": Outcome.CONDITIONS,
    "agreed": Outcome.APPROVE,
    "rejected": Outcome.REJECT,
    "not_approved": Outcome.REJECT,
    "not_agreed": Outcome.REJECT,
    "declined": Outcome.REJECT,
    "refused": Outcome.REJECT,
}
"""The words that meetings and minutes use for the same answers."""


@dataclass(frozen=True, slots=True)
class ReportedDecision:
    """One decision in the minutes; `line` is the number of its first line."""

    line: int
    answer: GateAnswer


def outcome_of(text: str) -> Outcome:
    """Read an outcome as people write it; raise `ValueError` with what to write."""
    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    if word in ALSO_CALLED:
        return ALSO_CALLED[word]
    if word not in set(Outcome):
        # No word is suggested: the nearest may be the opposite.
        raise ValueError(
            f"'{text}' is not an outcome. Write approve (or go), approve_with_conditions, or reject (or no-go)."
        )
    return Outcome(word)


def read_decisions(path: Path, shown: str, problems: list[Problem], *, until: date) -> Iterator[ReportedDecision]:
    """Read lines of `task,outcome,by,on,reason` and, if present, dissent and conditions."""
    return decisions_in(read_table(path, shown, problems, DECISIONS), problems, until=until)


def decisions_in(rows: Iterable[TableRow], problems: list[Problem], *, until: date) -> Iterator[ReportedDecision]:
    """Read rows of decisions; several lines with conditions of one decision form one decision."""
    found: dict[tuple[str, ...], ReportedDecision] = {}
    for row in rows:
        said = _answer(row, problems, until)
        if said is None:
            continue
        same = (said.task, said.outcome, row.cells["by"], said.on.isoformat(), said.reason)
        if first := found.get(same):
            said = replace(first.answer, conditions=(*first.answer.conditions, *said.conditions))
        found[same] = ReportedDecision(first.line if first else row.line, said)
    yield from found.values()


def _answer(row: TableRow, problems: list[Problem], until: date) -> GateAnswer | None:
    before = len(problems)
    outcome, on = row.read("outcome", outcome_of, problems), row.read("on", parse_day, problems)
    if on is not None and on > until:
        problems.append(row.problem("on", f"{on} is in the future.", f"Write a day up to {until}."))
    conditions = tuple(_conditions(row, problems))
    if outcome is None or on is None or len(problems) > before:
        return None
    said = {name: row.cells[name] for name in ("task", "by", "reason")}
    said["dissent"] = row.cells.get("dissent", "")
    return GateAnswer(**said, outcome=outcome, on=on, conditions=conditions, again=True)


def _conditions(row: TableRow, problems: list[Problem]) -> Iterator[Condition]:
    text = row.cells.get("condition")
    if text is None:
        return
    owner, due = row.cells.get("condition_owner"), row.read("condition_due", parse_day, problems)
    if owner is None:
        problems.append(row.problem("condition", "The condition has no owner.", "Fill in condition_owner."))
    elif due is None and "condition_due" not in row.cells:
        problems.append(row.problem("condition", "The condition has no day.", "Fill in condition_due."))
    elif due is not None:
        yield Condition(text=text, owner=owner, due=due, before=row.cells.get("condition_before"))


def identities_in(rows: Iterable[TableRow], problems: list[Problem]) -> Mapping[str, str]:
    """Return new ids by old ids, from one line per contract whose id changed. Ids are never reused."""
    rows, pairs, taken = list(rows), dict[str, str](), dict[str, int]()
    for row in rows:
        before, after = row.cells["old"], row.cells["new"]
        if before in pairs:
            problems.append(row.problem("old", f"'{before}' already has a new id.", "Keep one line for each old id."))
        elif after in taken:
            what = f"'{after}' is already the new id on line {taken[after]}."
            problems.append(row.problem("new", what, "Give each contract its own id."))
        else:
            pairs[before] = after
            taken[after] = row.line
    for row in rows:
        if row.cells["new"] in pairs and row.cells["new"] != row.cells["old"]:
            what = f"'{row.cells['new']}' is also an old id: ids were swapped or reused."
            problems.append(row.problem("new", what, "An id that was used is never given to another contract."))
    return pairs
