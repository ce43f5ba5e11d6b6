"""Decisions: what waits, what was decided, and the evidence for each."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import UnknownThingError
from changeflow.usecases import briefs, decisions
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.downloads import MEDIA, WRITERS, download

router = APIRouter(prefix="/p/{programme}/decisions")


@router.api_route("", methods=READ_METHODS, name="decisions:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        return Page("decisions/index", {"decisions": decisions.decisions(found)})

    return await show_page(request, programme, show, section="decisions")


@router.api_route("/{gate:path}.{form}", methods=READ_METHODS, name="decisions:file")
async def file(request: Request, programme: str, gate: str, form: str) -> Response:
    def show(found: Visit) -> Response:
        page = decisions.go_no_go(found, gate)
        if form not in MEDIA:
            raise UnknownThingError("file", form)
        made = found.view("go-no-go-file", lambda: WRITERS[form](page), page.gate, form)
        return download(made, name=f"go-no-go-{page.gate.replace('/', '-')}", form=form)

    return await show_page(request, programme, show)


@router.api_route("/{gate:path}", methods=READ_METHODS, name="decisions:show")
async def show_one(request: Request, programme: str, gate: str) -> Response:
    def show(found: Visit) -> Page:
        page = decisions.decision(found, gate)
        go_live = decisions.go_no_go(found, gate) if decisions.is_go_live(found, gate) else None
        return Page("decisions/show", {"d": page, "r": go_live, "places": briefs.places(found)})

    return await show_page(request, programme, show, section="decisions")
