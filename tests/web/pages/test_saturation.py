"""Saturation in the browser: the same figures as the report, across all programmes, and a head's own school."""

import pytest

from changeflow.reports.saturation import saturation
from changeflow.usecases.stored import loaded
from changeflow.values.words import Role
from tests.every_role import HOLDER, TODAY, World, store_another
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/people/saturation"
OTHERS = [person for role, person in HOLDER.items() if role not in (Role.SYSTEM, Role.HEAD)]


@pytest.mark.parametrize("person", OTHERS)
def test_everyone_but_heads_sees_every_school(world: World, person: str):
    found = saturation([loaded("small", db=world.db, on=TODAY)], today=TODAY)
    page = signed_in(world.db, person).get(URL)
    assert (page.status_code, heading(page)) == (200, "Changes at the same time (saturation)")
    shown = text_of(page)
    for row in found.schools:
        figures = " ".join(str(cell.count) for cell in row.cells if not cell.closed and not cell.is_over)
        assert row.name in shown, figures
    for move in found.moves:
        assert move.name in shown


@pytest.mark.slow
def test_a_head_sees_their_own_school_alone(world: World):
    shown = text_of(signed_in(world.db, "head").get(URL))
    assert "Ash School" in shown
    assert "Beech" not in shown
    assert "Groups of people" not in shown
    assert "What to move" not in shown


@pytest.mark.slow
def test_another_programme_is_counted_but_not_named(own_world: World):
    before = text_of(signed_in(own_world.db, "chief").get(URL))
    store_another(own_world)
    after = text_of(signed_in(own_world.db, "chief").get(URL))
    assert "1 other programme in this database is counted as well." in after
    assert "1 other programme" not in before
    assert after != before
    names = {t.name for t in loaded("another", db=own_world.db, on=TODAY).roadmap.tasks.values()}
    own = {t.name for t in loaded("small", db=own_world.db, on=TODAY).roadmap.tasks.values()}
    assert not any(name in after for name in names - own)


@pytest.mark.parametrize("start", ["x", "-1", "13", "9" * 30, "26;drop", "\u0663"])
def test_weeks_that_are_none_are_refused(world: World, start: str):
    assert signed_in(world.db, "chief").get(URL, params={"from": start}).status_code == 422


@pytest.mark.slow
def test_the_later_half_year_is_another_page(world: World):
    browser = signed_in(world.db, "chief")
    assert browser.get(URL).text != browser.get(f"{URL}?from=26").text
    assert browser.get(f"{URL}?from=").status_code == 200


def test_without_a_session_there_is_no_page(world: World):
    assert Browser(world.db).get(URL).status_code == 303
    assert signed_in(world.db, "chief").get("/p/another/people/saturation").status_code == 404
