"""Commands for things that are due: tick; nudge dispatch, preview, on, off, answers, effects and calendar."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, command, shared, with_default
from changeflow.cli.output import note, out, out_as_it_is, print_lines
from changeflow.settings import begin, settings

if TYPE_CHECKING:
    from changeflow.usecases.messages import Desk

nudge = typer.Typer(help="Messages to people.", no_args_is_help=True)
Outbox = Annotated[Path | None, typer.Option(envvar="CHANGEFLOW_OUTBOX", help="Where messages are written as files.")]
DAYS = 7


def add_to(app: typer.Typer) -> None:
    app.command()(tick)
    app.add_typer(nudge, name="nudge")


@shared("db", "programme", "at")
def tick(context: Context) -> None:
    """Find what is due and record it. Running it again does nothing."""
    from changeflow.usecases import ticks

    begin()
    for ticked in ticks.tick(db=context.db, now=context.now, programme=context.programme):
        out(ticked.words)


@command(nudge, "dispatch", "db", "at", "outbox", "dry_run")
def nudge_dispatch(
    context: Context,
    outbox: Outbox = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, without sending it.")] = False,
) -> None:
    """Send what is in the outbox. Messages for programmes that are not live are only written as files."""
    if dry_run:
        _preview(context, days=1)
        return
    from dataclasses import replace

    from changeflow.delivery.channels import channel_for, channel_name
    from changeflow.usecases import dispatch

    chosen = begin().channels
    if (name := channel_name(chosen)) != "file":
        why = f"messages leave by the channel '{name}'. Set CHANGEFLOW_CHANNEL=file to write files."
        context.refuse(["outbox"], why)
    channel = channel_for(replace(chosen, outbox=outbox) if outbox else chosen)
    result = dispatch.dispatch(db=context.db, now=context.now, channel=channel, desk=_desk(), clock=lambda: context.now)
    note(result.blocked or result.words or "No messages are waiting.")
    if result.blocked:
        raise typer.Exit(3)
    if result.failed or result.refused or result.parked:
        raise typer.Exit(1)


@command(nudge, "preview", "db", "at", "week")
def nudge_preview(
    context: Context,
    week: Annotated[bool, typer.Option("--week", help="The next seven days, if nothing changes.")] = False,
) -> None:
    """Show what each person would be sent, what is held back, and why. Sends and saves nothing."""
    _preview(context, days=DAYS if week else 1)


def _preview(context: Context, *, days: int) -> None:
    from changeflow.usecases.nudge_preview import preview

    now = context.now
    moments = [now + timedelta(days=n) for n in range(days)]
    print_lines(preview(db=context.db, moments=moments, desk=_desk()))


@command(nudge, "on", "db", "programme", "actor", "at")
def nudge_on(
    context: Context,
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead: people get messages from now on.")] = False,
) -> None:
    """Show the messages of the next seven days and, with --yes, switch messages on."""
    from changeflow.errors import InputError
    from changeflow.usecases.message_switch import switch_messages

    _preview(context, days=DAYS)
    if not yes:
        raise InputError("Nothing was changed. Read the messages above, and add --yes to switch messages on.")
    note("Messages are on." if switch_messages(context.change, is_on=True) else "Messages were on already.")


@command(nudge, "off", "db", "programme", "actor", "at")
def nudge_off(context: Context) -> None:
    """Switch messages off at once. What is due waits until they are switched on again."""
    from changeflow.usecases.message_switch import switch_messages

    note("Messages are off." if switch_messages(context.change, is_on=False) else "Messages were off already.")


@command(nudge, "answers", "db", "programme", "actor", "at")
def nudge_answers(context: Context) -> None:
    """List people's replies to nudges, latest first: what is blocking them, and what they have promised."""
    from changeflow.usecases import nudges

    lines = list(nudges.answered(db=context.db, programme=context.programme, now=context.now, actor=context.actor))
    print_lines(lines)
    if not lines:
        note("No one has replied yet.")


@command(nudge, "effects", "db")
def nudge_effects(context: Context) -> None:
    """Show the effect of nudges by reason and level: how many were acted on, how soon, and what was held back."""
    from changeflow.reports.recorded import effects_text
    from changeflow.usecases.nudges import effects

    found = effects(db=context.db)
    print_lines(effects_text(found) if found else ["No nudge has been sent yet."])


@command(nudge, "calendar", "db", "programme", "at", "to", "actor")
def nudge_calendar(
    context: Context,
    person: Annotated[str, typer.Argument(help="The person's id, as in people.csv.")],
    to: Annotated[Path | None, typer.Option("--out", help=with_default("The file to write", "print it"))] = None,
) -> None:
    """Write a person's dates as a calendar file. They can also subscribe using the link in each message."""
    from changeflow.files import write_whole
    from changeflow.usecases import calendar_feeds

    content = calendar_feeds.feed_for(
        person, db=context.db, programme=context.programme, now=context.now, actor=context.actor
    )
    if to is None:
        out_as_it_is(content.decode())
    else:
        write_whole(to, content, private=True)
        note(f"Wrote {to}")


def _desk() -> "Desk":
    from changeflow.delivery.writing import templates_of
    from changeflow.usecases.messages import Desk

    chosen = settings()
    return Desk(base_url=chosen.base_url, templates=templates_of(chosen.templates))
