"""People are named by their names where people.csv has them; nothing that is stored shows a name."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from changeflow.adkar.people import Contact
from changeflow.agenda.due import Answer, AnswerKind
from changeflow.cli import app
from changeflow.errors import NotAllowedError
from changeflow.programme.names import begin, names_in
from changeflow.reports.decisions import build_decisions, decisions_text
from changeflow.reports.documents import html_of, json_of
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.writing import write_workbook
from changeflow.storage import answers
from changeflow.storage.database import session_scope
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases import nudge_preview, progress, ticks
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.definitions import apply
from changeflow.usecases.messages import Desk
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import loaded, stored_on
from changeflow.usecases.unit_of_work import Change
from tests.builders import PEOPLE, SERVICE, a_folder
from tests.usecases.gated import TEAM, stored_with

NAMED = PEOPLE.replace("lead,Director of People,", "lead,A Named Person,")
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: lead}\n"
ON = date(2027, 1, 12)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    folder = a_folder(tmp_path / "trust", service=OWNED, people=NAMED)
    apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def test_a_person_is_named_in_a_list_and_in_a_sentence(stored: str):
    programme = loaded(None, db=stored, on=ON)
    assert programme.person("lead") == "A Named Person, Director of People"
    assert begin(programme.the_person("lead")) == "A Named Person (Director of People)"
    assert programme.person("chief") == "Chief Executive"
    assert begin(programme.the_person("chief")) == "The Chief Executive"
    assert (programme.person(None), programme.the_person("left-long-ago")) == ("no one", "left-long-ago")


@pytest.mark.slow
def test_a_name_that_is_the_role_or_of_no_one_here_adds_nothing(stored: str):
    definition = loaded(None, db=stored, on=ON).definition
    contacts = [Contact(person="chief", name="Chief Executive"), Contact(person="stranger", name="Some Name")]
    assert names_in(definition, contacts) == {}


@pytest.mark.slow
def test_the_report_names_the_owners_of_late_work(stored: str):
    report = sro_of_stored(None, db=stored, today=date(2027, 1, 26))
    text = "“Payroll: requirements” was due from A Named Person (Director of People) on 8 Jan 2027"
    assert text in json_of(report)
    assert text in html_of(report)


def test_a_folder_that_is_not_stored_names_people_too(tmp_path: Path):
    judged = plan_folder(a_folder(tmp_path / "trust", service=OWNED, people=NAMED))
    assert judged.programme.person("lead") == "A Named Person, Director of People"


@pytest.mark.slow
def test_a_decision_names_its_owner(db: str, tmp_path: Path):
    stored_with(db, tmp_path, people=TEAM.replace("lead,Director of People,", "lead,A Named Person,"))
    judged = stored_on(None, db=db, on=date(2027, 1, 5)).judged
    text = "\n".join(decisions_text(build_decisions(judged, today=date(2027, 1, 5))))
    assert "Needed by Wed 6 Jan 2027. Owner: A Named Person, Director of People." in text


@pytest.mark.slow
def test_a_spreadsheet_names_the_owners(stored: str, tmp_path: Path):
    write_workbook(WorkbookSource(programme=loaded(None, db=stored, on=ON), today=ON), tmp_path / "plan.xlsx")
    with ZipFile(tmp_path / "plan.xlsx") as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "<t>A Named Person, Director of People</t>" in texts
    assert "<t>lead</t>" not in texts


@pytest.mark.slow
def test_a_nudge_is_stored_without_names_and_shown_with_them(stored: str):
    now = datetime(2027, 1, 12, 8, tzinfo=UTC)
    ticks.tick(db=stored, now=now)
    with session_scope(stored) as session:
        contents = [str(row.content) for row in session.exec(select(NudgeRow))]
    assert contents
    assert not any("A Named Person" in text for text in contents)
    assert any(
        "A Named Person, Director of People" in line
        for line in nudge_preview.preview(db=stored, moments=[now], desk=Desk())
    )


@pytest.mark.slow
def test_after_a_name_is_replaced_the_role_stands_again(stored: str, tmp_path: Path):
    assert loaded(None, db=stored, on=ON).names == {"lead": "A Named Person"}
    folder = a_folder(tmp_path / "again", service=OWNED, people=PEOPLE)
    apply(folder, db=stored, actor="chief", now=datetime(2027, 1, 12, 9, tzinfo=UTC))
    assert loaded(None, db=stored, on=ON).names == {}


def test_a_refusal_names_who_may_not_and_who_may(stored: str):
    first = datetime(2027, 1, 4, 9, tzinfo=UTC)
    change = Change(db=stored, programme=None, actor="lead", now=first, on=first.date())
    with pytest.raises(NotAllowedError) as caught:
        take_baseline("Agreed", change)
    assert str(caught.value).startswith(
        "A Named Person (Director of People) cannot take a baseline. Only the SRO (Chief Executive) can do this."
    )


@pytest.mark.slow
def test_facts_answers_and_the_audit_name_people_and_keep_their_ids_in_json(stored: str):
    first = datetime(2027, 1, 8, 9, tzinfo=UTC)
    change = Change(db=stored, programme=None, actor="lead", now=first, on=first.date())
    progress.finish_task("payroll/requirements", first.date(), date(2027, 1, 4), change)
    given = Answer(
        person="lead", subject="payroll/delegation", due_on=first.date(), kind=AnswerKind.BLOCKED, on=first.date()
    )
    with session_scope(stored) as session:
        answers.add_answer(session, "small", given, text="No time", at=first)

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--db", stored])
        assert done.exit_code == 0, done.output
        return done.stdout

    who = "A Named Person, Director of People"
    assert f"finished 8 Jan 2027 ({who})" in said("fact", "list", "--at", "2027-01-12")
    [fact] = json.loads(said("fact", "list", "--format", "json", "--at", "2027-01-12"))
    assert (fact["by"], fact["by_name"]) == ("lead", who)
    assert f"  {who}  progress  payroll/requirements" in said("audit", "show")
    last = json.loads(said("audit", "show", "--format", "json"))
    assert ("lead", who) in {(entry["actor"], entry["actor_name"]) for entry in last}
    assert f"{who}  payroll/delegation  blocked: No time" in said("nudge", "answers", "--at", "2027-01-12")
