"""Nobody's score can be found out from all that is published, by a solver that knows who answered and what is told."""

import random
from collections.abc import Iterable, Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.adkar.published import Snapshot, View
from changeflow.adkar.publishing import Answers, Protection, publish
from tests.adkar.attacker import PLACES, Attack, Told, narrowed
from tests.adkar.test_publishing import SAFE, a_round

OPEN = Protection(minimum=10, band=1, together=False)
"""Only small groups are hidden, as many tools do it."""


def attack(snapshots: Iterable[Snapshot], views: Mapping[tuple[str, str], View], answers: Answers) -> Attack:
    """Attack one round's answers with every line that counts them, whenever it was published."""
    told = {
        (s.view, s.group): Told(views[s.view, s.group].members, tuple((b.low, b.high) for b in s.held))
        for snapshot in snapshots
        for s in snapshot.standings
        if s.held is not None and s.round == answers.round
    }
    return Attack(list(told.values()), frozenset(truth_of(answers)))


def truth_of(answers: Answers) -> dict[str, int]:
    return {p: place for p, place in zip(answers.people, answers.places.tolist(), strict=True) if place >= 0}


def found_out(attack: Attack, views: Iterable[View]) -> Iterator[tuple[str, int]]:
    """Yield the hidden numbers that are known to within less than five, or than the group is large."""
    for view in views:
        size = len(view.members & attack.answered)
        for place in range(4):
            for places in {(place,), tuple(range(place + 1))}:
                if not attack.can_differ_by(view.members, places, min(5, size)):
                    yield view.group, place


def a_trust(seed: int) -> tuple[list[View], Answers]:
    """Draw a small trust: waves, roles and hubs that cut across each other, and answers with a leaning."""
    chance = random.Random(seed)
    people = chance.randrange(20, 45)
    views = []
    for view, parts in (("wave", chance.randrange(1, 4)), ("group", chance.randrange(1, 5)), ("hub", 2)):
        of = [chance.randrange(parts) for _ in range(people)]
        inside = [frozenset(f"p{n}" for n in range(people) if of[n] == part) for part in range(parts)]
        views += [View(view, f"{view}-{part}", members) for part, members in enumerate(inside)]
    # Some roles are asked apart as well: a group within a group.
    views.append(View("group", "inner", frozenset(f"p{n}" for n in range(people) if chance.random() < 0.5)))
    weights = [chance.random() ** 2 for _ in "adkbn"]
    text = "".join(chance.choices("adkbn", weights, k=people))
    return views, a_round("".join("." if chance.random() < 0.1 else letter for letter in text))


class TestRandomTrusts:
    @pytest.mark.slow
    @settings(max_examples=12, deadline=None)
    @given(st.integers(0, 10**6))
    def test_nothing_can_be_found_out(self, seed: int):
        views, answers = a_trust(seed)
        snapshot = publish(answers, views, threshold=3, protection=SAFE).snapshot
        by_key = {(v.view, v.group): v for v in views}
        attacked = attack([snapshot], by_key, answers)
        assert list(narrowed(attacked, truth_of(answers), threshold=3)) == []
        assert list(found_out(attacked, views)) == []

    def test_small_groups_hidden_alone_are_not_enough(self):
        """The same trusts, with exact counts and no group tested against the others: nearly all give somebody away."""
        given_away = 0
        for seed in range(8):
            views, answers = a_trust(seed)
            snapshot = publish(answers, views, threshold=3, protection=OPEN).snapshot
            attacked = attack([snapshot], {(v.view, v.group): v for v in views}, answers)
            truth = truth_of(answers)
            given_away += any(narrowed(attacked, truth, threshold=3, insiders=False)) or any(found_out(attacked, views))
        assert given_away >= 6


class TestOneJoiner:
    """Thirty people answer alike in two rounds, and one joins: the classical attack compares the two."""

    @pytest.mark.parametrize("place", PLACES[:4])
    @pytest.mark.parametrize("protection", [SAFE, OPEN])
    def test_the_joiners_place_shows_only_without_protection(self, place: int, protection: Protection):
        everybody = "aaaaa" + "d" * 10 + "k" * 8 + "n" * 7
        first = a_round(everybody)
        second = a_round(everybody + "adkb"[place], name="r2", on="2027-03-01")
        view, wider = View("group", "g", frozenset(f"p{n}" for n in range(30))), frozenset(f"p{n}" for n in range(31))
        before = publish(first, [view], threshold=3, protection=protection)
        known = before.considered if protection is SAFE else ()
        after = publish(second, [View("group", "g", wider)], threshold=3, protection=protection, history=known)
        # Whoever compares assumes that the thirty stayed where they were.
        then, now = (p.snapshot.standings[0].held for p in (before, after))
        assert then is not None
        assert now is not None
        grown = [b.low - a.low for a, b in zip(then, now, strict=True)]
        joiner = next((n for n, more in enumerate(grown) if more), None)
        assert joiner == (None if protection is SAFE else place)
