"""Import a progress sheet, or preview what it would record and move. A preview saves nothing."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from changeflow.errors import ChangeflowError, ConflictError, InputError
from changeflow.intake.tables import PastedText
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress, checked_progress
from changeflow.reports.workbook.tasks import AS_EXPORTED, HEADINGS, KEY
from changeflow.rules.engine import Judged
from changeflow.storage.database import rolled_back
from changeflow.usecases.acts import DIGITS, StaleError
from changeflow.usecases.authority import noting_refusals
from changeflow.usecases.gates import record_history
from changeflow.usecases.progress import (
    SheetRecorded,
    SheetTaken,
    progress_in,
    record_reason,
    record_sheet,
    rehearse,
    sheet_in,
)
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work, work_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """The effect of storing a progress sheet."""

    sheet: SheetTaken
    new: SheetRecorded
    decided: int
    """The number of decisions that would be recorded."""
    before: Judged
    after: Judged

    @property
    def is_empty(self) -> bool:
        return not (self.new.progress or self.new.comments or self.decided)


def preview_import(source: Path | PastedText, change: Change, decisions: Path | None = None) -> ImportPreview:
    """Store a sheet, perhaps with decisions, note the effect, and undo it; raise the same errors as storing."""
    with noting_refusals(change.db, change.now), rolled_back(change.db) as session:
        with work_in(session, change) as work:
            sheet, new, decided = _take(work, source, decisions)
        before, after = work.stored.judged, work.after.judged
    return ImportPreview(sheet=sheet, new=new, decided=decided, before=before, after=after)


def store_import(
    source: Path | PastedText, change: Change, decisions: Path | None = None, *, preview: ImportPreview | None = None
) -> tuple[SheetRecorded, int]:
    """Store a sheet, perhaps with decisions; return what was new, and the number of new decisions.

    If there are problems, report all of them and record nothing. Raise `ConflictError` if the result differs from the
    preview shown.
    """
    with unit_of_work(change) as work:
        sheet, new, decided = _take(work, source, decisions)
        if preview and (sheet.typed, new, decided) != (preview.sheet.typed, preview.new, preview.decided):
            raise ConflictError("Something was recorded, or the file was changed, since the preview. Import it again.")
    return new, decided


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedRows:
    """What pasted rows record."""

    sheet: SheetTaken
    new: SheetRecorded
    before: Judged
    after: Judged

    @property
    def mark(self) -> str:
        """A short string that changes if the same rows would be read or recorded differently."""
        return _mark_of(self.sheet, self.new)


MOST_PASTED = 1_000
"""The most pasted lines: our own choice. A file has no such limit."""


def record_pasted(text: str, change: Change, *, shown: str = "", reason: str = "") -> PastedRows:
    """Record progress from rows that someone copied from a spreadsheet; all or nothing, as `store_import` does.

    `shown` is the mark of the preview that someone has seen. Raise `StaleError` if someone else has recorded something
    since that changes it. `reason` says why dates move.
    """
    if not text.strip():
        raise InputError("Paste the rows from your spreadsheet.")
    if (lines := text.strip().count("\n") + 1) > MOST_PASTED:
        raise InputError(f"You pasted {lines:,} lines. Paste at most {MOST_PASTED:,} at a time.")
    before = stored_on(change.programme, db=change.db, on=change.on)
    source, reported, ahead = pasted_table(text, before.programme), list[ReportedProgress](), None
    with suppress(ChangeflowError):  # the change itself reports mistakes
        reported = list(progress_in(source, before.programme).typed.reported)
        ahead = rehearse(before, reported)
    with unit_of_work(change, ahead=ahead) as work:
        record_reason(work, [one.task for one in reported], reason, work.actor())
        sheet, new, _ = _take(work, source, None)
        if shown not in ("", _mark_of(sheet, new)):
            raise StaleError("Someone else has recorded something about these tasks since. Check your rows again.")
    return PastedRows(sheet=sheet, new=new, before=work.stored.judged, after=work.after.judged)


def _mark_of(sheet: SheetTaken, new: SheetRecorded) -> str:
    return hashlib.sha256(repr((sheet.typed, new)).encode()).hexdigest()[:DIGITS]


def pasted_table(text: str, programme: Programme) -> PastedText:
    """Return pasted text as a table. Rows of our own export get its headings, if they were not copied."""
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r").split("\t")
    for headings in ((*HEADINGS.values(), KEY, AS_EXPORTED), (*HEADINGS.values(), KEY)):
        place = headings.index(KEY)
        if len(first) == len(headings) and first[place].strip() in programme.roadmap.tasks:
            return PastedText(text, headings)
    return PastedText(text)


def _take(work: UnitOfWork, source: Path | PastedText, decisions: Path | None) -> tuple[SheetTaken, SheetRecorded, int]:
    sheet = sheet_in(source, work)
    if decisions is not None:
        return sheet, *record_history(work, sheet, decisions)
    checked = checked_progress(work.programme, sheet.typed.reported, work.change.on)
    return sheet, record_sheet(work, sheet, checked), 0
