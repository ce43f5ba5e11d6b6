"""The Brief as each person sees it."""

import json
import re

import pytest
from lxml import html

from changeflow.reports.brief import MOST_WORDS
from changeflow.reports.documents import json_of, pdf_of
from changeflow.usecases import accounts
from changeflow.usecases.reports import sro_of_stored
from changeflow.values.words import Role
from tests.every_role import HOLDER, NOW, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

PEOPLE = [person for role, person in HOLDER.items() if role not in (Role.SYSTEM, Role.HEAD)]


@pytest.mark.parametrize("person", PEOPLE)
def test_everyone_but_heads_reads_it(world: World, person: str):
    page = signed_in(world.db, person).get("/p/small")
    assert page.status_code == 200
    assert heading(page) == "Brief"
    assert ("Decisions for you" if person == "chief" else "Decisions needed") in text_of(page)


def test_it_says_the_day_the_version_and_that_messages_are_off(world: World):
    page = signed_in(world.db, "chief").get("/p/small")
    assert "Data as at 25 Mar 2027" in page.text
    assert "Plan version 1" in page.text
    assert "Messages are off" in page.text


def test_without_a_session_the_sign_in_page_comes_first(world: World):
    answer = Browser(world.db).get("/p/small")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fp%2Fsmall"


def test_a_programme_that_is_not_theirs_is_not_there(world: World):
    answer = signed_in(world.db, "chief").get("/p/another")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


@pytest.mark.slow
def test_a_person_who_has_left_the_programme_is_out_at_the_next_request(own_world: World):
    browser = signed_in(own_world.db, "viewer")
    assert browser.get("/p/small").status_code == 200
    with pytest.raises(accounts.SignInRefusedError):
        accounts.sign_in_by_provider(
            "https://provider.example.org",
            "x",
            "stranger@example.org",
            kind="",
            next_page="/",
            db=own_world.db,
            now=NOW,
        )


@pytest.mark.slow
def test_reading_results_of_people_is_in_the_audit_once(own_world: World):
    before = len(own_world.audited())
    browser = signed_in(own_world.db, "chief")
    for _ in range(3):
        browser.get("/p/small")
    added = own_world.audited()[before:]
    assert [what for _, what, _ in added].count("sign-in") == 1
    assert [what for _, what, _ in added].count("look") <= 1


def test_the_page_is_at_most_350_words(world: World):
    page = html.fromstring(signed_in(world.db, "chief").get("/p/small").text)
    [more] = page.xpath("//nav[@class='after']")
    more.drop_tree()
    [main] = page.xpath("//main")
    assert 50 < len(main.text_content().split()) <= MOST_WORDS


@pytest.mark.slow
def test_every_link_to_a_part_of_the_annex_finds_it(world: World):
    browser = signed_in(world.db, "chief")
    brief, more = browser.get("/p/small"), browser.get("/p/small/more")
    links = re.findall(r'href="/p/small/more#([a-z-]+)"', brief.text)
    parts = re.findall(r'id="([a-z-]+)"', more.text)
    assert heading(more) == "The rest of the report"
    assert "more" in brief.text
    assert set(links) <= set(parts)
    assert {"milestones", "decisions", "people", "health"} <= set(parts)


@pytest.mark.slow
def test_decisions_and_schools_are_links(world: World):
    browser = signed_in(world.db, "chief")
    page = browser.get("/p/small").text + browser.get("/p/small/more").text
    report = sro_of_stored(None, db=world.db, today=TODAY)
    for decision in report.decisions:
        assert f'<a href="/p/small/decisions/{decision.task}">{decision.name}</a>' in page
    assert report.decisions
    schools = {line.school for line in report.go_lives}
    assert schools
    for school in schools:
        assert re.search(f'<a href="/p/small/schools/[a-z]+">{school}</a>', page), school


@pytest.mark.parametrize(("person", "schools"), [("chief", 3), ("viewer", 0)])
def test_only_schools_that_a_person_may_open_are_links(world: World, person: str, schools: int):
    page = signed_in(world.db, person).get("/p/small/more").text
    assert len(set(re.findall(r'href="/p/small/schools/([a-z]+)"', page))) == schools


@pytest.mark.thorough
@pytest.mark.slow
def test_the_files_are_those_of_the_command(world: World):
    browser = signed_in(world.db, "chief")
    pdf, data = browser.get("/p/small/brief.pdf"), browser.get("/p/small/brief.json")
    report = sro_of_stored(None, db=world.db, today=TODAY)
    again = json.loads(json_of(report))
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert pdf.headers["content-disposition"] == 'attachment; filename="brief-2027-03-25.pdf"'
    assert data.json()["brief"] == again["brief"]
    assert data.json()["proof"]["tasks"] == again["proof"]["tasks"]
    assert len(pdf.content) == pytest.approx(len(pdf_of(report)), rel=0.01)


@pytest.mark.parametrize("path", ["/more", "/brief.pdf", "/brief.json", "/reports", "/decisions"])
def test_no_page_of_the_brief_opens_without_a_session(world: World, path: str):
    answer = Browser(world.db).get(f"/p/small{path}")
    assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?next=")
