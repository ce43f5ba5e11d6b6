"""The command that turns another program's plan into a programme folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, shared
from changeflow.cli.output import note, print_lines
from changeflow.cli.reading import reading
from changeflow.errors import InputError

if TYPE_CHECKING:
    from changeflow.usecases.plan_import import BuiltPlan

SHOWN = 20
"""How many tasks with different dates to show in a terminal: our own choice."""


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_plan)


@shared("at")
def import_plan(
    context: Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A Microsoft Project file, or a list of tasks (.xlsx, .csv).",
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to create.")],
    organisation: Annotated[str, typer.Option(help="The name of your organisation.")] = "Our organisation",
    name: Annotated[str | None, typer.Option(help="The name of the programme. By default, that of the plan.")] = None,
    school: Annotated[
        list[str] | None,
        typer.Option(help="A school: name, phase and wave, such as “Ash Primary, primary, wave 1”; repeatable."),
    ] = None,
) -> None:
    """Turn a plan from another program into a programme folder, and show its dates beside those of changeflow."""
    from dataclasses import replace

    from changeflow.intake.plan_places import guess_about, guess_places, schools_in_lines
    from changeflow.usecases.plan_import import build_plan, read_plan, write_folder

    with reading(file):
        plan = read_plan(file)
    for remark in plan.notes:
        note(remark)
    about = guess_about(plan.project, plan.tasks, organisation=organisation)
    listed = tuple(schools_in_lines(school)) if school else about.schools
    if not listed:
        raise InputError("The plan names no school. Name at least one with --school.")
    about = replace(about, name=name or about.name, schools=listed)
    built = build_plan(plan, about, guess_places(plan.tasks, about), on=context.day)
    write_folder(built, folder)
    print_lines(_lines(built))
    sheet = f" Then: changeflow task import {folder / 'progress.csv'}" if built.texts.has_progress else ""
    note(f"Made {folder} from {file.name}. Next: changeflow apply {folder}.{sheet}")


def _lines(built: "BuiltPlan") -> Iterator[str]:
    from changeflow.values.moments import format_days

    others = built.differences
    yield built.headline
    for one in others[:SHOWN]:
        there, here = format_days(*one.theirs), format_days(*one.ours)
        yield f"  {one.name}: {there} there, {here} here. {one.cause.value}: {one.detail}"
    if len(others) > SHOWN:
        yield f"  … and {len(others) - SHOWN} more"
    yield from built.texts.notes
