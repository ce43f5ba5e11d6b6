"""Issued reports: the list, each report as it was issued, and its files."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import UnknownThingError
from changeflow.reports.trustees import trustees_of
from changeflow.usecases import briefs, issued_pages
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.downloads import MEDIA, WRITERS, download

router = APIRouter(prefix="/p/{programme}/reports")


@router.api_route("", methods=READ_METHODS, name="reports:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        return Page("reports/index", {"reports": issued_pages.issued(found)})

    return await show_page(request, programme, show, section="brief")


@router.api_route("/{number:number}", methods=READ_METHODS, name="reports:show")
async def show_one(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Page:
        report = issued_pages.issued_report(found, number)
        whole = f"/p/{found.name}/reports/{number}.html"
        return Page("reports/show", {"r": report, "places": briefs.places(found), "annex": whole})

    return await show_page(request, programme, show, section="brief")


@router.api_route("/{number:number}.{form}", methods=READ_METHODS, name="reports:file")
async def file(request: Request, programme: str, number: int, form: str) -> Response:
    return await show_page(request, programme, lambda found: _file(found, number, form))


@router.api_route("/{number:number}/trustees.{form}", methods=READ_METHODS, name="reports:trustees")
async def trustees(request: Request, programme: str, number: int, form: str) -> Response:
    return await show_page(request, programme, lambda found: _file(found, number, form, for_trustees=True))


def _file(found: Visit, number: int, form: str, *, for_trustees: bool = False) -> Response:
    """Answer with a report's file."""
    name = "trustees" if for_trustees else "report"
    return download(written(found, number, form, for_trustees=for_trustees), name=f"{name}-{number}", form=form)


def written(found: Visit, number: int, form: str, *, for_trustees: bool = False) -> str | bytes:
    """Return a report's file; it is kept, because the same people open the same report for a week."""
    report = issued_pages.issued_report(found, number)
    if form not in MEDIA:
        raise UnknownThingError("file", form)
    name = "trustees" if for_trustees else "report"

    def write() -> str | bytes:
        return WRITERS[form](trustees_of(report) if for_trustees else report)

    return found.view(f"{name}-file", write, number, form)
