"""Visible support: what people have seen of the sponsor and the change leads, and the form that records more."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.programme.facts import ACTS
from changeflow.usecases.acts import mark_of_acts
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.governance import note_act
from changeflow.usecases.people_forms import permit_support, support_form
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, past_day

router = APIRouter(prefix="/p/{programme}/people/support")
MOST = 300
"""The longest description, in characters."""


@router.api_route("", methods=READ_METHODS, name="support:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda visit: _page(request, visit, EMPTY), section="people")


@router.post("", name="support:record")
async def record(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_support,
        do=lambda change: _noted(form, change),
        show=lambda visit, draft: _page(request, visit, draft),
        done=f"/p/{programme}/people/support?saved=1",
        mark=mark_of_acts,
        section="people",
    )


def _noted(form: Form, change: Change) -> bool:
    what = line_in(form, "what", most=MOST, called="The description")
    if not what:
        raise FieldError("what", "Describe what people saw, such as “Opened the training at Ashdown”.")
    if (kind := form.get("kind")) not in ACTS:
        raise FieldError("kind", "Choose the kind of support.")
    who, group = form.get("who") or None, form.get("group") or None
    return note_act(
        what,
        past_day(form, "on", today=change.on, ask="Enter the day on which people saw it."),
        change,
        kind=kind,
        who=who,
        group=group,
    )


def _page(request: Request, visit: Visit, draft: SentForm) -> Page:
    saved = "saved" in request.query_params and not draft.fields
    values = {"r": support_form(visit), "draft": draft, "saved": saved, "most": MOST}
    values["may_correct"] = may_withdraw_about(visit, "", ("sponsor-act",))
    return Page("support/show", values)
