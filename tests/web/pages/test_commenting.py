"""Comments on a task's page: written, withdrawn by their author, and announced to the task's owner."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from changeflow.programme.facts import Comment
from changeflow.storage.agenda import NudgeRow
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import load
from changeflow.usecases.ticks import tick
from tests.every_role import NOW, TODAY, World
from tests.web.visiting import Browser, signed_in, text_of

TASK = "payroll/ash/plan"
PAGE, SAY = f"/p/small/plan/{TASK}", f"/p/small/comments/{TASK}"


def say(browser: Browser, text: str, **fields: str):
    return browser.send(SAY, browser.get(PAGE), text=text, **fields)


def comments(world: World) -> tuple[Comment, ...]:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme.facts.comments


def notices(world: World) -> list[tuple[str, str, int]]:
    with read_scope(world.db) as session:
        found = session.exec(select(NudgeRow).where(NudgeRow.reason == "comment")).all()
        return [(n.person, n.subject, n.rung) for n in found]


@pytest.mark.slow
def test_a_comment_is_shown_once_even_after_a_double_click(own_world: World):
    browser = signed_in(own_world.db, "member")
    text = "Waiting for <b>the supplier</b> {{ 7*7 }}\r\n\r\nSee the contract"
    for _ in range(2):
        assert say(browser, text).headers["location"] == f"{PAGE}?said=1#comments"
    [found] = comments(own_world)
    assert (found.text, found.by) == ("Waiting for <b>the supplier</b> {{ 7*7 }}\n\nSee the contract", "member")
    page = browser.get(PAGE)
    assert "&lt;b&gt;the supplier&lt;/b&gt; {{ 7*7 }}" in page.text
    assert "No one has commented" not in text_of(page)


@pytest.mark.slow
def test_a_mistake_keeps_the_text_and_saves_nothing(own_world: World):
    browser = signed_in(own_world.db, "member")
    for text, words in (
        (" \n ", "Write your comment."),
        ("x" * 2001, "has 2,001 characters"),
        ("a\x00b", "cannot be shown"),
    ):
        page = say(browser, text)
        assert page.status_code == 422
        assert words in text_of(page)
        assert text.replace("\x00", "").strip() in page.text
    assert comments(own_world) == ()


@pytest.mark.slow
def test_only_the_author_withdraws_a_comment_and_its_text_goes(own_world: World):
    author, other = signed_in(own_world.db, "member"), signed_in(own_world.db, "owner")
    say(author, "A name that should not be here")
    known = re.search(r'name="withdraw" value="([^"]+)"', author.get(PAGE).text)
    assert known is not None
    assert "Withdraw" not in text_of(other.get(PAGE))
    assert other.send(SAY, other.get(PAGE), withdraw=known[1]).status_code == 403
    assert len(comments(own_world)) == 1
    for _ in range(2):  # a double click
        assert author.send(SAY, author.get(PAGE), withdraw=known[1]).status_code == 303
    assert comments(own_world) == ()
    assert "A name that should not be here" not in own_world.dump()
    assert author.send(SAY, author.get(PAGE), withdraw="comment-999").status_code == 422


@pytest.mark.slow
def test_the_owner_is_told_once_a_day_and_never_of_their_own_comment(own_world: World):
    with read_scope(own_world.db) as session:
        owner = load(session, "small", on=TODAY).programme.roadmap.tasks[TASK].owner
    assert owner is not None
    say(signed_in(own_world.db, owner), "My own words")
    tick(db=own_world.db, now=NOW)
    assert notices(own_world) == []
    say(signed_in(own_world.db, "member"), "First")
    say(signed_in(own_world.db, "chief"), "Second")
    for _ in range(2):
        tick(db=own_world.db, now=NOW + timedelta(hours=1))
    assert notices(own_world) == [(owner, f"{TASK}#comment", 0)]
    page = signed_in(own_world.db, owner).get("/p/small/me")
    assert "New comments" in text_of(page)
    assert "Second" not in text_of(page)


@pytest.mark.slow
def test_having_read_a_comment_ends_the_notice(own_world: World):
    with read_scope(own_world.db) as session:
        owner = str(load(session, "small", on=TODAY).programme.roadmap.tasks[TASK].owner)
    say(signed_in(own_world.db, "member" if owner != "member" else "chief"), "Look at this")
    browser = signed_in(own_world.db, owner)
    answer = browser.send("/p/small/me", browser.get("/p/small/me"), item=f"{TASK}#comment", answer="done")
    assert answer.status_code == 303
    assert "New comments" not in text_of(browser.get("/p/small/me"))
    tick(db=own_world.db, now=NOW)
    assert notices(own_world) == []
