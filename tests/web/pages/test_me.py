"""My things: what a person is asked for, the answers on the page, and undo."""

from datetime import timedelta

import pytest

from changeflow.storage import answers
from changeflow.storage.database import read_scope
from changeflow.usecases import answer_causes
from changeflow.usecases.stored import load
from tests.every_role import NOW, TODAY, World
from tests.web.visiting import Browser, signed_in, text_of

ME = "/p/small/me"


def asked_for(world: World) -> dict[str, list[str]]:
    """Return what each person is asked for on their page, by person."""
    found = {}
    for person in ("chief", "lead", "owner", "member", "manager", "head"):
        page = signed_in(world.db, person).get(ME)
        assert page.status_code == 200
        items = [
            line.partition('value="')[2].partition('"')[0]
            for line in page.text.split("<input")
            if 'name="item"' in line
        ]
        found[person] = list(dict.fromkeys(items))
    return found


@pytest.fixture
def asked(own_world: World) -> tuple[World, str, str]:
    """A person with an open task, and the task."""
    with read_scope(own_world.db) as session:
        tasks = load(session, "small", on=TODAY).programme.roadmap.tasks
    for person, items in asked_for(own_world).items():
        for item in items:
            if item in tasks and not tasks[item].gate:
                return own_world, person, item
    raise LookupError("no one has a task")


def is_done(world: World, task: str) -> bool:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme.is_done(task)


def send(browser: Browser, **fields: str):
    return browser.send(ME, browser.get(ME), **fields)


@pytest.mark.slow
def test_a_task_is_marked_as_done_and_undone(asked: tuple[World, str, str]):
    world, person, task = asked
    browser = signed_in(world.db, person)
    saved = send(browser, item=task, answer="done")
    assert (saved.status_code, saved.headers["location"]) == (303, f"{ME}?saved=1")
    assert is_done(world, task)
    page = browser.get(f"{ME}?saved=1")
    assert "We have recorded your answer." in text_of(page)
    assert "you can undo your answer until" in text_of(page)
    assert browser.send(f"{ME}/undo", page, item=task).headers["location"] == f"{ME}?undone=1"
    assert not is_done(world, task)
    # A second click finds nothing to undo.
    assert browser.send(f"{ME}/undo", page, item=task).status_code == 404
    assert [e for e in world.audited() if e[1] == "undo"] == [(person, "undo", task)]


@pytest.mark.slow
def test_not_yet_and_problems_are_kept_and_mistakes_keep_the_text(asked: tuple[World, str, str]):
    world, person, task = asked
    browser = signed_in(world.db, person)
    wrong = send(browser, item=task, answer="not_yet", until="")
    assert (wrong.status_code, "Enter the date by which it will be done." in text_of(wrong)) == (422, True)
    empty = send(browser, item=task, answer="blocked", text=" ")
    assert empty.status_code == 422
    until = (TODAY + timedelta(days=3)).isoformat()
    assert send(browser, item=task, answer="not_yet", until=until).status_code == 303
    assert "you said that it will be done by" in text_of(browser.get(ME))
    assert send(browser, item=task, answer="blocked", text="<b>{{ 7*7 }}</b>").status_code == 303
    with read_scope(world.db) as session:
        assert len(answers.answers(session, "small").about(task, person)) == 2


@pytest.mark.slow
def test_an_answer_that_delays_a_promise_needs_a_reason(asked: tuple[World, str, str], monkeypatch: pytest.MonkeyPatch):
    world, person, task = asked
    monkeypatch.setattr(answer_causes, "delays_promises", lambda *_: True)
    browser = signed_in(world.db, person)
    wrong = send(browser, item=task, answer="done")
    assert wrong.status_code == 422
    assert "Why are these dates changing?" in text_of(wrong)
    assert not is_done(world, task)
    assert send(browser, item=task, answer="done", cause="The supplier <b>was late</b>").status_code == 303
    assert is_done(world, task)
    assert "The supplier <b>was late</b>" in text_of(browser.get(f"/p/small/plan/{task}"))


@pytest.mark.slow
def test_what_one_is_not_asked_for_is_unknown(asked: tuple[World, str, str]):
    world, person, task = asked
    other = next(p for p in ("member", "viewer", "board") if p != person)
    browser = signed_in(world.db, other)
    assert send(browser, item=task, answer="done").status_code == 404
    assert send(browser, item="payroll/nothing", answer="done").status_code == 404
    assert send(browser, item="", answer="undone").status_code == 404
    assert not is_done(world, task)


@pytest.mark.slow
def test_after_a_quarter_of_an_hour_the_page_offers_no_undo(asked: tuple[World, str, str]):
    world, person, task = asked
    send(signed_in(world.db, person), item=task, answer="done")
    later = signed_in(world.db, person, now=NOW + timedelta(minutes=16))
    page = later.get(ME)
    assert "you can undo" not in text_of(page)
    assert later.send(f"{ME}/undo", page, item=task).status_code == 422


@pytest.mark.slow
def test_no_one_else_sees_ones_things(world: World):
    found = asked_for(world)
    every = [item for items in found.values() for item in items if "#" not in item and not item.startswith("round/")]
    assert len(every) == len(set(every))
    assert any(found.values())
