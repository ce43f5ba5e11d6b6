"""Delivery confidence: what the evidence suggests, and the form with which the SRO rates it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.agenda.confidence import Tier
from changeflow.usecases.acts import mark_of_confidence
from changeflow.usecases.confidence_pages import confidence_page, permit_confidence
from changeflow.usecases.governance import set_confidence
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in

router = APIRouter(prefix="/p/{programme}/confidence")
MOST = 1000
"""The longest reason, in characters."""


@router.api_route("", methods=READ_METHODS, name="confidence:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda visit: _page(request, visit, EMPTY), section="brief")


@router.post("", name="confidence:set")
async def rate(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_confidence,
        do=lambda change: _rated(form, change),
        show=lambda visit, draft: _page(request, visit, draft),
        done=f"/p/{programme}/confidence?saved=1",
        mark=mark_of_confidence,
        section="brief",
    )


def _rated(form: Form, change: Change) -> None:
    tier = form.get("tier")
    if tier not in list(Tier):
        raise FieldError("tier", "Choose a rating.")
    reason = line_in(form, "reason", most=MOST, called="The reason")
    if not reason:
        raise FieldError("reason", "Enter the reason for your rating.")
    set_confidence(tier, reason, None, change)


def _page(request: Request, visit: Visit, draft: SentForm) -> Page:
    saved = "saved" in request.query_params and not draft.fields
    return Page("confidence/show", {"c": confidence_page(visit), "draft": draft, "saved": saved, "most": MOST})
