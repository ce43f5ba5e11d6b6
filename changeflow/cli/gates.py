"""Commands about decisions: gate, sponsor, confidence."""

from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Csv, Form, On, command
from changeflow.cli.output import note, out, print_as, print_lines
from changeflow.cli.reading import reading
from changeflow.errors import InputError
from changeflow.values.limits import parse_day

if TYPE_CHECKING:
    from changeflow.programme.facts import Condition

gate = typer.Typer(help="Gates: the evidence for each, and the decisions.", no_args_is_help=True)
sponsor = typer.Typer(help="The sponsor's visible support for the change.", no_args_is_help=True)
confidence = typer.Typer(help="Delivery confidence: what the evidence supports, and what a person has set.")

GateName = Annotated[str, typer.Argument(metavar="GATE", help="A gate's id, or its ending if that is unique.")]
By = Annotated[str | None, typer.Option("--by", metavar="PERSON", help="Who decided, if someone else is recording it.")]
CONDITION = "text; owner; day[; task that waits for it]"


def add_to(app: typer.Typer) -> None:
    for name, group in (("gate", gate), ("sponsor", sponsor), ("confidence", confidence)):
        app.add_typer(group, name=name)


@command(gate, "list", "db", "programme", "at")
def gate_list(context: Context, form: Form = "text") -> None:
    """Show the decision log: open decisions (who decides, since when, the cost of waiting) and past decisions."""
    from changeflow.reports.decisions import decisions_text
    from changeflow.usecases.reports import decision_log

    print_as(form, decision_log(context.programme, db=context.db, today=context.day), decisions_text)


@command(gate, "show", "db", "programme", "at")
def gate_show(context: Context, name: GateName) -> None:
    """Show the evidence for a gate."""
    from changeflow.reports.decisions import case_text
    from changeflow.usecases.gates import case_of

    found, case = case_of(context.task(name, is_gate=True), db=context.db, programme=context.programme, on=context.day)
    print_lines(list(case_text(found, case)))


@command(gate, "decide", "db", "programme", "actor", "at")
def gate_decide(
    context: Context,
    name: GateName,
    outcome: Annotated[
        str, typer.Argument(metavar="OUTCOME", help="approve (or go), approve_with_conditions, or reject (or no-go).")
    ],
    reason: Annotated[str, typer.Option(help="Why.")],
    dissent: Annotated[str, typer.Option(help="The view of someone who disagreed.")] = "",
    condition: Annotated[list[str] | None, typer.Option(help=f"“{CONDITION}”; repeatable.")] = None,
    by: By = None,
    on: On = None,
    again: Annotated[bool, typer.Option("--again", help="Reopen a rejected gate.")] = False,
) -> None:
    """Record a gate's decision. An approval that the evidence does not support is refused."""
    from changeflow.agenda.decisions import GateAnswer
    from changeflow.intake.facts import outcome_of
    from changeflow.usecases import gates

    try:
        wanted = outcome_of(outcome)
    except ValueError as error:
        raise InputError(str(error)) from None
    name = context.task(name, is_gate=True)
    answer = GateAnswer(
        task=name,
        outcome=wanted,
        reason=reason,
        on=on.date() if on else context.day,
        by=by,
        dissent=dissent,
        conditions=tuple(_condition(text) for text in condition or ()),
        again=again,
    )
    gates.decide(answer, context.change)
    note(f"{name}: {wanted.label}.")


@command(gate, "import", "db", "programme", "actor", "at")
def gate_import(context: Context, file: Csv) -> None:
    """Import decisions from a CSV with columns `task`, `outcome`, `by`, `on` (the day) and `reason`; optionally also
    `dissent` and `conditions`."""
    from changeflow.usecases import gates

    with reading(file):
        new = gates.import_decisions(file, context.change)
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


@command(sponsor, "act", "db", "programme", "actor", "at")
def sponsor_act(
    context: Context,
    what: Annotated[str, typer.Argument(help="What people saw: “Opened the training at Ashdown”.")],
    on: On = None,
    kind: Annotated[
        str,
        typer.Option(
            help="seen (in public), coalition (building support among leaders) or direct (speaking with people)."
        ),
    ] = "seen",
    who: Annotated[
        str | None, typer.Option(metavar="PERSON", help="The change lead who acted (default: the sponsor).")
    ] = None,
    group: Annotated[str | None, typer.Option(help="The group that they spoke with.")] = None,
) -> None:
    """Record visible support by the sponsor or a change lead."""
    from changeflow.usecases import governance

    change = context.change
    is_new = governance.note_act(what, on.date() if on else context.day, change, kind=kind, who=who, group=group)
    note("Recorded." if is_new else "Already recorded; nothing changed.")


@command(sponsor, "acts", "db", "programme", "at")
def sponsor_acts(context: Context) -> None:
    """List the sponsor's visible support, latest first."""
    from changeflow.programme.facts import ACTS
    from changeflow.usecases.stored import loaded
    from changeflow.values.moments import format_day

    programme = loaded(context.programme, db=context.db, on=context.day)
    for act in reversed(programme.facts.acts):
        who = programme.person(act.who) if act.who else "sponsor"
        out(f"{format_day(act.on)}  {act.what} ({who}, {ACTS[act.kind]})")
    if not programme.facts.acts:
        note("No acts recorded yet. Record one with: changeflow sponsor act “…”")


@command(confidence, "show", "db", "programme", "at")
def confidence_show(context: Context) -> None:
    """Show the confidence that the evidence supports, with the reasons, and what a person has set."""
    from changeflow.reports.confidence import confidence_text
    from changeflow.usecases.governance import confidence_of

    print_lines(confidence_text(confidence_of(context.programme, db=context.db, today=context.day)))


@command(confidence, "set", "db", "programme", "actor", "at")
def confidence_set(
    context: Context,
    tier: Annotated[str, typer.Argument(help="green, amber or red.")],
    reason: Annotated[str, typer.Option(help="Why, especially if the evidence supports a different one.")],
    by: By = None,
) -> None:
    """Set the delivery confidence. This is a person's judgement."""
    from changeflow.usecases import governance

    governance.set_confidence(tier, reason, by, context.change)
    note(f"The delivery confidence is {tier}.")
