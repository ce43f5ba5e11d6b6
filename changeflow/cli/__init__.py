"""The command line: each command parses its input, calls one use case and prints. Data goes to stdout, everything else
to stderr."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.main import get_command_name

from changeflow import __version__
from changeflow.cli import (
    agenda,
    announcements,
    audit,
    database,
    definitions,
    doctor,
    gates,
    importing,
    people,
    pilot_records,
    pilots,
    planning,
    recorded,
    reporting,
    rulebook,
    running,
    tables,
    tasks,
    waves,
)
from changeflow.settings import acting_as, begin_keys
from changeflow.values.acting import Via, acting

app = typer.Typer(
    name="changeflow",
    help="Plan a change programme, run it, and explain its dates.",
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
    """Plan a change programme, run it, and explain its dates."""
    begin_keys()
    context.with_resource(acting(acting_as(Via.COMMAND)))


# In the order in which help lists their commands.
LOOKING = (planning, importing, tables, waves, rulebook)
RECORDING = (definitions, announcements, tasks, recorded, pilots, pilot_records, gates)
RUNNING = (agenda, reporting, running, doctor, people, database, audit)
for module in (*LOOKING, *RECORDING, *RUNNING):
    module.add_to(app)


def _keep_only(named: Sequence[str]) -> None:
    """Forget all commands except the one named, because Typer would build the options of every command first."""
    commands = [c for c in app.registered_commands if (c.name or _name_of(c.callback)) in named]
    groups = [g for g in app.registered_groups if g.name in named]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups


def _name_of(command: Callable[..., object] | None) -> str:
    return get_command_name(command.__name__) if command else ""


def main() -> None:
    """Run one command; a broken pipe is not treated as a failure."""
    _keep_only(sys.argv[1:2])
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()


__all__ = ["app", "main"]
