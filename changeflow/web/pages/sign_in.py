"""Signing in and out."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.storage.accounts import SignIn
from changeflow.usecases import accounts
from changeflow.usecases.accounts import NewSession
from changeflow.web.clients import is_local
from changeflow.web.dependencies import READ_METHODS, Site, read_own_form, show_frame, site_of
from changeflow.web.errors import MISSING
from changeflow.web.responses import TroubleError
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


@router.api_route("/sign-in", methods=READ_METHODS, name="sign_in:show")
async def show(request: Request) -> Response:
    site = site_of(request)
    browser = browser_token(request, site.base_url)
    values = {
        "next": own_path(request.query_params.get("next", "/")),
        "is_admin": request.query_params.get("why") == "admin",
    }
    response = show_frame(site, browser, "sign_in/show", values)
    set_cookie(response, site.base_url, BROWSER, browser)
    return response


@router.api_route("/sign-in/here/{token}", methods=READ_METHODS, name="sign_in:here")
async def here(request: Request, token: str) -> Response:
    site = site_of(request)
    door = _door(request, site, token)
    browser = browser_token(request, site.base_url)
    response = show_frame(site, browser, "sign_in/here", {"door": door})
    set_cookie(response, site.base_url, BROWSER, browser)
    return response


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
    return begin(site, fresh)


@router.post("/sign-out", name="sign_in:leave")
async def leave(request: Request) -> Response:
    site = site_of(request)
    await read_own_form(request)
    token = token_in(request, site.base_url)
    await site.work.write(accounts.sign_out, token, db=site.db, now=site.clock())
    response = RedirectResponse("/sign-in", status_code=303, headers=PAGES_HEADERS)
    drop_cookie(response, site.base_url)
    return response


def begin(site: Site, fresh: NewSession) -> Response:
    """Give the browser its session, and open the page that the person wanted."""
    response = RedirectResponse(own_path(fresh.next), status_code=303, headers=PAGES_HEADERS)
    set_cookie(response, site.base_url, SESSION, fresh.token)
    return response


def kind_of(request: Request) -> str:
    """Return the kind of browser, for the list of sessions: never the whole text that it sends."""
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
    browser = next((name for mark, name in browsers if mark in text), "Another browser")
    place = next((name for mark, name in places if mark in text), "")
    return f"{browser} on {place}" if place else browser


def _door(request: Request, site: Site, token: str) -> Door:
    door = site.doors.find(token, now=site.clock())
    if door is None or not is_local(request):
        # The same answer as for a missing page, so that strangers do not learn that it exists.
        raise TroubleError(MISSING)
    return door
