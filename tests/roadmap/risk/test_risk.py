"""Simulation against theory: distributions, merge bias, correlation, events, and the calendar's cut-offs."""

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from changeflow.calendar.periods import months
from changeflow.errors import InputError, ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.planning.lessons import lessons
from changeflow.planning.risk import risk_model
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme
from changeflow.reports.documents import pdf_of, write_report
from changeflow.reports.risk import risk_text
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.requests import Risk
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.roadmap.risk.kernel import draw, normal_of
from changeflow.roadmap.risk.model import Happening, Range, RiskModel, Shared, Simulation
from changeflow.roadmap.risk.simulate import quantiles, simulate
from changeflow.rules.engine import judge
from changeflow.usecases.risk import simulate_programme
from changeflow.values.moments import day_of
from tests.builders import DAY, FIRST, PATHWAY, a_folder, a_roadmap, a_task, at
from tests.conftest import SAMPLE
from tests.paper import read_paper
from tests.rules.judging import judged

MANY = 40_000


def waves(count: int) -> tuple[object, RiskModel]:
    """Parallel waves, each of 50 to 80 days and probably 58; the end waits for all of them."""
    names = [f"w{n}" for n in range(count)]
    roadmap = a_roadmap(*(a_task(n, 58) for n in names), a_task("end", 0), links=tuple(f"{n} -> end" for n in names))
    return roadmap, RiskModel(ranges=tuple(Range(task=n, low=50 * DAY, likely=58 * DAY, high=80 * DAY) for n in names))


def done_by(days: int) -> int:
    return time_roadmap(a_roadmap(a_task("a", days)))["a"].early_finish


class TestTheory:
    @pytest.mark.slow
    @pytest.mark.parametrize(("count", "odds"), [(1, 0.394), (3, 0.0612), (6, 0.0037)])
    def test_where_waves_join_the_odds_multiply(self, count: int, odds: float):
        """One wave is done in 60 days with 1 - 20²/(30·22) = 0.394; three with its cube, six with its sixth power."""
        roadmap, model = waves(count)
        found = simulate(roadmap, model, ["end"], iterations=MANY)  # type: ignore[arg-type]
        spread = 4 * math.sqrt(odds * (1 - odds) / MANY)
        assert found.odds("end", done_by(60)) == pytest.approx(odds, abs=spread + 0.001)

    @pytest.mark.slow
    def test_percentiles_are_those_of_the_distribution(self):
        """Against 200 000 samples of numpy's own triangular distribution, within a tenth of a percent of the length."""
        roadmap, model = waves(1)
        found = simulate(roadmap, model, ["end"], iterations=200_000)
        plain = np.random.default_rng(1).triangular(50, 58, 80, 200_000)
        for percent in (10, 50, 80, 90):
            days = np.percentile(plain, percent)
            ours = working_days(found, percent)
            assert ours == pytest.approx(days, rel=0.001)

    def test_pert_has_its_mean_and_its_ends(self):
        table = quantiles(50, 58, 80, "pert")
        assert (table[0], table[-1]) == (50, 80)
        assert table.mean() == pytest.approx((50 + 4 * 58 + 80) / 6, rel=1e-3)
        assert np.all(np.diff(table) >= 0)

    def test_an_estimate_without_a_range_is_one_number(self):
        assert set(quantiles(5, 5, 5, "triangular")) == {5.0}

    @pytest.mark.slow
    def test_draws_are_even_and_do_not_hang_together(self):
        with np.errstate(over="ignore"):  # Compiled, whole numbers wrap around without a warning.
            drawn = np.array([[draw(7, i, k) for k in range(2)] for i in range(20_000)])
        assert drawn.min() >= 0
        assert drawn.max() < 1
        assert drawn.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.01)
        counts, _ = np.histogram(drawn[:, 0], bins=20, range=(0, 1))
        assert ((counts - 1000) ** 2 / 1000).sum() < 45, "chi square of 19 degrees, far out"
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03
        assert abs(np.corrcoef(drawn[1:, 0], drawn[:-1, 0])[0, 1]) < 0.03

    @pytest.mark.parametrize(("u", "z"), [(0.5, 0.0), (0.975, 1.959963985), (0.001, -3.090232306), (0.2, -0.841621234)])
    def test_normal_quantiles(self, u: float, z: float):
        assert normal_of(u) == pytest.approx(z, abs=1e-8)


def working_days(found: Simulation, percent: float) -> float:
    from tests.builders import OFFICE

    return OFFICE.between(at("2027-01-04"), found.percentile("end", percent)) / DAY


class TestCausesAndEvents:
    @pytest.mark.slow
    def test_a_shared_cause_has_its_correlation(self):
        """Two tasks of one supplier at 0.6: their ranks correlate with 6/π·asin(0.6/2) = 0.58."""
        roadmap = a_roadmap(a_task("a", 50), a_task("b", 50))
        ranges = tuple(Range(task=n, low=20 * DAY, likely=50 * DAY, high=80 * DAY) for n in "ab")
        both = RiskModel(ranges=ranges, causes=(Shared(name="supplier", correlation=0.6, tasks=("a", "b")),))
        found = simulate(roadmap, both, ["a", "b"], iterations=MANY)
        ranks = [np.argsort(np.argsort(found.finishes[n])) for n in "ab"]
        assert np.corrcoef(ranks)[0, 1] == pytest.approx(6 / math.pi * math.asin(0.3), abs=0.02)
        apart = simulate(roadmap, RiskModel(ranges=ranges), ["a", "b"], iterations=MANY)
        ranks = [np.argsort(np.argsort(apart.finishes[n])) for n in "ab"]
        assert abs(np.corrcoef(ranks)[0, 1]) < 0.02

    @pytest.mark.slow
    def test_correlation_makes_good_luck_together_likelier(self):
        """Three waves that share everything: done in 60 days nearly as often as one alone."""
        roadmap, model = waves(3)
        shared = RiskModel(ranges=model.ranges, causes=(Shared(name="s", correlation=0.98, tasks=("w0", "w1", "w2")),))
        odds = simulate(roadmap, shared, ["end"], iterations=MANY).odds("end", done_by(60))  # type: ignore[arg-type]
        assert 0.3 < odds < 0.394

    @pytest.mark.slow
    def test_an_event_fires_as_often_as_it_should_and_costs_what_it_costs(self):
        roadmap = a_roadmap(a_task("a", 10))
        model = RiskModel(
            ranges=(), events=(Happening(name="e", probability=0.2, effect=(5 * DAY, 5 * DAY, 5 * DAY), tasks=("a",)),)
        )
        found = simulate(roadmap, model, ["a"], iterations=MANY)
        late = float(np.mean(found.finishes["a"] > found.planned["a"]))
        assert late == pytest.approx(0.2, abs=0.01)
        # Ten days from Monday 4 January end on Friday 15; five more on Friday 22: seven days of the calendar.
        assert found.event_cost["e"] == pytest.approx(7 * 1440, abs=1)

    @pytest.mark.slow
    def test_what_has_begun_is_not_drawn(self):
        from changeflow.roadmap.model.tasks import TaskProgress

        roadmap = a_roadmap(a_task("a", 10), progress={"a": TaskProgress(at("2027-01-04T09:00"))})
        found = simulate(roadmap, RiskModel(ranges=(Range(task="a", low=DAY, likely=DAY, high=99 * DAY),)), ["a"])
        assert set(found.finishes["a"].tolist()) == {found.planned["a"]}


class TestNumbers:
    @pytest.mark.slow
    def test_any_number_of_threads_gives_the_same(self):
        roadmap, model = waves(3)
        one, two, many = (
            simulate(roadmap, model, ["w0", "end"], iterations=3_001, threads=n)  # type: ignore[arg-type]
            for n in (1, 2, 5)
        )
        for other in (two, many):
            assert (one.finishes["end"] == other.finishes["end"]).all()
            assert one.cruciality == other.cruciality
            assert one.swing == other.swing

    @pytest.mark.slow
    def test_another_seed_gives_other_numbers(self):
        roadmap, model = waves(1)
        first, second = (simulate(roadmap, model, ["end"], iterations=100, seed=s) for s in (1, 2))  # type: ignore[arg-type]
        assert (first.finishes["end"] != second.finishes["end"]).any()

    @pytest.mark.slow
    def test_equal_waves_are_critical_equally_often(self):
        roadmap, model = waves(4)
        found = simulate(roadmap, model, ["end"], iterations=MANY)  # type: ignore[arg-type]
        for n in range(4):
            assert found.criticality[f"w{n}"] == pytest.approx(0.25, abs=0.02)
            assert found.cruciality[f"w{n}"] > 0.3

    @pytest.mark.slow
    def test_a_missed_opening_costs_a_month(self):
        """Work of 15 to 25 days from 4 January; what follows opens on the first of a month. Twenty working days end on
        Friday 29 January: up to there it opens on 1 February, beyond on 1 March. By symmetry that is one half."""
        roadmap = a_roadmap(
            a_task("work", 20), a_task("open", 0, starts_on="month"), links=("work -> open",),
            periods={"month": months(FIRST, 28)},
        )  # fmt: skip
        model = RiskModel(ranges=(Range(task="work", low=15 * DAY, likely=20 * DAY, high=25 * DAY),))
        found = simulate(roadmap, model, ["open"], iterations=MANY)
        days, counts = np.unique([day_of(int(f)).isoformat() for f in found.finishes["open"]], return_counts=True)
        assert list(days) == ["2027-02-01", "2027-03-01"]
        assert counts[0] / MANY == pytest.approx(0.5, abs=0.01)


class TestCommandAndFiles:
    @pytest.mark.slow
    def test_work_without_a_range_is_named_below_the_chances(self):
        programme = judge(read_folder(SAMPLE).programme).programme
        report = simulate_programme(programme, iterations=500, seed=1)
        assert "Payroll: choose the system" in report.missing
        # Closing the programme comes after the last milestone, so its range would change no chance.
        assert not any("Close the programme" in name for name in report.missing)
        first = report.milestones[0]
        assert 30 < first.certain_share < 100
        assert any(name.startswith("Payroll: choose the system (") for name in first.certain)
        assert all(100 not in (line.planned_odds, line.deadline_odds) for line in report.milestones)
        lines = list(risk_text(report))
        start, share = lines.index(first.milestone), f"({first.certain_share}% of the work leading to it)"
        assert ("likely" in lines[start + 3]) == (first.planned_odds is not None)
        assert any(share in line for line in lines[start : start + 7])
        assumed = simulate_programme(programme, iterations=500, seed=1, assume="80,150")
        assert assumed.missing == ()
        shares = [
            (a.certain_share, b.certain_share) for a, b in zip(assumed.milestones, report.milestones, strict=True)
        ]
        assert all(after < before for after, before in shares)
        text = "\n".join(risk_text(assumed))
        assert "Tasks without a range are assumed to take 80% to 150% of their planned duration." in text
        assert "% likely to be met" in text
        assert sum(p for _, p in assumed.milestones[0].outcomes) == pytest.approx(100, abs=3)

    @pytest.mark.slow
    def test_the_page_shows_what_its_tables_say(self, tmp_path: Path):
        from lxml import html

        programme = judge(read_folder(SAMPLE).programme).programme
        report = simulate_programme(programme, iterations=500, seed=1, assume="80,150")
        write_report(report, tmp_path / "risk.html")
        page = html.parse(tmp_path / "risk.html").getroot()
        text = " ".join(page.text_content().split())
        for line in report.milestones:
            assert f"{line.planned_odds}% likely to be met" in text
            share = f"“{line.milestone}”: {line.certain_share}% of the work leading to it has no range."
            assert (share in text) == bool(line.certain)
            assert line.p80 in text
        paper = read_paper(pdf_of(report))
        assert all(line.p80 in paper.text and line.milestone in paper.text for line in report.milestones)
        assert len(paper.alternatives) == 2
        assert len(page.xpath("//*[local-name()='polyline']")) == 3
        assert all(s.get("role") == "img" or s.get("aria-hidden") for s in page.xpath("//*[local-name()='svg']"))

    @pytest.mark.parametrize(
        ("risk", "message"),
        [
            ("events: [{id: e, probability: 1.2, effect: [1d, 2d, 3d], tasks: train}]\n", "Write a number up to 1"),
            ("events: [{id: e, probability: 0.2, effect: [3d, 2d, 1d], tasks: train}]\n", "is not an ascending range"),
            ("events: [{id: e, probability: 0.2, effect: [1d, 2d, 3ed], tasks: train}]\n", "range in one unit"),
            ("events: [{id: e, probability: 0.2, effect: [1pp, 1pp, 1pp], tasks: train}]\n", "needs pay periods"),
            ("events: [{id: e, probability: 0.2, effect: [1d, 2d, 3d], tasks: trian}]\n", "Did you mean 'train'?"),
            ("causes: [{id: c, correlation: 1.0, tasks: train}]\n", "less than 1"),
            ("causes: [{id: c, tasks: train}, {id: d, tasks: payroll/train}]\n", "has two causes: c and d."),
            ("causes: [{id: c, tasks: train}, {id: c, tasks: skills}]\n", "Duplicate id 'c'."),
        ],
    )
    def test_what_cannot_be_is_told_with_its_place(self, tmp_path: Path, risk: str, message: str):
        folder = a_folder(tmp_path / "trust")
        (folder / "risk.yaml").write_text(risk)
        with pytest.raises(ProblemsError) as caught:
            read_folder(folder)
        assert message in str(caught.value)
        assert str(caught.value).startswith("risk.yaml:1:")

    @pytest.mark.parametrize("estimate", ["[5d, 4d, 9d]", "[1d, 2d, 3ed]", "[4ed, 5ed, 9ed]"])
    def test_an_estimate_out_of_order_or_in_another_unit(self, tmp_path: Path, estimate: str):
        pathway = PATHWAY.replace("phase: design, duration: 5d", f"phase: design, duration: 5d, estimate: {estimate}")
        with pytest.raises(ProblemsError, match=r"pathways/short\.yaml:4:.*estimate"):
            read_folder(a_folder(tmp_path / "trust", pathway=pathway))

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"iterations": 0}, "between 100 and 1,000,000"),
            ({"assume": "150,80"}, "is not a range around 100"),
            ({"assume": None}, "no task has a range"),
        ],
    )
    def test_what_cannot_be_asked(self, tmp_path: Path, more: dict[str, object], message: str):
        programme = judge(read_folder(a_folder(tmp_path / "trust")).programme).programme
        with pytest.raises(InputError, match=message):
            simulate_programme(programme, **({"iterations": 500, "seed": 1, "assume": "80,150"} | more))  # type: ignore[arg-type]


class TestLessons:
    """Training was planned to take two days. At Ash it took four (Monday 18 to Thursday 21 January), at Beech two:
    six instead of four, half as long again. Two lessons weigh as much as the plan: (2 · 1.5 + 2) / 4 = 1.25."""

    def programme(self, tmp_path: Path, pathway: str = PATHWAY) -> Programme:
        done = {
            "payroll/ash/train": TaskProgress(at("2027-01-18T08:30"), at("2027-01-21T16:30")),
            "payroll/beech/train": TaskProgress(at("2027-01-18T08:30"), at("2027-01-19T16:30")),
        }
        return judged(tmp_path, pathway=pathway, facts=Facts(progress=done), on=date(2027, 1, 22)).programme

    def test_the_pilot_re_estimates_the_later_waves(self, tmp_path: Path):
        programme = self.programme(tmp_path)
        [lesson] = lessons(programme)
        assert (lesson.name, lesson.count, lesson.tasks) == ("Payroll: train", 2, ("payroll/cedar/train",))
        assert lesson.factor == pytest.approx(1.25)
        [drawn] = risk_model(programme, learned=[lesson]).ranges
        day = programme.minutes_per_day
        assert (drawn.low, drawn.likely, drawn.high) == (2 * day, 2.5 * day, 4 * day)

    def test_ranges_and_events_have_the_distribution_of_their_file(self, tmp_path: Path):
        programme = self.programme(tmp_path)
        event = {"id": "e", "probability": 0.5, "effect": ("1d", "2d", "9d"), "tasks": ("train",)}
        risk = Risk.model_validate({"distribution": "pert", "events": [event]})
        definition = programme.definition.model_copy(update={"risk": risk})
        model = risk_model(replace(programme, definition=definition), learned=lessons(programme))
        assert {d.distribution for d in (*model.ranges, *model.events)} == {"pert"}
        assert model.ranges
        assert model.events

    def test_a_given_range_is_stretched(self, tmp_path: Path):
        given_range = PATHWAY.replace(
            "duration: 2d, after: [system", "duration: 2d, estimate: [1d, 2d, 4d], after: [system"
        )
        programme = self.programme(tmp_path, given_range)
        drawn = next(r for r in risk_model(programme, learned=lessons(programme)).ranges if "cedar" in r.task)
        day = programme.minutes_per_day
        assert (drawn.low, drawn.likely, drawn.high) == (round(1.25 * day), round(2.5 * day), 5 * day)

    @pytest.mark.slow
    def test_it_is_said_how_much_and_why(self, tmp_path: Path):
        report = simulate_programme(self.programme(tmp_path), iterations=200, seed=1)
        assert report.lessons[0] == (
            "“Payroll: train” took 3 days on average, not the planned 2 days (2 cases so far). With so little "
            "evidence, the simulations allow for only part of this: they assume that the 1 similar task still to come "
            "will take about 1.2 times as long as planned."
        )
        assert (
            simulate_programme(self.programme(tmp_path), iterations=200, seed=1, assume="80,150", learn=False).lessons
            == ()
        )
