"""Commands for the audit: verify, show, anchor."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Form, command, number_option
from changeflow.cli.output import note, print_error, print_json, print_lines

if TYPE_CHECKING:
    from changeflow.storage.chain import Entry, Fault
    from changeflow.usecases.audit_trail import Checked

audit_app = typer.Typer(
    help="The audit log: who changed what, sealed so that later changes are detected.", no_args_is_help=True
)
Anchor = Annotated[
    Path | None,
    typer.Option(
        "--anchor", envvar="CHANGEFLOW_ANCHOR", help="The anchor: a file outside the database that records each entry."
    ),
]
SHOWN_FAULTS = 20


def add_to(app: typer.Typer) -> None:
    app.add_typer(audit_app, name="audit")


@command(audit_app, "verify", "db", "programme", "anchor", "head", "form")
def audit_verify(
    context: Context,
    anchor: Anchor = None,
    head: Annotated[
        list[str] | None,
        typer.Option(
            "--head",
            metavar="NUMBER:HASH",
            help="The last entry's number and hash, as shown on a report or backup; repeatable.",
        ),
    ] = None,
    form: Form = "text",
) -> None:
    """Check the entries, the rows they sealed, and the anchor. Exits with 3 if anything was changed or removed."""
    from changeflow.usecases import audit_trail

    checked = audit_trail.verify(db=context.db, programme=context.programme, anchor_file=anchor, heads=head or [])
    if form == "json":
        print_json(_plain(checked, anchor))
    else:
        print_lines(_lines(checked, anchor))
        for line in _fault_lines(checked.verdict.faults):
            print_error(line)
    if not checked.is_well:
        raise typer.Exit(3)


@command(audit_app, "show", "db", "programme", "last", "apart", "form")
def audit_show(
    context: Context,
    last: Annotated[
        int, number_option("How many of each programme's latest entries to show; 0 for all.", least=0)
    ] = 50,
    apart: Annotated[
        bool,
        typer.Option(
            "--apart", help="Only entries that apply to a different day from the one on which they were made."
        ),
    ] = False,
    form: Form = "text",
) -> None:
    """List entries: when each was made, the day it applies to, who made it, how they signed in, and what they did."""
    from changeflow.usecases import audit_trail

    shown = list(audit_trail.show(context.programme, db=context.db, last=last or None, only_apart=apart))
    called = audit_trail.people({one.programme for one in shown}, db=context.db)
    if form == "json":
        print_json([_plain_entry(one, called.get((one.programme, one.actor), one.actor)) for one in shown])
    else:
        print_lines(_entry_line(one, called.get((one.programme, one.actor), one.actor)) for one in shown)


@command(audit_app, "anchor", "db", "programme", "anchor", "actor", "at")
def audit_anchor(context: Context, anchor: Anchor = None) -> None:
    """Start an anchor or, after a restore, accept the database or one programme as it is. The audit log records
    this."""
    from changeflow.usecases import audit_trail

    accepted = audit_trail.accept(
        db=context.db, programme=context.programme, anchor_file=anchor, actor=context.actor, now=context.now
    )
    for head in accepted:
        note(f"Anchored {head.programme} at {audit_trail.head_text(head)}.")


def _lines(checked: "Checked", anchor: Path | None) -> Iterator[str]:
    from changeflow.values.duration import counted

    verdict = checked.verdict
    state = "all in order" if checked.is_well else counted(len(verdict.faults), "fault")
    yield f"{counted(verdict.entries, 'entry')}, {state}."
    rows, they = counted(checked.rows, "stored row"), "matches" if checked.rows == 1 else "match"
    yield f"{rows} {they} what the entries sealed (scores are not counted)."
    for name, (number, known) in sorted(verdict.heads.items()):
        yield f"Latest entry of {name}: {number}:{known[:16]}"
    if verdict.dated_apart:
        yield (
            f"Entries that apply to another day than the one on which they were made: {verdict.dated_apart} "
            "(`changeflow audit show --apart` lists them). This is not a fault in itself."
        )
    for w in verdict.warnings:
        yield f"{w.programme}, entry {w.number}: {w.what}. This is not a fault in itself."
    if unsealed := sum(verdict.unsealed.values()):
        yield (
            f"Entries of release 0.1.0, which sealed no rows: {unsealed}. Their rows are sealed as they were when "
            "the database was upgraded."
        )
    if checked.anchor is None:
        yield (
            "No anchor was compared. Without one, no one can tell whether the last entries, or a whole chain, were "
            "removed or rewritten: set CHANGEFLOW_ANCHOR."
        )
        return
    last = f", the last of {checked.anchor.last.at:%d %B %Y %H:%M} UTC" if checked.anchor.last else ""
    yield f"Compared with the anchor {anchor}: {counted(checked.anchor.lines, 'line')}{last}."
    if checked.anchor.accepted:
        yield f"Heads accepted by hand (changeflow audit anchor): {checked.anchor.accepted}."
    for name, since in checked.anchor.late(verdict.heads):
        yield f"The anchor has {name} from entry {since} on; the chain vouches for the entries before it."
    for name in checked.strangers:
        yield f"{name} has no line in the anchor yet."


def _fault_lines(faults: "list[Fault]") -> Iterator[str]:
    for fault in faults[:SHOWN_FAULTS]:
        entry = f", entry {fault.number}" if fault.number is not None else ""
        yield f"{fault.programme or 'All programmes'}{entry}: {fault.what}."
    if len(faults) > SHOWN_FAULTS:
        yield f"… and {len(faults) - SHOWN_FAULTS} more; --format json lists them all."


def _plain(checked: "Checked", anchor: Path | None) -> dict[str, object]:
    verdict = checked.verdict
    return {
        "ok": checked.is_well,
        "entries": verdict.entries,
        "rows": checked.rows,
        "heads": {name: {"number": n, "hash": known} for name, (n, known) in sorted(verdict.heads.items())},
        "faults": [_plain_fault(f) for f in verdict.faults],
        "warnings": [_plain_fault(w) for w in verdict.warnings],
        "dated_apart": verdict.dated_apart,
        "of_release_0_1_0": sum(verdict.unsealed.values()),
        "anchor": None
        if checked.anchor is None
        else {
            "file": str(anchor),
            "lines": checked.anchor.lines,
            "accepted": checked.anchor.accepted,
            "without_a_line": list(checked.strangers),
        },
    }


def _plain_fault(fault: "Fault") -> dict[str, object]:
    return {"programme": fault.programme or None, "number": fault.number, "what": fault.what}


def _plain_entry(e: "Entry", who: str) -> dict[str, object]:
    return {
        "programme": e.programme,
        "number": e.number,
        "at": e.at.isoformat(),
        "real_at": e.real_at.isoformat() if e.real_at else None,
        "days_apart": e.days_apart,
        "actor": e.actor,
        "actor_name": who,
        "via": e.via,
        "account": e.account,
        "action": e.action,
        "subject": e.subject,
        "version": e.version,
        # The number of answers would show whether they were already recorded.
        "rows": None if e.action == "assess" else e.facts,
        "hash": e.hash,
    }


def _entry_line(e: "Entry", who: str) -> str:
    from changeflow.usecases.audit_trail import apart_text

    real = f"{e.real_at:%Y-%m-%d %H:%M}" if e.real_at else "real time not kept"
    dated = f" as at {e.at:%Y-%m-%d %H:%M} ({apart})" if (apart := apart_text(e)) else ""
    known = f"  by {e.via} {e.account}".rstrip() if e.via else ""
    return f"{e.programme} {e.number:>5}  {real}{dated}  {who}  {e.action}  {e.subject}{known}"
