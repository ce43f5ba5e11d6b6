"""Commands about people: training, assessments, checkpoints after a go-live, and requests about personal data."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Csv, On, TaskName, command, day_option, with_default
from changeflow.cli.output import note, out, out_as_it_is
from changeflow.cli.reading import reading
from changeflow.values.moments import format_day

if TYPE_CHECKING:
    from changeflow.usecases.subject_access import Theirs

checkpoint = typer.Typer(help="What checkpoints after a go-live found: is the change embedded?", no_args_is_help=True)
assess = typer.Typer(help="Assessments of people's readiness (ADKAR).", no_args_is_help=True)
training = typer.Typer(help="Who needs which training, and who came.", no_args_is_help=True)
person = typer.Typer(help="Handle people's requests about their personal data.", no_args_is_help=True)
Received = Annotated[
    datetime | None, day_option("--received", text=with_default("The day the request was received", "today"))
]
Who = Annotated[str, typer.Argument(metavar="PERSON", help="The person's id in people.csv, now or formerly.")]
Also = Annotated[
    list[str] | None,
    typer.Option(
        "--also", metavar="ID", help="Another id of the same person, with the same email address; repeatable."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(assess, name="assess")
    app.add_typer(checkpoint, name="checkpoint")
    app.add_typer(training, name="training")
    app.add_typer(person, name="person")


@command(training, "import", "db", "programme", "actor", "at")
def training_import(context: Context, file: Csv) -> None:
    """Import attendance from a CSV with columns `session` (a task's id), `person`, `on` (the day) and `evidence`."""
    from changeflow.usecases import attendance

    with reading(file):
        new = attendance.import_attendance(file, context.change)
    note(f"{new} new records of attendance.")


@command(training, "list", "db", "programme", "at")
def training_list(context: Context) -> None:
    """List the sessions: how many people need each, how many came, and how many have demonstrated the new skills."""
    from changeflow.programme.people import sessions
    from changeflow.usecases.stored import loaded

    for one in sessions(loaded(context.programme, db=context.db, on=context.day)):
        came = f"{len(one.came)} came, {len(one.with_evidence)} with evidence" if one.is_counted else "not reported"
        out(f"{one.task.id:<44} {len(one.needed_by):>3} need it: {came}")


@command(checkpoint, "report", "db", "programme", "actor", "at")
def checkpoint_report(
    context: Context,
    name: TaskName,
    use: Annotated[float | None, typer.Option(help="Share of people who work in the new way, such as 0.85.")] = None,
    proficiency: Annotated[float | None, typer.Option(help="Share of people who do it right without help.")] = None,
    experience: Annotated[float | None, typer.Option(help="Share of people who find it no worse than before.")] = None,
    sponsor_seen: Annotated[
        bool | None, typer.Option("--sponsor-seen/--sponsor-silent", help="Whether the sponsor was seen.")
    ] = None,
    old_way_gone: Annotated[
        bool | None, typer.Option("--old-way-gone/--old-way-there", help="Whether the old way of working has ended.")
    ] = None,
    evidence: Annotated[str, typer.Option(help="Where the numbers come from.")] = "",
    said: Annotated[str, typer.Option(help="You said: what people asked for.")] = "",
    did: Annotated[str, typer.Option(help="We did: what was done about it.")] = "",
    on: On = None,
) -> None:
    """Record what a checkpoint found. Anything to put right becomes a task for the supervisors or the sponsor."""
    from changeflow.adkar.reinforcement import CheckpointResult
    from changeflow.usecases import checkpoints

    result = CheckpointResult(
        task=context.task(name),
        on=on.date() if on else context.day,
        use=use,
        proficiency=proficiency,
        experience=experience,
        sponsor_seen=sponsor_seen,
        old_way_gone=old_way_gone,
        evidence=evidence.strip(),
        said=said.strip(),
        did=did.strip(),
    )
    found = checkpoints.report_checkpoint(result, context.change)
    out(f"“{found.task.name}” is {found.judgement.verdict}. {'; '.join(found.judgement.reasons).capitalize()}.")


@command(checkpoint, "list", "db", "programme", "at")
def checkpoint_list(context: Context) -> None:
    """List what checkpoints found, oldest first."""
    from changeflow.usecases.stored import loaded
    from changeflow.values.moments import format_day

    found = loaded(context.programme, db=context.db, on=context.day).checkpoints()
    for one in found:
        reasons = "; ".join(one.judgement.reasons)
        out(f"{format_day(one.result.on)}  {one.judgement.verdict:<10} {one.task.name} ({reasons})")
    if not found:
        note("No checkpoint has been reported yet. Report one with: changeflow checkpoint report TASK")


@command(assess, "import", "db", "programme", "actor", "at")
def assess_import(context: Context, file: Csv) -> None:
    """Record a round of assessments from a CSV or xlsx file. Importing a file for the same days corrects that round."""
    from changeflow.usecases import assessments
    from changeflow.values.duration import counted

    with reading(file):
        done = assessments.import_assessments(file, context.change)
    note(f"{done.label}: {counted(done.answers, 'answer')} recorded.")
    if done.is_late:
        note("This round is already published. What is new or corrected counts from the next publication.")


@command(assess, "show", "db", "programme", "out_", "actor", "at")
def assess_show(
    context: Context,
    out_: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Also write the results as a table to this file.")
    ] = None,
) -> None:
    """Show each group's published barriers, and why some groups are hidden. Viewing is recorded in the audit log."""
    from changeflow.reports.exports import write_standings
    from changeflow.usecases.assessments import look_at_people

    people = look_at_people(context.change)
    if not people.round:
        note("No round has been published yet. Import one with: changeflow assess import ROUND.csv")
        return
    out(f"{people.round}. A barrier is a score of {people.threshold} or less. Bands of {people.step} people.")
    if people.threshold_note:
        out(people.threshold_note)
    for caption, lines in people.tables:
        shown = [line for line in lines if line.cells is not None]
        if not shown:
            continue
        out("")
        out(f"People with a barrier: {caption[0].lower()}{caption[1:]}")
        for line in shown:
            cells = "  ".join(f"{e} {c.people}" for e, c in zip(people.elements, line.cells or (), strict=True))
            out(f"  {line.group:<28} {cells}  of {line.answered}")
    if people.dash_note:
        out("")
        out(people.dash_note)
    if people.hidden:
        out("")
        out("Groups that are not shown")
        for hidden in people.hidden:
            out(f"  {hidden.reason}")
            out(f"    What you can do: {hidden.remedy}")
            for division, names in hidden.divisions:
                out(f"    {division}: {'; '.join(names)}")
    if out_ is not None:
        write_standings(people, out_)
        note(f"Wrote {out_}")


@command(person, "deadline", "db", "programme", "received", "complex_", "at")
def person_deadline(
    context: Context,
    received: Received = None,
    complex_: Annotated[
        bool, typer.Option("--complex", help="The extension of two months applies, and the person has been told.")
    ] = False,
) -> None:
    """Show the deadline for answering a subject access request. For planning only; not legal advice."""
    from changeflow.usecases import subject_access

    today = context.day
    came = received.date() if received else today
    by = subject_access.deadline(came, db=context.db, programme=context.programme, today=today, is_complex=complex_)
    out(f"Answer by {format_day(by, weekday=True)}.")


@command(person, "erase", "db", "programme", "yes", "also", "actor", "at")
def person_erase(
    context: Context,
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead: this cannot be undone.")] = False,
    also: Also = None,
) -> None:
    """Erase one person. Their id stays in versions and the audit log, and no import brings them back."""
    from changeflow.errors import InputError
    from changeflow.usecases import subject_access

    change = context.change
    if not yes:
        theirs = subject_access.look_up(who, change, also=also or ())
        for line in _reached(theirs, "Would be erased", "Would not be erased"):
            note(line)
        raise InputError(
            f"Erasing '{who}' cannot be undone, except from a backup. Nothing was done. Add --yes to go ahead."
        )
    erased = subject_access.erase(who, change, also=also or ())
    out(", ".join(f"{count} {what}" for what, count in erased.removed.items()) + " removed.")
    for line in _reached(erased.theirs, "Erased", "Not erased"):
        note(line)
    note("Take their row out of people.csv before the next apply. Old backups still have their data.")


def _reached(theirs: "Theirs", reached: str, left: str) -> Iterator[str]:
    """Say which ids are included, which are not, and where else there is data."""
    if len(theirs.ids) > 1:
        yield f"{reached} as the same person: {', '.join(theirs.ids)}."
    if theirs.unsure:
        yield (
            f"{left}: {', '.join(theirs.unsure)}. They have or had the same address as {theirs.ids[0]}. If one of them "
            f"is the same person, name it too: --also {theirs.unsure[0]}"
        )
    if theirs.elsewhere:
        yield f"Other programmes have data about them: {', '.join(theirs.elsewhere)}."


@command(person, "export", "db", "programme", "received", "to", "reason", "also", "actor", "at")
def person_export(
    context: Context,
    who: Who,
    received: Received = None,
    to: Annotated[Path | None, typer.Option("--out", help=with_default("The file to write", "print it"))] = None,
    reason: Annotated[
        str,
        typer.Option(
            help="Why you need the person's scores, if there are any; the audit log records that you gave a reason."
        ),
    ] = "",
    also: Also = None,
) -> None:
    """Write everything that is kept about one person (JSON). The audit log records who read it, and when."""
    from changeflow.files import write_whole
    from changeflow.usecases import subject_access

    change = context.change
    came = received.date() if received else change.on
    done = subject_access.everything_about(who, came, change, reason=reason, also=also or ())
    text = json.dumps(done.about, indent=2, ensure_ascii=False)
    if to is None:
        out_as_it_is(text)
    else:
        write_whole(to, text + "\n", private=True)
        note(f"Wrote {to}; it has to be with them by {done.about['to be answered by']}.")
    for line in _reached(done.theirs, "Exported", "Not exported"):
        note(line)
