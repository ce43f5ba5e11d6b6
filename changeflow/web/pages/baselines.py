"""Baselines: those that were taken, and a form to approve today's forecast as the next one."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import CheckFailedError
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.baselines import BaselineTaken, baselines_page, take_baseline
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, line_in

router = APIRouter(prefix="/p/{programme}/baselines")
MOST_REASON = 500
"""The longest reason, in characters."""


@router.api_route("", methods=READ_METHODS, name="baselines:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, EMPTY), section="record")


@router.post("", name="baselines:take")
async def take(request: Request, programme: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> BaselineTaken:
        reason = line_in(form, "reason", most=MOST_REASON, called="The reason")
        if not reason:
            raise FieldError("reason", "Enter why this plan is approved.")
        try:
            return take_baseline(reason, change, announces=form.get("announces") == "1")
        except CheckFailedError:
            raise CheckFailedError(
                "The plan breaks rules that must be followed before a baseline. See below."
            ) from None

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: found.permit(Action.TAKE_BASELINE),
        do=save,
        show=lambda found, draft: _page(request, found, draft),
        done=f"/p/{programme}/baselines?saved=1",
        mark=mark_of_dates,
        section="record",
    )


def _page(request: Request, found: Visit, draft: SentForm) -> Page:
    saved = "saved" in request.query_params and not draft.fields
    values = {"r": baselines_page(found), "draft": draft, "saved": saved, "most_reason": MOST_REASON}
    return Page("baselines/index", values)
