"""Subject access: the deadlines of worked cases, and all that is kept about one person, of no one else."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.people import answer_by
from changeflow.calendar.nations import public_holidays
from changeflow.errors import ActorMissingError, InputError, ProblemsError, UnknownThingError
from changeflow.storage import publications
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.persons import ABOUT
from changeflow.storage.tables.every_table import metadata
from changeflow.usecases import assessments, definitions, ticks
from changeflow.usecases.unit_of_work import Change
from tests import asked, audited
from tests.builders import PEOPLE, SERVICE, a_folder

FREE = {day for day, _ in public_holidays("england", 2026, 2028)}
COUNTED = "groups they were counted in"
NAMES_A_PERSON = {"person", "by", "to", "who", "actor", "recorded_by", "created_by", "owner", "author"}


def works_on(day: date) -> bool:
    return day.weekday() < 5 and day not in FREE


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        # 28 February is the month's last day, and a Sunday.
        ("2027-01-31", "2027-03-01"),
        # 26 March is Good Friday, the 29th Easter Monday.
        ("2027-02-26", "2027-03-30"),
        # 30 May is a Sunday, the 31st a bank holiday.
        ("2027-04-30", "2027-06-01"),
        ("2026-11-23", "2026-12-23"),
    ],
)
def test_one_calendar_month(received: str, expected: str):
    found = answer_by(date.fromisoformat(received), months=1, works_on=works_on)
    assert found == date.fromisoformat(expected)


@pytest.fixture
def stored(sqlite: str, tmp_path: Path) -> Iterator[str]:
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    definitions.apply(a_folder(tmp_path / "trust", service=service), db=sqlite, actor="chief", now=at(4))
    ticks.tick(db=sqlite, now=at(8))
    with session_scope(sqlite) as session:
        for who, score in (("lead", 2), ("chief", 5)):
            scores = Assessment(person=who, round="round-1", on=date(2027, 1, 8),
                                scores=dict.fromkeys(Element, score), evidence="self")  # fmt: skip
            publications.add_assessments(session, "small", [scores])
    yield sqlite
    engine_for(sqlite).dispose()


def at(day: int) -> datetime:
    return datetime(2027, 1, day, 9, tzinfo=UTC)


@pytest.mark.slow
def test_one_gets_all_that_is_about_oneself_and_nothing_of_others(stored: str):
    ask = {"db": stored, "programme": None, "actor": "chief", "now": at(31)}
    found = asked.everything_about("lead", date(2027, 1, 31), reason="They asked", **ask).about
    assert found["to be answered by"] == "2027-03-01"
    assert found["contact details"][0]["email"] == "lead@example.org"
    assert [a["desire"] for a in found["assessments"]] == [2]
    assert found["nudges"][0]["subject"] == "payroll/requirements"
    assert found["their part in the programme"]["role"] == "Director of People"
    assert "chief@example.org" not in str(found)
    with session_scope(stored) as session:
        last = list(audited.entries(session, "small"))[-1]
    assert last[2:] == ("chief", "person:export", "person:lead:reason given")


@pytest.mark.slow
def test_one_gets_the_groups_one_was_counted_in(sqlite: str, tmp_path: Path):
    """Eleven officers and three heads answer: the officers are shown, and the heads are too few."""
    staff = [*(f"p{n},Officer,Officer,p{n}@example.org,team,ash,officers,chief" for n in range(11)),
             *(f"h{n},Head,Head,h{n}@example.org,team,ash,heads,chief" for n in range(3))]  # fmt: skip
    folder = a_folder(tmp_path / "trust", people=PEOPLE + "\n".join(staff) + "\n")
    definitions.apply(folder, db=sqlite, actor="chief", now=at(4))
    path = tmp_path / "round-1.csv"
    rows = "".join(f"{line.split(',')[0]},2027-01-08,4,2,4,4\n" for line in staff)
    path.write_text(f"person,on,awareness,desire,knowledge,ability\n{rows}")
    change = Change(db=sqlite, programme=None, actor="chief", now=at(11), on=date(2027, 1, 11))
    assessments.import_assessments(path, change)
    ask = {"db": sqlite, "programme": None, "actor": "chief", "now": at(31), "reason": "They asked"}
    of_head = asked.everything_about("h1", date(2027, 1, 31), **ask).about
    found = {one["group"]: one for one in of_head[COUNTED]}
    assert found["heads"] == {
        "round": "Assessment of 8 Jan 2027",
        "published on": "2027-01-11",
        "kind of group": "group",
        "group": "heads",
        "figures of the group were published": False,
        "a service was live for them": False,
    }
    assert found["all"]["figures of the group were published"]
    assert "officers" not in found
    assert not re.search(r"\b(h0|h2|p\d+)\b", str(of_head))
    assert COUNTED not in asked.everything_about("lead", date(2027, 1, 31), **ask).about


@pytest.mark.slow
def test_scores_are_exported_only_with_a_reason_whose_words_are_not_kept(stored: str):
    ask = {"db": stored, "programme": None, "actor": "chief", "now": at(31)}
    for reason in ("", "  "):
        with pytest.raises(InputError, match=r"The export has lead's scores\. Give the reason"):
            asked.everything_about("lead", date(2027, 1, 31), reason=reason, **ask)
    assert exports(stored) == []
    asked.everything_about("lead", date(2027, 1, 31), reason="A grievance", **ask)
    assert exports(stored) == ["person:lead:reason given"]
    assert "grievance" not in dump(stored)


@pytest.mark.slow
def test_without_scores_no_reason_is_needed(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=at(4))
    ask = {"db": sqlite, "programme": None, "actor": "chief", "now": at(31)}
    found = asked.everything_about("lead", date(2027, 1, 31), **ask).about
    assert "assessments" not in found
    assert exports(sqlite) == ["person:lead:no reason"]


def exports(db: str) -> list[str]:
    with session_scope(db) as session:
        return [e[4] for e in audited.entries(session, "small") if e[3] == "person:export"]


def dump(db: str) -> str:
    """Everything that a database of SQLite holds, as text."""
    with closing(sqlite3.connect(db.removeprefix("sqlite:///"))) as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.slow
def test_nobody_is_assessed_tomorrow(stored: str, tmp_path: Path):
    path = tmp_path / "round-2.csv"
    path.write_text("person,on,awareness,desire,knowledge,ability\nlead,2027-02-01,3,3,3,3\n")
    change = Change(db=stored, programme=None, actor="chief", now=at(31), on=date(2027, 1, 31))
    with pytest.raises(ProblemsError) as raised:
        assessments.import_assessments(path, change)
    [problem] = raised.value.problems
    assert str(problem) == "round-2.csv:2:2: 2027-02-01 is in the future. Write a day up to 2027-01-31."


def test_every_table_that_can_name_a_person_is_looked_at():
    looked_at = {(str(table.__tablename__), column) for table, columns, _ in ABOUT.values() for column in columns}
    can_name = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in NAMES_A_PERSON
    }
    assert looked_at == can_name
    # One table has people as JSON.
    tables = metadata.tables.values()
    assert {table.name for table in tables if "people" in table.columns} == {"published_group"}


@pytest.mark.slow
def test_what_cannot_be_is_said(stored: str):
    ask = {"db": stored, "programme": None, "now": at(31)}
    with pytest.raises(UnknownThingError, match="laed"):
        asked.everything_about("laed", date(2027, 1, 31), actor="chief", **ask)
    with pytest.raises(ActorMissingError):
        asked.everything_about("lead", date(2027, 1, 31), actor=None, **ask)
    with pytest.raises(InputError, match="1 Feb 2027 is in the future"):
        asked.deadline(date(2027, 2, 1), **ask)
    assert asked.deadline(date(2027, 1, 31), is_complex=True, **ask) == date(2027, 4, 30)
