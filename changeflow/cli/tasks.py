"""Commands about tasks: the list of them, and their progress."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Form, On, TaskName, command, day_option, number_option, with_default
from changeflow.cli.output import confirm, note, print_json, print_lines
from changeflow.cli.reading import reading
from changeflow.errors import NOT_SAVED, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from changeflow.agenda.worklist import WorkFilter
    from changeflow.programme.programme import Programme

task = typer.Typer(help="List tasks, and report their progress.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(task, name="task")


@command(task, "list", "db", "programme", "actor", "at")
def task_list(
    context: Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORDS]", help="Only tasks with these words in their id, name or owner's role."),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Only late tasks.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Only tasks due within a week; with --late, late tasks too.")
    ] = False,
    by: Annotated[datetime | None, day_option("--by", text=with_default("The last day for --due", "in a week"))] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only the tasks of the person given with --as.")] = False,
    owner: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Only the tasks of the person with this id.")
    ] = None,
    wave: Annotated[str | None, typer.Option(help="Only tasks of this wave.")] = None,
    service: Annotated[str | None, typer.Option(help="Only tasks of this service.")] = None,
    done: Annotated[bool, typer.Option("--done", help="Only finished tasks.")] = False,
    form: Form = "text",
) -> None:
    """List the stored programme's tasks, late ones first, then by date. A task must match every filter you give."""
    from changeflow.agenda.worklist import WorkFilter, WorkState
    from changeflow.reports.worklist import work_lines, work_rows
    from changeflow.usecases.worklist import tasks_in_hand

    if by is not None and not due:
        context.refuse(["by"], "it says how far ahead --due looks. Give both.")
    if mine and owner is not None:
        raise InputError("Give either --mine or --owner, not both.")
    if mine and context.actor is None:
        raise InputError("--mine needs a person. Add --as PERSON, or set CHANGEFLOW_AS.")
    states = {WorkState.LATE: late, WorkState.DUE: due, WorkState.DONE: done}
    wanted = WorkFilter(
        states=frozenset(state for state, asked in states.items() if asked),
        person=context.actor if mine else owner,
        words=tuple(words or ()),
        wave=wave,
        service=service,
    )
    found = tasks_in_hand(context.programme, wanted, db=context.db, today=context.day, ahead=by.date() if by else None)
    if form == "json":
        print_json(work_rows(found.programme, found.items))
        return
    asked = _asked(wanted, found.programme)
    print_lines(work_lines(found.programme, found.items, asked=asked, today=context.day))
    if not found.items:
        for hint in _hints(wanted.words, found.programme):
            note(hint)


def _hints(words: "Iterable[str]", programme: "Programme") -> "Iterator[str]":
    """Yield suggestions for words that match no task."""
    from changeflow.values.problem import nearest

    tasks = programme.roadmap.tasks
    has = " ".join([*tasks, *(t.name for t in tasks.values())]).casefold()
    known = {part for task in tasks for part in task.split("/")} | {s.id for s in programme.definition.schools}
    known |= {s.name for s in programme.definition.schools}
    for word in words:
        if word.casefold() not in has and (hint := nearest(word, known)):
            yield f"No task has “{word}”. {hint}"


def _asked(wanted: "WorkFilter", programme: "Programme") -> str:
    """Describe the filters, so that an empty list says what was not found."""
    from changeflow.agenda.worklist import WorkState

    who = programme.person(wanted.person) if wanted.person else ""
    parts = [" or ".join(str(state) for state in WorkState if state in wanted.states) or "not done"]
    parts += [who, f"wave {wanted.wave}" if wanted.wave else "", wanted.service or ""]
    parts += [f"“{word}”" for word in wanted.words]
    return ", ".join(filter(None, parts))


def _note_recorded(context: Context, name: str, what: str, *, new: bool) -> None:
    """Say what was recorded, after a warning for each undecided gate that should have come first."""
    from changeflow.usecases import progress
    from changeflow.usecases.recorded import latest_progress
    from changeflow.values.words import Gate

    for gate in progress.open_gates(name, context.change):
        kind = "go/no-go" if gate.gate is Gate.GO_LIVE else "gate"
        fact = latest_progress(name, context.change)
        words = f'changeflow fact withdraw {fact} --reason "…" --as {context.actor or "PERSON"}'
        note(f"The {kind} “{gate.name}” has not been decided. If this is a mistake, withdraw it: {words}")
    note(what if new else "Already recorded; nothing changed.")
    if early := progress.early_start(name, context.change):
        note(early)
    advice = ""
    for finding in progress.out_of_order((name,), context.change):
        note(f"{finding.rule} {finding.message}{f' {finding.remedy}' if finding.remedy != advice else ''}")
        advice = finding.remedy


@command(task, "start", "db", "programme", "actor", "at")
def task_start(context: Context, name: TaskName, on: On = None) -> None:
    """Record that a task has started. For a finished task, this corrects the start and leaves the finish as it is."""
    from changeflow.usecases import progress

    name = context.task(name)
    new, stays = progress.start_task(name, on.date() if on else context.day, context.change)
    _note_recorded(
        context, name, f"{name}: new start, still finished." if stays else f"{name} has begun.", new=bool(new)
    )


@command(task, "finish", "db", "programme", "actor", "at")
def task_finish(
    context: Context,
    name: TaskName,
    on: On = None,
    started: Annotated[datetime | None, day_option(text="When it started, if that is not recorded yet.")] = None,
) -> None:
    """Record that a task is finished."""
    from changeflow.usecases import progress

    name, finished = context.task(name), on.date() if on else context.day
    new = progress.finish_task(name, finished, started.date() if started else None, context.change)
    _note_recorded(context, name, f"{name} is done.", new=bool(new))


@command(task, "progress", "db", "programme", "actor", "at")
def task_progress(
    context: Context,
    name: TaskName,
    started: Annotated[datetime | None, day_option(text="When it started, if that is not recorded yet.")] = None,
    remaining: Annotated[str | None, typer.Option(help="The remaining duration, such as 5d.")] = None,
    percent: Annotated[
        int | None,
        number_option(
            "Percent complete; the rest of its planned duration remains.",
            least=0,
            most=99,
            advice="If the task is finished, use `task finish`.",
        ),
    ] = None,
) -> None:
    """Record how much of a task is left, or how much is complete."""
    from changeflow.usecases import progress

    if remaining is None and percent is None:
        raise InputError("How much? Give --remaining, such as 5d, or --percent.")
    name = context.task(name)
    began = started.date() if started else None
    new = progress.progress_task(name, context.change, started=began, remaining=remaining, percent=percent)
    said = f"{remaining} left" if remaining is not None else f"{percent}% complete"
    _note_recorded(context, name, f"{name}: {said}.", new=bool(new))


@command(task, "import", "db", "programme", "actor", "yes", "dry_run", "at")
def task_import(
    context: Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A progress sheet: .csv or .xlsx.")],
    decisions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A file of decisions at gates, as for `gate import`, to import with the progress.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored, without storing it.")] = False,
) -> None:
    """Import progress and comments from an exported workbook or your own table. It first shows what would move."""
    from changeflow.reports.progress_preview import preview_lines
    from changeflow.usecases import progress_import

    if yes and dry_run:
        raise InputError("--yes stores it and --dry-run does not. Give one of them.")
    change = context.change
    with reading(file, decisions):
        found = progress_import.preview_import(file, change, decisions)
    skipped = found.sheet.skipped
    for remark in found.sheet.unused:
        if remark.line not in {line.line for line in skipped}:
            note(str(remark))
    print_lines(preview_lines(found.sheet.typed, found.before, found.after, decided=found.decided, skipped=skipped))
    if dry_run:
        note(NOT_SAVED)
        return
    if not (yes or found.is_empty or confirm("Store it?")):
        note(NOT_SAVED)
        return
    progress_import.store_import(file, change, decisions, preview=found)
    if decisions is not None:
        note(f"New decisions: {found.decided}.")
    note(f"New progress entries: {found.new.progress}.")
    if found.new.comments:
        note(f"New comments: {found.new.comments}.")
