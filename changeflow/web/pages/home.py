"""The first page: a person's programmes, or how to sign in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.usecases.accounts import SignInNeededError
from changeflow.usecases.visits import memberships
from changeflow.web.dependencies import READ_METHODS, language_for, show_frame, site_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter()


@router.api_route("/", methods=READ_METHODS, name="home:show")
async def show(request: Request) -> Response:
    site = site_of(request)
    token = token_in(request, site.base_url)
    if not token:
        raise SignInNeededError
    own = await site.work.read(memberships, token, db=site.db, now=site.clock())
    if len(own) == 1:
        return RedirectResponse(own[0].first_page, status_code=303, headers=PAGES_HEADERS)
    return show_frame(site, token, "home/show", {"programmes": own}, language=language_for(request))
