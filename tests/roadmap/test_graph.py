"""What a path promises, and loops."""

import pytest

from changeflow.roadmap.graph import Promises, build_graph, find_loop, loop_if_linked
from tests.builders import a_link


def promised(first: str, then: str, *links: str) -> bool:
    return then in Promises(a_link(text) for text in links).after(first)


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
def test_only_paths_without_overlap_promise_an_order(links: list[str], holds: bool):
    assert promised("a", "b", *links) is holds


def test_a_loop_is_found_from_its_smallest_id_on():
    links = [a_link("c -> a"), a_link("a -> b"), a_link("b -> c"), a_link("x -> a")]
    assert find_loop(build_graph("abcx", links)) == ("a", "b", "c")


def test_a_link_that_would_close_a_loop_names_it():
    graph = build_graph("abc", [a_link("a -> b"), a_link("b -> c")])
    assert loop_if_linked(graph, "c", "a") == ("a", "b", "c")
    assert loop_if_linked(graph, "a", "c") is None


def test_a_link_that_is_added_later_counts_and_what_it_cannot_touch_stays():
    promises = Promises([a_link("a -> b"), a_link("c -> d")])
    assert (promises.after("a"), promises.after("c")) == ({"b"}, {"d"})
    promises.add(a_link("b -> c"))
    assert (promises.after("a"), promises.after("c")) == ({"b", "c", "d"}, {"d"})
