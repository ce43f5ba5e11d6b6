"""If a go-live is not on its announced day, its own page and the school's page say why."""

from datetime import timedelta

import pytest

from changeflow.programme.announcements import go_lives
from changeflow.programme.facts import Announcement
from changeflow.storage.database import read_scope
from changeflow.usecases import announcements
from changeflow.usecases.stored import load
from tests.every_role import TODAY, World
from tests.web.visiting import signed_in, text_of

WHY = "the announcement of"


@pytest.fixture
def told_too_early(own_world: World) -> tuple[World, str]:
    """Announce to Beech a day a week before its forecast; return the world and the go-live's task."""
    with read_scope(own_world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    [live] = [g for g in go_lives(programme) if (g.school, g.service) == ("beech", "payroll")]
    assert live.task
    assert live.day
    assert not live.is_done
    day = live.day - timedelta(days=7)
    told = Announcement(service="payroll", school="beech", day=day, on=TODAY, how="letter")
    announcements.announce([told], own_world.change("member"))
    return own_world, live.task


@pytest.mark.slow
def test_the_task_and_the_school_say_why_and_no_other_page_does(told_too_early: tuple[World, str]):
    world, task = told_too_early
    browser = signed_in(world.db, "chief")
    cause = "+7 days: The forecast was already later than the date that was announced."
    for path in (f"plan/{task}", "schools/beech"):
        text = text_of(browser.get(f"/p/small/{path}"))
        assert f"Since {WHY}" in text, path
        assert cause in text, path
    assert WHY not in text_of(browser.get("/p/small/schools/cedar"))
    assert f"/plan/{task}#moved" in browser.get("/p/small/more").text
