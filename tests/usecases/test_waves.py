"""Waves of the sample trust: three plans, checked against the calendars as well; what conflicts; a slipped pilot."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError, ProblemsError, RenamedWarning, UnknownThingError
from changeflow.intake.folder import Folder, read_folder
from changeflow.planning.waves import wave_problem
from changeflow.programme.announcements import forecast_announcements
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.documents import pdf_of, write_report
from changeflow.reports.wave_pictures import draw
from changeflow.reports.waves import waves_report
from changeflow.reports.waves_text import conflict_text, waves_text
from changeflow.roadmap.model.requests import SchoolRollout, ServiceRollout
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import wave_names
from changeflow.rules.engine import judge
from changeflow.usecases.waves import Waves, pair_named, plan_waves
from changeflow.values.duration import Duration
from changeflow.values.moments import format_day
from changeflow.values.words import Kind
from tests.builders import PROGRAMME, a_folder, at
from tests.conftest import SAMPLE
from tests.paper import read_paper
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

FIRST_WORKING_DAYS = {(2027, 5): 4, (2027, 8): 2, (2028, 1): 4, (2028, 4): 3, (2028, 5): 2}
"""Of months that begin on a day off: 1 and 2 May 2027 are a weekend, 3 May is a bank holiday."""
TERMS = {
    "northshire": [("2026-09-02", "2026-12-18"), ("2027-01-04", "2027-03-24"), ("2027-04-12", "2027-07-21")],
    "westmere": [("2026-09-03", "2026-12-18"), ("2027-01-04", "2027-03-24"), ("2027-04-12", "2027-07-22")],
}


@pytest.fixture(scope="module")
def programme(sample: Folder) -> Programme:
    return judge(sample.programme).programme


@pytest.fixture(scope="module")
def waves(programme: Programme) -> Waves:
    return plan_waves(programme, seconds=PATIENCE, effort=0.5, seed=1)


def with_rollout(programme: Programme, **changes: Any) -> Programme:
    rollout = programme.definition.rollout.model_copy(update=changes)
    return replace(programme, definition=programme.definition.model_copy(update={"rollout": rollout}))


def with_schools(programme: Programme, schools: Mapping[str, Mapping[str, Any]]) -> Programme:
    known = programme.definition.rollout.schools
    changed = {s: known.get(s, SchoolRollout()).model_copy(update=dict(more)) for s, more in schools.items()}
    return with_rollout(programme, schools={**known, **changed})


class TestThreePlans:
    @pytest.mark.thorough
    def test_each_keeps_every_promise(self, waves: Waves):
        assert [o.style.key for o in waves.offers] == ["earliest", "calmest", "fewest-changes"]
        for offer in waves.offers:
            assert check_plan(waves.problem, offer.plan) == ()
            assert len(offer.plan.chosen) == 42

    @pytest.mark.thorough
    def test_each_is_best_at_what_it_puts_first(self, waves: Waves):
        earliest, calmest, fewest = (o.numbers for o in waves.offers)
        assert earliest.mean_week <= min(calmest.mean_week, fewest.mean_week)
        assert sum(calmest.peaks.values()) <= min(sum(earliest.peaks.values()), sum(fewest.peaks.values()))
        assert fewest.announced_moved <= min(earliest.announced_moved, calmest.announced_moved)

    def test_no_go_live_falls_where_the_wall_calendar_forbids_it(self, waves: Waves, programme: Programme):
        """Looked at by the dates themselves: openings, exams, December for payroll, and training in term."""
        for offer in waves.offers:
            for (school, service), chosen in offer.plan.chosen.items():
                first = FIRST_WORKING_DAYS.get((chosen.day.year, chosen.day.month), 1)
                assert chosen.day.day == first, "a month or a pay period opens on its first working day"
                if service == "payroll":
                    assert chosen.day.month != 12
                    assert not date(chosen.day.year, 4, 6) <= chosen.day <= date(chosen.day.year, 4, 30)
                if service == "finance":
                    assert chosen.day.month != 12
                terms = TERMS.get(programme.school(school).authority, [])
                for placement in chosen.placements:
                    if placement.kind is Kind.TRAINING and chosen.day < date(2027, 7, 1):
                        for week in placement.weeks:
                            monday = waves.problem.monday(week)
                            days = [monday + timedelta(days=n) for n in range(5)]
                            in_term = [d for d in days for a, b in terms if a <= d.isoformat() <= b]
                            assert len(in_term) >= 3, (school, service, monday)

    def test_the_pilot_of_the_plan_is_kept_and_waves_have_the_names_of_the_plan(self, waves: Waves):
        pilot = {(s, v) for s in ("oakfield", "ashdown", "bridge") for v in ("payroll", "finance", "estates")}
        for offer in waves.offers:
            assert offer.plan.pilot == pilot
            names = wave_names(waves.problem, offer.plan)
            assert {names[pair] for pair in pilot} == {"pilot wave"}
            for service in ("payroll", "finance", "estates"):
                later = {offer.plan.week(p): names[p] for p in offer.plan.chosen if p[1] == service and p not in pilot}
                assert [later[w] for w in sorted(later)] == [f"wave {n + 2}" for n in range(len(later))]

    def test_a_pilot_that_is_not_kept_is_said_with_the_reason(self, programme: Programme):
        asked = with_schools(programme, {"ashdown": {"pilot": False}})
        services = {"payroll": ServiceRollout(pilot=False)}
        problem = wave_problem(with_rollout(asked, services=services))
        assert problem.notes[0].startswith("Estates: Ashdown Primary is in the plan's pilot wave but not in this pilot")
        assert any(n.startswith("Payroll: no pilot with") for n in problem.notes)
        assert problem.in_pilot(("oakfield", "estates"))
        assert problem.in_pilot(("ashdown", "estates")) is False
        assert not problem.services["payroll"].has_pilot

    def test_a_set_day_in_the_middle_of_a_week_is_that_day(self, programme: Programme):
        """Estates opens every week here; Harbour is set to Wednesday 8 September."""
        asked = with_schools(programme, {"harbour": {"fixed": {"estates": date(2027, 9, 8)}}})
        problem = wave_problem(with_rollout(asked, services={"estates": ServiceRollout(opens_on="week")}))
        days = [c.day for c in problem.candidates["harbour", "estates"]]
        assert date(2027, 9, 8) in days
        assert date(2027, 9, 6) not in days
        assert date(2027, 9, 6) in [c.day for c in problem.candidates["meadow", "estates"]]

    def test_a_reluctant_school_is_in_every_pilot(self, waves: Waves):
        for offer in waves.offers:
            assert {("oakfield", s) for s in ("estates", "finance", "payroll")} <= offer.plan.pilot

    @pytest.mark.thorough
    def test_the_page_shows_what_the_table_says(self, waves: Waves, programme: Programme, tmp_path: Path):
        from lxml import html

        report = waves_report(programme.name, waves.problem, waves.offers)
        write_report(report, tmp_path / "waves.html", pictures=[draw(waves.problem, o.plan) for o in waves.offers])
        page = html.parse(tmp_path / "waves.html").getroot()
        titles = page.xpath("//*[local-name()='svg']//*[local-name()='title']/text()")
        assert sum("Oakfield School, Payroll" in t for t in titles) == 3
        assert all(s.get("role") == "img" or s.get("aria-hidden") for s in page.xpath("//*[local-name()='svg']"))
        text = " ".join(page.text_content().split())
        for plan in report.plans:
            assert plan.name in text
            assert all(w.day in text for w in plan.waves)
        drawn = [draw(waves.problem, o.plan) for o in waves.offers]
        paper = read_paper(pdf_of(report, pictures=drawn))
        assert all(w.day in paper.text for plan in report.plans for w in plan.waves)
        assert len(paper.alternatives) == sum(1 + len(d.loads) for d in drawn)
        lines = list(waves_text(report))
        assert any("Oakfield School" in line for line in lines)


class TestConflicts:
    @pytest.mark.thorough
    def test_two_schools_fixed_to_one_date_and_kept_apart(self, programme: Programme):
        """1 August 2027 is a Sunday. It stands for its pay period, whose go-lives are on Monday the 2nd."""
        day = date(2027, 8, 1)
        fixed = {s: {"fixed": {"payroll": day}} for s in ("harbour", "meadow")}
        asked = with_rollout(with_schools(programme, fixed), apart=(("harbour", "meadow"),))
        found = plan_waves(asked, seconds=PATIENCE, effort=0.5, seed=1)
        assert found.offers == ()
        assert found.is_minimal
        assert set(found.conflict) == {
            "Harbour Academy goes live with Payroll on 1 Aug 2027.",
            "Meadow Primary goes live with Payroll on 1 Aug 2027.",
            "Harbour Academy and Meadow Primary never go live in the same week.",
        }
        assert "Let Harbour Academy and Meadow Primary go live in the same week." in found.relaxations
        assert found.report is not None
        assert {line.group for line in found.report.limits} == {
            "fixed:harbour/payroll",
            "fixed:meadow/payroll",
            "apart:harbour/meadow",
        }
        assert [line.text for line in found.report.ways] == list(found.relaxations)
        lines = list(conflict_text(found.conflict, found.relaxations, is_minimal=True))
        assert lines[0].startswith("There is no plan. These limits cannot all be met")

    @pytest.mark.thorough
    def test_a_last_date_that_is_too_soon_says_how_much_later(self, programme: Programme):
        found = plan_waves(with_rollout(programme, latest=date(2027, 10, 15)), seconds=PATIENCE, effort=0.5, seed=1)
        assert found.offers == ()
        assert any(w.startswith("Let the last go-live be") for w in found.relaxations)

    @pytest.mark.usual(1)
    @pytest.mark.parametrize(
        ("school", "day", "obstacle"),
        [
            ({}, date(2027, 8, 17), "Payroll goes live on the first working day of a pay period"),
            (
                {},
                date(2027, 5, 1),
                "the work before it is not done: “Payroll, pilot: go/no-go decision” ends on",
            ),
            ({"earliest": date(2027, 10, 1)}, date(2027, 8, 1), "the school asked for 1 Oct 2027 at the earliest"),
            ({"latest": date(2027, 7, 1)}, date(2027, 8, 1), "the school asked for 1 Jul 2027 at the latest"),
            ({}, date(2028, 7, 1), "the last day of any go-live is 31 May 2028"),
            ({}, date(2026, 8, 1), "it is before the data date"),
        ],
    )
    def test_a_fixed_day_that_cannot_be_names_what_it_contradicts(
        self, programme: Programme, school: dict[str, date], day: date, obstacle: str
    ):
        asked = with_schools(programme, {"harbour": {"fixed": {"payroll": day}, **school}})
        found = plan_waves(asked, seconds=PATIENCE, effort=0.5, seed=1)
        [sentence] = found.conflict
        assert found.report is not None
        assert [line.group for line in found.report.limits] == ["fixed:harbour/payroll"]
        fixed = f"Harbour Academy, Payroll is fixed to {format_day(day)}, which is impossible: "
        assert sentence.startswith(fixed)
        assert obstacle in sentence

    def test_no_time_at_all_is_refused(self, programme: Programme):
        with pytest.raises(InputError, match="Give the search some time"):
            plan_waves(programme, seconds=0, seed=1)

    def test_a_pair_that_is_not_there(self, waves: Waves):
        with pytest.raises(UnknownThingError, match="Did you mean 'oakfield/payroll'"):
            pair_named(waves.problem, "oakfeld/payroll")


class TestASlippedPilot:
    """The dates of the plan were announced. By 1 June payroll's pilot has trained, and its parallel run goes on to the
    end of June: it goes live on 1 July instead of 1 June. The others' dates stay, where they can."""

    def replanned(self, sample: Folder, programme: Programme) -> Waves:
        on = date(2027, 1, 4)
        said = tuple(forecast_announcements(with_rollout(programme, announced_as_planned=False), on=on, how="letter"))
        done = {
            t.id: TaskProgress(programme.timed(t.id).early_start, programme.timed(t.id).early_finish)
            for t in programme.tasks()
            if programme.timed(t.id).early_finish < at("2027-05-04")
            and t.id not in {m.task for m in programme.milestones}
        }
        done.pop("payroll/pilot/parallel-run", None)
        done["payroll/pilot/parallel-run"] = TaskProgress(at("2027-03-01T08:30"), None, Duration(20 * 450))
        known = Facts(progress=done, announcements=said)
        late, _ = join(sample.definition, rulepacks=sample.rulepacks, facts=known, on=date(2027, 6, 1))
        return plan_waves(judge(late).programme, seconds=PATIENCE, effort=0.5, seed=1)

    @pytest.mark.thorough
    def test_the_fewest_announced_dates_move_and_the_report_names_them(self, sample: Folder, programme: Programme):
        found = self.replanned(sample, programme)
        fewest = found.offers[-1]
        assert fewest.style.key == "fewest-changes"
        assert fewest.is_proved
        assert all(fewest.numbers.announced_moved <= o.numbers.announced_moved for o in found.offers)
        report = waves_report(programme.name, found.problem, found.offers)
        moves = {m.pair: m.weeks for m in report.plans[-1].moves}
        assert len(moves) == fewest.numbers.announced_moved
        pilots = {f"{found.problem.schools[s].name}, Payroll" for s in ("oakfield", "ashdown", "bridge")}
        assert pilots <= set(moves), "what has slipped has moved"
        assert all(abs(weeks) <= 26 for weeks in moves.values()), "and nobody far without need"
        past = {p for p, w in found.problem.fixed.items()}
        assert {("oakfield", "payroll")} <= past
        assert all(fewest.plan.week(p) == w for p, w in found.problem.fixed.items())


class TestFolder:
    def test_everything_left_out_has_a_default(self, tmp_path: Path):
        folder = read_folder(a_folder(tmp_path / "trust"))
        found = plan_waves(judge(folder.programme).programme, seconds=PATIENCE, effort=0.5, seed=1)
        assert [o.style.key for o in found.offers] == ["earliest", "calmest", "compromise"]
        assert len(found.offers[0].plan.chosen) == 3
        assert found.offers[0].plan.pilot == frozenset(), "three schools need no pilot"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "teams: {trainers: {days_per_week: 0}}\n",
                "rollout.yaml:1:35: '0' is too small for 'days_per_week'. Write a number more than 0.",
            ),
            ("teams: {t: {days_per_week: 2, backfill: 2}}\n", "everyday work takes all of the team's days."),
            ("services: {payrol: {}}\n", "There is no service 'payrol'. Did you mean 'payroll'?"),
            ("services: {payroll: {activities: [{team: ict}]}}\n", "There is no team 'ict'."),
            ("schools: {oak: {}}\n", "There is no school 'oak'."),
            ("schools: {ash: {risk: 6}}\n", "'6' is too large for 'risk'. Write a number up to 5."),
            ("schools: {ash: {earliest: 2027-06-01, latest: 2027-05-01}}\n", "The window of ash is empty"),
            ("services: {payroll: {earliest: 2027-06-01, latest: 2027-05-01}}\n", "The window of payroll is empty"),
            ("services: {payroll: {after: {payroll: 4}}}\n", "'payroll' and 'payroll' wait for each other."),
            ("apart: [[ash, ash]]\n", "'ash' cannot keep apart from itself."),
            ("latest: 2026-01-01\n", "The window of the rollout is empty"),
        ],
    )
    def test_mistakes_are_told_with_their_place(self, tmp_path: Path, text: str, message: str):
        folder = a_folder(tmp_path / "trust", programme=PROGRAMME)
        (folder / "rollout.yaml").write_text(text)
        with pytest.raises(ProblemsError) as caught:
            read_folder(folder)
        assert message in str(caught.value)
        assert str(caught.value).startswith("rollout.yaml:1:")

    def test_old_names_of_keys_still_work_and_say_the_new_ones(self, tmp_path: Path):
        folder = a_folder(tmp_path / "trust")
        file = folder / "rollout.yaml"
        file.write_text("announced_as_planned: true\nweights: {announced: 3, announced_week: 1}\n")
        new = read_folder(folder).definition
        file.write_text("told_as_planned: true\nprices: {told: 3, told_week: 1}\nhubs: {together: price}\n")
        done = CliRunner().invoke(app, ["validate", str(folder)])
        assert done.exit_code == 0, done.output
        assert set(done.stderr.splitlines()) == {
            "rollout.yaml: 'together: price' is now 'together: weight'. The old name still works.",
            "rollout.yaml:1:1: 'told_as_planned' is now called 'announced_as_planned'. The old name still works.",
            "rollout.yaml:2:1: 'prices' is now called 'weights'. The old name still works.",
            "rollout.yaml:2:10: 'told' is now called 'announced'. The old name still works.",
            "rollout.yaml:2:19: 'told_week' is now called 'announced_week'. The old name still works.",
        }
        with pytest.warns(RenamedWarning):
            assert read_folder(folder).definition == new
        assert '"rollout": {"prices": {"told": 3.0, "told_week": 1.0}, "told_as_planned": true}' in new.canonical()

    @pytest.mark.thorough
    def test_the_command_answers_in_json_and_why(self, tmp_path: Path):
        folder = a_folder(tmp_path / "trust")
        done = CliRunner().invoke(app, ["waves", str(folder), "--format", "json", "--seconds", "300"])
        assert done.exit_code == 0
        plans = json.loads(done.stdout)["plans"]
        assert [p["key"] for p in plans] == ["earliest", "calmest", "compromise"]
        asked = CliRunner().invoke(app, ["waves", str(folder), "--why", "cedar/payroll", "--seconds", "300"])
        assert "Cedar School goes live with Payroll on" in asked.stdout
        (folder / "rollout.yaml").write_text(
            "schools: {ash: {fixed: {payroll: 2027-01-12}}}\nservices: {payroll: {opens_on: month}}\n"
        )
        refused = CliRunner().invoke(app, ["waves", str(folder), "--seconds", "300"])
        assert refused.exit_code == 3
        assert "which is impossible" in refused.stderr


def test_the_sample_says_what_it_plans_with():
    assert (SAMPLE / "rollout.yaml").is_file()
    assert wave_problem(judge(read_folder(SAMPLE).programme).programme).capacity
