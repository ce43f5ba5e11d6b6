"""People are who they were, whatever ids and addresses they get: nothing hidden comes out under another id."""

from pathlib import Path

import pytest

from changeflow.adkar.identities import LIKELY, Answered, join_ids, renamed
from changeflow.adkar.published import Hidden
from changeflow.storage import persons, publications
from changeflow.storage.database import session_scope
from tests.asked import erase
from tests.builders import a_folder
from tests.usecases.seventy_two import ROLES, Staff, ask, at, hidden, staff, store

pytestmark = pytest.mark.slow


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


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


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_nor_when_somebody_of_it_is_erased_and_comes_with_another_id(trust: Path, sqlite: str, tmp_path: Path):
    people = staff()
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    gone = next(one for one in people if one["groups"] == role)
    erase(gone["id"], db=sqlite, programme=None, actor="chief", now=at(6))
    with session_scope(sqlite) as session:
        [address] = [a for _, person, a in persons.everybody(session) if person == gone["id"]]
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


def in_january(day: int) -> str:
    return f"2027-01-{day:02}"


def they_left_and_others_joined(people: Staff) -> Staff:
    gone = [{**one, "leaves": in_january(9), "email": ""} for one in people]
    return [*gone, *({**one, "id": f"new-{one['id']}", "joins": in_january(10)} for one in people)]


def everyone_is_there_twice(people: Staff) -> Staff:
    return [*people, *({**one, "id": f"new-{one['id']}"} for one in people)]


def only_the_new_ids(people: Staff) -> Staff:
    return [{**one, "id": f"new-{one['id']}"} for one in people]


def without_addresses(people: Staff) -> None:
    for one in people:
        one["email"] = ""


def two_to_a_mailbox(people: Staff) -> None:
    for n, one in enumerate(people):
        one["email"] = f"box-{n // 2}@example.org"


@pytest.mark.usual(1)
@pytest.mark.parametrize("addresses", [None, without_addresses, two_to_a_mailbox])
@pytest.mark.parametrize("rows", [only_the_new_ids, they_left_and_others_joined, everyone_is_there_twice])
def test_nor_whatever_becomes_of_the_rows_and_addresses_of_the_earlier_ids(
    addresses: object, rows: object, trust: Path, sqlite: str, tmp_path: Path
):
    people = staff()
    if callable(addresses):
        addresses(people)
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    other = next(f"role-{n}" for n in range(ROLES) if f"role-{n}" != role)
    for one in people:
        one["groups"] = "" if one["groups"] == other else one["groups"]
    assert callable(rows)
    now = rows(people)
    store(trust, sqlite, now, 11)
    published = ask(tmp_path, sqlite, [one for one in now if one["id"].startswith("new-")], 12)
    assert hidden(published) == {role}
    assert published[role].hidden is Hidden.BEFORE


class TestRenamed:
    """By hand: who of those who answer now answered before under another id."""

    def test_whoever_answers_like_someone_who_has_gone_may_be_that_person(self):
        gone = {"a": answered(2, "clerks"), "b": answered(2, "heads"), "c": answered(4)}
        new = {"x": answered(2, "heads"), "y": answered(2, "clerks"), "z": answered(5)}
        assert renamed(new, gone, []) == {"x": "b", "y": "a"}

    def test_people_who_are_there_still_are_others_unless_nearly_all_answer_the_same(self):
        there = {f"p{n}": answered(n % 5 + 1) for n in range(20)}
        new = {f"n{n}": answered(n % 5 + 1) for n in range(20)}
        assert set(renamed(new, {}, [there]).values()) == there.keys()
        some = {person: a if n < 17 else answered(3, score=9) for n, (person, a) in enumerate(new.items())}
        assert renamed(some, {}, [there]) == {}

    def test_a_few_who_answer_alike_are_no_round_that_comes_again(self):
        assert renamed({"n": answered(2)}, {}, [{"p": answered(2)}]) == {}


def answered(first: int, group: str = "all", *, score: int = 4) -> Answered:
    return Answered((first, score, score, score, None), frozenset({("group", group)}))


class TestKnownAs:
    def test_what_is_only_likely_gives_way_to_an_address(self):
        everybody = [("a", "p", f"{LIKELY}1"), ("a", "q", f"{LIKELY}1"), ("a", "q", "x"), ("a", "r", "x")]
        keys = join_ids(everybody, together=[{"p", "r"}])
        assert keys["a", "p"] != keys["a", "q"] == keys["a", "r"]

    def test_the_same_address_is_the_same_person_in_all_programmes(self):
        keys = join_ids([("a", "p", "x"), ("b", "q", "x"), ("b", "r", "y")], together=[{"p"}, {"q", "r"}])
        assert keys["a", "p"] == keys["b", "q"] != keys["b", "r"]

    def test_an_address_that_is_shared_joins_nobody(self):
        keys = join_ids([("a", "p", "office"), ("a", "q", "office"), ("b", "r", "office")], together=[{"p", "q"}])
        assert keys == {("a", "p"): "p", ("a", "q"): "q", ("b", "r"): "r"}

    def test_an_address_that_was_shared_once_joins_nobody_later(self):
        keys = join_ids([("a", "p", "office"), ("a", "q", "office")], together=[{"q"}, {"p", "q"}])
        assert keys["a", "p"] != keys["a", "q"]

    def test_a_chain_of_ids_and_addresses_is_one_person(self):
        everybody = [("a", "p", "x"), ("a", "q", "x"), ("a", "q", "y"), ("a", "r", "y"), ("b", "s", "y")]
        assert len(set(join_ids(everybody, together=[{"r"}, {"p"}, {"s"}]).values())) == 1

    def test_a_chain_never_makes_two_people_one(self):
        everybody = [("a", "p", "x"), ("a", "q", "x"), ("a", "q", "y"), ("a", "r", "y")]
        keys = join_ids(everybody, together=[{"p", "r"}])
        assert keys["a", "p"] != keys["a", "r"]
