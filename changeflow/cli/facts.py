"""Commands that record what happened: task, assess, pilot."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, out, spoken_errors
from changeflow.settings import DEFAULT_DB

task = typer.Typer(help="Report progress of tasks.", no_args_is_help=True)
assess = typer.Typer(help="ADKAR assessments.", no_args_is_help=True)
pilot = typer.Typer(help="Pilots and parallel runs.", no_args_is_help=True)

TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task's id.")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; today when left out.")]
Csv = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file.")]


def add_to(app: typer.Typer) -> None:
    for name, group in (("task", task), ("assess", assess), ("pilot", pilot)):
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
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it began, if nobody said so yet.")
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
    started: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="When it began.")],
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
            note(f"{decided} decisions were new.")
        else:
            new = facts.import_progress(file, change)
    note(f"{new} entries of progress were new.")


@assess.command("import")
def assess_import(
    file: Csv, db: Db = DEFAULT_DB, programme: ProgrammeName = None, actor: Actor = None, at: At = None
) -> None:
    """Take one round of assessments from a CSV."""
    from changeflow.usecases import facts, publishing

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        is_late = publishing.is_published(file.stem, db=db, programme=programme, on=day(at))
        new = facts.import_assessments(file, change)
    note(f"{new} assessments were new.")
    if is_late and new:
        note("Their round has been published already, so they are counted in none: ask again in the next one.")


@pilot.command("measure")
def pilot_measure(
    service: Annotated[str, typer.Argument(help="The service.")],
    criterion: Annotated[str, typer.Argument(help="The exit criterion's id.")],
    value: Annotated[str, typer.Argument(help="What it came to.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Record what a pilot's exit criterion came to."""
    from changeflow.usecases import facts

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        facts.measure_criterion(service, criterion, value, change)
    note(f"{service}, {criterion}: {value}.")


@pilot.command("choose")
def pilot_choose(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A programme folder.")] = Path(),
    size: Annotated[int, typer.Option(help="How many schools go first.")] = 3,
) -> None:
    """Propose the schools that are together most like the trust, with one that would rather wait, and alternatives."""
    from changeflow.reports.pilot_choice import pilot_text
    from changeflow.usecases import pilot as piloting

    with spoken_errors():
        programme, cohorts = piloting.proposed_pilot(folder, size=size)
        for line in pilot_text(programme, cohorts):
            out(line)


@pilot.command("submitted")
def pilot_submitted(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service's id.")],
    scheme: Annotated[str, typer.Argument(metavar="SCHEME", help="The scheme's reference.")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The month that is paid, such as 2027-06.")],
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="old or new: which of the two has filed.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Record which system filed a scheme's pay period: exactly one, and never a parallel run's output."""
    from changeflow.programme.facts import Submission
    from changeflow.usecases import facts, submissions

    with spoken_errors():
        change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
        filed = Submission(service=service, scheme=scheme, period=period, system=system)
        is_new = submissions.record_submission(filed, change)
    note("It is recorded." if is_new else "That was known already.")


@pilot.command("reconcile")
def pilot_reconcile(
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old output.")],
    new: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The new output.")],
    key: Annotated[str, typer.Option(help="The column that names a contract; several with commas.")] = "contract",
    identity: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A CSV (old,new) of contracts whose id has changed."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="payroll, suppliers, budgets or assets.")] = None,
    tolerance: Annotated[
        list[str] | None, typer.Option(help="element=amount, such as net=0.01; only these elements are compared.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="Judge by this stored service, and keep the run.")] = None,
    period: Annotated[str, typer.Option(help="The month that was paid, such as 2027-01.")] = "",
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Compare old and new output of a parallel run, contract by contract. Without --service, exit 3 if not clean."""
    from changeflow.cli.showing import reconciliation_lines
    from changeflow.errors import CheckFailedError, InputError
    from changeflow.usecases import facts, pilot

    with spoken_errors():
        kept = ""
        if service is not None:
            if not period:
                raise InputError("Say which month was paid, with --period 2027-01.")
            change = facts.Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))
            result, is_new = pilot.reconcile_stored(
                old, new, service=service, period=period, change=change, identity=identity, say=note
            )
            kept = "The run was kept." if is_new else "The same run is kept already."
        else:
            policy = facts.preset_of(preset) if preset else facts.policy_of(key, tolerance or [])
            result = pilot.reconcile_files(old, new, policy, period=period, identity=identity, say=note)
        for line in reconciliation_lines(result):
            out(line)
        if kept:
            note(kept)
        summary = result.summary(service=service or "", period=period, on=day(at))
        if not summary.is_clean and service is None:
            raise CheckFailedError("The run is not clean.")
