"""People: where each group has a barrier, what to do about it, and visible support."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.own_school import own_school
from changeflow.usecases.people_actions import people_actions
from changeflow.usecases.people_forms import further_pages
from changeflow.usecases.people_pages import people
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.responses import render_part

router = APIRouter(prefix="/p/{programme}/people")


@router.api_route("", methods=READ_METHODS, name="people:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, _shown, section="people")


@router.api_route("/actions", methods=READ_METHODS, name="people:actions")
async def actions(request: Request, programme: str) -> Response:
    shown = request.query_params.get("show", "").strip()
    return await show_page(
        request, programme, lambda found: Page("people/actions", {"a": people_actions(found, shown)}), section="people"
    )


def _shown(found: Visit) -> Page:
    shown = people(found)
    own = own_school(found)
    # What people of one school see is kept separately.
    body = found.view("people body", lambda: render_part("people/_body", {"r": shown}), own.school if own else None)
    return Page("people/show", {"body": body, "links": further_pages(found)})
