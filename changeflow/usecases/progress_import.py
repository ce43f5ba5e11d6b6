"""Import a progress sheet, or preview what it would record and move. A preview saves nothing."""

from dataclasses import dataclass
from pathlib import Path

from changeflow.errors import ConflictError
from changeflow.intake.tables import PastedText
from changeflow.programme.recording import checked_progress
from changeflow.rules.engine import Judged
from changeflow.storage.database import rolled_back
from changeflow.usecases.authority import noting_refusals
from changeflow.usecases.gates import record_history
from changeflow.usecases.progress import SheetRecorded, SheetTaken, record_sheet, sheet_in
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


def _take(work: UnitOfWork, source: Path | PastedText, decisions: Path | None) -> tuple[SheetTaken, SheetRecorded, int]:
    sheet = sheet_in(source, work)
    if decisions is not None:
        return sheet, *record_history(work, sheet, decisions)
    checked = checked_progress(work.programme, sheet.typed.reported, work.change.on)
    return sheet, record_sheet(work, sheet, checked), 0
