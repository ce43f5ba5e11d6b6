"""Levelling a programme: dates to the minute, decisions, and what cannot be.

The small programme's week is Monday to Friday, 08:30 to 12:30 and 13:00 to 16:30; it begins on 4 January 2027.
"""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import CheckFailedError, InputError, ProblemsError, UnknownThingError
from changeflow.intake.folder import Folder, read_folder
from changeflow.planning.levelling import LevelledProgramme, level_programme
from changeflow.planning.risk import keeping_people_order
from changeflow.programme.programme import Programme
from changeflow.reports.documents import pdf_of, write_report
from changeflow.reports.levelling import level_report, level_text
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.roadmap.levelling.teams import Capacity, overloads
from changeflow.rules.engine import judge
from changeflow.usecases.levelling import Decisions, decide, level_plan
from changeflow.values.duration import Duration
from changeflow.values.moments import day_of
from tests.builders import PROGRAMME, SERVICE, a_folder
from tests.paper import read_paper
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

QUICK = SearchEffort(seconds=PATIENCE, effort=0.2)
TASKS = """\
  build: {duration: 10d, needs: {ict: 1}}
  move: {duration: 5d, needs: {ict: 1}}
  tell: {duration: 2d, after: move}
"""
DONE = "  done: {name: All is done, after: [programme/build, programme/tell], deadline: 2027-01-20}\n"
ICT = "teams:\n  ict: {name: ICT, days_per_week: 5}\n"


def small(path: Path, tasks: str = TASKS, rollout: str = ICT, **more: str) -> Programme:
    text = PROGRAMME.replace("tasks:\n", f"tasks:\n{tasks}").replace("milestones:\n", f"milestones:\n{DONE}")
    a_folder(path, programme=text)
    for name, content in {"rollout.yaml": rollout, **more}.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(content)
    return judge(read_folder(path).programme).programme


def levelled(programme: Programme) -> LevelledProgramme:
    return level_programme(programme, QUICK)


def starts(found: LevelledProgramme, *tasks: str) -> list[date]:
    return [day_of(found.after[f"programme/{t}"][0]) for t in tasks]


@pytest.fixture(scope="module")
def of_sample(sample: Folder) -> LevelledProgramme:
    return level_programme(judge(sample.programme).programme, QUICK)


class TestByHand:
    def test_one_person_does_one_thing_after_the_other(self, tmp_path: Path) -> None:
        """Ten days and five, from Monday 4 January: whoever begins, the other waits. With `tell` behind `move`, the end
        is sooner when `move` goes first: 4 to 8 January, then `build` from the 11th to the 22nd."""
        found = levelled(small(tmp_path))
        assert starts(found, "move", "build", "tell") == [date(2027, 1, 4), date(2027, 1, 11), date(2027, 1, 11)]
        (move,) = found.moves
        assert (move.wait.task, move.wait.team, move.behind) == ("programme/build", "ict", ("programme/move",))

    def test_what_a_move_costs_and_what_refusing_it_leaves_undone(self, tmp_path: Path) -> None:
        """Without waiting `build` would be done on Friday 15th and not on Friday 22nd: seven days. Both would then ask
        for one person from the 4th to the 8th: five days of work without anyone."""
        report = level_report(levelled(small(tmp_path)))
        (move,) = report.moves
        assert dict(move.costs) == {"All is done": 7}
        assert (move.days, move.short_days) == (5, 5.0)
        (team,) = report.teams
        assert (team.peak_before, team.peak_after, team.short_days) == (200, 100, 5.0)
        late = next(m for m in report.milestones if m.name == "All is done")
        assert (late.after, late.is_late) == ("22 Jan 2027", True)

    def test_half_a_person_twice_is_one(self, tmp_path: Path) -> None:
        found = levelled(small(tmp_path, TASKS.replace("{ict: 1}", "{ict: 0.5}")))
        assert found.moves == ()
        assert found.is_best

    def test_a_team_that_is_away(self, tmp_path: Path) -> None:
        """No one is there in the first week: both wait."""
        away = ICT.replace(
            "days_per_week: 5", "days_per_week: 5, away: [{first_day: 2027-01-04, last_day: 2027-01-08}]"
        )
        found = levelled(small(tmp_path, rollout=away))
        assert starts(found, "move", "build") == [date(2027, 1, 11), date(2027, 1, 18)]

    @pytest.mark.thorough
    def test_a_whole_period_whose_first_days_are_short_is_the_next_one(self, tmp_path: Path) -> None:
        """May begins on a Saturday, and Monday is a bank holiday: a period from the 1st could still begin on Tuesday.
        But others work at weekends, so its people are held on the 1st, when they are away: it begins on 1 June."""
        tasks = """\
  build: {duration: 1pp, start_no_earlier: 2027-04-20, needs: {ict: 1}}
  tell: {duration: 1d, calendar: every_day}
"""
        away = "away: [{first_day: 2027-05-01, last_day: 2027-05-02, days_per_week: 0}]"
        rollout = f"teams:\n  ict: {{name: ICT, days_per_week: 5, {away}}}\n"
        pay = "calendar: trust\npay_periods: {first_month: 2026-09, months: 24, payday: 25}\n"
        programme = small(tmp_path, tasks, rollout, **{"calendars/trust.yaml": pay})
        assert starts(levelled(programme), "build") == [date(2027, 6, 1)]

    def test_people_leave_a_task_that_a_holiday_interrupts_unless_it_holds_them(self, tmp_path: Path) -> None:
        """Training at the schools begins on Thursday 21 January, and half-term comes from the 22nd to the 26th: its
        second day is the 27th. A job of two days that wants to start on the 22nd fits between, unless training holds
        its people."""
        terms = (
            "calendar: north\nauthority: north\nterms:\n"
            "  - {name: Spring, first_day: 2027-01-04, last_day: 2027-03-26, half_term: [2027-01-22, 2027-01-26]}\n"
            "  - {name: Summer, first_day: 2027-04-12, last_day: 2027-07-21}\n"
        )
        job = "  job: {duration: 2d, start_no_earlier: 2027-01-22, needs: {ict: 1}}\n"
        for holds, day in ((False, 22), (True, 28)):
            teach = f"  teach: {{kind: training, duration: 2d, calendar: term, start_no_earlier: 2027-01-21, must_start: 2027-01-21, needs: {{ict: 1}}, holds_people: {str(holds).lower()}}}\n"  # noqa: E501
            folder = tmp_path / str(holds)
            folder.mkdir()
            (folder / "calendars").mkdir()
            (folder / "calendars" / "north.yaml").write_text(terms)
            found = levelled(small(folder, teach + job + TASKS.replace(", needs: {ict: 1}", "")))
            assert starts(found, "teach", "job") == [date(2027, 1, 21), date(2027, 1, day)]

    def test_soon_enough_after_training(self, tmp_path: Path) -> None:
        """Skills are to be shown within two days of training, and the assessor is busy until 22 January: training,
        which could be done on 19 January, waits with it."""
        tasks = "  busy: {duration: 15d, needs: {assessors: 1}}\n" + TASKS.replace(", needs: {ict: 1}", "")
        service = "tasks:\n  train: {needs: {ict: 0.5}}\n  skills: {needs: {assessors: 1}}\n"
        rollout = ICT + "  assessors: {days_per_week: 5}\n"
        keep = "pinned: {programme/busy: 2027-01-04}\n"
        keep += "keep_within:\n  - {after: payroll/train, start: payroll/skills, within: 2d}\n"
        programme = small(
            tmp_path, tasks, rollout, **{"levelling.yaml": keep, "services/payroll.yaml": SERVICE + service}
        )
        found = levelled(programme)
        assert found.broken_keeps == ()
        for school, wave in (("ash", "w1"), ("beech", "w1"), ("cedar", "w2")):
            taught, shown = found.after[f"payroll/{school}/train"][1], found.after[f"payroll/{wave}/skills"][0]
            assert 0 <= programme.roadmap.calendars["office"].between(taught, shown) <= 2 * 450
        assert day_of(found.after["payroll/w1/skills"][0]) >= date(2027, 1, 25)
        assert "waits for the task that must follow soon after" in "\n".join(level_text(level_report(found)))


class TestDecisions:
    def test_accepted_moves_are_the_plan(self, tmp_path: Path) -> None:
        found = levelled(small(tmp_path))
        said = decide(tmp_path, found, Decisions(accept=("all",), pin={}))
        assert said == ("programme/build: accepted, from 11 Jan 2027",)
        assert "build: 2027-01-11\n" in (tmp_path / "levelling.yaml").read_text()
        again = judge(read_folder(tmp_path).programme).programme
        assert day_of(again.timed("programme/build").early_start) == date(2027, 1, 11)
        assert levelled(again).moves == ()

    def test_a_refused_task_stays_and_others_work_around_it(self, tmp_path: Path) -> None:
        found = levelled(small(tmp_path))
        decide(tmp_path, found, Decisions(refuse=("programme/build",), pin={}))
        again = levelled(judge(read_folder(tmp_path).programme).programme)
        assert starts(again, "build", "move") == [date(2027, 1, 4), date(2027, 1, 18)]

    def test_a_pin_holds_and_the_last_decision_counts(self, tmp_path: Path) -> None:
        found = levelled(small(tmp_path))
        decide(tmp_path, found, Decisions(refuse=("programme/build",), pin={}))
        decide(tmp_path, found, Decisions(pin={"programme/build": datetime(2027, 1, 6)}))
        again = levelled(judge(read_folder(tmp_path).programme).programme)
        assert starts(again, "build", "move") == [date(2027, 1, 6), date(2027, 1, 20)]
        assert "refused: []" in (tmp_path / "levelling.yaml").read_text()

    def test_comments_stay(self, tmp_path: Path) -> None:
        found = levelled(small(tmp_path))
        (tmp_path / "levelling.yaml").write_text("# agreed with ICT\npinned:\n  programme/move: 2027-01-04  # first\n")
        decide(tmp_path, found, Decisions(accept=("programme/build",), pin={}))
        text = (tmp_path / "levelling.yaml").read_text()
        assert "# agreed with ICT" in text
        assert "# first" in text

    @pytest.mark.parametrize(
        ("decisions", "error"),
        [
            (Decisions(accept=("programme/tell",), pin={}), UnknownThingError),
            (Decisions(refuse=("programme/tel",), pin={}), UnknownThingError),
            (Decisions(pin={"programme/tell": datetime(2026, 12, 1)}), InputError),
        ],
    )
    def test_what_cannot_be_decided_writes_nothing(
        self, tmp_path: Path, decisions: Decisions, error: type[Exception]
    ) -> None:
        found = levelled(small(tmp_path))
        with pytest.raises(error):
            decide(tmp_path, found, decisions)
        assert not (tmp_path / "levelling.yaml").exists()


class TestInASimulation:
    def test_who_waits_for_people_goes_on_waiting_for_them(self, tmp_path: Path) -> None:
        """`build` waits for the person who does `move`, of 5 days. Where `move` takes 15, `build` begins two weeks
        later, and its planned date of 11 January no longer holds it."""
        found = levelled(small(tmp_path))
        decide(tmp_path, found, Decisions(accept=("all",), pin={}))
        accepted = judge(read_folder(tmp_path).programme).programme
        roadmap = keeping_people_order(accepted)
        assert [(k.predecessor, k.successor) for k in roadmap.links if k.origin == "people"] == [
            ("programme/move", "programme/build")
        ]
        same = time_roadmap(roadmap)
        assert all(same[t].early_start == accepted.timed(t).early_start for t in roadmap.tasks)
        longer = replace(roadmap.tasks["programme/move"], duration=Duration(15 * 450))
        slow = time_roadmap(replace(roadmap, tasks={**roadmap.tasks, "programme/move": longer}))
        assert day_of(slow["programme/build"].early_start) == date(2027, 1, 25)

    def test_a_plan_without_moves_is_as_it_was(self, of_sample: LevelledProgramme) -> None:
        assert keeping_people_order(of_sample.programme) is of_sample.programme.roadmap


class TestBadInput:
    def test_pins_that_need_more_people_than_there_are_are_refused(self, tmp_path: Path) -> None:
        pins = "pinned:\n  programme/build: 2027-01-04\n  programme/move: 2027-01-06\n"
        with pytest.raises(
            CheckFailedError, match="programme/build and programme/move need 2 people from ICT on 6 Jan 2027"
        ):
            levelled(small(tmp_path, **{"levelling.yaml": pins}))

    def test_a_pin_that_its_links_forbid(self, tmp_path: Path) -> None:
        pins = "pinned:\n  programme/move: 2027-01-11\n  programme/tell: 2027-01-12\n"
        says = (
            "programme/tell is pinned on 12 Jan 2027, but its links allow no start before 18 Jan 2027, "
            "because programme/move is pinned"
        )
        with pytest.raises(CheckFailedError, match=says):
            levelled(small(tmp_path, **{"levelling.yaml": pins}))

    def test_what_the_files_cannot_say(self, tmp_path: Path) -> None:
        """Teams and tasks that are not there, more people than a team has: all at once, with their places."""
        tasks = "  a: {duration: 1d, needs: {itc: 1}}\n  b: {duration: 1d, needs: {ict: 3}}\n"
        more = {
            "levelling.yaml": "pinned:\n  programme/bild: 2027-01-04\n  programme/move: 2026-12-01\n"
            "refused: [programme/move]\n"
            "keep_within:\n  - {after: nothing, start: programme/move, within: 2d}\n"
        }
        with pytest.raises(ProblemsError) as caught:
            small(tmp_path, tasks + TASKS, **more)
        said = str(caught.value)
        assert "There is no team 'itc'. Did you mean 'ict'?" in said
        assert "'b' needs 3 people from 'ict', which has only 1." in said
        assert "levelling.yaml:2:3" in said
        assert "pinned on 1 Dec 2026, and the programme begins on 4 Jan 2027" in said
        assert "'programme/move' is pinned, and its move is refused as well." in said
        assert "There is no task 'nothing'." in said

    def test_a_programme_without_needs_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="No task says which people it needs"):
            levelled(small(tmp_path, TASKS.replace(", needs: {ict: 1}", "")))

    def test_no_time_to_search(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="some time"):
            level_plan(small(tmp_path), seconds=0, seed=1)

    def test_work_that_no_time_can_hold(self, tmp_path: Path) -> None:
        away = ICT.replace(
            "days_per_week: 5", "days_per_week: 5, away: [{first_day: 2027-01-01, last_day: 2040-01-01}]"
        )
        with pytest.raises(InputError, match="does not fit before"):
            levelled(small(tmp_path, rollout=away))


class TestOnTheSample:
    def test_nobody_is_asked_for_more_than_there_is(self, of_sample: LevelledProgramme) -> None:
        roadmap = of_sample.programme.roadmap
        assert overloads(roadmap, of_sample.before, of_sample.capacity)
        assert overloads(roadmap, of_sample.after, of_sample.capacity) == ()

    def test_every_link_holds(self, of_sample: LevelledProgramme) -> None:
        """Every finish-to-start link without lag, by the dates alone."""
        for link in of_sample.programme.roadmap.links:
            if link.type == "FS" and not link.lag.amount:
                assert of_sample.after[link.successor][0] >= of_sample.after[link.predecessor][1]

    def test_report_page_and_json_say_the_same(self, of_sample: LevelledProgramme, tmp_path: Path) -> None:
        report = level_report(of_sample)
        text = "\n".join(level_text(report))
        write_report(report, tmp_path / "level.html")
        write_report(report, tmp_path / "level.json")
        paper = read_paper(pdf_of(report))
        page, data = (tmp_path / "level.html").read_text(), json.loads((tmp_path / "level.json").read_text())
        assert len(data["moves"]) == len(report.moves) > 0
        for move in report.moves:
            assert move.task in text
            assert move.name in page
            assert move.starts in text
            assert move.starts in paper.text
        with pytest.raises(InputError):
            write_report(report, tmp_path / "level.docx")

    @pytest.mark.thorough
    @pytest.mark.parametrize("seed", [101, 105, 123, 128])
    def test_whoever_is_needed_the_checker_agrees(self, sample_programme: Programme, seed: int) -> None:
        """Needs, holds and capacities at random: the count minute by minute finds no one asked for twice."""
        rng = np.random.default_rng(seed)
        capacity = Capacity(sample_programme.definition.rollout.teams)
        roadmap = sample_programme.roadmap
        tasks = {
            name: replace(
                task,
                needs={t: int(rng.integers(1, capacity.most(t) + 1)) for t in capacity.teams if rng.random() < 0.15},
                holds_people=bool(rng.random() < 0.3),
            )
            for name, task in roadmap.tasks.items()
        }
        changed = replace(sample_programme, roadmap=replace(roadmap, tasks=tasks), _by_kind={})
        found = level_programme(changed, SearchEffort(seconds=PATIENCE, effort=0.05))
        assert len(found.moves) > 20
        assert overloads(changed.roadmap, found.after, found.capacity) == ()


@pytest.fixture(scope="module")
def sample_programme(sample: Folder) -> Programme:
    return judge(sample.programme).programme


def test_the_command(tmp_path: Path) -> None:
    small(tmp_path)
    run = CliRunner().invoke(app, ["level", str(tmp_path), "--seconds", "300"])
    assert run.exit_code == 0, run.output
    assert "programme/build: starts on 11 Jan 2027 (planned 4 Jan 2027, 5 working days later)" in run.output
    assert "waits for ICT, busy with “Move”" in run.output
    data = CliRunner().invoke(app, ["level", str(tmp_path), "--seconds", "300", "--format", "json"])
    assert json.loads(data.stdout)["moves"][0]["task"] == "programme/build"
    refused = CliRunner().invoke(app, ["level", str(tmp_path), "--seconds", "300", "--pin", "programme/build"])
    assert refused.exit_code == 4
