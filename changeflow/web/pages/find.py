"""The search of the menu: tasks, schools, people, decisions and services."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.finding import find
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.pages.plan import MOST_WORDS

router = APIRouter(prefix="/p/{programme}")


@router.api_route("/find", methods=READ_METHODS, name="find:show")
async def show(request: Request, programme: str) -> Response:
    text = request.query_params.get("q", "").strip()[:MOST_WORDS]

    def shown(visit: Visit) -> Page:
        return Page("find/show", {"text": text, "found": find(visit, text)})

    return await show_page(request, programme, shown)
