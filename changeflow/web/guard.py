"""Limits and checks for every request, headers on every response, and a page for every failure."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changeflow.logs import failure, log
from changeflow.values.acting import Acting, Via, acting
from changeflow.web import responses
from changeflow.web.clients import LARGEST_HEADERS, Buckets, Clients, Limits, address_key
from changeflow.web.forms import has_controls, is_well_formed
from changeflow.web.responses import Trouble, TroubleError
from changeflow.web.security import token_in

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""A link is a secret: no page may be cached, send it on as a referrer or be framed."""
HSTS = "max-age=31536000"
"""A year. It is sent only where people use HTTPS."""
PROVIDER_BACK, PROVIDER_BYTES = "/sign-in/provider/back", 8_000
"""Where identity providers send people back to, with codes that are longer than any address of ours."""
_LINK = re.compile(r"/[auc]/([^/]+)")


def headers_for(base_url: str) -> dict[str, str]:
    """Return the headers that every response has if the application is at this public address."""
    more = {"Strict-Transport-Security": HSTS} if base_url.startswith("https://") else {}
    return {**HEADERS, **more}


class Guard:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        clients: Clients,
        limits: Limits,
        headers: Mapping[str, str],
        base_url: str,
        anchor: str = "",
    ) -> None:
        self.app, self.clients, self.limits, self.base_url, self.anchor = app, clients, limits, base_url, anchor
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.addresses, self.links = Buckets(limits.per_address), Buckets(limits.per_link)
        self.at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
                return
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, self.headers)
        self.at_work += 1
        try:
            with acting(acting_of(scope, self.base_url, self.anchor)):
                await self._answered(scope, receive, answer)
        finally:
            self.at_work -= 1
            # The route's pattern, because the path itself contains the link.
            route = getattr(scope.get("route"), "path", "unknown")
            log("request", method=_method(scope), route=route, status=answer.status)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        request = Request(scope)
        try:
            self._check(request)
            await self.app(scope, self._timed(receive, scope["path"]), answer)
            return
        except TroubleError as error:
            trouble = error.trouble
        except ClientDisconnect:
            # For example, a phone lost its connection while it sent a form: this is not a failure, and there is no one
            # to respond to.
            return
        except responses.UNAVAILABLE as error:
            log("database", error=type(error).__name__)
            trouble = responses.of_database(error)
        except Exception as error:  # noqa: BLE001  (the last resort: no reader may see a traceback)
            reference = secrets.token_hex(4).upper()
            failure(reference, error)
            trouble = responses.failed(reference)
        if not answer.has_begun:
            await self._say(trouble, scope, receive, answer)

    async def _say(self, trouble: Trouble, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        response = responses.answer_to(trouble, path=scope["path"])
        # An unread body must not keep the connection open.
        response.headers["Connection"] = "close"
        await response(scope, receive, answer)

    def _check(self, request: Request) -> None:
        """Raise a `TroubleError` for a request that is refused."""
        if self.at_work > self.limits.at_once:
            raise TroubleError(responses.FULL)
        if wait := self.addresses.take(address_key(self.clients.address(request))):
            raise TroubleError(responses.too_many(wait))
        path, query = request.scope.get("raw_path") or b"", request.scope.get("query_string") or b""
        most = PROVIDER_BYTES if request.scope["path"] == PROVIDER_BACK else self.limits.target_bytes
        if len(path) + len(query) > most:
            raise TroubleError(responses.TOO_LONG)
        if not _is_clean(path) or not _is_clean(query) or has_controls(request.scope["path"]):
            raise TroubleError(responses.MALFORMED)
        if (link := _LINK.match(request.scope["path"])) and (wait := self.links.take(_digest(link[1]))):
            raise TroubleError(responses.too_many(wait))
        if sum(len(name) + len(value) for name, value in request.scope["headers"]) > LARGEST_HEADERS:
            raise TroubleError(responses.HEADERS_TOO_LARGE)
        length = request.headers.get("content-length", "0")
        most_of_form = self.limits.of_form(request.scope["path"])
        if not length.isdecimal():
            raise TroubleError(responses.MALFORMED)
        if int(length) > most_of_form.bytes:
            raise TroubleError(responses.too_large(most_of_form.kind))

    def _timed(self, receive: Receive, path: str) -> Receive:
        """Limit the seconds in which a body must arrive, however many pieces it comes in."""
        loop = asyncio.get_running_loop()
        ends, is_whole = loop.time() + self.limits.of_form(path).seconds, False

        async def received() -> Message:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), ends - loop.time())
            except TimeoutError:
                raise TroubleError(responses.TOO_SLOW) from None
            is_whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        return received


class _Answer:
    """Sends a response with the headers that every response has."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send, self._headers = send, headers
        self.status = 0
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun, self.status = True, message["status"]
            own = list(message.get("headers", ()))
            named = {name.lower() for name, _ in own}
            message = {**message, "headers": [*own, *(h for h in self._headers if h[0] not in named)]}
        await self._send(message)


def acting_of(scope: Scope, base_url: str, anchor: str) -> Acting:
    """Say how the person is identified: by a link or by a session. The audit gets a name that reveals neither."""
    if link := _LINK.match(scope["path"]):
        return Acting(via=Via.LINK, account=account_of("link", link[1]), anchor=anchor)
    token = token_in(Request(scope), base_url)
    return Acting(via=Via.SESSION, account=account_of("session", token) if token else "", anchor=anchor)


def account_of(kind: str, token: str) -> str:
    """Return a name for a link or session in the audit."""
    return f"{kind}:{_digest(f'account:{token}')[:16]}"


def _is_clean(encoded: bytes) -> bool:
    """Return whether a part of an address is well encoded and has no control characters."""
    if not is_well_formed(encoded):
        return False
    try:
        return not has_controls(unquote_to_bytes(encoded).decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _method(scope: Mapping[str, Any]) -> str:
    """Return a method for the log; `OTHER` for an unknown one, whose text may be anything."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return scope["method"] if scope["method"] in known else "OTHER"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
