"""Drafts: changes to the plan that are not published yet."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import edit_pages
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.new_versions import answer_publishing

router = APIRouter(prefix="/p/{programme}/drafts")


@router.api_route("", methods=READ_METHODS, name="drafts:index")
async def index(request: Request, programme: str) -> Response:
    def shown(found: Visit) -> Page:
        values: dict[str, object] = {"drafts": edit_pages.draft_list(found), "kinds": edit_pages.edits_for(found)}
        values |= {done: done in request.query_params for done in ("saved", "discarded")}
        return Page("drafts/index", values)

    return await show_page(request, programme, shown, section="plan")


@router.api_route("/{number:number}", methods=READ_METHODS, name="drafts:show")
async def show(request: Request, programme: str, number: int) -> Response:
    return await show_page(request, programme, lambda found: _page(found, number, EMPTY), section="plan")


@router.post("/{number:number}", name="drafts:publish")
async def publish(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_publishing(
        request,
        programme,
        form,
        do=lambda reason, change: edit_pages.publish_draft(number, form.get("revision"), reason, change),
        show=lambda found, sent: _page(found, number, sent),
    )


@router.post("/{number:number}/edits/{place:number}/removed", name="drafts:remove-edit")
async def remove_edit(request: Request, programme: str, number: int, place: int) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: edit_pages.remove_edit(number, place, form.get("revision"), change),
        show=lambda found, sent: _page(found, number, sent),
        done=f"/p/{programme}/drafts/{number}",
        section="plan",
        is_plain=True,
    )


@router.post("/{number:number}/discarded", name="drafts:discard")
async def discard(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: edit_pages.discard_draft(number, form.get("revision"), change),
        show=lambda found, sent: _page(found, number, sent),
        done=f"/p/{programme}/drafts?discarded=1",
        section="plan",
        is_plain=True,
    )


def _page(found: Visit, number: int, draft: SentForm) -> Page:
    page = edit_pages.draft_page(found, number)
    return Page("drafts/show", {"d": page, "draft": draft, "seen": mark_of_dates(found.programme)})
