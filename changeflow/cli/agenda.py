"""Commands for what is due: tick; nudge dispatch, preview, answers, effects and calendar."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, moment, note, out, refuse, spoken_errors
from changeflow.settings import DEFAULT_DB, begin, settings

if TYPE_CHECKING:
    from changeflow.usecases.letters import Desk

nudge = typer.Typer(help="Messages to people.", no_args_is_help=True)
Outbox = Annotated[Path | None, typer.Option(envvar="CHANGEFLOW_OUTBOX", help="Where messages are written as files.")]
DAYS = 7


def add_to(app: typer.Typer) -> None:
    app.command()(tick)
    app.add_typer(nudge, name="nudge")


def tick(db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """Find what is due and write it down; run twice, the second time does nothing."""
    from changeflow.usecases import agenda

    with spoken_errors():
        begin()
        for ticked in agenda.tick(db=db, now=moment(at), programme=programme):
            out(f"{ticked.programme}: {ticked.due} things are due, {ticked.new} of them new.")


@nudge.command("dispatch")
def nudge_dispatch(
    context: typer.Context,
    db: Db = DEFAULT_DB,
    at: At = None,
    outbox: Outbox = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go out; send nothing.")] = False,
) -> None:
    """Send what the outbox holds, by the channel that is set; programmes that are not live stay in the house."""
    if dry_run:
        nudge_preview(db=db, at=at, week=False)
        return
    from dataclasses import replace
    from datetime import UTC, datetime

    from changeflow.delivery.choosing import channel_for, channel_name
    from changeflow.usecases import dispatching

    with spoken_errors():
        ways = begin().ways
        if (name := channel_name(ways)) != "file":
            refuse(
                context,
                ["outbox"],
                f"messages leave by the channel '{name}'. Set CHANGEFLOW_CHANNEL=file to write files.",
            )
        channel = channel_for(replace(ways, outbox=outbox) if outbox else ways)
        now = moment(at)
        clock = (lambda: datetime.now(UTC)) if at is None else (lambda: now)
        result = dispatching.dispatch(db=db, now=now, channel=channel, desk=_desk(), clock=clock)
    counts = ", ".join(f"{row['count']} {row['what']}" for row in result.rows() if row["count"])
    note(result.blocked or counts or "nothing waits")
    if result.blocked:
        raise typer.Exit(3)
    if result.failed or result.refused or result.parked:
        raise typer.Exit(1)


@nudge.command("preview")
def nudge_preview(
    db: Db = DEFAULT_DB,
    at: At = None,
    week: Annotated[bool, typer.Option("--week", help="The next seven days, if nothing changes.")] = False,
) -> None:
    """Show what goes out to whom and what is held back, and why. Nothing is sent, and nothing written."""
    from changeflow.usecases import previewing

    with spoken_errors():
        now = moment(at)
        days = [now + timedelta(days=n) for n in range(DAYS if week else 1)]
        for line in previewing.preview(db=db, moments=days, desk=_desk()):
            out(line)


@nudge.command("answers")
def nudge_answers(db: Db = DEFAULT_DB, programme: ProgrammeName = None, actor: Actor = None, at: At = None) -> None:
    """List what people answered to nudges, the latest first: what stands in the way, and what is promised."""
    from changeflow.usecases import previewing

    with spoken_errors():
        for line in list(previewing.answered(db=db, programme=programme, now=moment(at), actor=actor)):
            out(line)


@nudge.command("effects")
def nudge_effects(db: Db = DEFAULT_DB) -> None:
    """Show what nudges lead to: by reason and rung, how many were acted on, how soon, and what was held back."""
    from changeflow.usecases import effects

    with spoken_errors():
        found = effects.effects(db=db)
    for line in effects.in_words(found) if found else ["No nudge has gone out yet."]:
        out(line)


@nudge.command("calendar")
def nudge_calendar(
    person: Annotated[str, typer.Argument(help="The person's id, as in people.csv.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
    to: Annotated[Path | None, typer.Option("--out", help="Where to write it; left out, it is printed.")] = None,
    actor: Actor = None,
) -> None:
    """Write somebody's dates as a calendar file. They can subscribe to them by a link in each message."""
    from changeflow.files import write_whole
    from changeflow.usecases import calendars

    with spoken_errors():
        content = calendars.feed_for(person, db=db, programme=programme, now=moment(at), actor=actor)
        if to is None:
            out(content.decode())
        else:
            write_whole(to, content, private=True)
            note(f"Wrote {to}")


def _desk() -> "Desk":
    from changeflow.delivery.templates import templates_of
    from changeflow.usecases.letters import Desk

    chosen = settings()
    return Desk(base_url=chosen.base_url, templates=templates_of(chosen.templates))
