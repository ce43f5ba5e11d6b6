"""The record: who changed what, and the versions of the plan."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.reports.record_words import RecordKind
from changeflow.usecases import record
from changeflow.usecases.record import RecordFilter
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

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
        return Page("record/versions", {"versions": record.version_list(found)})

    return await show_page(request, programme, show, section="record")


@router.api_route("/versions/{number:number}", methods=READ_METHODS, name="record:version")
async def version(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Page:
        return Page("record/version", {"v": record.version_page(found, number)})

    return await show_page(request, programme, show, section="record")


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
