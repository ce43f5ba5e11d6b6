"""Rules: what the plan breaks, what is waived, and until when."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.rulebook import STOPS
from changeflow.rules.catalogue import RULES
from changeflow.usecases.rule_pages import rules
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}/rules")


@router.api_route("", methods=READ_METHODS, name="rules:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _shown(request, found), section="plan")


def _shown(request: Request, found: Visit) -> Page:
    values = {
        "r": rules(found),
        "stops": {key.value: words for key, words in STOPS.items()},
        "may_waive": found.may(Action.ADD_WAIVER),
        "waivable": {rule.code for rule in RULES.values() if rule.lifted_by},
        "saved": "saved" in request.query_params,
    }
    return Page("rules/show", values)
