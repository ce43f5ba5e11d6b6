"""Commands for what is due: tick, nudge dispatch, nudge preview."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import At, Db, ProgrammeName, moment, note, out, spoken_errors
from changeflow.settings import DEFAULT_DB, settings

nudge = typer.Typer(help="Messages to people.", no_args_is_help=True)
Outbox = Annotated[Path | None, typer.Option(envvar="CHANGEFLOW_OUTBOX", help="Where messages are written as files.")]


def add_to(app: typer.Typer) -> None:
    app.command()(tick)
    app.add_typer(nudge, name="nudge")


def tick(db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """Find what is due and write it down; run twice, the second time does nothing."""
    from changeflow.usecases import agenda

    with spoken_errors():
        for ticked in agenda.tick(db=db, now=moment(at), programme=programme):
            out(f"{ticked.programme}: {ticked.due} things are due, {ticked.new} of them new.")


@nudge.command("dispatch")
def nudge_dispatch(
    db: Db = DEFAULT_DB,
    at: At = None,
    outbox: Outbox = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go out; send nothing.")] = False,
) -> None:
    """Send what the outbox holds: as files, or by SMTP when CHANGEFLOW_SMTP_URL is set."""
    from changeflow.delivery.channels import channel_for
    from changeflow.usecases import agenda

    with spoken_errors():
        if dry_run:
            for message in agenda.preview(db=db, now=moment(at)):
                out(f"to {message.to_address}: {message.subject}")
            return
        channel = channel_for(settings().smtp_url, outbox or settings().outbox)
        result = agenda.dispatch(db=db, now=moment(at), channel=channel)
    note(", ".join(f"{row['nudges']} {row['what']}" for row in result.rows()))
    if result.failed:
        raise typer.Exit(1)
