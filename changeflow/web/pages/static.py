"""The stylesheet and the script."""

from fastapi import APIRouter
from starlette.responses import Response

from changeflow.web.dependencies import READ_METHODS
from changeflow.web.responses import NOT_FOUND, answer_to
from changeflow.web.style import FILES, KEPT

router = APIRouter()


@router.api_route("/static/{name}", methods=READ_METHODS, name="static:show")
async def show(name: str) -> Response:
    found = next((file for file in FILES if file.name == name), None)
    if found is None:
        return answer_to(NOT_FOUND)
    return Response(found.text, media_type=found.media_type, headers={"Cache-Control": KEPT})
