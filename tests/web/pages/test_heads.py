"""What people of one school see: that school and the programme's milestones, and no other school's name anywhere."""

import io
import re
from collections import deque
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
import pytest
from lxml import html

from changeflow.storage import versions
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import read_scope
from changeflow.usecases import accounts, definitions, issued_reports
from changeflow.web.security import SESSION
from tests.browser.sample import HEAD, PROGRAMME
from tests.browser.sample import NOW as SAMPLE_NOW
from tests.every_role import NOW, PEOPLE, TODAY, World, store
from tests.refused import refusals
from tests.web.visiting import Browser, heading, signed_in, text_of

HOME = "/p/small"
OTHERS = re.compile("beech|cedar", re.IGNORECASE)
"""Words of the names, ids and roles of the other schools."""
REFUSED = (
    "/more",
    "/brief.pdf",
    "/brief.json",
    "/reports",
    "/reports/1",
    "/reports/1.pdf",
    "/reports/1/trustees.html",
    "/decisions",
    "/pilots",
    "/pilots/payroll",
    "/rules",
    "/confidence",
    "/people/actions",
    "/calculations",
    "/record",
)
HIDDEN = (
    "/schools/beech",
    "/plan?school=beech",
    "/plan/payroll/beech/plan",
    "/decisions/payroll/w1/go-no-go",
    "/decisions/payroll/w1/go-no-go.json",
    "/decisions/payroll/plan-agreed",
)
"""Things that exist, but that people of one school may not know of."""
AT_ASH = ("head", "clerk")
"""A head, and someone of the same school who is only a viewer."""
SEEN = (
    "",
    "/plan",
    "/plan?by=school",
    "/plan?by=service&only=critical",
    "/plan?only=late",
    "/plan?only=next-six-weeks",
    "/waves",
    "/people",
    "/schools",
    "/schools/ash",
    "/find?q=a",
    "/find?q=school",
    "/find?q=head",
    "/find?q=go",
)
MORE_PEOPLE = PEOPLE + (
    "clerk,Business Manager,Business Manager,clerk@example.org,team,ash,,\n"
    "beech-head,Head of Beech,Head of Beech,beech-head@example.org,manager,beech,heads,\n"
    "cedar-bursar,Bursar,Bursar of Cedar,cedar-bursar@example.org,lead,cedar,,\n"
)


@pytest.fixture(scope="module")
def schools(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with people at the other schools, and an issued report."""
    made = world.copy(tmp_path_factory.mktemp("heads") / "world")
    store(made, "chief", people=MORE_PEOPLE)
    issued_reports.issue_sro("small", db=made.db, today=TODAY, actor="chief", now=NOW)
    return made


def links(page: httpx.Response, at: str) -> set[str]:
    found = html.fromstring(page.text).xpath("//main//a/@href | //nav//a/@href")
    return {urldefrag(urljoin(at, link)).url for link in found if not link.startswith("mailto:")}


def reach(browser: Browser, home: str, others: re.Pattern[str]) -> set[str]:
    """Open every page that links lead to from the first ones; fail if one is not there or names another school."""
    known = {home + path.replace("/schools/ash", "") for path in SEEN}
    waiting = deque(sorted(known))
    while waiting:
        path = waiting.popleft()
        page = browser.get(path)
        if page.status_code == 303:
            page = browser.get(page.headers["location"])
        assert page.status_code == 200, f"{path} leads nowhere"
        assert others.search(page.text) is None, f"{path}: {others.search(page.text)}"
        new = {link for link in links(page, path) if link.startswith(home)} - known
        known |= new
        waiting.extend(sorted(new))
    return known


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("person", AT_ASH)
def test_no_page_that_people_of_a_school_can_reach_names_another(schools: World, person: str):
    assert len(reach(signed_in(schools.db, person), HOME, OTHERS)) > 25


@pytest.mark.slow
def test_others_see_every_school_in_the_same_pages(schools: World):
    """The search above would find their names."""
    for path in ("/plan", "/waves", "/more", "/find?q=school", "/find?q=head"):
        page = signed_in(schools.db, "chief").get(HOME + path)
        assert page.status_code == 200
        assert OTHERS.search(page.text) is not None, path


@pytest.mark.slow
@pytest.mark.parametrize("person", AT_ASH)
def test_what_is_about_every_school_is_refused(schools: World, person: str, logged: io.StringIO):
    browser = signed_in(schools.db, person)
    for path in REFUSED:
        page = browser.get(HOME + path)
        assert (page.status_code, heading(page)) == (403, "You do not have access to this"), path
        assert OTHERS.search(page.text) is None
        assert "cannot see" in text_of(page)
        assert len(refusals(logged)) == 1, path


@pytest.mark.slow
@pytest.mark.parametrize("person", AT_ASH)
def test_what_people_of_a_school_may_not_know_is_like_what_does_not_exist(
    schools: World, person: str, logged: io.StringIO
):
    browser = signed_in(schools.db, person)
    unknown = browser.get(f"{HOME}/decisions/payroll/nothing-agreed")
    for path in HIDDEN:
        refusals(logged)
        page = browser.get(HOME + path)
        assert (page.status_code, text_of(page)) == (unknown.status_code, text_of(unknown)), path
        assert [line["actor"] for line in refusals(logged)] == [person], path
    sent = browser.send(f"{HOME}/plan/payroll/beech/plan", browser.get(HOME), status="started", day="2027-03-24")
    assert (sent.status_code, len(refusals(logged))) == (404, 1)
    sent = browser.send(f"{HOME}/decisions/payroll/plan-agreed", browser.get(HOME), outcome="approve")
    assert (sent.status_code, len(refusals(logged))) == (404, 1)


@pytest.mark.slow
@pytest.mark.parametrize("person", AT_ASH)
def test_the_brief_of_a_school_has_the_milestones_of_the_brief(schools: World, person: str):
    own, whole = (signed_in(schools.db, who).get(HOME) for who in (person, "chief"))

    def dates(page: httpx.Response) -> list[str]:
        rows = html.fromstring(page.text).xpath("//table[contains(@class, 'dates')]//tbody/tr")
        return [" ".join(row.text_content().split()) for row in rows]

    assert dates(own)
    assert dates(own) == dates(whole)
    assert "Go-lives at Ash School" in text_of(own)


@pytest.mark.slow
def test_a_task_of_another_school_is_not_there(schools: World):
    browser = signed_in(schools.db, "head")
    assert browser.get(f"{HOME}/plan/payroll/ash/plan").status_code == 200
    assert browser.get(f"{HOME}/plan/payroll/beech/plan").status_code == 404
    assert browser.get(f"{HOME}/plan?school=beech").status_code == 404
    assert browser.get(f"{HOME}/plan?school=ash").status_code == 200


@pytest.mark.slow
def test_a_head_who_has_a_role_in_the_whole_programme_sees_every_school(own_world: World):
    store(own_world, "chief", people=MORE_PEOPLE.replace("manager,ash,heads,", "manager,ash,heads;programme-office,"))
    browser = signed_in(own_world.db, "head")
    assert OTHERS.search(browser.get(f"{HOME}/plan").text)
    assert browser.get(f"{HOME}/decisions").status_code == 200


@pytest.mark.slow
def test_a_head_opens_the_decision_that_is_theirs(own_world: World):
    gate, task = f"{HOME}/decisions/payroll/plan-agreed", f"{HOME}/plan/payroll/plan-agreed"
    assert signed_in(own_world.db, "head").get(gate).status_code == 404
    assert gate not in signed_in(own_world.db, "head").get(f"{HOME}/find?q=plan+agreed").text
    folder = own_world.home / "trust"
    [pathway] = [p for p in folder.rglob("*.yaml") if "plan-agreed" in p.read_text()]
    pathway.write_text(pathway.read_text().replace("after: plan, owner: owner", "after: plan, owner: head"))
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    browser = signed_in(own_world.db, "head")
    assert browser.get(gate).status_code == 200
    assert gate in browser.get(f"{HOME}/find?q=plan+agreed").text
    assert gate in browser.get(task).text


@pytest.mark.slow
def test_a_task_for_other_schools_is_there_for_its_owner_at_a_school(own_world: World):
    task = f"{HOME}/plan/payroll/w2/quick-win"
    assert signed_in(own_world.db, "head").get(task).status_code == 404
    folder = own_world.home / "trust"
    service = folder / "services/payroll.yaml"
    service.write_text(f"{service.read_text()}tasks:\n  quick-win: {{owner: head}}\n")
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    page = signed_in(own_world.db, "head").get(task)
    assert (page.status_code, 'name="status"' in page.text) == (200, True)
    assert f'href="{task}"' in signed_in(own_world.db, "head").get(f"{HOME}/plan").text


@pytest.mark.slow
def test_the_effect_of_what_a_head_records_names_no_other_school(schools: World, tmp_path: Path):
    world, task = schools.copy(tmp_path / "world"), f"{HOME}/plan/payroll/ash/plan"

    def recorded(person: str) -> httpx.Response:
        browser = signed_in(world.db, person)
        page = browser.get(task)
        seen = re.search(r'name="seen" value="([^"]+)"', page.text)
        assert seen is not None
        fields = {"status": "started", "day": "2027-03-24", "left": "99", "seen": seen[1]}
        return browser.send(task, page, **fields)

    whole, own = recorded("manager"), recorded("head")
    assert OTHERS.search(whole.text) is not None
    assert OTHERS.search(own.text) is None
    assert "Payroll go-live at Ash School and 2 other schools is " in text_of(own)
    assert "This also changes dates or findings at other schools." in text_of(own)
    marks = [re.search(r'name="effect" value="([^"]+)"', page.text) for page in (whole, own)]
    assert marks[0] is not None
    assert marks[1] is not None
    assert marks[0][1].partition(".")[0] == marks[1][1].partition(".")[0], "the same change has the same effect"


@pytest.mark.slow
def test_what_one_head_saw_is_not_shown_to_another(schools: World):
    first = signed_in(schools.db, "head").get(f"{HOME}/plan").text
    second = signed_in(schools.db, "beech-head").get(f"{HOME}/plan").text
    assert "Ash School" in first
    assert "Ash School" not in second
    assert "Beech School" in second


@pytest.mark.slow
@pytest.mark.whole
def test_no_page_of_the_sample_names_another_school_to_a_head(stored_sample: str):
    """The sample has thirteen other schools, and people, decisions and reports of all of them."""
    token = accounts.sign_in_here(PROGRAMME, HEAD, SignIn.SANDBOX, kind="", db=stored_sample, now=SAMPLE_NOW).token
    browser = Browser(stored_sample, now=SAMPLE_NOW)
    browser.cookies[SESSION] = token
    with read_scope(stored_sample) as session:
        names = {s.id: s.name for s in versions.required(session, PROGRAMME).definition.schools}
    others = re.compile("|".join(re.escape(name) for id_, name in names.items() if id_ != "ashdown"), re.IGNORECASE)
    assert len(reach(browser, f"/p/{PROGRAMME}", others)) > 100
