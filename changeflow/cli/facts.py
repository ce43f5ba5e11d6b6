"""Commands that record what happened: task, assess."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, spoken_errors, supported
from changeflow.settings import DEFAULT_DB
from changeflow.values.duration import counted

task = typer.Typer(help="Report progress of tasks.", no_args_is_help=True)
assess = typer.Typer(help="ADKAR assessments.", no_args_is_help=True)

TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task's id.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], callback=supported, help="The day; today when left out."),
]
Csv = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")]


def add_to(app: typer.Typer) -> None:
    for name, group in (("task", task), ("assess", assess)):
        app.add_typer(group, name=name)


@task.command("start")
def task_start(
    name: TaskName,
    on: On = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Say that a task has begun."""
    from changeflow.intake.progress import ReportedProgress
    from changeflow.usecases import facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        new = facts.report_progress([ReportedProgress(name, on.date() if on else day(at))], change)
    note(f"{name} has begun." if new else "That was known already.")


@task.command("finish")
def task_finish(
    name: TaskName,
    on: On = None,
    started: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], callback=supported, help="When it began, if nobody said so yet."),
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Say that a task is done."""
    from changeflow.usecases import facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        finished = on.date() if on else day(at)
        new = facts.finish_task(name, finished, started.date() if started else None, change)
    note(f"{name} is done." if new else "That was known already.")


@task.command("progress")
def task_progress(
    name: TaskName,
    remaining: Annotated[str, typer.Option(help="What is left of it, such as 5d.")],
    started: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], callback=supported, help="When it began.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Say how much of a task is left."""
    from changeflow.intake.progress import ReportedProgress
    from changeflow.usecases import facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        new = facts.report_progress([ReportedProgress(name, started.date(), None, remaining)], change)
    note(f"{name}: {remaining} left." if new else "That was known already.")


@task.command("import")
def task_import(
    file: Csv,
    decisions: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Minutes: the decisions at gates in between.")
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Take progress from a CSV (task, started, finished, remaining), perhaps with the decisions in between."""
    from changeflow.usecases import facts, gates

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        if decisions is not None:
            new, decided = gates.import_history(file, decisions, change)
            note(f"New decisions: {decided}.")
        else:
            new = facts.import_progress(file, change)
    note(f"New entries of progress: {new}.")


@assess.command("import")
def assess_import(
    file: Csv, db: Db = DEFAULT_DB, programme: ProgrammeName = None, actor: Actor = None, at: At = None
) -> None:
    """Record one round of assessments from a CSV or xlsx file. A file of the same days corrects its round."""
    from changeflow.usecases import assessments, facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        done = assessments.import_assessments(file, change)
    note(f"{done.label}: {counted(done.answers, 'answer')} recorded.")
    if done.is_late:
        note("This round is already published. What is new or corrected counts from the next publication.")
