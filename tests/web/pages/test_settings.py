"""Who is invited, and a person's own sessions."""

import re
from pathlib import Path

import pytest

from changeflow.errors import UnknownThingError
from changeflow.storage import audit
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import session_scope
from changeflow.usecases import account_settings, accounts
from changeflow.values.words import Role
from changeflow.web.security import SESSION
from tests.every_role import FOREIGN, FOREIGN_PEOPLE, HOLDER, NOW, World, store_another
from tests.sessions import sessions
from tests.web.pages.test_sign_in import a_browser, ask, link_in, mails
from tests.web.visiting import ISSUER, Browser, heading, signed_in, text_of

PEOPLE, SESSIONS = "/p/small/settings/people", "/p/small/settings/sessions"
OTHERS = [person for role, person in HOLDER.items() if role not in (Role.ADMIN, Role.SYSTEM)]


def act(browser: Browser, what: str, person: str = "head", **fields: str):
    page = browser.get(f"{PEOPLE}/{person}")
    return browser.send(f"{PEOPLE}/{person}/{what}", page, **fields)


@pytest.mark.slow
def test_an_admin_invites_a_person_who_then_gets_a_link(own_world: World, tmp_path: Path):
    admin = signed_in(own_world.db, "admin")
    assert "not invited" in text_of(admin.get(f"{PEOPLE}/head"))
    assert act(admin, "invite", email="head@example.org").status_code == 303
    assert "Invited25 Mar 2027" in text_of(admin.get(f"{PEOPLE}/head")).replace(" 25", "25")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, "head@example.org")
    link = link_in(tmp_path / "out")
    browser.send(link, browser.get(link))
    assert browser.get("/p/small").status_code == 200
    assert "Last signed in25 Mar 2027" in text_of(admin.get(f"{PEOPLE}/head")).replace(" 25", "25")
    assert act(admin, "withdraw").status_code == 303
    ask(browser, "head@example.org")
    assert len(mails(tmp_path / "out")) == 1
    entries = own_world.audited()
    assert ("admin", "invite", "head") in entries
    assert ("admin", "withdraw-invitation", "head") in entries


@pytest.mark.slow
def test_an_invitation_at_another_address_is_withdrawn_at_the_next_request(own_world: World, tmp_path: Path):
    admin = signed_in(own_world.db, "admin")
    act(admin, "invite", email="ash-office@example.org")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, "ash-office@example.org")
    link = link_in(tmp_path / "out")
    browser.send(link, browser.get(link))
    assert "Head of Ash" in browser.get("/p/small").text
    act(admin, "withdraw")
    assert browser.get("/p/small").status_code == 404


@pytest.mark.slow
@pytest.mark.usual(8)
@pytest.mark.parametrize("person", OTHERS)
def test_only_an_admin_sees_the_page_or_invites(world: World, person: str):
    browser = signed_in(world.db, person)
    own = browser.get(SESSIONS)
    for answer in (
        browser.get(PEOPLE),
        browser.get(f"{PEOPLE}/head"),
        browser.send(f"{PEOPLE}/head/invite", own, email="x@example.org"),
        browser.send(f"{PEOPLE}/head/withdraw", own),
        browser.send(f"{PEOPLE}/head/release", own),
    ):
        assert (answer.status_code, heading(answer)) == (403, "You do not have access to this")


@pytest.mark.slow
def test_an_unknown_person_and_a_foreign_programme_are_not_there(world: World):
    admin = signed_in(world.db, "admin")
    own = admin.get(SESSIONS)
    assert admin.get(f"{PEOPLE}/no-one").status_code == 404
    assert admin.send(f"{PEOPLE}/no-one/invite", own, email="x@example.org").status_code == 404
    assert admin.get("/p/another/settings/people").status_code == 404
    assert admin.get("/p/another/settings/sessions").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("email", ["", "x", "a@b@c", "ſ@example.org", "x" * 300 + "@example.org"])
def test_a_text_that_is_no_address_is_sent_back(own_world: World, email: str):
    answer = act(signed_in(own_world.db, "admin"), "invite", email=email)
    assert answer.status_code == 422
    assert "Enter an" in text_of(answer)
    assert "not invited" in text_of(answer)


@pytest.mark.slow
def test_an_address_is_one_persons(own_world: World):
    admin = signed_in(own_world.db, "admin")
    act(admin, "invite", email="office@example.org")
    answer = act(admin, "invite", "viewer", email="office@example.org")
    assert "Someone else in the programme has been invited at this address." in text_of(answer)
    assert "This person has no invitation." in text_of(act(admin, "withdraw", "viewer"))


@pytest.mark.slow
def test_markup_in_an_entered_address_is_text(own_world: World):
    answer = act(signed_in(own_world.db, "admin"), "invite", email='"><b>x</b> {{ 7*7 }}')
    assert "<b>x" not in answer.text


@pytest.mark.slow
def test_an_address_that_was_released_is_its_new_owners(own_world: World):
    before = signed_in(own_world.db, "head")
    again = {"kind": "", "next_page": "/", "db": own_world.db, "now": NOW}
    with pytest.raises(accounts.SignInRefusedError):
        accounts.sign_in_by_provider(ISSUER, "the-next-head", "head@example.org", **again)
    assert act(signed_in(own_world.db, "admin"), "release").status_code == 303
    assert before.get("/p/small").status_code == 303
    browser = Browser(own_world.db)
    fresh = accounts.sign_in_by_provider(ISSUER, "the-next-head", "head@example.org", **again)
    browser.cookies[SESSION] = fresh.token
    assert browser.get("/p/small").status_code == 200
    with pytest.raises(accounts.SignInRefusedError):
        accounts.sign_in_by_provider(ISSUER, "head", "head@example.org", **again)
    assert ("admin", "release-address", "head") in own_world.audited()


@pytest.mark.slow
def test_a_released_address_is_in_the_audit_of_every_programme_that_knows_it(own_world: World):
    store_another(own_world, people=FOREIGN_PEOPLE.replace("another-lead@", "head@"))
    signed_in(own_world.db, "head")
    act(signed_in(own_world.db, "admin"), "release")
    act(signed_in(own_world.db, "admin"), "release")
    with session_scope(own_world.db) as session:
        found = {name: list(audit.entries_in_full(session, name)) for name in ("small", FOREIGN)}
    own, other = ([(e.actor, e.subject) for e in each if e.action == "release-address"] for each in found.values())
    assert own == [("admin", "head")] * 2
    assert other == [("system", "lead")], "the second closed nothing, and their admin is not ours"


def session_ids(browser: Browser) -> dict[bool, list[str]]:
    own, found = sessions(browser.cookies[SESSION], db=browser_db(browser), now=NOW)
    return {is_this: [s.id[:16] for s in found if (s.id == own.id) is is_this] for is_this in (True, False)}


def browser_db(browser: Browser) -> str:
    db: str = browser.app.state.site.db
    return db


@pytest.mark.slow
def test_a_person_ends_one_session_or_all(own_world: World):
    before = len(session_ids(signed_in(own_world.db, "chief"))[False])
    first, second, third = (signed_in(own_world.db, "chief") for _ in range(3))
    page = first.get(SESSIONS)
    assert text_of(page).count("End this session (Firefox") == before + 4
    assert text_of(page).count("this browser") == 1
    other = next(s for s in session_ids(first)[False] if s in session_ids(second)[True])
    assert first.send(f"{SESSIONS}/end", page, session=other).status_code == 303
    assert [b.get("/p/small").status_code for b in (second, third)] == [303, 200]
    assert first.get("/p/small").status_code == 200
    assert first.send(f"{SESSIONS}/end-all", page).headers["location"] == "/sign-in"
    assert {b.get("/p/small").status_code for b in (first, second, third)} == {303}


@pytest.mark.slow
def test_a_person_cannot_end_the_session_of_another(own_world: World):
    chief, head = signed_in(own_world.db, "chief"), signed_in(own_world.db, "head")
    [foreign] = session_ids(chief)[True]
    for which in (foreign, "", "0", foreign[:15], "g" * 16, "%"):
        answer = head.send(f"{SESSIONS}/end", head.get(SESSIONS), session=which)
        assert answer.status_code == 404
    assert chief.get("/p/small").status_code == 200
    with pytest.raises(UnknownThingError):
        account_settings.end_session(head.cookies[SESSION], "small", foreign, db=own_world.db, now=NOW)


@pytest.mark.slow
def test_ending_ones_own_session_signs_out(own_world: World):
    browser = signed_in(own_world.db, "chief")
    [own] = session_ids(browser)[True]
    answer = browser.send(f"{SESSIONS}/end", browser.get(SESSIONS), session=own)
    assert answer.headers["location"] == "/sign-in"
    assert browser.get(SESSIONS).status_code == 303


@pytest.mark.slow
def test_a_session_on_the_machine_is_listed_as_such(own_world: World):
    fresh = accounts.sign_in_here("small", "admin", SignIn.MACHINE, kind="Firefox", db=own_world.db, now=NOW)
    browser = Browser(own_world.db)
    browser.cookies[SESSION] = fresh.token
    assert "on the machine itself" in text_of(browser.get(SESSIONS))
    assert "25 Mar 2027" in text_of(browser.get(f"{PEOPLE}/admin"))


def sessions_of(admin: Browser, person: str) -> list[str]:
    return re.findall(r'name="session" value="([^"]+)"', admin.get(f"{PEOPLE}/{person}").text)


@pytest.mark.slow
def test_an_admin_ends_the_sessions_of_others(own_world: World):
    admin = signed_in(own_world.db, "admin")
    before = sessions_of(admin, "member")
    first, second = (signed_in(own_world.db, "member") for _ in range(2))
    page = admin.get(f"{PEOPLE}/member")
    [one, _] = [s for s in sessions_of(admin, "member") if s not in before]
    assert admin.send(f"{PEOPLE}/member/end", page, session=one).status_code == 303
    assert sorted(b.get("/p/small").status_code for b in (first, second)) == [200, 303]
    late = admin.send(f"{PEOPLE}/member/end", page, session=one)
    assert (late.status_code, "This session has already ended." in text_of(late)) == (422, True)
    assert admin.send(f"{PEOPLE}/member/end", page).status_code == 303
    assert [b.get("/p/small").status_code for b in (first, second)] == [303, 303]
    assert "No browser is signed in as this person." in text_of(admin.get(f"{PEOPLE}/member"))
    assert [e for e in own_world.audited() if e[1] == "end-session"] == [("admin", "end-session", "member")] * 2
    assert admin.get("/p/small").status_code == 200


@pytest.mark.slow
def test_no_one_ends_a_session_through_another_person(own_world: World):
    admin, chief = signed_in(own_world.db, "admin"), signed_in(own_world.db, "chief")
    [theirs, *_] = sessions_of(admin, "chief")
    page = admin.get(f"{PEOPLE}/head")
    assert admin.send(f"{PEOPLE}/head/end", page, session=theirs).status_code == 422
    assert chief.get("/p/small").status_code == 200
