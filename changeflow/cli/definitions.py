"""Commands that store a definition: apply, pull, baseline take, list and show, waiver add."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Folder, Form, command, day_option, shared, with_default
from changeflow.cli.output import confirm, note, print_as, print_lines
from changeflow.values.problem import check_known

if TYPE_CHECKING:
    from changeflow.usecases.definitions import Difference

baseline = typer.Typer(help="Approve a forecast as the baseline.", no_args_is_help=True)
waiver = typer.Typer(help="Waive a rule, for a stated reason and period.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command()(apply)
    app.command()(pull)
    app.add_typer(baseline, name="baseline")
    app.add_typer(waiver, name="waiver")


@shared("db", "actor", "yes", "retire", "at")
def apply(
    context: Context,
    folder: Folder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    retire: Annotated[
        list[str] | None, typer.Option(help="Remove this task even though it has recorded progress; repeatable.")
    ] = None,
) -> None:
    """Show what has changed, then store the folder as the programme's next version."""
    from changeflow.errors import NOT_SAVED, ActorMissingError
    from changeflow.usecases import definitions

    on = context.given_day
    change = definitions.difference(folder, db=context.db, on=on, today=context.day)
    print_lines(_difference(change))
    if not context.actor:
        raise ActorMissingError
    if not (yes or change.is_same or confirm("Store it?")):
        note(NOT_SAVED)
        raise typer.Exit(0)
    number = definitions.apply(folder, db=context.db, actor=context.actor, now=context.now, on=on, retire=retire or [])
    if number < change.number:
        note("No new version stored. Any new names and addresses in the folder are saved.")
        return
    note(f"Stored {change.programme} as version {number}.")


@shared("db")
def pull(context: Context, folder: Folder) -> None:
    """Update the folder's files with the edits that others have published since its version."""
    from changeflow.usecases import pulling

    found = pulling.pull(folder, db=context.db)
    if not found.lines:
        note(f"The folder already has version {found.number}.")
        return
    print_lines(found.lines)
    note(f"Changed: {', '.join(found.files) or 'no file'}. The folder now has version {found.number}.")
    if found.people_differ:
        note("People have changed as well. Compare people.csv with: changeflow export folder NEWFOLDER")


SHOWN = 10
"""How many lines about inherited progress to show in a terminal: our own choice."""


def _difference(change: "Difference") -> Iterator[str]:
    from changeflow.reports.differences import changed_parts, dropped_lines, dropped_text, parts_text
    from changeflow.values.duration import counted
    from changeflow.values.moments import DAY
    from changeflow.values.moved_dates import later_or_earlier

    if change.is_same:
        yield f"{change.programme}: no difference from version {change.number - 1}."
        return
    if change.is_new:
        yield f"{change.programme} is new: {change.counts}."
    else:
        came = [m.task for m in change.moved if m.before is None]
        went = [m.task for m in change.moved if m.after is None]
        moved = [m for m in change.moved if m.before and m.after]
        counts = f"{counted(len(came), 'task')} added, {len(went)} removed, {len(moved)} moved."
        what = counts if change.moved else "no tasks added, removed or moved."
        yield f"{change.programme}, version {change.number}: {what}"
        yield from dropped_text(dropped_lines(change.changes))
        yield from parts_text(changed_parts(change.changes, with_milestones=True))
        days = round(change.finish_moved / DAY)
        yield f"The programme finishes {later_or_earlier(days)}." if days else "The finish does not move."
    yield from change.inherited[:SHOWN]
    if len(change.inherited) > SHOWN:
        yield f"… and {len(change.inherited) - SHOWN} more; once it is stored, changeflow fact list has all of them."
    if change.inherited:
        yield "To report otherwise, once it is stored: changeflow task progress TASK --started DAY --remaining 5d."
    if change.powers:
        yield "Only the SRO or the board may store this version, because it changes:"
        yield from (f"  {words}" for words in change.powers)
    if change.blocks:
        them = "it" if change.blocks == 1 else "them"
        yield f"{counted(change.blocks, 'finding')} will prevent a baseline; changeflow plan shows {them}."


@command(baseline, "show", "db", "programme", "at")
def baseline_show(
    context: Context,
    form: Form = "text",
    everything: Annotated[bool, typer.Option("--all", help="Include tasks that have not moved.")] = False,
    number: Annotated[int | None, typer.Option(help=with_default("The number of the baseline", "the latest"))] = None,
) -> None:
    """Compare the forecast with a baseline, and show the variance of each milestone and task."""
    from changeflow.reports.changes import variance_text
    from changeflow.usecases.changes import variance_of

    found = variance_of(context.programme, db=context.db, on=context.day, number=number, everything=everything)
    print_as(form, found, lambda variance: variance_text(variance, context.stored.programme.roadmap))


@command(baseline, "list", "db", "programme", "at")
def baseline_list(context: Context, form: Form = "text") -> None:
    """List the baselines, oldest first: the date, who approved it, why, and whether it was announced."""
    from changeflow.reports.changes import baselines_text
    from changeflow.usecases.baselines import taken_baselines

    print_as(form, taken_baselines(context.programme, db=context.db, on=context.day), baselines_text)


@command(baseline, "take", "db", "programme", "actor", "at")
def baseline_take(
    context: Context,
    reason: Annotated[str, typer.Option(help="Why this plan is approved.")],
    announced: Annotated[
        bool, typer.Option("--announced/--not-announced", help="Whether its go-live dates are announced to schools.")
    ] = True,
) -> None:
    """Approve today's forecast as the baseline, and announce its go-lives. Blocking findings prevent this."""
    from changeflow.usecases import baselines
    from changeflow.values.duration import counted

    taken = baselines.take_baseline(reason, context.change, announces=announced)
    note(f"Baseline {taken.number} was taken.")
    if taken.announced:
        change = f", {taken.changed} of them on another day than before" if taken.changed else ""
        note(f"It announces {counted(taken.announced, 'go-live')}{change}.")


@command(waiver, "add", "db", "programme", "actor", "at")
def waiver_add(
    context: Context,
    rule: Annotated[str, typer.Argument(help="The rule's code, such as R11.")],
    reason: Annotated[str, typer.Option(help="Why it is waived.")],
    owner: Annotated[str, typer.Option(help="Who is accountable for the waiver.")],
    approved_by: Annotated[
        list[str], typer.Option(help="Who has approved it; repeat this option if the rule needs two approvals.")
    ],
    expires: Annotated[datetime, day_option(text="The last day of the waiver.")],
    service: Annotated[str | None, typer.Option(help="Only for this service.")] = None,
    task: Annotated[str | None, typer.Option(help="Only for this task.")] = None,
    school: Annotated[list[str] | None, typer.Option(help="Only for this school; repeatable.")] = None,
) -> None:
    """Waive a rule for a given scope until a given date, after which it applies again."""
    from changeflow.rules.catalogue import RULES
    from changeflow.usecases import waivers
    from changeflow.values.finding import Waiver
    from changeflow.values.moments import format_day

    check_known("rule", rule, RULES)
    given = Waiver(
        rule=rule,
        reason=reason,
        owner=owner,
        approved_by=tuple(approved_by),
        expires=expires.date(),
        service=service,
        task=context.task(task) if task is not None else None,
        schools=tuple(school or ()),
    )
    number = waivers.add_waiver(given, context.change)
    note(f"{rule} is waived until {format_day(expires)}. Stored as version {number}.")
