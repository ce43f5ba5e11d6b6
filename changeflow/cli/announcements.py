"""Commands about announced dates: announce date, forecast, import and list."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, Csv, Form, On, command, read_option_day, supported
from changeflow.cli.output import note, print_as
from changeflow.cli.reading import reading
from changeflow.values.problem import check_known

announce = typer.Typer(help="Go-live dates that were announced to schools.", no_args_is_help=True)

School = Annotated[list[str] | None, typer.Option("--school", help="A school's id; repeatable.")]
How = Annotated[str, typer.Option(help="letter, email, meeting, call, newsletter, website or other.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(announce, name="announce")


@command(announce, "date", "db", "programme", "actor", "at")
def announce_date(
    context: Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service's id.")],
    day: Annotated[
        datetime,
        typer.Argument(
            metavar="DATE", parser=read_option_day, callback=supported, help="The go-live date that was announced."
        ),
    ],
    school: Annotated[list[str], typer.Option("--school", help="The school's id; repeatable.")],
    how: How,
    on: On = None,
) -> None:
    """Record that a service's go-live date was announced to schools, when and how. The latest announcement counts."""
    from changeflow.programme.facts import Announcement
    from changeflow.usecases import announcements
    from changeflow.values.duration import counted

    said = on.date() if on else context.day
    given = [Announcement(service=service, school=s, day=day.date(), on=said, how=how) for s in school]
    new = announcements.announce(given, context.change)
    note(f"{counted(new, 'announcement')} recorded." if new else "Already recorded; nothing changed.")


@command(announce, "forecast", "db", "programme", "actor", "at")
def announce_forecast(
    context: Context,
    how: How,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    school: School = None,
    on: On = None,
) -> None:
    """Record today's forecast as announced, for every future go-live whose announced date it changes."""
    from changeflow.usecases import announcements
    from changeflow.values.duration import counted

    said = on.date() if on else None
    found = announcements.announce_forecast(service, school or [], how=how, on=said, change=context.change)
    note(f"{counted(len(found), 'announcement')} recorded." if found else "No announced date changes.")


@command(announce, "import", "db", "programme", "actor", "at")
def announce_import(context: Context, file: Csv) -> None:
    """Import announcements from a CSV with columns `service`, `school`, `date`, `on` (when announced) and `how`."""
    from changeflow.usecases import announcements
    from changeflow.values.duration import counted

    with reading(file):
        new = announcements.import_announcements(Path(file), context.change)
    note(f"{counted(new, 'announcement')} recorded." if new else "Already recorded; nothing changed.")


@command(announce, "withdraw", "db", "programme", "actor", "at")
def announce_withdraw(
    context: Context,
    number: Annotated[int, typer.Argument(metavar="BASELINE", help="The baseline's number.")],
    reason: Annotated[str, typer.Option(help="Why its dates should not have been announced.")],
) -> None:
    """Withdraw the dates that a baseline announced, if they should not have been announced."""
    from changeflow.usecases import announcements
    from changeflow.values.duration import counted

    done = announcements.withdraw_baseline(number, reason, context.change)
    note(f"{counted(done, 'announcement')} withdrawn." if done else f"Baseline {number} has announced nothing.")


@command(announce, "list", "db", "programme", "at")
def announce_list(
    context: Context,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    school: School = None,
    late: Annotated[bool, typer.Option("--late", help="Only go-lives that are late or no longer planned.")] = False,
    form: Form = "text",
) -> None:
    """List each go-live by school and service: the announced date, when and how it was announced, and the forecast."""
    from changeflow.programme.announcements import go_lives
    from changeflow.reports.announcements import go_live_lines, go_lives_text
    from changeflow.usecases.stored import loaded

    programme = loaded(context.programme, db=context.db, on=context.day)
    check_known("service", service, [s.service for s in programme.services])
    for one in school or []:
        check_known("school", one, [s.id for s in programme.definition.schools])
    found = [
        live
        for live in go_lives(programme)
        if (service is None or live.service == service)
        and (not school or live.school in school)
        and (not late or live.is_late or live.is_dropped)
    ]
    print_as(form, go_live_lines(programme, found), go_lives_text)
