"""The attacker finds everything that brute force finds, and catches every leaky door."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.attacker import Attacker, Finding, run
from disclosure.events import Door, Import, Line, Member
from disclosure.knowledge import Identities, know
from disclosure.search import Search, places_of
from disclosure.sequences import a_trust
from tests.disclosure import doors
from tests.disclosure.brute import Brute, all_groups, place
from tests.quick import draws

pytestmark = pytest.mark.slow

DAY = date(2027, 2, 1)


def a_tiny_sequence(seed: int) -> tuple[list[Import], list[tuple[int, Line]]]:
    """Draw one to three imports of a few people, perhaps in two programmes, and true lines of any size about them."""
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
        members = members or (Member(people[0], live=live[people[0]]),)
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
    """Draw scores with a barrier anywhere; one in ten stops early."""
    at = chance.randrange(6)
    scores = [chance.randint(4, 5) if k < at else chance.randint(1, 5) for k in range(5)]
    stop = chance.randint(1, 5) if chance.random() < 0.1 else 5
    return tuple(s if k < stop else None for k, s in enumerate(scores))


class TestAgainstBruteForce:
    @pytest.mark.thorough
    @settings(max_examples=draws(12))
    @given(st.integers(0, 10**9))
    def test_the_attacker_finds_the_same_people_and_counts(self, seed: int):
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
            if number % 5 == 0:
                exactly = number // 5 % 10
                low, high = brute.interval(group.event, groups[group.key], places_of(exactly))
                assert search.interval(number, exactly) == (low, high)
            for stat in range(10):
                places = places_of(stat)
                low, high = brute.interval(group.event, groups[group.key], places)
                size = group.live if stat == 4 else len(group.counted)
                assert closed.get((group.event, group.key, places)) == (
                    (low, high) if high - low < min(5, size) else None
                )


def beside(search: Search) -> set[tuple[str | None, int]]:
    """Return the pairs of insider and unknown found, with every insider who would know the same."""
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
    """Return the pairs whose unknown no publication counts, and which are therefore in no kind."""
    return {(i, u) for i, u in brute.narrowed() if u not in knowledge.kind_of}


@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_tiny_sequences_have_something_to_find(seed: int):
    found = sum(bool(Brute(*a_tiny_sequence(1000 * seed + n)).narrowed()) for n in range(20))
    assert found >= 10


SCORES = {"a": (2, 4, 4, 4, None), "d": (4, 2, 4, 4, None), "n": (4, 4, 4, 4, None)}
"""Scores of a person with a barrier at awareness or desire, and of one without."""


def an_import(text: str, *, roles: Sequence[str] = (), day: int = 0, programme: str = "change", prefix: str = "p"):
    """Import the answers of p0, p1 and so on, a letter for each; `roles` has their roles in the same order."""
    members = tuple(
        Member(f"{prefix}{n}", f"p{n}@trust.example", "wave-0", (roles[n],) if n < len(roles) and roles[n] else ())
        for n in range(len(text))
    )
    scores = {f"{prefix}{n}": SCORES[letter] for n, letter in enumerate(text)}
    return Import(programme, f"{programme}-{day}.csv", DAY + timedelta(days=day), members, scores)


def broken(door: Door, *events: Import) -> dict[str, Finding]:
    """Return the first finding for each guarantee."""
    found, _ = run(door, events)
    return {finding.guarantee: finding for finding in reversed(found)}


class TestLeakyDoors:
    def test_six_roles_reveal_six_people_without_one(self):
        """36 to 41 of 72, minus six times 0 to 5 of 11: the six people without a role have a barrier at awareness."""
        roles = [f"role-{n // 11}" for n in range(66)] + [""] * 6
        first = an_import(("aaaaa" + "n" * 6) * 6 + "a" * 6, roles=roles)
        door = doors.forgetful()
        attacker = Attacker()
        assert attacker.see(first, door.play(first), door.named_groups(first)) == []
        assert attacker.attack() == []

        again = replace(first, file="the same answers.csv")
        by_lines = attacker.see(again, door.play(again), door.named_groups(again))
        by_reasoning = attacker.attack(at_most=1)

        assert {line.held[0] for line in attacker.lines} == {(36, 41), (0, 5)}
        assert {f.guarantee for f in by_lines} == {"G6"}
        six = frozenset(f"p{n}" for n in range(66, 72))
        assert [f.people for f in by_reasoning if f.guarantee == "G1"] == [six]

    def test_exact_counts_are_caught(self):
        assert {"G3"} <= broken(doors.exact_counts(), an_import("aaaaa" + "n" * 20)).keys()

    def test_a_zero_in_exact_counts_reveals_that_no_one_is_at_awareness(self):
        assert {"G2", "G3"} <= broken(doors.exact_counts(), an_import("d" * 8 + "n" * 8)).keys()

    def test_bands_without_a_joint_test_are_caught(self):
        """All but one person are in a role: 5 of 11 and 6 of 12 are in different bands, which reveals the twelfth."""
        found = broken(doors.bands_alone(), an_import("aaaaa" + "n" * 6 + "a", roles=["role"] * 11))
        assert found["G1"].people == {"p11"}
        assert "G3" in found

    @pytest.mark.parametrize("programme", ["change", "stored again"])
    def test_a_new_publication_after_one_person_joined_is_caught(self, programme: str):
        """5 of 11, and 6 of 12 when one has joined: the joiner has a barrier at awareness."""
        first, second = an_import("aaaaa" + "n" * 6), an_import("aaaaa" + "n" * 6 + "a", day=28, programme=programme)
        assert "p11" in broken(doors.whole_each_round(), first, second)["G1"].people

    def test_people_with_new_ids_and_the_same_addresses_are_the_same_people(self):
        first = an_import("aaaaa" + "n" * 6)
        second = an_import("aaaaa" + "n" * 6 + "a", programme="other", prefix="q")
        assert "q11" in broken(doors.whole_each_round(), first, second)["G1"].people

    def test_changed_answers_are_not_treated_as_the_same(self):
        """Everyone changes their answers in the second round, so the two rounds say nothing about each other."""
        first = an_import("aaaaa" + "n" * 15)
        second = an_import("aaaaa" + "n" * 16, day=28)
        scores = {p: tuple(s and s - 1 if s == 2 else s and s + 1 for s in given) for p, given in second.scores.items()}
        found = broken(doors.whole_each_round(), first, replace(second, scores=scores))
        assert found.keys() == set()

    def test_a_hidden_role_shown_under_a_new_name_is_caught(self):
        first = an_import("aaaaa" + "n" * 30, roles=["secret"] * 14)
        second = an_import("aaaaa" + "n" * 30, roles=["renamed"] * 14, day=28)
        assert "G6" in broken(doors.forgetful_of_names("secret"), first, second)

    def test_a_hidden_role_shown_under_another_programme_id_is_caught(self):
        first = an_import("aaaaa" + "n" * 30, roles=["secret"] * 14)
        door = doors.forgetful()
        found = broken(door, first, replace(first, programme="stored again"))
        assert "stored again role/secret" in found["G6"].text

    def test_a_hidden_role_shown_under_a_swapped_name_is_caught(self):
        first = an_import("aaaaa" + "n" * 30, roles=["secret"] * 14 + ["open"] * 12)
        second = an_import("aaaaa" + "n" * 30, roles=["open"] * 14 + ["secret"] * 12, day=28)
        assert "role/open" in broken(doors.forgetful_of_names("secret"), first, second)["G6"].text

    def test_a_hidden_group_may_be_shown_when_ten_have_joined(self):
        first = an_import("aaaaa" + "n" * 30, roles=["secret"] * 14)
        door = doors.ToyDoor(lambda number, key: key == ("role", "secret") and number == 1)
        few = an_import("aaaaa" + "n" * 30, roles=["secret"] * 23, day=28)
        assert "G6" in broken(door, first, few)
        door = doors.ToyDoor(lambda number, key: key == ("role", "secret") and number == 1)
        enough = an_import("aaaaa" + "n" * 30, roles=["secret"] * 24, day=28)
        assert "G6" not in broken(door, first, enough)

    def test_a_correction_that_shows_immediately_is_caught(self):
        first = an_import("aaaaa" + "n" * 30)
        corrected = an_import("aaaaaaa" + "n" * 28)
        assert "G6" in broken(doors.whole_each_round(), first, corrected)

    def test_a_person_in_four_groups_is_caught(self):
        people = tuple(Member(f"p{n}", None, "wave-0", ("r", *["s"][: n < 20], *["t"][: n < 30])) for n in range(60))
        scores = {m.id: SCORES["adn"[n % 3]] for n, m in enumerate(people)}
        found = broken(doors.bands_alone(), Import("change", "f", DAY, people, scores))
        # All sixty are the programme, the wave and the role r: one group.
        assert "G5" not in found
        people = tuple(replace(m, wave=f"wave-{n % 2}", roles=m.roles[n % 3 == 2 :]) for n, m in enumerate(people))
        assert "G5" in broken(doors.bands_alone(), Import("change", "f", DAY, people, scores))

    def test_a_count_of_the_few_people_with_reinforcement_is_caught(self):
        """0 to 5 of 20 by ability, 12 to 20 by reinforcement, which counts for eight: at least seven are there."""
        people = tuple(Member(f"p{n}", live=n < 8) for n in range(20))
        scores = {m.id: (4, 4, 4, 4, 2) if m.live else SCORES["a" if n < 13 else "n"] for n, m in enumerate(people)}
        found = broken(doors.whole_once(), Import("change", "f", DAY, people, scores))
        assert "7 to 8 of 20 people have a barrier at reinforcement" in found["G3"].text

    def test_a_group_under_ten_is_caught(self):
        class Nine(doors.ToyDoor):
            def play(self, event: Import) -> tuple[Line, ...]:
                return (Line("change", "all", "all", event.day, frozenset(event.scores), ((0, 9),) * 5),)

        assert broken(Nine(lambda *_: False), an_import("n" * 9)).keys() == {"G4"}

    def test_an_untrue_line_is_caught(self):
        class Wrong(doors.ToyDoor):
            def play(self, event: Import) -> tuple[Line, ...]:
                return (Line("change", "all", "all", event.day, frozenset(event.scores), ((6, 12),) * 5),)

        assert "G0" in broken(Wrong(lambda *_: False), an_import("n" * 12))

    def test_a_leak_that_needs_an_insider_is_caught(self):
        """Exactly one of twelve has a barrier at awareness. That person knows that no one else has."""

        class One(doors.ToyDoor):
            def play(self, event: Import) -> tuple[Line, ...]:
                held = ((0, 1), (0, 12), (0, 12), (0, 12), (0, 12))
                return (Line("change", "all", "all", event.day, frozenset(event.scores), held),)

        found = broken(One(lambda *_: False), an_import("a" + "n" * 11))
        assert "with an insider's help" in found["G2"].text


class TestSafeDoor:
    @pytest.mark.parametrize("seed", range(30))
    def test_a_safe_door_has_no_findings(self, seed: int):
        found, _ = run(doors.whole_once(), a_trust(seed).events)
        assert found == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("door", "trusts"), [(doors.exact_counts, 20), (doors.bands_alone, 10), (doors.whole_each_round, 7)]
)
def test_leaks_are_found_in_random_trusts(door: Callable[[], Door], trusts: int):
    caught = sum(bool(run(door(), a_trust(seed).events)[0]) for seed in range(20))
    assert caught >= trusts
