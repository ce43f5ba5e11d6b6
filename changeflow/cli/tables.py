"""The command that shows how a table would be read."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Form, day_option, moment, with_default
from changeflow.cli.output import formatted_errors, print_json, print_lines
from changeflow.cli.reading import reading
from changeflow.errors import ProblemsError
from changeflow.values.moments import local_day
from changeflow.values.problem import by_place


def add_to(app: typer.Typer) -> None:
    app.command("check-table")(check_table)


@formatted_errors()
def check_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Excel (.xlsx) file.")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND",
            help="schools, people, assessments, progress, attendance, announcements, decisions, identities, planner or "
            "ledger (default: the kind that its columns fit).",
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="For a ledger: the column, or comma-separated columns, that identify a contract.")
    ] = None,
    on: Annotated[
        datetime | None, day_option("--on", text=with_default("The day on which it would be imported", "today"))
    ] = None,
    form: Form = "text",
) -> None:
    """Show how a table would be read: its header, columns and first lines, what is not used, and every mistake.

    Names of tasks are checked only by the command that imports the table. So are names of people and schools, unless
    the file is in a programme folder.
    """
    from changeflow.usecases.table_check import check_json, check_lines
    from changeflow.usecases.table_check import check_table as checked

    with reading(file):
        check = checked(file, kind, on=on.date() if on else local_day(moment(None)), key=key)
    if form == "json":
        print_json(check_json(check))
    else:
        lines = check_lines(check, width=shutil.get_terminal_size((100, 24)).columns)
        # The mistakes follow, separated from the notes.
        print_lines([*lines, ""] if check.problems else lines)
    if check.problems:
        raise ProblemsError(by_place(check.problems))
