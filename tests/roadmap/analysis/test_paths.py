"""Near-critical paths, worked by hand. Days are Monday to Friday, 9 to 17; 4 January 2027 is a Monday."""

from changeflow.roadmap.analysis.slippage import near_critical_paths
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap, TaskProgress
from tests.builders import DAY, a_roadmap, a_task, at


def paths(roadmap: Roadmap, days: int) -> list[tuple[tuple[str, ...], int]]:
    return [
        (p.tasks, p.total_float // DAY) for p in near_critical_paths(roadmap, time_roadmap(roadmap), within=days * DAY)
    ]


def a_plan(**more: object) -> Roadmap:
    """X takes ten days. A (3) then B (4) have three days to spare, C (9) one, D (1) nine; all come before End."""
    return a_roadmap(
        *(a_task(n, d) for n, d in (("X", 10), ("A", 3), ("B", 4), ("C", 9), ("D", 1), ("End", 1))),
        links=("X -> End", "A -> B", "B -> End", "C -> End", "D -> End"),
        **more,
    )


def test_linked_tasks_of_little_float_make_one_path_and_the_tightest_comes_first():
    assert paths(a_plan(), 5) == [(("C",), 1), (("A", "B"), 3)]


def test_the_longest_path_and_what_has_much_float_are_not_among_them():
    assert paths(a_plan(), 10)[-1] == (("D",), 9)
    assert not any({"X", "End"} & set(tasks) for tasks, _ in paths(a_plan(), 10))


def test_what_is_done_is_no_path_any_more():
    done = {"C": TaskProgress(at("2027-01-04T09:00"), at("2027-01-14T17:00"))}
    assert paths(a_plan(progress=done), 5) == [(("A", "B"), 3)]
