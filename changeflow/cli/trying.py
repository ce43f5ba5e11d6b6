"""Commands about what comes up while a pilot runs: issues, feedback, improvements, lessons, another try, signatures."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.pilots import Service, pilot
from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, out, spoken_errors, supported
from changeflow.settings import DEFAULT_DB

if TYPE_CHECKING:
    from changeflow.usecases.facts import Change

issue = typer.Typer(help="Issues of a pilot, with their severity, owner and age.", no_args_is_help=True)
feedback = typer.Typer(help="What users and providers say, and what came of it.", no_args_is_help=True)
lesson = typer.Typer(help="What the pilot teaches the waves to come.", no_args_is_help=True)

Owner = Annotated[str | None, typer.Option(metavar="PERSON", help="Who sees to it.")]
School = Annotated[str | None, typer.Option(help="Where; left out, everywhere.")]
Level = Annotated[int, typer.Option(min=1, max=4, help="1 stops the service, 2 harms people, 3 hinders, 4 cosmetic.")]
GateName = Annotated[str, typer.Argument(metavar="GATE", help="The id of a gate before a go-live.")]
Form = Annotated[str, typer.Option("--format", help="text or json.")]


def add_to(app: typer.Typer) -> None:
    """Add to the group of pilots, which the command line has already."""
    for name, group in (("issue", issue), ("feedback", feedback), ("lesson", lesson)):
        pilot.add_typer(group, name=name)


def _change(db: str, programme: str | None, actor: str | None, at: datetime | None) -> "Change":
    from changeflow.usecases.facts import Change

    return Change(db=db, programme=programme, actor=actor, now=moment(at), on=day(at))


def _said(number: int | None, what: str) -> None:
    note(f"{what} {number} is recorded." if number is not None else "That was known already.")


@issue.command("raise")
def issue_raise(
    service: Service,
    text: Annotated[str, typer.Argument(help="What went wrong.")],
    severity: Level,
    school: School = None,
    owner: Owner = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="The next wave waits for its fix.")] = False,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Record something that went wrong in a pilot."""
    from changeflow.pilots.entries import IssueRaised, IssueSeverity
    from changeflow.usecases import piloting
    from changeflow.usecases.piloting import entry_of

    with spoken_errors():
        raised = entry_of(
            IssueRaised,
            service=service,
            on=day(at),
            by="",
            text=text,
            severity=IssueSeverity(severity),
            school=school,
            owner=owner,
            blocks_next_wave=blocks,
        )
        number = piloting.raise_issue(raised, _change(db, programme, actor, at))
    _said(number, "Issue")


@issue.command("update")
def issue_update(
    service: Service,
    number: Annotated[int, typer.Argument(help="The issue's number.")],
    words: Annotated[str, typer.Argument(help="What was done, or found.")],
    fixed: Annotated[bool, typer.Option("--fixed", help="It is fixed.")] = False,
    reopened: Annotated[bool, typer.Option("--reopened", help="It is open again.")] = False,
    severity: Annotated[int | None, typer.Option(min=1, max=4, help="Its severity from now on.")] = None,
    owner: Owner = None,
    blocks: Annotated[
        bool | None, typer.Option("--blocks/--blocks-not", help="Whether the next wave waits for it.")
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Say what became of an issue: fixed, open again, somebody else's, graver or less grave."""
    from changeflow.errors import InputError
    from changeflow.pilots.entries import IssueSeverity, IssueUpdate
    from changeflow.usecases import piloting
    from changeflow.usecases.piloting import entry_of

    with spoken_errors():
        if fixed and reopened:
            raise InputError("An issue is fixed or open again, not both.")
        update = entry_of(
            IssueUpdate,
            service=service,
            on=day(at),
            by="",
            issue=number,
            state="fixed" if fixed else "open" if reopened else None,
            words=words,
            owner=owner,
            severity=IssueSeverity(severity) if severity else None,
            blocks_next_wave=blocks,
        )
        known = piloting.update_issue(update, _change(db, programme, actor, at))
    note(f"Issue {number}: noted." if known is not None else "That was known already.")


@issue.command("list")
def issue_list(
    service: Annotated[str | None, typer.Argument(help="A service; left out, all of them.")] = None,
    form: Form = "text",
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """List the issues, the gravest open ones first, with their age."""
    import json

    from changeflow.reports.pilots import issue_rows, issues_text
    from changeflow.usecases.stored import loaded

    with spoken_errors():
        _check_form(form)
        found = loaded(programme, db=db, on=day(at))
        rows = issue_rows(found, service, today=day(at))
    if form == "json":
        out(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for line in issues_text(rows):
        out(line)


def _check_form(form: str) -> None:
    from changeflow.errors import UnknownThingError

    if form not in ("text", "json"):
        raise UnknownThingError("format", form, ["text", "json"])


@feedback.command("add")
def feedback_add(
    service: Service,
    side: Annotated[str, typer.Argument(metavar="SIDE", help="user or provider.")],
    text: Annotated[str, typer.Argument(help="What was said.")],
    item: Annotated[str, typer.Option(help="The item of the agreement that it is about; its beginning will do.")] = "",
    school: School = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Record what users of a service, or those who provide it, say of it. Leave names out."""
    from changeflow.errors import UnknownThingError
    from changeflow.pilots.entries import FeedbackGiven
    from changeflow.usecases import piloting
    from changeflow.usecases.piloting import entry_of

    with spoken_errors():
        if side not in ("user", "provider"):
            raise UnknownThingError("side", side, ["user", "provider"])
        said = entry_of(
            FeedbackGiven,
            service=service,
            on=day(at),
            by="",
            side=side,
            text=text,
            item=item,
            school=school,
        )
        number = piloting.give_feedback(said, _change(db, programme, actor, at))
    _said(number, "Feedback")


@feedback.command("improve")
def feedback_improve(
    service: Service,
    text: Annotated[str, typer.Argument(help="What will be improved.")],
    owner: Annotated[str, typer.Option(metavar="PERSON", help="Who does it.")],
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], callback=supported, help="By when.")] = None,
    said: Annotated[list[int] | None, typer.Option("--feedback", help="Feedback it takes up; again for more.")] = None,
    issues: Annotated[list[int] | None, typer.Option("--issue", help="Issues it takes up; again for more.")] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Put an improvement on the backlog."""
    from changeflow.pilots.entries import ImprovementPlanned
    from changeflow.usecases import piloting
    from changeflow.usecases.piloting import entry_of

    with spoken_errors():
        item = entry_of(
            ImprovementPlanned,
            service=service,
            on=day(at),
            by="",
            text=text,
            owner=owner,
            due=due.date() if due else None,
            feedback=tuple(said or ()),
            issues=tuple(issues or ()),
        )
        number = piloting.plan_improvement(item, _change(db, programme, actor, at))
    _said(number, "Improvement")


@feedback.command("done")
def feedback_done(
    service: Service,
    number: Annotated[int, typer.Argument(help="The improvement's number.")],
    did: Annotated[str, typer.Argument(help="What was done: “We did …”, as those read it who asked for it.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Close the loop: you said, we did."""
    from changeflow.usecases import piloting

    with spoken_errors():
        known = piloting.make_improvement(service, number, did, _change(db, programme, actor, at))
    note(f"Improvement {number}: done." if known is not None else "That was known already.")


@feedback.command("list")
def feedback_list(
    service: Annotated[str | None, typer.Argument(help="A service; left out, all of them.")] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Show the improvement backlog, what was said and done, and feedback that nobody has taken up."""
    from changeflow.reports.pilots import feedback_text
    from changeflow.usecases.stored import loaded

    with spoken_errors():
        found = loaded(programme, db=db, on=day(at))
    for line in feedback_text(found, service):
        out(line)


@lesson.command("propose")
def lesson_propose(
    service: Service,
    step: Annotated[str, typer.Argument(help="The step of the pathway, such as train-staff.")],
    reason: Annotated[str, typer.Option(help="What the pilot has shown.")],
    duration: Annotated[str | None, typer.Option(help="How long it takes in the waves to come, such as 4d.")] = None,
    also_after: Annotated[list[str] | None, typer.Option(help="What it waits for as well; again for more.")] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Propose a change of a step for later waves, and show what it would move; it changes once it is accepted."""
    from changeflow.pilots.entries import LessonProposed
    from changeflow.reports.pilots import effect_text
    from changeflow.usecases import lessons
    from changeflow.usecases.piloting import entry_of

    with spoken_errors():
        proposed = entry_of(
            LessonProposed,
            service=service,
            on=day(at),
            by="",
            step=step,
            duration=duration,
            also_after=tuple(also_after or ()),
            reason=reason,
        )
        effect = lessons.propose_lesson(proposed, _change(db, programme, actor, at))
    for line in effect_text(effect.lesson, effect.tasks, effect.moved, effect.names):
        out(line)
    note(f"Lesson {effect.number} is proposed: changeflow pilot lesson accept {service} {effect.number} --reason “…”")


@lesson.command("accept")
def lesson_accept(
    service: Service,
    number: Annotated[int, typer.Argument(help="The lesson's number.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Accept a lesson: the step changes in the waves to come, as the next version of the programme."""
    from changeflow.reports.pilots import effect_text
    from changeflow.usecases import lessons

    with spoken_errors():
        change = _change(db, programme, actor, at)
        effect = lessons.answer_lesson(service, number, reason, change, accepted=True)
    for line in effect_text(effect.lesson, effect.tasks, effect.moved, effect.names):
        out(line)
    note(f"Lesson {number} is accepted, as version {effect.version}. Get the folder with: changeflow export folder")


@lesson.command("decline")
def lesson_decline(
    service: Service,
    number: Annotated[int, typer.Argument(help="The lesson's number.")],
    reason: Annotated[str, typer.Option(help="Why not.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Decline a lesson; that it was proposed, and why not, is kept."""
    from changeflow.usecases import lessons

    with spoken_errors():
        lessons.answer_lesson(service, number, reason, _change(db, programme, actor, at), accepted=False)
    note(f"Lesson {number} is declined.")


@lesson.command("list")
def lesson_list(service: Service, db: Db = DEFAULT_DB, programme: ProgrammeName = None, at: At = None) -> None:
    """List the lessons of a service and what was answered."""
    from changeflow.reports.pilots import lessons_text
    from changeflow.usecases.stored import loaded

    with spoken_errors():
        found = loaded(programme, db=db, on=day(at))
    for line in lessons_text(found, service):
        out(line)


@pilot.command("again")
def pilot_again(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A pilot's review, parallel run or test pack.")],
    duration: Annotated[str, typer.Argument(help="For how long: 1pp, 10d.")],
    reason: Annotated[str, typer.Option(help="What has not been shown yet.")],
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Do a pilot or a parallel run once more; everything that waits for it is forecast anew."""
    from changeflow.usecases import piloting

    with spoken_errors():
        name = piloting.repeat(task, duration, reason, _change(db, programme, actor, at))
    note(f"{name} is in the plan: changeflow why {name}" if name else "That was known already.")


@pilot.command("confirm")
def pilot_confirm(
    gate: GateName,
    item: Annotated[str, typer.Argument(help="What is confirmed: pension-files, year-to-date, service-desk …")],
    evidence: Annotated[str, typer.Option(help="What shows it.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], callback=supported, help="The last day on which it is true."),
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Vouch for one thing that a go-live asks for."""
    from changeflow.usecases import piloting

    with spoken_errors():
        last = until.date() if until else None
        number = piloting.confirm(gate, item, evidence, last, _change(db, programme, actor, at))
    note(f"{item} is confirmed." if number is not None else "That was known already.")


@pilot.command("sign")
def pilot_sign(
    gate: GateName,
    words: Annotated[str, typer.Option(help="What they want to have said with it.")] = "",
    withhold: Annotated[bool, typer.Option("--withhold", help="They do not sign; say why with --words.")] = False,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Sign a go-live, as one of those who must; everybody signs for themselves."""
    from changeflow.usecases import piloting

    with spoken_errors():
        number = piloting.sign(gate, words, _change(db, programme, actor, at), agrees=not withhold)
    note(("It is noted that they do not sign." if withhold else "Signed.") if number else "That was known already.")
