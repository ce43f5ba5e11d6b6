"""Levelling: against brute force on tiny problems, and against the independent checker on larger ones.

The tiny problems have up to three tasks and twelve slots, so that every plan can be looked at.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.roadmap.levelling.bounds import bounds_of, check_level
from changeflow.roadmap.levelling.problem import ALWAYS, FREE, Bind, Keep, LevelProblem, Piece
from changeflow.roadmap.levelling.search import Levelled, SearchEffort, level
from tests.quick import draws
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

QUICK = SearchEffort(seconds=PATIENCE, effort=0.3)
HORIZON = 12


def a_problem(pieces: list[Piece], binds: list[Bind] | None = None, have: int = 1, **more: object) -> LevelProblem:
    amounts = np.full((1, 40), have, np.int64)
    return LevelProblem(pieces=tuple(pieces), binds=tuple(binds or ()), resources=("people",), amounts=amounts, **more)  # type: ignore[arg-type]


def task(name: str, work: int, amount: int = 1, **more: object) -> Piece:
    return Piece(id=name, work=work, needs=((0, amount),) if amount else (), **more)  # type: ignore[arg-type]


def found(problem: LevelProblem, effort: SearchEffort = QUICK) -> Levelled:
    answer = level(problem, effort)
    assert answer is not None
    return answer


@st.composite
def tiny(draw: st.DrawFn) -> LevelProblem:
    """Two calendars, a table of starts, lags of both kinds, a capacity that varies, every kind of link."""
    works = np.array([draw(st.booleans()) for _ in range(HORIZON)])
    works[-5:] = True
    openings = [n for n in range(HORIZON) if n % draw(st.sampled_from([2, 3])) == 0]
    land = np.array([next((o for o in openings if o >= n), HORIZON) for n in range(HORIZON)], np.int32)
    end = np.minimum(np.arange(HORIZON) + 2, HORIZON + 1).astype(np.int32)
    lag = np.minimum(np.arange(HORIZON + 1) // 2 * 2 + 2, HORIZON).astype(np.int32)
    count = draw(st.integers(2, 3))
    pieces = []
    for n in range(count):
        is_tabled = draw(st.integers(0, 4)) == 0
        amounts = [(r, draw(st.integers(0, 2))) for r in range(2)]
        pieces.append(
            Piece(
                id="abcd"[n],
                work=2 if is_tabled else draw(st.integers(0, 2)),
                needs=tuple((r, a) for r, a in amounts if a),
                calendar=ALWAYS if is_tabled else draw(st.sampled_from([ALWAYS, 1])),
                table=0 if is_tabled else FREE,
                holds=draw(st.booleans()),
                release=draw(st.integers(0, 1)),
                due=draw(st.sampled_from([None, 3, 6])),
            )
        )
    binds = [
        Bind(
            before=a,
            after=b,
            from_start=draw(st.booleans()),
            to_finish=draw(st.booleans()),
            lag=draw(st.integers(-1, 1)),
            table=draw(st.sampled_from([FREE, FREE, 0])),
        )
        for a in range(count)
        for b in range(a + 1, count)
        if draw(st.booleans())
    ]
    amounts = np.array([[draw(st.integers(1, 2)) if n < 6 else 2 for n in range(HORIZON)] for _ in range(2)])
    weight = draw(st.sampled_from([(0, 1, 0), (50, 5, 1)]))
    return LevelProblem(
        pieces=tuple(pieces),
        binds=tuple(binds),
        resources=("one", "two"),
        amounts=amounts,
        works=(works,),
        lands=(land,),
        ends=(end,),
        lags=(lag,),
        weight=weight,
    )


def cost(problem: LevelProblem, start: tuple[int, ...], finish: list[int]) -> int:
    late = sum(max(0, f - p.due) for p, f in zip(problem.pieces, finish, strict=True) if p.due is not None)
    a, b, c = problem.weight
    return a * late + b * max(finish) + c * sum(start)


def least(problem: LevelProblem) -> int | None:
    """Look at every plan. Work of no length may be after the last slot."""
    best = None
    spans = [
        [(s, f) for s in range(problem.horizon + (p.work == 0)) if (f := problem.finish_of(p, s)) is not None]
        for p in problem.pieces
    ]
    for chosen in product(*([(s, f) for s, f in own if f <= problem.horizon] for own in spans)):
        start, finish = [s for s, _ in chosen], [f for _, f in chosen]
        if (best is None or cost(problem, start, finish) < best) and not check_level(problem, start, finish):
            best = cost(problem, start, finish)
    return best


@given(tiny())
@settings(max_examples=draws(25))
def test_the_solver_finds_what_brute_force_finds(problem: LevelProblem) -> None:
    best, answer = least(problem), level(problem, SearchEffort(seconds=PATIENCE, effort=1))
    if answer is None:
        return  # the serial scheme ran out of time where there is next to none
    assert check_level(problem, answer.start, answer.finish) == []
    assert best is not None
    assert answer.bound <= best <= answer.cost
    if answer.is_proved:
        assert answer.cost == best


def test_work_of_no_length_may_stand_at_the_end_of_time() -> None:
    """There is work from slot 7 on: a takes slot 7, b the two from 8 on; c comes at the next mark but one after b's end
    at 10, which is 12, where time ends."""
    every_second = np.array([0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12], np.int32)
    problem = LevelProblem(
        pieces=(
            Piece(id="a", work=1, needs=(), calendar=1),
            Piece(id="b", work=2, needs=(), calendar=ALWAYS, table=0),
            Piece(id="c", work=0, needs=(), calendar=ALWAYS),
        ),
        binds=(Bind(before=0, after=1), Bind(before=1, after=2, table=0)),
        resources=("one",),
        amounts=np.ones((1, HORIZON), np.int64),
        works=(np.arange(HORIZON) >= 7,),
        lands=(every_second,),
        ends=(np.arange(2, HORIZON + 2, dtype=np.int32),),
        lags=(np.minimum(np.arange(HORIZON + 1) // 2 * 2 + 2, HORIZON).astype(np.int32),),
        weight=(0, 1, 0),
    )
    answer = found(problem)
    assert list(answer.start) == [7, 8, 12]
    assert least(problem) == answer.cost == 12


@st.composite
def larger(draw: st.DrawFn) -> LevelProblem:
    count = draw(st.integers(5, 25))
    amount = st.integers(0, 3)
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    pieces = [
        Piece(
            id=f"t{n}",
            work=int(rng.integers(0, 6)),
            needs=((0, draw(amount)), (1, 1)),
            calendar=int(rng.integers(0, 2)),
        )
        for n in range(count)
    ]
    binds = [
        Bind(before=a, after=b, lag=int(rng.integers(0, 3)))
        for b in range(count)
        for a in sorted(set(rng.integers(0, b, 2).tolist()) if b else ())
    ]
    works = rng.random(400) < 0.7
    amounts = np.stack([rng.integers(3, 5, 400), np.full(400, 2)])
    return LevelProblem(
        pieces=tuple(pieces), binds=tuple(binds), resources=("one", "two"), amounts=amounts, works=(works,)
    )


@given(larger())
@settings(max_examples=draws(25))
def test_every_plan_passes_the_checker_and_no_bound_is_beaten(problem: LevelProblem) -> None:
    answer = found(problem, SearchEffort(seconds=PATIENCE, effort=0.05))
    assert check_level(problem, answer.start, answer.finish) == []
    bounds = bounds_of(problem)
    assert bounds is not None
    assert bounds.path <= bounds.finish <= max(answer.finish)
    assert answer.bound <= answer.cost


class TestByHand:
    def test_one_pair_of_hands(self) -> None:
        """Three tasks of 2, 3 and 4 slots, one person: 9 slots, in whatever order."""
        answer = found(a_problem([task("a", 2), task("b", 3), task("c", 4)]))
        assert (answer.cost, answer.bound, answer.is_proved) == (9, 9, True)

    def test_the_energy_of_work_is_a_bound(self) -> None:
        """Two people, three tasks of 4 slots, one each: 12 slots of work, so 6 at least, and 8 in whole tasks."""
        answer = found(a_problem([task("a", 4), task("b", 4), task("c", 4)], have=2))
        assert answer.bounds.finish == 6
        assert (answer.cost, answer.is_proved) == (8, True)

    def test_people_work_elsewhere_during_a_break_unless_they_are_held(self) -> None:
        """A works in slots 0, 1 and 5: 3 slots of work. B needs 2 slots: it fits into the break, if A lets go."""
        works = np.array([True, True, False, False, False, True] + [True] * 34)
        for holds, finish in ((False, 6), (True, 8)):
            pieces = [task("a", 3, calendar=1, holds=holds, due=6), task("b", 2, release=2)]
            answer = found(a_problem(pieces, works=(works,), weight=(100, 1, 0)))
            assert max(answer.finish) == finish

    def test_a_fixed_task_is_worked_around(self) -> None:
        answer = found(a_problem([task("a", 2, fixed=(1, 3)), task("b", 2)]))
        assert (answer.start[1], answer.finish[1]) == (3, 5)

    def test_fewer_people_for_a_while(self) -> None:
        problem = a_problem([task("a", 3, 2)], have=2)
        problem.amounts[0, 2:5] = 1
        assert found(problem).start == [5]

    def test_a_maximal_lag_that_the_serial_scheme_misses(self) -> None:
        """B may start one slot after A at most, and its person is busy until slot 6: A has to wait, which no serial
        scheme would let it do."""
        pieces = [
            Piece(id="busy", work=6, needs=((1, 1),)),
            Piece(id="a", work=1, needs=((0, 1),)),
            Piece(id="b", work=1, needs=((1, 1),), release=1),
        ]
        problem = LevelProblem(
            pieces=tuple(pieces),
            binds=(Bind(before=1, after=2), Bind(before=0, after=2)),
            resources=("one", "two"),
            amounts=np.ones((2, 30), np.int64),
            keeps=(Keep(before=1, after=2, lag=1),),
            weight=(100, 1, 0),
        )
        answer = found(problem, SearchEffort(seconds=PATIENCE, effort=5))
        assert check_level(problem, answer.start, answer.finish) == []
        assert max(answer.finish) == 7

    def test_maximal_lags_that_contradict_links_are_told(self) -> None:
        problem = a_problem(
            [task("a", 1), task("b", 1)],
            [Bind(before=0, after=1, lag=5)],
            keeps=(Keep(before=0, after=1, lag=2),),
            weight=(100, 1, 0),
        )
        assert found(problem, SearchEffort(seconds=PATIENCE, effort=5)).is_infeasible


def test_the_same_seed_finds_the_same_plan() -> None:
    rng = np.random.default_rng(3)
    pieces = [task(f"t{n}", int(rng.integers(1, 9)), int(rng.integers(1, 4))) for n in range(40)]
    binds = [Bind(before=n // 2, after=n) for n in range(1, 40)]
    effort = SearchEffort(seconds=PATIENCE, effort=0.4, seed=5)
    amounts = np.full((1, 300), 4)
    one, two = (
        found(
            LevelProblem(pieces=tuple(pieces), binds=tuple(binds), resources=("people",), amounts=amounts),
            effort,
        )
        for _ in range(2)
    )
    assert one.is_repeatable
    assert (one.start, one.cost, one.bound, one.schedules) == (two.start, two.cost, two.bound, two.schedules)


@pytest.mark.parametrize(
    ("start", "finish", "says"),
    [
        ([0, 1], [2, 3], "more than there are"),
        ([0, 2], [3, 4], "takes from slot 0 to 2"),
        ([2, 0], [4, 2], "b does not wait for a"),
    ],
)
def test_the_checker_finds_what_is_broken(start: list[int], finish: list[int], says: str) -> None:
    problem = a_problem([task("a", 2), task("b", 2)], [Bind(before=0, after=1, lag=-1)])
    assert any(says in line for line in check_level(problem, start, finish))


def test_a_horizon_that_is_too_short_is_no_plan() -> None:
    problem = LevelProblem(pieces=(task("a", 5),), binds=(), resources=("people",), amounts=np.ones((1, 3), np.int64))
    assert level(problem, QUICK) is None
