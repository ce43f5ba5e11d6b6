"""Choosing the schools of the pilot: proposals beside the plan, and the choice with its effect."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.cohort_page import SEPARATOR
from changeflow.usecases import cohorts
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form

router = APIRouter(prefix="/p/{programme}/pilot-schools")
MOST_DIGITS, MOST_TEXT = 3, 2000


@router.api_route("", methods=READ_METHODS, name="cohorts:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, EMPTY), section="schools")


@router.post("", name="cohorts:choose")
async def choose(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=cohorts.permit_choose,
        do=lambda change: cohorts.choose_cohort(_schools(form), change, reason=reason_in(form)),
        show=lambda found, draft: _page(request, found, draft),
        done=f"/p/{programme}/pilot-schools?saved=1",
        mark=cohorts.mark_of_pilot,
        section="schools",
        asks_why=True,
    )


def _page(request: Request, found: Visit, draft: SentForm) -> Page:
    text = draft.get("size") or request.query_params.get("size", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
    saved = request.query_params.get("saved") is not None and not draft.fields
    return Page("pilots/cohort", {"c": cohorts.cohorts(found, size), "draft": draft, "saved": saved})


def _schools(form: Form) -> frozenset[str]:
    text = form.get("schools")
    if not text or len(text) > MOST_TEXT:
        raise FieldError("schools", "Choose one of the proposals.")
    return frozenset(text.split(SEPARATOR))
