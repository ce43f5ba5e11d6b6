"""Each link works once, known and unknown links look alike, and no link is in the log."""

import io
import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import html
from sqlmodel import select

from changeflow import logs
from changeflow.agenda.due import AnswerKind
from changeflow.storage import answers
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.usecases import calendar_feeds, link_answers
from changeflow.usecases.answer_recording import Given
from changeflow.usecases.messages import digest_of
from tests.web.asking import ANSWER, CHOOSE, NOW, asking, at_once, failing, ours


class TestLinks:
    @pytest.mark.usual(1)
    @pytest.mark.slow
    @pytest.mark.both_databases(usual=True)
    def test_one_of_a_hundred_answers_at_once_succeeds(self, linked: str):
        found = at_once(linked, 100, "POST", f"/a/{ANSWER}", data={"answer": "acknowledged"})
        statuses = [r.status_code for r in found]
        assert (statuses.count(200), statuses.count(410)) == (1, 99)
        with read_scope(linked) as session:
            assert len(session.exec(select(AnswerRow)).all()) == 1

    def test_pages_of_known_and_unknown_links_look_alike(self, linked: str):
        # As long as the answer can be undone, its link offers to undo it.
        link_answers.answer(ANSWER, Given(kind=AnswerKind.ACKNOWLEDGED), db=linked, now=NOW - timedelta(hours=1))
        ask = asking(linked)
        known, unknown = ask("GET", f"/a/{ANSWER}"), ask("GET", "/a/" + "z" * 43)
        assert (known.status_code, unknown.status_code) == (410, 404)
        shapes = [re.sub(r"<(p|h1|title)>[^<]*</\1>", r"<\1>", r.text) for r in (known, unknown)]
        assert shapes[0] == shapes[1]
        assert known.headers.keys() == unknown.headers.keys()

    @pytest.mark.slow
    def test_a_link_is_never_in_the_log(self, linked: str, caplog: pytest.LogCaptureFixture, monkeypatch: Any):
        stream = io.StringIO()
        logs.begin("plain", stream=stream)
        short = "q" * 8
        try:
            with caplog.at_level(logging.DEBUG):
                ask = asking(linked)
                for path in (
                    f"/a/{ANSWER}",
                    f"/u/{CHOOSE}",
                    f"/u/{CHOOSE}/calendar",
                    f"/c/{CHOOSE}.ics",
                    f"/a/{short}",
                ):
                    for method in ("GET", "HEAD", "POST", "PUT", short.upper()):
                        ask(method, path)
                        ask(method, f"{path}?back={short}", headers={"referer": short})
                with failing(monkeypatch, RuntimeError(ANSWER)):
                    ask("GET", f"/a/{ANSWER}")
        finally:
            logs.begin("off")
        written = stream.getvalue() + ours(caplog)
        assert "/a/{token}" in written
        for secret in (ANSWER, CHOOSE, short, short.upper()):
            assert secret not in written

    @pytest.mark.slow
    def test_many_clicks_at_once_switch_messages_off_once(self, linked: str):
        found = at_once(linked, 40, "POST", f"/u/{CHOOSE}", data={"List-Unsubscribe": "One-Click"})
        assert {r.status_code for r in found} == {200}
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).one().optional_off


class TestOneCalendarAddress:
    def feeds(self, db: str) -> list[bool]:
        """Return, for each known calendar address, whether it still works."""
        with read_scope(db) as session:
            rows = session.exec(select(LinkRow).where(LinkRow.action == calendar_feeds.FEED))
            return [row.revoked_at is None for row in rows]

    @pytest.mark.slow
    def test_a_scanner_that_repeats_the_form_creates_one(self, linked: str):
        found = at_once(linked, 60, "POST", f"/u/{CHOOSE}/calendar")
        made = [r for r in found if "/c/" in r.text]
        assert {r.status_code for r in found} == {200}
        assert len(made) == 1
        assert len(self.feeds(linked)) == 1
        [address] = html.fromstring(made[0].text).xpath("//main//a/@href")
        assert asking(linked)("GET", address).status_code == 200

    @pytest.mark.slow
    @pytest.mark.both_databases(usual=True)
    def test_is_replaced_once_however_often_the_form_is_sent(self, linked: str):
        ask = asking(linked)
        ask("POST", f"/u/{CHOOSE}/calendar")
        [mark] = html.fromstring(ask("POST", f"/u/{CHOOSE}/calendar").text).xpath("//input[@name='replace']/@value")
        found = at_once(linked, 20, "POST", f"/u/{CHOOSE}/calendar", data={"replace": mark})
        assert sum("/c/" in r.text for r in found) == 1
        assert sum(self.feeds(linked)) == 1

    @pytest.mark.slow
    def test_earlier_addresses_say_that_they_have_ended_and_do_not_pile_up(self, linked: str):
        made, mark = [], ""
        for n in range(12):
            feed = calendar_feeds.new_feed(CHOOSE, db=linked, now=NOW - timedelta(hours=12 - n), replace=mark)
            assert feed.token is not None
            made.append(feed.token)
            mark = feed.mark
        statuses = [asking(linked)("GET", f"/c/{token}.ics").status_code for token in made]
        assert statuses[-1] == 200
        assert statuses[-1 - calendar_feeds.ENDED_KEPT : -1] == [410] * calendar_feeds.ENDED_KEPT
        assert len(self.feeds(linked)) == calendar_feeds.ENDED_KEPT + 1

    def test_each_person_has_their_own(self, linked: str):
        with session_scope(linked) as session:
            link = answers.find_link(session, digest_of(CHOOSE))
            assert link is not None
            answers.add_links(session, {digest_of("v" * 43): replace(link, person="chief")}, at=NOW)
        ask = asking(linked)
        assert "/c/" in ask("POST", f"/u/{CHOOSE}/calendar").text
        assert "/c/" in ask("POST", f"/u/{'v' * 43}/calendar").text
        assert sum(self.feeds(linked)) == 2


@pytest.mark.slow
def test_a_question_shows_the_stored_state(linked: str):
    """Programmes in memory are recognised by their state: after a change, no page shows the earlier state."""
    first = link_answers.question_of(ANSWER, db=linked, now=NOW)
    link_answers.answer(ANSWER, Given(kind=AnswerKind.DONE), db=linked, now=NOW)
    again = {**vars_of(linked, ANSWER), "used_at": None}
    with session_scope(linked) as session:
        answers.add_links(session, {digest_of("b" * 43): AnswerLink(**again)}, at=NOW)
    assert link_answers.question_of("b" * 43, db=linked, now=NOW).title == first.title
    token = calendar_feeds.new_feed(CHOOSE, db=linked, now=NOW).token
    assert token is not None
    assert b"requirements" not in calendar_feeds.feed_of(token, db=linked, now=NOW), "done, so it is no date of theirs"


def vars_of(db: str, token: str) -> dict[str, Any]:
    with read_scope(db) as session:
        link = answers.find_link(session, digest_of(token))
        assert link is not None
        return {name: getattr(link, name) for name in link.__slots__}
