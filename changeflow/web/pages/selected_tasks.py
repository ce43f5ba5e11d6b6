"""Changes of tasks that someone has selected on the plan: one form, one effect, and then publish or add to a draft."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import selected_tasks
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.drafts import LONGEST_NAME
from changeflow.usecases.selected_tasks import FilledSelection, SelectionPublished, TasksRefusedError
from changeflow.usecases.visits import Visit
from changeflow.web.acts import SentForm
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in
from changeflow.web.forms import Form
from changeflow.web.new_versions import answer_adding, answer_publishing

router = APIRouter(prefix="/p/{programme}/selected-tasks")
TASK, CHOOSE = "task:", "choose"
"""How the names of a task's fields begin, with the task's id after it, and the step in which the plan sends them."""


@router.api_route("/{what}", methods=READ_METHODS, name="selected-tasks:show")
async def show(request: Request, programme: str, what: str) -> Response:
    return await show_page(request, programme, lambda found: _page(found, what, SentForm()), section="plan")


@router.post("/{what}", name="selected-tasks:publish")
async def publish(request: Request, programme: str, what: str) -> Response:
    form = await read_own_form(request)
    if form.get("step") == CHOOSE:
        chosen = SentForm(fields=form.cleaned())
        return await show_page(request, programme, lambda found: _page(found, what, chosen), section="plan")
    if form.get("step") == "draft":
        return await answer_adding(
            request,
            programme,
            form,
            add=lambda number, name, change: selected_tasks.add_selected_to_draft(
                _filled(form, what), number, name, change
            ),
            show=lambda found, sent: _page(found, what, sent),
        )

    return await answer_publishing(
        request,
        programme,
        form,
        do=lambda reason, change: selected_tasks.publish_selected(_filled(form, what), reason, change),
        show=lambda found, sent: _page(found, what, sent),
    )


def _filled(form: Form, what: str) -> FilledSelection:
    change = selected_tasks.what_of(what)
    given, _ = given_in(form, selected_tasks.selection_fields(change))
    return FilledSelection(change, _tasks(form.fields), given)


def _tasks(names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name.removeprefix(TASK) for name in names if name.startswith(TASK))


def _page(found: Visit, what: str, draft: SentForm) -> Page:
    page = selected_tasks.selection_page(found, selected_tasks.what_of(what), _tasks(draft.fields))
    back, result = draft.get("back"), draft.result
    values: dict[str, object] = {"e": page, "draft": draft, "seen": mark_of_plan(found.programme)}
    values["most_name"], values["back"] = LONGEST_NAME, back if back.startswith("?") else ""
    values["after"] = result.values if isinstance(result, SelectionPublished) else {}
    values["reasons"] = draft.error.reasons if isinstance(draft.error, TasksRefusedError) else ()
    return Page("selected_tasks/show", values)
