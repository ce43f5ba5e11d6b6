"""What every route needs: the site, and pages for the person who is signed in."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.storage.kept_forms import KeptForms, Owner
from changeflow.storage.keys import key_for
from changeflow.usecases import accounts
from changeflow.usecases.accounts import SignInNeededError, SignInRefusedError
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.usecases.visits import Visit, note_looks, visit
from changeflow.values.acting import current
from changeflow.values.moments import format_day
from changeflow.values.words import LANGUAGES
from changeflow.web import numbers
from changeflow.web.calculations import Calculations
from changeflow.web.clients import Clients, Limits, Windows
from changeflow.web.errors import FORGED
from changeflow.web.forms import Form, read_form
from changeflow.web.kept import KEPT
from changeflow.web.lanes import Work
from changeflow.web.navigation import navigation
from changeflow.web.provider import Provider
from changeflow.web.responses import API, Trouble, TroubleError, answer_to, render
from changeflow.web.security import (
    BROWSER,
    PAGES_HEADERS,
    SESSION,
    browser_token,
    cookie_name,
    form_token,
    is_own_form,
    own_path,
    set_cookie,
    token_in,
)
from changeflow.web.setup_desk import SetupDesk
from changeflow.web.sign_in_doors import Doors
from changeflow.web.style import SCRIPT, STYLE

numbers.register()  # before any route uses it
Clock = Callable[[], datetime]
READ_METHODS = ["GET", "HEAD"]
MOST_OF_A_HEADER = 200
_QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?")
"""The weight of a language in `Accept-Language` (RFC 9110, 12.4.2)."""
MOST_NOTED = 4096
"""How many readings to remember as recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site that an application serves."""

    db: str = field(repr=False)
    base_url: str
    clock: Clock
    work: Work
    clients: Clients
    limits: Limits
    doors: Doors
    calculations: Calculations
    noted: "Noted"
    post: LinkPost
    askers: Windows
    provider: Provider | None
    kept: KeptForms
    setup: SetupDesk

    def secret(self) -> bytes:
        """Return the key that signs forms."""
        return key_for(self.db)


def site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows: its template below `templates/web/`, and the template's values."""

    template: str
    values: Mapping[str, Any]
    status: int = 200


Show = Callable[[Visit], Page | Response]
"""What a page does in an open visit: check the permission, ask for a view, and say how to show it."""


async def show_page(request: Request, programme: str, show: Show, *, section: str = "") -> Response:
    """Respond with a page for the signed-in person of a programme; `section` is the part of the site it is in."""
    site = site_of(request)
    token = token_in(request, site.base_url)

    def work() -> tuple[Response, str, Sequence[str]]:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            shown = show(found)
            response = shown if isinstance(shown, Response) else page_of(site, token, found, shown, section)
            return response, found.visitor.person, found.looks

    response, person, looks = await site.work.read(work)
    await site.noted.note(site, token, person, programme, looks)
    return response


def page_of(site: Site, token: str, found: Visit, page: Page, section: str) -> Response:
    """Render a page in its frame."""
    values = {
        **frame_of(site, token),
        "visitor": found.visitor,
        "programme": found.programme,
        "version": found.stored.version.number,
        "today": format_day(found.today),
        "is_live": found.reaches_people,
        "is_sandbox": found.is_sandbox,
        "sections": navigation(found),
        "section": section,
    }
    text = render(page.template, {**values, **page.values}, language=found.language)
    return HTMLResponse(text, status_code=page.status, headers=PAGES_HEADERS)


def show_frame(
    site: Site, token: str, template: str, values: Mapping[str, Any], *, status: int = 200, language: str = "en"
) -> Response:
    """Respond with a page that belongs to no programme; `token` is the cookie to which its forms are bound."""
    text = render(template, {**frame_of(site, token), **values}, language=language)
    return HTMLResponse(text, status_code=status, headers={**PAGES_HEADERS, "Vary": "Accept-Language, Cookie"})


def language_for(request: Request) -> str:
    """Return the language for someone who has not signed in: chosen with `lang`, or else the browser's."""
    chosen = request.query_params.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    wanted: list[tuple[float, int, str]] = []
    for part in request.headers.get("accept-language", "")[:MOST_OF_A_HEADER].split(","):
        code, _, more = part.strip().partition(";")
        quality = more.strip().removeprefix("q=") or "1"
        if _QUALITY.fullmatch(quality) and float(quality) > 0:
            wanted.append((-float(quality), len(wanted), code.partition("-")[0].lower()))
    return next((code for _, _, code in sorted(wanted) if code in LANGUAGES), LANGUAGES[0])


def frame_of(site: Site, token: str) -> dict[str, Any]:
    """Return what the frame of every page needs."""
    return {"style": STYLE.path, "script": SCRIPT.path, "form_token": form_token(site.secret(), token) if token else ""}


async def read_own_form(request: Request, *, cookie: str = SESSION) -> Form:
    """Read a form that one of our pages sent; refuse any other."""
    site = site_of(request)
    form = await read_form(request, site.limits)
    token = token_in(request, site.base_url, cookie)
    if not is_own_form(request, site.base_url, site.secret(), token, form.get("form")):
        log("refused", action="form", via="session")
        raise TroubleError(FORGED)
    return accepted(request, form) if cookie == SESSION else form


def accepted(request: Request, form: Form) -> Form:
    """Return a form that one of our pages sent, which is kept if the session has ended."""
    site = site_of(request)
    if again := form.get(KEPT):
        site.kept.drop(again, token_in(request, site.base_url, BROWSER))
        form = Form({name: value for name, value in form.fields.items() if name != KEPT})
    request.state.form = form
    return form


async def sign_in_first(request: Request, error: Exception) -> Response:
    """Send a reader to the sign-in page, and afterwards back to the page they wanted."""
    is_api, base_url = request.url.path.startswith(API), site_of(request).base_url
    if is_api or request.cookies.get(cookie_name(base_url, SESSION)):
        # Forged, ended or withdrawn. A reader without any cookie has simply not signed in yet.
        log("refused", action="token" if is_api else "session", via=current().via.value)
    if is_api:
        trouble = Trouble(401, "This token does not work", str(error), headers={"WWW-Authenticate": "Bearer"})
        return answer_to(trouble, path=request.url.path)
    why = str(error) if isinstance(error, SignInNeededError) else ""
    wanted = own_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    browser, reason = browser_token(request, base_url), "admin" if "Admins" in why else ""
    if request.method not in READ_METHODS:
        wanted = await _keep(request, browser)
        reason = reason or ("kept" if wanted != "/" else "")
    asked = {k: v for k, v in {"next": wanted, "why": reason}.items() if v not in ("", "/")}
    response = RedirectResponse(
        f"/sign-in{'?' + urlencode(asked) if asked else ''}", status_code=303, headers=PAGES_HEADERS
    )
    if reason == "kept":
        set_cookie(response, base_url, BROWSER, browser)
    return response


async def _keep(request: Request, browser: str) -> str:
    """Keep a form whose session has ended; return the page that shows it after signing in, or else the first page."""
    site, form = site_of(request), getattr(request.state, "form", None)
    programme = request.path_params.get("programme")
    if form is None or programme is None:
        return "/"
    owner = await site.work.read(accounts.owner_of, token_in(request, site.base_url), db=site.db)
    if owner is None:
        return "/"
    referrer = urlsplit(request.headers.get("referer", ""))
    page = own_path(f"{referrer.path}{'?' * bool(referrer.query)}{referrer.query}")
    try:
        await site.work.read(
            site.kept.keep,
            Owner(browser, owner),
            programme,
            path=quote(request.scope["path"]),
            page=page if page.startswith(f"/p/{programme}") else "",
            fields=form.cleaned(),
            had_files=getattr(request.state, "had_files", False),
            now=site.clock(),
        )
    except ChangeflowError as error:
        log("form", kept=False, error=type(error).__name__)
        return "/"
    return f"/p/{programme}/kept"


async def refuse_sign_in(request: Request, error: Exception) -> Response:
    """Say why someone is not signed in, and offer to try again."""
    if not isinstance(error, SignInRefusedError):
        raise error
    values = {"text": error.text}
    return show_frame(site_of(request), "", "sign_in/refused", values, status=403, language=language_for(request))


@dataclass(slots=True)
class Noted:
    """The readings that this process has recorded, by reader, subject and half of the day."""

    known: OrderedDict[tuple[str, ...], None] = field(default_factory=OrderedDict)

    async def note(self, site: Site, reader: str, person: str, programme: str, looks: Sequence[str]) -> None:
        """Record readings, each once; one that could not be recorded is tried again at the next request."""
        now = site.clock()
        half = "morning" if now.hour < 12 else "afternoon"
        keys = {(reader, programme, look, now.date().isoformat(), half): look for look in looks}
        if not (fresh := {key: look for key, look in keys.items() if key not in self.known}):
            return
        await site.work.write(note_looks, person, programme, list(fresh.values()), db=site.db, now=now)
        self.known.update(dict.fromkeys(fresh))
        while len(self.known) > MOST_NOTED:
            self.known.popitem(last=False)
