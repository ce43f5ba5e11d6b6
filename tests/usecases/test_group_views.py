"""Who looked at where people stand is in the audit."""

from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ActorMissingError
from changeflow.storage.database import session_scope
from changeflow.usecases.assessments import import_assessments, look_at_people
from changeflow.usecases.definitions import apply
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from tests import audited
from tests.builders import PEOPLE, a_folder

STAFF = PEOPLE + "".join(f"p{n},Officer,Officer,p{n}@example.org,team,ash,officers,chief\n" for n in range(14))
NOW = datetime(2027, 1, 11, 9, tzinfo=LONDON)


def change(db: str, actor: str | None) -> Change:
    return Change(db=db, programme=None, actor=actor, now=NOW, on=NOW.date())


@pytest.fixture
def asked(tmp_path: Path, sqlite: str) -> str:
    apply(a_folder(tmp_path / "t", people=STAFF), db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    path = tmp_path / "r1.csv"
    path.write_text(
        "person,on,awareness,desire,knowledge,ability\n" + "".join(f"p{n},2027-01-08,4,2,4,4\n" for n in range(14))
    )
    import_assessments(path, change(sqlite, "lead"))
    return sqlite


def actions(db: str) -> list[tuple[str, str, str]]:
    with session_scope(db) as session:
        return [e[2:] for e in audited.entries(session, "small")]


@pytest.mark.slow
def test_a_round_is_published_when_it_is_taken_in_and_looking_is_noted(asked: str):
    people = look_at_people(change(asked, "chief"))
    assert people.round == "Assessment of 8 Jan 2027"
    assert [a for a in actions(asked) if a[1] in ("publish", "look")] == [
        ("lead", "publish", "round:2027-01-08"),
        ("chief", "look", "round:2027-01-08"),
    ]


@pytest.mark.slow
def test_nobody_looks_without_a_name(asked: str):
    with pytest.raises(ActorMissingError):
        look_at_people(change(asked, None))


@pytest.mark.slow
def test_the_report_notes_who_asked_for_it_where_that_is_known(asked: str):
    sro_of_stored(None, db=asked, today=date(2027, 1, 11))
    sro_of_stored(None, db=asked, today=date(2027, 1, 11), actor="chief", now=NOW)
    assert [a for a in actions(asked) if a[1] == "look"] == [("chief", "look", "report:2027-01-11")]


@pytest.mark.slow
def test_what_comes_after_its_round_was_published_waits_for_the_next(asked: str, tmp_path: Path):
    """A late answer of the round of 8 January is kept, and published with no second publication of that round."""
    path = tmp_path / "late.csv"
    path.write_text("person,on,awareness\nchief,2027-01-08,1\n")
    done = import_assessments(path, change(asked, "lead"))
    assert done.label == "Assessment of 8 Jan 2027"
    assert (done.round, done.answers, done.is_late) == ("2027-01-08", 1, True)
    assert [a[1] for a in actions(asked)].count("publish") == 1


@pytest.mark.slow
def test_a_round_that_is_taken_in_after_a_later_one_is_not_the_latest(asked: str, tmp_path: Path):
    """The December round comes in January: where people stand is still what the round of 8 January said."""
    path = tmp_path / "december.csv"
    lines = "".join(f"p{n},2026-12-14,1,1,1,1\n" for n in range(14))
    path.write_text("person,on,awareness,desire,knowledge,ability\n" + lines)
    import_assessments(path, change(asked, "lead"))
    with session_scope(asked) as session:
        facts = load(session, None, on=NOW.date()).programme.facts
    assert [s.round for s in facts.snapshots] == ["2026-12-14", "2027-01-08"]
    assert facts.snapshot is not None
    assert facts.snapshot.round == "2027-01-08"


@pytest.mark.slow
def test_the_command_says_why_groups_are_hidden(tmp_path: Path, sqlite: str):
    """Of three heads and fourteen officers all have answered: ten answers are the fewest."""
    heads = "".join(f"h{n},Head,Head,h{n}@example.org,team,ash,heads,chief\n" for n in range(3))
    folder = a_folder(tmp_path / "t", people=STAFF + heads)
    apply(folder, db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    path, people = tmp_path / "r1.csv", [*(f"p{n}" for n in range(14)), "h0", "h1", "h2"]
    rows = "".join(f"{p},2027-01-08,4,2,4,4\n" for p in people)
    path.write_text(f"person,on,awareness,desire,knowledge,ability\n{rows}")
    import_assessments(path, change(sqlite, "lead"))
    done = CliRunner().invoke(app, ["assess", "show", "--db", sqlite, "--as", "chief", "--at", "2027-01-11"])
    assert done.exit_code == 0, done.output
    lines = [line.strip() for line in done.output.splitlines()]
    assert lines[0] == "Assessment of 8 Jan 2027. A barrier is a score of 3 or less. Bands of 6 people."
    assert "2027-01-08" not in done.output
    reason, remedy, groups = lines[lines.index("Groups that are not shown") + 1 :]
    assert reason == "Fewer than 10 people answered."
    assert remedy.startswith("What you can do: Encourage more of the group to answer next time.")
    assert groups == "By role: heads"
