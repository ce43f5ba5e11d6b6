"""Files of answers are imported into a database: what a round is, and what another file, name or programme gains."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from changeflow.adkar.published import Hidden
from changeflow.errors import InputError, ProblemsError, UnusedWarning
from disclosure.attacker import Attacker
from disclosure.door import make_door
from disclosure.events import Import, Line
from disclosure.sequences import a_trust
from tests.disclosure.stored_door import StoredDoor
from tests.disclosure.test_attacker import SCORES, an_import

pytestmark = pytest.mark.slow

ROLES = 6


@pytest.fixture
def door(tmp_path: Path, sqlite: str) -> StoredDoor:
    return StoredDoor(tmp_path, sqlite)


def six_roles(size: int, names: Sequence[str] = (), *, day: int = 0, **more: str) -> Import:
    """Six roles of which five people each have a barrier at awareness, and six people without a role who have one too.

    `names` replaces the name of each person's role, in their order.
    """
    roles = [f"role-{n // size}" for n in range(ROLES * size)]
    answers = ("aaaaa" + "n" * (size - 5)) * ROLES + "a" * 6
    return an_import(answers, roles=names or roles, day=day, **more)


def answers_in(db: str) -> list[str]:
    """All that the database holds of answers, and of what was published of them."""
    tables = ("assessment", "publication", "published_group")
    with closing(sqlite3.connect(db.removeprefix("sqlite:///"))) as connection:
        return [line for line in connection.iterdump() if line.startswith(tuple(f'INSERT INTO "{t}"' for t in tables))]


def attacked(door: StoredDoor, *events: Import) -> list[str]:
    """Play a sequence into the database; return what an attacker finds in all that was seen."""
    attacker = Attacker()
    found = []
    for event in events:
        found += attacker.see(event, door.play(event), door.named_groups(event))
    return [finding.text for finding in [*found, *attacker.attack()]]


def said(lines: Sequence[Line]) -> set[tuple[frozenset[str], tuple[tuple[int, int], ...]]]:
    """Return of whom something is shown, and what, whatever the group is called and on whichever day."""
    return {(line.people, line.held) for line in lines}


class TestWorkedCase:
    """36 to 41 of 72 have a barrier at awareness, and 0 to 5 of 11 in each of six roles.

    Together these lines would prove that at least 36 - 6 * 5 = 6 of the six people without a role have one: all six.
    With five of the roles, 36 - 5 * 5 = 11 to 17 of the other 17 people have one, and anyone of them may be without.
    """

    def test_one_of_the_six_roles_is_hidden(self, door: StoredDoor):
        first = six_roles(11)
        assert attacked(door, first) == []
        everybody = door.standing("change", "programme", "all")
        roles = [door.standing("change", "group", f"role-{n}") for n in range(ROLES)]
        assert (everybody.answered, everybody.held and everybody.held[0].text) == (72, "36 to 41")
        assert [r.held and r.held[0].text for r in roles] == ["0 to 5"] * 5 + [None]
        assert roles[-1].hidden is Hidden.TOGETHER

    def test_the_same_answers_under_another_file_name_change_nothing(self, door: StoredDoor):
        first = six_roles(11)
        before = door.play(first)
        stored = answers_in(door.db)

        same = replace(first, file="the same answers.csv")
        done = door.import_file(same, door.write_answers(same))

        assert (done.round, done.answers) == ("2027-02-01", 72)
        assert answers_in(door.db) == stored
        assert door.lines("change") == before

    def test_the_same_answers_on_a_later_day_show_no_more(self, door: StoredDoor):
        first = six_roles(11)
        before = door.play(first)
        later = door.play(six_roles(11, day=28))
        assert said(later) == said(before)
        assert door.standing("change", "group", "role-5").hidden is Hidden.BEFORE


class TestRounds:
    def test_a_corrected_file_waits_for_the_next_publication(self, door: StoredDoor):
        """Twelve of forty had a barrier after all. The first publication stays; the second counts the twelve, and the
        twenty who answered again: 12 to 17 of these 32 have a barrier."""
        first = an_import("n" * 40)
        before = door.play(first)
        corrected = an_import("a" * 12 + "n" * 28)
        after = door.play(replace(corrected, file="corrected.csv"))
        assert (door.imported[-1].answers, door.imported[-1].is_late) == (40, True)
        assert [s.round for s in door.snapshots("change")] == ["2027-02-01"]
        assert after == before

        again = {p: s for n, (p, s) in enumerate(corrected.scores.items()) if n >= 20}
        door.play(replace(an_import("n" * 40, day=28), scores=again))

        assert [s.round for s in door.snapshots("change")] == ["2027-02-01", "2027-03-01"]
        [now] = {line.people: line for line in door.lines("change")}.values()
        assert now.people == {f"p{n}" for n in (*range(12), *range(20, 40))}
        assert now.held[0] == (12, 17)

    @pytest.mark.parametrize("is_alone", [False, True])
    def test_a_line_without_scores_does_not_take_answers_of_its_day_back(self, door: StoredDoor, is_alone: bool):
        """Nothing of the file is recorded. On a day on which the person has not answered, the line is left out."""
        first = an_import("n" * 40)
        door.play(first)
        stored = answers_in(door.db)
        scores = {} if is_alone else an_import("a" * 12 + "n" * 28).scores
        emptied = replace(first, file="corrected.csv", scores={**scores, "p3": (None,) * 5})
        path = door.write_answers(emptied)
        with pytest.raises(ProblemsError) as caught:
            door.import_file(emptied, path)
        [problem] = caught.value.problems
        assert (problem.line, problem.what) == (
            2 if is_alone else 5,
            "The line has no score, but answers of 'p3' on 1 Feb 2027 are already recorded.",
        )
        assert problem.remedy == "Remove the line to keep them, or write the new scores."
        assert answers_in(door.db) == stored

        others = replace(first, file="others.csv", scores={p: s for p, s in first.scores.items() if p != "p3"})
        path = door.write_answers(others)
        path.write_text(f"{path.read_text()}p3,2027-01-31,,,,,\n")
        with pytest.warns(UnusedWarning, match="has no score and was not recorded"):
            assert door.import_file(others, path).answers == 39
        assert answers_in(door.db) == stored

    def test_a_correction_is_not_counted_where_the_person_has_answered_again(self, door: StoredDoor):
        door.play(an_import("n" * 40))
        door.play(replace(an_import("a" * 12 + "n" * 28), file="corrected.csv"))
        door.play(an_import("d" * 20 + "n" * 20, day=28))
        [now] = {line.people: line for line in door.lines("change")}.values()
        assert now.held[:2] == ((0, 5), (18, 23))

    def test_an_attacker_gains_nothing_from_a_correction(self, door: StoredDoor):
        first, later = six_roles(11), six_roles(11, day=28)
        other = {f"p{n}": SCORES["n"] for n in range(66, 72)}
        corrected = replace(first, file="corrected.csv", scores={**first.scores, **other})
        assert attacked(door, first, corrected, replace(later, scores=corrected.scores)) == []

    def test_a_file_with_days_of_two_rounds_is_refused(self, door: StoredDoor):
        door.play(an_import("n" * 12))
        later = an_import("n" * 12, day=28)
        door.play(later)
        stored = answers_in(door.db)
        both = door.folder / "both.csv"
        both.write_text("person,on,awareness\np0,2027-02-01,2\np1,2027-03-01,2\n")
        expected = (
            "both.csv has answers from 1 Feb 2027 to 1 Mar 2027, which are days of 2 rounds (the first ended on "
            "1 Feb 2027, the last began on 1 Mar 2027). Write one file for each round."
        )
        with pytest.raises(InputError, match=re.escape(expected)):
            door.import_file(later, both)
        assert answers_in(door.db) == stored


SIZE = 17
HIDDEN = frozenset(f"p{n}" for n in range(5 * SIZE, 6 * SIZE))
"""The people of the sixth role."""


def named(*last: str) -> list[str]:
    """Return the roles of all people but the last ones, which are given."""
    return [f"role-{n // SIZE}" for n in range(5 * SIZE)] + list(last)


class TestNamesGainNothing:
    """The sixth of six roles of 17 is hidden. Its people stay hidden until ten of them have left or others joined."""

    @pytest.mark.usual(1)
    @pytest.mark.parametrize(
        ("names", "shown_with"),
        [
            pytest.param(named(*["team"] * SIZE), 0, id="renamed"),
            pytest.param(named(*["a-team"] * SIZE), 0, id="renamed to come first"),
            pytest.param(named(*["upper"] * 12, *["lower"] * 5), 5, id="split"),
            pytest.param(named(*["team"] * (SIZE + 6)), 6, id="joined by the six without a role"),
        ],
    )
    def test_renaming_splitting_or_enlarging_it(self, door: StoredDoor, names: list[str], shown_with: int):
        first, second = six_roles(SIZE), six_roles(SIZE, names, day=28)
        assert attacked(door, first, second) == []
        assert not [line for line in door.lines("change") if len(line.people ^ HIDDEN) <= shown_with]

    def test_what_is_shown_stays_as_it_was(self, door: StoredDoor):
        before = door.play(six_roles(SIZE))
        after = door.play(six_roles(SIZE, named(*["team"] * SIZE), day=28))
        assert said(after) == said(before)
        assert not [line for line in before if line.people == HIDDEN]

    @pytest.mark.thorough
    def test_making_it_again_after_a_round_without_it(self, door: StoredDoor):
        first, second = six_roles(SIZE), six_roles(SIZE, named(), day=28)
        third = six_roles(SIZE, named(*["team"] * SIZE), day=56)
        assert attacked(door, first, second, third) == []
        assert not [line for line in door.lines("change") if line.people == HIDDEN]

    def test_swapping_its_name_with_that_of_a_shown_role(self, door: StoredDoor):
        before = six_roles(SIZE)
        names = [
            {"role-0": "role-5", "role-5": "role-0"}.get(r, r) for m in before.members[: 6 * SIZE] for r in m.roles
        ]
        assert attacked(door, before, six_roles(SIZE, names, day=28)) == []
        assert not [line for line in door.lines("change") if line.people == HIDDEN]


class TestTwoProgrammes:
    def test_stored_under_another_id_it_shows_the_same(self, door: StoredDoor):
        first = six_roles(11)
        again = replace(first, programme="again")
        assert attacked(door, first, again) == []
        assert said(door.lines("again")) <= said(door.lines("change"))
        assert door.standing("again", "group", "role-5").held is None

    @pytest.mark.usual(1)
    @pytest.mark.parametrize("prefix", ["p", "q"], ids=["the same ids", "the same addresses"])
    def test_the_same_people_in_another_programme(self, door: StoredDoor, prefix: str):
        """Another programme of the same people, who answer alike, has the hidden role come first."""
        first = six_roles(11)
        roles = [f"role-{5 - n // 11}" for n in range(66)]
        other = six_roles(11, roles, programme="other", prefix=prefix)
        assert attacked(door, first, other) == []
        assert door.standing("other", "group", "role-0").held is None

    @pytest.mark.thorough
    def test_other_people_in_another_programme_are_shown(self, door: StoredDoor):
        """One programme keeps nothing from another where they have no one in common."""
        first = six_roles(11)
        members = tuple(replace(m, id=f"q{m.id}", email=f"q{m.email}") for m in first.members)
        scores = {f"q{p}": s for p, s in first.scores.items()}
        before = door.play(first)
        other = door.play(replace(first, programme="other", file="other.csv", members=members, scores=scores))
        assert [(o.view, o.group, o.held) for o in other] == [(b.view, b.group, b.held) for b in before]


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2, 5, 36, pytest.param(7, marks=pytest.mark.slow)])
def test_a_database_shows_what_was_attacked(door: StoredDoor, seed: int):
    """`make disclosure` attacks lines that are published without a database: with one they are the same."""
    without = make_door()
    for event in a_trust(seed).events:
        assert door.play(event) == without.play(event)
