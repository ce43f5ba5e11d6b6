"""What commands share: the options --db, --programme, --as and --at, and errors as text with an exit code."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Concatenate

import typer

from changeflow.cli.options import Actor, At, Db, ProgrammeName, moment
from changeflow.cli.output import formatted_errors, note
from changeflow.errors import InputError
from changeflow.settings import DEFAULT_DB
from changeflow.values.moments import local_day

if TYPE_CHECKING:
    from changeflow.usecases.unit_of_work import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The database, programme, person and time of a command. An option that the command does not have is empty."""

    command: typer.Context
    db: str = ""
    programme: str | None = None
    actor: str | None = None
    at: datetime | None = None
    """The local day or time that was given; None for now."""

    @property
    def now(self) -> datetime:
        """The moment to act at: aware, in UTC. Without --at the clock is read each time."""
        return moment(self.at)

    @property
    def day(self) -> date:
        """The local day to act on."""
        return local_day(self.now)

    @property
    def given_day(self) -> date | None:
        """The local day of --at; None when it was left out."""
        return self.day if self.at else None

    @property
    def change(self) -> "Change":
        """Who changes which programme where and when."""
        from changeflow.usecases.unit_of_work import Change

        now = self.now
        return Change(db=self.db, programme=self.programme, actor=self.actor, now=now, on=local_day(now))

    def refuse(self, names: Iterable[str], why: str) -> None:
        """Refuse options that were given on the command line and would have no effect; `why` ends the sentence.

        What the environment says does not count: it is meant for many commands.
        """
        options = {p.name: p.opts[0] for p in self.command.command.params}
        sources = {name: self.command.get_parameter_source(name) for name in names}
        given = [options[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"]
        if given:
            raise InputError(f"{' and '.join(given)} would have no effect: {why}")

    def refuse_beside(self, source: object, *names: str) -> None:
        """Refuse what is about a stored programme where a folder or file is named instead."""
        if source is not None:
            why = f"'{source}' is read, and no stored programme. Leave one of them out."
            self.refuse(("db", "programme", *names), why)


Command = Callable[Concatenate[Context, ...], None]


def _options(*, db: Db = DEFAULT_DB, programme: ProgrammeName = None, actor: Actor = None, at: At = None) -> None:
    """Declare the shared options, as a command would."""


SHARED = signature(_options).parameters


def shared(*order: str) -> Callable[[Command], Callable[..., None]]:
    """Give a command a `Context` of the shared options named here, and print its errors as text.

    Help lists the command's own options first, then these in this order. Name one of its own among them to
    place it there: `shared("db", "week", "at")`.
    """

    def wrap(command: Command) -> Callable[..., None]:
        @wraps(command)
        def run(typer_context: typer.Context, **values: Any) -> None:  # noqa: ANN401
            options = {name: values.pop(name) for name in SHARED if name in values}
            with formatted_errors():
                command(Context(command=typer_context, **options), **values)

        # Typer reads this instead of the parameters of `run`.
        run.__signature__ = _signature(command, order)  # type: ignore[attr-defined]
        return run

    return wrap


def renamed(command: Callable[..., None]) -> Callable[..., None]:
    """Return a `shared` command for an old name of it, which says the new one and then does the same."""

    @wraps(command)
    def run(typer_context: typer.Context, **values: object) -> None:
        new = command.__name__.replace("_", "-")
        note(f"'{typer_context.info_name}' is now called '{new}'. The old name still works.")
        command(typer_context=typer_context, **values)

    return run


def _signature(command: Command, order: Sequence[str]) -> Signature:
    """Return the signature with the shared options in the place of the `Context`."""
    _, *own = signature(command, eval_str=True).parameters.values()
    options = {**SHARED, **{p.name: p.replace(kind=Parameter.KEYWORD_ONLY) for p in own}}
    names = [*(p.name for p in own if p.name not in order), *order]
    context = Parameter("typer_context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    return Signature([context, *(options[name] for name in names)])
