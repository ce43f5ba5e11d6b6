"""How messages are sent, without secrets, and a test message to oneself with its result."""

from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from changeflow.delivery.channels import ChannelSettings, Receipt, Sent, SmtpChannel
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from tests.every_role import World
from tests.web.visiting import signed_in, text_of

MAIL = "/p/small/settings/mail"
SECRET = "smtp://trust:mark-4711@mail.example.org:587"


def post_of(**settings: object) -> LinkPost:
    return LinkPost(channels=ChannelSettings(**settings), desk=Desk(base_url="https://change.example.org"))  # type: ignore[arg-type]


def shown(world: World, **settings: object) -> str:
    answer = signed_in(world.db, "admin", post=post_of(**settings)).get(MAIL)
    assert "mark-4711" not in answer.text
    return text_of(answer)


@pytest.mark.slow
def test_the_server_is_shown_without_its_password(world: World):
    text = shown(world, smtp_url=SECRET)
    assert "Email through a mail server" in text
    assert "mail.example.org, port 587" in text
    assert "with a user name and password" in text
    assert "What is missing Messages are off." in text
    assert "CHANGEFLOW_SMTP_URL: set" in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "No mail server is set."),
        ({"channel": "smtp", "smtp_url": "mark-4711"}, "One of its settings is wrong. Nothing can be sent."),
        ({"channel": "notify", "notify_template": "x"}, "Some of its settings are missing. Nothing can be sent."),
        ({"channel": "teams", "teams_url": "ftp://mark-4711"}, "One of its settings is wrong. Nothing can be sent."),
        ({"channel": "pigeon"}, "The channel is misspelt. Nothing can be sent."),
    ],
)
def test_what_is_missing_is_said(world: World, settings: dict[str, str], said: str):
    assert said in shown(world, **settings)


def send(world: World, post: LinkPost) -> httpx.Response:
    browser = signed_in(world.db, "admin", post=post)
    return browser.send(MAIL, browser.get(MAIL))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        (Receipt(Sent.YES), "Sent. Check that it arrives. Look in your junk folder too."),
        (Receipt(Sent.NEVER, "the address is refused (550)"), "Refused: the address is refused (550)."),
        (Receipt(Sent.LATER, "no connection: ConnectionRefusedError"), "Not sent: no connection: ConnectionRefused"),
        (Receipt(Sent.MAYBE, "connection lost: TimeoutError"), "It may have been sent: connection lost: TimeoutError."),
    ],
)
def test_a_test_is_sent_once_and_its_result_is_shown(
    own_world: World, monkeypatch: pytest.MonkeyPatch, receipt: Receipt, said: str
):
    sent = []
    monkeypatch.setattr(SmtpChannel, "send", lambda _, message: sent.append(message) or receipt)
    answer = send(own_world, post_of(smtp_url=SECRET))
    assert answer.status_code == 200
    assert said in text_of(answer)
    [message] = sent
    assert (message.to_address, message.subject) == ("admin@example.org", "Test message from A small programme")
    assert [(who, about) for who, what, about in own_world.audited() if what == "message:test"] == [
        ("admin", "settings")
    ]


@pytest.mark.slow
def test_without_a_mail_server_the_test_is_written_as_a_file(own_world: World, tmp_path: Path):
    answer = send(own_world, post_of(outbox=tmp_path))
    assert "Written as a file on the server" in text_of(answer)
    [mail] = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in tmp_path.glob("*.eml")]
    assert mail["To"].addresses[0].addr_spec == "admin@example.org"
    assert "https://change.example.org/p/small/settings/mail" in mail.get_body(("plain",)).get_content()


@pytest.mark.slow
def test_no_more_tests_than_twenty_a_day(own_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.usecases.mail_settings.MOST_TESTS", 1)
    statuses = [send(own_world, post_of(outbox=tmp_path)).status_code for _ in range(2)]
    assert statuses == [200, 422]
