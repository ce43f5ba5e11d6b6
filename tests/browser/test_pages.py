"""Every page in every state as a browser shows it, on a desk, a tablet and a phone, light and dark.

The console shows no error and the content policy blocks nothing. Axe finds nothing, no page scrolls sideways, the text
of pictures has at least 11 px, and every target is large enough. Each page is opened once, and resized. Texts that are
painted alike are looked at once, and every text of each eighth page.
"""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from changeflow.storage.database import session_scope
from changeflow.storage.invitations import withdraw_invitation
from changeflow.usecases import accounts
from changeflow.web.responses import answer_to
from changeflow.web.security import SESSION
from tests.browser.axe import Kinds
from tests.browser.conftest import ask_link, sign_in
from tests.browser.examples import BY_LINK, DOCUMENTS, PAGES, RECOVERED, Example, note_support, paths_to_open, stay
from tests.browser.looking import DESK, needs_chromium, problems, watch
from tests.browser.proposals import add_conflict, add_levelled_dates, add_proposals, add_recovery
from tests.browser.sample import (
    HEAD,
    NOW,
    OFFICE,
    PROGRAMME,
    Served,
    add_calculations,
    add_next_week,
    add_pilot_entries,
    add_uploads,
    database_in,
    free_port,
    invite_people,
    links_in,
    serving,
    store_empty,
)
from tests.browser.states import (
    ASKED,
    EMPTY_PAGES,
    TROUBLES,
    add_answer_links,
    add_drafts,
    name_no_day,
    press,
    promise_no_day,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, needs_chromium]
IDLE = str(Path(__file__).parent / "idle")
EXAMPLES = [example for examples in PAGES.values() for example in examples]
FIRST = {id(examples[0]) for examples in PAGES.values()}
"""One example of each route."""


@pytest.fixture(scope="module")
def calculated(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with next week's messages, calculations of each state, and an identity provider that is down."""

    def prepare(home: Path) -> None:
        add_next_week(home)
        add_calculations(home)
        add_proposals(home)
        add_conflict(home)
        add_levelled_dates(home)
        assert add_recovery(home) == RECOVERED
        add_uploads(home)
        add_pilot_entries(home)
        invite_people(home)
        add_answer_links(home)
        add_drafts(home)

    down = {"CHANGEFLOW_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}", "CHANGEFLOW_OIDC_CLIENT_ID": "changeflow"}
    # What it is asked to calculate runs and waits, and takes no time.
    idle = {"PYTHONPATH": os.pathsep.join([IDLE, os.environ.get("PYTHONPATH", "")])}
    with serving(stored, tmp_path_factory.mktemp("pages"), prepare=prepare, settings=down | idle) as found:
        yield found


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    """The kinds of texts that were looked at on any page."""
    return {}


@pytest.fixture(scope="module")
def newcomer(browser: Any, calculated: Served, kinds: Kinds) -> "Window":
    """The window of someone whose programme has just begun."""
    token = store_empty(calculated.home)
    opened = Window(browser, calculated, None, kinds)
    opened.page.context.add_cookies([{"name": SESSION, "value": token, "url": calculated.base}])
    return opened


class Window:
    """The window of one person. Pages open in it one after the other, because a new one starts a process each time."""

    def __init__(self, browser: Any, site: Served, person: str | None, kinds: Kinds) -> None:
        self.kinds = kinds
        self.page = browser.new_context(base_url=site.base).new_page()
        if person is not None:
            sign_in(self.page, site, person)
        self.request = self.page.context.request
        self.errors, self.statuses = watch(self.page), list[int]()
        self.page.on("response", self._note)
        self.asked = set[Any]()
        self.page.on("request", lambda asked: self.asked.add(asked))
        for ended in ("requestfinished", "requestfailed"):
            self.page.on(ended, lambda asked: self.asked.discard(asked))

    def _note(self, response: Any) -> None:
        if response.request.is_navigation_request():
            self.statuses.append(response.status)

    def _settle(self) -> None:
        """Wait until nothing is under way, such as the page to which a form leads."""
        self.page.wait_for_timeout(20)  # the browser tells of a click's request a moment later

        def is_quiet() -> bool:
            self.page.wait_for_timeout(5)
            return not self.asked

        wait_until(is_quiet, what="the end of the page's requests")
        self.page.wait_for_load_state()

    def look(self, example: Example, *, every_text: bool = False) -> list[str]:
        """Open a page; return what is wrong with it. Of texts, look at every one or at one of each kind."""
        self.statuses.clear()
        self.page.set_viewport_size({"width": DESK, "height": 720})
        self.page.goto(example.path)
        example.then(self.page)
        self._settle()
        found = problems(self.page, is_for_phones=example.is_for_phones, every_text=every_text, kinds=self.kinds)
        # The browser itself writes each page that is not found or refused to its console.
        own = f"Failed to load resource: the server responded with a status of {example.status}"
        shown = [text for text in self.errors if example.status == 200 or not text.startswith(own)]
        self.errors.clear()
        wrong = [] if self.statuses[-1] == example.status else [f"status {self.statuses[-1]}"]
        return [*wrong, *(f"console: {text}" for text in shown), *found]


@pytest.fixture(scope="module")
def window(browser: Any, calculated: Served, kinds: Kinds) -> Callable[[str | None], Window]:
    """The window of each person, who has signed in."""
    return cache(lambda person: Window(browser, calculated, person, kinds))


def name_of(example: Example) -> str:
    return f"{example.path.removeprefix('/')} {example.who or 'no one'} {example.status}"


def test_every_route_has_an_example():
    assert paths_to_open() == {*PAGES, *DOCUMENTS, *BY_LINK}


@pytest.mark.usual(12)
@pytest.mark.parametrize(
    "example", [pytest.param(e, marks=() if id(e) in FIRST else pytest.mark.whole) for e in EXAMPLES], ids=name_of
)
def test_everybody_can_use_a_page(window: Callable[[str | None], Window], example: Example):
    assert window(example.who).look(example, every_text=EXAMPLES.index(example) % 8 == 0) == []


@pytest.mark.usual(3)
@pytest.mark.parametrize("path", EMPTY_PAGES)
def test_everybody_can_use_a_page_that_has_nothing_to_show(newcomer: Window, path: str):
    assert newcomer.look(Example(path, is_for_phones=path.endswith(("/me", "/schools/ash")))) == []


@pytest.mark.usual(3)
@pytest.mark.parametrize("path", TROUBLES)
def test_everybody_can_use_a_page_that_says_what_went_wrong(window: Callable[[str | None], Window], path: str):
    stranger, answer = window(None), answer_to(TROUBLES[path], path=path)
    stranger.page.route(
        f"**{path}",
        lambda route: route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=bytes(answer.body)),
    )
    assert stranger.look(Example(path, None, answer.status_code, is_for_phones=True)) == []


@pytest.mark.thorough
def test_everybody_can_answer_a_message_on_a_phone(window: Callable[[str | None], Window]):
    stranger, task, delays = window(None), f"/a/{'t' * 43}", f"/a/{'d' * 43}"
    looks = [Example(f"/a/{token}", None, is_for_phones=True) for token in ASKED]
    looks += [
        Example(path, None, status, is_for_phones=True, then=then)
        for path, status, then in (
            (delays, 422, press("Mark as done")),
            (task, 422, promise_no_day),
            (task, 200, press("Mark as done")),
            (task, 422, name_no_day),
            (task, 200, press("Undo")),
            (f"/a/{'z' * 43}", 404, stay),
        )
    ]
    assert [(look.path, wrong) for look in looks if (wrong := stranger.look(look))] == []


@pytest.mark.thorough
def test_everybody_can_choose_messages_on_a_phone(window: Callable[[str | None], Window], calculated: Served):
    stranger = window(None)
    path = next(path for path in links_in(calculated.home, "u") if stranger.request.get(path).ok)
    for then in (stay, press("Switch off optional messages and get the rest weekly"), press("Create a calendar link")):
        assert stranger.look(Example(path, None, is_for_phones=True, then=then)) == []
    assert stranger.look(Example(path, None, is_for_phones=True, then=press("Create a calendar link"))) == []
    assert "it still works" in stranger.page.locator("main").inner_text()


@pytest.mark.thorough
def test_everybody_can_sign_in_on_a_phone_or_read_why_not(window: Callable[[str | None], Window], calculated: Served):
    stranger, refused = window(None), f"/sign-in/link/{'z' * 43}"
    for path in (ask_link(stranger.page, calculated, HEAD), calculated.doors[OFFICE]):
        assert stranger.look(Example(path, None, is_for_phones=True)) == []
    assert stranger.look(Example(refused, None, 403, is_for_phones=True)) == []
    path = ask_link(stranger.page, calculated, HEAD)
    with session_scope(database_in(calculated.home)) as session:
        assert withdraw_invitation(session, PROGRAMME, HEAD, at=NOW)
    try:
        assert stranger.look(Example(path, None, 403, is_for_phones=True, then=press("Sign in"))) == []
        assert "You have not been invited" in stranger.page.locator("main").inner_text()
    finally:
        invite_people(calculated.home)


@pytest.mark.thorough
def test_everybody_can_continue_a_form_after_signing_in_again(browser: Any, calculated: Served, kinds: Kinds):
    own = Window(browser, calculated, HEAD, kinds)
    own.page.goto(f"/p/{PROGRAMME}/people/support")
    [token] = [c["value"] for c in own.page.context.cookies() if c["name"] == SESSION]
    accounts.sign_out(token, db=database_in(calculated.home), now=calculated.now)
    note_support(own.page, "Opened the training")
    own.page.get_by_role("heading", name="Sign in", exact=True).wait_for()
    sign_in(own.page, calculated, HEAD)
    assert own.look(Example(f"/p/{PROGRAMME}/kept", is_for_phones=True)) == []
    own.page.get_by_role("button", name="Continue with what you entered").click()
    own.page.get_by_role("heading", name="What this would change").wait_for()


@pytest.mark.usual(2)
@pytest.mark.parametrize("path", DOCUMENTS.values(), ids=lambda found: found[0].removeprefix("/"))
def test_everybody_can_download_a_document(window: Callable[[str | None], Window], path: tuple[str, str]):
    answer = window(OFFICE).request.get(path[0])
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, path[1])
    beginnings = {"application/pdf": b"%PDF", "application/zip": b"PK"}
    assert answer.body().startswith(beginnings.get(path[1], (b"<!doctype html>", b"{", b"[")))
