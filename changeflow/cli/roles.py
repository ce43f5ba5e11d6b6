"""The command roles."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.options import form_option
from changeflow.cli.output import formatted_errors, print_lines
from changeflow.errors import InputError


def add_to(app: typer.Typer) -> None:
    app.command()(roles)


@formatted_errors()
def roles(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder: who is in which role there.")
    ] = None,
    form: Annotated[str, form_option("text", "markdown", text="text or markdown: the whole page.")] = "text",
) -> None:
    """List who may do what; of a programme folder, who is in which role."""
    from changeflow.intake.folder import read_folder
    from changeflow.reports.roles import holders_text, roles_list, roles_page

    if folder is not None and form == "markdown":
        raise InputError("The page is about every programme. Leave out the folder, or --format markdown.")
    if folder is not None:
        lines = list(holders_text(read_folder(folder).definition))
    elif form == "markdown":
        lines = [roles_page().rstrip("\n")]
    else:
        lines = list(roles_list())
    print_lines(lines)
