"""Attendance in: one CSV line a person and session."""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from changeflow.intake.tables import read_table
from changeflow.programme.facts import Attendance
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem


def read_attendance(
    path: Path, shown: str, problems: list[Problem], *, sessions: Collection[str], people: Collection[str], until: date
) -> Iterator[Attendance]:
    """Read lines of `session,person,on,evidence`; a person who is listed twice for a session is a mistake."""
    seen: dict[tuple[str, str], int] = {}
    for row in read_table(path, shown, problems, required=("session", "person", "on"), optional=("evidence",)):
        session, person = row.cells["session"], row.cells["person"]
        if not row.names("session", "training", sessions, problems):
            continue
        if not row.names("person", "person", people, problems):
            continue
        if (session, person) in seen:
            what = f"Duplicate person '{person}' (first on line {seen[session, person]})."
            problems.append(row.problem("person", what, "One line a person and session."))
            continue
        seen[session, person] = row.line
        on = row.read("on", parse_day, problems)
        if on is not None and on > until:
            problems.append(row.problem("on", f"{on} is in the future.", f"Write a day up to {until}."))
        elif on is not None:
            yield Attendance(task=session, person=person, on=on, evidence=row.cells.get("evidence", ""))
