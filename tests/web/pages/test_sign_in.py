"""Signing in by a link: who gets one, what strangers can learn, and what a link can do."""

import asyncio
import json
import re
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.delivery.channels import ChannelSettings
from changeflow.storage.database import session_scope
from changeflow.storage.invitations import invite as storage_invite
from changeflow.storage.invitations import withdraw_invitation
from changeflow.usecases import accounts
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.web.clients import Limits, Quota
from changeflow.web.security import BROWSER, SESSION, own_path
from tests.every_role import NOW, World
from tests.sessions import sessions
from tests.web.asking import PLENTY
from tests.web.visiting import HERE, Browser, form_token, heading, signed_in, text_of

HEAD, STRANGER = "head@example.org", "no-one@example.org"


def invite(world: World, person: str, email: str | None = None) -> None:
    with session_scope(world.db) as session:
        storage_invite(session, "small", person, email or f"{person}@example.org", at=NOW, by="admin")


def a_browser(world: World, outbox: Path, **options: object) -> Browser:
    post = LinkPost(channels=ChannelSettings(outbox=outbox), desk=Desk(base_url=HERE), pause=lambda _: None)
    return Browser(world.db, post=post, **options)


def ask(browser: Browser, email: str, **fields: str):
    return browser.send("/sign-in", browser.get("/sign-in"), email=email, **fields)


def mails(outbox: Path) -> list[Message]:
    files = sorted(outbox.glob("*.eml")) if outbox.exists() else []
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def link_in(outbox: Path) -> str:
    [mail] = mails(outbox)
    return link_of(mail)


def link_of(mail: Message) -> str:
    found = re.search(r"/sign-in/link/[A-Za-z0-9_-]{43}", mail.get_body(("plain",)).get_content())
    assert found is not None
    return found[0]


@pytest.mark.slow
def test_an_invited_person_signs_in_by_the_link(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    answer = ask(browser, HEAD, next="/p/small?x=1")
    assert (answer.status_code, heading(answer)) == (200, "Check your email")
    link = link_in(tmp_path / "out")
    page = browser.get(link)
    assert (page.status_code, heading(page)) == (200, "Sign in")
    assert SESSION not in browser.cookies
    answer = browser.send(link, page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/small?x=1")
    assert "Head of Ash" in browser.get("/p/small").text
    assert ("head", "sign-in", "link") in own_world.audited()


@pytest.mark.slow
def test_the_mail_is_from_the_programme_office_with_a_short_subject(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    ask(a_browser(own_world, tmp_path / "out"), HEAD)
    [mail] = mails(tmp_path / "out")
    assert mail["To"].addresses[0].addr_spec == HEAD
    assert mail["From"].addresses[0].addr_spec == "office@example.org"
    assert mail["Subject"] == "Sign in to A small programme"
    text = mail.get_body(("plain",)).get_content()
    assert "You can use the link once, within 10 minutes, and only in the browser where you asked for it." in text


def test_an_upper_case_address_gets_the_mail_at_the_listed_one(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    ask(a_browser(own_world, tmp_path / "out"), " HEAD@Example.org ")
    [mail] = mails(tmp_path / "out")
    assert mail["To"].addresses[0].addr_spec == HEAD


def test_a_look_alike_address_gets_no_mail_of_its_own(own_world: World, tmp_path: Path):
    """`ſ` counts as `s` when case is ignored, but its mailbox may be a stranger's."""
    invite(own_world, "signatory", "signatory@elsewhere.example.org")
    ask(a_browser(own_world, tmp_path / "out"), "ſignatory@elsewhere.example.org")
    assert mails(tmp_path / "out") == []
    with pytest.raises(accounts.SignInRefusedError):
        accounts.sign_in_by_provider(
            HERE, "x", "ſignatory@example.org", kind="", next_page="/", db=own_world.db, now=NOW
        )


@pytest.mark.slow
@pytest.mark.parametrize("email", [STRANGER, "member@example.org", "admin@example.org"])
def test_a_stranger_learns_nothing(email: str, own_world: World, tmp_path: Path):
    """Strangers, people who are not invited, and invited admins get the same response as an invited person."""
    for person in ("head", "admin"):
        invite(own_world, person)
    browser = a_browser(own_world, tmp_path / "out")
    known = ask(browser, HEAD)
    assert len(mails(tmp_path / "out")) == 1
    unknown = ask(browser, email)
    assert len(mails(tmp_path / "out")) == 1
    assert unknown.status_code == known.status_code
    assert unknown.text == known.text.replace(HEAD, email)
    assert {k: v for k, v in unknown.headers.items() if k != "content-length"} == {
        k: v for k, v in known.headers.items() if k != "content-length"
    }


def test_the_address_is_looked_up_after_the_answer(own_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    invite(own_world, "head")
    order: list[str] = []
    real = accounts.ask_link
    monkeypatch.setattr(accounts, "ask_link", lambda *a, **k: (order.append("looked up"), real(*a, **k))[1])
    browser = a_browser(own_world, tmp_path / "out")
    page = browser.get("/sign-in")
    body = f"form={form_token(page)}&email=head%40example.org".encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            order.append("answered")

    headers = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/x-www-form-urlencoded"),
               (b"cookie", f"{BROWSER}={browser.cookies[BROWSER]}".encode())]  # fmt: skip
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
             "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"", "root_path": "", "headers": headers,
             "client": ("127.0.0.1", 4711), "server": ("127.0.0.1", 8000)}  # fmt: skip
    asyncio.run(browser.app(scope, receive, send))
    assert order == ["answered", "looked up"]
    assert len(mails(tmp_path / "out")) == 1


@pytest.mark.parametrize(
    "email", ["", "head", "a b@example.org", "a@b@c", "x" * 250 + "@example.org", "a@b\r\nBcc: c@d"]
)
def test_a_text_that_is_no_address_is_sent_back(email: str, world: World, tmp_path: Path):
    answer = ask(a_browser(world, tmp_path / "out"), email)
    assert answer.status_code == 422
    assert "Enter an email address, such as name@example.org." in text_of(answer)
    assert mails(tmp_path / "out") == []


def test_html_in_an_address_is_shown_as_text(world: World, tmp_path: Path):
    answer = ask(a_browser(world, tmp_path / "out"), '"<b>x</b>{{7*7}}"@example.org')
    assert "<b>x" not in answer.text
    assert "49" not in text_of(answer)


@pytest.mark.slow
def test_a_link_works_once(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    page = browser.get(link)
    assert browser.send(link, page).status_code == 303
    again = browser.send(link, page)
    assert (again.status_code, heading(again)) == (403, "You are not signed in")
    assert browser.get(link).status_code == 403


@pytest.mark.slow
def test_a_link_works_for_ten_minutes(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    late = a_browser(own_world, tmp_path / "out", now=NOW + timedelta(minutes=10))
    late.cookies = browser.cookies
    assert late.get(link).status_code == 403
    in_time = a_browser(own_world, tmp_path / "out", now=NOW + timedelta(minutes=9, seconds=59))
    in_time.cookies = browser.cookies
    assert in_time.get(link).status_code == 200


@pytest.mark.slow
def test_a_link_works_only_in_the_browser_that_asked(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser, other = a_browser(own_world, tmp_path / "out"), a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    page = other.get("/sign-in")
    assert other.get(link).status_code == 403
    answer = other.send(link, page)
    assert answer.status_code == 403
    assert SESSION not in other.cookies
    assert browser.get(link).status_code == 200


@pytest.mark.slow
def test_a_withdrawn_invitation_ends_its_links_and_sessions(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    page = browser.get(link)
    signed = a_browser(own_world, tmp_path / "out2")
    ask(signed, HEAD)
    other = link_in(tmp_path / "out2")
    signed.send(other, signed.get(other))
    assert signed.get("/p/small").status_code == 200
    with session_scope(own_world.db) as session:
        withdraw_invitation(session, "small", "head", at=NOW)
    assert browser.send(link, page).status_code == 403
    assert own_world.audited()[-1] == ("head", "refused", "sign-in")
    # Their own address is still in the list of people, but that alone gives no link access.
    assert signed.get("/p/small").status_code == 404


@pytest.mark.slow
def test_an_address_gets_ten_links_in_an_hour(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    answers = [ask(browser, HEAD) for _ in range(12)]
    assert {a.status_code for a in answers} == {200}
    assert len(mails(tmp_path / "out")) == 10


def test_a_client_that_asks_too_often_must_wait(world: World, tmp_path: Path):
    limits = Limits(per_address=PLENTY.per_address, per_link=PLENTY.per_link, per_asker=Quota(most=2, seconds=3600))
    browser = a_browser(world, tmp_path / "out", limits=limits)
    found = [ask(browser, f"{n}@example.org").status_code for n in range(3)]
    assert found == [200, 200, 429]
    elsewhere = a_browser(world, tmp_path / "out", limits=limits, client="192.0.2.7")
    elsewhere.app = browser.app
    assert ask(elsewhere, STRANGER).status_code == 200


def test_a_form_of_another_browser_is_refused(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser, other = a_browser(own_world, tmp_path / "out"), a_browser(own_world, tmp_path / "out")
    other.get("/sign-in")
    assert other.send("/sign-in", browser.get("/sign-in"), email=HEAD).status_code == 403
    assert mails(tmp_path / "out") == []


def test_in_a_sandbox_the_mail_is_a_file_whatever_the_channel(own_world: World, tmp_path: Path):
    with session_scope(own_world.db) as session:
        from changeflow.storage.tables.accounts import SandboxRow

        session.add(SandboxRow(since=NOW))
    invite(own_world, "head")
    settings = ChannelSettings(channel="smtp", smtp_url="smtp://127.0.0.1:1", outbox=tmp_path / "out")
    browser = Browser(own_world.db, post=LinkPost(channels=settings, desk=Desk(base_url=HERE), pause=lambda _: None))
    assert ask(browser, HEAD).status_code == 200
    assert len(mails(tmp_path / "out")) == 1


@pytest.mark.slow
def test_a_mail_server_that_is_down_is_tried_again_and_changes_no_answer(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    waited: list[float] = []
    settings = ChannelSettings(channel="smtp", smtp_url="smtp://127.0.0.1:1", outbox=tmp_path / "out")
    browser = Browser(own_world.db, post=LinkPost(channels=settings, desk=Desk(base_url=HERE), pause=waited.append))
    assert heading(ask(browser, HEAD)) == "Check your email"
    assert waited == [0.0, 5.0, 20.0]


@pytest.mark.slow
def test_every_sign_in_has_a_new_token_and_ends_the_session_before_it(own_world: World, tmp_path: Path):
    """A session that an attacker planted in a browser is not the one that the browser's owner gets."""
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    planted = signed_in(own_world.db, "viewer").cookies[SESSION]
    browser.cookies[SESSION] = planted
    ask(browser, HEAD)
    link = link_in(tmp_path / "out")
    browser.send(link, browser.get(link))
    assert browser.cookies[SESSION] != planted
    with pytest.raises(accounts.SignInNeededError):
        sessions(planted, db=own_world.db, now=NOW)


OWN = st.text("/\\?&=#.:@%abz-_ \t\n\x00é\u2028", max_size=40)


@given(OWN | st.text(max_size=40))
def test_only_a_path_of_ours_is_opened_afterwards(text: str):
    path = own_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path in (text, "/")
    assert not any(c in path for c in "\\\r\n\t\x00#")


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example.org/", "//elsewhere.example.org", "/\\elsewhere.example.org", "javascript:0"]
)
def test_no_other_site_is_opened_after_signing_in(wanted: str, own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    ask(browser, HEAD, next=wanted)
    link = link_in(tmp_path / "out")
    assert browser.send(link, browser.get(link)).headers["location"] == "/"


@pytest.mark.slow
def test_the_mail_is_in_the_readers_language(own_world: World, tmp_path: Path):
    from tests.every_role import FILE, store

    invite(own_world, "head")
    store(own_world, "chief", programme=FILE + "language: cy\n")
    ask(a_browser(own_world, tmp_path / "out"), HEAD)
    [mail] = mails(tmp_path / "out")
    assert mail["Content-Language"] == "cy"
    assert mail["Subject"].startswith("Mewngofnodi i ")


@pytest.mark.slow
def test_no_log_has_the_link_or_the_address(own_world: World, tmp_path: Path):
    import io

    from changeflow import logs

    stream = io.StringIO()
    logs.begin("json", stream=stream)
    try:
        invite(own_world, "head")
        browser = a_browser(own_world, tmp_path / "out")
        ask(browser, HEAD)
        link = link_in(tmp_path / "out")
        browser.send(link, browser.get(link))
    finally:
        logs.begin("off")
    lines = stream.getvalue()
    assert [json.loads(line)["event"] for line in lines.splitlines()].count("sign-in mail") == 1
    assert HEAD not in lines
    assert link.rpartition("/")[2] not in lines
