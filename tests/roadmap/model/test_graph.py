"""Precedence along paths, and loops."""

from collections import deque

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.graph import build_graph, find_loop, loop_if_linked
from changeflow.roadmap.model.precedence import Precedence
from changeflow.roadmap.model.tasks import Link
from tests.builders import a_calendar, a_link, a_roadmap, a_task


def precedes(first: str, then: str, *links: str) -> bool:
    return Precedence(a_link(text) for text in links).holds(first, before=then)


@pytest.mark.parametrize(
    ("links", "holds"),
    [
        (["a -> b"], True),
        (["a -> x", "x -> b"], True),
        (["a -> b FS+5d"], True),
        (["a -> b FS-1d"], False),
        (["a -> b SS"], False),
        (["a -> b FF"], False),
        (["a -> x FF", "x -> b"], True),
        (["a -> x", "x -> b SS"], True),
        (["a -> x SS", "x -> b"], False),
        (["a -> x", "x -> b FS-2d"], False),
        (["b -> a"], False),
    ],
)
def test_only_paths_without_overlap_give_precedence(links: list[str], holds: bool):
    assert precedes("a", "b", *links) is holds


def test_a_loop_is_found_from_its_smallest_id_on():
    links = [a_link("c -> a"), a_link("a -> b"), a_link("b -> c"), a_link("x -> a")]
    assert find_loop(build_graph("abcx", links)) == ("a", "b", "c")


def test_a_link_that_would_close_a_loop_names_it():
    graph = build_graph("abc", [a_link("a -> b"), a_link("b -> c")])
    assert loop_if_linked(graph, "c", "a") == ("a", "b", "c")
    assert loop_if_linked(graph, "a", "c") is None


def followed(links: list[Link], first: str) -> set[str]:
    """Return the tasks that start no earlier than `first` finishes, by walking along the links."""
    finishes, starts, queue = {first}, set[str](), deque([first])
    while queue:
        task = queue.popleft()
        for link in links:
            if link.predecessor != task or link.lag.amount < 0:
                continue
            known = finishes if link.type.to_finish else starts
            if link.successor not in known and (link.type.from_finish or task in starts):
                known.add(link.successor)
                finishes.add(link.successor)
                queue.append(link.successor)
    return starts


LINKS = st.builds(
    lambda ends, kind, lag: a_link(f"{min(ends)} -> {max(ends)} {kind}{lag}"),
    st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=2, unique=True),
    st.sampled_from(["FS", "SS", "FF", "SF"]),
    st.sampled_from(["", "", "+1d", "-1d"]),
)


@pytest.mark.slow
@given(st.lists(LINKS, max_size=14), st.lists(LINKS, max_size=5))
def test_precedence_is_what_a_walk_along_the_links_finds_whenever_they_were_added(first: list[Link], later: list[Link]):
    precedence, links = Precedence(first), first
    for link in (None, *later):
        if link is not None:
            precedence.add(link)
            links = [*links, link]
        found = {a: {b for b in "abcdefgh" if precedence.holds(a, before=b)} for a in "abcdefgh"}
        assert found == {a: followed(links, a) for a in "abcdefgh"}


def measured(*links: str, **days: int) -> bool:
    """Whether `a` has precedence over `b`, where every task takes five days unless said otherwise."""
    tasks = {n: a_task(n, days.get(n, 5)) for n in "abxy"}
    return Precedence([a_link(text) for text in links], tasks=tasks).holds("a", before="b")


@pytest.mark.parametrize(
    ("links", "holds"),
    [
        (["a -> x", "x -> b FS-2d"], True),  # five days of x make up for two
        (["a -> x", "x -> b FS-5d"], True),
        (["a -> x", "x -> b FS-6d"], False),
        (["a -> b SS+5d"], True),  # five days after a's start a is over
        (["a -> b SS+4d"], False),
        (["a -> b FS-1d"], False),
        (["a -> b SS"], False),
        (["a -> x FS+3d", "x -> y FS-7d", "y -> b"], True),  # 3 + 5 - 7 + 5
        (["a -> x FS-6d", "x -> b"], False),  # x starts six days before a ends, and ends one before
        (["a -> x FF", "x -> b FS-1d"], False),
        (["a -> x SS+50%", "x -> b"], True),  # 2.5 days on x begins, and takes five
        (["a -> b FS-1ed"], False),  # an elapsed day has no known working time
    ],
)
def test_enough_lag_or_work_on_the_way_makes_up_for_an_overlap(links: list[str], holds: bool):
    assert measured(*links) is holds


def test_what_has_begun_takes_as_long_as_it_takes():
    from changeflow.roadmap.model.tasks import TaskProgress

    tasks = {n: a_task(n, 5) for n in "abx"}
    links = [a_link("a -> x"), a_link("x -> b FS-2d")]
    assert Precedence(links, tasks=tasks).holds("a", before="b")
    assert not Precedence(links, tasks=tasks, progress={"x": TaskProgress(0)}).holds("a", before="b")


def test_days_of_another_calendar_make_up_for_nothing():
    tasks = {n: a_task(n, 5, calendar="term" if n == "x" else "office") for n in "abx"}
    links = [a_link("a -> x"), a_link("x -> b FS-2d")]
    assert not Precedence(links, tasks=tasks).holds("a", before="b")


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["FS", "SS", "FF"]), st.integers(-3, 4)),
        max_size=9,
    ),
    st.lists(st.integers(0, 4), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_the_schedule_never_breaks_precedence(
    links: list[tuple[int, int, str, int]], days: list[int], in_term: list[bool]
):
    """Precedence holds in the dates that are computed, on two calendars; one has a week off."""
    names = "abcdef"
    tasks = [a_task(n, d, calendar="term" if t else "office") for n, d, t in zip(names, days, in_term, strict=True)]
    texts = [f"{names[i]} -> {names[k]} {kind}{lag:+d}d" for i, k, kind, lag in links if i < k]
    assume(texts)
    term = a_calendar("term", ("2027-01-11", "2027-01-15", "a week off"))
    roadmap = a_roadmap(*tasks, links=tuple(dict.fromkeys(texts)), calendars={"office": a_calendar(), "term": term})
    try:
        schedule = time_roadmap(roadmap)
    except CyclicRoadmapError:
        return
    precedence = Precedence(roadmap.links, tasks=roadmap.tasks)
    for first in names:
        for then in names:
            if first != then and precedence.holds(first, before=then):
                calendar = roadmap.calendar_of(then)
                begins = calendar.next_working(schedule[then].early_start)
                assert begins >= schedule[first].early_finish, (first, then)
