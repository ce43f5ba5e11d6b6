"""The message about an invitation: who gets one, what it says, and how many there are."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from changeflow.delivery.channels import ChannelSettings
from changeflow.languages.language import language_of
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for
from changeflow.usecases.account_settings import MOST_TO_ONE
from changeflow.usecases.messages import Desk
from changeflow.usecases.restoration import restore
from changeflow.usecases.sign_in_mail import LinkPost
from tests.browser.sample import free_port
from tests.every_role import FILE, NOW, PEOPLE, World, store
from tests.waiting import PATIENCE
from tests.web.visiting import HERE, Browser, signed_in, text_of

PAGE = "/p/small/settings/people"
LIVE = FILE + "live: true\n"
NOTE = language_of("cy").note


class Received(Handler):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: Message) -> None:
        found = message_from_bytes(message.as_bytes(), policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[EmailMessage]]]:
    """A real mail server: its address, and what it received."""
    handler = Received()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), ready_timeout=PATIENCE)
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}", handler.mails
    controller.stop()


def admin(world: World, url: str | None) -> Browser:
    post = LinkPost(channels=ChannelSettings(smtp_url=url), desk=Desk(base_url=HERE), pause=lambda _: None)
    return signed_in(world.db, "admin", post=post)


def invite(browser: Browser, person: str = "head", email: str = "ash-office@example.org") -> httpx.Response:
    answer = browser.send(f"{PAGE}/{person}/invite", browser.get(f"{PAGE}/{person}"), email=email)
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


@pytest.mark.slow
def test_an_invitation_sends_one_message_in_both_languages(own_world: World, mailbox: tuple[str, list[EmailMessage]]):
    store(own_world, "chief", programme=LIVE)
    url, mails = mailbox
    page = invite(admin(own_world, url))
    assert "We are sending a message with the address of the sign-in page." in text_of(page)
    [mail] = mails
    assert mail["To"].addresses[0].addr_spec == "ash-office@example.org"
    assert mail["Subject"] == "You can sign in to A small programme"
    plain, rich = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Invited by: Administrator." in plain
    assert "Gwahoddwyd gan: Administrator." in plain
    assert NOTE in plain
    assert '<div lang="cy">' in rich
    assert plain.count("http") == 1
    assert f"Go to the sign-in page: {HERE}/sign-in?lang=en" in plain
    assert len(" ".join(plain.split()).split()) < 170
    assert ("admin", "invite", "head") in own_world.audited()


@pytest.mark.slow
def test_an_admin_is_told_to_use_their_organisations_account(own_world: World, mailbox: tuple[str, list[EmailMessage]]):
    store(own_world, "chief", programme=LIVE)
    url, mails = mailbox
    invite(admin(own_world, url), person="admin", email="admin@example.org")
    [mail] = mails
    text = mail.get_body(("plain",)).get_content()
    assert "Sign in with your organisation’s account." in text
    assert "We will send you a link" not in text


@pytest.mark.slow
def test_a_person_gets_the_message_in_their_own_language_first(
    own_world: World, mailbox: tuple[str, list[EmailMessage]]
):
    welsh = PEOPLE.replace("groups,manager\n", "groups,manager,language\n").replace("ash,heads,", "ash,heads,,cy")
    store(own_world, "chief", programme=LIVE, people=welsh)
    url, mails = mailbox
    invite(admin(own_world, url))
    [mail] = mails
    assert mail["Subject"] == "Gallwch fewngofnodi i A small programme"
    text = mail.get_body(("plain",)).get_content()
    assert text.index("Gwahoddwyd gan") < text.index("Invited by")
    assert text.count(NOTE) == 1
    assert "/sign-in?lang=cy" in text


@pytest.mark.slow
def test_only_two_messages_a_day_go_to_one_address(own_world: World, mailbox: tuple[str, list[EmailMessage]]):
    store(own_world, "chief", programme=LIVE)
    url, mails = mailbox
    browser = admin(own_world, url)
    pages = [invite(browser) for _ in range(MOST_TO_ONE + 2)]
    assert len(mails) == MOST_TO_ONE
    assert f"Give the person the address of the sign-in page: {HERE}/sign-in" in text_of(pages[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("programme", "has_server", "why"),
    [
        (FILE, True, "The programme’s messages are off."),
        (LIVE, False, "No mail server is set."),
    ],
)
def test_without_a_message_the_page_has_the_address_to_hand_over(
    own_world: World, mailbox: tuple[str, list[EmailMessage]], programme: str, has_server: bool, why: str
):
    store(own_world, "chief", programme=programme.replace("A small programme", "A programme"))
    url, mails = mailbox
    page = invite(admin(own_world, url if has_server else None))
    assert f"{why} Give the person the address of the sign-in page: {HERE}/sign-in" in text_of(page)
    assert mails == []


@pytest.mark.slow
def test_a_restored_database_sends_none(own_world: World, mailbox: tuple[str, list[EmailMessage]]):
    store(own_world, "chief", programme=LIVE)
    url, mails = mailbox
    copy = own_world.home / "copy.db"
    backup(own_world.db, copy, at=NOW)
    engine_for(own_world.db).dispose()
    restore(copy, db=own_world.db, now=NOW, replace=True)
    invite(admin(own_world, url))
    assert mails == []
