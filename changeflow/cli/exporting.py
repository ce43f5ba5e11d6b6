"""The command export."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import (
    Actor,
    At,
    Db,
    ProgrammeName,
    day,
    moment,
    note,
    refuse,
    refuse_beside,
    spoken_errors,
)
from changeflow.settings import DEFAULT_DB


def add_to(app: typer.Typer) -> None:
    app.command()(export)


def export(
    context: typer.Context,
    form: Annotated[str, typer.Argument(metavar="folder|mspdi|xlsx|ics", help="What to write.")],
    out: Annotated[Path, typer.Argument(help="The file, or the new folder.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR|FILE.xml", help="A folder or a Project file, not a database.")
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    with_addresses: Annotated[
        bool,
        typer.Option("--with-addresses", help="Of a folder: with names, e-mail addresses and days of absence."),
    ] = False,
    with_contracts: Annotated[
        bool,
        typer.Option(
            "--with-contracts", help="Of a folder: with explanations of single contracts, of services that you run."
        ),
    ] = False,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Write the latest version out: as a folder again, for Microsoft Project, a spreadsheet or a calendar."""
    from changeflow.usecases import export as exporting

    with spoken_errors():
        refuse_beside(context, source, *(["at"] if source is not None and source.is_file() else []))
        if form == "folder":
            refuse(context, ["source"], "a folder is written out of the database alone.")
            asked = exporting.Asked(actor=actor, now=moment(at), addresses=with_addresses, contracts=with_contracts)
            number = exporting.export_folder(out, db=db, programme=programme, on=day(at), asked=asked)
            note(f"Wrote version {number} to {out}")
            left_out = [
                *(["names and addresses"] if not with_addresses else []),
                *(["explanations of single contracts"] if not with_contracts else []),
            ]
            if left_out:
                words = " and ".join(left_out)
                note(f"{words.capitalize()} are left out; applying the folder keeps those that are stored.")
            return
        refuse(context, ["with_addresses", "with_contracts", "actor"], "only a folder has addresses and explanations.")
        on = day(at) if at else None
        exporting.export_schedule(form, out, source=source, db=db, programme=programme, on=on, now=moment(at))
    note(f"Wrote {out}")
