"""The chart of movement between barriers: nothing finer than the published bands can be read from any part of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Band, Standing
from changeflow.places import template_environment
from changeflow.reports.people_flow import Flow, draw_flow, moves, spread
from tests.builders import a_standing

STEP = 6
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = tuple(e.value for e in Element)


def a_round(answered: int, held: tuple[int, ...], on: str) -> Standing:
    return a_standing("all", answered, held=held, view="programme", on=on)


def svg_of(flow: Flow) -> str:
    return template_environment().get_template("reports/flow.svg.j2").render(f=flow)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, tuple[int, ...]]:
    """A group's answers, and how many of them truly have a barrier at each element or before."""
    answered = draw(st.integers(11, 90))
    held = sorted(draw(st.lists(st.integers(0, answered), min_size=5, max_size=5)))
    return answered, tuple(held)


def two_rounds(first: tuple[int, tuple[int, ...]], second: tuple[int, tuple[int, ...]]) -> list[Standing]:
    return [a_round(*first, on="2027-01-04"), a_round(*second, on="2027-02-08")]


class TestSpread:
    def test_shares_are_those_of_the_middles(self):
        """0-5, 6-11, 12-20, 12-20, 12-20 of 20: the middles are 2.5, 8.5, 16, 16, 16."""
        found = spread(a_round(20, (4, 11, 17), on="2027-01-04"))
        assert [round(n * 20, 6) for n in found] == [2.5, 6.0, 7.5, 0.0, 0.0, 4.0]

    def test_an_element_whose_band_says_nothing_has_no_share(self):
        bands = (Band(0, 5), Band(0, 20), *[Band(12, 20)] * 3)
        wide = Standing(**{**fields(a_round(20, (4, 11, 17), on="2027-01-04")), "held": bands})
        assert [round(n * 20, 6) for n in spread(wide)] == [2.5, 0.0, 13.5, 0.0, 0.0, 4.0]

    def test_a_group_whose_last_band_says_nothing_is_not_drawn(self):
        bands = (*[Band(0, 5)] * 4, Band(0, 20))
        wide = Standing(**{**fields(a_round(20, (4,), on="2027-01-04")), "held": bands})
        assert spread(wide) == ()


def fields(standing: Standing) -> dict[str, object]:
    return {name: getattr(standing, name) for name in Standing.__dataclass_fields__}


class TestMoves:
    @given(st.lists(st.integers(0, 20), min_size=6, max_size=6), st.randoms())
    def test_the_least_movement_takes_everybody_from_where_they_were_to_where_they_are(self, before: list[int], r):
        after = _shared(sum(before), r)
        found = moves(before, after)
        for place in range(6):
            assert sum(n for i, _, n in found if i == place) == before[place]
            assert sum(n for _, j, n in found if j == place) == after[place]
        # On a line the least way is the difference of the sums up to each place.
        least = sum(abs(sum(before[: k + 1]) - sum(after[: k + 1])) for k in range(5))
        assert sum(abs(i - j) * n for i, j, n in found) == least


def _shared(total: int, chance) -> list[int]:
    cuts = sorted(chance.randint(0, total) for _ in range(5))
    return [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]


class TestRounds:
    def test_one_round_is_no_movement(self):
        assert draw_flow([a_round(20, (4, 11, 17), on="2027-01-04")], "everyone") is None

    def test_figures_that_were_carried_over_are_no_round_of_their_own(self):
        same = a_round(20, (4, 11, 17), on="2027-01-04")
        assert draw_flow([same, same], "everyone") is None

    def test_a_round_in_which_the_group_is_hidden_is_left_out(self):
        hidden = a_standing("all", None, view="programme", on="2027-02-01")
        shown = two_rounds((20, (4,)), (20, (9,)))
        flow = draw_flow([shown[0], hidden, shown[1]], "everyone")
        assert flow is not None
        assert [row.round for row in flow.rows] == ["Assessment of 4 Jan 2027", "Assessment of 8 Feb 2027"]

    def test_the_table_has_the_published_bands(self):
        flow = draw_flow(two_rounds((20, (4, 11, 17)), (20, (9,))), "everyone")
        assert flow is not None
        assert [(row.bands, row.free, row.answered) for row in flow.rows] == [
            (("0 to 5", "6 to 11", "12 to 20", "12 to 20"), "0 to 8", 20),
            (("6 to 11", "6 to 11", "6 to 11", "6 to 11"), "9 to 14", 20),
        ]


class TestNothingFiner:
    def test_people_who_moved_in_less_than_a_band_are_not_drawn(self):
        """At awareness 2.5 of 20, then 8.5: six more, which is a band; of 12 to 20 it is not."""
        back = draw_flow(two_rounds((20, (4,)), (20, (9,))), "everyone")
        assert back is not None
        assert [r.text for r in back.ribbons if r.way == "back"] == [
            "Compared with the previous round, a larger share has a barrier at awareness"
        ]
        wide = draw_flow(two_rounds((20, (9,)), (20, (13,))), "everyone")
        assert wide is not None
        assert not [r for r in wide.ribbons if r.way == "back"]

    @pytest.mark.slow
    @given(counts(), counts(), st.data())
    def test_two_worlds_with_the_same_bands_have_the_same_chart(self, first, second, data: st.DataObject):
        shown = two_rounds(first, second)
        others = []
        for standing in shown:
            truth, held = 0, []
            for band in standing.held or ():
                # Anything from what the earlier elements have to the end of the band.
                truth = data.draw(st.integers(max(band.low, truth), band.high))
                held.append(truth)
            others.append((standing.answered or 0, tuple(held)))
        chart, other = draw_flow(shown, "everyone"), draw_flow(two_rounds(*others), "everyone")
        assert chart == other

    @pytest.mark.slow
    @given(counts(), counts())
    def test_every_number_is_of_a_published_line(self, first, second):
        shown = two_rounds(first, second)
        flow = draw_flow(shown, "everyone")
        if flow is None:
            assert not all(spread(s) for s in shown)
            return
        lines = set()
        for s in shown:
            bands = {(b.low, b.high) for b in s.held or ()}
            last = (s.held or ())[-1]
            bands.add(((s.answered or 0) - last.high, (s.answered or 0) - last.low))
            assert all(high - low + 1 >= STEP for low, high in bands)
            lines |= {f"{low} to {high}" if low != high else str(low) for low, high in bands}
        answers = {str(s.answered) for s in shown}
        for text in texts_of(flow):
            assert not set(re.findall(r"\d+ to \d+", text)) - lines
            assert not set(re.findall(r"\d+", re.sub(r"\d+ to \d+", "", text))) - answers

    @pytest.mark.slow
    @given(counts(), counts())
    def test_heights_give_the_middles_of_the_bands_and_no_more(self, first, second):
        shown = two_rounds(first, second)
        flow = draw_flow(shown, "everyone")
        if flow is None:
            return
        root = etree.fromstring(svg_of(flow).encode())
        for standing, (_, x) in zip(shown, flow.rounds, strict=True):
            heights = [float(r.get("height")) for r in root.iter(f"{SVG}rect") if float(r.get("x")) == x]
            of_middles = [n for n in spread(standing) if n > 0]
            read = [h / sum(heights) for h in heights]
            assert len(read) == len(of_middles)
            # A tenth of a pixel of about 230 is the rounding of the file.
            assert all(abs(a - b) < 0.002 for a, b in zip(read, of_middles, strict=True))

    @pytest.mark.slow
    @given(counts(), counts())
    def test_ribbons_are_as_wide_as_a_band_and_what_they_say_is_certain(self, first, second):
        flow = draw_flow(two_rounds(first, second), "everyone")
        if flow is None:
            return
        root = etree.fromstring(svg_of(flow).encode())
        total = sum(b.height for b in flow.blocks if b.x == flow.rounds[0][1])
        (before, held_before), (after, held_after) = first, second
        for path in root.iter(f"{SVG}path"):
            numbers = [float(n) for n in re.findall(r"-?\d+\.\d+", path.get("d"))]
            height, text = numbers[9] - numbers[7], path[0].text
            assert height / total > STEP / max(before, after) - 0.002
            assert not re.search(r"\d", text)
            if found := re.match(r"A (smaller|larger) share has a barrier at (\w+)", text):
                k = ELEMENTS.index(found[2])
                then, now = held_before[k] / before, held_after[k] / after
                assert now < then if found[1] == "smaller" else now > then


def texts_of(flow: Flow) -> list[str]:
    """Everything that people or programs can read as text: labels, tooltips, and the cells of the table."""
    drawing = svg_of(flow).split("</style>")[1].replace("</svg>", "")
    root = html.fromstring(f"<div>{drawing}</div>")
    days = {label for label, _ in flow.rounds}
    drawn = [text for text in (" ".join(t.split()) for t in root.itertext()) if text and text not in days]
    cells = [cell for row in flow.rows for cell in (*row.bands, row.free, str(row.answered))]
    return [*drawn, *cells]
