"""A look with --at an earlier day knows what was recorded by then, and a report says who was reminded only if so.

The small programme starts on Monday 4 January 2027; its requirements take five days, to Friday the 8th.
"""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from changeflow.agenda.due import Answer, AnswerKind
from changeflow.cli import app
from changeflow.pilots.entries import IssueRaised
from changeflow.programme.permissions import looks_back
from changeflow.storage import answers
from changeflow.storage.database import session_scope
from changeflow.usecases import (
    announcements,
    baselines,
    definitions,
    dispatch,
    gates,
    governance,
    pilot_records,
    progress,
    ticks,
)
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from tests.builders import SERVICE, Postbox, a_folder
from tests.usecases.gated import GO, answer, planned, stored_with

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"


def moment(day: int, hour: int = 8, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


def change(db: str, day: int, actor: str = "chief") -> Change:
    return Change(db=db, programme=None, actor=actor, now=moment(day), on=date(2027, 1, day))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    folder = a_folder(tmp_path / "trust", service=OWNED)
    definitions.apply(folder, db=db, actor="chief", now=moment(4), on=date(2027, 1, 4))
    return db


def run(db: str, *words: str, at: str) -> Any:
    done = CliRunner().invoke(app, [*words, "--db", db, "--at", at])
    assert done.exit_code == 0, done.output
    return done


def report(db: str, out: Path, *, at: str) -> dict[str, Any]:
    run(db, "report", "sro", "--out", str(out), at=at)
    found = json.loads(out.read_text())
    # The audit goes on: its head is the one of the moment at which the report is made, and the checksum covers it.
    del found["audit_head"], found["proof"]["checksum"]
    return found


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_report_of_an_earlier_day_is_as_it_was_on_that_day(stored: str, tmp_path: Path):
    """After the 6th come a version with a new name, a finish that is withdrawn again, a baseline and a report."""
    baselines.take_baseline("Agreed", change(stored, 4))
    progress.finish_task("payroll/requirements", date(2027, 1, 5), date(2027, 1, 4), change(stored, 5))
    before = report(stored, tmp_path / "before.json", at="2027-01-06")

    withdraw_fact("progress-1", "Not finished", change(stored, 7))
    (tmp_path / "trust/services/payroll.yaml").write_text(OWNED.replace("name: Payroll", "name: Pay"))
    definitions.apply(tmp_path / "trust", db=stored, actor="chief", now=moment(7), on=date(2027, 1, 7))
    baselines.take_baseline("Agreed again", change(stored, 8))
    run(stored, "report", "sro", "--issue", "--as", "chief", "--out", str(tmp_path / "issued.html"), at="2027-01-08")
    assert report(stored, tmp_path / "after.json", at="2027-01-06") == before
    assert before["baseline_note"].startswith("The Chief Executive approved baseline 1 ")
    today = report(stored, tmp_path / "today.json", at="2027-01-08")
    assert today["baseline_note"].startswith("The Chief Executive approved baseline 2 ")


@pytest.mark.slow
def test_a_day_counts_to_its_end_and_a_time_to_the_minute(stored: str):
    progress.finish_task("payroll/requirements", date(2027, 1, 5), date(2027, 1, 4), change(stored, 5))
    happened = "requirements” ran from 4 to 5 Jan 2027 (actual dates)"
    assert happened in run(stored, "why", "payroll/delegation", at="2027-01-05").output
    assert happened not in run(stored, "why", "payroll/delegation", at="2027-01-05T07:59").output


@pytest.mark.slow
def test_before_it_was_stored_nothing_is_known(stored: str):
    progress.finish_task("payroll/requirements", date(2027, 1, 5), date(2027, 1, 4), change(stored, 5))
    done = CliRunner().invoke(app, ["changes", "--db", stored, "--at", "2026-12-01"])
    assert done.exit_code == 4
    assert "'small' was not stored yet on 1 Dec 2026" in done.output


@pytest.mark.slow
def test_a_change_rests_on_all_that_is_recorded(stored: str):
    """A start that was recorded on the 12th counts for a finish that is recorded with --at the 11th."""
    progress.finish_task("payroll/requirements", date(2027, 1, 8), date(2027, 1, 4), change(stored, 12))
    run(stored, "task", "start", "payroll/delegation", "--as", "chief", at="2027-01-11")
    with session_scope(stored) as session:
        known = load(session, None, on=date(2027, 1, 12)).programme.facts.progress
    assert known.keys() == {"payroll/requirements", "payroll/delegation"}


LOOKS = (
    "plan --format json", "task list", "changes", "baseline list", "baseline show", "announce list", "gate list",
    "sponsor acts", "confidence show", "pilot issue list", "fact list --format json", "nudge answers",
    "nudge calendar lead", "nudge calendar chief", "assess show --as chief",
)  # fmt: skip
"""One for each way in which commands look at what is stored."""


def said_on_the_sixth(db: str, folder: Path) -> dict[str, str]:
    """Return what each command says on 6 January, and what is in the files that it writes."""
    said = {words: run(db, *words.split(), at="2027-01-06").stdout for words in LOOKS}
    for form in ("ics", "folder"):
        run(db, "export", form, str(out := folder / f"all.{form}"), at="2027-01-06")
        files = [out] if out.is_file() else sorted(f for f in out.rglob("*") if f.is_file())
        said[form] = "\n".join(f.read_text() for f in files)
    run(db, "report", "go-no-go", GO, "--out", str(page := folder / "go.json"), at="2027-01-06")
    said["page"] = page.read_text()
    # How often a calendar was written again is no fact: it only grows, so that subscribers take the newer one.
    return {words: re.sub("(SEQUENCE|DTSTAMP).*", "", text) for words, text in said.items()}


@pytest.mark.thorough
@pytest.mark.slow
def test_no_look_at_an_earlier_day_knows_what_was_recorded_later(db: str, tmp_path: Path):
    """After the 6th: a decision, progress, an act, a judgement, an issue, an announcement, an answer, a baseline, a
    withdrawal and a version."""
    stored_with(db, tmp_path)
    planned(db)
    baselines.take_baseline("As planned", change(db, 5))
    (before := tmp_path / "before").mkdir()
    (after := tmp_path / "after").mkdir()
    known = said_on_the_sixth(db, before)

    withdraw_fact("progress-1", "Not finished", change(db, 7))
    progress.finish_task("payroll/plan", date(2027, 1, 7), date(2027, 1, 4), change(db, 7))
    gates.decide(answer(on=8), change(db, 8, "lead"))
    governance.note_act("Opened the training", date(2027, 1, 6), change(db, 8))
    governance.set_confidence("amber", "Late", None, change(db, 8))
    issue = IssueRaised(service="payroll", by="lead", on=date(2027, 1, 8), text="Payslips are late", severity=3)
    pilot_records.raise_issue(issue, change(db, 8, "lead"))
    announcements.announce_forecast(None, [], how="letter", on=None, change=change(db, 8))
    given = Answer(
        person="chief", subject=GO, due_on=date(2027, 1, 22), kind=AnswerKind.DELEGATED, on=date(2027, 1, 8), to="lead"
    )
    with session_scope(db) as session:
        answers.add_answer(session, "small", given, text=None, at=moment(8))
    baselines.take_baseline("Agreed", change(db, 8))
    (tmp_path / "trust/services/payroll.yaml").write_text(SERVICE.replace("name: Payroll", "name: Pay"))
    definitions.apply(tmp_path / "trust", db=db, actor="chief", now=moment(9), on=date(2027, 1, 9))

    found = said_on_the_sixth(db, after)
    assert {words: text for words, text in found.items() if text != known[words]} == {}
    assert "Pay: " in run(db, "plan", at="2027-01-09").stdout


def test_commands_that_change_something_do_not_look_back():
    assert looks_back("report sro")
    assert looks_back("baseline show")
    assert not looks_back("task finish")
    assert not looks_back("apply")


class TestReminders:
    """Requirements were due on 8 January and are not done on 1 February. The owner is reminded on the 11th."""

    def late(self, db: str) -> str:
        [line, *_] = [
            late for late in sro_of_stored(None, db=db, today=date(2027, 2, 1)).late if "requirements" in late
        ]
        return line

    def remind(self, db: str, channel: Postbox) -> None:
        ticks.tick(db=db, now=moment(11, 7))
        dispatch.dispatch(db=db, now=moment(11, 9), channel=channel)
        assert channel.sent

    @pytest.mark.slow
    def test_nothing_is_said_to_have_been_sent_that_was_not(self, stored: str):
        assert self.late(stored).endswith("due from the Director of People on 8 Jan 2027; no reminder has been sent.")

    @pytest.mark.slow
    def test_what_was_only_written_down_was_not_sent(self, stored: str):
        self.remind(stored, Postbox())
        assert self.late(stored).endswith("; a reminder was prepared on 11 Jan 2027 but has not been sent.")

    @pytest.mark.slow
    def test_what_was_sent_is_dated(self, stored: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(Postbox, "name", "smtp")
        self.remind(stored, Postbox())
        assert self.late(stored).endswith("; the last reminder was sent on 11 Jan 2027.")
