"""Publications of barriers: bands, frozen figures, combined groups. Each case is worked by hand."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import OTHERS, Hidden, View, moved_back, roll_up, suppressed
from changeflow.adkar.publishing import Answers, Protection, Publication, publish, read_answers
from tests.adkar.reference import band_of

SAFE = Protection(minimum=10, band=6)
"""The values of the rulepack."""
BARRIER = {"a": (2,), "d": (4, 2), "k": (4, 4, 2), "b": (4, 4, 4, 2), "n": (4, 4, 4, 4)}
"""Scores of a person with a barrier at awareness, desire, knowledge or ability (b), or with none (n)."""


def a_round(text: str, *, name: str = "r1", on: str = "2027-02-01", first: int = 0) -> Answers:
    """Return the answers of p0, p1 and so on, with a letter for each person's barrier; a dot means no answer."""
    found = [
        Assessment(
            person=f"p{first + n}",
            round=name,
            on=date.fromisoformat(on),
            scores=dict(zip(Element, BARRIER[letter], strict=False)),
        )
        for n, letter in enumerate(text)
        if letter != "."
    ]
    return read_answers(found, threshold=3, live=())


def a_view(group: str, *people: int, view: str = "group") -> View:
    return View(view, group, frozenset(f"p{n}" for n in people))


def published(
    answers: Answers, *views: View, after: Sequence[Publication] = (), programme: str = "change"
) -> Publication:
    history = [c for one in after for c in one.considered]
    return publish(answers, views, threshold=3, protection=SAFE, history=history, programme=programme)


def bands_of(publication: Publication, group: str) -> list[str] | None:
    [found] = [s for s in publication.snapshot.standings if s.group == group]
    return [b.text for b in found.held] if found.held else None


class TestBands:
    @pytest.mark.parametrize(
        ("count", "size", "low", "high"),
        [(0, 10, 0, 10), (10, 10, 0, 10), (5, 11, 0, 5), (6, 11, 6, 11), (11, 22, 6, 11), (12, 22, 12, 22),
         (17, 23, 12, 17), (18, 23, 18, 23), (0, 0, 0, 0)],
    )  # fmt: skip
    def test_a_count_has_the_band_worked_by_hand(self, count: int, size: int, low: int, high: int):
        assert (band_of(count, size, band=6).low, band_of(count, size, band=6).high) == (low, high)

    @given(st.integers(0, 300), st.data())
    def test_a_count_is_in_its_band_and_no_band_is_narrower_than_six(self, size: int, data: st.DataObject):
        count = data.draw(st.integers(0, size))
        band = band_of(count, size, band=6)
        assert 0 <= band.low <= count <= band.high <= size
        assert band.high - band.low >= min(5, size)
        inside = data.draw(st.integers(band.low, band.high))
        assert band_of(inside, size, band=6) == band

    def test_a_group_is_shown_in_bands(self):
        """Of twelve, 2 have a barrier at awareness, 7 by desire, 9 by knowledge, 10 by ability."""
        publication = published(a_round("aadddddkkbnn"), a_view("g", *range(12)))
        assert bands_of(publication, "g") == ["0 to 5", "6 to 12", "6 to 12", "6 to 12", "6 to 12"]
        assert publication.snapshot.standings[0].barrier_at == "desire"


class TestMinimum:
    def test_a_group_with_too_few_answers_is_hidden(self):
        """Twelve members, nine answers: the answers count, not the members."""
        [standing] = published(a_round("aaadddkkn..."), a_view("g", *range(12))).snapshot.standings
        assert standing.hidden is Hidden.FEW
        assert (standing.held, standing.answered, standing.is_shown, standing.barrier_at) == (None, None, False, None)

    def test_a_group_of_one_is_hidden(self):
        assert bands_of(published(a_round("a"), a_view("g", 0)), "g") is None

    def test_a_group_without_answers_is_hidden(self):
        assert bands_of(published(a_round("." * 12), a_view("g", *range(12))), "g") is None

    def test_a_band_identifies_no_one_even_if_all_have_the_same_barrier(self):
        """All twelve are at awareness: the band is six to twelve, which identifies no one."""
        assert bands_of(published(a_round("a" * 12), a_view("g", *range(12))), "g") == ["6 to 12"] * 5


class TestTogether:
    def test_the_more_important_of_two_overlapping_groups_is_shown(self):
        answers = a_round("aaaaaa" + "n" * 5 + "aaaaaa")
        big, most = a_view("big", *range(11)), a_view("most", *range(5, 17))
        snapshot = published(answers, big, most)
        assert bands_of(snapshot, "big") is not None

    @pytest.mark.slow
    def test_only_the_first_of_two_groups_that_differ_by_one_person_is_shown(self):
        """p0 to p10 and p0 to p11 differ by one person. Five of eleven at awareness is the first band, six of twelve
        the second: together they reveal that p11 is at awareness, and exactly how many of the others are."""
        answers = a_round("aaaaa" + "n" * 6 + "a")
        one, other = a_view("one", *range(11)), a_view("other", *range(12))
        assert bands_of(published(answers, one, other), "one") is not None
        assert bands_of(published(answers, one, other), "other") is None
        assert bands_of(published(answers, other, one), "other") is not None
        assert bands_of(published(answers, other, one), "one") is None


class TestFrozen:
    def test_one_joiner_changes_nothing(self):
        """Twenty give the same answers twice; one joins, who is further on than all of them. The figures stay."""
        first = a_round("aaaaa" + "d" * 15)
        before = published(first, a_view("g", *range(20)))
        again = a_round("aaaaa" + "d" * 15 + "n", name="r2", on="2027-03-01")
        after = published(again, a_view("g", *range(21)), after=[before])
        [then], [now] = before.snapshot.standings, after.snapshot.standings
        assert (now.held, now.answered, now.on) == (then.held, then.answered, then.on)
        assert now.confirmed == date(2027, 3, 1)

    def test_the_figures_change_once_ten_people_have_moved(self):
        first = a_round("aaaaa" + "d" * 15)
        before = published(first, a_view("g", *range(20)))
        for moved, is_new in ((9, False), (10, True)):
            again = a_round("aaaaa" + "k" * moved + "d" * (15 - moved), name="r2", on="2027-03-01")
            after = published(again, a_view("g", *range(20)), after=[before])
            assert (after.snapshot.standings[0].round == "r2") is is_new

    def test_a_round_with_few_answers_changes_nothing(self):
        first = a_round("aaaaa" + "d" * 15)
        before = published(first, a_view("g", *range(20)))
        after = published(a_round("nnn", name="r2", on="2027-03-01"), a_view("g", *range(20)), after=[before])
        assert after.snapshot.standings == before.snapshot.standings

    def test_a_group_that_moved_back_is_found_by_its_bands(self):
        """At most 5 of 12 had a barrier by desire, then 6 or more do."""
        first = a_round("ddd" + "k" * 9)
        before = published(first, a_view("g", *range(12)))
        second = a_round("d" * 12, name="r2", on="2027-03-01")
        after = published(second, a_view("g", *range(12)), after=[before])
        # Nine of them moved, which is too few to change the figures.
        assert moved_back(before.snapshot, after.snapshot) == ()
        third = a_round("a" * 12, name="r3", on="2027-04-01")
        last = published(third, a_view("g", *range(12)), after=[before])
        assert [(s.group, e) for s, e in moved_back(before.snapshot, last.snapshot)] == [("g", Element.AWARENESS)]


class TestThreeGroups:
    def test_a_group_that_two_programmes_show_does_not_become_a_fourth_one_when_it_grows(self):
        """p0 to p11 are counted in three groups: all, the wave, the hub. The other programme has the same wave."""
        answers = a_round("a" * 48)
        all_, wave = a_view("all", *range(48)), a_view("wave", *range(24))
        hub = a_view("hub", *range(12), *range(24, 48))
        first = published(answers, all_, wave, hub)
        assert all(bands_of(first, group) for group in ("all", "wave", "hub"))

        second = published(answers, wave, after=[first], programme="other")
        assert bands_of(second, "wave") == bands_of(first, "wave")

        grown = a_view("wave", *range(24), *range(48, 60))
        third = published(
            a_round("a" * 60, name="r2", on="2027-03-01"), grown, after=[first, second], programme="other"
        )
        [kept] = third.snapshot.standings
        assert (kept.answered, kept.on) == (24, date(2027, 2, 1)), "the figures of 24 stay"


class TestRollUp:
    def test_a_second_part_of_a_total_is_hidden(self):
        """40 = 18 + 12 + 7 + ?: the hidden 3 would follow by subtraction."""
        assert suppressed({"a": 18, "b": 12, "c": 7, "d": 3}, minimum=10) == {"c", "d"}
        assert len(suppressed({"a": 18, "b": 12, "c": 10, "d": 3}, minimum=10)) >= 2

    @given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 40)))
    def test_no_hidden_part_can_be_found_by_subtraction(self, sizes: dict[str, int]):
        hidden = suppressed(sizes, minimum=10)
        assert {part for part, size in sizes.items() if 0 < size < 10} <= hidden
        everything = {part for part, size in sizes.items() if size}
        if hidden and hidden != everything:
            assert len(hidden) >= 2
            assert sum(sizes[part] for part in hidden) >= 10

    def test_small_hubs_are_combined_so_that_their_voice_counts(self):
        hubs = [a_view("north", *range(12)), a_view("river", *range(12, 18)), a_view("west", *range(18, 23))]
        joined = roll_up(hubs, [f"p{n}" for n in range(23)], minimum=10)
        assert [(v.group, len(v.members)) for v in joined] == [("north", 12), (OTHERS, 11)]
