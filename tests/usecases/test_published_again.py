"""A restored database does not publish a round again in other groups: what it has published is kept outside it.

The copy is from before the round. By hand: the role that was hidden stays hidden, though the same answers come again
for other roles; with both publications, the six people without a role would be known.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.errors import InputError
from changeflow.storage import audit, publications
from changeflow.storage.backup import backup
from changeflow.storage.custody import MachineState
from changeflow.storage.database import engine_for, rolled_back, session_scope
from changeflow.usecases import audit_trail, ticks
from changeflow.usecases.publishing import publish_closed
from changeflow.usecases.restoration import restore
from tests import audited
from tests.builders import a_folder
from tests.usecases.seventy_two import ROLES, Staff, ask, at, hidden, latest, staff, store

pytestmark = pytest.mark.slow


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


def in_other_roles(people: Staff, role: str) -> Staff:
    """Dissolve a role that was shown."""
    other = next(f"role-{n}" for n in range(ROLES) if f"role-{n}" != role)
    return [{**one, "groups": "" if one["groups"] == other else one["groups"]} for one in people]


def put_back_by_another_tool(db: str, copy: Path) -> None:
    file = Path(db.removeprefix("sqlite:///"))
    engine_for(db).dispose()
    for rest in file.parent.glob(f"{file.name}-*"):
        rest.unlink()
    shutil.copyfile(copy, file)


@pytest.mark.thorough
@pytest.mark.parametrize("by", ["changeflow", "another tool, and a tick", "another tool"])
def test_the_same_round_is_not_published_again(by: str, trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    backup(sqlite, tmp_path / "copy.db", at=at(4))
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    before = latest(sqlite)
    if by == "changeflow":
        restore(tmp_path / "copy.db", db=sqlite, now=at(6), replace=True)
    else:
        put_back_by_another_tool(sqlite, tmp_path / "copy.db")
    if by == "another tool, and a tick":
        ticks.tick(db=sqlite, now=at(6))
    if by != "another tool":
        assert latest(sqlite) == before
    moved = in_other_roles(people, role)
    store(trust, sqlite, moved, 7)
    ask(tmp_path, sqlite, moved, 5)
    assert latest(sqlite) == before
    assert hidden(ask(tmp_path, sqlite, moved, 12)) == {role}
    with session_scope(sqlite) as session:
        assert "publish:again" in [action for _, _, _, action, _ in audited.entries(session, "small")]
    assert audit_trail.verify(db=sqlite, programme="small", anchor_file=None).is_well


def test_answers_that_the_copy_still_has_count_once(trust: Path, sqlite: str, tmp_path: Path):
    """The copy has the answers of a round that was still open, and not its publication."""
    people = staff()
    store(trust, sqlite, people, 4)
    with session_scope(sqlite) as session:
        answers = [Assessment(person=p["id"], round="2027-01-05", on=at(5).date(), scores=scores(p)) for p in people]
        publications.add_assessments(session, "small", answers)
        audit.append(session, "small", at=at(5), actor="chief", action="assess", subject="round:2027-01-05")
    backup(sqlite, tmp_path / "copy.db", at=at(5))
    ticks.tick(db=sqlite, now=at(5, 10))
    before = latest(sqlite)
    restore(tmp_path / "copy.db", db=sqlite, now=at(6), replace=True)
    assert latest(sqlite) == before
    with session_scope(sqlite) as session:
        assert {k.publication for k in publications.kept_answers(session)} == {1}


def scores(person: dict[str, str]) -> dict[Element, int]:
    return {Element.AWARENESS: int(person["awareness"]), **dict.fromkeys(list(Element)[1:4], 5)}


@pytest.mark.thorough
def test_corrections_after_a_restore_are_not_taken_for_what_was_published(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    backup(sqlite, tmp_path / "copy.db", at=at(4))
    ask(tmp_path, sqlite, people, 5)
    put_back_by_another_tool(sqlite, tmp_path / "copy.db")
    ask(tmp_path, sqlite, [{**one, "awareness": "5"} for one in people], 5)
    with session_scope(sqlite) as session:
        assert {k.publication for k in publications.kept_answers(session)} == {None}
    ask(tmp_path, sqlite, people[:1], 12)
    whole = latest(sqlite).of("programme", "all")
    assert whole is not None
    assert whole.held is not None
    assert whole.answered == len(people)
    assert whole.held[0].high < 36, "the corrected answers: one person has a barrier"


def test_what_was_written_down_and_not_committed_was_never_published(
    trust: Path, sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    people = staff()
    store(trust, sqlite, people, 4)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", cut_off)
        with pytest.raises(KeyboardInterrupt):
            ask(tmp_path, sqlite, people, 5)
    assert len(MachineState(sqlite).publications.read_text().splitlines()) == 1
    ask(tmp_path, sqlite, [{**one, "awareness": "5"} for one in people], 5)
    whole = latest(sqlite).of("programme", "all")
    assert whole is not None
    assert whole.held is not None
    assert whole.held[0].low == 0


def cut_off(_: Session) -> None:
    raise KeyboardInterrupt


def test_what_is_only_looked_at_is_not_written_down(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    ask(tmp_path, sqlite, people, 5)
    written = MachineState(sqlite).publications.read_bytes()
    with rolled_back(sqlite) as session:
        publish_closed(session, "small", on=at(20).date(), now=at(20))
    assert MachineState(sqlite).publications.read_bytes() == written


def test_the_record_has_no_scores_and_is_for_this_account_alone(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    ask(tmp_path, sqlite, people, 5)
    file = MachineState(sqlite).publications
    line, committed = map(json.loads, file.read_text().splitlines())
    assert file.stat().st_mode & 0o777 == 0o600
    assert committed == {"committed": line["publication"]}
    assert {len(answer) for answer in line["answers"]} == {3}, "round, person and revision"
    assert "@" not in file.read_text()
    assert {type(value) for _, _, written in line["groups"] for value in written.values()} <= {bool, type(None)}


def test_where_it_cannot_be_written_nothing_is_published(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    MachineState(sqlite).folder.mkdir(exist_ok=True)
    os.mkfifo(MachineState(sqlite).publications)
    with pytest.raises(InputError, match="record of publications cannot be read"):
        ask(tmp_path, sqlite, people, 5)
    with session_scope(sqlite) as session:
        assert publications.kept_answers(session) == []
        assert publications.all_publications(session) == []


def test_a_damaged_record_is_said(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    ask(tmp_path, sqlite, people, 5)
    file = MachineState(sqlite).publications
    file.write_text("{}\n" + file.read_text())
    with pytest.raises(InputError, match="Line 1 of the record of publications"):
        ask(tmp_path, sqlite, people, 12)
