"""The first start: from the printed address to a stored programme, without a terminal."""

from datetime import timedelta

import pytest

from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.storage.facts import load_facts
from changeflow.usecases.accounts import is_sandbox
from changeflow.values.moments import day_of
from changeflow.web.setup_desk import SetupDesk
from tests.every_role import NOW, TODAY, World
from tests.web.at_desk import YOU, at_desk, fill
from tests.web.visiting import Browser, heading, text_of


def stored_programmes(db: str) -> list[str]:
    with read_scope(db) as session:
        return versions.programme_ids(session)


@pytest.mark.slow
def test_the_printed_address_works_once_for_fifteen_minutes_on_this_machine(first: str):
    desk, now = SetupDesk(first), [NOW]
    address = f"/setup/start/{desk.open(NOW)}"
    browser = Browser(first, setup=desk, clock=lambda: now[0])

    assert Browser(first, setup=desk, client="192.0.2.7").get(address).status_code == 404
    assert browser.get(address, headers={"Host": "change.example.org"}).status_code == 404
    assert browser.get(f"{address}x").status_code == 404
    page = browser.get(address)
    assert heading(page) == "Set up changeflow"
    now[0] = NOW + timedelta(minutes=15)
    assert browser.send(address, page).status_code == 404
    now[0] = NOW
    assert browser.send(address, page).headers["location"] == "/setup"
    assert browser.get(address).status_code == 404


@pytest.mark.slow
def test_a_page_of_the_setup_needs_the_browser_that_used_the_address(first: str):
    browser = at_desk(first)
    page = browser.get("/setup/you")
    other = Browser(first)
    assert heading(other.get("/setup/you")) == "Open the setup address again"
    assert other.send("/setup/you", page, **YOU).status_code == 403
    assert text_of(browser.get("/setup/you")).count("Your name") == 1


def test_what_was_entered_is_kept_when_the_time_is_over(first: str):
    desk, now = SetupDesk(first), [NOW]
    browser = Browser(first, setup=desk, clock=lambda: now[0])
    address = f"/setup/start/{desk.open(NOW)}"
    browser.send(address, browser.get(address))
    page = browser.get("/setup/you")
    now[0] = NOW + timedelta(hours=12)
    answer = browser.send("/setup/you", page, **YOU)
    assert (answer.status_code, heading(answer)) == (403, "Open the setup address again")

    again = at_desk(first).get("/setup/you")
    assert 'value="director@example.org"' in again.text


@pytest.mark.slow
def test_the_first_admin_must_say_who_they_are(first: str):
    browser = at_desk(first)
    assert browser.get("/setup").headers["location"] == "/setup/you"
    answer = fill(browser, "/setup/you", **{**YOU, "email": "nowhere"})
    assert answer.status_code == 422
    assert "Enter an email address, such as name@example.org." in text_of(answer)
    assert fill(browser, "/setup/you", **YOU).headers["location"] == "/setup"
    tasks = text_of(browser.get("/setup"))
    assert "Your programme" in tasks
    assert tasks.count("Cannot start yet") == 7


@pytest.mark.slow
def test_a_template_is_stored_once_and_its_admin_comes_in(first: str):
    browser = at_desk(first)
    fill(browser, "/setup/you", **YOU)
    assert fill(browser, "/setup/programme", way="template").headers["location"] == "/setup/template"
    page = browser.get("/setup/template")
    wrong = browser.send("/setup/template", page, name="", organisation="A trust", start="4/1/2027")
    assert "Enter the name of the programme." in text_of(wrong)
    assert stored_programmes(first) == []

    fields = {"name": "<i>Central</i> services: one", "organisation": 'A "small" trust', "start": "4/1/2027"}
    answers = [browser.send("/setup/template", page, **fields) for _ in range(2)]
    assert {a.headers["location"] for a in answers} == {"/p/i-central-i-services-one/settings/setup"}
    assert stored_programmes(first) == ["i-central-i-services-one"]
    tasks = browser.get(answers[1].headers["location"])
    assert "3 schools in the programme." in text_of(tasks)
    assert "&lt;i&gt;Central&lt;/i&gt; services: one" in tasks.text
    assert heading(browser.get("/p/i-central-i-services-one/plan")) == "Plan"
    assert not is_sandbox(db=first)
    assert browser.get("/setup").headers["location"] == "/"


@pytest.mark.thorough
@pytest.mark.slow
def test_the_sample_is_a_sandbox_with_what_has_happened_up_to_today(first: str):
    browser = at_desk(first)
    fill(browser, "/setup/you", **YOU)
    answer = fill(browser, "/setup/sample")
    assert answer.headers["location"] == "/p/trust-central-services/settings/setup"
    assert is_sandbox(db=first)
    assert "A sandbox sends no messages." in text_of(browser.get(answer.headers["location"]))
    with read_scope(first) as session:
        known = load_facts(session, "trust-central-services")
    assert len(known.progress) > 20
    assert max(day_of(p.actual_finish or p.actual_start) for p in known.progress.values()) <= TODAY


def test_no_one_sets_up_a_database_that_has_a_programme(world: World):
    desk = SetupDesk(world.db)
    address = f"/setup/start/{desk.open(NOW)}"
    browser = Browser(world.db, setup=desk)
    browser.send(address, browser.get(address))
    assert browser.get("/setup/you").headers["location"] == "/"
