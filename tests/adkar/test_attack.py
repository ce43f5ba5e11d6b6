"""No one's score can be found out from everything published, by a solver that knows who answered."""

import random
from collections.abc import Iterable, Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.adkar.published import Snapshot, View
from changeflow.adkar.publishing import Answers, Protection, publish
from tests.adkar.attacker import PLACES, Attack, Line, narrowed
from tests.adkar.test_publishing import SAFE, a_round
from tests.quick import draws

OPEN = Protection(minimum=10, band=1, together=False)
"""Hides only small groups, as many tools do."""


def attack(snapshots: Iterable[Snapshot], views: Mapping[tuple[str, str], View], answers: Answers) -> Attack:
    """Attack one round's answers with every line that counts them, whenever it was published."""
    lines = {
        (s.view, s.group): Line(views[s.view, s.group].members, tuple((b.low, b.high) for b in s.held))
        for snapshot in snapshots
        for s in snapshot.standings
        if s.held is not None and s.round == answers.round
    }
    return Attack(list(lines.values()), frozenset(truth_of(answers)))


def truth_of(answers: Answers) -> dict[str, int]:
    return {p: place for p, place in zip(answers.people, answers.places.tolist(), strict=True) if place >= 0}


def found_out(attack: Attack, views: Iterable[View]) -> Iterator[tuple[str, int]]:
    """Yield the counts that are known to within less than five, or less than the size of a smaller group."""
    for view in views:
        size = len(view.members & attack.answered)
        for place in range(4):
            for places in {(place,), tuple(range(place + 1))}:
                if not attack.can_differ_by(view.members, places, min(5, size)):
                    yield view.group, place


def a_trust(seed: int) -> tuple[list[View], Answers]:
    """Draw a small trust with overlapping waves, roles and hubs, and uneven answers."""
    chance = random.Random(seed)
    people = chance.randrange(20, 45)
    views = []
    for view, parts in (("wave", chance.randrange(1, 4)), ("group", chance.randrange(1, 5)), ("hub", 2)):
        of = [chance.randrange(parts) for _ in range(people)]
        inside = [frozenset(f"p{n}" for n in range(people) if of[n] == part) for part in range(parts)]
        views += [View(view, f"{view}-{part}", members) for part, members in enumerate(inside)]
    # One group lies within others.
    views.append(View("group", "inner", frozenset(f"p{n}" for n in range(people) if chance.random() < 0.5)))
    weights = [chance.random() ** 2 for _ in "adkbn"]
    text = "".join(chance.choices("adkbn", weights, k=people))
    return views, a_round("".join("." if chance.random() < 0.1 else letter for letter in text))


class TestRandomTrusts:
    @pytest.mark.thorough
    @pytest.mark.slow
    @settings(max_examples=draws(12), deadline=None)
    @given(st.integers(0, 10**6))
    def test_no_score_or_count_can_be_found_out(self, seed: int):
        views, answers = a_trust(seed)
        snapshot = publish(answers, views, threshold=3, protection=SAFE).snapshot
        by_key = {(v.view, v.group): v for v in views}
        attacked = attack([snapshot], by_key, answers)
        assert list(narrowed(attacked, truth_of(answers), threshold=3)) == []
        assert list(found_out(attacked, views)) == []

    @pytest.mark.slow
    def test_hiding_only_small_groups_is_not_enough(self):
        """The same trusts, with exact counts and without joint tests: nearly all of them reveal something."""
        revealing = 0
        for seed in range(8):
            views, answers = a_trust(seed)
            snapshot = publish(answers, views, threshold=3, protection=OPEN).snapshot
            attacked = attack([snapshot], {(v.view, v.group): v for v in views}, answers)
            truth = truth_of(answers)
            revealing += any(narrowed(attacked, truth, threshold=3, insiders=False)) or any(found_out(attacked, views))
        assert revealing >= 6


class TestOneJoiner:
    """Thirty people give the same answers in two rounds, and one joins: the classic attack compares the two."""

    @pytest.mark.usual(2)
    @pytest.mark.parametrize("place", PLACES[:4])
    @pytest.mark.parametrize("protection", [SAFE, OPEN])
    def test_the_joiners_barrier_is_revealed_only_without_protection(self, place: int, protection: Protection):
        everybody = "aaaaa" + "d" * 10 + "k" * 8 + "n" * 7
        first = a_round(everybody)
        second = a_round(everybody + "adkb"[place], name="r2", on="2027-03-01")
        view, wider = View("group", "g", frozenset(f"p{n}" for n in range(30))), frozenset(f"p{n}" for n in range(31))
        before = publish(first, [view], threshold=3, protection=protection)
        known = before.considered if protection is SAFE else ()
        after = publish(second, [View("group", "g", wider)], threshold=3, protection=protection, history=known)
        # The attacker assumes that the answers of the thirty have not changed.
        then, now = (p.snapshot.standings[0].held for p in (before, after))
        assert then is not None
        assert now is not None
        grown = [b.low - a.low for a, b in zip(then, now, strict=True)]
        joiner = next((n for n, more in enumerate(grown) if more), None)
        assert joiner == (None if protection is SAFE else place)
