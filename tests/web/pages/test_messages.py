"""Messages in the browser: those of next week, a test, the switch, and what was sent and answered."""

import re
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from changeflow.agenda.due import AnswerKind
from changeflow.agenda.reasons import Reason
from changeflow.delivery.channels import ChannelSettings, FileChannel
from changeflow.storage import message_switch
from changeflow.storage.database import read_scope
from changeflow.storage.versions import required
from changeflow.usecases import dispatch, nudge_preview, ticks
from changeflow.usecases.message_pages import ANSWERED, KINDS
from changeflow.usecases.message_switch import switch_messages
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from changeflow.values.words import Role
from tests.every_role import HOLDER, World
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/people/messages"
WEEK = f"{URL}/week"
MORNING = datetime(2027, 3, 25, 10, tzinfo=LONDON)
READERS = ("member", "lead", "chief", "admin")
SWITCHERS = ("member", "chief", "admin")
OTHERS = [p for role, p in HOLDER.items() if role is not Role.SYSTEM and p not in READERS]


def browser(world: World, person: str = "admin", **options: object) -> Browser:
    return signed_in(world.db, person, now=MORNING, **options)


def are_on(world: World) -> bool:
    with read_scope(world.db) as session:
        return message_switch.are_on(session, required(session, "small").definition)


def change(world: World, person: str) -> Change:
    return Change(db=world.db, programme="small", actor=person, now=MORNING, on=MORNING.date())


def examples(page: object) -> list[str]:
    return re.findall(r'href="(\S+?)">Read one<', page.text)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("person", READERS)
def test_the_week_says_what_the_command_says(world: World, person: str):
    moments = nudge_preview.moments_from(MORNING, nudge_preview.WEEK)
    lines = list(nudge_preview.preview(db=world.db, moments=moments, desk=Desk()))
    subjects = [line.partition(">: ")[2] for line in lines if line.startswith("  send")]
    assert subjects
    page = browser(world, person).get(WEEK)
    shown = text_of(page)
    assert (page.status_code, heading(page)) == (200, "Next week’s messages")
    assert all(subject in shown for subject in subjects)
    assert f"{len(subjects)} message" in shown
    assert "@" not in shown


@pytest.mark.parametrize("person", OTHERS)
def test_others_see_no_messages(world: World, person: str):
    for path in (URL, WEEK, f"{WEEK}/2027-03-25/owner"):
        assert browser(world, person).get(path).status_code == 403


@pytest.mark.slow
def test_a_message_is_shown_as_it_would_be_sent_and_noted(own_world: World):
    visitor, before = browser(own_world), len(own_world.audited())
    [path, *_] = examples(visitor.get(WEEK))
    page = visitor.get(path)
    assert page.status_code == 200
    assert "Dear " in text_of(page) or "Hello " in text_of(page)
    first, second = own_world.audited()[before:]
    assert first == ("admin", "look", "letters")
    assert second[2].startswith("letter:")


def test_every_kind_of_message_has_a_name():
    assert set(KINDS) == set(Reason)
    assert set(ANSWERED) == set(AnswerKind)


@pytest.mark.parametrize("path", ["2027-03-25/no-one", "2020-01-01/owner", "x/owner", "2027-03-25/<b>"])
def test_a_message_that_no_one_gets_is_not_there(world: World, path: str):
    assert browser(world).get(f"{WEEK}/{path}").status_code == 404


@pytest.mark.slow
def test_messages_are_switched_on_only_after_one_of_each_kind_was_opened(own_world: World):
    visitor = browser(own_world)
    refused = visitor.send(URL, visitor.get(URL), switch="on", seen="0")
    assert refused.status_code == 422
    assert "First open one message of each kind" in text_of(refused)
    assert "Messages are off, as before." in text_of(refused)
    for path in examples(visitor.get(WEEK)):
        assert visitor.get(path).status_code == 200
    assert "You have opened one of each kind today." in text_of(visitor.get(WEEK))
    other = browser(own_world, "chief")
    assert other.send(URL, other.get(URL), switch="on", seen="0").status_code == 422
    saved = visitor.send(URL, visitor.get(URL), switch="on", seen="0")
    assert (saved.status_code, are_on(own_world)) == (303, True)
    assert "Messages are on: people get" in text_of(visitor.get(saved.headers["location"]))
    assert "Messages are off" not in visitor.get("/p/small").text


@pytest.mark.slow
def test_messages_go_off_at_once_and_on_only_as_the_page_showed_it(own_world: World):
    switch_messages(change(own_world, "chief"), is_on=True)
    visitor = browser(own_world, "member")
    page = visitor.get(URL)
    assert visitor.send(URL, page, switch="off", seen="0").status_code == 303
    assert not are_on(own_world)
    for path in examples(visitor.get(WEEK)):
        visitor.get(path)
    stale = visitor.send(URL, page, switch="on", seen="1")
    assert stale.status_code == 409
    assert "Someone else has switched messages on or off" in text_of(stale)
    assert not are_on(own_world)
    acts = [(who, what) for who, what, _ in own_world.audited() if what.startswith("messages:")]
    assert acts == [("chief", "messages:on"), ("member", "messages:off")]


def test_two_clicks_switch_once(own_world: World):
    switch_messages(change(own_world, "chief"), is_on=True)
    visitor = browser(own_world)
    page = visitor.get(URL)
    assert [visitor.send(URL, page, switch="off", seen="1").status_code for _ in range(2)] == [303, 303]
    assert [what for _, what, _ in own_world.audited()].count("messages:off") == 1


@pytest.mark.parametrize("person", [*OTHERS, "lead"])
def test_who_may_not_switch_is_refused(own_world: World, person: str):
    visitor = browser(own_world, person)
    page = visitor.get("/p/small/settings/sessions")
    assert visitor.send(URL, page, switch="on").status_code == 403
    assert not are_on(own_world)


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"switch": "maybe"}, {"switch": "on", "seen": "9" * 40}, {"switch": "\x00"}])
def test_a_form_that_is_none_of_ours_changes_nothing(own_world: World, fields: dict[str, str]):
    visitor = browser(own_world)
    assert visitor.send(URL, visitor.get(URL), **fields).status_code in (409, 422)
    assert not are_on(own_world)


@pytest.mark.slow
def test_what_is_switched_off_is_held_and_says_why(own_world: World, tmp_path: Path):
    class Reaching(FileChannel):
        reaches_people = True

    channel = Reaching(tmp_path / "sent")
    ticks.tick(db=own_world.db, now=MORNING)
    assert dispatch.dispatch(db=own_world.db, now=MORNING, channel=channel).sent == 0
    switch_messages(change(own_world, "chief"), is_on=True)
    done = dispatch.dispatch(db=own_world.db, now=MORNING, channel=channel)
    assert done.sent > 0
    page = browser(own_world).get(URL)
    assert text_of(page).count("Sent") > done.sent


@pytest.mark.slow
def test_a_test_goes_to_oneself_alone(own_world: World, tmp_path: Path):
    outbox = tmp_path / "outbox"
    visitor = browser(own_world, post=LinkPost(channels=ChannelSettings(outbox=outbox), pause=lambda _: None))
    [path, *_] = examples(visitor.get(WEEK))
    letter = visitor.get(path)
    answer = visitor.send(path, letter)
    assert answer.status_code == 200
    assert "Written as a file" in text_of(answer)
    [mail] = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in outbox.glob("*.eml")]
    assert mail["To"].addresses[0].addr_spec == "admin@example.org"
    assert mail["Subject"] == f"Test: {heading(letter)}"
    assert "This is a test, sent only to you." in mail.get_body(("plain",)).get_content()
    assert "This is a test, sent only to you." in mail.get_body(("html",)).get_content()
    assert [who for who, what, _ in own_world.audited() if what == "message:test"] == ["admin"]


@pytest.mark.slow
def test_no_more_tests_than_twenty_a_day(own_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.usecases.message_pages.MOST_TESTS", 1)
    post = LinkPost(channels=ChannelSettings(outbox=tmp_path / "outbox"), pause=lambda _: None)
    visitor = browser(own_world, post=post)
    [path, *_] = examples(visitor.get(WEEK))
    statuses = [visitor.send(path, visitor.get(path)).status_code for _ in range(2)]
    assert statuses == [200, 422]
