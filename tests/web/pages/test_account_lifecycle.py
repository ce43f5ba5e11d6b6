"""How access ends: through erasure, a new key, a restore or retention, or because a person or role is removed."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.storage.accounts import KEPT
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, read_scope, session_scope
from changeflow.storage.invitations import withdraw_invitation
from changeflow.storage.tables.accounts import AccountRow, InvitationRow, SessionRow, SignInLinkRow
from changeflow.usecases import accounts, programs, retention
from changeflow.usecases.restoration import release, restore, review
from changeflow.usecases.upkeep import start_new_key
from changeflow.web.security import SESSION
from tests import asked
from tests.every_role import FILE, NOW, PEOPLE, TODAY, World, store
from tests.sessions import sessions
from tests.web.pages.test_sign_in import HEAD, a_browser, ask, invite, link_in
from tests.web.visiting import ISSUER, Browser, signed_in

HOME = "/p/small"


def rows(world: World, table: type) -> list:
    with read_scope(world.db) as session:
        return list(session.exec(select(table)).all())


def erase(world: World, person: str, **more: object) -> dict[str, int]:
    return asked.erase(person, db=world.db, programme=None, actor="officer", now=NOW, **more).removed


@pytest.mark.slow
def test_an_erased_person_has_no_account_session_link_or_invitation(own_world: World, tmp_path: Path):
    invite(own_world, "head", "ash-office@example.org")
    by_link = a_browser(own_world, tmp_path / "out")
    ask(by_link, "ash-office@example.org")
    link = link_in(tmp_path / "out")
    by_link.send(link, by_link.get(link))
    by_provider, other = signed_in(own_world.db, "head"), signed_in(own_world.db, "chief")
    assert (by_link.get(HOME).status_code, by_provider.get(HOME).status_code) == (200, 200)
    removed = erase(own_world, "head")
    assert (removed["accounts"], removed["invitations"]) == (2, 1)
    for browser in (by_link, by_provider):
        assert browser.get(HOME).status_code == 303
    assert other.get(HOME).status_code == 200
    assert rows(own_world, InvitationRow) == []
    assert rows(own_world, SignInLinkRow) == []


@pytest.mark.slow
def test_an_address_that_two_people_were_invited_at_keeps_its_account(own_world: World):
    invite(own_world, "head", "office@example.org")
    with session_scope(own_world.db) as session:
        withdraw_invitation(session, "small", "head", at=NOW)
    invite(own_world, "viewer", "office@example.org")
    fresh = accounts.sign_in_by_provider(
        ISSUER, "office", "office@example.org", kind="", next_page="/", db=own_world.db, now=NOW
    )
    browser = Browser(own_world.db)
    browser.cookies[SESSION] = fresh.token
    erase(own_world, "head")
    assert browser.get(HOME).status_code == 200


@pytest.mark.slow
def test_a_persons_export_has_their_accounts_without_anything_to_sign_in_with(own_world: World):
    invite(own_world, "head")
    browser = signed_in(own_world.db, "head")
    ask_for = {"db": own_world.db, "programme": None, "actor": "officer", "now": NOW, "reason": "Asked"}
    about = asked.everything_about("head", TODAY, **ask_for).about
    assert [a["issuer"] for a in about["accounts"]] == [ISSUER]
    assert "Firefox" in {s["browser"] for s in about["sessions of their accounts"]}
    assert [i["person"] for i in about["invitations to sign in"]] == ["head"]
    text = str(about)
    own, _ = sessions(browser.cookies[SESSION], db=own_world.db, now=NOW)
    for secret in (browser.cookies[SESSION], own.id, own.address):
        assert secret not in text


@pytest.mark.slow
def test_a_new_key_ends_every_session_and_forgets_accounts(own_world: World):
    invite(own_world, "head")
    browser = signed_in(own_world.db, "chief")
    start_new_key(own_world.db, now=NOW)
    assert browser.get(HOME).status_code == 303
    assert [rows(own_world, t) for t in (AccountRow, SessionRow, SignInLinkRow, InvitationRow)] == [[], [], [], []]
    assert signed_in(own_world.db, "chief").get(HOME).status_code == 200


@pytest.mark.slow
def test_a_restored_database_has_no_session_link_or_token_of_before(
    own_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The person signed out after the copy was made, so the copy must not sign them in again."""
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "state"))
    invite(own_world, "head")
    browser, linked = signed_in(own_world.db, "admin"), a_browser(own_world, tmp_path / "out")
    token = programs.make_token(browser.cookies[SESSION], "small", "x", 9, db=own_world.db, now=NOW)
    ask(linked, HEAD)
    link = link_in(tmp_path / "out")
    page = linked.get(link)
    assert page.status_code == 200
    copy = tmp_path / "copy.db"
    backup(own_world.db, copy, at=NOW)
    browser.send("/sign-out", browser.get("/p/small/settings/sessions"))
    engine_for(own_world.db).dispose()
    restore(copy, db=own_world.db, now=NOW, replace=True)

    def is_out() -> bool:
        api = {"Authorization": f"Bearer {token}"}
        with_token = Browser(own_world.db).get("/api/v1/programmes/small", headers=api)
        return (browser.get(HOME).status_code, linked.send(link, page).status_code, with_token.status_code) == (
            303, 403, 401,
        )  # fmt: skip

    assert is_out()
    between = signed_in(own_world.db, "chief")
    assert between.get(HOME).status_code == 200
    review(db=own_world.db, now=NOW)
    release(db=own_world.db, actor="chief", now=NOW)
    assert is_out()
    assert between.get(HOME).status_code == 303
    assert signed_in(own_world.db, "chief").get(HOME).status_code == 200


@pytest.mark.slow
def test_sessions_and_links_are_kept_for_thirty_days_after_they_end(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    signed_in(own_world.db, "chief")
    ask(a_browser(own_world, tmp_path / "out"), HEAD)
    kept = accounts.SESSION_LIFE + KEPT
    retention.retain(db=own_world.db, now=NOW + kept)
    assert rows(own_world, SessionRow) != []
    retention.retain(db=own_world.db, now=NOW + kept + timedelta(seconds=1))
    assert rows(own_world, SessionRow) == []
    assert rows(own_world, SignInLinkRow) == []


@pytest.mark.slow
def test_a_session_lasts_twelve_hours(own_world: World):
    token = signed_in(own_world.db, "chief").cookies[SESSION]
    for moment, status in ((timedelta(hours=11, minutes=59), 200), (timedelta(hours=12), 303)):
        browser = Browser(own_world.db, now=NOW + moment)
        browser.cookies[SESSION] = token
        assert browser.get(HOME).status_code == status


@pytest.mark.slow
def test_a_role_that_is_taken_away_is_gone_at_the_next_request(own_world: World):
    browser = signed_in(own_world.db, "admin")
    assert browser.get(f"{HOME}/settings/people").status_code == 200
    store(own_world, "chief", programme=FILE.replace("admins: [admin]", "admins: [owner]"))
    assert browser.get(f"{HOME}/settings/people").status_code == 403
    assert browser.get(HOME).status_code == 200
    assert signed_in(own_world.db, "owner").get(f"{HOME}/settings/people").status_code == 200


@pytest.mark.slow
def test_a_person_who_left_is_out_at_the_next_request(own_world: World):
    browser = signed_in(own_world.db, "viewer")
    assert browser.get(HOME).status_code == 200
    left = PEOPLE.replace("viewer,Viewer,Viewer,viewer@example.org,team,,,\n", "")
    store(own_world, "chief", people=left)
    assert browser.get(HOME).status_code == 404


@pytest.mark.slow
def test_an_address_that_is_corrected_is_anothers_session_no_more(own_world: World):
    browser = signed_in(own_world.db, "viewer")
    store(own_world, "chief", people=PEOPLE.replace("viewer@example.org", "new@example.org"))
    assert browser.get(HOME).status_code == 404


@pytest.mark.slow
def test_someone_who_becomes_an_admin_cannot_go_on_with_a_link(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    browser.send(link, browser.get(link))
    assert browser.get(HOME).status_code == 200
    store(own_world, "chief", programme=FILE.replace("admins: [admin]", "admins: [admin, head]"))
    answer = browser.get(HOME)
    assert (answer.status_code, "why=admin" in answer.headers["location"]) == (303, True)
