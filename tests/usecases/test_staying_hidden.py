"""What was hidden stays hidden: through silence, a smaller minimum group, another threshold, and answers removed."""

import threading
from pathlib import Path
from typing import Any

import pytest

from changeflow.adkar import counted
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Hidden, Snapshot, Standing
from changeflow.storage import audit, publications
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.erasure import remove_scores
from changeflow.usecases import publishing
from changeflow.usecases.publishing import Cut, cut_for
from tests.builders import PROGRAMME, a_folder
from tests.conftest import new_database
from tests.usecases.seventy_two import ROLES, Staff, ask, at, hidden, latest, staff, store
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


def roles_of(size: int, stuck: int, number: int = 3) -> Staff:
    """Make roles of so many people, and six people without a role who all have a barrier at awareness."""
    rows = [(f"p{role}-{n}", f"role-{role}", n < stuck) for role in range(number) for n in range(size)]
    rows += [(f"q-{n}", "", True) for n in range(6)]
    return [
        {"id": name, "groups": role, "awareness": "2" if is_stuck else "5", "email": f"{name}@example.org"}
        for name, role, is_stuck in rows
    ]


def without_barrier(people: Staff, role: str) -> list[str]:
    return [one["id"] for one in people if one["groups"] == role and one["awareness"] == "5"]


def test_a_role_whose_people_are_silent_for_a_round_has_lost_no_one(sqlite: str, tmp_path: Path):
    trust, people = a_folder(tmp_path / "trust"), roles_of(24, 11)
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    silent = set(without_barrier(people, role)[:10])
    published = ask(tmp_path, sqlite, [one for one in people if one["id"] not in silent], 12)
    assert published[role].hidden is Hidden.BEFORE


@pytest.mark.thorough
def test_nor_has_anyone_joined_a_role_whose_people_answer_at_last(sqlite: str, tmp_path: Path):
    trust, people = a_folder(tmp_path / "trust"), roles_of(35, 11)
    store(trust, sqlite, people, 4)
    late = {name for n in range(3) for name in without_barrier(people, f"role-{n}")[:11]}
    [role] = hidden(ask(tmp_path, sqlite, [one for one in people if one["id"] not in late], 5))
    assert ask(tmp_path, sqlite, people, 12)[role].hidden is Hidden.BEFORE


def test_a_role_that_was_hidden_for_want_of_answers_shows_once_enough_have_answered(sqlite: str, tmp_path: Path):
    trust, people = a_folder(tmp_path / "trust"), roles_of(30, 12, number=1)
    store(trust, sqlite, people, 4)
    first = ask(tmp_path, sqlite, people[:9], 5)["role-0"]
    then = ask(tmp_path, sqlite, people[:30], 12)["role-0"]
    assert first.hidden is Hidden.FEW
    assert then.answered == 30


def with_policy(**values: int) -> str:
    return PROGRAMME + "policy: {" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}\n"


@pytest.mark.thorough
def test_a_smaller_minimum_group_lets_nothing_out_that_was_hidden(sqlite: str, tmp_path: Path):
    trust, people = a_folder(tmp_path / "trust"), roles_of(24, 11)
    store(trust, sqlite, people, 4)
    [role] = hidden(ask(tmp_path, sqlite, people, 5))
    (trust / "programme.yaml").write_text(with_policy(minimum_group=5))
    for number, day in ((6, 8), (9, 15)):
        leaving = without_barrier(people, role)[:number]
        moved = [{**one, "groups": "" if one["id"] in leaving else one["groups"]} for one in people]
        store(trust, sqlite, moved, day)
        assert ask(tmp_path, sqlite, moved, day + 1)[role].hidden is Hidden.BEFORE


@pytest.mark.thorough
def test_a_programme_keeps_its_threshold_also_for_people_whom_it_never_counted(sqlite: str, tmp_path: Path):
    """Two cuts through one person's answers would show a score: those of round 1 at 3, and in round 3 at 2."""
    trust, people = a_folder(tmp_path / "trust", programme=with_policy(barrier_threshold=3)), staff()
    others = [{"id": f"o-{n}", "groups": "", "awareness": "5", "email": f"o-{n}@example.org"} for n in range(12)]
    store(trust, sqlite, [*people, *others], 4)
    ask(tmp_path, sqlite, people, 5)
    (trust / "programme.yaml").write_text(with_policy(barrier_threshold=2))
    store(trust, sqlite, [*people, *others], 6)
    ask(tmp_path, sqlite, others, 12)
    ask(tmp_path, sqlite, [*people, *others], 19)
    with session_scope(sqlite) as session:
        assert [s.threshold for s in publications.snapshots(session, "small")] == [3, 3, 3]


class TestCuts:
    """By hand: at which threshold answers are cut, and whose are left out."""

    def test_a_new_programme_takes_the_threshold_of_most_of_its_people(self):
        cuts = [Cut("a", 3, frozenset("pqr")), Cut("b", 2, frozenset("xy"))]
        assert cut_for("pqxz", cuts, programme="c") == (3, frozenset("x"))

    def test_its_own_threshold_comes_first(self):
        cuts = [Cut("a", 3, frozenset("pqr")), Cut("b", 2, frozenset("x"))]
        assert cut_for("pqx", cuts, programme="b") == (2, frozenset("pq"))

    def test_where_no_one_was_counted_it_is_the_programme_s(self):
        assert cut_for("pq", [], programme="a") == (None, frozenset())


class TestAnswersThatRetentionRemoved:
    """Role 5 and the six without a role (11 of them have a barrier), in one group with ten people who have none."""

    def publish_twice(self, db: str, tmp_path: Path) -> tuple[Snapshot, Standing]:
        """Publish the seventy-two, remove their answers, and publish the mixed group in another programme."""
        trust, people = a_folder(tmp_path / "trust"), staff()
        store(trust, db, people, 4)
        ask(tmp_path, db, people, 5)
        with session_scope(db) as session:
            assert remove_scores(session, "small") == len(people)
            audit.append(session, "small", at=at(8), actor="system", action="retention", subject="scores")
        other = a_folder(tmp_path / "other", programme=PROGRAMME.replace("small", "other"))
        inside = {one["id"] for one in people if one["groups"] in ("role-5", "")}
        inside |= {*without_barrier(people, "role-0")[:6], *without_barrier(people, "role-1")[:4]}
        mixed = [{**one, "groups": "mixed" if one["id"] in inside else ""} for one in people]
        store(other, db, mixed, 20)
        return latest(db), ask(tmp_path, db, mixed, 21, programme="other")["mixed"]

    @pytest.mark.thorough
    def test_they_still_count_against_what_another_programme_shows(self, sqlite: str, tmp_path: Path):
        _, mixed = self.publish_twice(sqlite, tmp_path)
        assert mixed.hidden is Hidden.TOGETHER

    @pytest.mark.thorough
    def test_without_them_subtraction_would_show_that_ten_people_have_no_barrier(
        self, sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Of everyone at least 36 have a barrier, and in each of five roles at most 5. So at least 11 of role 5 and the
        six have one, which is all that the mixed group can have: none is left for the ten."""
        monkeypatch.setattr(counted, "filled", lambda considered, now: list(considered))
        first, mixed = self.publish_twice(sqlite, tmp_path)
        shown = {s.group: s.held_by(Element.AWARENESS) for s in first.standings if s.is_shown}
        at_least = shown["all"].low - sum(shown[f"role-{n}"].high for n in range(ROLES - 1))
        assert mixed.held is not None, "published, where it is not protected"
        assert mixed.held_by(Element.AWARENESS).high == at_least == 11


@pytest.mark.thorough
def test_two_programmes_that_publish_at_once_know_of_each_other(
    postgres: str, migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    db, people = new_database(postgres, copy_of=migrated_database), staff()
    for name in ("one", "two"):
        folder = a_folder(tmp_path / name, programme=PROGRAMME.replace("small", name))
        store(folder, db, [{**one, "groups": one["groups"].replace("role", name)} for one in people], 4)
    arrived, read = threading.Event(), publishing._history
    other = threading.Thread(target=ask, args=(tmp_path / "two", db, people, 5), kwargs={"programme": "two"})

    def reading(*arguments: Any) -> Any:
        found = read(*arguments)
        if threading.current_thread() is other:
            arrived.set()
        else:
            other.start()
            wait_until(lambda: arrived.is_set() or is_kept_out(db), what="the other programme reads, or waits")
        return found

    monkeypatch.setattr(publishing, "_history", reading)
    ask(tmp_path / "one", db, people, 5, programme="one")
    other.join(PATIENCE)
    shown = [s.group for n in ("one", "two") for s in latest(db, n).standings if s.view == "group" and s.held]
    assert len({name[-1] for name in shown}) == ROLES - 1
    engine_for(db).dispose()


def is_kept_out(db: str) -> bool:
    """Tell whether someone waits for the lock on the whole database."""
    with engine_for(db).connect() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(connection.exec_driver_sql(waiting).scalar())
