"""Links in messages: opening one does not use it up, an answer counts once, and its effects are stored.

The small programme starts on Monday 4 January 2027. Its requirements belong to the lead and are due on Friday the 8th.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import html
from sqlmodel import select

from changeflow.agenda.due import AnswerKind
from changeflow.delivery.message import Message
from changeflow.programme.announcements import go_lives
from changeflow.programme.facts import Announcement
from changeflow.programme.programme import Programme
from changeflow.programme.recording import finish_of
from changeflow.reports.effects import delays_promises, effect_of
from changeflow.storage import answers, audit, keys, publications
from changeflow.storage.database import session_scope
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.answers import LinkRow
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases import answer_causes, definitions, dispatch, link_answers, progress, ticks, unit_of_work
from changeflow.usecases.announcements import announce
from changeflow.usecases.answer_recording import Given
from changeflow.usecases.link_answers import LinkError
from changeflow.usecases.stored import load, stored_on
from changeflow.usecases.unit_of_work import Change
from changeflow.web.app import make_app
from tests import audited
from tests.builders import PEOPLE, SERVICE, Postbox, a_folder
from tests.stored import store_once

TASK = "payroll/requirements"
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"


def moment(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


def sent_on(db: str, day: int) -> list[Message]:
    """Return what is sent on a day of January."""
    postbox = Postbox()
    ticks.tick(db=db, now=moment(day, 7))
    dispatch.dispatch(db=db, now=moment(day), channel=postbox)
    return postbox.sent


def token_in(message: Message, path: str = "a") -> str:
    found = re.search(rf"http://127.0.0.1:8000/{path}/(\S+)", message.text)
    assert found is not None
    return found[1]


class Browser:
    """Sends requests as a browser without script or cookies would."""

    def __init__(self, db: str, now: datetime) -> None:
        self._app = make_app(db, clock=lambda: now)

    def _ask(self, method: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, path, data=data)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self._ask("GET", path)

    def head(self, path: str) -> httpx.Response:
        return self._ask("HEAD", path)

    def post(self, path: str, data: dict[str, str]) -> httpx.Response:
        return self._ask("POST", path, data)


def load_on(db: str, day: int) -> Programme:
    return stored_on("small", db=db, on=date(2027, 1, day)).programme


def pages(db: str, now: datetime) -> Browser:
    return Browser(db, now)


def with_a_deputy(tmp_path: Path) -> Path:
    """Return the folder of the programme with a person who can take over the lead's tasks."""
    folder = a_folder(tmp_path / "trust", service=OWNED)
    header = PEOPLE.splitlines()[0].split(",")
    row = {"id": "deputy", "name": "Deputy", "role": "Deputy Director of People", "email": "deputy@example.org",
           "audience": "manager"}  # fmt: skip
    people = PEOPLE.rstrip("\n") + "\n" + ",".join(row.get(column, "") for column in header) + "\n"
    (folder / "people.csv").write_text(people)
    return folder


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    store_once(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=moment(4))
    return db


@pytest.fixture
def token(stored: str) -> str:
    [message] = sent_on(stored, 8)
    return token_in(message)


@pytest.mark.slow
def test_opening_a_link_does_not_use_it_up_and_an_answer_counts_once(stored: str, token: str):
    client = pages(stored, moment(8, 10))
    for _ in range(3):
        shown = client.get(f"/a/{token}")
        assert shown.status_code == 200
        assert "Payroll: requirements" in shown.text
    assert client.head(f"/a/{token}").status_code in (200, 405)
    taken = client.post(f"/a/{token}", data={"answer": "done"})
    assert "We have marked this as done." in taken.text
    with session_scope(stored) as session:
        stored_now = load(session, None, on=date(2027, 1, 8))
        assert stored_now.programme.is_done(TASK)
        last = list(audit.entries_in_full(session, "small"))[-1]
        assert (last.actor, last.action, last.via, last.account[:5]) == ("lead", "progress", "link", "link:")
        assert audited.verify(session)[1] == []
    again = client.post(f"/a/{token}", data={"answer": "done"})
    assert (again.status_code, "already had your answer" in again.text) == (410, True)


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.both_databases
def test_one_of_a_hundred_answers_at_once_succeeds(stored: str, token: str):
    def try_it(_: int) -> bool:
        try:
            link_answers.answer(token, Given(kind=AnswerKind.ACKNOWLEDGED), db=stored, now=moment(8, 10))
        except LinkError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(try_it, range(100))) == 1
    with session_scope(stored) as session:
        assert len(answers.answers(session, "small").all) == 1


@pytest.mark.slow
def test_a_token_is_long_and_only_its_digest_is_stored(stored: str, token: str):
    assert len(token) >= 43, "256 bits"
    with session_scope(stored) as session:
        kept = [row.token for row in session.exec(select(LinkRow))]
    assert all(token not in digest and len(digest) == 64 for digest in kept)


@pytest.mark.slow
def test_a_page_is_not_cached_and_has_no_other_links(stored: str, token: str):
    shown = pages(stored, moment(8, 10)).get(f"/a/{token}")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    page = html.fromstring(shown.text)
    assert page.xpath("//script | //img | //link") == []
    assert "lead@example.org" not in shown.text
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert page.xpath(f"//label[@for='{field.get('id')}']") or field.getparent().tag == "label"


def said_on(page: httpx.Response) -> str:
    return " ".join(html.fromstring(page.text).xpath("string(//main)").split())


@pytest.mark.slow
def test_an_answer_that_delays_a_promise_needs_a_reason_and_keeps_what_was_typed(
    stored: str, token: str, monkeypatch: pytest.MonkeyPatch
):
    # In the small programme, finishing a task never delays a promise: see the next test.
    monkeypatch.setattr(answer_causes, "delays_promises", lambda *_: True)
    client = pages(stored, moment(11, 10))
    asked = client.post(f"/a/{token}", data={"answer": "done"})
    assert asked.status_code == 422
    assert "We have not saved your answer. This will delay an announced date" in said_on(asked)
    assert "“All are live” is 6 days earlier, on 21 Jan 2027 (was 27 Jan 2027)." in said_on(asked)
    long = client.post(f"/a/{token}", data={"answer": "done", "cause": "<b>x</b>" + "y" * 2000})
    assert (long.status_code, "Your reason must be 2,000 characters or fewer." in said_on(long)) == (422, True)
    assert "&lt;b&gt;x&lt;/b&gt;y" in long.text
    assert not load_on(stored, 11).is_done(TASK)
    taken = client.post(f"/a/{token}", data={"answer": "done", "cause": " The supplier\n{{ 7*7 }} "})
    assert "We have marked this as done." in said_on(taken)
    programme = load_on(stored, 11)
    assert programme.is_done(TASK)
    assert [(c.task, c.by, c.text) for c in programme.facts.comments] == [(TASK, "lead", "The supplier\n{{ 7*7 }}")]


@pytest.mark.slow
def test_finishing_a_task_today_delays_no_promise(stored: str):
    """Every school's go-live is announced; each open task is finished in turn, even if it is late or out of order."""
    days = {(g.school, g.service): g.day for g in go_lives(load_on(stored, 4))}
    told = [
        Announcement(service=s, school=k, day=day, on=date(2027, 1, 4), how="letter") for (k, s), day in days.items()
    ]
    announce(told, Change(db=stored, programme="small", actor="chief", now=moment(4), on=date(2027, 1, 4)))
    for on in (date(2027, 1, 6), date(2027, 1, 11)):
        before = stored_on("small", db=stored, on=on)
        done = {
            t: progress.rehearse(before, [finish_of(before.programme, t, on)]) for t in before.programme.roadmap.tasks
        }
        moved = [effect_of(before.judged, after.judged).needs_reason for after in done.values() if after is not None]
        assert any(moved), "it brings announced dates forward"
        assert not any(delays_promises(before.judged, after.judged) for after in done.values() if after is not None)


def test_a_later_finish_delays_a_promise(stored: str):
    day = next(g.day for g in go_lives(load_on(stored, 4)) if g.school == "ash")
    told = Announcement(service="payroll", school="ash", day=day, on=date(2027, 1, 4), how="letter")
    announce([told], Change(db=stored, programme="small", actor="chief", now=moment(4), on=date(2027, 1, 4)))
    early, late = (stored_on("small", db=stored, on=date(2027, 1, n)).judged for n in (5, 12))
    assert delays_promises(early, late)
    assert not delays_promises(late, early)


class TestNotYet:
    def answer(self, db: str, token: str, until: str, day: int = 8) -> object:
        return pages(db, moment(day, 10)).post(f"/a/{token}", data={"answer": "not_yet", "until": until})

    @pytest.mark.slow
    def test_reminders_start_again_on_the_promised_day(self, stored: str, token: str):
        assert "remind you on that day" in self.answer(stored, token, "2027-01-14").text  # type: ignore[attr-defined]
        assert sent_on(stored, 12) == []
        [message] = sent_on(stored, 14)
        assert message.subject == "Payroll: requirements (due today)"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("until", "what"),
        [
            ("2027-01-08", "is not in the future"),
            ("2029-01-08", "over a year away"),
            ("31 February", "is not a date"),
            ("", "Enter the date"),
        ],
    )
    def test_an_impossible_day_is_refused_and_the_link_still_works(
        self, stored: str, token: str, until: str, what: str
    ):
        shown = self.answer(stored, token, until)
        assert shown.status_code == 422  # type: ignore[attr-defined]
        assert what in shown.text  # type: ignore[attr-defined]
        assert self.answer(stored, token, "2027-01-14").status_code == 200  # type: ignore[attr-defined]

    @pytest.mark.slow
    def test_is_refused_the_third_time(self, stored: str, token: str):
        self.answer(stored, token, "2027-01-13")
        [second] = sent_on(stored, 13)
        self.answer(stored, token_in(second), "2027-01-19", day=13)
        [third] = sent_on(stored, 19)
        shown = self.answer(stored, token_in(third), "2027-01-25", day=19)
        assert "You have already postponed this 2 times" in shown.text  # type: ignore[attr-defined]


@pytest.mark.slow
def test_an_acknowledged_task_gets_no_reminder_but_the_manager_hears_when_it_is_late(stored: str, token: str):
    pages(stored, moment(8, 10)).post(f"/a/{token}", data={"answer": "acknowledged"})
    assert sent_on(stored, 12) == []
    [to_manager] = sent_on(stored, 15)
    assert to_manager.to_address == "chief@example.org"


@pytest.mark.slow
def test_a_blocked_task_pauses_for_a_week_and_the_office_reads_why(stored: str, token: str):
    client = pages(stored, moment(8, 10))
    assert "what is holding it up" in client.post(f"/a/{token}", data={"answer": "blocked", "text": " "}).text
    client.post(f"/a/{token}", data={"answer": "blocked", "text": "The supplier <waits>"})
    assert sent_on(stored, 12) == []
    from changeflow.usecases.nudges import answered

    [line] = answered(db=stored, programme=None)
    assert line.endswith("blocked: The supplier <waits>")
    with session_scope(stored) as session:
        assert all("supplier" not in subject for *_, subject in audited.entries(session, "small"))


@pytest.mark.slow
def test_a_task_that_is_passed_on_goes_to_the_deputy(db: str, tmp_path: Path):
    definitions.apply(with_a_deputy(tmp_path), db=db, actor="chief", now=moment(4))
    [message] = sent_on(db, 8)
    client = pages(db, moment(8, 10))
    refused = client.post(f"/a/{token_in(message)}", data={"answer": "delegated", "to": "nobody"})
    assert (refused.status_code, "Choose a person from the list" in refused.text) == (422, True)
    client.post(f"/a/{token_in(message)}", data={"answer": "delegated", "to": "deputy"})
    # For a quarter of an hour, the link offers to undo the answer.
    assert "We have already had your answer." in client.get(f"/a/{token_in(message)}").text
    assert pages(db, moment(8, 11)).get(f"/a/{token_in(message)}").status_code == 410
    assert client.post(f"/u/{token_in(message, 'u')}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    [passed_on] = sent_on(db, 12)
    assert passed_on.to_address == "deputy@example.org"


@pytest.mark.slow
def test_optional_messages_can_be_switched_off_after_the_task_is_done(stored: str, token: str):
    [message] = sent_on(stored, 12)
    client = pages(stored, moment(12, 10))
    client.post(f"/a/{token}", data={"answer": "done"})
    ticks.tick(db=stored, now=moment(13))
    assert client.get(f"/a/{token_in(message)}").status_code == 410
    assert client.post(f"/u/{token_in(message, 'u')}", data={"List-Unsubscribe": "One-Click"}).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("token", "day", "status", "what"),
    [("x" * 43, 8, 404, "not one of ours"), (None, 28 + 11, 410, "expired")],
)
def test_unknown_and_expired_links_say_so(stored: str, token: str | None, day: int, status: int, what: str):
    [message] = sent_on(stored, 8)
    now = moment(1) + timedelta(days=day)
    shown = pages(stored, now).post(f"/a/{token or token_in(message)}", data={"answer": "done"})
    assert (shown.status_code, what in shown.text) == (status, True)


@pytest.mark.slow
def test_one_click_switches_optional_messages_off_and_on(stored: str, token: str):
    with session_scope(stored) as session:
        assert session.exec(select(NudgeRow)).one().message is not None
    [message] = sent_on(stored, 12)
    path = f"/u/{token_in(message, 'u')}"
    client = pages(stored, moment(12, 10))
    assert "Switch off optional messages and get the rest weekly" in client.get(path).text
    # As mail programs do it (RFC 8058): without cookies or confirmation.
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert "Send me all messages" in client.get(path).text
    # Messages that are not optional wait for the first working day of the week, and Friday the 15th is not.
    assert [m.to_address for m in sent_on(stored, 15)] == ["chief@example.org"]
    client.post(path, data={"optional": "on"})
    assert "Switch off optional messages and get the rest weekly" in client.get(path).text


@pytest.mark.slow
def test_without_the_key_a_page_is_unavailable_and_saves_nothing(stored: str, token: str):
    [message] = sent_on(stored, 12)
    path, client = f"/u/{token_in(message, 'u')}", pages(stored, moment(12, 10))
    key = keys.key_file(stored)
    kept = key.rename(key.with_suffix(".away"))
    try:
        for answer in (client.get(path), client.post(path, data={"List-Unsubscribe": "One-Click"})):
            assert answer.status_code == 503
            assert "Retry-After" in answer.headers
            assert "key" not in answer.text
        assert not key.exists()
    finally:
        kept.rename(key)
    assert "Switch off optional messages and get the rest weekly" in client.get(path).text


class TestRequestsOtherThanTasks:
    @pytest.fixture
    def rounds(self, db: str, tmp_path: Path) -> str:
        folder = a_folder(tmp_path / "trust", service=OWNED)
        path = folder / "programme.yaml"
        path.write_text(path.read_text() + "policy: {assess_every_weeks: 6}\n")
        definitions.apply(folder, db=db, actor="chief", now=moment(4))
        return db

    @pytest.mark.slow
    def test_an_assessment_is_stored_separately_and_never_escalated(self, rounds: str):
        [to_chief, to_lead] = sorted(sent_on(rounds, 11), key=lambda m: m.to_address)
        assert {to_chief.to_address, to_lead.to_address} == {"chief@example.org", "lead@example.org"}
        token = next(t for t in re.findall(r"/a/(\S+)", to_lead.text) if self.asks_for_scores(rounds, t))
        client = pages(rounds, moment(11, 10))
        assert "1 to 5" in client.post(f"/a/{token}", data={"answer": "done", "desire": "6"}).text
        assert "at least" in client.post(f"/a/{token}", data={"answer": "done"}).text
        assert client.post(f"/a/{token}", data={"answer": "done", "awareness": "4", "desire": "2"}).status_code == 200
        with session_scope(rounds) as session:
            [kept] = [k.answer for k in publications.kept_answers(session)]
            assert (kept.person, kept.round) == ("lead", "round-1")
            assert answers.answers(session, "small").all == ()
            assert [e[2:] for e in audited.entries(session, "small")][-1] == ("system", "assess", "assessment:round-1")
        for day in (18, 25, 29):
            sent_on(rounds, day)
        with session_scope(rounds) as session:
            asked = session.exec(select(DueRow).where(DueRow.reason == "assessment"))
            assert {(row.person, row.rung <= 2) for row in asked} == {("chief", True), ("lead", True)}

    def asks_for_scores(self, db: str, token: str) -> bool:
        return link_answers.question_of(token, db=db, now=moment(11, 10)).kind == "assessment"

    @pytest.mark.slow
    def test_the_sponsor_is_asked_for_visible_support(self, stored: str):
        finish = date(2027, 1, 5)
        change = unit_of_work.Change(db=stored, programme=None, actor="lead", now=moment(5), on=finish)
        progress.finish_task(TASK, finish, None, change)
        ticks.tick(db=stored, now=datetime(2027, 2, 1, 7, tzinfo=UTC))
        with session_scope(stored) as session:
            [due] = session.exec(select(DueRow).where(DueRow.reason == "sponsor"))
            assert (due.person, due.due_on) == ("chief", date(2027, 2, 1))


@pytest.mark.slow
def test_a_calendar_address_is_personal_and_replaces_the_earlier_one(stored: str):
    [message] = sent_on(stored, 8)
    web, token = pages(stored, moment(8)), token_in(message, "u")
    assert "Create a calendar link" in web.get(f"/u/{token}").text
    made = web.post(f"/u/{token}/calendar", {})
    asked = web.post(f"/u/{token}/calendar", {})
    assert "and it still works." in asked.text
    mark = html.fromstring(asked.text).xpath("//input[@name='replace']/@value")[0]
    replaced = web.post(f"/u/{token}/calendar", {"replace": mark})
    first, second = (html.fromstring(p.text).xpath("//main//a/@href")[0] for p in (made, replaced))
    assert first.startswith("http://127.0.0.1:8000/c/")
    first, second = (address.removeprefix("http://127.0.0.1:8000") for address in (first, second))
    assert web.get(first).status_code == 410
    answer = web.get(second)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "SUMMARY:" in answer.text
    assert "chief@" not in answer.text
    # It can be read repeatedly for a year and a month; a link of another kind does not give a calendar.
    assert web.get(second).status_code == 200
    assert pages(stored, moment(8) + timedelta(days=400)).get(second).status_code == 410
    assert web.get(f"/c/{token}.ics").status_code == 404
    assert web.post(f"/u/{second[3:-4]}/calendar", {}).status_code == 404


@pytest.mark.slow
def test_health_and_metrics_name_no_one(stored: str, token: str):
    client = pages(stored, moment(8, 10))
    healthy = client.get("/health")
    assert (healthy.status_code, healthy.text) == (200, "ok")
    late = pages(stored, moment(9)).get("/health")
    assert late.status_code == 503
    assert "small: the last tick ran on 8 Jan 2027 at 07:00." in late.text
    numbers = client.get("/metrics").text
    assert 'changeflow_messages{state="sent"} 1.0' in numbers
    assert "@" not in numbers
