"""Minimal conflicts: worked by hand, and against brute force. Days are Monday to Friday; 4 January 2027 is a Monday."""

import random
from dataclasses import replace
from itertools import combinations

import pytest

from changeflow.roadmap.analysis.conflicts import ConflictItem, Wish, _Trials, find_conflicts, items_of, missed_by
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap
from tests.builders import a_roadmap, a_task, at
from tests.quick import quick_first


def no_earlier(day: str) -> tuple[Constraint, ...]:
    return (Constraint(Bound.START_NO_EARLIER, at(day)),)


def keys(items: tuple[ConflictItem, ...]) -> set[tuple[str, ...]]:
    return {i.key for i in items}


def test_a_set_date_and_a_deadline_that_cannot_both_hold():
    """Build (5 days) may not start before Monday 11, and ends on Friday 15; Live is due on Wednesday 13: two days late.
    The survey has a date of its own and room enough: it has no part in it."""
    roadmap = a_roadmap(
        a_task("Build", 5, constraints=no_earlier("2027-01-11")),
        a_task("Survey", 1, constraints=no_earlier("2027-01-05")),
        a_task("Live", 0, deadline=at("2027-01-13T17:00")),
        links=("Build -> Live", "Survey -> Live"),
    )
    [conflict] = find_conflicts(roadmap)
    assert conflict.days == 2
    assert keys(conflict.items) == {("set date", "Build", "start_no_earlier"), ("deadline", "Live", "")}
    assert [(r.item.task, r.days_left) for r in conflict.relaxations] == [("Build", 0), ("Live", 0)]


def test_a_rules_link_is_part_of_the_conflict_that_it_makes():
    """Change (1 day) is due on Tuesday 5. By rule R02 it waits for System, which takes five days: Monday 11."""
    roadmap = a_roadmap(a_task("System", 5), a_task("Change", 1, deadline=at("2027-01-05T17:00")))
    roadmap = replace(roadmap, links=(Link("System", "Change", origin="rule:R02"),))
    [conflict] = find_conflicts(roadmap)
    assert keys(conflict.items) == {("rule", "Change", "System"), ("deadline", "Change", "")}
    assert conflict.days == 6
    assert conflict.relaxations[0].item.wish is Wish.RULE
    assert conflict.relaxations[0].days_left == 0


def test_work_that_is_simply_too_long_conflicts_with_its_deadline_alone():
    [conflict] = find_conflicts(a_roadmap(a_task("Build", 10, deadline=at("2027-01-08T17:00"))))
    assert keys(conflict.items) == {("deadline", "Build", "")}


def test_where_all_holds_there_is_none():
    assert list(find_conflicts(a_roadmap(a_task("Build", 5, deadline=at("2027-01-08T17:00"))))) == []


def a_random_plan(seed: int) -> Roadmap:
    r = random.Random(seed)
    count = r.randint(3, 6)
    tasks = []
    for n in range(count):
        constraints = ()
        if r.random() < 0.5:
            bound = r.choice([Bound.START_NO_EARLIER, Bound.START_NO_EARLIER, Bound.FINISH_NO_LATER, Bound.MUST_START])
            constraints = (Constraint(bound, at(f"2027-01-{r.randint(5, 19):02d}")),)
        deadline = at(f"2027-01-{r.randint(8, 22):02d}T17:00") if r.random() < 0.4 else None
        tasks.append(a_task(f"t{n}", r.randint(1, 4), constraints=constraints, deadline=deadline))
    links = [
        Link(f"t{a}", f"t{b}", origin=r.choice(["authored", "rule:R02"]))
        for b in range(1, count)
        for a in r.sample(range(b), min(b, r.choice([0, 1, 2])))
    ]
    return replace(a_roadmap(*tasks), links=tuple(links))


@pytest.mark.usual(28)
@pytest.mark.parametrize("seed", quick_first(20, range(120)))
def test_each_conflict_is_one_that_brute_force_calls_minimal(seed: int):
    """Every subset of what may be given up is tried: a conflict is minimal when it misses the limit and none of its
    proper subsets does."""
    roadmap = a_random_plan(seed)
    everything = items_of(roadmap)
    for conflict in find_conflicts(roadmap):
        others = [i for i in everything if i != conflict.limit]
        held = set(conflict.items) - {conflict.limit}
        minimal: list[set[ConflictItem]] = []
        for size in range(len(others) + 1):
            for subset in combinations(others, size):
                chosen = set(subset)
                if any(known <= chosen for known in minimal):
                    continue
                if missed_by(_Trials(roadmap).early(i for i in others if i in chosen), conflict.limit) > 0:
                    minimal.append(chosen)
        assert held in minimal
        for relaxation in conflict.relaxations[:1]:
            rest = [i for i in everything if i != relaxation.item]
            if relaxation.item != conflict.limit:
                assert max(0, missed_by(_Trials(roadmap).early(rest), conflict.limit)) == relaxation.days_left
