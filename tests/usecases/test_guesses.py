"""A guess of one person's scores says nothing: what an import replies, and all that is read later, is the same for a
right guess and for a wrong one."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import NotAllowedError
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import definitions
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from tests import audited
from tests.builders import PEOPLE, PROGRAMME, a_folder

pytestmark = pytest.mark.slow

HEADER = "person,on,awareness,desire,knowledge,ability\n"
ROUND = HEADER + "".join(f"p{n},2027-01-08,4,2,4,4\n" for n in range(14))
RIGHT, WRONG = f"{HEADER}p3,2027-01-08,4,2,4,4\n", f"{HEADER}p3,2027-01-08,4,2,4,3\n"
PEOPLE_HERE = (
    PEOPLE
    + "outsider,Outsider,Director of Finance,outsider@example.org,lead,,,\n"
    + "officer,Officer,Data Protection Officer,officer@example.org,team,,,\n"
    + "".join(f"p{n},Clerk,Clerk,p{n}@example.org,team,ash,clerks,chief\n" for n in range(15))
)
NOW = datetime(2027, 1, 11, 9, tzinfo=LONDON)
READ = (
    "status",
    "tick",
    "assess show --as outsider",
    "audit show",
    "audit show --format json",
    "audit verify",
    "audit verify --format json",
    "fact list",
    "nudge preview",
    "nudge answers",
    "report sro --out report.json",
    "changes",
    "why all-live",
    "baseline show",
    "training list",
    "checkpoint list",
    "gate list",
    "export folder again",
    "db retention",
)
"""What anyone may read of a stored programme."""
VARIES = ("hash", "real_at", "days_apart", "audit_head", "checksum")
"""Keys of an audit entry that are never the same twice; the checksum of a report covers its head."""
IN_A_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?= as at)|\([^)]*dated [^)]*\)|(?<=:)[0-9a-f]{16}\b")
"""The same in a line of `audit show` and `audit verify`: two commands may run in two minutes."""


@pytest.fixture
def stored(tmp_path: Path, sqlite: str) -> str:
    programme = PROGRAMME.replace("data_protection_contact: chief", "data_protection_contact: officer")
    folder = a_folder(tmp_path / "t", people=PEOPLE_HERE, programme=programme)
    definitions.apply(folder, db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    bring(sqlite, tmp_path, ROUND, "lead")
    return sqlite


def bring(db: str, home: Path, text: str, actor: str) -> None:
    path = home / "answers.csv"
    path.write_text(text)
    import_assessments(path, Change(db=db, programme=None, actor=actor, now=NOW, on=NOW.date()))


def scores_of(db: str, person: str) -> list[tuple[int, ...]]:
    with closing(sqlite3.connect(db.removeprefix("sqlite:///"))) as connection:
        query = "SELECT awareness, desire, knowledge, ability FROM assessment WHERE person = ? ORDER BY revision"
        return connection.execute(query, (person,)).fetchall()


def noted(db: str) -> list[tuple[str, str, str]]:
    with session_scope(db) as session:
        return [(e[2], e[3], e[4]) for e in audited.entries(session, "small")]


def what_is_said(text: str) -> str:
    lines = (line for line in text.splitlines() if not any(f'"{key}"' in line for key in VARIES))
    return IN_A_LINE.sub("", "\n".join(lines))


def everything_said(db: str, home: Path, guess: str, actor: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Import a guess into a copy of the database; return what that says, and what everything says after it."""
    engine_for(db).dispose()
    shutil.copytree(Path(db.removeprefix("sqlite:///")).parent, home)
    monkeypatch.chdir(home)
    (home / "guess.csv").write_text(guess)
    said = []
    for command in (f"assess import guess.csv --as {actor}", *READ):
        at = [] if command.startswith("audit") else ["--at", "2027-01-11T09:00"]
        result = CliRunner().invoke(app, [*command.split(), "--db", f"sqlite:///{home / 'test.db'}", *at])
        said.append(f"{command}: {result.exit_code}\n{what_is_said(result.output).replace(str(home), '')}")
    said.append(what_is_said((home / "report.json").read_text()))
    engine_for(f"sqlite:///{home / 'test.db'}").dispose()
    return said


@pytest.mark.usual(1)
@pytest.mark.parametrize("actor", ["lead", "officer", "outsider", "chief", "p3"])
def test_a_right_guess_and_a_wrong_one_look_the_same(
    stored: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, actor: str
):
    homes = [tmp_path_factory.mktemp("guess") / name for name in ("right", "wrong")]
    right, wrong = (
        everything_said(stored, home, guess, actor, monkeypatch)
        for home, guess in zip(homes, (RIGHT, WRONG), strict=True)
    )
    may = actor in ("lead", "officer")
    assert right[0].startswith(f"assess import guess.csv --as {actor}: {0 if may else NotAllowedError.exit_code}\n")
    assert ("Assessment of 8 Jan 2027: 1 answer recorded." in right[0]) is may
    assert right == wrong
    assert len(scores_of(f"sqlite:///{homes[1] / 'test.db'}", "p3")) == (2 if may else 1), "the wrong one is kept"


def test_each_import_is_noted_also_one_that_changes_nothing(stored: str, tmp_path: Path):
    before = scores_of(stored, "p3")
    bring(stored, tmp_path, RIGHT, "lead")
    assert scores_of(stored, "p3") == before
    assert [entry for entry in noted(stored) if entry[1] == "assess"] == [("lead", "assess", "round:2027-01-08")] * 2


@pytest.mark.parametrize("guess", [RIGHT, WRONG, WRONG + "p14,2027-01-08,4,2,4,4\n"])
def test_a_change_lead_adds_answers_and_corrects_none(stored: str, tmp_path: Path, guess: str):
    with pytest.raises(NotAllowedError) as caught:
        bring(stored, tmp_path, guess, "outsider")
    assert str(caught.value) == (
        "Outsider (Director of Finance) cannot import answers of people who have already answered in the same round. "
        "Only the project team or the data protection contact (Officer, Data Protection Officer) can do this. Remove "
        "the lines of "
        "people whose answers of this round are already recorded. No changes saved."
    )
    assert scores_of(stored, "p3") == [(4, 2, 4, 4)]
    assert noted(stored)[-1] == ("outsider", "refused", "correct-scores")
    bring(stored, tmp_path, f"{HEADER}p14,2027-01-08,4,2,4,4\n", "outsider")
    assert scores_of(stored, "p14") == [(4, 2, 4, 4)]


def test_the_data_protection_contact_corrects_and_adds_none(stored: str, tmp_path: Path):
    bring(stored, tmp_path, WRONG, "officer")
    assert scores_of(stored, "p3") == [(4, 2, 4, 4), (4, 2, 4, 3)]
    with pytest.raises(NotAllowedError, match="cannot import a round of assessments"):
        bring(stored, tmp_path, f"{HEADER}p14,2027-01-08,4,2,4,4\n", "officer")
