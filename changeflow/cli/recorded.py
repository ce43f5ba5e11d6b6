"""Commands about recorded facts: fact list, fact withdraw."""

import json
from typing import Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, out, spoken_errors
from changeflow.settings import DEFAULT_DB

fact = typer.Typer(help="Recorded facts, and what to do about a wrong one.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(fact, name="fact")


@fact.command("list")
def fact_list(
    about: Annotated[
        str | None, typer.Option(help="Only about this task (or all below it), service, person, group or school.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as progress or decision.")] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """List recorded facts, the latest last: who recorded what, and which were replaced, corrected or withdrawn."""
    from changeflow.errors import UnknownThingError
    from changeflow.reports.recorded import fact_data, fact_lines
    from changeflow.usecases.withdrawing import recorded_facts

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        found = recorded_facts(programme, db=db, on=day(at), kind=kind, actor=actor, now=moment(at))
    if form == "json":
        out(json.dumps(fact_data(found, about=about), indent=1, ensure_ascii=False))
        return
    lines = list(fact_lines(found, about=about))
    for line in lines:
        out(line)
    if not lines:
        note("No facts recorded." if about is None else f"No facts recorded about {about}.")


@fact.command("withdraw")
def fact_withdraw(
    name: Annotated[str, typer.Argument(metavar="FACT", help="Its id, as fact list shows it: progress-12.")],
    reason: Annotated[str, typer.Option(help="Why it is wrong.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Withdraw a fact that was recorded wrongly. Both stay on record; record it again to correct it."""
    from changeflow.usecases.facts import Change
    from changeflow.usecases.withdrawing import withdraw_fact

    with spoken_errors():
        change = Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        done = withdraw_fact(name, reason, change)
    if not done.facts:
        note(f"{name} was withdrawn before; nothing changed.")
        return
    note(f"Withdrawn: {', '.join(f.id for f in done.facts)}. The forecast follows.")
    for task in done.begun:
        note(f"Already begun behind this gate: {task}")
