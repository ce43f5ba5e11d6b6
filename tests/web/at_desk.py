"""A browser at the desk where the first programme is set up."""

from collections.abc import Callable
from datetime import datetime

import httpx

from changeflow.web.setup_desk import SetupDesk
from tests.every_role import NOW
from tests.web.visiting import Browser

YOU = {"name": "Programme Director", "role": "Programme Director", "email": "director@example.org"}


def at_desk(db: str, *, clock: Callable[[], datetime] = lambda: NOW) -> Browser:
    """Return a browser that has used the printed address."""
    desk = SetupDesk(db)
    address = f"/setup/start/{desk.open(NOW)}"
    browser = Browser(db, setup=desk, clock=clock)
    assert browser.send(address, browser.get(address)).status_code == 303
    return browser


def fill(browser: Browser, path: str, **fields: str) -> httpx.Response:
    return browser.send(path, browser.get(path), **fields)
