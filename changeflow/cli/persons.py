"""Commands for what people may ask: person deadline, export and erase."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, moment, note, out, spoken_errors, supported
from changeflow.settings import DEFAULT_DB
from changeflow.values.moments import local_day, spoken_day

person = typer.Typer(help="What somebody may ask of what is kept about them.", no_args_is_help=True)
Received = Annotated[
    datetime | None,
    typer.Option(
        "--received",
        formats=["%Y-%m-%d"],
        callback=supported,
        help="The day on which the request came; today when left out.",
    ),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(person, name="person")


@person.command("deadline")
def person_deadline(
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    received: Received = None,
    complex_: Annotated[bool, typer.Option("--complex", help="Two further months are needed, and they know.")] = False,
    at: At = None,
) -> None:
    """Say by when a subject access request has to be answered. Planning minimum, not legal advice."""
    from changeflow.usecases import persons

    with spoken_errors():
        now = moment(at)
        came = received.date() if received else local_day(now)
        by = persons.deadline(came, db=db, programme=programme, now=now, is_complex=complex_)
        out(f"Answer by {spoken_day(by, weekday=True)}.")


@person.command("erase")
def person_erase(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id, as in people.csv.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: it cannot be undone.")] = False,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Erase what is about one person. Their id stays in versions and the audit, and no import brings them back."""
    from changeflow.errors import InputError
    from changeflow.usecases import persons

    with spoken_errors():
        if not yes:
            raise InputError(f"Erasing {who} cannot be undone, but from a backup. Add --yes; nothing was done.")
        removed = persons.erase(who, db=db, programme=programme, actor=actor, now=moment(at))
        out(", ".join(f"{count} {what}" for what, count in removed.items()) + " removed.")
        note("Take their row out of people.csv before the next apply; in old backups they are still.")


@person.command("export")
def person_export(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id, as in people.csv.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    received: Received = None,
    to: Annotated[Path | None, typer.Option("--out", help="Where to write it; left out, it is printed.")] = None,
    reason: Annotated[
        str, typer.Option(help="Why their scores are needed, where there are any; that you gave one is noted.")
    ] = "",
    actor: Actor = None,
    at: At = None,
) -> None:
    """Write all that is kept about one person, for them alone (JSON). Who read it, and when, goes into the audit."""
    from changeflow.files import write_whole
    from changeflow.usecases import persons

    with spoken_errors():
        now = moment(at)
        came = received.date() if received else local_day(now)
        found = persons.everything_about(who, came, db=db, programme=programme, actor=actor, now=now, reason=reason)
        text = json.dumps(found, indent=2, ensure_ascii=False)
        if to is None:
            out(text)
        else:
            write_whole(to, text + "\n", private=True)
            note(f"Wrote {to}; it has to be with them by {found['to be answered by']}.")
