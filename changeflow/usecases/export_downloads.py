"""The programme as files to download, for a signed-in person: each as the command writes it."""

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from changeflow.errors import UnknownThingError
from changeflow.programme.definition import ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.usecases.briefs import brief_json, brief_pdf
from changeflow.usecases.export import ExportRequest, export_folder, export_schedule
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action

ZIP, TEXT = "application/zip", "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file to download."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsPage:
    """What the page of exports offers besides the files that everyone may have."""

    with_addresses: bool
    """Whether the person may export names and addresses."""
    with_contracts: bool
    """Whether the person may export explanations of individual contracts, and there are any."""


def exports_page(visit: Visit) -> ExportsPage:
    """Return what the person may export; raise if they see one school only."""
    permit_exports(visit)
    return ExportsPage(
        with_addresses=visit.may(Action.EXPORT_ADDRESSES),
        with_contracts=any(s.explains_contracts for s in _with_open_contracts(visit)),
    )


def permit_exports(visit: Visit) -> None:
    """Raise unless the person sees the whole programme, which every export contains."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)


def permit_address_export(visit: Visit) -> None:
    permit_exports(visit)
    visit.permit(Action.EXPORT_ADDRESSES)


def permit_contract_export(visit: Visit) -> None:
    """Raise unless the person may see the individual contracts of some service."""
    permit_exports(visit)
    if not _with_open_contracts(visit):
        visit.permit(Action.READ_CONTRACTS)


def _with_open_contracts(visit: Visit) -> list[ServiceFile]:
    """Return the services whose individual contracts the person may see."""
    services = visit.definition.services
    return [s for s in services if visit.may(Action.READ_CONTRACTS, Subject(thing=s.name, service=s.service))]


def export_file(visit: Visit, export: str) -> ExportFile:
    """Return a file without names, addresses or contracts; raise `UnknownThingError` for one that does not exist."""
    permit_exports(visit)
    if (make := _EXPORTS.get(export)) is None:
        raise UnknownThingError("export", export, _EXPORTS)
    return make(visit)


def private_folder(change: Change, *, addresses: bool = False, contracts: bool = False) -> ExportFile:
    """Return the folder with names and addresses, or with explanations of contracts. The audit records the export."""
    asked = ExportRequest(
        actor=change.actor, now=change.now, addresses=addresses, contracts=contracts, guard=change.guard
    )
    programme = str(change.programme)
    content = _zipped(_folder_of(programme, db=change.db, on=change.on, asked=asked))
    return ExportFile(name=f"{programme}-{change.on.isoformat()}-private.zip", media=ZIP, content=content)


def _folder(visit: Visit) -> ExportFile:
    return _file(visit, "folder", "zip", ZIP, _zipped(_folder_files(visit)))


def _workbook(visit: Visit) -> ExportFile:
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(visit, "progress", "xlsx", media, _schedule(visit, "xlsx")[0])


def _project(visit: Visit) -> ExportFile:
    return _file(visit, "project", "xml", "application/xml", _schedule(visit, "mspdi")[0])


def _project_notes(visit: Visit) -> ExportFile:
    lines = _schedule(visit, "mspdi")[1] or ("Everything in the plan is the same in Microsoft Project.",)
    return _file(visit, "project-notes", "txt", TEXT, ("\n".join(lines) + "\n").encode())


def _calendar(visit: Visit) -> ExportFile:
    return _file(visit, "calendar", "ics", "text/calendar; charset=utf-8", _schedule(visit, "ics")[0])


def _everything(visit: Visit) -> ExportFile:
    """Return a file with the folder, every other export, and today's report."""
    others = (make(visit) for make in (_workbook, _project, _project_notes, _calendar))
    files = {
        **_folder_files(visit),
        **{one.name: one.content for one in others},
        f"report-{visit.today.isoformat()}.pdf": brief_pdf(visit),
        f"report-{visit.today.isoformat()}.json": brief_json(visit).encode(),
    }
    return _file(visit, "everything", "zip", ZIP, _zipped(files))


_EXPORTS: Mapping[str, Callable[[Visit], ExportFile]] = {
    "folder": _folder,
    "workbook": _workbook,
    "project": _project,
    "project-notes": _project_notes,
    "calendar": _calendar,
    "everything": _everything,
}


def _file(visit: Visit, what: str, ending: str, media: str, content: bytes) -> ExportFile:
    return ExportFile(name=f"{visit.name}-{visit.today.isoformat()}-{what}.{ending}", media=media, content=content)


def _folder_files(visit: Visit) -> Mapping[str, bytes]:
    return visit.view("export-folder", lambda: _folder_of(visit.name, db=visit.db, on=visit.today))


def _folder_of(programme: str, *, db: str, on: date, asked: ExportRequest | None = None) -> Mapping[str, bytes]:
    """Return the files of the folder by path, below a folder with the programme's id."""
    with tempfile.TemporaryDirectory(prefix="changeflow-export-") as home:
        folder = Path(home) / programme
        export_folder(folder, db=db, programme=programme, on=on, asked=asked)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(home)): path.read_bytes() for path in files}


def _schedule(visit: Visit, form: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a schedule for another program, and what is set or different in it, in words."""

    def make() -> tuple[bytes, tuple[str, ...]]:
        with tempfile.TemporaryDirectory(prefix="changeflow-export-") as home:
            out = Path(home) / "file"
            said = export_schedule(
                form, out, source=None, db=visit.db, programme=visit.name, on=visit.today, now=visit.now
            )
            return out.read_bytes(), said

    return visit.view("export-schedule", make, form)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()
