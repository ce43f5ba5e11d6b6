"""Comparing both outputs of a parallel run in the browser: upload, check the columns, save, explain, compare again."""

import hashlib
import re
import stat
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from changeflow.reports.page_words import for_page
from changeflow.storage.database import read_scope
from changeflow.storage.jobs import JobState
from changeflow.storage.ledger_files import LedgerFiles
from changeflow.usecases import jobs, pilot_records, retention
from changeflow.usecases.ledger_comparison import compare_pair
from changeflow.usecases.stored import load
from changeflow.web.calculations import Calculations
from changeflow.web.clients import Limits
from tests import asked
from tests.every_role import GO, NEW, NOW, OLD, STRANGERS, TODAY, World, reconcile
from tests.web.pages.test_pilot_runs import hidden
from tests.web.visiting import Browser, form_token, heading, signed_in, text_of

URL, PILOT = "/p/small/pilots/payroll/compare", "/p/small/pilots/payroll"
MONTH = "2027-03"


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave comparisons waiting until a test runs them."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def upload(browser: Browser, old: str = OLD, new: str = NEW, *, ids: str = "", month: str = MONTH, **names: str) -> Any:
    """Send both files with the form of the page."""
    files = {
        "old": (names.get("old_name", "May.csv"), old.encode()),
        "new": (names.get("new_name", "New.csv"), new.encode()),
    }
    if ids:
        files["ids"] = ("ids.csv", ids.encode())
    token = form_token(browser.get("/p/small/settings/sessions"))
    return browser.ask(
        "POST", URL, data={"form": token, "period": month}, files=files, headers={"Sec-Fetch-Site": "same-origin"}
    )


def compare_all(world: World) -> None:
    """Do what the worker does, in this process."""
    while (job := jobs.claim(db=world.db, now=NOW)) is not None:
        compare_pair(job.programme, int(job.subject), db=world.db, on=TODAY, say=lambda _: None)
        jobs.finish(job.id, JobState.DONE, db=world.db, now=NOW)


def compared(world: World, browser: Browser, *files: str, **more: str) -> Any:
    """Upload and compare; return the page of the pair."""
    answer = upload(browser, *files, **more)
    assert answer.status_code == 303, text_of(answer)
    compare_all(world)
    return browser.get(answer.headers["location"])


def check(browser: Browser, page: Any, where: str = f"{URL}/1", month: str = MONTH) -> Any:
    return browser.send(where, page, period=month, seen=hidden(page, "seen"))


def save(browser: Browser, checked: Any, where: str = f"{URL}/1", month: str = MONTH) -> Any:
    marks = {name: hidden(checked, name) for name in ("seen", "effect", "checked")}
    return browser.send(where, checked, step="save", period=month, **marks)


def runs_of(world: World):
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme.facts.runs_of("payroll")


def stored_files(world: World) -> set[str]:
    folder = LedgerFiles(world.db).folder
    return {path.name for path in folder.iterdir() if path.name != ".now"} if folder.is_dir() else set()


@pytest.mark.thorough
@pytest.mark.slow
def test_columns_come_first_then_the_result_with_its_evidence_and_then_the_run(own_world: World):
    browser = signed_in(own_world.db, "manager")
    with_notes = "contract,note,gross,net\nA1,y,100.00,80.00\nA2,x,212.00,160.00\n"
    first = upload(browser, OLD, with_notes)
    assert (first.status_code, first.headers["location"]) == (303, f"{URL}/1")
    waiting = browser.get(f"{URL}/1")
    assert 'data-again="2"' in waiting.text
    assert "waiting" in text_of(waiting)
    compare_all(own_world)
    page = browser.get(f"{URL}/1")
    said = text_of(page)
    assert "Gross✓ compared" in said
    assert "Note○ not compared" in said
    assert "unexplained" not in said
    assert ("manager", "look", "run:payroll:2027-03:masked") not in own_world.audited()
    checked = check(browser, page)
    said = text_of(checked)
    assert "The run is not clean: 1 contract with an unexplained difference." in said
    assert "The March 2027 run has 1 contract with an unexplained difference." in said
    assert "…2Gross200.00212.00+12.00" in said.replace(" ", "")
    assert ("manager", "look", "run:payroll:2027-03:masked") in own_world.audited()
    assert len(runs_of(own_world)) == 1
    for _ in range(2):
        saved = save(browser, checked)
        assert (saved.status_code, saved.headers["location"]) == (303, f"{PILOT}/runs/2027-03?saved=run")
    run = runs_of(own_world)[-1]
    assert (run.period, run.compared, run.unexplained, run.coverage.compared) == (MONTH, 2, 1, ("gross", "net"))
    assert "Run saved" in text_of(browser.get(saved.headers["location"]))
    assert "This result is saved." in text_of(browser.get(f"{URL}/1"))
    actions = [(actor, action) for actor, action, _ in own_world.audited()]
    assert ("manager", "ledgers:upload") in actions
    assert ("manager", "reconcile") in actions
    assert any("'reconcile'" in line and "session" in line for line in own_world.dump().splitlines())


@pytest.mark.thorough
@pytest.mark.slow
def test_an_explained_run_is_compared_again_and_the_gates_evidence_changes(own_world: World):
    browser = signed_in(own_world.db, "manager")
    save(browser, check(browser, compared(own_world, browser)))
    assert len(stored_files(own_world)) == 3, "kept to compare them again"
    run = f"{PILOT}/runs/{MONTH}"
    form = {"row": "0", "reason": "Back pay", "evidence": "A letter", "until": MONTH}
    explained = browser.send(run, browser.get(run), seen=hidden(browser.get(run), "seen"), **form)
    marks = {name: hidden(explained, name) for name in ("seen", "effect", "checked")}
    assert browser.send(run, explained, step="save", **marks, **form).status_code == 303
    assert f'href="{URL}/1"' in browser.get(f"{run}?saved=1").text
    page = browser.get(f"{URL}/1")
    assert "The result would now be different." in text_of(page)
    assert "Compare them again." in text_of(check(browser, page))
    assert browser.send(f"{URL}/1/again", page).status_code == 303
    compare_all(own_world)
    checked = check(browser, browser.get(f"{URL}/1"))
    said = text_of(checked)
    assert "The run is clean: 2 contracts compared, and nothing is unexplained." in said
    assert "Already saved for March 2027: a run that is not clean of 2 contracts" in said
    resolved = said.partition("No longer evidence against a decision")[2]
    assert "The March 2027 run has 1 contract with an unexplained difference." in resolved
    for _ in range(2):
        assert save(browser, checked).status_code == 303
    assert [r.is_clean for r in runs_of(own_world)] == [False, False, True]
    evidence = text_of(browser.get(f"/p/small/decisions/{GO}"))
    assert "In the March 2027 run, all 2 contracts match within tolerance or have an explained difference" in evidence
    assert stored_files(own_world) == set()
    assert "The uploaded files have been deleted." in text_of(browser.get(f"{URL}/1"))
    assert "May.csv" not in own_world.dump()


@pytest.mark.slow
def test_files_are_private_named_by_their_content_and_shared(own_world: World):
    browser = signed_in(own_world.db, "manager")
    for _ in range(2):
        assert upload(browser).status_code == 303
    names = {f"{hashlib.sha256(text.encode()).hexdigest()}.csv" for text in (OLD, NEW)}
    assert stored_files(own_world) == names
    folder = LedgerFiles(own_world.db).folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    deleted = browser.send(f"{URL}/1/delete", browser.get(f"{URL}/2"))
    assert deleted.headers["location"] == f"{PILOT}?deleted=1#runs"
    assert stored_files(own_world) == names, "the other upload has them too"
    browser.send(f"{URL}/2/delete", browser.get(f"{URL}/2"))
    assert stored_files(own_world) == set()
    assert [a for _, a, _ in own_world.audited() if a.startswith("ledgers")] == [
        *["ledgers:upload"] * 2,
        *["ledgers:delete"] * 2,
    ]


@pytest.mark.thorough
@pytest.mark.slow
def test_a_decimal_mark_that_the_amounts_do_not_show_is_asked_for(own_world: World):
    browser = signed_in(own_world.db, "manager")
    old, new = ("contract;gross;net\nA1;2.500;1.000\nA2;1.000;1.000\n" for _ in range(2))
    page = compared(own_world, browser, old, new)
    said = text_of(page)
    assert "The files need corrections" in said
    assert "Choose the decimal mark below." in said
    assert "Amounts in the old output" in said
    assert "--" not in said
    assert check(browser, page).status_code == 422
    answered = browser.send(f"{URL}/1/again", page, old=",", new=",")
    assert answered.status_code == 303
    compare_all(own_world)
    checked = check(browser, browser.get(f"{URL}/1"))
    assert "The run is clean: 2 contracts compared" in text_of(checked)
    save(browser, checked)
    assert runs_of(own_world)[-1].is_clean


@pytest.mark.thorough
@pytest.mark.slow
def test_what_quotes_cells_is_for_who_uploaded_it_and_who_may_see_contracts(own_world: World):
    member = signed_in(own_world.db, "member")
    page = compared(own_world, member, OLD, NEW.replace("212.00", "twelve <b>x</b>"))
    assert "twelve <b>x</b>" in text_of(page)
    assert "<b>x" not in page.text
    assert "twelve" in text_of(signed_in(own_world.db, "manager").get(f"{URL}/1"))
    other = text_of(signed_in(own_world.db, "chief").get(f"{URL}/1"))
    assert "twelve" not in other
    assert "so only Team Member, the service manager and the lead provider can see it" in other
    assert "A2" not in text_of(check(member, compared(own_world, member), f"{URL}/2"))


@pytest.mark.slow
def test_changed_ids_are_read(own_world: World):
    browser = signed_in(own_world.db, "manager")
    page = compared(own_world, browser, OLD, OLD.replace("A2", "B2"), ids="old,new\nA2,B2\n")
    assert "The run is clean" in text_of(check(browser, page))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"old_name": "pay.pdf"}, "We cannot read pay.pdf."),
        ({"old_name": ""}, "Choose the old output."),
        ({"new": ""}, "New.csv is empty."),
        ({"month": "2027-04"}, "2027-04 is in the future"),
        ({"month": "<b>"}, "'<b>' is not a pay period."),
    ],
)
def test_mistakes_are_named_and_nothing_is_kept(own_world: World, files: dict[str, str], words: str):
    page = upload(signed_in(own_world.db, "manager"), **files)
    assert page.status_code == 422
    assert words in text_of(page)
    assert stored_files(own_world) == set()
    assert "ledger_pair VALUES" not in own_world.dump().replace('"', "")


@pytest.mark.slow
def test_odd_names_are_shown_as_text(own_world: World):
    browser = signed_in(own_world.db, "manager")
    where = upload(browser, old_name="../../<b>x</b> {{ 7*7 }}.csv", new_name="C:\\pay\\New.csv").headers["location"]
    page = browser.get(where)
    assert "_b_x__b_ __ 7_7 __.csv, New.csv" in text_of(page) or "b_ __ 7_7 __.csv, New.csv" in text_of(page)
    assert "<b>x" not in page.text


@pytest.mark.slow
def test_a_file_that_is_too_large_is_refused(own_world: World):
    browser = signed_in(own_world.db, "manager", limits=Limits(ledgers_bytes=2_000))
    page = upload(browser, OLD + "A9,1,1\n" * 1000)
    assert (page.status_code, heading(page)) == (413, "The file is too large")
    assert stored_files(own_world) == set()


@pytest.mark.slow
def test_uploads_are_limited_in_number(own_world: World):
    browser = signed_in(own_world.db, "manager")
    answers = [upload(browser) for _ in range(7)]
    assert [a.status_code for a in answers] == [303] * 6 + [422]
    assert "There are 6 uploads for this service already." in text_of(answers[-1])


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("person", ["viewer", "head", "accountant", *STRANGERS])
def test_who_may_not_compare_is_refused_before_a_file_is_read(own_world: World, person: str):
    upload(signed_in(own_world.db, "manager"))
    before = stored_files(own_world)
    browser = signed_in(own_world.db, person)
    assert (upload(browser).status_code, browser.get(URL).status_code) == (403, 403)
    assert browser.get(f"{URL}/1").status_code == 403
    page = browser.get("/p/small/settings/sessions")
    for path in ("", "/again", "/stop", "/delete"):
        assert browser.send(f"{URL}/1{path}", page, period=MONTH).status_code == 403
    assert stored_files(own_world) == before
    assert person == "head" or "Compare two outputs" not in browser.get(PILOT).text


@pytest.mark.slow
def test_a_form_of_another_page_or_kind_is_refused(own_world: World):
    browser = signed_in(own_world.db, "manager")
    files = {"old": ("a.csv", OLD.encode()), "new": ("b.csv", NEW.encode())}
    forged = browser.ask("POST", URL, data={"form": "x"}, files=files, headers={"Sec-Fetch-Site": "same-origin"})
    assert forged.status_code == 403
    assert "Choose the old output." in text_of(browser.send(URL, browser.get(URL), period=MONTH))
    assert stored_files(own_world) == set()


@pytest.mark.thorough
@pytest.mark.slow
def test_of_two_who_save_the_same_month_the_second_sees_the_first(own_world: World):
    first, second = signed_in(own_world.db, "manager"), signed_in(own_world.db, "member")
    one = check(first, compared(own_world, first, OLD, OLD))
    two = check(second, compared(own_world, second), f"{URL}/2")
    assert save(first, one).status_code == 303
    late = save(second, two, f"{URL}/2")
    assert late.status_code == 409
    said = text_of(late)
    assert "Someone else has recorded something here" in said
    again = text_of(check(second, late, f"{URL}/2"))
    assert "Already saved for March 2027: a clean run of 2 contracts" in again
    assert "The run is not clean" in again
    assert len(runs_of(own_world)) == 2


@pytest.mark.slow
def test_an_explanation_in_the_meantime_is_not_saved_over(own_world: World):
    browser = signed_in(own_world.db, "member")
    page = compared(own_world, browser, month="2027-02")
    pilot_records.explain("payroll", "2027-02", "gross", own_world.change("manager"), contract="A2", between=None,
                          reason="Back-pay", evidence="A letter")  # fmt: skip
    assert check(browser, page, month="2027-02").status_code == 422
    again = browser.get(f"{URL}/1")
    assert "The result would now be different." in text_of(again)


@pytest.mark.thorough
@pytest.mark.slow
def test_an_erasure_and_the_end_of_their_time_remove_the_files(own_world: World):
    compared(own_world, signed_in(own_world.db, "manager"))
    assert len(stored_files(own_world)) == 3
    [kept] = retention.retain(db=own_world.db, now=NOW + timedelta(days=13))
    assert kept.ledgers == 0
    [removed] = retention.retain(db=own_world.db, now=NOW + timedelta(days=15))
    assert removed.ledgers == 1
    assert stored_files(own_world) == set()
    compared(own_world, signed_in(own_world.db, "manager"))
    done = asked.erase("viewer", db=own_world.db, programme=None, actor="officer", now=NOW)
    assert done.removed["uploaded ledgers"] == 1
    assert stored_files(own_world) == set()
    assert signed_in(own_world.db, "manager").get(f"{URL}/2").status_code == 404


@pytest.mark.slow
def test_what_a_server_left_behind_is_removed_later(own_world: World):
    files = LedgerFiles(own_world.db)
    part = files.begin()
    part.write(b"half")
    part.close()
    upload(signed_in(own_world.db, "manager"))
    retention.retain(db=own_world.db, now=NOW)
    assert part.path.exists(), "it may still be arriving"
    import os

    os.utime(part.path, (0, 0))
    retention.retain(db=own_world.db, now=NOW)
    assert not part.path.exists()
    assert len(stored_files(own_world)) == 2


@pytest.mark.slow
def test_a_comparison_is_stopped_and_is_no_calculation_of_the_programme(own_world: World):
    browser = signed_in(own_world.db, "manager")
    where = upload(browser).headers["location"]
    assert browser.send(f"{where}/stop", browser.get(where)).status_code == 303
    assert "Someone stopped this comparison." in text_of(browser.get(where))
    assert "Nothing has been calculated here yet." in text_of(browser.get("/p/small/calculations"))
    assert browser.get("/p/small/calculations/1").status_code == 404
    assert browser.get("/p/small/calculations/1/report.json").status_code == 404
    browser.send(f"{where}/again", browser.get(where))
    compare_all(own_world)
    assert "Which columns were compared?" in text_of(browser.get(where))


@pytest.mark.slow
def test_an_upload_of_another_service_is_not_there(own_world: World):
    browser = signed_in(own_world.db, "member")
    upload(browser)
    for path in ("/p/small/pilots/estates/compare/1", f"{URL}/9", "/p/small/pilots/nothing/compare"):
        assert browser.get(path).status_code == 404
    assert signed_in(own_world.db, "chief").get("/p/another/pilots/payroll/compare/1").status_code == 404


@pytest.mark.thorough
@pytest.mark.slow
def test_a_run_that_the_command_has_stored_is_not_stored_again(own_world: World):
    browser = signed_in(own_world.db, "manager")
    page = compared(own_world, browser)
    reconcile(own_world, "member", NEW, MONTH)
    assert "This result is saved." in text_of(browser.get(f"{URL}/1"))
    save(browser, check(browser, browser.get(f"{URL}/1")))
    assert len(runs_of(own_world)) == 2
    assert page.status_code == 200


@pytest.mark.thorough
@pytest.mark.slow
def test_the_worker_compares_in_a_process_of_its_own(own_world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    browser = signed_in(own_world.db, "manager")
    where = upload(browser).headers["location"]
    run_all: Callable[[], None] = Calculations(own_world.db, lambda: NOW)._run_all
    run_all()
    from tests.waiting import wait_until

    wait_until(lambda: "Which columns were compared?" in text_of(browser.get(where)), what="the comparison")
    assert len(runs_of(own_world)) == 1, "it compares, and stores nothing"


OF_A_FILE = "For a service, set `columns` under `parallel_run` in the service's file instead."
SAID = {
    f"Use `--decimal .` or `--decimal ,`. {OF_A_FILE}": "Choose the decimal mark below.",
    f"Is it 'Net'? If it has another name, use --columns new:net=HEADING or --key HEADING. {OF_A_FILE}": (
        "Is it 'Net'? If it has another name, ask the programme office to add that name to the service’s settings."
    ),
    f"3 have other numbers there. Name the columns to compare with --tolerance. {OF_A_FILE}": (
        "3 have other numbers there. Ask the programme office to set which columns count."
    ),
    f"If a of the old and b of the new output are the same, use --columns new:a=b. {OF_A_FILE}": (
        "If a of the old and b of the new output are the same, ask the programme office to add that name to the "
        "service’s settings."
    ),
    "Good. Use --other now. Or not.": "Good. Or not.",
    "£12.50 is not -- an option.": "£12.50 is not -- an option.",
}


@pytest.mark.parametrize("text", SAID)
def test_pages_do_not_name_options(text: str):
    assert for_page(text) == SAID[text]
    assert not re.search(r"--[a-z]", for_page(text))
