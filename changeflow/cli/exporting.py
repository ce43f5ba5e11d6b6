"""The command export."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, shared
from changeflow.cli.output import note


def add_to(app: typer.Typer) -> None:
    app.command()(export)


@shared("db", "programme", "with_addresses", "with_contracts", "actor", "at")
def export(
    context: Context,
    form: Annotated[str, typer.Argument(metavar="folder|mspdi|xlsx|ics", help="What to write.")],
    out: Annotated[Path, typer.Argument(help="The file, or the new folder.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR|FILE.xml", help="A folder or a Project file, not a database.")
    ] = None,
    with_addresses: Annotated[
        bool, typer.Option("--with-addresses", help="Of a folder: with names, e-mail addresses and days of absence.")
    ] = False,
    with_contracts: Annotated[
        bool,
        typer.Option(
            "--with-contracts", help="Of a folder: with explanations of single contracts, of services that you run."
        ),
    ] = False,
) -> None:
    """Write the latest version out: as a folder again, for Microsoft Project, a spreadsheet or a calendar."""
    from changeflow.usecases.export import ExportRequest, export_folder, export_schedule

    context.refuse_beside(source, *(["at"] if source is not None and source.is_file() else []))
    if form == "folder":
        context.refuse(["source"], "a folder is written out of the database alone.")
        asked = ExportRequest(actor=context.actor, now=context.now, addresses=with_addresses, contracts=with_contracts)
        number = export_folder(out, db=context.db, programme=context.programme, on=context.day, asked=asked)
        note(f"Wrote version {number} to {out}")
        left_out = [
            *(["names and addresses"] if not with_addresses else []),
            *(["explanations of single contracts"] if not with_contracts else []),
        ]
        if left_out:
            words = " and ".join(left_out)
            note(f"{words.capitalize()} are left out; applying the folder keeps those that are stored.")
        return
    context.refuse(["with_addresses", "with_contracts", "actor"], "only a folder has addresses and explanations.")
    on = context.given_day
    export_schedule(form, out, source=source, db=context.db, programme=context.programme, on=on, now=context.now)
    note(f"Wrote {out}")
