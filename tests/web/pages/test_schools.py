"""The list of schools and one school's page: what each person sees of them."""

import io

import pytest
from lxml import html

from changeflow.programme.announcements import go_lives
from changeflow.programme.facts import Announcement
from changeflow.programme.permissions import is_allowed
from changeflow.reports.announcements import go_live_lines
from changeflow.storage.database import read_scope
from changeflow.usecases import announcements, definitions
from changeflow.usecases.stored import load
from changeflow.values.moments import format_day
from changeflow.values.words import Action, Role
from tests.every_role import HOLDER, NOW, PEOPLE, TODAY, World, store
from tests.refused import refusals
from tests.web.visiting import Browser, heading, signed_in, text_of

SCHOOLS, ASH, BEECH = "/p/small/schools", "/p/small/schools/ash", "/p/small/schools/beech"
EVERYWHERE = [HOLDER[r] for r in HOLDER if is_allowed(Action.READ_SCHOOL, r) and r not in (Role.HEAD, Role.VIEWER)]
NOWHERE = [HOLDER[r] for r in (Role.VIEWER, Role.OWNER, Role.SIGNATORY)]


def links(page: object) -> list[str]:
    return [a.get("href") for a in html.fromstring(page.text).xpath("//main//table//a")]  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.usual(7)
@pytest.mark.parametrize("person", EVERYWHERE)
def test_people_of_the_whole_programme_see_every_school(world: World, person: str):
    browser = signed_in(world.db, person)
    page = browser.get(SCHOOLS)
    assert (page.status_code, heading(page)) == (200, "Schools")
    assert links(page) == [f"{SCHOOLS}/{s}" for s in ("ash", "beech", "cedar")]
    assert [browser.get(path).status_code for path in (ASH, BEECH)] == [200, 200]


def test_the_list_says_the_dates_that_the_report_says(world: World):
    with read_scope(world.db) as session:
        programme = load(session, "small", on=TODAY).programme
    lines = go_live_lines(programme, go_lives(programme))
    page = signed_in(world.db, "chief").get(SCHOOLS)
    rows = html.fromstring(page.text).xpath("//main//tbody/tr")
    shown = {(row.xpath("string(th)"), cell.get("data-label")): cell.text_content() for row in rows for cell in row[1:]}
    assert len(lines) == len(shown) == 6
    for line in lines:
        assert line.forecast in shown[line.school, line.service]


def test_a_head_is_taken_to_their_own_school(world: World):
    answer = signed_in(world.db, "head").get(SCHOOLS)
    assert (answer.status_code, answer.headers["location"]) == (303, ASH)
    page = signed_in(world.db, "head").get(ASH)
    assert heading(page) == "Ash School"
    assert "What you and your staff need to do" in text_of(page)
    assert "All schools" not in text_of(page)


def test_a_school_that_is_not_theirs_looks_like_none_and_the_refusal_is_logged(world: World, logged: io.StringIO):
    browser = signed_in(world.db, "head")
    other, none = browser.get(BEECH), browser.get(f"{SCHOOLS}/nowhere")
    assert other.status_code == none.status_code == 404
    assert text_of(other) == text_of(none)
    assert [(r["actor"], r["action"]) for r in refusals(logged)] == [("head", "read-school")]


@pytest.mark.parametrize("person", NOWHERE)
def test_people_without_a_role_or_school_see_no_school(world: World, person: str):
    browser = signed_in(world.db, person)
    page = browser.get(SCHOOLS)
    assert page.status_code == 200
    assert links(page) == []
    assert "ask the programme office" in text_of(page)
    assert [browser.get(path).status_code for path in (ASH, BEECH)] == [404, 404]


@pytest.mark.slow
def test_staff_of_a_school_see_their_own(own_world: World):
    store(own_world, "chief", people=PEOPLE.replace("viewer@example.org,team,,,", "viewer@example.org,team,beech,,"))
    browser = signed_in(own_world.db, "viewer")
    assert browser.get(SCHOOLS).headers["location"] == BEECH
    assert [browser.get(path).status_code for path in (ASH, BEECH)] == [404, 200]


@pytest.mark.slow
def test_a_later_date_is_named_beside_the_announced_one(own_world: World):
    with read_scope(own_world.db) as session:
        found = go_lives(load(session, "small", on=TODAY).programme)
    live = next(g for g in found if g.school == "ash" and g.service == "payroll")
    assert live.day is not None
    day = live.day.replace(day=1) if live.day.day > 1 else TODAY
    announcements.announce(
        [Announcement(service="payroll", school="ash", day=day, on=TODAY, how="letter")], own_world.change("member")
    )
    late = (live.day - day).days
    page = text_of(signed_in(own_world.db, "head").get(ASH))
    forecast = format_day(live.day, weekday=True)
    words = f"{late} {'day' if late == 1 else 'days'} later than {format_day(day)}, the date that we announced on "
    words += f"{format_day(TODAY)}."
    assert f"Payroll is forecast to go live on {forecast}. That is {words}" in page
    only = signed_in(own_world.db, "chief").get(f"{SCHOOLS}?only=late")
    assert links(only) == [ASH]


def test_nothing_is_late_says_so(world: World):
    assert "No go-live is later than announced." in text_of(signed_in(world.db, "chief").get(f"{SCHOOLS}?only=late"))


def test_an_unknown_filter_is_refused(world: World):
    assert signed_in(world.db, "chief").get(f"{SCHOOLS}?only=%3Cb%3E").status_code == 422


@pytest.mark.slow
def test_the_school_page_says_who_to_ask_and_what_its_people_have_to_do(own_world: World):
    store(
        own_world,
        "chief",
        people=PEOPLE.replace("owner@example.org,team,,,", "owner@example.org,team,ash,,"),
    )
    page = text_of(signed_in(own_world.db, "chief").get(ASH))
    assert "Payroll: plan" in page
    assert "The Director of People leads the changes to this service." in page
    assert "The Payroll Manager runs the service." in page
    assert "office@example.org" in page


@pytest.mark.slow
def test_a_name_with_html_is_shown_as_text(own_world: World):
    schools = (own_world.home / "trust" / "schools.csv").read_text()
    assert "Ash School" in schools
    name = "<b>x</b> {{ 7*7 }}"
    folder = own_world.home / "trust"
    (folder / "schools.csv").write_text(schools.replace("Ash School", name))
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    browser = signed_in(own_world.db, "chief")
    assert heading(browser.get(ASH)) == name
    assert name in text_of(browser.get(SCHOOLS))
    assert "<b>x" not in browser.get(SCHOOLS).text + browser.get(ASH).text


def test_without_a_session_the_sign_in_page_comes_first(world: World):
    assert Browser(world.db).get(ASH).status_code == 303
    assert Browser(world.db).get(SCHOOLS).status_code == 303
