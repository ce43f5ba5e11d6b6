"""The audit's commands: what they print, and their exit codes."""

import json
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from changeflow.cli import app
from changeflow.settings import acting_as, as_flow, machine_account
from changeflow.storage.database import engine_for
from changeflow.values.acting import Via, acting, current
from tests.builders import PROGRAMME, a_folder
from tests.stored import fill_once

pytestmark = pytest.mark.slow

RUNNER = CliRunner()


def run(*args: str | Path, code: int = 0) -> Result:
    result = RUNNER.invoke(app, [str(a) for a in args])
    assert result.exit_code == code, f"{args}: {result.output} {result.exception!r}"
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    monkeypatch.setenv("CHANGEFLOW_DB", url)
    monkeypatch.setenv("CHANGEFLOW_AS", "chief")
    monkeypatch.setenv("CHANGEFLOW_ANCHOR", str(tmp_path / "anchor.txt"))

    def fill() -> None:
        run("apply", a_folder(tmp_path / "trust"), "--yes", "--at", "2027-01-04")
        run("baseline", "take", "--reason", "Agreed", "--at", "2027-01-04")

    fill_once("agreed", url, tmp_path, fill)
    yield tmp_path
    engine_for(url).dispose()


def execute(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "test.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_whole_audit_says_what_it_was_compared_with(home: Path):
    said = run("audit", "verify").stdout
    assert "2 entries, all in order." in said
    assert "what the entries sealed (scores are not counted)" in said
    assert "Entries that apply to another day than the one on which they were made: 2" in said
    assert f"Compared with the anchor {home / 'anchor.txt'}: 4 lines" in said


def test_without_an_anchor_it_says_what_cannot_be_known(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHANGEFLOW_ANCHOR")
    said = run("audit", "verify").stdout
    assert "No anchor was compared." in said
    assert "removed or rewritten: set CHANGEFLOW_ANCHOR" in said


def test_the_first_fault_is_named_and_the_exit_code_is_3(home: Path):
    execute(home, "update baseline set reason = 'Not agreed'")
    result = run("audit", "verify", code=3)
    assert "small, entry 2: row 1 of 'baseline' differs from the sealed row." in result.stderr
    found = json.loads(run("audit", "verify", "--format", "json", code=3).stdout)
    assert (found["ok"], found["entries"]) == (False, 2)
    assert found["faults"] == [
        {"programme": "small", "number": 2, "what": "row 1 of 'baseline' differs from the sealed row"}
    ]


def test_all_entries_gone_is_found_by_the_anchor(home: Path):
    execute(home, "delete from audit_fact", "delete from audit")
    assert "the whole chain is gone; the anchor has 2 entries" in run("audit", "verify", code=3).stderr


@pytest.mark.parametrize("is_emptied", [False, True])
def test_an_anchor_that_is_lost_is_a_finding_until_someone_accepts_it(home: Path, is_emptied: bool):
    anchor = home / "anchor.txt"
    anchor.unlink()
    if is_emptied:
        anchor.touch()
    assert "the anchor file is empty: it was lost or emptied" in run("audit", "verify", code=3).stderr
    refused = run("confidence", "set", "amber", "--reason", "Late", "--at", "2027-01-05", code=1).stderr
    assert "is missing or empty, although the audit has entries. No changes saved." in " ".join(refused.split())
    run("audit", "verify", code=3)
    run("audit", "anchor", "--at", "2027-01-05")
    assert "all in order" in run("audit", "verify").stdout
    run("confidence", "set", "amber", "--reason", "Late", "--at", "2027-01-05")
    assert "all in order" in run("audit", "verify").stdout


def test_accepting_one_programme_leaves_the_other_refused_and_reported(home: Path):
    other = a_folder(home / "other", programme=PROGRAMME.replace("programme: small", "programme: other"))
    run("apply", other, "--yes", "--at", "2027-01-04")
    (home / "anchor.txt").unlink()
    run("audit", "anchor", "--programme", "other")
    said = " ".join(run("audit", "verify", code=3).stderr.split())
    assert said.startswith("small, entry 1: the anchor has neither this entry nor earlier ones")
    assert "audit anchor --programme small" in said
    assert "other" not in said
    run("audit", "verify", "--programme", "other")
    late = ("confidence", "set", "amber", "--reason", "Late", "--at", "2027-01-05")
    run(*late, "--programme", "other")
    refused = " ".join(run(*late, "--programme", "small", code=1).stderr.split())
    assert "has no line for 'small', although the audit has entries for it. No changes saved." in refused
    run("audit", "anchor", "--programme", "small")
    run(*late, "--programme", "small")
    assert "all in order" in run("audit", "verify").stdout


def test_entries_are_listed_with_both_times_and_how_the_actor_was_known(home: Path):
    lines = run("audit", "show").stdout.splitlines()
    assert len(lines) == 2
    assert "as at 2027-01-04 08:00" in lines[1]
    assert lines[1].endswith(f"Chief Executive  baseline  baseline:1  by command {machine_account()}")
    [last] = json.loads(run("audit", "show", "--last", "1", "--format", "json").stdout)
    assert (last["number"], last["via"], last["version"], last["action"]) == (2, "command", 1, "baseline")
    assert "no programme 'smal'" in run("audit", "show", "--programme", "smal", code=4).stderr


def test_a_head_from_a_backup_is_compared(home: Path):
    said = run("db", "backup", home / "copy.db").stderr
    head = said.split("Audit head of small: ")[1].strip()
    assert head.startswith("2:")
    run("audit", "verify", "--head", head)
    assert "has another entry 2" in run("audit", "verify", "--head", "2:00000000", code=3).stderr
    assert "is not the number and hash of an audit entry" in run("audit", "verify", "--head", "2", code=4).stderr


def test_a_restored_copy_is_accepted_by_hand(home: Path):
    run("db", "backup", home / "copy.db")
    run("baseline", "take", "--reason", "Agreed again", "--at", "2027-01-05")
    run("db", "restore", home / "copy.db", "--yes")
    assert "an older copy was restored" in run("audit", "verify", code=3).stderr
    run("audit", "anchor", "--as", "chief")
    said = run("audit", "verify").stdout
    assert "4 entries, all in order." in said, "two in the copy, the restore, and the accepted head"
    assert "Heads accepted by hand (changeflow audit anchor): 1." in said
    assert "anchor:accept" in run("audit", "show", "--last", "1").stdout


def test_accepting_needs_an_actor_and_an_anchor(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHANGEFLOW_AS")
    assert "--as PERSON" in run("audit", "anchor", code=2).stderr
    monkeypatch.delenv("CHANGEFLOW_ANCHOR")
    assert "Name the anchor" in run("audit", "anchor", "--as", "chief", code=4).stderr


def test_the_report_shows_the_head(home: Path):
    run("report", "sro", "--issue", "--out", home / "r.html", "--at", "2027-01-05")
    assert 'Audit trail reference <span class="hash">2:' in (home / "r.html").read_text()
    # Each look by someone who is named is an entry, after that of the issue.
    for option, number in ((), "2:"), (("--live",), "4:"):
        run("report", "sro", "--out", home / "r.json", "--at", "2027-01-05", *option)
        assert json.loads((home / "r.json").read_text())["audit_head"].startswith(number)


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch):
    def no_entry(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    monkeypatch.setenv("LOGNAME", "someone-else")
    assert machine_account().partition("@")[0].isdigit()


def test_a_flow_acts_as_one_and_no_longer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CHANGEFLOW_ANCHOR", str(tmp_path / "anchor.txt"))

    @as_flow
    def flow(now: datetime | None = None) -> tuple[Via, str, str]:
        return current().via, current().account, current().anchor

    with acting(acting_as(Via.COMMAND)):
        assert flow(now=datetime(2027, 1, 4, tzinfo=UTC)) == (Via.FLOW, machine_account(), str(tmp_path / "anchor.txt"))
        assert current().via is Via.COMMAND


@pytest.mark.thorough
def test_every_flow_that_writes_acts_as_one():
    from flows import agenda_tick, asks, nudge, reinforcement, sro, tidying

    for flow in (agenda_tick.tick, asks.adkar_rounds, asks.gate_requests, asks.pilot_checkpoints, nudge.dispatch_nudges,
                 reinforcement.reinforcement_checkpoints, sro.weekly_sro_report, tidying.retention):  # fmt: skip
        assert hasattr(flow.fn, "__wrapped__"), flow.name
        assert list(flow.parameters.properties) == ["now"], "and Prefect still knows its parameters"
