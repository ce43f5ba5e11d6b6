"""Pilots: exit criteria, parallel runs, issues, feedback and lessons of each service."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import ledger_pairs, pilot_pages
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}/pilots")


@router.api_route("", methods=READ_METHODS, name="pilots:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        return Page("pilots/index", {"pilots": pilot_pages.pilots(found)})

    return await show_page(request, programme, show, section="schools")


@router.api_route("/{service}", methods=READ_METHODS, name="pilots:show")
async def show_one(request: Request, programme: str, service: str) -> Response:
    def show(found: Visit) -> Page:
        values = {"p": pilot_pages.pilot(found, service), "uploads": ledger_pairs.lines_for(found, service)}
        return Page("pilots/show", {**values, "deleted": request.query_params.get("deleted")})

    return await show_page(request, programme, show, section="schools")
