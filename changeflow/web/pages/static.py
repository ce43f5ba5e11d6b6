"""The stylesheet."""

from fastapi import APIRouter
from starlette.responses import Response

from changeflow.web.dependencies import READ_METHODS
from changeflow.web.responses import NOT_FOUND, answer_to
from changeflow.web.style import KEPT, STYLE

router = APIRouter()


@router.api_route("/static/{name}", methods=READ_METHODS, name="static:show")
async def show(name: str) -> Response:
    if name != STYLE.name:
        return answer_to(NOT_FOUND)
    return Response(STYLE.text, media_type="text/css; charset=utf-8", headers={"Cache-Control": KEPT})
