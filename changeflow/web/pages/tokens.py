"""Tokens for other programs: make one, and withdraw it."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.usecases import programs
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/settings/tokens")


@router.api_route("", methods=READ_METHODS, name="tokens:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, _shown())


@router.post("", name="tokens:make")
async def make(request: Request, programme: str) -> Response:
    site = site_of(request)
    form = await read_own_form(request)
    days = int(text) if (text := form.get("days")).isascii() and text.isdigit() and len(text) < 9 else 0
    own = token_in(request, site.base_url)
    made = await site.work.write(
        programs.make_token, own, programme, form.get("name"), days, db=site.db, now=site.clock()
    )
    # Shown once, in this response: no address ever shows it again.
    return await show_page(request, programme, _shown(made))


@router.post("/withdraw", name="tokens:withdraw")
async def withdraw(request: Request, programme: str) -> Response:
    site = site_of(request)
    form = await read_own_form(request)
    own = token_in(request, site.base_url)
    await site.work.write(programs.withdraw_token, own, programme, form.get("token"), db=site.db, now=site.clock())
    return RedirectResponse(f"/p/{programme}/settings/tokens", status_code=303, headers=PAGES_HEADERS)


def _shown(made: str = "") -> Callable[[Visit], Page]:
    return lambda found: Page("settings/tokens", {"tokens": programs.tokens_of(found), "made": made})
