"""Which schools go first: as the trust is, with one that would rather wait. Distances are worked by hand."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from changeflow.pilots import choosing
from changeflow.pilots.choosing import Candidate, choose, shares


def a_school(name: str, phase: str, hub: str = "north", *, reluctant: bool = False) -> Candidate:
    return Candidate(name, {"phase": phase, "hub": hub}, reluctant)


def test_the_cohort_is_as_the_trust_is():
    """Four primaries and two secondaries, half of them north. Of two schools, a primary and a secondary from both hubs:
    phase is off by |4/6 - 1/2| = 1/6, hub by nothing; the mean is 1/12."""
    trust = [
        a_school("a", "primary"), a_school("b", "primary"), a_school("c", "primary", "south"),
        a_school("d", "primary", "south"), a_school("e", "secondary"), a_school("f", "secondary", "south"),
    ]  # fmt: skip
    best, *_ = choose(trust, size=2)
    assert best.schools == ("a", "f")
    assert round(best.distance, 9) == round(1 / 12, 9)
    assert round(best.by_trait["phase"], 9) == round(1 / 6, 9)
    assert best.by_trait["hub"] == 0


def test_where_somebody_is_reluctant_every_cohort_has_one():
    trust = [a_school(c, "primary") for c in "abcd"] + [a_school("z", "special", reluctant=True)]
    found = choose(trust, size=2)
    assert len(found) == 3
    assert all(c.has_reluctant and "z" in c.schools for c in found)


def test_a_trust_of_the_willing_gets_a_pilot_all_the_same():
    assert choose([a_school(c, "primary") for c in "abc"], size=1)[0].schools == ("a",)


schools = st.lists(
    st.tuples(st.sampled_from(["primary", "secondary"]), st.sampled_from(["north", "south", "west"]), st.booleans()),
    min_size=2,
    max_size=8,
)


@given(schools, st.integers(1, 3))
def test_no_other_cohort_is_nearer(rows: list[tuple[str, str, bool]], size: int):
    trust = [a_school(f"s{n}", p, h, reluctant=r) for n, (p, h, r) in enumerate(rows)]
    if size >= len(trust):
        return
    [best] = choose(trust, size=size, alternatives=1)
    mix = shares(trust)

    def off(group: tuple[Candidate, ...]) -> float:
        own = shares(group)
        return sum(abs(s - own[t].get(v, 0)) for t, values in mix.items() for v, s in values.items()) / 2 / len(mix)

    allowed = [g for g in combinations(trust, size) if any(c.is_reluctant for c in g) or not any(r for *_, r in rows)]
    assert round(best.distance, 9) == round(min(map(off, allowed)), 9)


def test_a_very_large_trust_is_not_compared_for_hours(monkeypatch):
    monkeypatch.setattr(choosing, "MOST", 50)
    trust = [a_school(f"s{n:02d}", "primary" if n % 3 else "secondary") for n in range(30)]
    trust.append(a_school("z", "special", reluctant=True))
    found = choose(trust, size=3)
    assert all("z" in c.schools for c in found)
