"""Calculations: who may start one, a second click, stopping one, and the result of the command itself."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.planning.levelling import level_programme
from changeflow.reports.levelling import LevelReport, level_report
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.storage.database import session_scope, sqlite_path
from changeflow.storage.jobs import JobState, add_job, end_job
from changeflow.usecases import jobs, retention
from changeflow.usecases.jobs import NO_PLAN, OTHER_REASON, REASONS, is_for_pages, reason_in_words
from changeflow.usecases.stored import loaded
from changeflow.values.words import Role
from changeflow.web.calculations import BROKEN, Calculations
from tests import asked
from tests.browser.sample import NOW as SAMPLE_NOW
from tests.browser.sample import OFFICE
from tests.conftest import sample_copy
from tests.every_role import HOLDER, NOW, World
from tests.stored import store_once
from tests.waiting import wait_until
from tests.web.pages.test_edits import check, hidden, publish
from tests.web.pages.test_recovery import office
from tests.web.visiting import Browser, heading, signed_in, text_of

TOP = Path(__file__).parents[3]
INDEX, SAMPLE = "/p/small/calculations", "/p/trust-central-services/calculations"


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting until a test runs them."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def started(browser: Browser, kind: str = "levelling") -> str:
    answer = browser.send(INDEX, browser.get(INDEX), kind=kind)
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"]


def run_all(world: World) -> None:
    Calculations(world.db, lambda: NOW)._run_all()


@pytest.mark.slow
def test_a_second_click_opens_the_same_calculation(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert started(browser) == started(browser) == f"{INDEX}/1"
    assert started(browser, "odds") == f"{INDEX}/2"
    assert text_of(browser.get(INDEX)).count("waiting") == 2


@pytest.mark.slow
def test_who_may_not_start_one_sees_no_button_and_is_refused(own_world: World):
    browser = signed_in(own_world.db, HOLDER[Role.VIEWER])
    page = browser.get(INDEX)
    assert "Calculate" not in page.text
    answer = browser.send(INDEX, page, kind="levelling")
    assert (answer.status_code, heading(answer)) == (403, "You do not have access to this")
    assert "cannot start or stop a calculation. Only " in text_of(answer)


def test_a_form_without_the_pages_token_is_refused(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert browser.send(INDEX, None, kind="levelling").status_code == 403
    assert browser.get(f"{INDEX}/1").status_code == 404


@pytest.mark.slow
def test_an_unknown_kind_and_an_unknown_number_are_not_there(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert browser.send(INDEX, browser.get(INDEX), kind="<b>x</b>").status_code == 404
    for path in ("9", "9/report.html", "9/report.json", "99999999999999999999"):
        assert browser.get(f"{INDEX}/{path}").status_code == 404


@pytest.mark.slow
def test_a_stopped_calculation_is_not_run(own_world: World):
    browser = signed_in(own_world.db, "chief")
    where = started(browser)
    browser.send(f"{where}/stop", browser.get(where))
    assert "Someone stopped this calculation" in text_of(browser.get(where))
    run_all(own_world)
    assert "stopped" in text_of(browser.get(where))


@pytest.mark.slow
def test_a_worker_that_stopped_is_followed_by_another(own_world: World):
    started(signed_in(own_world.db, "chief"))
    first = jobs.claim(db=own_world.db, now=NOW)
    assert first is not None
    assert jobs.claim(db=own_world.db, now=NOW) is None
    again = jobs.claim(db=own_world.db, now=NOW.replace(minute=2))
    assert again is not None
    assert again.id == first.id


@pytest.mark.slow
def test_the_news_of_a_running_calculation_are_shown(own_world: World):
    browser = signed_in(own_world.db, "chief")
    where = started(browser)
    job = jobs.claim(db=own_world.db, now=NOW)
    assert job is not None
    assert jobs.tell(job.id, "<b>so far</b> the last go-live is on 4 Jan 2028", db=own_world.db, now=NOW)
    assert "<b>so far</b> the last go-live is on 4 Jan 2028" in text_of(browser.get(where))
    jobs.finish(job.id, JobState.CANCELLED, db=own_world.db, now=NOW)
    assert not jobs.tell(job.id, "more", db=own_world.db, now=NOW)


def finished(world: World, text: str, *, ended_days_ago: int = 0) -> int:
    """Store a finished calculation whose result contains a text; return its number."""
    at = NOW - timedelta(days=ended_days_ago)
    with session_scope(world.db) as session:
        job = add_job(session, "small", "odds", version=1, on=at.date(), by="chief", at=at)
        data = json.dumps({"owner": text})
        assert end_job(session, job.id, JobState.DONE, now=at, page=f"<p>{text}</p>", data=data)
    return job.id


@pytest.mark.slow
def test_results_are_removed_when_their_time_has_ended(own_world: World):
    old = finished(own_world, "x", ended_days_ago=185)
    new = finished(own_world, "y", ended_days_ago=180)
    waiting = started(signed_in(own_world.db, "chief"))
    [removed] = retention.retain(db=own_world.db, now=NOW)
    assert removed.calculations == 1
    browser = signed_in(own_world.db, "chief")
    assert browser.get(f"{INDEX}/{old}").status_code == 404
    assert "y" in browser.get(f"{INDEX}/{new}/report.html").text
    assert browser.get(waiting).status_code == 200
    [again] = retention.retain(db=own_world.db, now=NOW)
    assert again.calculations == 0
    assert ("system", "retention", "links:0 words:0 scores:0 contracts:0 calculations:1") in own_world.audited()


@pytest.mark.slow
def test_an_erasure_leaves_no_name_in_results(own_world: World):
    finished(own_world, "Owner of Payroll Exampleson")
    browser = signed_in(own_world.db, "chief")
    started(browser)
    running = jobs.claim(db=own_world.db, now=NOW)
    assert running is not None
    done = asked.erase("owner", db=own_world.db, programme=None, actor="officer", now=NOW)
    assert done.removed["calculations"] == 2
    assert "Exampleson" not in own_world.dump()
    assert not jobs.tell(running.id, "more", db=own_world.db, now=NOW), "it began before, with the name"
    jobs.finish(running.id, JobState.DONE, db=own_world.db, now=NOW, page="Exampleson", data="Exampleson")
    assert "Exampleson" not in own_world.dump()
    assert b"Exampleson" not in sqlite_path(own_world.db).read_bytes()


@pytest.mark.thorough
@pytest.mark.slow
def test_the_result_is_the_commands(db: str, tmp_path: Path):
    store_once(sample_copy(tmp_path), db=db, actor="programme-manager", now=NOW)
    browser = signed_in(db, "chief-executive")
    page = browser.get(SAMPLE)
    where = browser.send(SAMPLE, page, kind="odds").headers["location"]
    Calculations(db, lambda: NOW)._run_all()
    assert "finished" in text_of(browser.get(where))
    assert "<svg" in browser.get(f"{where}/report.html").text
    shown = json.loads(browser.get(f"{where}/report.json").text)
    at = ["--at", "2027-03-25T17:00", "--db", db]
    result = CliRunner().invoke(app, ["simulate", "--format", "json", *at])
    assert shown == json.loads(result.stdout)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_calculation_that_cannot_be_done_says_why(own_world: World):
    browser = signed_in(own_world.db, "chief")
    where = started(browser, "odds")
    run_all(own_world)
    page = text_of(browser.get(where))
    assert REASONS["Nothing can be simulated: no task has a range"] in page
    assert "--assume" not in page


def test_every_reason_is_one_that_a_command_gives():
    source = " ".join(path.read_text() for path in sorted((TOP / "changeflow").rglob("*.py")) if path.name != "jobs.py")
    for begins in (*REASONS, NO_PLAN):
        assert f'"{begins}' in source, begins


@pytest.mark.parametrize("words", [*REASONS.values(), OTHER_REASON])
def test_reasons_have_nothing_in_them_that_only_a_terminal_knows(words: str):
    assert is_for_pages(words)


@pytest.mark.parametrize(
    ("line", "is_fit"),
    [
        ("No plan was found in time. Give it more: --seconds 30.", False),
        ("Add waves to programme.yaml.", False),
        ("Next: changeflow plan trust", False),
        ("R05 is broken.", False),
        ("Earliest: the last go-live is on 4 January 2028; 3 seconds left", True),
        ("A go-live – in wave 2 – is on 4 January", True),
    ],
)
def test_news_with_options_or_files_are_not_for_pages(line: str, is_fit: bool):
    assert is_for_pages(line) is is_fit


def test_a_reason_is_found_after_notes_and_an_unknown_one_has_no_words():
    conflict = ["There is no plan. These limits cannot all be met:", "- Ash School can bear at most 1 change at once."]
    assert reason_in_words(["A note about an old name.", *conflict]) == "\n".join(conflict)
    assert (
        reason_in_words(["No plan was found in time. Give it more: --seconds 30."])
        == REASONS["No plan was found in time"]
    )
    assert reason_in_words(["Something else: --seconds 30."]) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("echo 'No wave has any school. Add waves to programme.yaml.' >&2; exit 4", REASONS["No wave has any school"]),
        ("echo 'A new message: --seconds 30' >&2; exit 4", OTHER_REASON),
        ("echo 'Traceback --x' >&2; exit 1", BROKEN),
    ],
)
def test_a_failed_calculation_says_why_in_words_of_pages(
    own_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, shown: str
):
    command = tmp_path / "python"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o700)
    browser = signed_in(own_world.db, "chief")
    where = started(browser)
    monkeypatch.setattr("changeflow.web.calculations.sys.executable", str(command))
    run_all(own_world)
    page = text_of(browser.get(where))
    assert shown.split("\n")[0] in page
    assert "--" not in page


@pytest.mark.slow
def test_a_running_calculation_can_be_stopped(own_world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    browser = signed_in(own_world.db, "chief")
    where = started(browser)
    wait_until(lambda: "running" in text_of(browser.get(where)), what="the calculation to start")
    browser.send(f"{where}/stop", browser.get(where))
    assert "stopped" in text_of(browser.get(where)) or "finished" in text_of(browser.get(where))


@pytest.mark.slow
def test_the_audit_says_who_asked_in_a_session(own_world: World):
    started(signed_in(own_world.db, "chief"))
    with closing(sqlite3.connect(own_world.db.removeprefix("sqlite:///"))) as connection:
        query = "SELECT actor, via, account FROM audit WHERE action = 'calculate'"
        [(actor, via, account)] = connection.execute(query).fetchall()
    assert (actor, via) == ("chief", "session")
    assert re.fullmatch("session:[0-9a-f]{16}", account)


@pytest.mark.thorough
@pytest.mark.slow
def test_levelled_dates_become_a_draft_that_is_published(stored_sample: str):
    """Two tasks wait: one begins with a day's work, and the other in the middle of a day."""
    programme = loaded("trust-central-services", db=stored_sample, on=SAMPLE_NOW.date())
    level = level_report(level_programme(programme, SearchEffort(seconds=60, effort=0.2, seed=1)))
    moves = level.moves[:2]
    assert len(moves) == 2
    report = replace(level, moves=(moves[0], replace(moves[1], iso=f"{moves[1].iso[:10]}T13:00:00")))
    with session_scope(stored_sample) as session:
        job = add_job(session, programme.id, "levelling", version=1, on=SAMPLE_NOW.date(), by=OFFICE, at=SAMPLE_NOW)
        data = TypeAdapter(LevelReport).dump_json(report).decode()
        assert end_job(session, job.id, JobState.DONE, now=SAMPLE_NOW, page="<p>x</p>", data=data)
    browser = office(stored_sample)
    page = browser.get(f"{SAMPLE}/{job.id}")
    assert f"{moves[0].name} Planned start" not in text_of(page)
    assert moves[0].name in text_of(page)
    used = browser.send(f"{SAMPLE}/{job.id}/draft", page)
    assert (used.status_code, used.headers["location"]) == (303, "/p/trust-central-services/drafts/1")
    assert browser.send(f"{SAMPLE}/{job.id}/draft", page).headers["location"] == used.headers["location"]
    draft = browser.get(used.headers["location"])
    assert text_of(draft).count("when its team has time.") == 2
    checked = check(browser, used.headers["location"], draft, revision=hidden(draft, "revision"))
    saved = publish(browser, used.headers["location"], checked, cause="The team has no one before.")
    assert saved.status_code == 303, text_of(saved)
    after = loaded(programme.id, db=stored_sample, on=SAMPLE_NOW.date())
    accepted = after.definition.levelling.accepted
    assert accepted[moves[1].task].hour == 13
    assert all(after.days_of(move.task)[0] >= accepted[move.task].date() for move in moves)


@pytest.mark.slow
def test_who_may_not_change_the_plan_cannot_use_levelled_dates(own_world: World):
    browser = signed_in(own_world.db, HOLDER[Role.VIEWER])
    assert browser.send(f"{INDEX}/1/draft", browser.get(INDEX)).status_code == 403
    chief = signed_in(own_world.db, "chief")
    assert chief.send(f"{INDEX}/9/draft", chief.get(INDEX)).status_code == 404


def test_pages_write_every_day_with_its_year():
    found = [path.name for path in (TOP / "templates" / "web").glob("*/*.j2") if "in_language.day(" in path.read_text()]
    assert found == []


def test_a_plan_that_is_not_possible_lists_why_and_leads_to_what_would_be_enough(own_world: World):
    said = ["There is no plan. Searching for the requests that conflict …", "There is no plan. Not all can be met:",
            "  - Ash: no date is left.", "  - Beech: no date is left."]  # fmt: skip
    news = reason_in_words(said)
    assert news.splitlines() == said[1:]
    with session_scope(own_world.db) as session:
        job = add_job(session, "small", "waves", version=1, on=NOW.date(), by="chief", at=NOW)
        assert end_job(session, job.id, JobState.FAILED, now=NOW, news=news)
    page = signed_in(own_world.db, "chief").get(f"{INDEX}/{job.id}")
    assert "<li>Beech: no date is left.</li>" in page.text
    assert f'href="/p/small/waves/proposals/{job.id}"' in page.text
