"""Hand over the work of someone who leaves: everyone with work or roles, and a form for each."""

from dataclasses import replace
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.acts import mark_of_people
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.handover import FIELDS, NOW, FilledHandover, hand_over, handover_list, handover_page
from changeflow.usecases.visits import Visit
from changeflow.web.acts import SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in
from changeflow.web.forms import Form

router = APIRouter(prefix="/p/{programme}/people/hand-over")


@router.api_route("", methods=READ_METHODS, name="handover:index")
async def index(request: Request, programme: str) -> Response:
    saved = "saved" in request.query_params
    return await show_page(
        request,
        programme,
        lambda found: Page("handover/index", {"lines": handover_list(found), "saved": saved}),
        section="people",
    )


@router.api_route("/{person}", methods=READ_METHODS, name="handover:show")
async def show(request: Request, programme: str, person: str) -> Response:
    return await show_page(request, programme, lambda found: _page(found, person, SentForm()), section="people")


@router.post("/{person}", name="handover:publish")
async def publish(request: Request, programme: str, person: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: hand_over(_filled(form, person), reason_in(form), change),
        show=lambda found, sent: _page(found, person, sent),
        done=f"/p/{programme}/people/hand-over?saved=1",
        mark=mark_of_people,
        section="people",
        asks_why=True,
    )


def _filled(form: Form, person: str) -> FilledHandover:
    given, _ = given_in(form, FIELDS)
    days = {name: date.fromisoformat(given[name]) if given[name] else None for name in ("last_day", "first_day")}
    return FilledHandover(
        person=person,
        last_day=days["last_day"],
        first_day=days["first_day"],
        by=given["by"],
        role=given["role"],
        email=given["email"],
        passes_roles=given["roles"] == NOW if given["roles"] else None,
    )


def _page(found: Visit, person: str, draft: SentForm) -> Page:
    page = handover_page(found, person)
    return Page("handover/show", {"h": page, "draft": draft if draft.fields else replace(draft, fields=page.now)})
