"""Edits of the plan: a form for each kind, its effect, and then publish it or add it to a draft."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import edit_pages
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.drafts import LONGEST_NAME
from changeflow.usecases.edit_pages import FilledEdit
from changeflow.usecases.visits import Visit
from changeflow.web.acts import SentForm
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in
from changeflow.web.forms import Form
from changeflow.web.new_versions import answer_adding, answer_publishing

router = APIRouter(prefix="/p/{programme}")


@router.api_route("/edits/{edit}", methods=READ_METHODS, name="edits:new")
async def new(request: Request, programme: str, edit: str) -> Response:
    return await _new(request, programme, edit, "")


@router.api_route("/task-edits/{change}/{task:path}", methods=READ_METHODS, name="edits:new-of-task")
async def new_of_task(request: Request, programme: str, change: str, task: str) -> Response:
    return await _new(request, programme, change, task)


@router.post("/edits/{edit}", name="edits:publish")
async def publish(request: Request, programme: str, edit: str) -> Response:
    return await _publish(request, programme, edit, "")


@router.post("/task-edits/{change}/{task:path}", name="edits:publish-of-task")
async def publish_of_task(request: Request, programme: str, change: str, task: str) -> Response:
    return await _publish(request, programme, change, task)


async def _new(request: Request, programme: str, kind: str, task: str) -> Response:
    asked = dict(request.query_params)

    def shown(found: Visit) -> Page:
        return _page(found, kind, task, lambda now: SentForm(fields={**now, **asked}))

    return await show_page(request, programme, shown, section="plan")


async def _publish(request: Request, programme: str, kind: str, task: str) -> Response:
    form = await read_own_form(request)
    if form.get("step") == "draft":
        return await answer_adding(
            request,
            programme,
            form,
            add=lambda number, name, change: edit_pages.add_to_draft(_filled(form, kind, task), number, name, change),
            show=lambda found, sent: _page(found, kind, task, lambda _: sent),
        )

    return await answer_publishing(
        request,
        programme,
        form,
        do=lambda reason, change: edit_pages.publish_edit(_filled(form, kind, task), reason, change),
        show=lambda found, sent: _page(found, kind, task, lambda _: sent),
    )


def _filled(form: Form, kind: str, task: str) -> FilledEdit:
    given, _ = given_in(form, edit_pages.edit_fields(kind))
    return FilledEdit(kind, task, given)


def _page(found: Visit, kind: str, task: str, draft: Callable[[Mapping[str, str]], SentForm]) -> Page:
    page = edit_pages.edit_page(found, kind, task)
    seen = mark_of_plan(found.programme)
    return Page("edits/show", {"e": page, "draft": draft(page.now), "seen": seen, "most_name": LONGEST_NAME})
