"""The first start by importing a plan: each step, and what is wrong with files and entries."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.web.pages import setup_import
from tests.every_role import NOW
from tests.intake.project_files import a_file, a_task, after
from tests.intake.trust_plan import trust_plan
from tests.web.at_desk import YOU, at_desk, fill
from tests.web.pages.test_terms import CALENDAR
from tests.web.visiting import Browser, form_token, heading, text_of

IMPORT = "/setup/import"


def send_plan(browser: Browser, name: str, content: bytes) -> httpx.Response:
    token = form_token(browser.get(IMPORT))
    return browser.ask(
        "POST", IMPORT, data={"form": token}, files={"plan": (name, content)}, headers={"Sec-Fetch-Site": "same-origin"}
    )


def about_of(page: httpx.Response) -> dict[str, str]:
    """Return what the page about a plan has in its fields, with an organisation."""
    services = page.text.split('name="services"')[1].split(">", 1)[1].split("</textarea>")[0]
    schools = page.text.split('name="schools"')[1].split(">", 1)[1].split("</textarea>")[0]
    return {"name": "Central services", "organisation": "A trust", "services": services, "schools": schools}


def with_plan(db: str, folder: Path, *, clock: Callable[[], datetime] = lambda: NOW) -> Browser:
    """Return a browser that has uploaded the trust's plan, and says what it is about."""
    browser = at_desk(db, clock=clock)
    fill(browser, "/setup/you", **YOU)
    assert send_plan(browser, "trust.xml", trust_plan(folder).read_bytes()).headers["location"] == f"{IMPORT}/about"
    page = browser.get(f"{IMPORT}/about")
    assert "We have read 9 tasks from “trust.xml”." in text_of(page)
    assert browser.send(f"{IMPORT}/about", page, **about_of(page)).headers["location"] == f"{IMPORT}/tasks"
    return browser


@pytest.mark.slow
def test_a_plan_is_stored_after_its_dates_were_shown_and_only_once(first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = browser.get(f"{IMPORT}/tasks")
    assert browser.send(f"{IMPORT}/tasks", page, step="continue").headers["location"] == f"{IMPORT}/dates"
    dates = browser.get(f"{IMPORT}/dates")
    text = text_of(dates)
    assert "9 of 9 tasks have dates that differ from the plan." in text
    with read_scope(first) as session:
        assert versions.programme_ids(session) == []

    answers = [browser.send(f"{IMPORT}/dates", dates) for _ in range(2)]

    assert {a.headers["location"] for a in answers} == {"/p/central-services/settings/setup"}
    with read_scope(first) as session:
        assert versions.programme_ids(session) == ["central-services"]
        assert versions.required(session, "central-services").number == 1
    assert "move &lt;old&gt; balances &amp; test" in browser.get("/p/central-services/plan").text


@pytest.mark.slow
def test_one_choice_covers_a_whole_summary(first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = browser.get(f"{IMPORT}/tasks")
    # The fourth summary is Finance, with two tasks: one of them stays by its own choice.
    fields = {"g4-service": "Payroll", "g4-phase": "plan", "t13-service": "Finance", "t14-phase": "develop"}
    assert "Finance" in page.text.split('id="g4-title"')[1][:40]
    browser.send(f"{IMPORT}/tasks", page, step="apply", **fields, **{"t13-phase": "-", "t14-service": "Finance"})
    again = browser.get(f"{IMPORT}/tasks").text

    def chosen(name: str) -> str:
        return again.split(f'id="{name}"')[1].split(" selected")[0].rsplit('value="', 1)[1].split('"')[0]

    assert [chosen(f"t13-{n}") for n in ("service", "phase")] == ["Payroll", "plan"]
    assert [chosen(f"t14-{n}") for n in ("service", "phase")] == ["Payroll", "plan"]
    browser.send(f"{IMPORT}/tasks", browser.get(f"{IMPORT}/tasks"), step="apply", **{"t13-service": "Finance"})
    again = browser.get(f"{IMPORT}/tasks").text
    assert [chosen(f"t{n}-service") for n in (13, 14)] == ["Finance", "Payroll"]


@pytest.mark.thorough
def test_choices_are_kept_when_the_time_is_over(first: str, tmp_path: Path):
    now = [NOW]
    browser = with_plan(first, tmp_path, clock=lambda: now[0])
    page = browser.get(f"{IMPORT}/tasks")
    now[0] = NOW + timedelta(hours=12)
    assert browser.send(f"{IMPORT}/tasks", page, step="apply", **{"g4-service": "Payroll"}).status_code == 403

    again = at_desk(first).get(f"{IMPORT}/tasks").text
    chosen = again.split('id="t13-service"')[1].split(" selected")[0].rsplit('value="', 1)[1].split('"')[0]
    assert chosen == "Payroll"


@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("plan.xml", b"<html><p>no plan</p></html>", "The file cannot be used."),
        ("plan.xml", b"", "The file cannot be used."),
        ("plan.xml", b"PK\x03\x04 not xml", "The file cannot be used."),
        ("plan.exe", b"MZ", "“plan.exe” is not a plan."),
        ("plan.csv", b"", "The file cannot be used."),
        ("plan.xlsx", b"not a workbook", "The file cannot be used."),
        ("", b"", "Choose a file."),
    ],
)
def test_a_file_that_is_no_plan_says_why(name: str, content: bytes, says: str, first: str):
    browser = at_desk(first)
    fill(browser, "/setup/you", **YOU)
    answer = send_plan(browser, name, content)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert browser.get(f"{IMPORT}/about").headers["location"] == IMPORT


SHEET = """Work item,Kick off,End,Team,Colour
Build payroll,04/01/2027,15/01/2027,Payroll,red
Train staff,18/01/2027,someday,Payroll,blue
"""


@pytest.mark.slow
def test_the_columns_of_a_spreadsheet_are_guessed_and_can_be_changed(first: str):
    browser = at_desk(first)
    fill(browser, "/setup/you", **YOU)
    answer = send_plan(browser, "tasks.csv", SHEET.encode())
    assert answer.headers["location"] == f"{IMPORT}/columns"
    page = browser.get(f"{IMPORT}/columns")
    assert "Build payroll; Train staff" in text_of(page)

    missing = browser.send(f"{IMPORT}/columns", page, c2="start")
    assert "Choose the column with the names of the tasks." in text_of(missing)
    twice = browser.send(f"{IMPORT}/columns", page, c1="name", c2="start", c3="start")
    assert "“Kick off” and “End” are both read as Start. Choose one." in text_of(twice)
    matched = {"c1": "name", "c2": "start", "c3": "due", "c4": "bucket", "c5": ""}
    wrong = browser.send(f"{IMPORT}/columns", page, **matched)
    assert wrong.status_code == 422
    assert "Line 3, column 3: In the column 'End', 'someday' is not a date." in text_of(wrong)

    send_plan(browser, "tasks.csv", SHEET.replace("someday", "22/01/2027").encode())
    browser.send(f"{IMPORT}/columns", browser.get(f"{IMPORT}/columns"), **matched)
    about = browser.get(f"{IMPORT}/about")
    assert "We have read 2 tasks from “tasks.csv”." in text_of(about)
    fields = {"name": "Payroll", "organisation": "A trust", "services": "Payroll", "schools": "Ash Primary"}
    browser.send(f"{IMPORT}/about", about, **fields)
    assert "2 of 2 tasks have dates that differ from the plan." in text_of(browser.get(f"{IMPORT}/dates"))


@pytest.mark.slow
def test_an_empty_plan_and_one_that_contradicts_itself_are_refused(first: str, tmp_path: Path):
    browser = at_desk(first)
    fill(browser, "/setup/you", **YOU)
    empty = send_plan(browser, "plan.xml", a_file(tmp_path).read_bytes())
    assert "The plan has no tasks." in text_of(empty)
    loop = a_file(tmp_path, tasks=a_task(1, more=after(2)) + a_task(2, more=after(1)))
    answer = send_plan(browser, "plan.xml", loop.read_bytes())
    assert answer.status_code == 422
    assert "wait for each other" in text_of(answer)


def test_a_plan_that_is_too_large_is_not_read(first: str):
    browser = at_desk(first)
    answer = browser.ask("POST", IMPORT, content=b"x", headers={"Content-Length": str(51_000_000)})
    assert (answer.status_code, heading(answer)) == (413, "The file is too large")


def test_a_stranger_cannot_send_a_plan(first: str):
    at_desk(first)
    other = Browser(first)
    answer = other.ask("POST", IMPORT, files={"plan": ("plan.xml", b"<Project/>")})
    assert (answer.status_code, heading(answer)) == (403, "Open the setup address again")


@pytest.mark.slow
@pytest.mark.usual(4)
@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("organisation", "", "Enter the name of your organisation."),
        ("services", " ", "Name at least one service."),
        ("schools", "", "List at least one school."),
        ("schools", "Ash\nASH", "Duplicate school “ASH” on line 2 (first on line 1)."),
        ("schools", "Ash, palace", "“palace” on line 1 is not a phase of schools."),
        ("schools", "Ash; primary; wave 1; more", "Line 1 is not a name, a phase and a wave"),
        ("terms", "Autumn 2027, 2/9/2027", "Line 1 is not a term with two or four days"),
        ("terms", "Autumn 2027, 2/9/2027, soon", "“soon” on line 1 is not a date. Write it like 2/9/2027."),
        ("terms", "Autumn 2027\t17/12/2027\t2/9/2027", "Line 1: 2 Sep 2027 is before 17 Dec 2027."),
    ],
)
def test_a_wrong_entry_is_named_and_kept(field: str, text: str, says: str, first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = browser.get(f"{IMPORT}/about")
    answer = browser.send(f"{IMPORT}/about", page, **{**about_of(page), field: text})
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert 'value="Central services"' in answer.text


def send_calendar(browser: Browser, content: bytes, **fields: str) -> httpx.Response:
    page = browser.get(f"{IMPORT}/about")
    data, files = {"form": form_token(page), **about_of(page), **fields}, {"calendar": ("terms.ics", content)}
    return browser.ask("POST", f"{IMPORT}/terms", data=data, files=files, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.mark.slow
def test_a_calendar_adds_its_terms_to_the_list_and_keeps_what_was_typed(first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = send_calendar(browser, CALENDAR, name="Another name", terms="Summer 2027, 12/4/2027, 21/7/2027")
    said = "Summer 2027, 12/4/2027, 21/7/2027\nAutumn term 2029; 3/9/2029; 21/12/2029; 22/10/2029; 26/10/2029"
    for shown in (page, browser.get(f"{IMPORT}/about")):
        assert f">{said}</textarea>" in shown.text
        assert 'value="Another name"' in shown.text
    assert "Line 16: The days of “Spring term” cannot be read." in text_of(page)
    assert "1 event with closed days: add these once the programme is stored." in text_of(page)
    refused = send_calendar(browser, b"BEGIN:VCALENDAR\nEND:VCALENDAR", name="A third name")
    assert refused.status_code == 422
    assert "The calendar has no events from 2026 onwards." in text_of(refused)
    assert 'value="A third name"' in refused.text


def test_terms_are_stored_with_the_plan(first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = browser.get(f"{IMPORT}/about")
    terms = "Spring 2027, 4/1/2027, 26/3/2027, 15/2/2027, 19/2/2027\nSummer 2027, 12/4/2027, 21/7/2027"
    browser.send(f"{IMPORT}/about", page, **{**about_of(page), "terms": terms})
    answer = browser.send(f"{IMPORT}/dates", browser.get(f"{IMPORT}/dates"))
    tasks = browser.get(answer.headers["location"])
    assert "Term dates until 21 Jul 2027." in text_of(tasks)
    assert "/p/central-services/settings/terms" in tasks.text
    assert browser.get("/p/central-services/settings/terms").status_code == 200


def test_a_server_without_mpxj_says_so(first: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(setup_import, "can_read_foreign", lambda: False)
    text = text_of(at_desk(first).get(IMPORT))
    assert "This server cannot read .mpp and .xer files: save the plan as XML first." in text


@pytest.mark.slow
def test_schools_can_be_pasted_from_a_spreadsheet_with_names_in_html(first: str, tmp_path: Path):
    browser = with_plan(first, tmp_path)
    page = browser.get(f"{IMPORT}/about")
    pasted = "<b>Ash</b> Primary\tprimary\twave 1\nBeech School\tsecondary\twave 2"
    browser.send(f"{IMPORT}/about", page, **{**about_of(page), "schools": pasted})
    tasks = browser.get(f"{IMPORT}/tasks").text
    assert "&lt;b&gt;Ash&lt;/b&gt; Primary" in tasks
    assert "<b>Ash" not in tasks
