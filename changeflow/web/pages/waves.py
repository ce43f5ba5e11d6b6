"""Waves: who goes live when, which team has how much to do, and what clashes."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.edit_pages import edits_for
from changeflow.usecases.own_school import own_school, sees_all
from changeflow.usecases.visits import Visit
from changeflow.usecases.wave_boards import board
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.responses import render_part

router = APIRouter(prefix="/p/{programme}/waves")


@router.api_route("", methods=READ_METHODS, name="waves:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, _shown, section="schools")


def _shown(found: Visit) -> Page:
    shown = board(found)
    # A link that would lead to "page not found" is left out.
    is_all, own, is_limited = sees_all(found), found.visitor.school, own_school(found) is not None
    may_move = bool(edits_for(found)) and not is_limited
    values = {"board": shown, "here": f"/p/{found.name}", "sees_all": is_all, "own": own, "is_limited": is_limited}
    values["may_move"] = may_move
    given = (is_all, own, is_limited, may_move)
    table = found.view("waves table", lambda: render_part("waves/_board", values), *given) if shown else ""
    return Page("waves/show", {**values, "table": table})
