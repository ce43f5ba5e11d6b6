"""Barriers against the verified cases of the field's notes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.adkar.actions import CATALOGUE, actions_for
from changeflow.adkar.assessment import Assessment, Element, barrier_point, latest_of_each
from changeflow.adkar.groups import BARRIERS, GroupBarriers, barriers, by_group, by_part, suppressed
from changeflow.adkar.people import Person


def scores(*values: int | None) -> dict[Element, int]:
    return {e: v for e, v in zip(Element, values, strict=False) if v is not None}


def an_assessment(person: str, *values: int | None, on: str = "2027-02-08") -> Assessment:
    return Assessment(person=person, round=on, on=date.fromisoformat(on), scores=scores(*values))


def test_ten_people_have_barriers_where_their_means_have_none():
    """4x(5,5,5,5,1), 2x(1,5,5,5,5), 2x(5,1,5,5,5), 2x(5,5,1,5,5): means 4.2/4.2/4.2/5/3.4; people R4 A2 D2 K2."""
    rows = [(5, 5, 5, 5, 1)] * 4 + [(1, 5, 5, 5, 5)] * 2 + [(5, 1, 5, 5, 5)] * 2 + [(5, 5, 1, 5, 5)] * 2
    means = [sum(row[n] for row in rows) / 10 for n in range(5)]
    assert means == [4.2, 4.2, 4.2, 5.0, 3.4]
    assert all(mean > 3 for mean in means), "the mean profile shows no barrier at all"

    people = [Person(id=f"p{n}", role="r", groups=("all",)) for n in range(10)]
    answers = [an_assessment(f"p{n}", *row) for n, row in enumerate(rows)]
    found = barriers(answers, threshold=3, live={p.id: True for p in people})
    [group] = by_group(people, found, minimum=10)
    assert group.counts == {
        "awareness": 2, "desire": 2, "knowledge": 2, "ability": 0, "reinforcement": 4, "none": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "threshold", "barrier"),
    [
        ((4, 3, 1, 2, 2), 3, "desire"),
        ((4, 4, 3, 5, 5), 3, "knowledge"),
        ((4, 4, 3, 5, 5), 2, None),
        ((3, 1, 5, 5, 5), 3, "awareness"),
        ((5, 5, 5, 5, 5), 3, None),
    ],
)
def test_the_barrier_is_the_first_element_at_or_below_the_threshold(
    values: tuple[int, ...], threshold: int, barrier: str | None
):
    assert barrier_point(scores(*values), threshold=threshold, live=True) == barrier


def test_reinforcement_does_not_apply_before_go_live():
    assert barrier_point(scores(5, 5, 5, 5, 1), live=False) is None
    assert barrier_point(scores(5, 5, 5, 5, 1), live=True) is Element.REINFORCEMENT


def test_what_was_not_assessed_is_neither_one_nor_fine():
    assert barrier_point(scores(5, None, 1), live=True) is None


def test_the_newest_assessment_counts():
    latest = latest_of_each([an_assessment("a", 1, on="2027-02-08"), an_assessment("a", 4, on="2027-04-26")])
    assert latest["a"].scores[Element.AWARENESS] == 4


def some_people(**groups: int) -> list[Person]:
    return [Person(id=f"{g}-{n}", role="r", groups=(g,), hub=g) for g, count in groups.items() for n in range(count)]


def test_a_group_below_the_minimum_is_hidden():
    people = some_people(big=12, small=9)
    found = {p.id: "desire" for p in people}
    shown = {g.group: g.answered for g in by_group(people, found, minimum=10)}
    assert shown == {"big": 12, "small": None}


def test_a_group_that_would_give_a_smaller_one_inside_it_away_is_hidden_too():
    people = [Person(id=f"p{n}", role="r", groups=("all", "few") if n < 7 else ("all",)) for n in range(14)]
    found = {p.id: "desire" for p in people}
    assert [g.is_shown for g in by_group(people, found, minimum=10)] == [False, False]


def test_of_a_total_of_forty_a_second_part_is_hidden():
    """Oracle: 40 = 18 + 12 + 7 + ?: the hidden 3 would follow by subtraction."""
    hidden = suppressed({"a": 18, "b": 12, "c": 7, "d": 3}, minimum=10)
    assert hidden == {"c", "d"}
    assert len(suppressed({"a": 18, "b": 12, "c": 10, "d": 3}, minimum=10)) >= 2


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 40)))
def test_no_hidden_part_can_be_found_by_subtraction(sizes: dict[str, int]):
    hidden = suppressed(sizes, minimum=10)
    assert {part for part, size in sizes.items() if 0 < size < 10} <= hidden
    everything = {part for part, size in sizes.items() if size}
    if hidden and hidden != everything:
        assert len(hidden) >= 2
        assert sum(sizes[part] for part in hidden) >= 10


def test_small_hubs_are_rolled_up_so_that_their_voice_counts():
    people = some_people(north=12, river=6, west=5)
    found = {p.id: "ability" for p in people}
    shown = [(g.group, g.answered) for g in by_part(people, found, minimum=10, part="hub")]
    assert shown == [("north", 12), ("others", 11)]


def test_actions_follow_the_commonest_barrier_and_never_train_before_desire():
    group = GroupBarriers("g", {b: 6 if b == "desire" else 2 for b in BARRIERS}, 16)
    actions = actions_for(group)
    assert {a.barrier for a in actions} == {"desire"}
    assert "trainer" not in {a.by for a in actions}
    assert actions_for(GroupBarriers("hidden", None, None)) == ()
    assert {element for element, _ in CATALOGUE} == set(Element)
