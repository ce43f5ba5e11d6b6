"""Browsers that keep their cookies, signed in as people in every role of the programme."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from lxml import html

from changeflow.usecases import accounts
from changeflow.web.app import make_app
from changeflow.web.security import SESSION
from tests.every_role import NOW
from tests.web.asking import PLENTY

HERE = "http://127.0.0.1:8000"
ISSUER = "https://provider.example.org"


class Browser:
    """One browser. It does not follow redirects automatically, and sends a page's own form as people do."""

    def __init__(
        self,
        db: str,
        *,
        now: datetime = NOW,
        client: str = "127.0.0.1",
        clock: Callable[[], datetime] | None = None,
        **options: Any,
    ) -> None:
        self.app = make_app(db, clock=clock or (lambda: now), **{"limits": PLENTY, "base_url": HERE, **options})
        self.cookies: dict[str, str] = {}
        self.client = client

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self.client, 4711))
            async with httpx.AsyncClient(transport=transport, base_url=HERE, cookies=self.cookies) as browser:
                return await browser.request(method, path, headers=headers, **more)

        answer = asyncio.run(go())
        self.cookies |= dict(answer.cookies)
        return answer

    def become(self, token: str) -> None:
        """Continue in the session with this token."""
        self.cookies = {SESSION: token}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def send(self, path: str, page: httpx.Response | None = None, **fields: str) -> httpx.Response:
        """Send a form to a path, with the token of the page that has it."""
        token = form_token(page) if page is not None else ""
        return self.ask("POST", path, data={"form": token, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


def signed_in(db: str, person: str, *, now: datetime = NOW, **options: Any) -> Browser:
    """Return a browser that the provider has signed in as a person, by their address."""
    browser = Browser(db, now=now, **options)
    browser.become(provider_token(db, person, now=now))
    return browser


def provider_token(db: str, person: str, *, now: datetime) -> str:
    """Sign a person in by the provider, by their address; return the session's token."""
    address = f"{person}@example.org"
    return accounts.sign_in_by_provider(ISSUER, person, address, kind="Firefox", next_page="/", db=db, now=now).token


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page.text)
    return found[1] if found else ""


def heading(page: httpx.Response) -> str:
    return " ".join(html.fromstring(page.text).xpath("string(//h1)").split())


def text_of(page: httpx.Response) -> str:
    """Return the text of a page's main part."""
    [main] = html.fromstring(page.text).xpath("//main")
    return " ".join(main.text_content().split())
