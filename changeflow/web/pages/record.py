"""The record: who changed what, and the versions of the plan."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.reports.record_words import RecordKind
from changeflow.usecases import edit_pages, editing, record
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.record import RecordFilter
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.new_versions import answer_publishing

router = APIRouter(prefix="/p/{programme}/record")


@router.api_route("", methods=READ_METHODS, name="record:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        wanted = _filter(request)
        page = record.record(found, wanted)
        kept = {k: v for k, v in request.query_params.items() if k != "before" and v}
        older = f"?{urlencode({**kept, 'before': page.older})}" if page.older else ""
        return Page("record/index", {"page": page, "wanted": wanted, "kinds": list(RecordKind), "older": older})

    return await show_page(request, programme, show, section="record")


@router.api_route("/versions", methods=READ_METHODS, name="record:versions")
async def versions(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        values = {"versions": record.version_list(found), "saved": "saved" in request.query_params}
        return Page("record/versions", values)

    return await show_page(request, programme, show, section="record")


@router.api_route("/versions/{number:number}", methods=READ_METHODS, name="record:version")
async def version(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Page:
        page = record.version_page(found, number)
        return Page("record/version", {"v": page, "may_undo": number > 1 and found.may(Action.STORE_VERSION)})

    return await show_page(request, programme, show, section="record")


@router.api_route("/versions/{number:number}/undo", methods=READ_METHODS, name="record:undo")
async def undo(request: Request, programme: str, number: int) -> Response:
    return await show_page(request, programme, lambda found: _undo(found, number, EMPTY), section="record")


@router.post("/versions/{number:number}/undo", name="record:undo-save")
async def save_undo(request: Request, programme: str, number: int) -> Response:
    return await answer_publishing(
        request,
        programme,
        await read_own_form(request),
        do=lambda reason, change: editing.undo(number, reason, change),
        show=lambda found, sent: _undo(found, number, sent),
        section="record",
    )


def _undo(found: Visit, number: int, draft: SentForm) -> Page:
    page, seen = edit_pages.undo_page(found, number), mark_of_plan(found.programme)
    return Page("record/undo", {"number": number, "u": page, "draft": draft, "seen": seen})


def _filter(request: Request) -> RecordFilter:
    """Read the filter from the address."""
    given = request.query_params
    before = given.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise InputError("This page of the record does not exist. Open the record again from the menu.")
    return RecordFilter(
        person=given.get("person", ""),
        kind=given.get("kind", ""),
        first_day=given.get("from", ""),
        last_day=given.get("to", ""),
        with_reading=given.get("reading") == "1",
        before=int(before) if before else None,
    )
