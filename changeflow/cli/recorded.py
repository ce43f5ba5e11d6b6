"""Commands about recorded facts: fact list, fact withdraw."""

from typing import Annotated

import typer

from changeflow.cli.context import Context, Form, command
from changeflow.cli.output import note, print_json, print_lines

fact = typer.Typer(help="Recorded facts, and what to do about a wrong one.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(fact, name="fact")


@command(fact, "list", "db", "programme", "actor", "at")
def fact_list(
    context: Context,
    about: Annotated[
        str | None,
        typer.Option(
            help="Only facts about this task (or those below it), service, person, group or school; an id or a name."
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as progress or decision.")] = None,
    form: Form = "text",
) -> None:
    """List recorded facts, oldest first: who recorded what, and which were replaced, corrected or withdrawn."""
    from changeflow.reports.recorded import fact_data, fact_lines
    from changeflow.usecases.recorded import meant_by, recorded_facts

    found = recorded_facts(
        context.programme, db=context.db, on=context.day, kind=kind, actor=context.actor, now=context.now
    )
    programme = context.stored.programme
    about = meant_by(about, programme, found) if about is not None else None
    person, roadmap = programme.person, programme.roadmap
    if form == "json":
        print_json(fact_data(found, person=person, roadmap=roadmap, about=about))
        return
    lines = list(fact_lines(found, person=person, roadmap=roadmap, about=about))
    print_lines(lines)
    if not lines:
        note("No facts recorded." if about is None else f"No facts recorded about {about}.")


@command(fact, "withdraw", "db", "programme", "actor", "at")
def fact_withdraw(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="FACT", help="The fact's id, as `fact list` shows it: progress-12.")],
    reason: Annotated[str, typer.Option(help="Why it is wrong.")],
) -> None:
    """Withdraw a wrong fact. The fact and its withdrawal stay on record; to correct the fact, record it again."""
    from changeflow.usecases.recorded import withdraw_fact

    done = withdraw_fact(name, reason, context.change)
    if not done.facts:
        note(f"{name} was already withdrawn; nothing changed.")
        return
    note(f"Withdrawn: {', '.join(f.id for f in done.facts)}. The forecast has been updated.")
    for task in done.begun:
        note(f"Already begun behind this gate: {task}")
