"""Commands that look back and report: report sro, changes."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli import speaking
from changeflow.cli.speaking import Actor, At, Db, ProgrammeName, day, moment, note, out, refuse_beside, spoken_errors
from changeflow.errors import InputError, UnknownThingError
from changeflow.settings import DEFAULT_DB

Since = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="report (the last issued), baseline, or a day; left out: the nearest of these."),
]
OutFile = Annotated[Path, typer.Option("--out", help="The file to write: .html, .pdf or .json.")]
report = typer.Typer(help="Reports for people.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(report, name="report")
    app.command()(changes)


@report.callback()
def reports() -> None:
    """Reports for people."""


@report.command("sro")
def report_sro(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A folder, instead of a database.")] = None,
    out: OutFile = Path("sro-report.html"),
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    since: Since = None,
    issue: Annotated[
        bool, typer.Option("--issue", help="Record it as issued: the next report says what changed since.")
    ] = False,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Write the report to the senior responsible owner."""
    from changeflow.reports.documents import write_sro
    from changeflow.usecases import report as reporting

    with spoken_errors():
        refuse_beside(context, folder, "since", "issue", "actor")
        if folder is not None:
            built = reporting.sro_of_folder(folder, today=day(at), on=day(at) if at else None)
        elif issue:
            built = reporting.issue_sro(programme, db=db, today=day(at), actor=actor, now=moment(at), since=since)
        else:
            built = reporting.sro_of_stored(programme, db=db, today=day(at), since=since, actor=actor, now=moment(at))
        write_sro(built, out)
    note(f"Wrote {out}")


@report.command("go-no-go")
def report_go_no_go(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="The id of a gate before a go-live.")],
    out: OutFile = Path("go-no-go.html"),
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    actor: Actor = None,
    at: At = None,
) -> None:
    """Write the page for a go or no-go: the evidence, what fails and what would make it pass, and the decision."""
    from changeflow.reports.documents import write_go_no_go
    from changeflow.reports.go_no_go import go_no_go_text
    from changeflow.usecases.go_no_go import go_no_go_of

    with spoken_errors():
        page = go_no_go_of(gate, db=db, programme=programme, today=day(at), actor=actor, now=moment(at))
        write_go_no_go(page, out)
    for line in go_no_go_text(page):
        speaking.out(line)
    note(f"Wrote {out}")


def changes(
    context: typer.Context,
    before: Annotated[Path | None, typer.Argument(metavar="[BEFORE]", help="A folder or a Project file.")] = None,
    after: Annotated[Path | None, typer.Argument(metavar="[AFTER]", help="The same, later.")] = None,
    since: Since = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Say what changed and why: each milestone's slip, shared out among its causes; of two files, or since a report."""
    import json
    from dataclasses import asdict

    from changeflow.reports.changes import changes_text
    from changeflow.usecases.changes import changes_between, changes_since

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        if (before is None) != (after is None):
            raise InputError("Name two folders or files, the earlier one first; or none, for a stored programme.")
        if before is not None and after is not None:
            refuse_beside(context, before, "since", "at")
            found = changes_between(before, after)
        else:
            found = changes_since(programme, db=db, since=since, on=day(at))
    if form == "json":
        out(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    for line in changes_text(found):
        out(line)
