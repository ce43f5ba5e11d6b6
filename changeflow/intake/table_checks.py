"""Check the rows of a table with the same function as the command that reads this kind of table.

Only that command checks names of tasks, and names of people and schools if the table is not in a programme folder.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.intake.assessments import assessments_in
from changeflow.intake.checks import check_people
from changeflow.intake.documents import Reading
from changeflow.intake.fact_formats import ANNOUNCEMENTS, ATTENDANCE, DECISIONS, IDENTITIES, PROGRESS
from changeflow.intake.facts import absent_in_words, announcements_in, attendance_in, decisions_in, identities_in
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.people import people_in, schools_in
from changeflow.intake.plan_formats import PLANNER
from changeflow.intake.planner import check_planner
from changeflow.intake.programme_files import TextFiles
from changeflow.intake.progress_reader import check_progress
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import rows_of
from changeflow.values.problem import Problem


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows of a table can be checked against."""

    on: date
    """The last day that the rows may give."""
    schools: Collection[str] | None
    people: Collection[str] | None


def check_rows(
    table: Table,
    kind: Format,
    problems: list[Problem],
    *,
    on: date,
    schools: Collection[str] | None = None,
    people: Collection[str] | None = None,
) -> None:
    """Add the mistakes in a table's rows. Without `schools` or `people`, their names are not checked."""
    if (check := CHECKS.get(kind.name)) is not None:
        check(table, problems, _Known(on, schools, people))


def _check_schools(table: Table, problems: list[Problem], _: _Known) -> None:
    schools_in(rows_of(table, problems), Reading(TextFiles({}), problems))


def _check_people(table: Table, problems: list[Problem], known: _Known) -> None:
    reading = Reading(TextFiles({}), problems)
    reading.doubts.add_words(table.lost)
    found = people_in(table.rows, reading)
    for error in check_people(found.people, known.schools):
        row = reading.rows["people", str(error.place.path[0])]
        if not reading.doubts.cover(error, table.file):
            problems.append(row.problem(str(error.place.path[-1]), error.what, error.remedy))


def _check_assessments(table: Table, problems: list[Problem], known: _Known) -> None:
    list(assessments_in(rows_of(table, problems), problems, "", people=known.people, until=known.on))


def _check_progress(table: Table, problems: list[Problem], known: _Known) -> None:
    check_progress(table, problems, known.on)


def _check_attendance(table: Table, problems: list[Problem], known: _Known) -> None:
    absent = list[Problem]()
    rows = rows_of(table, problems)
    list(attendance_in(rows, problems, absent, sessions=None, people=known.people, until=known.on))
    if absent:
        table.unused.append(absent_in_words(absent))


def _check_announcements(table: Table, problems: list[Problem], known: _Known) -> None:
    rows = rows_of(table, problems)
    list(announcements_in(rows, problems, services=None, schools=known.schools, today=known.on))


def _check_decisions(table: Table, problems: list[Problem], known: _Known) -> None:
    list(decisions_in(rows_of(table, problems), problems, until=known.on))


def _check_identities(table: Table, problems: list[Problem], _: _Known) -> None:
    identities_in(rows_of(table, problems), problems)


def _check_planner(table: Table, problems: list[Problem], _: _Known) -> None:
    check_planner(table, problems)


CHECKS: Mapping[str, Callable[[Table, list[Problem], _Known], None]] = {
    SCHOOLS.name: _check_schools,
    PEOPLE.name: _check_people,
    ASSESSMENTS.name: _check_assessments,
    PROGRESS.name: _check_progress,
    ATTENDANCE.name: _check_attendance,
    ANNOUNCEMENTS.name: _check_announcements,
    DECISIONS.name: _check_decisions,
    IDENTITIES.name: _check_identities,
    PLANNER.name: _check_planner,
}
"""The check for each kind of table. `reconciliation` checks ledgers, because it reads whole files."""
