"""The options that commands share: each is where the command names it, is read, and is the same everywhere."""

import re
from collections.abc import Callable
from inspect import getsource, signature, unwrap
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.cli.context import SHARED, Context, shared
from changeflow.errors import ConflictError

READS = {
    "db": {"db"},
    "programme": {"programme"},
    "actor": {"actor"},
    "at": {"at"},
    "now": {"at"},
    "day": {"at"},
    "given_day": {"at"},
    "change": set(SHARED),
    "judged": {"db", "programme", "at"},
    "stored": {"db", "programme", "at"},
    "task": {"db", "programme", "at"},
}
"""What each property of a context reads."""


def commands(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not hasattr(group, "commands"):
        return [(prefix.strip(), group)]
    return [found for name, sub in group.commands.items() for found in commands(sub, f"{prefix} {name}")]


ALL = commands(typer.main.get_command(app))


def read_by(function: Callable[..., object]) -> set[str]:
    """Return the shared options that a command reads, itself or in what it hands its context to."""
    source = getsource(function)
    read = set().union(*(READS[name] for name in re.findall(r"\bcontext\.(\w+)", source) if name in READS))
    handed_to = re.findall(r"\b(_\w+)\([^()]*\bcontext\b(?!\.)", source.partition("-> None:")[2])
    return read.union(*(read_by(function.__globals__[name]) for name in handed_to))


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_a_command_reads_the_shared_options_that_it_has_and_no_other(name: str, command: Any):
    function = unwrap(command.callback)
    has = {p.name for p in command.params} & set(SHARED)
    if "context" in signature(function).parameters:
        # Without --at it is now: what a server or a backup goes by.
        assert has <= read_by(function) <= has | {"at"}
    else:
        assert has == set()


def test_shared_options_are_the_same_in_every_command():
    declared: dict[str, set[tuple[object, ...]]] = {}
    for _, command in ALL:
        for p in command.params:
            if p.name in SHARED:
                declared.setdefault(p.name, set()).add((*p.opts, p.envvar, p.help, p.default, p.required))
    assert {name: len(ways) for name, ways in declared.items()} == dict.fromkeys(SHARED, 1)


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
