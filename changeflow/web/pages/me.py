"""My things: what a person is asked for now, with the answers on the same page, and undo for a quarter of an hour."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.errors import ConflictError, InputError, NotAllowedError, UnknownThingError
from changeflow.usecases.acts import change_by
from changeflow.usecases.answer_causes import CauseNeededError
from changeflow.usecases.my_things import answer_own, my_page, undo_own
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.forms import Form, given_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/me")


@router.api_route("", methods=READ_METHODS, name="me:show")
async def show(request: Request, programme: str) -> Response:
    return await _show(request, programme)


@router.post("", name="me:answer")
async def answer(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await _changed(request, programme, form, undoes=False)


@router.post("/undo", name="me:undo")
async def undo(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await _changed(request, programme, form, undoes=True)


async def _changed(request: Request, programme: str, form: Form, *, undoes: bool) -> Response:
    site = site_of(request)
    token, subject = token_in(request, site.base_url), form.cleaned().get("item", "")

    def work() -> None:
        change = change_by(token, programme, db=site.db, now=site.clock())
        if undoes:
            undo_own(subject, change)
        else:
            answer_own(subject, change, lambda: given_of(form))

    try:
        await site.work.write(work)
    except (NotAllowedError, UnknownThingError):
        raise
    except (InputError, ConflictError) as error:
        moves = error.moves if isinstance(error, CauseNeededError) else None
        return await _show(request, programme, problem=problem_of(error), sent=form.cleaned(), moves=moves)
    where = f"/p/{programme}/me?{'undone' if undoes else 'saved'}=1"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


async def _show(
    request: Request,
    programme: str,
    *,
    problem: str = "",
    sent: Mapping[str, str] | None = None,
    moves: Sequence[str] | None = None,
) -> Response:
    def shown(found: Visit) -> Page:
        page = my_page(found)
        values = {
            "mine": page,
            "problem": problem,
            "sent": sent or {},
            "moves": moves,
            "saved": "saved" in request.query_params and not problem,
            "undone": "undone" in request.query_params and not problem,
        }
        return Page("me/show", values, status=422 if problem else 200)

    return await show_page(request, programme, shown, section="me")
