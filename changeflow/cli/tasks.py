"""Commands that record the progress of tasks, list recorded facts and withdraw a wrong one."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, Csv, Form, On, TaskName, command, day_option
from changeflow.cli.output import note, print_json, print_lines

task = typer.Typer(help="Report progress of tasks.", no_args_is_help=True)
fact = typer.Typer(help="Recorded facts, and what to do about a wrong one.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(task, name="task")
    app.add_typer(fact, name="fact")


@command(task, "start", "db", "programme", "actor", "at")
def task_start(context: Context, name: TaskName, on: On = None) -> None:
    """Record that a task has started."""
    from changeflow.programme.recording import ReportedProgress
    from changeflow.usecases import progress

    new = progress.report_progress([ReportedProgress(name, on.date() if on else context.day)], context.change)
    note(f"{name} has begun." if new else "Already recorded; nothing changed.")


@command(task, "finish", "db", "programme", "actor", "at")
def task_finish(
    context: Context,
    name: TaskName,
    on: On = None,
    started: Annotated[datetime | None, day_option(text="When it began, if that is not recorded yet.")] = None,
) -> None:
    """Record that a task is finished."""
    from changeflow.usecases import progress

    finished = on.date() if on else context.day
    new = progress.finish_task(name, finished, started.date() if started else None, context.change)
    note(f"{name} is done." if new else "Already recorded; nothing changed.")


@command(task, "progress", "db", "programme", "actor", "at")
def task_progress(
    context: Context,
    name: TaskName,
    remaining: Annotated[str, typer.Option(help="What is left of it, such as 5d.")],
    started: Annotated[datetime, day_option(text="When it began.")],
) -> None:
    """Say how much of a task is left."""
    from changeflow.programme.recording import ReportedProgress
    from changeflow.usecases import progress

    new = progress.report_progress([ReportedProgress(name, started.date(), None, remaining)], context.change)
    note(f"{name}: {remaining} left." if new else "Already recorded; nothing changed.")


@command(task, "import", "db", "programme", "actor", "at")
def task_import(
    context: Context,
    file: Csv,
    decisions: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Minutes: the decisions at gates in between.")
    ] = None,
) -> None:
    """Take progress from a CSV (task, started, finished, remaining), perhaps with the decisions in between."""
    from changeflow.usecases import gates, progress

    if decisions is not None:
        new, decided = gates.import_history(file, decisions, context.change)
        note(f"New decisions: {decided}.")
    else:
        new = progress.import_progress(file, context.change)
    note(f"New entries of progress: {new}.")


@command(fact, "list", "db", "programme", "actor", "at")
def fact_list(
    context: Context,
    about: Annotated[
        str | None, typer.Option(help="Only about this task (or all below it), service, person, group or school.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as progress or decision.")] = None,
    form: Form = "text",
) -> None:
    """List recorded facts, the latest last: who recorded what, and which were replaced, corrected or withdrawn."""
    from changeflow.reports.recorded import fact_data, fact_lines
    from changeflow.usecases.recorded import recorded_facts

    found = recorded_facts(
        context.programme, db=context.db, on=context.day, kind=kind, actor=context.actor, now=context.now
    )
    if form == "json":
        print_json(fact_data(found, about=about))
        return
    lines = list(fact_lines(found, about=about))
    print_lines(lines)
    if not lines:
        note("No facts recorded." if about is None else f"No facts recorded about {about}.")


@command(fact, "withdraw", "db", "programme", "actor", "at")
def fact_withdraw(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="FACT", help="Its id, as fact list shows it: progress-12.")],
    reason: Annotated[str, typer.Option(help="Why it is wrong.")],
) -> None:
    """Withdraw a fact that was recorded wrongly. Both stay on record; record it again to correct it."""
    from changeflow.usecases.recorded import withdraw_fact

    done = withdraw_fact(name, reason, context.change)
    if not done.facts:
        note(f"{name} was withdrawn before; nothing changed.")
        return
    note(f"Withdrawn: {', '.join(f.id for f in done.facts)}. The forecast follows.")
    for task in done.begun:
        note(f"Already begun behind this gate: {task}")
