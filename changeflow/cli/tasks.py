"""Commands that record the progress of tasks."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, Csv, On, TaskName, command, day_option
from changeflow.cli.output import note

task = typer.Typer(help="Report progress of tasks.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(task, name="task")


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
