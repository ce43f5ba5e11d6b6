"""Exports and erasures reach the ids that a person names, of people who have left as well, and never another person."""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.storage import audit, versions
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.storage.tables.facts import AssessmentRow, AttendanceRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.usecases import definitions, dispatch, ticks
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.restoration import restore
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.asked import erase, everything_about, look_up
from tests.builders import PEOPLE, PROGRAMME, SERVICE, Postbox, a_folder

HEAD = PEOPLE.splitlines()[0].split(",")
ABOUT = (AssessmentRow, AttendanceRow, AnswerRow, LinkRow)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


def staff(**addresses: str) -> list[dict[str, str]]:
    """Write officers by id, each with the address that is given."""
    return [
        {"id": one, "name": "Officer", "role": "Officer", "email": email, "groups": "officers"}
        for one, email in addresses.items()
    ]


def store(trust: Path, db: str, people: list[dict[str, str]], day: int) -> None:
    rows = [dict(zip(HEAD, line.split(","), strict=False)) for line in PEOPLE.splitlines()[1:]]
    with (trust / "people.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, HEAD, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*rows, *people])
    definitions.apply(trust, db=db, actor="chief", now=at(day))


def ask(trust: Path, db: str, people: list[str], day: int) -> None:
    path = trust.parent / f"round-{day}.csv"
    path.write_text(
        "\n".join(
            ["person,on,awareness,desire,knowledge,ability", *(f"{p},{at(day):%Y-%m-%d},4,2,4,4" for p in people)]
        )
    )
    change = Change(db=db, programme="small", actor="chief", now=at(day), on=date(2027, 1, day))
    import_assessments(path, change)


def record(db: str, person: str, programme: str = "small") -> None:
    """Record an attendance, an answer and a link of a person."""
    with session_scope(db) as session:
        where = {"programme_id": programme, "person": person}
        session.add(AttendanceRow(**where, task="t", on=at(5).date(), evidence="", at=at(5), by="chief"))
        session.add(AnswerRow(**where, subject="x", due_on=at(5).date(), kind="seen", at=at(5)))
        session.add(LinkRow(**where, token=f"{programme}-{person}", action="answer", subject="x", due_on=at(5).date(),
                            created_at=at(5), expires_at=at(9)))  # fmt: skip
        audit.append(session, programme, at=at(5), actor="chief", action="test", subject="test:1")


def left_of(session: Session, person: str, programme: str = "small") -> int:
    return sum(
        len(session.exec(select(t.person).where(col(t.programme_id) == programme, col(t.person) == person)).all())
        for t in ABOUT
    )


def left(db: str, person: str, programme: str = "small") -> int:
    with session_scope(db) as session:
        return left_of(session, person, programme)


def erased(db: str, person: str, **more: Any) -> Any:
    return erase(person, db=db, programme="small", actor="chief", now=at(9), **more)


def exported(db: str, person: str, **more: Any) -> dict[str, Any]:
    ask_for = {"db": db, "programme": "small", "actor": "chief", "now": at(9), "reason": "They asked"}
    return everything_about(person, date(2027, 1, 9), **ask_for, **more).about


class TestARenamedPerson:
    @pytest.fixture
    def renamed(self, trust: Path, db: str) -> str:
        """Staff answer; then "old" gets the id "new", with the same address."""
        store(trust, db, staff(old="a@example.org", other="b@example.org"), 4)
        ask(trust, db, ["old", "other"], 5)
        record(db, "old")
        store(trust, db, staff(new="a@example.org", other="b@example.org"), 6)
        return db

    @pytest.mark.slow
    @pytest.mark.both_databases
    @pytest.mark.parametrize("named", ["new", "old"])
    def test_is_erased_under_every_id(self, renamed: str, named: str):
        done = erased(renamed, named, also=["old", "new"])
        assert set(done.theirs.ids) == {"old", "new"}
        assert done.theirs.unsure == ()
        assert (done.removed["assessments"], done.removed["attendance"], done.removed["contact details"]) == (1, 1, 1)
        assert (left(renamed, "old"), left(renamed, "other")) == (0, 1)
        with session_scope(renamed) as session:
            assert {e[4] for e in audited.entries(session, "small") if e[3] == "person:erase"} == {
                "person:old", "person:new",
            }  # fmt: skip
            assert not audited.verify(session)[1]

    @pytest.mark.slow
    @pytest.mark.parametrize("named", ["new", "old"])
    def test_is_exported_under_every_id(self, renamed: str, named: str):
        found = exported(renamed, named, also=["old", "new"])
        assert (found["about"], set(found["ids of theirs"])) == (named, {"old", "new"})
        assert [a["person"] for a in found["assessments"]] == ["old"]
        assert [c["person"] for c in found["contact details"]] == ["new"]
        assert found["their part in the programme"]["id"] == "new"
        assert "other" not in str(found)
        with session_scope(renamed) as session:
            read = {e[4] for e in audited.entries(session, "small") if e[3] == "person:export"}
        assert read == {"person:old:reason given", "person:new:reason given"}

    @pytest.mark.slow
    def test_is_not_taken_for_whoever_had_the_address_before(self, renamed: str):
        """The mailbox of a post is handed on: only a person can know whose id that was."""
        assert "assessments" not in exported(renamed, "new")
        done = erased(renamed, "new")
        assert (done.theirs.ids, done.theirs.unsure) == (("new",), ("old",))
        assert left(renamed, "old") == 4

    @pytest.mark.slow
    def test_who_shares_no_address_is_not_reached_with_them(self, renamed: str):
        with pytest.raises(InputError, match="other: no address that new has or had"):
            erased(renamed, "new", also=["other"])

    @pytest.mark.slow
    def test_comes_back_under_no_id(self, renamed: str, trust: Path):
        erased(renamed, "new", also=["old"])
        for one in ("old", "new"):
            with pytest.raises(CheckFailedError, match=f"{one}: erased on 9 Jan 2027"):
                store(trust, renamed, staff(**{one: "c@example.org", "other": "b@example.org"}), 10)

    @pytest.mark.slow
    def test_comes_back_under_no_address_that_they_had(self, renamed: str, trust: Path):
        store(trust, renamed, staff(new="z@example.org", other="b@example.org"), 7)
        erased(renamed, "new", also=["old"])
        for address in ("a@example.org", "Z@example.org"):
            with pytest.raises(CheckFailedError, match="third: erased on 9 Jan 2027"):
                store(trust, renamed, staff(third=address, other="b@example.org"), 10)

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_a_chain_of_renames_is_followed(self, renamed: str, trust: Path):
        store(trust, renamed, staff(new="z@example.org", other="b@example.org"), 7)
        store(trust, renamed, staff(newest="z@example.org", other="b@example.org"), 8)
        assert erased(renamed, "newest", also=["old", "new"]).theirs.ids == ("newest", "new", "old")
        assert left(renamed, "old") == 0


@pytest.mark.slow
def test_without_answers_a_renamed_person_is_followed_as_well(trust: Path, db: str):
    store(trust, db, staff(old="a@example.org"), 4)
    record(db, "old")
    store(trust, db, staff(new="a@example.org"), 6)
    assert erased(db, "new", also=["old"]).theirs.ids == ("new", "old")
    assert left(db, "old") == 0


@pytest.mark.slow
def test_a_person_who_is_no_longer_in_the_list_is_exported_and_erased(trust: Path, db: str):
    store(trust, db, staff(gone="a@example.org", other="b@example.org"), 4)
    ask(trust, db, ["gone", "other"], 5)
    record(db, "gone")
    store(trust, db, staff(other="b@example.org"), 6)
    found = exported(db, "gone")
    assert (len(found["assessments"]), found["their part in the programme"]) == (1, {})
    assert erased(db, "gone").removed["assessments"] == 1
    assert (left(db, "gone"), left(db, "other")) == (0, 1)
    for unknown in ("gnoe", "system"):
        with pytest.raises(UnknownThingError, match=f"no person '{unknown}'"):
            erased(db, unknown)


class TestASharedMailbox:
    @pytest.fixture
    def shared(self, trust: Path, db: str) -> str:
        """Two people share an address; one of them had an address and another id before."""
        store(trust, db, staff(before="a@example.org", second="office@example.org"), 4)
        ask(trust, db, ["before", "second"], 5)
        store(trust, db, staff(first="a@example.org", second="office@example.org"), 6)
        store(trust, db, staff(first="office@example.org", second="office@example.org"), 7)
        record(db, "second")
        record(db, "first")
        return db

    @pytest.mark.slow
    def test_no_one_else_is_erased_and_the_others_are_listed(self, shared: str):
        done = erased(shared, "first", also=["before"])
        assert (set(done.theirs.ids), done.theirs.unsure) == ({"first", "before"}, ("second",))
        assert (left(shared, "before"), left(shared, "first"), left(shared, "second")) == (0, 0, 4)

    @pytest.mark.slow
    def test_no_one_else_is_exported_or_named_to_them(self, shared: str):
        found = exported(shared, "first", also=["before"])
        assert "second" not in json.dumps(found)
        assert [a["person"] for a in found["assessments"]] == ["before"]

    @pytest.mark.slow
    def test_the_others_are_still_welcome_and_keep_their_preferences(self, shared: str, trust: Path):
        with session_scope(shared) as session:
            recipient = next(a for n, p, a in known(session) if (n, p) == ("small", "second") and a)
            session.add(ReachRow(recipient=recipient, optional_off=True))
            session.add(MessageRow(recipient=recipient, day=at(6).date(), message_id="m", created_at=at(6)))
            audit.append(session, "small", at=at(7), actor="chief", action="test", subject="test:1")
        erased(shared, "first", also=["before"])
        store(trust, shared, staff(second="office@example.org"), 10)
        with session_scope(shared) as session:
            assert session.get(ReachRow, recipient) is not None
            assert session.exec(select(MessageRow).where(MessageRow.recipient == recipient)).all()


def known(session: Session) -> list[tuple[str, str, str]]:
    from changeflow.storage import persons

    return persons.everybody(session)


@pytest.mark.slow
def test_the_same_id_in_another_programme_joins_ids_and_is_named(trust: Path, db: str, tmp_path: Path):
    """In one programme they are known by their first address, in the other by a later one."""
    store(trust, db, staff(p="a@example.org"), 4)
    record(db, "p")
    other = a_folder(tmp_path / "other", programme=PROGRAMME.replace("programme: small", "programme: other"))
    store(other, db, staff(p="b@example.org"), 5)
    store(trust, db, staff(q="b@example.org"), 6)
    record(db, "p", "other")
    theirs = look_up("q", db=db, programme="small", actor="chief", now=at(9), also=["p"])
    assert (set(theirs.ids), theirs.elsewhere) == ({"p", "q"}, ("other",))
    assert erased(db, "q", also=["p"]).theirs == theirs
    assert (left(db, "p"), left(db, "p", "other")) == (0, 3)


@pytest.mark.slow
def test_messages_to_an_earlier_address_are_theirs(sqlite: str, tmp_path: Path):
    """The lead gets a message, then another id, and then another address."""
    text = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    folder = a_folder(tmp_path / "trust", service=text)
    definitions.apply(folder, db=sqlite, actor="chief", now=at(4, 8))
    ticks.tick(db=sqlite, now=at(8, 8))
    dispatch.dispatch(db=sqlite, now=at(8), channel=Postbox())
    with session_scope(sqlite) as session:
        sent = session.exec(select(MessageRow).join(NudgeRow).where(NudgeRow.person == "lead")).all()
        before = {m.recipient for m in sent}
    for old, new in (("lead", "leader"), ("lead@example.org", "leader@example.org")):
        for name in ("people.csv", "services/payroll.yaml"):
            file = folder / name
            changed = file.read_text()
            if "@" in old:
                changed = changed.replace(old, new)
            else:
                changed = changed.replace("\nlead,", "\nleader,").replace(": lead", ": leader")
            file.write_text(changed)
        definitions.apply(folder, db=sqlite, actor="chief", now=at(9, 8))
    found = exported(sqlite, "leader", also=["lead"])
    assert set(found["ids of theirs"]) == {"lead", "leader"}
    assert len(found["messages"]) == len(sent) > 0
    erased(sqlite, "leader", also=["lead"])
    with session_scope(sqlite) as session:
        assert not session.exec(select(MessageRow).where(col(MessageRow.recipient).in_(before))).all()


class TestARestore:
    @pytest.fixture
    def copied(self, trust: Path, sqlite: str, tmp_path: Path) -> Iterator[str]:
        store(trust, sqlite, staff(old="a@example.org", other="b@example.org"), 4)
        ask(trust, sqlite, ["old", "other"], 5)
        record(sqlite, "old")
        backup(sqlite, tmp_path / "copy.db", at=at(5))
        yield sqlite
        engine_for(sqlite).dispose()

    @pytest.mark.slow
    def test_reaches_the_same_ids_again(self, copied: str, trust: Path, tmp_path: Path):
        store(trust, copied, staff(new="a@example.org", other="b@example.org"), 6)
        erased(copied, "new", also=["old"])
        engine_for(copied).dispose()
        assert restore(tmp_path / "copy.db", db=copied, now=at(10), replace=True).erased == 1
        assert (left(copied, "old"), left(copied, "other")) == (0, 1)
        with session_scope(copied) as session:
            assert "old" not in versions.contacts(session, "small")

    @pytest.mark.slow
    def test_reaches_one_who_had_left(self, copied: str, trust: Path, tmp_path: Path):
        store(trust, copied, staff(other="b@example.org"), 6)
        erased(copied, "old")
        engine_for(copied).dispose()
        assert restore(tmp_path / "copy.db", db=copied, now=at(10), replace=True).erased == 1
        assert left(copied, "old") == 0

    @pytest.mark.slow
    def test_reaches_no_one_who_shares_the_address(self, copied: str, trust: Path, tmp_path: Path):
        store(trust, copied, staff(old="b@example.org", other="b@example.org"), 6)
        backup(copied, tmp_path / "shared.db", at=at(6))
        erased(copied, "old")
        engine_for(copied).dispose()
        shutil.copyfile(tmp_path / "shared.db", tmp_path / "copy.db")
        assert restore(tmp_path / "copy.db", db=copied, now=at(10), replace=True).erased == 1
        assert (left(copied, "old"), left(copied, "other")) == (0, 1)


@pytest.mark.slow
def test_the_command_says_whom_it_reaches_before_it_does(trust: Path, sqlite: str):
    store(trust, sqlite, staff(old="a@example.org", first="o@example.org", second="o@example.org"), 4)
    record(sqlite, "old")
    store(trust, sqlite, staff(new="a@example.org", first="o@example.org", second="o@example.org"), 6)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["person", *words, "--db", sqlite, "--as", "chief", "--at", "2027-01-09"])
        return done.exit_code, " ".join((done.stdout + done.stderr).split())

    code, said = run("erase", "new")
    assert code == 4
    assert "Would not be erased: old. They have or had the same address as new." in said
    assert "Nothing was done. Add --yes to go ahead." in said
    _, said = run("export", "new")
    assert "Not exported: old." in said
    code, said = run("erase", "new", "--also", "old", "--yes")
    assert "Erased as the same person: new, old." in said
    assert (code, left(sqlite, "old")) == (0, 0)


@pytest.mark.slow
def test_what_would_be_erased_is_told_in_a_new_database_as_well(trust: Path, sqlite: str):
    store(trust, sqlite, staff(one="a@example.org"), 4)
    assert look_up("one", db=sqlite, programme="small", actor="chief", now=at(9)).ids == ("one",)
