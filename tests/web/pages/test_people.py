"""People as each person sees them: published figures, in bands, and the audit of who read them."""

from datetime import timedelta

import pytest

from changeflow.reports.documents import html_of
from changeflow.usecases import governance
from changeflow.usecases.reports import sro_of_stored
from changeflow.values.words import Role
from tests.every_role import HOLDER, NOW, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/people"
EVERYONE = [person for role, person in HOLDER.items() if role is not Role.SYSTEM]


@pytest.mark.parametrize("person", EVERYONE)
def test_everyone_in_the_programme_reads_it(world: World, person: str):
    page = signed_in(world.db, person).get(URL)
    assert (page.status_code, heading(page)) == (200, "People")
    assert "Sponsorship and reinforcement" in text_of(page)


def test_it_says_what_the_report_says(world: World):
    report = html_of(sro_of_stored(None, db=world.db, today=TODAY))
    start, end = report.index('<h2 id="people">'), report.index('<h2 id="runs">')
    part = report[start:end]
    page = signed_in(world.db, "chief").get(URL)
    assert "Groups that are not shown" in part
    assert " ".join(part.split()) in " ".join(page.text.split())


def test_no_score_of_a_person_is_on_the_page(world: World):
    page = text_of(signed_in(world.db, "chief").get(URL))
    assert "Fewer than" in page
    assert "Viewer" not in page


@pytest.mark.slow
def test_reading_it_is_in_the_audit_once(own_world: World):
    before = len(own_world.audited())
    browser = signed_in(own_world.db, "viewer")
    assert [browser.get(URL).status_code for _ in range(3)] == [200, 200, 200]
    added = own_world.audited()[before:]
    assert [(who, subject) for who, what, subject in added if what == "look"] == [("viewer", "round:2027-03-18")]


@pytest.mark.slow
def test_a_later_reading_is_another(own_world: World):
    before = len(own_world.audited())
    for day in range(2):
        signed_in(own_world.db, "viewer", now=NOW + timedelta(days=day)).get(URL)
    looks = [what for _, what, _ in own_world.audited()[before:] if what == "look"]
    assert len(looks) == 2


@pytest.mark.slow
def test_a_name_with_html_is_shown_as_text(own_world: World):
    text = "<b>x</b> {{ 7*7 }}"
    governance.note_act(text, TODAY, own_world.change("chief"))
    page = signed_in(own_world.db, "chief").get(URL)
    assert text in text_of(page)
    assert "<b>x" not in page.text


def test_without_a_session_or_the_programme_there_is_no_page(world: World):
    assert Browser(world.db).get(URL).status_code == 303
    assert signed_in(world.db, "chief").get("/p/another/people").status_code == 404
