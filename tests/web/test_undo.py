"""An answer through a link can be undone for a quarter of an hour, and the day of a finish corrected.

The programme is that of the tests of answers: the lead's requirements are due on Friday 8 January 2027.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.agenda.due import AnswerKind
from changeflow.programme.recording import ReportedProgress
from changeflow.storage import answers, facts
from changeflow.storage.database import read_scope
from changeflow.storage.tables.facts import ProgressRow
from changeflow.usecases import answer_causes, progress
from changeflow.usecases.answer_recording import AnswerRecorder, Given, Request
from changeflow.usecases.answer_undo import take_back
from changeflow.usecases.comments import comment_on
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.moments import day_of
from tests import audited
from tests.web.test_answers import TASK, moment, pages, sent_on, store_once, token_in, with_a_deputy

DAY = date(2027, 1, 8)


@pytest.fixture
def stored(sqlite: str, tmp_path: Path) -> str:
    store_once(with_a_deputy(tmp_path), db=sqlite, actor="chief", now=moment(4))
    return sqlite


@pytest.fixture
def link(stored: str) -> str:
    [message] = sent_on(stored, 8)
    return f"/a/{token_in(message)}"


def at(minute: int):
    return moment(8, 10).replace(minute=minute)


def is_done(db: str) -> bool:
    with read_scope(db) as session:
        return load(session, None, on=DAY).programme.is_done(TASK)


@pytest.mark.slow
def test_done_is_undone_and_the_link_asks_again(stored: str, link: str):
    done = pages(stored, at(0)).post(link, {"answer": "done"})
    assert "You can undo this until 10:15am." in done.text
    assert "Change the date" in pages(stored, at(1)).get(link).text
    assert is_done(stored)
    asked = pages(stored, at(14)).post(f"{link}/undo", {})
    assert (asked.status_code, "Mark as done" in asked.text) == (200, True)
    assert not is_done(stored)
    again = pages(stored, at(16)).post(link, {"answer": "done"})
    assert "We have marked this as done." in again.text
    assert is_done(stored)
    with read_scope(stored) as session:
        assert audited.verify(session)[1] == []
        assert len(session.exec(select(ProgressRow)).all()) == 2  # the first is withdrawn and stays


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {"answer": "not_yet", "until": "2027-01-12"},
        {"answer": "blocked", "text": "The old contract"},
        {"answer": "acknowledged"},
        {"answer": "delegated", "to": "deputy"},
    ],
)
def test_other_answers_are_undone_and_no_longer_count(stored: str, link: str, given: dict[str, str]):
    started = Change(db=stored, programme="small", actor="chief", now=moment(8, 9), on=DAY)
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 5))], started)
    assert pages(stored, at(0)).post(link, given).status_code == 200
    # Only an answer that it is done has a day to correct, even if the task has begun.
    assert "Change the date" not in pages(stored, at(1)).get(link).text
    with read_scope(stored) as session:
        assert len(answers.answers(session, "small").all) == 1
    assert pages(stored, at(5)).post(f"{link}/undo", {}).status_code == 200
    with read_scope(stored) as session:
        assert answers.answers(session, "small").all == ()
        assert len(answers.listed(session, "small")) == 2
    assert "We have marked this as done." in pages(stored, at(6)).post(link, {"answer": "done"}).text


@pytest.mark.slow
def test_after_a_quarter_of_an_hour_nothing_can_be_undone(stored: str, link: str):
    pages(stored, at(0)).post(link, {"answer": "done"})
    assert "Undo" in pages(stored, at(15)).get(link).text
    late = pages(stored, at(16))
    assert late.get(link).status_code == 410
    refused = late.post(f"{link}/undo", {})
    assert refused.status_code in (410, 422)
    assert "too late to undo" in refused.text
    assert is_done(stored)


@pytest.mark.slow
def test_a_link_that_was_not_used_has_nothing_to_undo(stored: str, link: str):
    assert pages(stored, at(0)).post(f"{link}/undo", {}).status_code == 410
    assert pages(stored, at(0)).post("/a/nothing/undo", {}).status_code == 404


@pytest.mark.slow
def test_it_was_another_day(stored: str, link: str):
    pages(stored, at(0)).post(link, {"answer": "done"})
    wrong = pages(stored, at(1)).post(f"{link}/undo", {"day": "2027-01-09"})
    assert (wrong.status_code, "is in the future" in wrong.text) == (422, True)
    saved = pages(stored, at(2)).post(f"{link}/undo", {"day": "2027-01-06"})
    assert "done on" in saved.text
    with read_scope(stored) as session:
        finish = load(session, None, on=DAY).programme.facts.progress[TASK].actual_finish
    assert finish is not None
    assert day_of(finish - 1) == date(2027, 1, 6)
    # The day can be corrected again, and all of it undone.
    assert "done on" in pages(stored, at(3)).post(f"{link}/undo", {"day": "2027-01-07"}).text
    assert pages(stored, at(4)).post(f"{link}/undo", {}).status_code == 200
    assert not is_done(stored)


def reasons(db: str) -> list[tuple[str, str]]:
    """Return the comments on the task that count, and their texts."""
    with read_scope(db) as session:
        return [(c.by, c.text) for c in load(session, None, on=DAY).programme.facts.comments if c.task == TASK]


@pytest.mark.slow
def test_another_day_that_delays_a_promise_needs_a_reason_which_goes_with_the_answer(
    stored: str, link: str, monkeypatch: pytest.MonkeyPatch
):
    comment_on(TASK, "Not about this", Change(db=stored, programme="small", actor="lead", now=at(0), on=DAY))
    pages(stored, at(1)).post(link, {"answer": "done"})
    # In the small programme, no other day delays a promise.
    monkeypatch.setattr(answer_causes, "delays_promises", lambda *_: True)
    asked = pages(stored, at(2)).post(f"{link}/undo", {"day": "2027-01-07"})
    assert (asked.status_code, "Why are these dates changing?" in asked.text) == (422, True)
    assert 'value="2027-01-07"' in asked.text
    assert reasons(stored) == [("lead", "Not about this")]
    saved = pages(stored, at(3)).post(f"{link}/undo", {"day": "2027-01-07", "cause": "The supplier <b>was late</b>"})
    assert "done on" in saved.text
    assert reasons(stored) == [("lead", "Not about this"), ("lead", "The supplier <b>was late</b>")]
    assert pages(stored, at(4)).post(f"{link}/undo", {}).status_code == 200
    assert reasons(stored) == [("lead", "Not about this")]
    with read_scope(stored) as session:
        assert [f.withdrawn is None for f in facts.recorded(session, "small", "comment")] == [True, False]
        assert "was late" not in str(facts.recorded(session, "small", "comment"))


@pytest.mark.slow
def test_support_that_a_sponsor_reported_is_undone_too(stored: str):
    """An answer of the sponsor records an act of support, which is withdrawn with the answer."""
    change = Change(db=stored, programme="small", actor="chief", now=at(0), on=DAY)
    with unit_of_work(change) as work:
        AnswerRecorder(work, Request("chief", "sponsor", DAY), Given(kind=AnswerKind.DONE, text="Opened the training"),
                       kind="sponsor").take()  # fmt: skip
    with read_scope(stored) as session:
        assert len(load(session, None, on=DAY).programme.facts.acts) == 1
    with unit_of_work(replace(change, now=at(5))) as work:
        assert take_back(work, "chief", "sponsor", at(0))
    with read_scope(stored) as session:
        assert load(session, None, on=DAY).programme.facts.acts == ()
