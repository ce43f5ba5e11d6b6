"""Settings: the list of them, and the calendars and teams of the plan."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.settings_pages import calendar_parts, settings_links, team_parts
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}/settings")


@router.api_route("", methods=READ_METHODS, name="settings:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: Page("settings/index", {"links": settings_links(found)}))


@router.api_route("/calendars", methods=READ_METHODS, name="settings:calendars")
async def calendars(request: Request, programme: str) -> Response:
    def shown(found: Visit) -> Page:
        parts, may_add = calendar_parts(found)
        return Page("settings/calendars", {"parts": parts, "may_add": may_add})

    return await show_page(request, programme, shown)


@router.api_route("/teams", methods=READ_METHODS, name="settings:teams")
async def teams(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: Page("settings/teams", {"teams": team_parts(found)}))
