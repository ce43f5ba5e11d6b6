"""Commands for what people may ask: person deadline, export and erase."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, shared
from changeflow.cli.options import day_option
from changeflow.cli.output import note, out
from changeflow.values.moments import format_day

if TYPE_CHECKING:
    from changeflow.usecases.subject_access import Theirs

person = typer.Typer(help="Answer what people ask about the data kept on them.", no_args_is_help=True)
Received = Annotated[
    datetime | None, day_option("--received", text="The day on which the request came; today when left out.")
]
Who = Annotated[str, typer.Argument(metavar="PERSON", help="The person's id, as people.csv has or had it.")]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="ID", help="Another id of the same person, with the same address; may be repeated."),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(person, name="person")


@person.command("deadline")
@shared("db", "programme", "received", "complex_", "at")
def person_deadline(
    context: Context,
    received: Received = None,
    complex_: Annotated[bool, typer.Option("--complex", help="Two further months are needed, and they know.")] = False,
) -> None:
    """Say by when a subject access request has to be answered. Planning minimum, not legal advice."""
    from changeflow.usecases import subject_access

    today = context.day
    came = received.date() if received else today
    by = subject_access.deadline(came, db=context.db, programme=context.programme, today=today, is_complex=complex_)
    out(f"Answer by {format_day(by, weekday=True)}.")


@person.command("erase")
@shared("db", "programme", "yes", "also", "actor", "at")
def person_erase(
    context: Context,
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: it cannot be undone.")] = False,
    also: Also = None,
) -> None:
    """Erase one person. Their id stays in versions and the audit; no import brings them back."""
    from changeflow.errors import InputError
    from changeflow.usecases import subject_access

    change = context.change
    if not yes:
        theirs = subject_access.look_up(who, change, also=also or ())
        for line in _lines(theirs, "Would be erased", "Would not be erased"):
            note(line)
        raise InputError(f"Erasing {who} cannot be undone, but from a backup. Add --yes; nothing was done.")
    erased = subject_access.erase(who, change, also=also or ())
    out(", ".join(f"{count} {what}" for what, count in erased.removed.items()) + " removed.")
    for line in _lines(erased.theirs, "Erased", "Not erased"):
        note(line)
    note("Take their row out of people.csv before the next apply; in old backups they are still.")


def _lines(theirs: "Theirs", reached: str, left: str) -> list[str]:
    """Say which ids are reached, which are not, and where else there is something."""
    lines = []
    if len(theirs.ids) > 1:
        lines.append(f"{reached} as the same person: {', '.join(theirs.ids)}.")
    if theirs.unsure:
        lines.append(
            f"{left}: {', '.join(theirs.unsure)}. They have or had the same address as {theirs.ids[0]}. If one of them "
            f"is the same person, name it too: --also {theirs.unsure[0]}"
        )
    if theirs.elsewhere:
        lines.append(f"Other programmes have something about them: {', '.join(theirs.elsewhere)}.")
    return lines


@person.command("export")
@shared("db", "programme", "received", "to", "reason", "also", "actor", "at")
def person_export(
    context: Context,
    who: Who,
    received: Received = None,
    to: Annotated[Path | None, typer.Option("--out", help="Where to write it; left out, it is printed.")] = None,
    reason: Annotated[
        str, typer.Option(help="Why their scores are needed, where there are any; that you gave one is noted.")
    ] = "",
    also: Also = None,
) -> None:
    """Write all that is kept about one person (JSON). The audit notes who read it, and when."""
    from changeflow.files import write_whole
    from changeflow.usecases import subject_access

    change = context.change
    came = received.date() if received else change.on
    done = subject_access.everything_about(who, came, change, reason=reason, also=also or ())
    text = json.dumps(done.about, indent=2, ensure_ascii=False)
    if to is None:
        out(text)
    else:
        write_whole(to, text + "\n", private=True)
        note(f"Wrote {to}; it has to be with them by {done.about['to be answered by']}.")
    for line in _lines(done.theirs, "Exported", "Not exported"):
        note(line)
