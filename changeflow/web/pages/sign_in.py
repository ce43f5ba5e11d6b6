"""Signing in and out."""

from babel import Locale
from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from changeflow.errors import ChangeflowError, InputError
from changeflow.logs import log
from changeflow.storage.accounts import SignIn
from changeflow.usecases import accounts
from changeflow.usecases.accounts import NewSession
from changeflow.values.sentences import sentence
from changeflow.values.words import LANGUAGES
from changeflow.web.clients import address_key, is_local
from changeflow.web.dependencies import READ_METHODS, Site, language_for, read_own_form, show_frame, site_of
from changeflow.web.errors import MISSING
from changeflow.web.responses import TroubleError, too_many
from changeflow.web.security import (
    BROWSER,
    PAGES_HEADERS,
    SESSION,
    browser_token,
    drop_cookie,
    own_path,
    set_cookie,
    token_in,
)
from changeflow.web.sign_in_doors import Door

router = APIRouter()
PROVIDER_BUTTON = sentence("Sign in with your organisation’s account")
"""The default text of the button, which is translated; a text of the organisation's own is not."""
NAMES_OF_LANGUAGES = {code: Locale.parse(code).get_display_name() for code in LANGUAGES}


@router.api_route("/sign-in", methods=READ_METHODS, name="sign_in:show")
async def show(request: Request) -> Response:
    site = site_of(request)
    browser = browser_token(request, site.base_url)
    values = {"next": own_path(request.query_params.get("next", "/")), "why": request.query_params.get("why")}
    shown = show_frame(site, browser, "sign_in/show", _ways(site, **values), language=language_for(request))
    return with_browser(site, browser, shown)


@router.post("/sign-in", name="sign_in:ask")
async def ask(request: Request) -> Response:
    site = site_of(request)
    form = await read_own_form(request, cookie=BROWSER)
    if wait := site.askers.take(address_key(site.clients.address(request))):
        raise TroubleError(too_many(wait))
    browser, next_page = token_in(request, site.base_url, BROWSER), own_path(form.get("next", "/"))
    try:
        email = accounts.check_address(form.get("email"))
    except InputError as error:
        values = _ways(site, next=next_page, email=form.cleaned().get("email", ""), error=error.text)
        return show_frame(site, browser, "sign_in/show", values, status=422, language=language_for(request))
    values = {"email": email, "next": next_page}
    response = show_frame(site, browser, "sign_in/asked", values, language=language_for(request))
    # Whether the address is invited is looked up after the response, so that not even its timing reveals it.
    response.background = BackgroundTask(_send_link, site, email, browser, next_page)
    return response


async def _send_link(site: Site, email: str, browser: str, next_page: str) -> None:
    try:
        link = await site.work.write(
            accounts.ask_link, email, browser=browser, next_page=next_page, db=site.db, now=site.clock()
        )
        if link is not None:
            await site.work.mail(site.post.send, link, db=site.db, now=site.clock())
    except ChangeflowError as error:
        log("sign-in link", sent=False, error=type(error).__name__)


@router.api_route("/sign-in/link/{token}", methods=READ_METHODS, name="sign_in:link")
async def link(request: Request, token: str) -> Response:
    site = site_of(request)
    browser = token_in(request, site.base_url, BROWSER)
    await site.work.read(accounts.check_link, token, browser=browser, db=site.db, now=site.clock())
    return show_frame(site, browser, "sign_in/link", {}, language=language_for(request))


@router.post("/sign-in/link/{token}", name="sign_in:use")
async def use(request: Request, token: str) -> Response:
    site = site_of(request)
    await read_own_form(request, cookie=BROWSER)
    browser = token_in(request, site.base_url, BROWSER)
    fresh = await site.work.write(
        accounts.use_link, token, browser=browser, kind=kind_of(request), db=site.db, now=site.clock()
    )
    return await begin(request, fresh)


@router.api_route("/sign-in/here/{token}", methods=READ_METHODS, name="sign_in:here")
async def here(request: Request, token: str) -> Response:
    site = site_of(request)
    door = _door(request, site, token)
    browser = browser_token(request, site.base_url)
    return with_browser(site, browser, show_frame(site, browser, "sign_in/here", {"door": door}))


@router.post("/sign-in/here/{token}", name="sign_in:enter")
async def enter(request: Request, token: str) -> Response:
    site = site_of(request)
    door = _door(request, site, token)
    await read_own_form(request, cookie=BROWSER)
    fresh = await site.work.write(
        accounts.sign_in_here,
        door.programme,
        door.person,
        door.how,
        kind=kind_of(request),
        db=site.db,
        now=site.clock(),
    )
    if door.how is SignIn.MACHINE:
        site.doors.close(door)
    return await begin(request, fresh)


@router.post("/sign-out", name="sign_in:leave")
async def leave(request: Request) -> Response:
    site = site_of(request)
    await read_own_form(request)
    token = token_in(request, site.base_url)
    await site.work.write(accounts.sign_out, token, db=site.db, now=site.clock())
    response = RedirectResponse("/sign-in", status_code=303, headers=PAGES_HEADERS)
    drop_cookie(response, site.base_url)
    return response


async def begin(request: Request, fresh: NewSession) -> Response:
    """Give the browser its session in place of an earlier one, and open the page that the person wanted."""
    site = site_of(request)
    if before := token_in(request, site.base_url):
        await site.work.write(accounts.sign_out, before, db=site.db, now=site.clock())
    response = RedirectResponse(own_path(fresh.next), status_code=303, headers=PAGES_HEADERS)
    set_cookie(response, site.base_url, SESSION, fresh.token)
    return response


def with_browser(site: Site, browser: str, response: Response) -> Response:
    """Give the browser the token to which its forms are bound before it signs in."""
    set_cookie(response, site.base_url, BROWSER, browser)
    return response


def _ways(site: Site, **values: object) -> dict[str, object]:
    """Return what the sign-in page shows."""
    name = site.provider.chosen.name if site.provider else ""
    return {
        "email": "",
        "error": "",
        "why": None,
        "provider": PROVIDER_BUTTON if name == PROVIDER_BUTTON else name,
        "languages": NAMES_OF_LANGUAGES,
        **values,
    }


def kind_of(request: Request) -> str:
    """Return the kind of browser, for the list of sessions, never the whole string that it sends."""
    text = request.headers.get("user-agent", "")
    browsers = ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")
    places = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in text), "Browser of unknown type")
    place = next((name for mark, name in places if mark in text), "")
    return f"{browser} on {place}" if place else browser


def _door(request: Request, site: Site, token: str) -> Door:
    door = site.doors.find(token, now=site.clock())
    if door is None or not is_local(request):
        # The same response as for a missing page, so that strangers do not learn that it exists.
        log("refused", action="sign-in", door="unknown" if door is None else "elsewhere")
        raise TroubleError(MISSING)
    return door
