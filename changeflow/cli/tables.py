"""The command that shows how a table would be read."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Form, On, moment
from changeflow.cli.output import formatted_errors, print_json, print_lines
from changeflow.errors import ProblemsError
from changeflow.values.moments import local_day
from changeflow.values.problem import by_place


def add_to(app: typer.Typer) -> None:
    app.command("check-table")(check_table)


@formatted_errors()
def check_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or an xlsx.")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND",
            help="schools, people, assessments, progress, attendance, announcements, decisions, identities, planner or "
            "ledger; by default, the kind that its columns fit.",
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Of a ledger: the columns that name a contract; several with commas.")
    ] = None,
    on: On = None,
    form: Form = "text",
) -> None:
    """Show how a table would be read: header, columns, first lines, what is not used, and every mistake.

    Its mistakes are those that the command finds which takes the table. Names of tasks are checked by that command
    alone, and so are names of people and schools if the file is not in a programme folder.
    """
    from changeflow.usecases.table_check import check_json, check_lines
    from changeflow.usecases.table_check import check_table as checked

    check = checked(file, kind, on=on.date() if on else local_day(moment(None)), key=key)
    if form == "json":
        print_json(check_json(check))
    else:
        print_lines(check_lines(check, width=shutil.get_terminal_size((100, 24)).columns))
    if check.problems:
        raise ProblemsError(by_place(check.problems))
