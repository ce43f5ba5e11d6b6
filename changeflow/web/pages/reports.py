"""Issued reports: the list, each report as it was issued, and its files."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import UnknownThingError
from changeflow.reports.trustees import trustees_of
from changeflow.usecases import briefs, issued_pages
from changeflow.usecases.issued_reports import issue_report
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.downloads import MEDIA, WRITERS, download

router = APIRouter(prefix="/p/{programme}/reports")


@router.api_route("", methods=READ_METHODS, name="reports:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _index(request, found, EMPTY), section="brief")


@router.post("", name="reports:issue")
async def issue(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=issued_pages.permit_issue,
        do=issue_report,
        show=lambda found, draft: _index(request, found, draft),
        done=f"/p/{programme}/reports?saved=1",
        section="brief",
        is_plain=True,
    )


def _index(request: Request, found: Visit, draft: SentForm) -> Page:
    values = {
        "reports": issued_pages.issued(found),
        "may_issue": found.may(Action.ISSUE_REPORT),
        "draft": draft,
        "saved": "saved" in request.query_params,
    }
    return Page("reports/index", values)


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
    """Respond with a report's file."""
    name = "trustees" if for_trustees else "report"
    return download(written(found, number, form, for_trustees=for_trustees), name=f"{name}-{number}", form=form)


def written(found: Visit, number: int, form: str, *, for_trustees: bool = False) -> str | bytes:
    """Return a report's file; it is kept in memory, because people open the same report all week."""
    report = issued_pages.issued_report(found, number)
    if form not in MEDIA:
        raise UnknownThingError("file", form)
    name = "trustees" if for_trustees else "report"

    def write() -> str | bytes:
        return WRITERS[form](trustees_of(report) if for_trustees else report)

    return found.view(f"{name}-file", write, number, form)
