"""The attacker finds what brute force finds, and catches every door that leaks."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.events import Import, Line, Member
from disclosure.knowledge import Identities, know
from disclosure.search import Search
from tests.disclosure.brute import Brute, all_groups, place

DAY = date(2027, 2, 1)


def a_tiny_sequence(seed: int) -> tuple[list[Import], list[tuple[int, Line]]]:
    """Draw one to three imports of a few people, perhaps of two programmes, and true lines of any size about them."""
    chance = random.Random(seed)
    several = chance.random() < 0.6
    people = [f"p{n}" for n in range(chance.randint(2, 3 if several else 5))]
    thresholds = {"one": 3, "two": chance.choice((3, 3, 2))}
    live = {p: chance.random() < 0.4 for p in people}
    scores = {p: some_scores(chance) for p in people}
    events: list[Import] = []
    changes = 0
    for number in range(chance.randint(2, 3) if several else 1):
        for p in people if number else ():
            if chance.random() < 0.3 and changes < 2:
                scores[p] = some_scores(chance)
                changes += 1
            live[p] |= chance.random() < 0.1
        programme = chance.choice(("one", "one", "two"))
        members = tuple(Member(p, live=live[p]) for p in people if chance.random() < 0.9)
        day = DAY + timedelta(days=number)
        events.append(Import(programme, f"{number}", day, members, dict(scores), thresholds[programme]))
    lines = []
    for number, event in enumerate(events):
        for _ in range(chance.randint(0, 3)):
            counted = {
                m.id: p for m in event.members if (p := place(scores_in(event, m), event.threshold, m.live)) is not None
            }
            group = frozenset(p for p in counted if chance.random() < 0.7)
            held = []
            for k in range(5):
                exact = sum(counted[p] <= k for p in group)
                held.append((max(0, exact - chance.randint(0, 2)), min(len(group), exact + chance.randint(0, 2))))
            lines.append((number, Line(event.programme, "group", f"g{len(lines)}", event.day, group, tuple(held))))
    return events, lines


def scores_in(event: Import, member: Member):
    return event.scores[member.id]


def some_scores(chance: random.Random):
    """Draw scores of which the barrier may be anywhere; one in ten stops early."""
    at = chance.randrange(6)
    scores = [chance.randint(4, 5) if k < at else chance.randint(1, 5) for k in range(5)]
    stop = chance.randint(1, 5) if chance.random() < 0.1 else 5
    return tuple(s if k < stop else None for k, s in enumerate(scores))


class TestAgainstBruteForce:
    @settings(max_examples=120, deadline=None)
    @given(st.integers(0, 10**9))
    def test_the_same_people_and_counts_are_found(self, seed: int):
        events, lines = a_tiny_sequence(seed)
        brute = Brute(events, lines)
        groups = all_groups(sorted({m.id for e in events for m in e.members}))
        identities = Identities()
        for event in events:
            identities.learn(event)
        knowledge, untrue = know(events, [line for _, line in lines], [groups] * len(events), identities)
        search = Search(knowledge)

        assert untrue == []
        assert beside(search) == brute.narrowed() - unpublished(brute, knowledge)
        closed = {(c.group.event, c.group.key, c.places): (c.low, c.high) for c in search.closed()}
        for number, group in enumerate(knowledge.groups):
            for stat in range(10):
                places = (stat,) if stat < 5 else tuple(range(stat - 4))
                low, high = brute.interval(group.event, groups[group.key], places)
                size = group.live if stat == 4 else len(group.counted)
                assert search.interval(number, stat) == (low, high)
                assert closed.get((group.event, group.key, places)) == (
                    (low, high) if high - low < min(5, size) else None
                )


def beside(search: Search) -> set[tuple[str | None, int]]:
    """Return the insiders and unknowns that are found, insiders by every person who would know the same."""
    items = {}
    for number, kind in enumerate(search.knowledge.kinds):
        for unknown, state in zip(kind.unknowns, kind.states, strict=True):
            item = int(search.net.first[number]) + kind.domain.states.index(state)
            mine = items.setdefault(search.knowledge.unknowns[unknown].person, {})
            mine[item] = mine.get(item, 0) + 1
    everyone = {u.person for u in search.knowledge.unknowns}
    found = set()
    for narrowed in search.narrowed():
        insiders = [p for p in everyone if items.get(p, {}) == dict(narrowed.insider)]
        for insider in [*insiders, *([] if narrowed.insider else [None])]:
            found |= {
                (insider, u)
                for u in search.knowledge.kinds[narrowed.kind].unknowns
                if search.knowledge.unknowns[u].person != insider
            }
    return found


def unpublished(brute: Brute, knowledge) -> set[tuple[str | None, int]]:
    """Return those of whom nothing is published: they are in no kind."""
    return {(i, u) for i, u in brute.narrowed() if u not in knowledge.kind_of}


@pytest.mark.parametrize("seed", range(3))
def test_tiny_sequences_hold_something_to_find(seed: int):
    found = sum(bool(Brute(*a_tiny_sequence(1000 * seed + n)).narrowed()) for n in range(20))
    assert 3 <= found <= 20
