"""Commands that store a definition: apply, baseline take and show, waiver add."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.speaking import (
    Actor,
    At,
    Db,
    Folder,
    ProgrammeName,
    day,
    moment,
    note,
    out,
    spoken_errors,
    supported,
)
from changeflow.settings import DEFAULT_DB

if TYPE_CHECKING:
    from changeflow.usecases.apply import Difference

baseline = typer.Typer(help="Approve a forecast as the baseline.", no_args_is_help=True)
waiver = typer.Typer(help="Lift a rule, for a reason and a time.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.command()(apply)
    app.add_typer(baseline, name="baseline")
    app.add_typer(waiver, name="waiver")


def apply(
    folder: Folder,
    db: Db = DEFAULT_DB,
    actor: Actor = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    retire: Annotated[list[str] | None, typer.Option(help="A task with progress that is meant to go.")] = None,
    at: At = None,
) -> None:
    """Store a folder as the programme's next version; shows the difference first."""
    from changeflow.errors import ActorMissingError
    from changeflow.usecases import apply as storing

    with spoken_errors():
        on = day(at) if at else None
        change = storing.difference(folder, db=db, on=on)
        for line in _difference(change):
            out(line)
        if not actor:
            raise ActorMissingError
        if not (yes or change.is_same or typer.confirm("Store it?", err=True)):
            note("Nothing was stored.")
            raise typer.Exit(0)
        number = storing.apply(folder, db=db, actor=actor, now=moment(at), on=on, retire=retire or [])
    note(f"{change.programme} is at version {number}.")


def _difference(change: "Difference") -> list[str]:
    from changeflow.values.moments import DAY

    if change.is_same:
        return [f"{change.programme}: nothing differs from version {change.number - 1}."]
    if change.is_new:
        lines = [f"{change.programme} is new: {len(change.moved)} tasks."]
    else:
        came = [m.task for m in change.moved if m.before is None]
        went = [m.task for m in change.moved if m.after is None]
        moved = [m for m in change.moved if m.before and m.after]
        lines = [
            f"{change.programme}, version {change.number}: {len(came)} tasks come, {len(went)} go, {len(moved)} move."
        ]
        lines += [f"  + {task}" for task in came[:10]] + [f"  - {task}" for task in went[:10]]
        for move in moved[:10]:
            days = move.minutes / DAY
            lines.append(f"  ~ {move.task}: {abs(days):.0f} days {'later' if days > 0 else 'earlier'}")
        rest = len(change.moved) - min(len(came), 10) - min(len(went), 10) - min(len(moved), 10)
        if rest:
            lines.append(f"  … and {rest} more")
        days = round(change.finish_moved / DAY)
        lines.append(f"The programme's finish moves {days:+d} days." if days else "The finish stays where it is.")
    if change.powers:
        lines.append("The SRO or the board has to store this version, because it changes:")
        lines += [f"  {words}" for words in change.powers]
    if change.blocks:
        lines.append(f"{change.blocks} findings will stop a baseline; changeflow plan shows them.")
    return lines


@baseline.command("show")
def baseline_show(
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    everything: Annotated[bool, typer.Option("--all", help="Also what stands where it stood.")] = False,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Show each milestone's and task's variance: the forecast against the latest baseline."""
    import json
    from dataclasses import asdict

    from changeflow.errors import UnknownThingError
    from changeflow.reports.variance import variance_text
    from changeflow.usecases.changes import variance_of

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        found = variance_of(programme, db=db, on=day(at), everything=everything)
    if form == "json":
        out(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    for line in variance_text(found):
        out(line)


@baseline.command("take")
def baseline_take(
    reason: Annotated[str, typer.Option(help="Why this plan is approved.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Approve today's forecast as the baseline; findings that block stop it."""
    from changeflow.usecases import facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        number = facts.take_baseline(reason, change)
    note(f"Baseline {number} was taken.")


@waiver.command("add")
def waiver_add(
    rule: Annotated[str, typer.Argument(help="The rule's code, such as R11.")],
    reason: Annotated[str, typer.Option(help="Why it is lifted.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    approved_by: Annotated[
        list[str], typer.Option(help="Who has approved it; given twice, where a rule takes two mandates.")
    ],
    expires: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], callback=supported, help="The last day on which it holds.")
    ],
    service: Annotated[str | None, typer.Option(help="Only for this service.")] = None,
    task: Annotated[str | None, typer.Option(help="Only for this task.")] = None,
    school: Annotated[list[str] | None, typer.Option(help="Only for this school; may be given again.")] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Lift a rule for a scope until a day; after that it bites again."""
    from changeflow.errors import UnknownThingError
    from changeflow.rules.catalogue import RULES
    from changeflow.usecases import facts
    from changeflow.values.finding import Waiver

    with spoken_errors():
        if rule not in RULES:
            raise UnknownThingError("rule", rule, RULES)
        given = Waiver(
            rule=rule,
            reason=reason,
            owner=owner,
            approved_by=tuple(approved_by),
            expires=expires.date(),
            service=service,
            task=task,
            schools=tuple(school or ()),
        )
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        number = facts.add_waiver(given, change)
    note(f"{rule} is waived until {expires:%d %B %Y}; that is version {number}.")
