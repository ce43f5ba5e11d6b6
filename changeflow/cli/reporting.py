"""Commands that look back, report and export: report, changes, export."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from graphlib import CycleError
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from changeflow.cli.context import Context, Form, command, shared, with_default
from changeflow.cli.output import note, print_as, print_lines
from changeflow.errors import CheckFailedError, InputError

if TYPE_CHECKING:
    from changeflow.reports.sro import SroReport

Since = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help=with_default(
            "report (the last one issued), report:3, baseline, baseline:1, or a day",
            "the most recent report or baseline",
        ),
    ),
]
Live = Annotated[bool, typer.Option("--live", help="Recalculate it even if a report was issued on the day of --at.")]
OutFile = Annotated[Path, typer.Option("--out", help="The file to write: .html, .pdf or .json.")]
SHOWN_PROBLEMS = 20
report = typer.Typer(
    help="Write reports: for the SRO, for trustees, and for a go/no-go decision.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(report, name="report")
    app.command()(changes)
    app.command()(export)


@report.callback()
def reports() -> None:
    """Write reports: for the SRO, for trustees, and for a go/no-go decision."""


@command(report, "sro", "db", "programme", "since", "issue", "actor", "at")
def report_sro(
    context: Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder (default: the stored programme).")
    ] = None,
    out: OutFile = Path("sro-report.html"),
    since: Since = None,
    issue: Annotated[
        bool,
        typer.Option("--issue", help="Freeze and sign it as issued; the next report shows what has changed since."),
    ] = False,
    live: Live = False,
) -> None:
    """Write the report to the senior responsible owner (SRO). If a report was issued on
    the day given with --at, write that report."""
    from changeflow.reports.documents import write_report
    from changeflow.usecases import issued_reports, reports

    context.refuse_beside(folder, "since", "issue", "live", "actor")
    _refuse_idle_live(context, since, is_issued=issue)
    if folder is not None:
        built = reports.sro_of_folder(folder, today=context.day, on=context.given_day)
        note(f"This report uses only {folder}. Progress, baselines and odds are in the database.")
    elif issue:
        built = issued_reports.issue_sro(
            context.programme, db=context.db, today=context.day, actor=context.actor, now=context.now, since=since
        )
    else:
        built = _of_stored(context, since, is_live=live, actor=context.actor, now=context.now)
    write_report(built, out)
    note(f"Wrote {out}")


def _refuse_idle_live(context: Context, since: str | None, *, is_issued: bool = False) -> None:
    """Refuse --live if the report is always recalculated."""
    if context.given_day is None or since is not None or is_issued:
        context.refuse(["live"], "it needs --at with the day of an issued report, without --since or --issue.")


def _of_stored(
    context: Context, since: str | None, *, is_live: bool, actor: str | None = None, now: datetime | None = None
) -> "SroReport":
    """Return a stored programme's report, or the report that was issued on the day of --at."""
    from changeflow.usecases import issued_reports, reports

    programme, db, day = context.programme, context.db, context.day
    if context.given_day is not None and since is None and not is_live:
        found = issued_reports.issued_on(programme, db=db, on=day, actor=actor, now=now)
        if found is not None:
            note(found.note)
            if found.report is not None:
                return found.report
    return reports.sro_of_stored(programme, db=db, today=day, since=since, actor=actor, now=now)


@command(report, "verify", "issued", "db", "programme")
def report_verify(
    context: Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="The report to the SRO, as JSON.")],
    issued: Annotated[
        bool, typer.Option("--issued", help="Also compare it with the issued report in the database.")
    ] = False,
) -> None:
    """Check a report's dates from its JSON alone, using code that shares nothing with the planner."""
    from changeflow.usecases.issued_reports import check_issued
    from changeflow.values.duration import counted
    from changeflow.verifying.check import check

    if not issued:
        context.refuse(["db", "programme"], "the database is read only with --issued.")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        what = f"There is no file '{file}'. Write a report as JSON with: changeflow report sro --out sro-report.json"
        raise InputError(what) from error
    except OSError as error:
        raise InputError(f"'{file}' cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"'{file}' is not JSON. Give the report's .json file.") from error
    # Done before the proof: a report from another release cannot be proved, but can still be compared.
    number = check_issued(data, context.programme, db=context.db) if issued else None
    try:
        problems = check(data)
    except CycleError as error:
        problems = [f"Tasks wait for each other: {' -> '.join(error.args[1])}."]
    except ValueError as error:
        raise InputError(f"'{file}' is not a report that can be checked. {error}") from error
    for problem in problems[:SHOWN_PROBLEMS]:
        note(problem)
    if len(problems) > SHOWN_PROBLEMS:
        note(f"… and {len(problems) - SHOWN_PROBLEMS} more")
    if problems:
        raise CheckFailedError(f"'{file}' failed the check: {counted(len(problems), 'problem')}.")
    lines = [f"  {line}" for line in _proved(data)]
    if number is not None:
        lines.append(f"  report {number} as it was issued")
    print_lines([f"'{file}' passed the check:", *lines])


def _proved(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a valid report proves, with counts."""
    proof, changes = data["proof"], data.get("changes") or {}
    tasks, links, slips = proof["tasks"], proof["links"], [*changes.get("slips", ()), *changes.get("go_lives", ())]
    yield f"tasks with the earliest dates that links, calendars, start windows and set dates allow: {len(tasks):,}"
    yield f"links that are met: {len(links):,}"
    yield f"links that determine a date: {sum(len(t['drivers']) for t in tasks):,}"
    yield f"tasks with the late dates and floats that follow: {len(tasks):,}"
    yield f"blackouts without working time in the calendars that avoid them: {len(proof['blackouts']):,}"
    yield f"slips with parts that add up: {len(slips):,}"
    yield f"dates elsewhere in the report that match the tasks: {len(proof['shown']):,}"


@command(report, "trustees", "db", "programme", "since", "at")
def report_trustees(
    context: Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder (default: the stored programme).")
    ] = None,
    out: OutFile = Path("trustees.html"),
    since: Since = None,
    live: Live = False,
) -> None:
    """Write one page for trustees: the purpose of the change, its dates, why they moved, and the cost of waiting."""
    from changeflow.reports.documents import write_report
    from changeflow.reports.trustees import trustees_of
    from changeflow.usecases import reports

    context.refuse_beside(folder, "since", "live")
    _refuse_idle_live(context, since)
    if folder is not None:
        built = reports.sro_of_folder(folder, today=context.day, on=context.given_day)
    else:
        built = _of_stored(context, since, is_live=live)
    write_report(trustees_of(built), out)
    note(f"Wrote {out}")


@command(report, "go-no-go", "db", "programme", "actor", "at")
def report_go_no_go(
    context: Context,
    gate: Annotated[str, typer.Argument(metavar="GATE", help="A go-live gate's id, or its ending if that is unique.")],
    out: OutFile = Path("go-no-go.html"),
) -> None:
    """Write the page for a go/no-go decision: the evidence, what fails, what would make it pass, and the decision."""
    from changeflow.reports.documents import write_report
    from changeflow.reports.go_no_go import go_no_go_text
    from changeflow.usecases.go_no_go import go_no_go_of

    page = go_no_go_of(
        context.task(gate, is_gate=True),
        db=context.db,
        programme=context.programme,
        today=context.day,
        actor=context.actor,
        now=context.now,
    )
    write_report(page, out)
    print_lines(go_no_go_text(page))
    note(f"Wrote {out}")


@shared("db", "programme", "at")
def changes(
    context: Context,
    before: Annotated[Path | None, typer.Argument(metavar="[BEFORE]", help="A folder or a Project file.")] = None,
    after: Annotated[Path | None, typer.Argument(metavar="[AFTER]", help="A later version of it.")] = None,
    since: Since = None,
    form: Form = "text",
) -> None:
    """Compare two files, or the forecast with an earlier report, and show how much each cause moved each milestone."""
    from changeflow.reports.changes import changes_text
    from changeflow.usecases.changes import changes_between, changes_since

    if (before is None) != (after is None):
        raise InputError("Name two folders or files, the earlier one first; or none, for a stored programme.")
    if before is not None and after is not None:
        context.refuse_beside(before, "since", "at")
        found = changes_between(before, after, say=note)
    else:
        found = changes_since(context.programme, db=context.db, since=since, on=context.day)
    print_as(form, found, changes_text)


@shared("db", "programme", "with_addresses", "with_contracts", "actor", "at")
def export(
    context: Context,
    form: Annotated[str, typer.Argument(metavar="folder|mspdi|xlsx|ics", help="The format to write.")],
    out: Annotated[Path, typer.Argument(help="The file, or the new folder.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR|FILE.xml", help="Export this folder or Project file instead of the stored programme."
        ),
    ] = None,
    with_addresses: Annotated[
        bool,
        typer.Option("--with-addresses", help="When exporting a folder, include names, email addresses and absences."),
    ] = False,
    with_contracts: Annotated[
        bool,
        typer.Option(
            "--with-contracts",
            help="When exporting a folder, include explanations of individual contracts for the services you run.",
        ),
    ] = False,
) -> None:
    """Export the latest version: as a folder, or for Microsoft Project, a spreadsheet or a calendar."""
    from changeflow.usecases.export import ExportRequest, export_folder, export_schedule

    context.refuse_beside(source, *(["at"] if source is not None and source.is_file() else []))
    if form == "folder":
        context.refuse(["source"], "a folder can only be exported from the database.")
        asked = ExportRequest(actor=context.actor, now=context.now, addresses=with_addresses, contracts=with_contracts)
        number = export_folder(out, db=context.db, programme=context.programme, on=context.day, asked=asked)
        note(f"Wrote version {number} to {out}")
        left_out = [
            *(["names and addresses"] if not with_addresses else []),
            *(["explanations of individual contracts"] if not with_contracts else []),
        ]
        if left_out:
            words = " and ".join(left_out)
            note(f"{words.capitalize()} are left out; applying the folder keeps those that are stored.")
        return
    context.refuse(["with_addresses", "with_contracts", "actor"], "only a folder has addresses and explanations.")
    on = context.given_day
    said = export_schedule(form, out, source=source, db=context.db, programme=context.programme, on=on, now=context.now)
    for line in said:
        note(line)
    note(f"Wrote {out}")
