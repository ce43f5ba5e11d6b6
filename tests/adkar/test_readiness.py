"""How ready a group is, and the pace learnt from earlier waves. Weeks are those of the catalogue."""

from datetime import date

import pytest

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Standing
from changeflow.adkar.readiness import WEEKS, is_past, learnt_pace, readiness
from changeflow.intake.folder import read_folder
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.values.words import Phase
from tests.builders import PEOPLE, a_folder, a_snapshot, a_standing

SHARE = 0.8


def a_wave(held: tuple[int, ...], *, answered: int = 30, on: str = "2027-01-04") -> Standing:
    return a_standing("w1", answered, held=held, view="wave", on=on)


def weeks(a: date, b: date) -> float:
    return (b - a).days / 7


def test_the_weeks_of_the_catalogue():
    assert [WEEKS[e] for e in list(Element)[:3]] == [3, 6, 3]


@pytest.mark.parametrize(
    ("held", "at", "left"),
    [((7, 20, 25), "awareness", 12), ((5, 20, 25), "desire", 9), ((0, 0, 7), "knowledge", 3), ((0, 0, 5), None, 0)],
)
def test_a_group_needs_the_weeks_of_each_element_from_its_barrier_on(held: tuple[int, ...], at: str | None, left: int):
    """Five of thirty are at most a fifth; from six on the band is six to eleven, which may be more than a fifth."""
    found = readiness(a_wave(held), until=Element.KNOWLEDGE, share=SHARE, phase=Phase.DEVELOP)
    assert found is not None
    assert (found.held_at, found.weeks) == (at, left)


@pytest.mark.parametrize(("count", "past"), [(5, True), (6, None), (12, False)])
def test_a_share_is_known_where_the_bands_decide_it(count: int, past: bool | None):
    """Of thirty: 0 to 5 leaves at least 83%; 6 to 11 leaves between 63% and 80%; 12 to 17 leaves at most 60%."""
    assert is_past(a_wave((0, 0, count)), Element.KNOWLEDGE, share=SHARE) is past


class TestPace:
    def test_a_wave_that_took_half_as_long_again_gives_one_and_a_half(self):
        """From desire (nine weeks left) to knowledge (three left) is six planned weeks, which took nine."""
        history = [a_wave((0, 20, 25)), a_wave((0, 2, 25), on="2027-03-08")]
        pace = learnt_pace([history], until=Element.KNOWLEDGE, share=SHARE, weeks_between=weeks)
        assert pace == 1.5

    def test_a_wave_that_has_not_moved_gives_none_and_the_pace_is_at_most_three(self):
        still = [a_wave((0, 20, 25)), a_wave((0, 20, 25), on="2027-03-08")]
        slow = [a_wave((0, 20, 25)), a_wave((0, 2, 25), on="2028-03-06")]
        assert learnt_pace([still], until=Element.KNOWLEDGE, share=SHARE, weeks_between=weeks) is None
        assert learnt_pace([slow], until=Element.KNOWLEDGE, share=SHARE, weeks_between=weeks) == 3.0

    def test_a_later_wave_is_planned_with_it_even_if_the_services_own_audience_is_hidden(self, tmp_path):
        """Wave 1 took nine weeks instead of six, so the six weeks of desire become nine for wave 2: 45 days."""
        people = PEOPLE + "".join(f"p{n},P,Officer,p{n}@example.org,team,ash,,chief\n" for n in range(3))
        read = read_folder(a_folder(tmp_path / "trust", people=people))
        snapshots = [
            a_snapshot(
                a_standing("w1", 30, held=held, view="wave", on=on),
                a_standing("payroll/w1", None, view="audience", on=on),
                a_standing("w2", 30, held=(0, 20, 25), view="wave", on=on),
                on=on,
            )
            for held, on in (((0, 20, 25), "2027-01-04"), ((0, 2, 25), "2027-03-08"))
        ]
        facts = Facts(snapshots=tuple(snapshots))
        made, _ = join(read.definition, rulepacks=read.rulepacks, facts=facts, on=date(2027, 3, 9))
        minutes = made.roadmap.minutes_per_day
        assert made.roadmap.tasks["payroll/w2/people-desire"].duration.amount == 45 * minutes
