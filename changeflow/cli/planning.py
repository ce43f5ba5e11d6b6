"""Commands that store nothing: init, validate, schema, plan, schedule, why, what-if, health, and warm."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.speaking import At, Db, Folder, ProgrammeName, day, note, out, refuse, refuse_beside, spoken_errors
from changeflow.errors import CheckFailedError, ConflictError, InputError, UnknownThingError, printable
from changeflow.settings import DEFAULT_DB

if TYPE_CHECKING:
    from changeflow.programme.programme import Programme

Form = Annotated[str, typer.Option("--format", help="text or json.")]


def add_to(app: typer.Typer) -> None:
    for command in (init, validate, schema, plan, schedule, why, what_if, health, warm):
        app.command()(command)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    template: Annotated[str, typer.Option(help="Which ready programme to copy.")] = "trust-central-services",
) -> None:
    """Make a ready programme folder to start from."""
    from changeflow.files import whole_folder
    from changeflow.intake.schema import write_schemas
    from changeflow.resources import programme_templates

    with spoken_errors():
        templates = programme_templates()
        if template not in templates:
            raise UnknownThingError("template", template, templates)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConflictError(
                f"'{printable(folder)}' exists and is not empty. Name a new folder; nothing was written."
            )
        with whole_folder(folder) as new:
            shutil.copytree(templates[template], new, dirs_exist_ok=True)
            write_schemas(new / "schema")
    note(f"Made {printable(folder)} from '{template}'. Next: changeflow validate {printable(folder)}")


def validate(folder: Folder) -> None:
    """Check a folder: every mistake with file, line and column, and what would be right."""
    from changeflow.intake.folder import read_folder

    with spoken_errors():
        read = read_folder(folder)
    tasks, links = len(read.programme.roadmap.tasks), len(read.programme.roadmap.links)
    schools, people = len(read.definition.schools), len(read.definition.people)
    out(f"{printable(folder)}: no problems. {schools} schools, {people} people, {tasks} tasks, {links} links.")


def schema(
    folder: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write one file a kind here.")] = None,
) -> None:
    """Print the JSON Schema of the folder's files, so that editors can complete and check them."""
    from changeflow.intake.schema import schemas, write_schemas

    if folder is not None:
        with spoken_errors():
            write_schemas(folder)
        note(f"Wrote {', '.join(sorted(schemas()))} to {folder}")
    else:
        out(json.dumps(schemas(), indent=2))


def plan(
    context: typer.Context,
    folder: Folder,
    form: Form = "text",
    at: At = None,
    to: Annotated[str | None, typer.Option(help="A milestone or task: show the longest path to it.")] = None,
    fail_on: Annotated[str | None, typer.Option(help="block, warn or info: exit 3 when such a finding exists.")] = None,
) -> None:
    """Schedule a folder: critical path, milestones, waves, findings."""
    from changeflow.reports.tables import plan_json, plan_text
    from changeflow.usecases.plan import plan_folder
    from changeflow.values.words import Severity

    with spoken_errors():
        judged = plan_folder(folder, on=day(at) if at else None)
        _check_form(form)
        if form == "json":
            refuse(context, ["to"], "JSON has every task, and `driving` marks the longest path. Leave one of them out.")
            out(plan_json(judged))
        else:
            for line in plan_text(judged, to=_target(judged.programme, to) if to else None):
                out(line)
        if fail_on:
            if fail_on not in list(Severity):
                raise UnknownThingError("severity", fail_on, list(Severity))
            bad = [f for f in judged.findings if f.severity.position <= Severity(fail_on).position]
            if bad:
                raise CheckFailedError(f"{len(bad)} findings at or above '{fail_on}'.")


def schedule(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Microsoft Project file (.xml, .mpp), or a folder.")],
    form: Form = "text",
    profile: Annotated[
        str | None, typer.Option(help="msproject or textbook; left out, as suits the file. docs/profiles.md explains.")
    ] = None,
) -> None:
    """Compute the critical path of a Microsoft Project file, or of a folder."""
    from changeflow.reports.tables import schedule_rows
    from changeflow.roadmap.profile import PROFILES
    from changeflow.roadmap.why import dates_in_words, float_in_words
    from changeflow.usecases.plan import schedule_folder, schedule_project

    with spoken_errors():
        _check_form(form)
        if profile is not None and profile not in PROFILES:
            raise UnknownThingError("profile", profile, PROFILES)
        if file.is_dir():
            roadmap, timed = schedule_folder(file, profile=profile)
            names, key, approved = {t: task.name for t, task in roadmap.tasks.items()}, "id", None
        else:
            project, timed = schedule_project(file, say=note, profile=profile)
            for remark in project.notes:
                note(remark)
            roadmap, names, key = project.roadmap, dict(project.names), "uid"
            approved = project.baselines.get(0)
    if form == "json":
        out(json.dumps({"tasks": schedule_rows(timed, names, key=key, baseline=approved)}))
        return
    for task in sorted(timed.timed, key=lambda t: (timed[t].early_start, t)):
        mark = "critical" if timed[task].critical else float_in_words(roadmap, task, timed[task].total_float)
        out(f"{dates_in_words(roadmap, timed, task):<28} {mark:<20} {names[task]}")


def why(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[DIR] TASK",
            help="A programme folder or a Project file, and a task's id (its UID there); "
            "a task alone is one of the stored programme.",
        ),
    ],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Explain a task's dates, early and late: the chain of links, gaps, rules and constraints behind them."""
    from changeflow.roadmap.why import explain
    from changeflow.usecases.plan import plan_folder, schedule_project
    from changeflow.usecases.stored import loaded

    with spoken_errors():
        if len(what) > 2:
            raise InputError(f"That is one too many: '{what[2]}'. Write a folder and a task, or a task alone.")
        task, folder = what[-1], Path(what[0]) if len(what) == 2 else None
        refuse_beside(context, folder)
        if folder is not None and folder.is_file():
            refuse(context, ["at"], "a Project file has a status date of its own.")
            project, timed = schedule_project(folder, say=note)
            if task not in project.roadmap.tasks:
                raise UnknownThingError("task", task, project.roadmap.tasks)
            out(explain(project.roadmap, timed, task).text)
            return
        if folder is not None:
            found = plan_folder(folder, on=day(at) if at else None).programme
        else:
            found = loaded(programme, db=db, on=day(at))
        if task not in found.roadmap.tasks:
            raise UnknownThingError("task", task, found.roadmap.tasks)
    _explain(found, task)


def _explain(programme: "Programme", task: str) -> None:
    """Print why, and how far a task can slip before it moves a milestone."""
    from changeflow.roadmap.slip import Slips, cliff_in_words
    from changeflow.roadmap.why import explain

    if programme.schedule is None:
        return
    out(explain(programme.roadmap, programme.schedule, task).text)
    slips = Slips(programme.roadmap, programme.schedule)
    for milestone in programme.milestones:
        if milestone.task != task and (edge := slips.cliff(task, milestone.task)) is not None:
            out(cliff_in_words(programme.roadmap, edge))


def what_if(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A programme folder, or a Project file.")],
    longer: Annotated[str, typer.Option(help="How much longer each task takes in turn: 5d, 2w, 4h.")] = "5d",
    form: Form = "text",
    at: At = None,
) -> None:
    """Ask for every task in turn: what if it took longer? Those that would move the end are listed, the worst first."""
    from changeflow.reports.what_if import what_if_lines, what_if_rows
    from changeflow.usecases.plan import longer_tasks

    with spoken_errors():
        _check_form(form)
        if folder.is_file():
            refuse(context, ["at"], "a Project file has a status date of its own.")
        roadmap, swept = longer_tasks(folder, longer, on=day(at) if at else None, say=note)
    if form == "json":
        out(json.dumps(what_if_rows(roadmap, swept), indent=1, ensure_ascii=False))
        return
    for line in what_if_lines(roadmap, swept, longer):
        out(line)


def health(folder: Folder, form: Form = "text", at: At = None) -> None:
    """Judge whether a folder's schedule is fit to answer questions: the DCMA 14 points, each with its offenders."""
    from dataclasses import asdict

    from changeflow.reports.health import balance_lines, balance_text, heading_lines, health_lines, health_text
    from changeflow.usecases.plan import plan_folder

    with spoken_errors():
        _check_form(form)
        programme = plan_folder(folder, on=day(at) if at else None).programme
        lines = health_lines(programme, None)
    if form == "json":
        out(json.dumps([asdict(line) for line in lines], indent=1, ensure_ascii=False))
        return
    for line in health_text(lines, heading_lines(programme, lines)):
        out(line)
    out()
    for line in balance_text(balance_lines(programme)):
        out(line)


def warm() -> None:
    """Compile the engine for this machine, in about a minute: else the first large plan or simulation has to wait."""
    from changeflow.usecases.warming import warm as compile_everything

    with spoken_errors():
        compile_everything(note)
    note("The engine is compiled for this machine.")


def _target(programme: "Programme", name: str) -> str:
    milestone = programme.milestone(name)
    found = milestone.task if milestone else name
    if found not in programme.roadmap.tasks:
        known = [*(m.id for m in programme.milestones), *programme.roadmap.tasks]
        raise UnknownThingError("milestone or task", name, known)
    return found


def _check_form(form: str) -> None:
    if form not in ("text", "json"):
        raise UnknownThingError("format", form, ["text", "json"])
