"""The Brief: will it be on time, what is there to decide, and what got worse."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.briefs import brief
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}")


@router.api_route("", methods=READ_METHODS, name="brief:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, _shown, section="brief")


def _shown(visit: Visit) -> Page:
    return Page("brief/show", {"r": brief(visit)})
