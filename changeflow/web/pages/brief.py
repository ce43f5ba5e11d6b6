"""The Brief: will the programme be on time, what is there to decide, and what has got worse."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.announcements import state_in_words
from changeflow.usecases import briefs
from changeflow.usecases.visits import Visit
from changeflow.values.words import Role
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.downloads import download

router = APIRouter(prefix="/p/{programme}")


@router.api_route("", methods=READ_METHODS, name="brief:show")
async def show(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        if (own := briefs.school_brief(found)) is not None:
            return Page("brief/school", {"b": own, "places": briefs.places(found), "in_words": state_in_words})
        return _page("brief/show", found)

    return await show_page(request, programme, show, section="brief")


@router.api_route("/more", methods=READ_METHODS, name="brief:more")
async def more(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page("brief/more", found), section="brief")


@router.api_route("/brief.pdf", methods=READ_METHODS, name="brief:pdf")
async def pdf(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Response:
        return download(briefs.brief_pdf(found), name=f"brief-{found.today.isoformat()}", form="pdf")

    return await show_page(request, programme, show)


@router.api_route("/brief.json", methods=READ_METHODS, name="brief:json")
async def data(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Response:
        return download(briefs.brief_json(found), name=f"brief-{found.today.isoformat()}", form="json")

    return await show_page(request, programme, show)


def _page(template: str, found: Visit) -> Page:
    values = {
        "r": briefs.brief(found),
        "places": briefs.places(found),
        "annex": f"/p/{found.name}/more",
        "for_sro": Role.SRO in found.visitor.roles,
    }
    return Page(template, values)
