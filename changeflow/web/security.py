"""Cookies, form tokens, and checks that a request comes from our own pages.

A form needs the cookie, a token made from it with the database's key, and a browser that does not say that another site
sent it. A page to open after signing in is a path of ours, never an address.
"""

import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from changeflow.usecases.accounts import SESSION_LIFE, new_token

SESSION, BROWSER = "changeflow", "changeflow-browser"
"""The cookies: the session's token, and a token that tells browsers apart before they sign in."""
PAGES_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES_HEADERS = {"Content-Security-Policy": PAGES_POLICY, "Referrer-Policy": "same-origin"}
"""With `no-referrer`, a browser sends `Origin: null` on its own posts."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_CHARACTERS = r"A-Za-z0-9._~!$&'()*+,;=:@%-"
_OWN = re.compile(rf"/(?:[{_CHARACTERS}][{_CHARACTERS}/]*)?(?:\?[{_CHARACTERS}/?]*)?")


def is_secure(base_url: str) -> bool:
    return base_url.startswith("https://")


def cookie_name(base_url: str, name: str) -> str:
    """Return a cookie's name: with `__Host-`, which ties it to this host, wherever the address allows it."""
    return f"__Host-{name}" if is_secure(base_url) else name


def token_in(request: Request, base_url: str, name: str = SESSION) -> str:
    """Return the token in a cookie; empty if there is none, or if it is not one of ours."""
    found = request.cookies.get(cookie_name(base_url, name), "")
    return found if _TOKEN.fullmatch(found) else ""


COOKIE_LIFE = SESSION_LIFE + timedelta(days=1)
"""A cookie outlives its session, so that a form that is sent too late is known to be from our own page."""


def set_cookie(response: Response, base_url: str, name: str, token: str, *, life: timedelta = COOKIE_LIFE) -> None:
    """Give the browser a cookie that scripts and other sites cannot read."""
    response.set_cookie(
        cookie_name(base_url, name),
        token,
        max_age=int(life.total_seconds()),
        path="/",
        secure=is_secure(base_url),
        httponly=True,
        # Lax, because the provider's response and links in messages come from other sites.
        samesite="lax",
    )


def drop_cookie(response: Response, base_url: str, name: str = SESSION) -> None:
    response.delete_cookie(
        cookie_name(base_url, name), path="/", secure=is_secure(base_url), httponly=True, samesite="lax"
    )


def browser_token(request: Request, base_url: str) -> str:
    """Return the browser's token, or a new one to set."""
    return token_in(request, base_url, BROWSER) or new_token()


def form_token(secret: bytes, cookie: str) -> str:
    """Return what a form of the browser with this cookie must carry."""
    return hmac.new(secret, b"form\0" + cookie.encode(), hashlib.sha256).hexdigest()


def is_own_form(request: Request, base_url: str, secret: bytes, cookie: str, given: str) -> bool:
    """Return whether a form was sent from one of our own pages, by the browser that opened it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if (
        site is None
        and (origin := request.headers.get("origin")) is not None
        and not _is_here(request, origin, base_url)
    ):
        return False
    return bool(cookie) and hmac.compare_digest(form_token(secret, cookie).encode(), given.encode())


def _is_here(request: Request, origin: str, base_url: str) -> bool:
    own = urlsplit(base_url)
    return origin in (f"{own.scheme}://{own.netloc}", f"{request.url.scheme}://{request.headers.get('host', '')}")


def own_path(text: str) -> str:
    """Return a page of ours to open, or the first page for anything else, such as another site's address."""
    return text if len(text) <= 500 and _OWN.fullmatch(text) and not text.startswith("//") else "/"
