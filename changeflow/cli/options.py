"""The options that many commands share, and how each is checked."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from changeflow.cli.output import formatted_errors
from changeflow.settings import DEFAULT_DB, database
from changeflow.values.limits import is_supported, out_of_range
from changeflow.values.moments import LONDON
from changeflow.values.problem import check_known


class DayOutOfRange(typer.BadParameter):
    """A day that changeflow does not compute with: wrong input, so exit 4."""

    exit_code = 4


def supported(day: datetime | None) -> datetime | None:
    """Check an option's day, as its callback; every option that is a day has it."""
    if day is not None and not is_supported(day):
        raise DayOutOfRange(f"{out_of_range(day.date())}.")
    return day


def day_option(*names: str, text: str) -> Any:  # noqa: ANN401  (what Typer makes of an option)
    """Return an option that is a day."""
    return typer.Option(*names, formats=["%Y-%m-%d"], callback=supported, help=text)


def form_option(*forms: str, text: str) -> Any:  # noqa: ANN401
    """Return the option --format of a command that has these forms; another one is wrong input."""

    def check(form: str) -> str:
        with formatted_errors():
            check_known("format", form, forms)
        return form

    return typer.Option("--format", callback=check, help=text)


def address(context: typer.Context, param: typer.CallbackParam, db: str) -> str:
    """Return the database's address, as its option's callback: from the file that the environment names, if any."""
    source = context.get_parameter_source(param.name or "")
    if source is None or source.name != "DEFAULT":
        return db
    with formatted_errors():
        return database()


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A programme folder.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task's id.")]
Csv = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")]
Form = Annotated[str, form_option("text", "json", text="text or json.")]
On = Annotated[datetime | None, day_option("--on", text="The day; today when left out.")]
Db = Annotated[
    str,
    typer.Option("--db", envvar="CHANGEFLOW_DB", callback=address, help="Database address.", show_default=DEFAULT_DB),
]
ProgrammeName = Annotated[
    str | None, typer.Option("--programme", help="Which programme, where the database has several.")
]
Actor = Annotated[
    str | None,
    typer.Option("--as", envvar="CHANGEFLOW_AS", metavar="PERSON", help="Who does this, by id."),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        callback=supported,
        help="Act as if it were this local day or time; now when left out.",
    ),
]


def moment(at: datetime | None) -> datetime:
    """Return the moment to act at: aware, in UTC. A day alone means eight in the morning."""
    if at is None:
        return datetime.now(UTC)
    local = at if at.time() != time() else at.replace(hour=8)
    return local.replace(tzinfo=LONDON).astimezone(UTC)
