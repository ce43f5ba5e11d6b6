"""Messages in the browser: those of next week, a test, the switch, and what was sent and answered."""

import json
import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest
from sqlmodel import func, select

from changeflow.agenda.due import AnswerKind
from changeflow.agenda.reasons import Reason
from changeflow.delivery.channels import ChannelSettings, FileChannel
from changeflow.storage import message_switch
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.jobs import JobState, remove_jobs
from changeflow.storage.tables.jobs import JobRow
from changeflow.storage.versions import required
from changeflow.usecases import dispatch, jobs, nudge_preview, ticks
from changeflow.usecases.message_pages import ANSWERED, KINDS
from changeflow.usecases.message_switch import switch_messages
from changeflow.usecases.message_weeks import work_out_week
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from changeflow.values.words import Role
from changeflow.web.calculations import Calculations
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


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting until a test runs them."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def work_out(world: World) -> None:
    """Do in this process what the worker does in a separate one."""
    job = jobs.claim(db=world.db, now=MORNING)
    assert job is not None
    found = work_out_week(job.programme, db=world.db, now=MORNING, desk=Desk(), say=lambda _: None)
    jobs.finish(job.id, JobState.DONE, db=world.db, now=MORNING, data=found)


def worked_out(visitor: Browser, world: World) -> httpx.Response:
    """Have the messages worked out, and return their page."""
    assert visitor.send(WEEK, visitor.get(WEEK)).status_code == 303
    work_out(world)
    return visitor.get(WEEK)


def examples(page: object) -> list[str]:
    return re.findall(r'href="(\S+?)">Read one<', page.text)  # type: ignore[attr-defined]


@pytest.mark.thorough
@pytest.mark.slow
def test_the_week_says_what_the_command_says(own_world: World):
    moments = nudge_preview.moments_from(MORNING, nudge_preview.WEEK)
    lines = list(nudge_preview.preview(db=own_world.db, moments=moments, desk=Desk()))
    subjects = [line.partition(">: ")[2] for line in lines if line.startswith("  send")]
    assert subjects
    worked_out(browser(own_world, "lead"), own_world)
    for person in READERS:
        page = browser(own_world, person).get(WEEK)
        shown = text_of(page)
        assert (page.status_code, heading(page)) == (200, "Next week’s messages")
        assert all(subject in shown for subject in subjects)
        assert f"{len(subjects)} message" in shown
        assert "@" not in shown


@pytest.mark.usual(5)
@pytest.mark.parametrize("person", OTHERS)
def test_others_see_no_messages(world: World, person: str):
    for path in (URL, WEEK, f"{WEEK}/2027-03-25/owner"):
        assert browser(world, person).get(path).status_code == 403


@pytest.mark.thorough
@pytest.mark.slow
def test_a_message_is_shown_as_it_would_be_sent_and_noted(own_world: World):
    visitor, before = browser(own_world), len(own_world.audited())
    [path, *_] = examples(worked_out(visitor, own_world))
    page = visitor.get(path)
    assert page.status_code == 200
    assert "Dear " in text_of(page) or "Hello " in text_of(page)
    asked, first, second = own_world.audited()[before:]
    assert asked == ("admin", "calculate", "messages")
    assert first == ("admin", "look", "letters")
    assert second[2].startswith("letter:")


@pytest.mark.thorough
@pytest.mark.slow
def test_a_week_that_is_no_longer_current_says_so_and_is_not_enough_for_the_switch(own_world: World):
    visitor = browser(own_world)
    assert "have not been worked out yet" in text_of(visitor.get(WEEK))
    for path in examples(worked_out(visitor, own_world)):
        visitor.get(path)
    assert "Work out the messages" not in visitor.get(WEEK).text
    assert visitor.send(WEEK, visitor.get(URL)).status_code == 303
    assert jobs.claim(db=own_world.db, now=MORNING) is None  # nothing to work out
    switch_messages(change(own_world, "chief"), is_on=True)
    switch_messages(change(own_world, "chief"), is_on=False)
    page = visitor.get(WEEK)
    assert "these messages may no longer be the ones that go out" in text_of(page)
    assert "Work out the messages again" in page.text
    refused = visitor.send(URL, visitor.get(URL), switch="on", seen="2")
    assert refused.status_code == 422
    assert "First have the next week’s messages worked out" in text_of(refused)
    worked_out(visitor, own_world)
    assert visitor.send(URL, visitor.get(URL), switch="on", seen="2").status_code == 303
    with read_scope(own_world.db) as session:
        assert session.exec(select(func.count()).select_from(JobRow)).one() == 2


@pytest.mark.slow
def test_a_week_in_progress_shows_how_far_it_is_and_can_be_stopped(own_world: World):
    visitor = browser(own_world, "lead")
    visitor.send(WEEK, visitor.get(WEEK))
    job = jobs.claim(db=own_world.db, now=MORNING)
    assert job is not None
    jobs.tell(job.id, "Working out day 3 of 7.", db=own_world.db, now=MORNING)
    page = visitor.get(WEEK)
    assert "Working out day 3 of 7." in text_of(page)
    assert "/p/small/calculations/1" not in browser(own_world).get("/p/small/calculations").text
    assert browser(own_world).get("/p/small/calculations/1").status_code == 404
    visitor.send(WEEK, page, do="stop")
    assert not jobs.tell(job.id, "", db=own_world.db, now=MORNING)
    assert "have not been worked out yet" in text_of(visitor.get(WEEK))
    assert own_world.audited()[-1] == ("lead", "stop-calculation", "messages")


@pytest.mark.thorough
@pytest.mark.slow
def test_the_worker_works_the_week_out_in_a_process_of_its_own(own_world: World):
    visitor = browser(own_world)
    visitor.send(WEEK, visitor.get(WEEK))
    Calculations(own_world.db, lambda: MORNING, "https://plan.example")._run_all()
    page = visitor.get(WEEK)
    assert "Worked out on 25 Mar 2027, 10am" in text_of(page)
    [path, *_] = examples(page)
    assert "https://plan.example/a/" in text_of(visitor.get(path))


@pytest.mark.thorough
@pytest.mark.slow
def test_a_result_is_not_shown_for_a_later_one_with_its_number(own_world: World):
    """An erasure removes all results, so SQLite gives the same number again."""
    visitor = browser(own_world, "lead")
    [path, *_] = examples(worked_out(visitor, own_world))
    assert visitor.get(path).status_code == 200
    with session_scope(own_world.db) as session:
        [(number, data)] = session.exec(select(JobRow.id, JobRow.data)).all()
        remove_jobs(session, "small")
    assert visitor.get(path).status_code == 404
    later = MORNING + timedelta(minutes=1)
    assert visitor.send(WEEK, visitor.get(WEEK)).status_code == 303
    job = jobs.claim(db=own_world.db, now=later)
    assert job is not None
    assert job.id == number
    jobs.finish(job.id, JobState.DONE, db=own_world.db, now=later, data=json.dumps({**json.loads(data), "days": []}))
    assert visitor.get(path).status_code == 404


@pytest.mark.thorough
@pytest.mark.slow
def test_the_week_can_be_worked_out_while_others_write(own_world: World):
    def write(_: str) -> None:
        switch_messages(change(own_world, "chief"), is_on=not are_on(own_world))

    before = len(own_world.audited())
    work_out_week("small", db=own_world.db, now=MORNING, desk=Desk(), say=write)
    assert [what for _, what, _ in own_world.audited()[before:]] == ["messages:on", "messages:off"] * 3 + [
        "messages:on"
    ]


def test_every_kind_of_message_has_a_name():
    assert set(KINDS) == set(Reason)
    assert set(ANSWERED) == set(AnswerKind)


@pytest.mark.parametrize("path", ["2027-03-25/no-one", "2020-01-01/owner", "x/owner", "2027-03-25/<b>"])
def test_a_message_that_no_one_gets_is_not_there(world: World, path: str):
    assert browser(world).get(f"{WEEK}/{path}").status_code == 404


@pytest.mark.thorough
@pytest.mark.slow
def test_messages_are_switched_on_only_after_one_of_each_kind_was_opened(own_world: World):
    visitor = browser(own_world)
    refused = visitor.send(URL, visitor.get(URL), switch="on", seen="0")
    assert refused.status_code == 422
    assert "First have the next week’s messages worked out" in text_of(refused)
    paths = examples(worked_out(visitor, own_world))
    refused = visitor.send(URL, visitor.get(URL), switch="on", seen="0")
    assert "First open one message of each kind" in text_of(refused)
    assert "Messages are off, as before." in text_of(refused)
    for path in paths:
        assert visitor.get(path).status_code == 200
    assert "You have opened one of each kind today." in text_of(visitor.get(WEEK))
    other = browser(own_world, "chief")
    assert other.send(URL, other.get(URL), switch="on", seen="0").status_code == 422
    saved = visitor.send(URL, visitor.get(URL), switch="on", seen="0")
    assert (saved.status_code, are_on(own_world)) == (303, True)
    assert "Messages are on: people get" in text_of(visitor.get(saved.headers["location"]))
    assert "Messages are off" not in visitor.get("/p/small").text


@pytest.mark.thorough
@pytest.mark.slow
def test_messages_go_off_at_once_and_on_only_as_the_page_showed_it(own_world: World):
    switch_messages(change(own_world, "chief"), is_on=True)
    visitor = browser(own_world, "member")
    page = visitor.get(URL)
    assert visitor.send(URL, page, switch="off", seen="0").status_code == 303
    assert not are_on(own_world)
    for path in examples(worked_out(visitor, own_world)):
        visitor.get(path)
    stale = visitor.send(URL, page, switch="on", seen="1")
    assert stale.status_code == 409
    assert "Someone else has switched messages on or off" in text_of(stale)
    assert not are_on(own_world)
    acts = [(who, what) for who, what, _ in own_world.audited() if what.startswith("messages:")]
    assert acts == [("chief", "messages:on"), ("member", "messages:off")]


@pytest.mark.slow
def test_two_clicks_switch_once(own_world: World):
    switch_messages(change(own_world, "chief"), is_on=True)
    visitor = browser(own_world)
    page = visitor.get(URL)
    assert [visitor.send(URL, page, switch="off", seen="1").status_code for _ in range(2)] == [303, 303]
    assert [what for _, what, _ in own_world.audited()].count("messages:off") == 1


@pytest.mark.slow
@pytest.mark.usual(4)
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


@pytest.mark.thorough
@pytest.mark.slow
def test_a_test_goes_to_oneself_alone(own_world: World, tmp_path: Path):
    outbox = tmp_path / "outbox"
    visitor = browser(own_world, post=LinkPost(channels=ChannelSettings(outbox=outbox), pause=lambda _: None))
    [path, *_] = examples(worked_out(visitor, own_world))
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
    monkeypatch.setattr("changeflow.usecases.mail_settings.MOST_TESTS", 1)
    post = LinkPost(channels=ChannelSettings(outbox=tmp_path / "outbox"), pause=lambda _: None)
    visitor = browser(own_world, post=post)
    [path, *_] = examples(worked_out(visitor, own_world))
    statuses = [visitor.send(path, visitor.get(path)).status_code for _ in range(2)]
    assert statuses == [200, 422]
