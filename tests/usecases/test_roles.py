"""Who may do what where it is not one row of the table: the lock on the command line, and looks that are noted."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.agenda.decisions import GateAnswer
from changeflow.cli import app
from changeflow.errors import InputError, NotAllowedError, ProblemsError, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import (
    assessments,
    baselines,
    calendar_feeds,
    gates,
    governance,
    nudges,
    pilot_records,
    progress,
    reports,
    waivers,
)
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.recorded import recorded_facts, withdraw_fact
from changeflow.usecases.stored import load
from changeflow.values.acting import Acting, Via, acting
from changeflow.values.finding import Waiver
from changeflow.values.words import Outcome
from tests import asked, audited
from tests.builders import PROGRAMME, a_folder
from tests.usecases.signed import FILES, GO, LOCKED, NOW, PEOPLE, SIGNED, TODAY, apply, change, entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


@pytest.fixture
def stored(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite)
    return sqlite


@pytest.fixture
def locked(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite, programme=LOCKED)
    return sqlite


WAIVER = Waiver(rule="R02", reason="Agreed", owner="chief", approved_by=("chief",), expires=date(2027, 12, 31))
WAIVED = SIGNED + "waivers:\n  - {rule: R02, reason: Agreed, owner: chief, approved_by: chief, expires: 2027-12-31}\n"


def decided(**more: object) -> GateAnswer:
    answer = {"task": "payroll/plan-agreed", "outcome": Outcome.REJECT, "reason": "Not yet", "on": TODAY}
    return GateAnswer(**(answer | more))  # type: ignore[arg-type]


def count_entries(db: str) -> int:
    with session_scope(db) as session:
        return len(list(audited.entries(session, "small")))


def take_back(db: str) -> None:
    with acting(Acting(via=Via.LIBRARY)):
        gates.decide(decided(again=True), change(db, "lead"))
    latest = [f for f in recorded_facts(None, db=db, on=TODAY, kind="decision") if f.withdrawn is None][-1]
    withdraw_fact(latest.id, "Wrong", change(db, "lead"))


DECISIONS = {
    "a gate": lambda db: gates.decide(decided(), change(db, "lead")),
    "a gate for another person": lambda db: gates.decide(decided(by="lead"), change(db, "office")),
    "a baseline": lambda db: baselines.take_baseline("Agreed", change(db, "chief")),
    "a waiver": lambda db: waivers.add_waiver(WAIVER, change(db, "chief")),
    "confidence": lambda db: governance.set_confidence("amber", "Late", None, change(db, "chief")),
    "a signature": lambda db: pilot_records.sign(GO, "", change(db, "lead"), agrees=True),
    "a withheld signature": lambda db: pilot_records.sign(GO, "No desk", change(db, "lead"), agrees=False),
    "taking a decision back": lambda db: take_back(db),
    "a confirmation": lambda db: pilot_records.confirm(GO, "desk", "A rota", None, change(db, "lead")),
}


class TestLock:
    @pytest.mark.usual(3)
    @pytest.mark.parametrize("what", DECISIONS)
    def test_decisions_are_refused_on_the_command_line_alone(self, locked: str, what: str):
        with acting(Acting(via=Via.COMMAND)), pytest.raises(NotAllowedError, match="does not take decisions there"):
            DECISIONS[what](locked)
        with acting(Acting(via=Via.SESSION)):
            DECISIONS[what](locked)

    @pytest.mark.parametrize("what", DECISIONS)
    def test_they_are_taken_there_by_default(self, stored: str, what: str):
        before = count_entries(stored)
        with acting(Acting(via=Via.COMMAND)):
            DECISIONS[what](stored)
        assert count_entries(stored) > before, "the audit has it"

    @pytest.mark.slow
    def test_decisions_of_minutes_are_refused_as_well(self, locked: str, tmp_path: Path):
        minutes = tmp_path / "minutes.csv"
        minutes.write_text("task,outcome,by,on,reason\npayroll/plan-agreed,reject,lead,2027-01-05,Not yet\n")
        reported = tmp_path / "progress.csv"
        reported.write_text("task,started\npayroll/plan,2027-01-04\n")
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(ProblemsError, match="does not take decisions there"):
                gates.import_decisions(minutes, change(locked, "lead"))
            with pytest.raises(ProblemsError, match="does not take decisions there"):
                store_import(reported, change(locked, "lead"), minutes)
            with session_scope(locked) as session:
                known = load(session, None, on=TODAY).programme.facts
            assert (known.decisions, dict(known.progress)) == ((), {})
            new, _ = store_import(reported, change(locked, "lead"))
            assert new.progress == 1, "progress is no decision"

    @pytest.mark.slow
    def test_a_waiver_in_a_folder_is_refused_like_one_on_the_command_line(self, locked: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="cannot record a waiver here"):
                apply(folder, locked, programme=LOCKED, service=WAIVED)
            assert apply(folder, locked, programme=LOCKED.replace("A small programme", "Renamed")) == 2

    @pytest.mark.slow
    def test_a_new_programme_with_the_lock_takes_no_waivers_there(self, sqlite: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="cannot record a waiver here"):
                apply(folder, sqlite, programme=LOCKED, service=WAIVED)
            assert apply(folder, sqlite, service=WAIVED) == 1
            assert apply(folder, sqlite, programme=LOCKED, service=WAIVED) == 2, "those that are known stay"

    @pytest.mark.slow
    @pytest.mark.parametrize("actor", ["lead", "office"])
    def test_only_the_sro_or_the_board_unlocks_and_the_audit_shows_it(self, locked: str, folder: Path, actor: str):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="whether decisions may be made on the command line") as caught:
                apply(folder, locked, actor)
            assert "Only the SRO (Chief Executive) or the board (Chair of Trustees) can do this." in str(caught.value)
            assert apply(folder, locked, "chair") == 2
        assert entries(locked, "roles") == [("chair", "version:2:policy:decisions_on_command_line=true")]

    def test_the_lock_and_a_waiver_are_not_lifted_together(self, locked: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)), pytest.raises(NotAllowedError, match="cannot record a waiver here"):
            apply(folder, locked, "chief", service=WAIVED)


class TestLooks:
    @pytest.fixture
    def asked(self, sqlite: str, folder: Path, tmp_path: Path) -> str:
        staff = "".join(f"p{n},Officer,Officer,p{n}@example.org,team,ash,officers,lead\n" for n in range(14))
        apply(folder, sqlite, people=PEOPLE + staff)
        scores = tmp_path / "r1.csv"
        scores.write_text("person,on,awareness\n" + "".join(f"p{n},2027-01-05,4\n" for n in range(14)))
        assessments.import_assessments(scores, change(sqlite, "lead"))
        return sqlite

    @pytest.mark.slow
    def test_a_report_is_read_without_a_name_and_noted_where_it_says_where_people_are(self, asked: str):
        reports.sro_of_stored(None, db=asked, today=TODAY, now=NOW)
        go_no_go_of(GO, db=asked, programme=None, today=TODAY, now=NOW)
        go_no_go_of(GO, db=asked, programme=None, today=TODAY, now=NOW, actor="chief")
        assert entries(asked, "look") == [
            ("unnamed", "report:2027-01-05"),
            ("unnamed", f"go-no-go:{GO}"),
            ("chief", f"go-no-go:{GO}"),
        ]

    @pytest.mark.slow
    def test_one_without_people_is_not_noted(self, stored: str):
        reports.sro_of_stored(None, db=stored, today=TODAY, now=NOW)
        go_no_go_of(GO, db=stored, programme=None, today=TODAY, now=NOW)
        assert entries(stored, "look") == []

    @pytest.mark.slow
    def test_the_command_notes_it_as_well(self, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("CHANGEFLOW_AS", raising=False)
        args = ["report", "sro", "--db", asked, "--at", "2027-01-05", "--out", str(tmp_path / "r.json")]
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 0, result.output
        assert entries(asked, "look") == [("unnamed", "report:2027-01-05")]

    def test_recorded_facts_are_noted_where_there_are_any(self, stored: str):
        assert recorded_facts(None, db=stored, on=TODAY, now=NOW) == []
        progress.finish_task("payroll/plan", TODAY, date(2027, 1, 4), change(stored, "lead"))
        recorded_facts(None, db=stored, on=TODAY, kind="progress", now=NOW)
        assert entries(stored, "look") == [("unnamed", "facts:progress")]

    def test_a_persons_dates_and_answers_are_noted(self, stored: str):
        calendar_feeds.feed_for("lead", db=stored, programme=None, now=NOW)
        assert list(nudges.answered(db=stored, programme=None, now=NOW)) == [], "nothing to note"
        assert entries(stored, "look") == [("unnamed", "calendar:lead")]


def test_what_may_be_asked_of_a_person_needs_a_name_that_is_known(stored: str):
    ask = {"db": stored, "programme": None, "now": NOW}
    with pytest.raises(UnknownThingError):
        asked.everything_about("clerk", TODAY, actor="nobody", **ask)
    with pytest.raises(NotAllowedError) as caught:
        asked.erase("clerk", actor="lead", **ask)
    assert str(caught.value) == (
        "The Director of People cannot erase a person's data. Only the data protection contact (Chief "
        "Executive) can do this."
    )
    assert entries(stored, "refused") == [("lead", "erase-person")]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"programme": PROGRAMME.replace("contact: chief", "contact: cheif")}, "programme.yaml:8:"),
        ({"programme": PROGRAMME + "admins: [chief, cheif]\n"}, "programme.yaml:16:"),
        ({"service": SIGNED + "service_manager: cheif\n"}, "services/payroll.yaml:"),
    ],
)
def test_who_is_named_must_be_in_the_list_of_people(folder: Path, files: dict[str, str], place: str):
    with pytest.raises(ProblemsError, match=r"There is no person 'cheif'. Did you mean 'chief'\?") as caught:
        read_folder(a_folder(folder, **(FILES | files)))
    assert place in str(caught.value)


def test_the_list_of_roles_names_who_is_in_each(folder: Path):
    a_folder(folder, **FILES)
    said = CliRunner().invoke(app, ["roles", str(folder)]).stdout
    assert "SRO:                     Chief Executive (chief)" in said
    assert "Signatories:           Director of People (lead)" in said
    assert "Admin:                   no one is named" in said
    assert "Take a baseline: SRO, board" in CliRunner().invoke(app, ["roles"]).stdout
    assert CliRunner().invoke(app, ["roles", str(folder), "--format", "markdown"]).exit_code == InputError.exit_code


@pytest.mark.slow
def test_a_refusal_is_noted_on_postgresql_too(db: str, folder: Path):
    apply(folder, db)
    with pytest.raises(NotAllowedError):
        asked.erase("clerk", db=db, programme=None, actor="lead", now=NOW)
    assert entries(db, "refused") == [("lead", "erase-person")]
    engine_for(db).dispose()
