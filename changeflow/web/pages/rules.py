"""Rules: what the plan breaks, what is waived, and until when."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.rulebook import STOPS
from changeflow.usecases.rule_pages import rules
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}/rules")


@router.api_route("", methods=READ_METHODS, name="rules:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, _shown, section="plan")


def _shown(found: Visit) -> Page:
    return Page("rules/show", {"r": rules(found), "stops": {key.value: words for key, words in STOPS.items()}})
