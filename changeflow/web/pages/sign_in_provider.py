"""Signing in with the organisation's account."""

import hmac

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.logs import log
from changeflow.usecases import accounts
from changeflow.usecases.accounts import SignInRefusedError
from changeflow.web.dependencies import READ_METHODS, Site, site_of
from changeflow.web.errors import MISSING, PROVIDER_DOWN
from changeflow.web.pages.sign_in import begin, kind_of
from changeflow.web.provider import NOT_CONFIRMED, ConfirmedPerson, Provider, ProviderDownError
from changeflow.web.provider_flow import FLOW, FLOW_LIFE, ProviderFlow, begin_flow, resume_flow
from changeflow.web.responses import TroubleError
from changeflow.web.security import PAGES_HEADERS, cookie_name, drop_cookie, set_cookie

router = APIRouter()
BACK = "/sign-in/provider/back"


@router.api_route("/sign-in/provider", methods=READ_METHODS, name="sign_in_provider:start")
async def start(request: Request) -> Response:
    """Send the browser to the provider. A link does this, because a form may only be sent to our own pages."""
    site, provider = _site(request)
    flow = begin_flow(site.secret(), request.query_params.get("next", "/"), now=site.clock())
    try:
        where = await site.work.ask_provider(
            provider.address, site.base_url + BACK, state=flow.state, nonce=flow.nonce, verifier=flow.verifier
        )
    except ProviderDownError as error:
        raise _down(error) from None
    response = RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)
    set_cookie(response, site.base_url, FLOW, flow.cookie, life=FLOW_LIFE)
    return response


@router.api_route(BACK, methods=["GET"], name="sign_in_provider:back")
async def back(request: Request) -> Response:
    """Take the provider's response, from the browser that requested it."""
    site, provider = _site(request)
    given = request.query_params
    cookie = request.cookies.get(cookie_name(site.base_url, FLOW), "")
    flow = resume_flow(site.secret(), cookie, given.get("state", ""), now=site.clock())
    if flow is None:
        log("refused", action="sign-in", provider="state")
        return _again(site)
    if not hmac.compare_digest(given.get("iss", provider.chosen.issuer).encode(), provider.chosen.issuer.encode()):
        # RFC 9207: the response is from another provider.
        log("refused", action="sign-in", provider="issuer")
        raise SignInRefusedError(NOT_CONFIRMED)
    if not (code := given.get("code", "")):
        log("refused", action="sign-in", provider=given.get("error", "")[:40])
        raise SignInRefusedError(NOT_CONFIRMED)
    found = await _identified(site, provider, flow, code)
    fresh = await site.work.write(
        accounts.sign_in_by_provider,
        found.issuer,
        found.subject,
        found.email,
        kind=kind_of(request),
        next_page=flow.next,
        db=site.db,
        now=site.clock(),
    )
    response = await begin(request, fresh)
    drop_cookie(response, site.base_url, FLOW)
    return response


async def _identified(site: Site, provider: Provider, flow: ProviderFlow, code: str) -> ConfirmedPerson:
    try:
        return await site.work.ask_provider(
            provider.identify,
            code,
            site.base_url + BACK,
            nonce=flow.nonce,
            verifier=flow.verifier,
            now=site.clock(),
        )
    except ProviderDownError as error:
        raise _down(error) from None


def _site(request: Request) -> tuple[Site, Provider]:
    site = site_of(request)
    if site.provider is None:
        raise TroubleError(MISSING)
    return site, site.provider


def _again(site: Site) -> Response:
    response = RedirectResponse("/sign-in?why=again", status_code=303, headers=PAGES_HEADERS)
    drop_cookie(response, site.base_url, FLOW)
    return response


def _down(error: ProviderDownError) -> TroubleError:
    log("provider", error=str(error))
    return TroubleError(PROVIDER_DOWN)
