"""The options that commands share: each is where the command names it."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from changeflow.cli.context import Context, shared
from changeflow.errors import ConflictError


def commands(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not hasattr(group, "commands"):
        return [(prefix.strip(), group)]
    return [found for name, sub in group.commands.items() for found in commands(sub, f"{prefix} {name}")]


def an_app(*commands: Callable[..., None]) -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    for command in commands:
        made.command()(command)
    return made


def test_shared_options_come_last_and_own_ones_among_them_where_they_are_named():
    @shared("db", "week", "at")
    def look(context: Context, form: str = "text", week: Annotated[bool, typer.Option("--week")] = False) -> None:
        typer.echo(f"{context.db} {form} {week} {context.given_day}")

    made = an_app(look)
    [(_, command)] = commands(typer.main.get_command(made))
    assert [p.name for p in command.params] == ["form", "db", "week", "at"]
    done = CliRunner().invoke(made, ["look", "--db", "x", "--week", "--at", "2027-01-04"])
    assert done.output == "x text True 2027-01-04\n"


def test_an_option_that_does_not_exist_cannot_be_named():
    with pytest.raises(KeyError, match="progamme"):

        @shared("db", "progamme")
        def look(context: Context) -> None: ...


def test_a_command_prints_its_error_and_exits_with_its_code():
    @shared("db")
    def fail(context: Context) -> None:
        raise ConflictError(f"{context.db} is newer.")

    done = CliRunner().invoke(an_app(fail), ["fail", "--db", "x"])
    assert (done.exit_code, done.stdout, done.stderr) == (ConflictError.exit_code, "", "x is newer.\n")


def test_an_error_of_ours_keeps_its_traceback():
    @shared()
    def fail(context: Context) -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(an_app(fail), ["fail"]).exception, ZeroDivisionError)


def test_a_day_alone_means_eight_in_the_morning():
    @shared("at")
    def look(context: Context) -> None:
        typer.echo(f"{context.now.isoformat()} {context.day}")

    done = CliRunner().invoke(an_app(look), ["look", "--at", "2027-06-01"])
    assert done.output == "2027-06-01T07:00:00+00:00 2027-06-01\n"
