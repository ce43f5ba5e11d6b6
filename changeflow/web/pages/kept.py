"""Forms that could not be saved because the session had ended: look at them, and send them again."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.storage.accounts import owner_name
from changeflow.storage.kept_forms import Owner
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.dependencies import READ_METHODS, Page, show_page, site_of
from changeflow.web.kept import typed_in
from changeflow.web.security import BROWSER, token_in

router = APIRouter(prefix="/p/{programme}/kept")


@router.api_route("", methods=READ_METHODS, name="kept:show")
async def show(request: Request, programme: str) -> Response:
    site = site_of(request)
    browser = token_in(request, site.base_url, BROWSER)

    def shown(found: Visit) -> Page:
        found.permit(Action.SIGN_IN)
        owner = Owner(browser, owner_name(found.visitor.session))
        kept = site.kept.of(owner, found.name, now=site.clock())
        return Page("kept/show", {"kept": [(form, typed_in(form, found.programme.person)) for form in kept]})

    return await show_page(request, programme, shown)
