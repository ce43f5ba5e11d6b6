"""Signing off a go-live, or refusing to."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import sign_offs
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in

router = APIRouter(prefix="/p/{programme}")
MOST_TEXT = 2000
SIGN, REFUSE = "sign", "refuse"


@router.api_route("/sign-off/{gate:path}", methods=READ_METHODS, name="sign-offs:show")
async def show(request: Request, programme: str, gate: str) -> Response:
    saved = request.query_params.get("saved") is not None
    return await show_page(
        request, programme, lambda found: _page(found, gate, EMPTY, saved=saved), section="decisions"
    )


@router.post("/sign-off/{gate:path}", name="sign-offs:sign")
async def sign(request: Request, programme: str, gate: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: sign_offs.permit_sign(found, gate),
        do=lambda change: sign_offs.sign_gate(gate, _words(form), change, agrees=form.get("answer") == SIGN),
        show=lambda found, draft: _page(found, gate, draft),
        done=f"/p/{programme}/sign-off/{quote(gate)}?saved=1",
        mark=lambda programme: sign_offs.mark_to_sign(programme, gate),
        section="decisions",
    )


def _page(found: Visit, gate: str, draft: SentForm, *, saved: bool = False) -> Page:
    values = {"s": sign_offs.sign_off(found, gate), "draft": draft, "saved": saved and not draft.fields}
    return Page("decisions/sign", {**values, "most_text": MOST_TEXT})


def _words(form: Form) -> str:
    """Read the form; return what the person adds to their answer."""
    answer = form.get("answer")
    if answer not in (SIGN, REFUSE):
        raise FieldError("answer", "Choose whether you sign this off.")
    words = line_in(form, "words", most=MOST_TEXT, called="Your comment")
    if answer == REFUSE and not words:
        raise FieldError("words", "Enter what you need before you can sign.")
    return words
