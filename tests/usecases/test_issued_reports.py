"""An issued report is frozen and signed: on a later day it is the same to the byte, whatever was recorded since."""

import json
import sqlite3
import zlib
from base64 import b85decode, b85encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from changeflow.cli import app
from changeflow.reports.documents import html_of, json_of
from changeflow.reports.issued_reports import NO_NAME, frozen, thawed
from changeflow.storage import keys
from changeflow.storage.database import session_scope
from changeflow.storage.tables.programme import FrozenReportRow
from changeflow.usecases import definitions, progress
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.reports import sro_of_folder
from changeflow.usecases.subject_access import erase, everything_about
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.upkeep import start_new_key
from tests.builders import PEOPLE, SERVICE, a_folder
from tests.quick import quick_first

NAMED = PEOPLE.replace("lead,Director of People,", "lead,A Named Person,")
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
DAY = "2027-01-26"
PROGRAMMES = Path(__file__).parents[2] / "templates/programmes"


def moment(day: int, hour: int = 8) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


def change(db: str, day: int, actor: str = "chief") -> Change:
    return Change(db=db, programme=None, actor=actor, now=moment(day, 12), on=date(2027, 1, day))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    """Store the programme; on 26 January its requirements are late, with a person who has a name."""
    folder = a_folder(tmp_path / "trust", service=OWNED, people=NAMED)
    definitions.apply(folder, db=db, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue_sro(None, db=db, today=date(2027, 1, 5), actor="chief", now=moment(5))
    return db


def run(db: str, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--db", db])


def issue(db: str, day: int = 26, hour: int = 8) -> int:
    report = issue_sro(None, db=db, today=date(2027, 1, day), actor="chief", now=moment(day, hour))
    assert report.issued is not None
    return report.issued.number


def written(db: str, folder: Path, *words: str) -> dict[str, bytes]:
    """Return the report of the day in each form, as the command line writes it."""
    found = {}
    for ending in ("html", "json", "pdf"):
        out = folder / f"report.{ending}"
        done = run(db, "report", "sro", "--at", DAY, "--out", str(out), *words)
        assert done.exit_code == 0, done.output
        found[ending] = out.read_bytes()
    return found


def move_on(db: str, tmp_path: Path) -> None:
    """Record late on the same day and later what changes every date and the names of things."""
    progress.finish_task("payroll/requirements", date(2027, 1, 26), date(2027, 1, 20), change(db, 26))
    (tmp_path / "trust/services/payroll.yaml").write_text(OWNED.replace("name: Payroll", "name: Pay"))
    definitions.apply(tmp_path / "trust", db=db, actor="chief", now=moment(27), on=date(2027, 1, 27))
    issue(db, day=28)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.both_databases
def test_a_report_of_an_issued_day_has_the_same_bytes_whatever_came_since(stored: str, tmp_path: Path):
    assert issue(stored) == 2
    first = written(stored, tmp_path)
    issue_data = json.loads(first["json"])["issued"]
    assert (issue_data["number"], issue_data["on"], issue_data["by"]) == (2, "26 Jan 2027", "the Chief Executive")
    assert issue_data["signature"] in first["html"].decode()
    move_on(stored, tmp_path)
    assert written(stored, tmp_path) == first
    live = written(stored, tmp_path, "--live")
    assert json.loads(live["json"])["issued"] is None
    assert json.loads(live["json"])["milestones"] != json.loads(first["json"])["milestones"]


@pytest.mark.slow
def test_what_is_written_at_issue_is_what_is_shown_later(stored: str, tmp_path: Path):
    at_issue = tmp_path / "at-issue.html"
    done = run(stored, "report", "sro", "--issue", "--as", "chief", "--at", DAY, "--out", str(at_issue))
    assert done.exit_code == 0, done.output
    assert written(stored, tmp_path)["html"] == at_issue.read_bytes()


@pytest.mark.slow
def test_the_trustees_page_of_an_issued_day_stays_too(stored: str, tmp_path: Path):
    issue(stored)
    out = tmp_path / "trustees.html"
    run(stored, "report", "trustees", "--at", DAY, "--out", str(out))
    first = out.read_bytes()
    move_on(stored, tmp_path)
    done = run(stored, "report", "trustees", "--at", DAY, "--out", str(out))
    assert "This is report 2, as issued on 26 Jan 2027." in done.stderr
    assert out.read_bytes() == first


@pytest.mark.slow
def test_issuing_the_same_twice_on_a_day_gives_one_report_and_a_change_gives_another(stored: str, tmp_path: Path):
    assert [issue(stored), issue(stored, hour=9)] == [2, 2]
    progress.finish_task("payroll/requirements", date(2027, 1, 26), date(2027, 1, 20), change(stored, 26))
    assert issue(stored, hour=13) == 3
    assert json.loads(written(stored, tmp_path)["json"])["issued"]["number"] == 3


@pytest.mark.slow
@pytest.mark.both_databases
def test_names_are_not_stored_and_leave_an_issued_report_with_their_person(stored: str, tmp_path: Path):
    issue(stored)
    first = written(stored, tmp_path)
    assert "A Named Person (Director of People)" in first["html"].decode()
    with session_scope(stored) as session:
        texts = [zlib.decompress(b85decode(row.text)).decode() for row in session.exec(select(FrozenReportRow))]
    assert len(texts) == 2
    assert not any("A Named Person" in text for text in texts)
    erase("lead", change(stored, 27))
    later = written(stored, tmp_path)
    assert later["html"].decode() == first["html"].decode().replace("A Named Person", NO_NAME)
    assert json.loads(later["json"])["issued"]["signature"] == json.loads(first["json"])["issued"]["signature"]
    proved = run(stored, "report", "verify", str(tmp_path / "report.json"), "--issued")
    assert proved.exit_code == 0, proved.output


def tampered(db: str, tamper: Callable[[dict[str, Any]], object]) -> None:
    """Change the frozen text of the last report in the file, as someone with the database alone could."""
    with sqlite3.connect(db.removeprefix("sqlite:///")) as connection:
        query = "SELECT id, text FROM frozen_report ORDER BY number DESC LIMIT 1"
        [(row, text)] = connection.execute(query).fetchall()
        data = json.loads(zlib.decompress(b85decode(text)))
        tamper(data)
        packed = b85encode(zlib.compress(json.dumps(data, separators=(",", ":")).encode())).decode()
        connection.execute("UPDATE frozen_report SET text = ? WHERE id = ?", (packed, row))


@pytest.mark.slow
def test_a_frozen_report_that_was_changed_in_the_database_is_refused(sqlite: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust", service=OWNED, people=NAMED)
    definitions.apply(folder, db=sqlite, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue(sqlite)
    tampered(sqlite, lambda data: data["report"].update(headline="All is on time."))
    done = run(sqlite, "report", "sro", "--at", DAY, "--out", str(tmp_path / "report.html"))
    assert done.exit_code == 3
    assert "Report 1 was changed in the database after it was issued" in done.stderr
    assert not (tmp_path / "report.html").exists()
    assert run(sqlite, "audit", "verify").exit_code == 3


@pytest.mark.usual(4)
@pytest.mark.slow
@pytest.mark.parametrize("column", ["text", "signature", "seal"])
@pytest.mark.parametrize("value", ["", "é", "0" * 64, "junk"])
def test_any_changed_column_of_a_frozen_report_is_refused_in_words(
    sqlite: str, tmp_path: Path, column: str, value: str
):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue(sqlite)
    done = run(sqlite, "report", "sro", "--at", DAY, "--out", str(tmp_path / "report.json"))
    assert done.exit_code == 0, done.output
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as connection:
        connection.execute(f"UPDATE frozen_report SET {column} = ?", (value,))
    for words in (["sro", "--at", DAY, "--out", "x.html"], ["verify", str(tmp_path / "report.json"), "--issued"]):
        done = run(sqlite, "report", *words)
        assert (done.exit_code, "was changed in the database" in done.stderr) == (3, True), done.output


@pytest.mark.slow
def test_a_frozen_report_that_was_removed_is_missed(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue(sqlite)
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as connection:
        connection.execute("DELETE FROM frozen_report")
    done = run(sqlite, "report", "sro", "--at", DAY, "--out", str(tmp_path / "report.html"))
    assert "Report 1 was issued on 26 Jan 2027, but what it said is not stored: this is recalculated." in done.stderr
    assert run(sqlite, "audit", "verify").exit_code == 3


@pytest.mark.slow
def test_a_report_that_was_signed_with_a_lost_key_is_the_same_and_sealed_with_the_new_one(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue(sqlite)
    first = written(sqlite, tmp_path)
    keys.key_file(sqlite).unlink()
    start_new_key(sqlite, now=moment(27))
    assert written(sqlite, tmp_path) == first
    assert run(sqlite, "audit", "verify").exit_code == 0
    tampered(sqlite, lambda data: data["report"].update(headline="All is on time."))
    done = run(sqlite, "report", "sro", "--at", DAY, "--out", str(tmp_path / "report.html"))
    assert done.exit_code == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Ann", "A Person of Four", "A Very Long Name of Seven Words"])
def test_a_file_with_a_name_of_then_is_what_was_issued_and_another_text_is_not(db: str, tmp_path: Path, name: str):
    people = PEOPLE.replace("lead,Director of People,", f"lead,{name},")
    folder = a_folder(tmp_path / "trust", service=OWNED, people=people)
    definitions.apply(folder, db=db, actor="chief", now=moment(4), on=date(2027, 1, 4))
    issue(db)
    text = written(db, tmp_path)["json"].decode()
    assert f"{name} (Director of People)" in text
    (folder / "people.csv").write_text(people.replace(name, "Someone Else"))
    definitions.apply(folder, db=db, actor="chief", now=moment(27), on=date(2027, 1, 27))
    kept = tmp_path / "kept.json"
    kept.write_text(text)
    assert run(db, "report", "verify", str(kept), "--issued").exit_code == 0
    kept.write_text(text.replace(f"{name} (Director of People)", f"{name} (Director of Pay)"))
    refused = run(db, "report", "verify", str(kept), "--issued")
    assert (refused.exit_code, "It differs from report 1 as it was issued" in refused.stderr) == (3, True)


@pytest.mark.slow
def test_the_inputs_are_others_for_another_definition_day_or_comparison(stored: str, tmp_path: Path):
    def inputs(day: int, since: str | None = None) -> str:
        report = issue_sro(None, db=stored, today=date(2027, 1, day), actor="chief", now=moment(day), since=since)
        assert report.issued is not None
        return report.issued.inputs

    found = [inputs(26), inputs(27), inputs(28, "report:1")]
    (tmp_path / "trust/services/payroll.yaml").write_text(OWNED.replace("name: Payroll", "name: Pay"))
    definitions.apply(tmp_path / "trust", db=stored, actor="chief", now=moment(28, 9), on=date(2027, 1, 28))
    found.append(inputs(28))
    assert len(set(found)) == 4


@pytest.mark.slow
def test_subject_access_names_the_issued_reports_that_name_a_person(stored: str):
    issue(stored)
    found = everything_about("lead", date(2027, 1, 27), change(stored, 27))
    assert {"number": 2, "on": "2027-01-26"} in found.about["issued reports that name them"]


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--issue", "--as", "chief"], ["--since", "report:1"]])
def test_recalculating_is_refused_where_nothing_else_would_be_done(stored: str, options: list[str]):
    assert run(stored, "report", "sro", "--live", "--at", DAY, *options).exit_code == 4
    assert run(stored, "report", "sro", "--live").exit_code == 4


@pytest.mark.slow
def test_a_file_is_compared_with_what_was_issued(stored: str, tmp_path: Path):
    issue(stored)
    path = tmp_path / "report.json"
    text = written(stored, tmp_path)["json"].decode()
    proved = run(stored, "report", "verify", str(path), "--issued")
    assert "  report 2 as it was issued" in proved.stdout
    headline = json.loads(text)["headline"]
    path.write_text(text.replace(headline, "All is on time."))
    refused = run(stored, "report", "verify", str(path), "--issued")
    assert refused.exit_code == 3
    other = {"headline": "All is on time.", **json.loads(text)["issued"]}
    path.write_text(json.dumps(other))
    assert run(stored, "report", "verify", str(path), "--issued").exit_code == 4
    done = run(stored, "report", "sro", "--at", DAY, "--live", "--out", str(path))
    assert done.exit_code == 0
    unissued = run(stored, "report", "verify", str(path), "--issued")
    assert (unissued.exit_code, "It is not an issued report" in unissued.stderr) == (4, True), unissued.output


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("name", quick_first(1, ["first-programme", "trust-central-services"]))
def test_a_ready_programmes_report_is_the_same_after_freezing(name: str):
    report = sro_of_folder(PROGRAMMES / name, today=date(2027, 5, 4))
    again = thawed(frozen(report), {}, "")
    assert again is not None
    assert json_of(again) == json_of(report)
    assert html_of(again) == html_of(report)
