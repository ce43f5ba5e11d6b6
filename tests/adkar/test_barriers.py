"""Barrier points of published cases, and of random ones against a reference."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.publishing import UNKNOWN, read_answers
from tests.adkar.reference import barrier_point


def scores(*values: int | None) -> dict[Element, int]:
    return {e: v for e, v in zip(Element, values, strict=False) if v is not None}


def an_assessment(person: str, *values: int | None, on: str = "2027-02-08") -> Assessment:
    return Assessment(person=person, round=on, on=date.fromisoformat(on), scores=scores(*values))


def test_ten_people_have_barriers_although_their_mean_scores_show_none():
    """4x(5,5,5,5,1), 2x(1,5,5,5,5), 2x(5,1,5,5,5), 2x(5,5,1,5,5): means 4.2/4.2/4.2/5/3.4; people R4 A2 D2 K2."""
    rows = [(5, 5, 5, 5, 1)] * 4 + [(1, 5, 5, 5, 5)] * 2 + [(5, 1, 5, 5, 5)] * 2 + [(5, 5, 1, 5, 5)] * 2
    means = [sum(row[n] for row in rows) / 10 for n in range(5)]
    assert means == [4.2, 4.2, 4.2, 5.0, 3.4]
    assert all(mean > 3 for mean in means), "the mean profile shows no barrier at all"

    answers = read_answers(
        [an_assessment(f"p{n}", *row) for n, row in enumerate(rows)], threshold=3, live=[f"p{n}" for n in range(10)]
    )
    # At awareness, desire, knowledge, ability, reinforcement and none.
    assert [int((answers.places == n).sum()) for n in range(6)] == [2, 2, 2, 0, 4, 0]


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


def test_an_element_that_was_not_assessed_ends_the_search():
    assert barrier_point(scores(5, None, 1), live=True) is None


def test_a_person_whose_answers_end_before_a_barrier_is_not_counted():
    answers = read_answers([an_assessment("a", 5, None, 1), an_assessment("b", 5, 2, None)], threshold=3, live=())
    assert answers.places.tolist() == [UNKNOWN, Element.DESIRE.position]


@pytest.mark.slow
@given(
    st.lists(st.tuples(*[st.integers(0, 5)] * 5, st.booleans()), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_many_answers_at_once_give_the_same_barriers_as_one_at_a_time(rows: list[tuple[int, ...]], threshold: int):
    found = [an_assessment(f"p{n}", *(v or None for v in row[:5])) for n, row in enumerate(rows)]
    live = {f"p{n}" for n, row in enumerate(rows) if row[5]}
    answers = read_answers(found, threshold=threshold, live=live)
    for one, place in zip(found, answers.places.tolist(), strict=True):
        barrier = barrier_point(one.scores, threshold=threshold, live=one.person in live)
        asked = list(Element)[: 5 if one.person in live else 4]
        if barrier is not None:
            assert place == barrier.position
        else:
            assert place == (5 if all(e in one.scores for e in asked) else UNKNOWN)
