"""Pilot cohorts represent the trust and include a reluctant school. Distances are worked by hand."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.errors import InputError
from changeflow.pilots import choosing
from changeflow.pilots.choosing import PilotCandidate, choose, shares
from changeflow.reports.pilots import pilot_text
from changeflow.usecases.pilots import proposed_pilot
from tests.builders import a_folder


def a_school(name: str, phase: str, hub: str = "north", *, reluctant: bool = False) -> PilotCandidate:
    return PilotCandidate(name, {"phase": phase, "hub": hub}, reluctant)


def test_the_best_cohort_represents_the_trust():
    """Four primaries and two secondaries, half of them north. The best two are a primary and a secondary, one in each
    hub: phase is off by |4/6 - 1/2| = 1/6, hub by 0; the mean is 1/12."""
    trust = [
        a_school("a", "primary"), a_school("b", "primary"), a_school("c", "primary", "south"),
        a_school("d", "primary", "south"), a_school("e", "secondary"), a_school("f", "secondary", "south"),
    ]  # fmt: skip
    best, *_ = choose(trust, size=2)
    assert best.schools == ("a", "f")
    assert round(best.distance, 9) == round(1 / 12, 9)


def test_every_cohort_has_a_reluctant_school_if_there_is_one():
    trust = [a_school(c, "primary") for c in "abcd"] + [a_school("z", "special", reluctant=True)]
    found = choose(trust, size=2)
    assert len(found) == 3
    assert all(c.has_reluctant and "z" in c.schools for c in found)


def test_a_trust_without_reluctant_schools_gets_a_pilot_too():
    assert choose([a_school(c, "primary") for c in "abc"], size=1)[0].schools == ("a",)


def test_a_school_that_cannot_go_first_is_left_out_but_counts_in_the_mix():
    """One of two secondaries cannot go first, so every cohort that represents the trust has the other one."""
    trust = [a_school("a", "primary"), a_school("b", "primary"), a_school("c", "secondary"), a_school("d", "secondary")]
    kept_back = [*trust[:2], replace(trust[2], why_not="exams"), trust[3]]
    assert {c.schools for c in choose(kept_back, size=2)[:2]} == {("a", "d"), ("b", "d")}
    assert choose(kept_back, size=4) == ()
    assert shares(kept_back)["phase"] == {"primary": 0.5, "secondary": 0.5}


def test_a_school_that_must_go_first_is_in_every_cohort():
    trust = [a_school(c, "primary") for c in "abc"] + [a_school("z", "special", reluctant=True)]
    must = [replace(trust[0], must=True), *trust[1:]]
    assert [c.schools for c in choose(must, size=2)] == [("a", "z")]
    assert choose([replace(c, must=True) for c in trust], size=2) == ()
    # The required schools take all places, so there is no place for a reluctant one.
    assert choose(must, size=1)[0].schools == ("a",)


schools = st.lists(
    st.tuples(st.sampled_from(["primary", "secondary"]), st.sampled_from(["north", "south", "west"]), st.booleans()),
    min_size=2,
    max_size=8,
)


@pytest.mark.slow
@given(schools, st.integers(1, 3))
def test_no_other_cohort_is_closer_to_the_mix(rows: list[tuple[str, str, bool]], size: int):
    trust = [a_school(f"s{n}", p, h, reluctant=r) for n, (p, h, r) in enumerate(rows)]
    if size >= len(trust):
        return
    best, *_ = choose(trust, size=size)
    mix = shares(trust)

    def off(group: tuple[PilotCandidate, ...]) -> float:
        own = shares(group)
        return sum(abs(s - own[t].get(v, 0)) for t, values in mix.items() for v, s in values.items()) / 2 / len(mix)

    allowed = [g for g in combinations(trust, size) if any(c.is_reluctant for c in g) or not any(r for *_, r in rows)]
    assert round(best.distance, 9) == round(min(map(off, allowed)), 9)


def test_a_very_large_trust_compares_a_limited_number_of_cohorts(monkeypatch):
    monkeypatch.setattr(choosing, "MOST", 50)
    trust = [a_school(f"s{n:02d}", "primary" if n % 3 else "secondary") for n in range(30)]
    trust.append(a_school("z", "special", reluctant=True))
    found = choose(trust, size=3)
    assert all("z" in c.schools for c in found)


def test_blackouts_decide_which_schools_and_teams_how_many(tmp_path: Path):
    """Training is on Monday 18 January 2027, in a blackout of secondary schools; two days a week are enough for two."""
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "trust.yaml").write_text(
        "calendar: trust\nblackouts: [{name: mock exams, first_day: 2027-01-18, last_day: 2027-01-29, "
        "activities: [training], phases: [secondary]}]\n"
    )
    rollout = (
        "teams: {trainers: {name: Trainers, days_per_week: 2}}\n"
        "services: {payroll: {activities: [{kind: training, team: trainers, days: 1, weeks_before: 1}]}}\n"
    )
    (folder / "rollout.yaml").write_text(rollout)
    programme, cohorts = proposed_pilot(folder, size=2)
    assert [c.schools for c in cohorts] == [("ash", "cedar")]
    lines = list(pilot_text(programme, cohorts))
    assert "Cannot go first: Beech School (training on 18 Jan 2027 falls in mock exams)." in lines
    assert "At most 2 can go first together: Trainers can give 2 days a week for payroll." in lines
    (folder / "rollout.yaml").write_text(rollout.replace("days: 1", "days: 2"))
    with pytest.raises(InputError, match="2 schools cannot go first: Trainers can give 2 days a week"):
        proposed_pilot(folder, size=2)
    (folder / "rollout.yaml").write_text(rollout + "schools: {ash: {pilot: false}}\n")
    with pytest.raises(InputError, match="No group of 2 schools can go first: only 1 of 3 are able to"):
        proposed_pilot(folder, size=2)
