"""The command line: each command parses, calls one use case and prints. Data to stdout, all else to stderr."""

import sys
from typing import Annotated

import typer

from changeflow import __version__
from changeflow.cli import (
    agenda,
    audit,
    database,
    definitions,
    exporting,
    facts,
    flows,
    gates,
    people,
    pilot_records,
    pilots,
    planning,
    recorded,
    reporting,
    roles,
    rulebook,
    subject_access,
    waves,
    web,
)
from changeflow.settings import acting_as, begin_keys
from changeflow.values.acting import Via, acting

app = typer.Typer(
    name="changeflow",
    help="The engine that a change programme runs on: plans it, drives it and explains it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"changeflow {__version__}")
        raise typer.Exit


@app.callback()
def changeflow(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """The engine that a change programme runs on: plans it, drives it and explains it."""
    begin_keys()
    context.with_resource(acting(acting_as(Via.COMMAND)))


for module in (
    planning,
    waves,
    rulebook,
    roles,
    definitions,
    facts,
    recorded,
    pilots,
    pilot_records,
    gates,
    agenda,
    reporting,
    exporting,
    flows,
    web,
    people,
    subject_access,
    database,
    audit,
):
    module.add_to(app)


def main() -> None:
    """Run one command; a broken pipe is no failure of ours."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()


__all__ = ["app", "main"]
