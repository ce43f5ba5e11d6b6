"""People are who they were, whatever ids and addresses they get: nothing hidden comes out under another id.

Seventy-two people: six roles of eleven, five of each with a barrier at awareness, and six people without a role who all
have one. Five roles together hold at most 5 x 5 = 25 with a barrier; if the sixth showed as well, 36 - 6 x 5 = 6 would
name the six without a role. So one role is hidden, and must stay so.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.adkar.published import Hidden, Standing
from changeflow.storage import known_people, publications
from changeflow.storage.database import session_scope
from changeflow.usecases import apply as storing
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.facts import Change
from changeflow.usecases.persons import erase
from changeflow.usecases.publishing import known_as
from tests.builders import PEOPLE, a_folder

ROLES, SIZE, STUCK, WITHOUT = 6, 11, 5, 6
Staff = list[dict[str, str]]


def at(day: int) -> datetime:
    return datetime(2027, 1, day, 9, tzinfo=UTC)


def staff() -> Staff:
    with_role = [
        {"id": f"p{role}-{n}", "groups": f"role-{role}", "awareness": "2" if n < STUCK else "5"}
        for role in range(ROLES)
        for n in range(SIZE)
    ]
    without = [{"id": f"q-{n}", "groups": "", "awareness": "2"} for n in range(WITHOUT)]
    return [{**one, "email": f"{one['id']}@example.org"} for one in (*with_role, *without)]


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


def store(trust: Path, db: str, people: Sequence[dict[str, str]], day: int) -> None:
    head = PEOPLE.splitlines()[0].split(",")
    lines = [",".join({**one, "name": one["id"], "role": "Staff"}.get(h, "") for h in head) for one in people]
    (trust / "people.csv").write_text(PEOPLE.rstrip() + "\n" + "\n".join(lines) + "\n")
    storing.apply(trust, db=db, actor="chief", now=at(day))


def ask(folder: Path, db: str, people: Sequence[dict[str, str]], day: int) -> dict[str, Standing]:
    """Import everybody's answers; return what is published of each role."""
    on = date(2027, 1, day)
    file = folder / f"answers-{day}-{len(list(folder.glob('answers-*')))}.csv"
    lines = [f"{one['id']},{on},{one['awareness']},5,5,5,,self" for one in people]
    file.write_text("\n".join(["person,on,awareness,desire,knowledge,ability,reinforcement,evidence", *lines]) + "\n")
    import_assessments(file, Change(db=db, programme=None, actor="chief", now=at(day), on=on))
    with session_scope(db) as session:
        latest = publications.snapshots(session, "small")[-1]
    return {s.group: s for s in latest.standings if s.view == "group"}


def hidden(published: dict[str, Standing]) -> set[str]:
    return {name for name, standing in published.items() if standing.held is None}


def test_a_hidden_role_stays_hidden_when_everybody_gets_another_id(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    other = next(f"role-{n}" for n in range(ROLES) if f"role-{n}" != role)
    for one in people:
        one["id"] = f"new-{one['id']}"
        one["groups"] = "" if one["groups"] == other else one["groups"]
    store(trust, sqlite, people, 11)
    published = ask(tmp_path, sqlite, people, 12)
    assert published[role].hidden is Hidden.BEFORE
    assert hidden(published) == {role}


def test_nor_when_ids_and_addresses_change_one_after_the_other(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    other = next(f"role-{n}" for n in range(ROLES) if f"role-{n}" != role)
    for day, changed in ((6, "id"), (7, "email"), (8, "id")):
        for one in people:
            one[changed] = f"d{day}-{one[changed]}"
        store(trust, sqlite, people, day)
    for one in people:
        one["groups"] = "" if one["groups"] == other else one["groups"]
    store(trust, sqlite, people, 11)
    assert hidden(ask(tmp_path, sqlite, people, 12)) == {role}


def test_nor_when_somebody_of_it_is_erased_and_comes_with_another_id(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    gone = next(one for one in people if one["groups"] == role)
    erase(gone["id"], db=sqlite, programme=None, actor="chief", now=at(6))
    with session_scope(sqlite) as session:
        [address] = [a for _, person, a in known_people.everybody(session) if person == gone["id"]]
    assert len(address) == 32, "a keyed hash"
    assert "@" not in address
    left = [one for one in people if one is not gone]
    store(trust, sqlite, left, 11)
    assert hidden(ask(tmp_path, sqlite, left, 12)) == {role}


def test_a_round_that_is_imported_again_under_new_ids_counts_nobody_twice(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    ask(tmp_path, sqlite, people, 5)
    for one in people:
        one["id"] = f"new-{one['id']}"
    store(trust, sqlite, people, 6)
    ask(tmp_path, sqlite, people, 5)
    ask(tmp_path, sqlite, people, 12)
    with session_scope(sqlite) as session:
        whole = publications.snapshots(session, "small")[-1].of("programme", "all")
    assert whole is not None
    assert whole.answered == len(people)


class TestKnownAs:
    def test_the_same_address_is_the_same_person_in_all_programmes(self):
        keys = known_as([("a", "p", "x"), ("b", "q", "x"), ("b", "r", "y")], together=[{"p"}, {"q", "r"}])
        assert keys["a", "p"] == keys["b", "q"] != keys["b", "r"]

    def test_an_address_that_is_shared_joins_nobody(self):
        keys = known_as([("a", "p", "office"), ("a", "q", "office"), ("b", "r", "office")], together=[{"p", "q"}])
        assert keys == {("a", "p"): "p", ("a", "q"): "q", ("b", "r"): "r"}

    def test_an_address_that_was_shared_once_joins_nobody_later(self):
        keys = known_as([("a", "p", "office"), ("a", "q", "office")], together=[{"q"}, {"p", "q"}])
        assert keys["a", "p"] != keys["a", "q"]

    def test_a_chain_of_ids_and_addresses_is_one_person(self):
        everybody = [("a", "p", "x"), ("a", "q", "x"), ("a", "q", "y"), ("a", "r", "y"), ("b", "s", "y")]
        assert len(set(known_as(everybody, together=[{"r"}, {"p"}, {"s"}]).values())) == 1

    def test_where_a_chain_makes_two_people_one_their_ids_say_who_they_are(self):
        everybody = [("a", "p", "x"), ("a", "q", "x"), ("a", "q", "y"), ("a", "r", "y")]
        keys = known_as(everybody, together=[{"p", "r"}])
        assert keys["a", "p"] == "p"
        assert keys["a", "r"] == "r"
