"""Commands about decisions: gate, sponsor, confidence."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, out, spoken_errors, supported
from changeflow.errors import InputError, UnknownThingError
from changeflow.settings import DEFAULT_DB
from changeflow.values.limits import parse_day

if TYPE_CHECKING:
    from changeflow.programme.facts import Condition

gate = typer.Typer(help="Gates: what speaks for each, and what was decided.", no_args_is_help=True)
sponsor = typer.Typer(help="What the sponsor does for the change where people see it.", no_args_is_help=True)
confidence = typer.Typer(help="Delivery confidence: what the evidence proposes, and what a person has set.")

GateName = Annotated[str, typer.Argument(metavar="GATE", help="The id of a gate's task.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], callback=supported, help="The day; today when left out."),
]
By = Annotated[str | None, typer.Option("--by", metavar="PERSON", help="Who has decided, where another records it.")]
CONDITION = "text; owner; day[; task that waits for it]"


def add_to(app: typer.Typer) -> None:
    for name, group in (("gate", gate), ("sponsor", sponsor), ("confidence", confidence)):
        app.add_typer(group, name=name)


@gate.command("list")
def gate_list(
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Show the decision log: what waits for whom since when, what a week's delay costs, and what was decided."""
    import json
    from dataclasses import asdict

    from changeflow.reports.decisions import decisions_text
    from changeflow.usecases.report import decision_log

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        lines = decision_log(programme, db=db, today=day(at))
    if form == "json":
        out(json.dumps(asdict(lines), indent=1, ensure_ascii=False))
        return
    for text in decisions_text(lines):
        out(text)


@gate.command("show")
def gate_show(name: GateName, db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """Show what the evidence says about a gate."""
    from changeflow.reports.decisions import case_text
    from changeflow.usecases.gates import case_of

    with spoken_errors():
        found, case = case_of(name, db=db, programme=programme, on=day(at))
        lines = list(case_text(found, case))
    for line in lines:
        out(line)


@gate.command("decide")
def gate_decide(
    name: GateName,
    outcome: Annotated[
        str, typer.Argument(metavar="OUTCOME", help="approve (or go), approve_with_conditions, reject (or no_go).")
    ],
    reason: Annotated[str, typer.Option(help="Why.")],
    dissent: Annotated[str, typer.Option(help="What somebody who saw it otherwise wants kept.")] = "",
    condition: Annotated[list[str] | None, typer.Option(help=f"“{CONDITION}”; may be given again.")] = None,
    by: By = None,
    on: On = None,
    again: Annotated[bool, typer.Option("--again", help="Ask a rejected gate anew.")] = False,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Record a gate's decision; an approval that the evidence does not carry is refused."""
    from changeflow.intake.decisions import outcome_of
    from changeflow.usecases import facts, gates

    with spoken_errors():
        try:
            wanted = outcome_of(outcome)
        except ValueError as error:
            raise InputError(str(error)) from None
        answer = gates.Answer(
            task=name,
            outcome=wanted,
            reason=reason,
            on=on.date() if on else day(at),
            by=by,
            dissent=dissent,
            conditions=tuple(_condition(text) for text in condition or ()),
            again=again,
        )
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        gates.decide(answer, change)
    note(f"{name}: {wanted.spoken}.")


@gate.command("import")
def gate_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Take decisions from minutes: task, outcome, by, on, reason; perhaps dissent and conditions."""
    from changeflow.usecases import facts, gates

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        new = gates.import_decisions(file, change)
    note(f"New decisions: {new}.")


def _condition(text: str) -> "Condition":
    from changeflow.programme.facts import Condition

    parts = [p.strip() for p in text.split(";")]
    try:
        words, owner, due, *rest = parts
        before = rest[0] if rest else None
        if not words or len(rest) > 1:
            raise ValueError
        return Condition(text=words, owner=owner, due=parse_day(due), before=before or None)
    except ValueError:
        raise InputError(f"'{text}' is not a condition. Write “{CONDITION}”, the day as 2027-02-05.") from None


@sponsor.command("act")
def sponsor_act(
    what: Annotated[str, typer.Argument(help="What people saw: “Opened the training at Ashdown”.")],
    on: On = None,
    kind: Annotated[str, typer.Option(help="seen, coalition or direct.")] = "seen",
    who: Annotated[str | None, typer.Option(metavar="PERSON", help="A change lead whose act it was.")] = None,
    group: Annotated[str | None, typer.Option(help="The group that was spoken with.")] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Note something that the sponsor, or a change lead, did for the change where people could see it."""
    from changeflow.usecases import facts, governance

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        is_new = governance.note_act(what, on.date() if on else day(at), change, kind=kind, who=who, group=group)
    note("It is noted." if is_new else "That was known already.")


@sponsor.command("acts")
def sponsor_acts(db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """List what the sponsor was seen to do, the latest first."""
    from changeflow.programme.facts import ACTS
    from changeflow.storage.database import read_scope
    from changeflow.usecases.stored import load
    from changeflow.values.moments import spoken_day

    with spoken_errors(), read_scope(db) as session:
        acts = load(session, programme, on=day(at)).programme.facts.acts
    for act in reversed(acts):
        out(f"{spoken_day(act.on)}  {act.what} ({act.who or 'sponsor'}, {ACTS[act.kind]})")
    if not acts:
        note("Nothing is noted yet: changeflow sponsor act “…”")


@confidence.command("show")
def confidence_show(db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """Show what the evidence proposes, with its reasons, and what a person has set."""
    from changeflow.reports.confidence import confidence_text
    from changeflow.usecases.governance import confidence_of

    with spoken_errors():
        line = confidence_of(programme, db=db, today=day(at))
    for text in confidence_text(line):
        out(text)


@confidence.command("set")
def confidence_set(
    tier: Annotated[str, typer.Argument(help="green, amber or red.")],
    reason: Annotated[str, typer.Option(help="Why; above all where the evidence proposes another.")],
    by: By = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Set the delivery confidence: a judgement, and a person's."""
    from changeflow.usecases import facts, governance

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        governance.set_confidence(tier, reason, by, change)
    note(f"The delivery confidence is {tier}.")
