"""The cheapest set of recovery options, against every set there is."""

from collections.abc import Sequence
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from changeflow.roadmap.risk.model import TaskChange, Tried, cheapest


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=7),
    st.integers(0, 25),
    st.integers(0, 3),
)
def test_no_cheaper_set_keeps_the_day(options: list[tuple[int, int]], needed: int, bonus: int) -> None:
    """Each option wins some days, and any two of them together a few more: more options never do harm."""
    changes = [TaskChange(id=f"l{n}", name=f"Option {n}", cost=cost) for n, (cost, _) in enumerate(options)]
    wins = {f"l{n}": days for n, (_, days) in enumerate(options)}

    def play(chosen: Sequence[TaskChange]) -> Tried:
        at = 100 - sum(wins[c.id] for c in chosen) - bonus * (len(chosen) > 1)
        return Tried(odds=at / 100, at=at)

    found = cheapest(changes, 100 - needed, play)
    sets = chain.from_iterable(combinations(changes, count) for count in range(len(changes) + 1))
    keeping = [s for s in sets if play(s).at <= 100 - needed]
    assert found.is_cheapest
    if not keeping:
        assert found.chosen is None
        return
    assert found.chosen is not None
    assert play(found.chosen).at <= 100 - needed
    assert sum(c.cost for c in found.chosen) == min(sum(c.cost for c in s) for s in keeping)
