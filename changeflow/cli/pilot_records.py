"""Commands for use during a pilot: issues, feedback, improvements, lessons, repetitions, signatures."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Form, command, day_option, number_option, with_default
from changeflow.cli.output import note, print_as, print_lines
from changeflow.cli.pilots import Service, pilot
from changeflow.values.problem import check_known

if TYPE_CHECKING:
    from changeflow.usecases.pilot_records import Statement

issue = typer.Typer(help="A pilot's issues, with their severity, owner and age.", no_args_is_help=True)
feedback = typer.Typer(help="What users and providers say, and what was done about it.", no_args_is_help=True)
lesson = typer.Typer(help="Lessons from the pilot for later waves.", no_args_is_help=True)

Owner = Annotated[str | None, typer.Option(metavar="PERSON", help="Who deals with it.")]
School = Annotated[str | None, typer.Option(help=with_default("The school", "all schools"))]
Level = Annotated[
    int, number_option("1 stops the service, 2 harms people, 3 hinders work, 4 is cosmetic.", least=1, most=4)
]
GateName = Annotated[str, typer.Argument(metavar="GATE", help="A go-live gate's id, or its ending if that is unique.")]


def add_to(app: typer.Typer) -> None:
    """Add these groups of commands to the group `pilot`, which already exists."""
    for name, group in (("issue", issue), ("feedback", feedback), ("lesson", lesson)):
        pilot.add_typer(group, name=name)


def _entry(kind: "type[Statement]", context: Context, **values: object) -> "Statement":
    """Make an entry dated today; the use case adds who made it."""
    from changeflow.usecases.pilot_records import entry_of

    return entry_of(kind, on=context.day, by="", **values)


def _note_number(number: int | None, what: str) -> None:
    note(f"{what} {number} is recorded." if number is not None else "Already recorded; nothing changed.")


@command(issue, "raise", "db", "programme", "actor", "at")
def issue_raise(
    context: Context,
    service: Service,
    text: Annotated[str, typer.Argument(help="What went wrong.")],
    severity: Level,
    school: School = None,
    owner: Owner = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="The next wave waits until it is fixed.")] = False,
) -> None:
    """Record something that went wrong in a pilot."""
    from changeflow.pilots.entries import IssueRaised, IssueSeverity
    from changeflow.usecases import pilot_records

    raised = _entry(
        IssueRaised,
        context,
        service=service,
        text=text,
        severity=IssueSeverity(severity),
        school=school,
        owner=owner,
        blocks_next_wave=blocks,
    )
    _note_number(pilot_records.raise_issue(raised, context.change), "Issue")


@command(issue, "update", "db", "programme", "actor", "at")
def issue_update(
    context: Context,
    service: Service,
    number: Annotated[int, typer.Argument(help="The issue's number.")],
    words: Annotated[str, typer.Argument(help="What was done or found.")],
    fixed: Annotated[bool, typer.Option("--fixed", help="It is fixed.")] = False,
    reopened: Annotated[bool, typer.Option("--reopened", help="It is open again.")] = False,
    severity: Annotated[int | None, number_option("Its new severity.", least=1, most=4)] = None,
    owner: Owner = None,
    blocks: Annotated[
        bool | None, typer.Option("--blocks/--does-not-block", help="Whether the next wave waits for it.")
    ] = None,
) -> None:
    """Update an issue: fixed, reopened, reassigned, or more or less severe."""
    from changeflow.errors import InputError
    from changeflow.pilots.entries import IssueSeverity, IssueUpdate
    from changeflow.usecases import pilot_records

    if fixed and reopened:
        raise InputError("An issue is fixed or open again, not both.")
    update = _entry(
        IssueUpdate,
        context,
        service=service,
        issue=number,
        state="fixed" if fixed else "open" if reopened else None,
        words=words,
        owner=owner,
        severity=IssueSeverity(severity) if severity else None,
        blocks_next_wave=blocks,
    )
    known = pilot_records.update_issue(update, context.change)
    note(f"Issue {number}: noted." if known is not None else "Already recorded; nothing changed.")


@command(issue, "list", "db", "programme", "at")
def issue_list(
    context: Context,
    service: Annotated[str | None, typer.Argument(help=with_default("A service", "all services"))] = None,
    form: Form = "text",
) -> None:
    """List the issues with their age, the most severe open ones first."""
    from changeflow.reports.pilots import issue_rows, issues_text
    from changeflow.usecases.stored import loaded

    found = loaded(context.programme, db=context.db, on=context.day)
    rows = issue_rows(found, service, today=context.day)
    print_as(form, rows, issues_text)


@command(feedback, "add", "db", "programme", "actor", "at")
def feedback_add(
    context: Context,
    service: Service,
    side: Annotated[str, typer.Argument(metavar="SIDE", help="user or provider.")],
    text: Annotated[str, typer.Argument(help="What was said.")],
    item: Annotated[str, typer.Option(help="The item of the agreement that it is about, or its first words.")] = "",
    school: School = None,
) -> None:
    """Record what a service's users or providers say about it. Leave names out."""
    from changeflow.pilots.entries import FeedbackGiven
    from changeflow.usecases import pilot_records

    check_known("side", side, ["user", "provider"])
    given = _entry(FeedbackGiven, context, service=service, side=side, text=text, item=item, school=school)
    _note_number(pilot_records.give_feedback(given, context.change), "Feedback")


@command(feedback, "improve", "db", "programme", "actor", "at")
def feedback_improve(
    context: Context,
    service: Service,
    text: Annotated[str, typer.Argument(help="What will be improved.")],
    owner: Annotated[str, typer.Option(metavar="PERSON", help="Who does it.")],
    due: Annotated[datetime | None, day_option(text="The date by which it will be done.")] = None,
    heard: Annotated[
        list[int] | None,
        typer.Option("--feedback", help="The number of a piece of feedback that it addresses; repeatable."),
    ] = None,
    issues: Annotated[
        list[int] | None, typer.Option("--issue", help="The number of an issue that it addresses; repeatable.")
    ] = None,
) -> None:
    """Add an improvement to the backlog."""
    from changeflow.pilots.entries import ImprovementPlanned
    from changeflow.usecases import pilot_records

    item = _entry(
        ImprovementPlanned,
        context,
        service=service,
        text=text,
        owner=owner,
        due=due.date() if due else None,
        feedback=tuple(heard or ()),
        issues=tuple(issues or ()),
    )
    _note_number(pilot_records.plan_improvement(item, context.change), "Improvement")


@command(feedback, "done", "db", "programme", "actor", "at")
def feedback_done(
    context: Context,
    service: Service,
    number: Annotated[int, typer.Argument(help="The improvement's number.")],
    did: Annotated[str, typer.Argument(help="What was done, in words for the people who asked for it: “We did …”.")],
) -> None:
    """Record an improvement as done: you said, we did."""
    from changeflow.usecases import pilot_records

    known = pilot_records.make_improvement(service, number, did, context.change)
    note(f"Improvement {number}: done." if known is not None else "Already recorded; nothing changed.")


@command(feedback, "list", "db", "programme", "at")
def feedback_list(
    context: Context,
    service: Annotated[str | None, typer.Argument(help=with_default("A service", "all services"))] = None,
) -> None:
    """Show the improvement backlog, what was said and done, and feedback that is still unanswered."""
    from changeflow.reports.pilots import feedback_text
    from changeflow.usecases.stored import loaded

    found = loaded(context.programme, db=context.db, on=context.day)
    print_lines(feedback_text(found, service))


@command(lesson, "propose", "db", "programme", "actor", "at")
def lesson_propose(
    context: Context,
    service: Service,
    step: Annotated[str, typer.Argument(help="The step of the pathway, such as train-staff.")],
    reason: Annotated[str, typer.Option(help="What the pilot has shown.")],
    duration: Annotated[str | None, typer.Option(help="How long the step takes in later waves, such as 4d.")] = None,
    also_after: Annotated[list[str] | None, typer.Option(help="A further step that it waits for; repeatable.")] = None,
) -> None:
    """Propose a change to a step for later waves, and show what it would move. It applies once it is accepted."""
    from changeflow.pilots.entries import LessonProposed
    from changeflow.reports.pilots import effect_text
    from changeflow.usecases import pilot_records

    proposed = _entry(
        LessonProposed,
        context,
        service=service,
        step=step,
        duration=duration,
        also_after=tuple(also_after or ()),
        reason=reason,
    )
    effect = pilot_records.propose_lesson(proposed, context.change)
    print_lines(effect_text(effect))
    note(f"Lesson {effect.number} is proposed: changeflow pilot lesson accept {service} {effect.number} --reason “…”")


@command(lesson, "accept", "db", "programme", "actor", "at")
def lesson_accept(
    context: Context,
    service: Service,
    number: Annotated[int, typer.Argument(help="The lesson's number.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Accept a lesson: change the step for later waves, in the programme's next version."""
    from changeflow.reports.pilots import effect_text
    from changeflow.usecases import pilot_records

    effect = pilot_records.answer_lesson(service, number, reason, context.change, accepted=True)
    print_lines(effect_text(effect))
    note(f"Lesson {number} is accepted, as version {effect.version}. Get the folder with: changeflow export folder")


@command(lesson, "decline", "db", "programme", "actor", "at")
def lesson_decline(
    context: Context,
    service: Service,
    number: Annotated[int, typer.Argument(help="The lesson's number.")],
    reason: Annotated[str, typer.Option(help="Why not.")],
) -> None:
    """Decline a lesson. The proposal and your reason stay on record."""
    from changeflow.usecases import pilot_records

    pilot_records.answer_lesson(service, number, reason, context.change, accepted=False)
    note(f"Lesson {number} is declined.")


@command(lesson, "list", "db", "programme", "at")
def lesson_list(context: Context, service: Service) -> None:
    """List a service's lessons, and whether each was accepted."""
    from changeflow.reports.pilots import lessons_text
    from changeflow.usecases.stored import loaded

    found = loaded(context.programme, db=context.db, on=context.day)
    print_lines(lessons_text(found, service))


@command(pilot, "again", "db", "programme", "actor", "at")
def pilot_again(
    context: Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="A pilot's review, parallel run or test pack.")],
    duration: Annotated[str, typer.Argument(help="For how long, such as 1pp or 10d.")],
    reason: Annotated[str, typer.Option(help="What the first attempt did not show.")],
) -> None:
    """Repeat a pilot, parallel run or test pack, and re-forecast everything that depends on it."""
    from changeflow.usecases import pilot_records

    name = pilot_records.repeat(context.task(task), duration, reason, context.change)
    note(f"{name} is in the plan: changeflow why {name}" if name else "Already recorded; nothing changed.")


@command(pilot, "confirm", "db", "programme", "actor", "at")
def pilot_confirm(
    context: Context,
    gate: GateName,
    item: Annotated[
        str, typer.Argument(help="The item to confirm: pension-files, year-to-date, service-desk and so on.")
    ],
    evidence: Annotated[str, typer.Option(help="The evidence.")],
    until: Annotated[datetime | None, day_option(text="The last day for which it is confirmed.")] = None,
) -> None:
    """Confirm an item on the go-live checklist."""
    from changeflow.usecases import pilot_records

    last = until.date() if until else None
    number = pilot_records.confirm(context.task(gate, is_gate=True), item, evidence, last, context.change)
    note(f"Item {item} is confirmed." if number is not None else "Already recorded; nothing changed.")


@command(pilot, "sign", "db", "programme", "actor", "at")
def pilot_sign(
    context: Context,
    gate: GateName,
    words: Annotated[
        str, typer.Option(help="A comment to record with the signature; with --withhold, the reason.")
    ] = "",
    withhold: Annotated[bool, typer.Option("--withhold", help="Decline to sign; say why with --words.")] = False,
) -> None:
    """Sign a go-live as one of the required people. No one can sign for someone else."""
    from changeflow.usecases import pilot_records

    number = pilot_records.sign(context.task(gate, is_gate=True), words, context.change, agrees=not withhold)
    note(("Recorded: they do not sign." if withhold else "Signed.") if number else "Already recorded; nothing changed.")
