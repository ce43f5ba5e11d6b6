"""Attacks on sessions and pages: forged and replayed tokens, oversized requests, framing, caching and false hosts."""

import io

import pytest

from changeflow.usecases import accounts
from changeflow.usecases.accounts import new_token
from changeflow.web.guard import HEADERS
from changeflow.web.security import BROWSER, PAGES_HEADERS, PAGES_POLICY, SESSION
from tests.every_role import NOW, World
from tests.refused import refusals
from tests.sessions import sessions
from tests.web.visiting import ISSUER, Browser, signed_in

HOME, SESSIONS, SECURE = "/p/small", "/p/small/settings/sessions", "https://change.example.org"
LINKS = {"/a/": "link", "/u/": "link", "/c/": "link", "/sign-in/link/": "sign-in", "/sign-in/here/": "sign-in"}
PAGES = ["/sign-in", HOME, SESSIONS, "/p/small/settings/people", "/p/small/settings/people/head", "/p/nothing"]


def with_session(world: World, token: str) -> Browser:
    browser = Browser(world.db)
    browser.cookies[SESSION] = token
    return browser


@pytest.mark.slow
def test_a_forged_session_is_none(world: World, logged: io.StringIO):
    real = signed_in(world.db, "chief").cookies[SESSION]
    stored = sessions(real, db=world.db, now=NOW)[0].id
    forged = [
        new_token(),
        "",
        "x",
        real[:-1],
        real + "A",
        real.swapcase(),
        stored,
        stored[:43],
        "A" * 4000,
        "' OR 1=1--",
    ]
    for token in forged:
        refusals(logged)
        answer = with_session(world, token).get(HOME)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in?next=%2Fp%2Fsmall"), token
        assert [line["action"] for line in refusals(logged)] == (["session"] if token else [])


@pytest.mark.slow
def test_a_session_that_was_signed_out_cannot_be_replayed(own_world: World, logged: io.StringIO):
    browser = signed_in(own_world.db, "chief")
    token, page = browser.cookies[SESSION], browser.get(SESSIONS)
    assert browser.send("/sign-out", page).status_code == 303
    replayed = with_session(own_world, token)
    assert replayed.get(HOME).status_code == 303
    assert replayed.send(f"{SESSIONS}/end-all", page).status_code == 303
    assert [line["action"] for line in refusals(logged)] == ["session", "session"]


def test_links_that_are_none_are_logged(world: World, logged: io.StringIO):
    browser = Browser(world.db)
    for path, action in LINKS.items():
        refusals(logged)
        assert browser.get(path + "x" * 43 + (".ics" if path == "/c/" else "")).status_code in (403, 404)
        assert [line["action"] for line in refusals(logged)] == [action], path


@pytest.mark.slow
def test_a_session_of_one_browser_is_not_anothers(own_world: World):
    first, second = signed_in(own_world.db, "chief"), signed_in(own_world.db, "viewer")
    assert first.cookies[SESSION] != second.cookies[SESSION]
    assert "Chief Executive" in first.get(HOME).text
    assert "Chief Executive</a>" not in second.get(HOME).text
    second.send("/sign-out", second.get(SESSIONS))
    assert second.get(HOME).status_code == 303
    assert first.get(HOME).status_code == 200


@pytest.mark.slow
def test_a_person_in_two_browsers_signs_out_of_one(own_world: World):
    first, second = signed_in(own_world.db, "chief"), signed_in(own_world.db, "chief")
    first.send("/sign-out", first.get(SESSIONS))
    assert (first.get(HOME).status_code, second.get(HOME).status_code) == (303, 200)


def test_the_browsers_cookie_is_no_session(world: World):
    browser = Browser(world.db)
    browser.get("/sign-in")
    assert with_session(world, browser.cookies[BROWSER]).get(HOME).status_code == 303


def test_over_https_cookies_belong_to_this_host_and_no_script_reads_them(world: World):
    browser = Browser(world.db, base_url=SECURE)
    [cookie] = browser.get("/sign-in").headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    assert name == f"__Host-{BROWSER}"
    parts = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    token = signed_in(world.db, "chief").cookies[SESSION]
    browser.cookies = {SESSION: token}
    assert browser.get(HOME).status_code == 303, "without the prefix, another host of the domain may have set it"
    browser.cookies = {f"__Host-{SESSION}": token}
    assert browser.get(HOME).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_framed_cached_or_sent_on(path: str, world: World):
    headers = signed_in(world.db, "admin").get(path).headers
    expected = {**HEADERS, **PAGES_HEADERS} if path != "/p/nothing" else HEADERS
    assert {name: headers.get(name) for name in expected} == dict(expected)
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_a_page_runs_no_script_of_its_text_and_sends_forms_only_here():
    rules = dict(rule.strip().partition(" ")[::2] for rule in PAGES_POLICY.split(";"))
    assert (rules["default-src"], rules["script-src"], rules["form-action"]) == ("'none'", "'self'", "'self'")
    assert (rules["base-uri"], rules["frame-ancestors"]) == ("'none'", "'none'")


@pytest.mark.parametrize("host", ["elsewhere.example.org", "127.0.0.1:8000@elsewhere.example.org", 'x"><b>x', ""])
def test_a_false_host_is_in_no_page_and_no_address(host: str, world: World):
    browser = signed_in(world.db, "chief")
    for path in ("/sign-in", HOME, "/"):
        answer = browser.get(path, headers={"Host": host})
        assert "elsewhere.example.org" not in answer.text
        assert "<b>x" not in answer.text
        assert answer.headers.get("location", "/").startswith("/")


def test_a_false_host_does_not_open_the_machines_doors(world: World):
    """A name that an attacker's server resolves to this machine is not this machine's own."""
    from changeflow.storage.accounts import SignIn
    from changeflow.web.sign_in_doors import Doors

    doors = Doors()
    door = doors.add(SignIn.MACHINE, "small", "admin", "Administrator")
    browser = Browser(world.db, doors=doors)
    path = f"/sign-in/here/{door.token}"
    assert browser.get(path).status_code == 200
    assert browser.get(path, headers={"Host": "elsewhere.example.org"}).status_code == 404
    assert browser.get(path, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404
    assert Browser(world.db, doors=doors, client="192.0.2.7").get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{HOME}?{'x' * 3000}", {}, 414),
        (f"/sign-in?next=/{'x' * 1900}", {}, 200),
        ("/sign-in/provider/back?code=" + "x" * 9000, {}, 414),
        ("/sign-in/provider/back?code=" + "x" * 3000, {}, 404),
        (HOME, {"Cookie": "x=" + "y" * 20_000}, 431),
        (HOME, {"Cookie": "; ".join(f"c{n}=1" for n in range(2000))}, 431),
        (HOME, {"Cookie": "; ".join(f"c{n}=1" for n in range(1500))}, 303),
        (HOME, {"Cookie": f"{SESSION}=a; {SESSION}=b"}, 303),
        (f"{HOME}/%00", {}, 400),
        (f"{HOME}/..%2f..%2fetc", {}, 404),
        (f"{HOME}?q=%zz", {}, 400),
    ],
)
def test_an_oversized_or_broken_request_is_answered_plainly(
    path: str, headers: dict[str, str], status: int, world: World
):
    assert Browser(world.db).get(path, headers=headers).status_code == status


def test_a_form_that_is_too_large_or_of_another_kind_is_refused(world: World):
    browser = signed_in(world.db, "admin")
    where = "/p/small/settings/people/head/invite"
    assert browser.ask("POST", where, content=b"x" * 30_000).status_code == 413
    assert browser.ask("POST", where, json={"form": "x"}).status_code == 415
    assert browser.ask("POST", where, content=b"form=%zz", headers={"Content-Type": "application/x-www-form-urlencoded"}
                       ).status_code == 400  # fmt: skip
    assert browser.ask("POST", where, data={f"f{n}": "x" for n in range(60)}).status_code == 413


@pytest.mark.slow
def test_a_session_signed_in_by_someone_with_the_same_address_at_another_provider_is_their_own(own_world: World):
    """Two providers are never set at once. An account at an earlier provider does not belong to the same person."""
    signed_in(own_world.db, "chief")
    fresh = accounts.sign_in_by_provider(
        f"{ISSUER}/new", "chief", "chief@example.org", kind="", next_page="/", db=own_world.db, now=NOW
    )
    assert with_session(own_world, fresh.token).get(HOME).status_code == 200
