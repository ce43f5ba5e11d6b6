"""Settings: how long data is kept, and deleting at once what is due."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.retention import Removed, delete_now
from changeflow.usecases.retention_page import REASONS, permit_retention, removed_lines, retention_page
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import RetentionReason
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError

router = APIRouter(prefix="/p/{programme}/settings/retention")


@router.api_route("", methods=READ_METHODS, name="retention:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, EMPTY))


@router.post("", name="retention:delete")
async def delete(request: Request, programme: str) -> Response:
    form = await read_own_form(request)

    def do(change: Change) -> Removed:
        if (reason := form.get("why")) not in set(RetentionReason):
            raise FieldError("why", "Choose why to delete it now.")
        return delete_now(RetentionReason(reason), change, shown=form.get("counts"))

    return await answer_form(
        request,
        programme,
        form,
        allow=permit_retention,
        do=do,
        show=lambda found, draft: _page(request, found, draft),
        done=f"/p/{programme}/settings/retention?deleted=1",
    )


def _page(request: Request, found: Visit, draft: SentForm) -> Page:
    due = draft.result if isinstance(draft.result, Removed) else None
    values = {
        "r": retention_page(found),
        "draft": draft,
        "due": due,
        "due_lines": removed_lines(due) if due is not None else [],
        "reasons": [(reason.value, words) for reason, words in REASONS.items()],
        "deleted": "deleted" in request.query_params and not draft.fields,
    }
    return Page("settings/retention", values, status=draft.status)
