"""Recovery options in the browser: what is asked, who may ask, and the result of the command itself."""

import json
from datetime import date

import pytest
from lxml import html
from pydantic import TypeAdapter
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.planning.risk import tasks_named
from changeflow.reports.recovery import OptionLine, RecoveryReport
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import JobState, add_job, end_job
from changeflow.usecases import accounts
from changeflow.usecases.jobs import RECOVERY
from changeflow.usecases.recovery_pages import RecoveryTarget, command_of
from changeflow.usecases.stored import loaded
from changeflow.values.words import Role
from changeflow.web.calculations import Calculations
from changeflow.web.security import SESSION
from tests.browser.sample import DAY, NOW, OFFICE, PROGRAMME
from tests.every_role import HOLDER, World
from tests.web.pages.test_edits import check, hidden, publish
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = f"/p/{PROGRAMME}/recovery"
ASKED = {"milestone": "payroll-pilot-live", "by": "30/6/2027", "percent": "80", "assumes": "yes"}


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting until a test runs them."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def office(db: str) -> Browser:
    browser = Browser(db, now=NOW)
    token = accounts.sign_in_here(PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    browser.cookies[SESSION] = token
    return browser


@pytest.mark.thorough
@pytest.mark.slow
def test_the_result_is_the_commands_own(stored_sample: str):
    browser = office(stored_sample)
    page = browser.get(URL)
    assert "A second tester from the supplier" in text_of(page)
    where = browser.send(URL, page, **ASKED).headers["location"]
    assert browser.send(URL, page, **ASKED).headers["location"] == where, "a second click"
    assert "It will start in a moment." in text_of(browser.get(where))
    Calculations(stored_sample, lambda: NOW)._run_all()
    command = ["recover", "payroll-pilot-live", "--by", "2027-06-30", "--assume", "80,150", "--format", "json"]
    said = CliRunner().invoke(app, [*command, "--db", stored_sample, "--at", f"{DAY}T09:00"])
    expected = json.loads(said.stdout)
    shown = browser.get(where)
    options = html.fromstring(shown.text).xpath("//table[caption='Each option on its own']/tbody/tr")
    assert [row.xpath("string(th)") for row in options] == [o["name"] for o in expected["recovery_options"]]
    assert [row.xpath("string(td[2])") for row in options] == [f"{o['odds']}%" for o in expected["recovery_options"]]
    assert [row.xpath("string(td[3])") for row in options] == [o["at"] for o in expected["recovery_options"]]
    assert f"{expected['now_odds']}% likely by 30 Jun 2027; 80% likely by {expected['now_at']}" in text_of(shown)
    assert where in browser.get(URL).text


def test_what_someone_asks_becomes_the_commands_options():
    asked = RecoveryTarget(milestone="live", by=date(2027, 6, 30), percent=90, assumes=True)
    assert command_of(asked.subject) == [
        "recover", "live", "--format", "json", "--odds", "90", "--by", "2027-06-30", "--assume", "80,150",
    ]  # fmt: skip
    plain = RecoveryTarget(milestone="live", by=None, percent=80, assumes=False)
    assert command_of(plain.subject) == ["recover", "live", "--format", "json", "--odds", "80"]


@pytest.mark.thorough
@pytest.mark.slow
def test_options_that_are_not_enough_are_a_result(stored_sample: str):
    browser = office(stored_sample)
    sooner = ASKED | {"by": "21/5/2027"}
    where = browser.send(URL, browser.get(URL), **sooner).headers["location"]
    Calculations(stored_sample, lambda: NOW)._run_all()
    assert "Add options, or agree a later date." in text_of(browser.get(where))


@pytest.mark.slow
def test_a_question_that_makes_no_sense_is_refused_and_a_calculation_is_stopped(stored_sample: str):
    browser = office(stored_sample)
    for fields, problem in (
        ({"milestone": ""}, "Choose the milestone whose date should be met."),
        ({"milestone": "nothing"}, "Choose a milestone that has not happened yet."),
        ({"percent": "100"}, "Choose how likely the date should be."),
        ({"by": "soon"}, "“soon” is not a date."),
    ):
        answer = browser.send(URL, browser.get(URL), **{**ASKED, **fields})
        assert (answer.status_code, problem in text_of(answer)) == (422, True), fields
    where = browser.send(URL, browser.get(URL), **ASKED).headers["location"]
    number = where.rpartition("/")[2]
    stopped = browser.send(f"/p/{PROGRAMME}/calculations/{number}/stop", browser.get(where))
    assert stopped.headers["location"] == where
    assert "Someone stopped this calculation" in text_of(browser.get(where))


def test_without_options_the_page_says_what_to_do(world: World):
    page = signed_in(world.db, "member").get("/p/small/recovery")
    assert "The plan has no recovery options yet." in text_of(page)
    assert "Calculate" not in page.text


@pytest.mark.thorough
@pytest.mark.slow
def test_a_failed_calculation_says_why_in_words_of_pages(stored_sample: str):
    browser = office(stored_sample)
    plain = {name: value for name, value in ASKED.items() if name != "assumes"}
    where = browser.send(URL, browser.get(URL), **plain).headers["location"]
    Calculations(stored_sample, lambda: NOW)._run_all()
    assert "Tick the box that assumes a range" in text_of(browser.get(where))


@pytest.mark.slow
def test_viewers_read_and_do_not_start_and_heads_see_nothing(own_world: World):
    viewer = signed_in(own_world.db, HOLDER[Role.VIEWER])
    page = viewer.get("/p/small/recovery")
    assert page.status_code == 200
    assert viewer.send("/p/small/recovery", viewer.get("/p/small/settings/sessions"), **ASKED).status_code == 403
    refused = signed_in(own_world.db, "head").get("/p/small/recovery")
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")


@pytest.mark.thorough
@pytest.mark.slow
def test_an_option_becomes_a_draft_of_what_it_changes_and_is_published(stored_sample: str):
    browser = office(stored_sample)
    before = loaded(PROGRAMME, db=stored_sample, on=NOW.date())
    options = [
        OptionLine(id=o.id, name="The same name", cost=o.cost, chosen=True, odds=80, at="1 Jun 2027")
        for o in before.definition.risk.recovery_options
    ]
    report = RecoveryReport(
        milestone="Payroll", by="30 Jun 2027", percent=80, now_odds=50, now_at="1 Jul 2027", is_kept_now=False,
        is_possible=True, chosen=(), cost=1, then_odds=80, then_at="1 Jun 2027", is_cheapest=True,
        recovery_options=tuple(options), iterations=1, seed=1, tried=1,
    )  # fmt: skip
    with session_scope(stored_sample) as session:
        job = add_job(
            session, PROGRAMME, RECOVERY, version=1, on=NOW.date(), by=OFFICE, at=NOW, subject="payroll-live||80|"
        )
        data = TypeAdapter(RecoveryReport).dump_json(report).decode()
        assert end_job(session, job.id, JobState.DONE, now=NOW, data=data)
    where = f"{URL}/{job.id}"
    page = browser.get(where)
    assert browser.send(where, page, option="Magic").status_code == 422
    offered = html.fromstring(page.text).xpath("//input[@name='option']/@value")
    assert offered == ["second-tester", "data-clean-up", "weekend"]
    event = browser.send(where, page, option="data-clean-up").headers["location"]
    assert "the likelihood is now 5%." in text_of(browser.get(event))
    used = browser.send(where, page, option="weekend")
    assert browser.send(where, page, option="weekend").headers["location"] == used.headers["location"], "a second click"
    draft = browser.get(used.headers["location"])
    checked = check(browser, used.headers["location"], draft, revision=hidden(draft, "revision"))
    saved = publish(browser, used.headers["location"], checked, cause="Agreed with the supplier.")
    assert saved.status_code == 303, text_of(saved)
    after = loaded(PROGRAMME, db=stored_sample, on=NOW.date())
    tasks = [t for t in tasks_named(before, "payroll/system-live") if not before.is_done(t)]
    assert tasks
    for task in tasks:
        planned = before.roadmap.tasks[task].duration.amount
        assert 0 <= after.roadmap.tasks[task].duration.amount - planned * 0.4 < 15
    assert "weekend" not in [o.id for o in after.definition.risk.recovery_options]


@pytest.mark.slow
def test_who_may_not_change_the_plan_cannot_use_an_option(own_world: World):
    viewer = signed_in(own_world.db, HOLDER[Role.VIEWER])
    assert viewer.send("/p/small/recovery/1", viewer.get("/p/small/recovery"), option="x").status_code == 403
