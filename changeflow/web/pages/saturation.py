"""Saturation: how many changes reach each school and group in each week, and what to move where."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.saturation import SIZES
from changeflow.usecases.own_school import own_school
from changeflow.usecases.saturation_pages import saturation_key, saturation_view
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.responses import render_part

router = APIRouter(prefix="/p/{programme}/people/saturation")
MOST_DIGITS = 4


@router.api_route("", methods=READ_METHODS, name="saturation:show")
async def show(request: Request, programme: str) -> Response:
    text = request.query_params.get("from", "").strip() or "0"
    start = int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else -1
    return await show_page(request, programme, lambda visit: _shown(visit, start), section="people")


def _shown(found: Visit, start: int) -> Page:
    shown, own = saturation_view(found, start), own_school(found)
    values = {"s": shown, "sizes": SIZES, "here": f"/p/{found.name}", "own": found.name}
    key = (*saturation_key(found, start), own.school if own else None)
    body = found.view("saturation body", lambda: render_part("saturation/_body", values), *key)
    return Page("saturation/show", {"s": shown, "start": start, "body": body})
