"""Commands that store nothing: init, validate, schema, plan, schedule, why, what-if, paydays, health, and warm."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Folder, Form, StoredOrFolder, form_option, shared, with_default
from changeflow.cli.output import formatted_errors, note, out, out_as_it_is, print_json, print_lines
from changeflow.cli.reading import reading
from changeflow.errors import CheckFailedError, ConflictError, InputError, UnknownThingError
from changeflow.phrases import printable
from changeflow.values.problem import check_known

if TYPE_CHECKING:
    from changeflow.programme.programme import Programme


def add_to(app: typer.Typer) -> None:
    for command in (init, validate, schema, plan, schedule, why, what_if, paydays, health, warm):
        app.command()(command)


@formatted_errors()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to create.")],
    template: Annotated[
        str, typer.Option(help="The ready-made programme to copy: trust-central-services or first-programme.")
    ] = "trust-central-services",
) -> None:
    """Create a ready-made programme folder to start from."""
    from changeflow.files import whole_folder
    from changeflow.intake.documents import write_schemas
    from changeflow.places import programme_templates

    templates = programme_templates()
    check_known("template", template, templates)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"'{printable(folder)}' exists and is not empty. Name a new folder; nothing was written.")
    with whole_folder(folder) as new:
        shutil.copytree(templates[template], new, dirs_exist_ok=True)
        write_schemas(new / "schema")
    note(f"Made {printable(folder)} from '{template}'. Next: changeflow validate {printable(folder)}")


@formatted_errors()
def validate(folder: Folder) -> None:
    """Check a folder: list every mistake, where it is and how to correct it, and the dates that are assumed."""
    from changeflow.intake.folder import read_folder
    from changeflow.programme.counts import counts_in_words
    from changeflow.programme.differences import counted_people
    from changeflow.rules.engine import judge
    from changeflow.usecases.plan import remarks
    from changeflow.values.duration import counted

    read = read_folder(folder)
    notes = list(remarks(read))
    counts = counts_in_words(judge(read.programme).programme)
    schools, people = len(read.definition.schools), len(read.definition.people)
    found = f"{counted(schools, 'school')}, {counted_people(people)}, {counts}"
    out(f"{printable(folder)}: no problems. {found}.")
    print_lines(str(problem) for problem in notes)


@formatted_errors()
def schema(
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the schemas to this folder, one file per kind.")
    ] = None,
    form: Annotated[
        str, form_option("json", "markdown", text="json, or markdown to describe the tables as docs/tables.md does.")
    ] = "json",
) -> None:
    """Print the JSON Schema of the folder's files and tables, so that your editor can autocomplete and check them."""
    from changeflow.intake.documents import schemas, write_schemas

    if form == "markdown":
        from changeflow.intake.table_schemas import tables_in_words

        if folder is not None:
            raise InputError("--out cannot be used here: it writes JSON. Leave one of them out.")
        for line in tables_in_words():
            out_as_it_is(line)
    elif folder is not None:
        write_schemas(folder)
        note(f"Wrote {', '.join(sorted(schemas()))} to {folder}")
    else:
        out_as_it_is(json.dumps(schemas(), indent=2))


@shared("db", "programme", "at", "to", "fail_on")
def plan(
    context: Context,
    folder: StoredOrFolder = None,
    form: Form = "text",
    to: Annotated[str | None, typer.Option(help="A milestone or task: show the longest path to it.")] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="block, warn or info: exit with 3 for a finding of this severity or worse.")
    ] = None,
) -> None:
    """Schedule a folder or the stored programme, and show its critical path, milestones, waves and findings."""
    from changeflow.reports.tables import plan_json, plan_text
    from changeflow.values.duration import counted
    from changeflow.values.words import Severity

    judged = context.judged(folder)
    if form == "json":
        context.refuse(["to"], "JSON has every task, and marks the longest path as `driving`. Leave --to out.")
        out_as_it_is(plan_json(judged))
    else:
        print_lines(plan_text(judged, to=_target(judged.programme, to) if to else None))
    if fail_on:
        check_known("severity", fail_on, list(Severity))
        bad = [f for f in judged.findings if f.severity.position <= Severity(fail_on).position]
        if bad:
            raise CheckFailedError(f"{counted(len(bad), 'finding')} at or above '{fail_on}'.")


@formatted_errors()
def schedule(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A Microsoft Project file (.xml, .mpp), a plan exported from Planner (.xlsx) or P6 (.xer), or a "
            "folder.",
        ),
    ],
    form: Form = "text",
    profile: Annotated[
        str | None,
        typer.Option(
            help=with_default("msproject or textbook, as docs/profiles.md explains", "chosen by the type of file")
        ),
    ] = None,
) -> None:
    """Compute the critical path of a Microsoft Project file, another program's plan, or a folder."""
    from changeflow.reports.schedules import schedule_lines, schedule_rows
    from changeflow.roadmap.model.profile import PROFILES
    from changeflow.usecases.project_files import schedule_project

    check_known("profile", profile, PROFILES)
    if file.is_dir():
        from changeflow.usecases.plan import schedule_folder

        roadmap, timed = schedule_folder(file, profile=profile)
        names, key, approved = {t: task.name for t, task in roadmap.tasks.items()}, "id", None
    else:
        with reading(file):
            project, timed = schedule_project(file, say=note, profile=profile)
        roadmap, names, key = project.roadmap, dict(project.names), "uid"
        approved = project.baselines.get(0)
    if form == "json":
        out_as_it_is(json.dumps({"tasks": schedule_rows(roadmap, timed, names, key=key, baseline=approved)}))
        return
    for line in schedule_lines(roadmap, timed, names):
        out(line)


@shared("db", "programme", "at")
def why(
    context: Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[DIR] TASK",
            help="A programme folder and a task's id, or a Project file and a task's name or UID. Without a folder or "
            "file, a task of the stored programme. Give a school's id to list its go-lives, or school/service for one.",
        ),
    ],
) -> None:
    """Explain a task's early and late dates: the chain of links, gaps, rules and constraints behind them."""
    from changeflow.programme.go_live_names import go_live_named, place_names, school_named
    from changeflow.programme.task_names import meant, task_named
    from changeflow.reports.announcements import school_lines
    from changeflow.roadmap.analysis.why import explain
    from changeflow.usecases.project_files import schedule_project, task_in_file

    if len(what) > 2:
        raise InputError(f"'{what[2]}' is one argument too many. Give a folder and a task, or only a task.")
    task, folder = what[-1], Path(what[0]) if len(what) == 2 else None
    context.refuse_beside(folder)
    if folder is not None and folder.is_file():
        context.refuse(["at"], "a Project file has a status date of its own.")
        project, timed = schedule_project(folder, say=note)
        out(explain(project.roadmap, timed, task_in_file(project, task)).text)
        return
    found = context.judged(folder).programme
    if not meant(task, found.roadmap.tasks):
        if (school := school_named(task, found)) is not None:
            print_lines(school_lines(found, school, asked=f"changeflow why{f' {folder}' if folder else ''}"))
            return
        live = go_live_named(task, found)
        task = live.id if live else task
    _explain(found, task_named(task, found.roadmap.tasks, besides=place_names(found)))


def _explain(programme: "Programme", task: str) -> None:
    """Print why a task has its dates, how long a decision can wait, and how far the task can slip before it moves a
    milestone."""
    from changeflow.reports.task_why import explain_task

    if programme.schedule is not None:
        out(explain_task(programme, task).text)


@shared("db", "programme", "at")
def what_if(
    context: Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help=with_default("A programme folder or a Project file", "the stored programme")
        ),
    ] = None,
    longer: Annotated[str, typer.Option(help="How much longer each task takes, such as 5d, 2w or 4h.")] = "5d",
    form: Form = "text",
) -> None:
    """Show which tasks would delay the end or a milestone if they took longer, worst first."""
    from changeflow.reports.schedules import what_if_lines, what_if_rows
    from changeflow.usecases.plan import longer_in, longer_tasks

    if folder is not None and folder.is_file():
        context.refuse_beside(folder)
        context.refuse(["at"], "a Project file has a status date of its own.")
        found = longer_tasks(folder, longer, say=note)
    else:
        found = longer_in(context.judged(folder).programme, longer)
    if form == "json":
        print_json(what_if_rows(found.roadmap, found.swept, found.milestones))
    else:
        print_lines(what_if_lines(found.roadmap, found.schedule, found.swept, longer, found.milestones))


@shared("db", "programme", "at")
def paydays(context: Context, folder: StoredOrFolder = None, form: Form = "text") -> None:
    """List the pay periods for each group of schools: opening, cut-off, payday and close."""
    from changeflow.reports.pay import pay_rows, pay_text

    programme = context.judged(folder).programme
    if form == "json":
        print_json(list(pay_rows(programme)))
        return
    print_lines(pay_text(programme))


@shared("db", "programme", "at")
def health(context: Context, folder: StoredOrFolder = None, form: Form = "text") -> None:
    """Judge whether dates can be trusted: the DCMA 14-point check, with the tasks that fail each point."""
    from changeflow.reports.health import balance_lines, balance_text, heading_lines, health_lines, health_text

    judged, approved = context.judged(folder), None
    if folder is None:
        baseline = context.stored.baseline
        approved = baseline.dates if baseline else None
    programme = judged.programme
    lines = health_lines(programme, approved)
    if form == "json":
        print_json(lines)
        return
    print_lines(health_text(lines, heading_lines(programme, lines)))
    out()
    print_lines(balance_text(balance_lines(programme)))


def warm() -> None:
    """Compile the engine for this machine (about a minute), so that the first large plan or simulation need not
    wait."""
    from changeflow.usecases.warm_up import warm as compile_everything

    with formatted_errors():
        compile_everything(note)
    note("The engine is compiled for this machine.")


def _target(programme: "Programme", name: str) -> str:
    from changeflow.programme.task_names import meant, task_named

    milestone = programme.milestone(name)
    if milestone is not None:
        return milestone.task
    if not meant(name, programme.roadmap.tasks):
        known = [*(m.id for m in programme.milestones), *programme.roadmap.tasks]
        raise UnknownThingError("milestone or task", name, known)
    return task_named(name, programme.roadmap.tasks)
