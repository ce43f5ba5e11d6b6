"""Shared parts of commands: common options and their checks, and errors as text with an exit code."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate

import typer

from changeflow.cli.output import formatted_errors, note
from changeflow.errors import InputError
from changeflow.settings import DEFAULT_DB, database
from changeflow.values.limits import is_supported, no_day, out_of_range
from changeflow.values.moments import LONDON, end_of_day, local_day
from changeflow.values.problem import check_known

if TYPE_CHECKING:
    from changeflow.rules.engine import Judged
    from changeflow.usecases.stored import Stored
    from changeflow.usecases.unit_of_work import Change


class DayOutOfRange(typer.BadParameter):
    """A day that changeflow does not support: wrong input, so exit 4."""

    exit_code = 4


def supported(day: datetime | None) -> datetime | None:
    """The callback of every option that takes a day: check that changeflow supports the day."""
    if day is not None and not is_supported(day):
        raise DayOutOfRange(f"{out_of_range(day.date())}.")
    return day


DAY = "YYYY-MM-DD"
TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def read_option_day(text: str, *, times: Sequence[str] = ()) -> datetime:
    """Read an option's day, or a time in one of the formats `times`; errors are explained as they are for files."""
    for form in ("%Y-%m-%d", *times):
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007  (local, as people write it)
    raise typer.BadParameter(" ".join(no_day(text)))


def day_option(*names: str, text: str) -> Any:  # noqa: ANN401  (what Typer makes of an option)
    """Return an option that takes a day."""
    return typer.Option(*names, parser=read_option_day, metavar=DAY, callback=supported, help=text)


def number_option(text: str, *, least: int, most: int | None = None, advice: str = "") -> Any:  # noqa: ANN401
    """Return an option that takes a whole number within inclusive limits. The error message ends with `advice`."""

    def check(number: int | None) -> int | None:
        if number is not None and (number < least or (most is not None and number > most)):
            limits = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise typer.BadParameter(f"Give a whole number {limits}. {advice}".rstrip())
        return number

    return typer.Option(callback=check, help=text)


def with_default(text: str, default: str) -> str:
    """Add the default to an option's help.

    >>> with_default("The day", "today")
    'The day (default: today).'
    """
    return f"{text} (default: {default})."


def form_option(*forms: str, text: str) -> Any:  # noqa: ANN401
    """Return the option --format of a command that has these forms; any other form is wrong input."""

    def check(form: str) -> str:
        with formatted_errors():
            check_known("format", form, forms)
        return form

    return typer.Option("--format", callback=check, help=text)


def address(context: typer.Context, param: typer.CallbackParam, db: str) -> str:
    """The callback of --db: return the address, which may be in a file that the environment names."""
    source = context.get_parameter_source(param.name or "")
    if source is None or source.name != "DEFAULT":
        return db
    with formatted_errors():
        return database()


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A programme folder.")]
StoredOrFolder = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help=with_default("A programme folder", "the stored programme"))
]
TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="A task's id, or its ending if that is unique, such as w2/go-live.")
]
Csv = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV or Excel (.xlsx) file.")]
Form = Annotated[str, form_option("text", "json", text="text or json.")]
On = Annotated[datetime | None, day_option("--on", text=with_default("The date of the event that you record", "today"))]
Db = Annotated[
    str,
    typer.Option(
        "--db", envvar="CHANGEFLOW_DB", callback=address, help="The address of the database.", show_default=DEFAULT_DB
    ),
]
ProgrammeName = Annotated[str | None, typer.Option("--programme", help="Which programme, if the database has several.")]
Actor = Annotated[
    str | None, typer.Option("--as", envvar="CHANGEFLOW_AS", metavar="PERSON", help="The id of the person doing this.")
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=partial(read_option_day, times=TIMES),
        metavar=f"{DAY}[THH:MM]",
        callback=supported,
        help=with_default("Act as if it were this local date or time", "now"),
    ),
]


def moment(at: datetime | None) -> datetime:
    """Return the moment to act at: aware, in UTC. A day alone means eight in the morning."""
    if at is None:
        return datetime.now(UTC)
    local = at if at.time() != time() else at.replace(hour=8)
    return local.replace(tzinfo=LONDON).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The database, programme, person and time of a command. Options that the command does not have are empty."""

    command: typer.Context
    db: str = ""
    programme: str | None = None
    actor: str | None = None
    at: datetime | None = None
    """The local day or time given; None for now."""

    @property
    def now(self) -> datetime:
        """The moment to act at: aware, in UTC. Without --at, the clock is read each time."""
        return moment(self.at)

    @property
    def day(self) -> date:
        """The local day to act on."""
        return local_day(self.now)

    @property
    def given_day(self) -> date | None:
        """The local day of --at; None if it was not given."""
        return self.day if self.at else None

    @property
    def change(self) -> "Change":
        """Who changes which programme, in which database and when."""
        from changeflow.usecases.unit_of_work import Change

        now = self.now
        return Change(db=self.db, programme=self.programme, actor=self.actor, now=now, on=local_day(now))

    def judged(self, folder: Path | None) -> "Judged":
        """Return a folder's programme, or the stored one if no folder is named."""
        from changeflow.usecases.plan import plan_folder

        self.refuse_beside(folder)
        return self.stored.judged if folder is None else plan_folder(folder, on=self.given_day)

    @property
    def stored(self) -> "Stored":
        """The stored programme, which is loaded once."""
        from changeflow.usecases.stored import stored_on

        return stored_on(self.programme, db=self.db, on=self.day)

    def task(self, name: str, *, is_gate: bool = False) -> str:
        """Return the id of the stored programme's task that a name means, looking among gates first; raise an error if
        several match, and return an unknown name unchanged."""
        from changeflow.programme.task_names import named
        from changeflow.values.words import Kind

        tasks = self.stored.programme.roadmap.tasks
        if is_gate and name not in tasks:
            tasks = {t: task for t, task in tasks.items() if task.kind is Kind.DECISION}
        return named(name, tasks, what="gate" if is_gate else "task")

    def refuse(self, names: Iterable[str], why: str) -> None:
        """Refuse options that were given on the command line and would have no effect; `why` ends the message.

        Environment variables do not count, because they are meant for many commands.
        """
        options = {p.name: p.opts[0] for p in self.command.command.params}
        sources = {name: self.command.get_parameter_source(name) for name in names}
        given = [options[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"]
        if given:
            raise InputError(f"{' and '.join(given)} cannot be used here: {why}")

    def refuse_beside(self, source: object, *names: str) -> None:
        """Refuse options for a stored programme if a folder or file is named instead."""
        if source is not None:
            why = f"it works only for a stored programme, but you gave '{source}'. Leave out one of the two."
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
            with formatted_errors(), _looking_back(typer_context, options.get("at")):
                command(Context(command=typer_context, **options), **values)

        # Typer reads this instead of the parameters of `run`.
        run.__signature__ = _signature(command, order)  # type: ignore[attr-defined]
        return run

    return wrap


@contextmanager
def _looking_back(context: typer.Context, at: datetime | None) -> Iterator[None]:
    """Let a command that only reads see everything recorded by --at: a day alone means its end."""
    if at is None:
        yield
        return
    from changeflow.programme.permissions import looks_back
    from changeflow.usecases.stored import looking_back

    if not looks_back(" ".join(context.command_path.split()[1:])):
        yield
        return
    with looking_back(end_of_day(at.date()) if at.time() == time() else moment(at)):
        yield


def command(group: typer.Typer, name: str, *order: str) -> Callable[[Command], Callable[..., None]]:
    """Add a command to a group under a name, with these shared options."""
    return lambda function: group.command(name)(shared(*order)(function))


def renamed(command: Callable[..., None]) -> Callable[..., None]:
    """Return a `shared` command for an old name, which gives the new name and then does the same."""

    @wraps(command)
    def run(typer_context: typer.Context, **values: object) -> None:
        new = command.__name__.replace("_", "-")
        note(f"'{typer_context.info_name}' is now called '{new}'. The old name still works.")
        command(typer_context=typer_context, **values)

    return run


def _signature(command: Command, order: Sequence[str]) -> Signature:
    """Return the signature with the shared options in place of the `Context`."""
    _, *own = signature(command, eval_str=True).parameters.values()
    options = {**SHARED, **{p.name: p.replace(kind=Parameter.KEYWORD_ONLY) for p in own}}
    names = [*(p.name for p in own if p.name not in order), *order]
    context = Parameter("typer_context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    return Signature([context, *(options[name] for name in names)])
