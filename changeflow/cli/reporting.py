"""Commands that write reports: report sro."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import At, Db, ProgrammeName, day, note, spoken_errors
from changeflow.settings import DEFAULT_DB

report = typer.Typer(help="Reports for people.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(report, name="report")


@report.callback()
def reports() -> None:
    """Reports for people."""


@report.command("sro")
def report_sro(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A folder, instead of a database.")] = None,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .html or .json.")] = Path("sro-report.html"),
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Write the report to the senior responsible owner."""
    from changeflow.reports.documents import write_sro
    from changeflow.usecases import report as reporting

    with spoken_errors():
        if folder is not None:
            built = reporting.sro_of_folder(folder, today=day(at), on=day(at) if at else None)
        else:
            built = reporting.sro_of_stored(programme, db=db, today=day(at))
        write_sro(built, out)
    note(f"Wrote {out}")
