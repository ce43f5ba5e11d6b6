"""What would keep a date, on the small programme: worked by hand where the ranges allow it."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import CheckFailedError, InputError, ProblemsError, RenamedWarning, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.programme.definition import Definition
from changeflow.programme.programme import Programme
from changeflow.reports.recovery import RecoveryAnswer
from changeflow.rules.engine import judge
from changeflow.usecases.recovery import find_recovery
from tests.builders import PROGRAMME, a_folder

TASKS = """\
  build: {duration: 20d, estimate: [20d, 20d, 40d]}
  check: {duration: 10d, estimate: [10d, 10d, 10d], after: build}
"""
DONE = "  done: {name: All is done, after: programme/check, deadline: 2027-02-26}\n"
RISK = """\
events:
  - {id: flood, probability: 0.5, effect: [10d, 10d, 10d], tasks: programme/check}
recovery_options:
  - {id: helper, name: A helper, cost: 30, shorten: {programme/build: 50}}
  - {id: pumps, name: Pumps, cost: 10, events: {flood: 0.0}}
  - {id: weekends, name: Weekends, cost: 5, shorten: {programme/check: 90}}
"""


def small(path: Path, risk: str = RISK, tasks: str = TASKS) -> Programme:
    text = PROGRAMME.replace("tasks:\n", f"tasks:\n{tasks}").replace("milestones:\n", f"milestones:\n{DONE}")
    (a_folder(path, programme=text) / "risk.yaml").write_text(risk)
    return judge(read_folder(path).programme).programme


def asked(
    programme: Programme, by: date | None = None, percent: int = 80, assume: str | None = "100,100"
) -> RecoveryAnswer:
    return find_recovery(programme, "done", by=by, percent=percent, iterations=1_000, seed=1, assume=assume)


class TestByHand:
    """`build` takes 20 to 40 days from Monday 4 January, with P80 at 40 - 20 * sqrt(0.2) = 31.06 days (triangular, its
    likely value at the low end); `check` takes 10, and 20 where the flood comes, in half of all cases.

    A trust's week has five days: 41.06 days end on Tuesday 2 March, 31.06 on Tuesday 16 February."""

    @pytest.mark.slow
    def test_the_cheapest_that_is_enough(self, tmp_path: Path) -> None:
        """By 3 March without the flood P80 is kept: pumps for 10 do it, the helper for 30 would as well."""
        kept = asked(small(tmp_path), date(2027, 3, 3)).kept
        assert [c.id for c in kept.chosen or ()] == ["pumps"]
        assert kept.alone["helper"].at < kept.now.at
        assert kept.then.odds >= 0.8 > kept.now.odds

    @pytest.mark.slow
    def test_two_together(self, tmp_path: Path) -> None:
        """By 12 February: the helper halves `build` (P80 at 15.53 days), and without pumps the flood takes half of all
        cases past it: both are needed."""
        kept = asked(small(tmp_path), date(2027, 2, 12)).kept
        assert {c.id for c in kept.chosen or ()} == {"helper", "pumps"}

    @pytest.mark.slow
    def test_nothing_has_to_be_done(self, tmp_path: Path) -> None:
        assert asked(small(tmp_path), date(2027, 12, 31)).kept.chosen == ()

    @pytest.mark.slow
    def test_all_together_are_not_enough(self, tmp_path: Path) -> None:
        assert asked(small(tmp_path), date(2027, 1, 15)).kept.chosen is None

    @pytest.mark.slow
    def test_the_deadline_where_no_day_is_named(self, tmp_path: Path) -> None:
        assert asked(small(tmp_path)).by == date(2027, 2, 26)

    @pytest.mark.slow
    def test_other_options_do_not_change_what_is_drawn(self, tmp_path: Path) -> None:
        """An option on a task without a range gets a place behind all others: no one else draws differently."""
        one = asked(small(tmp_path / "a"), date(2027, 3, 3)).kept
        more = RISK + "  - {id: close, cost: 1, shorten: {programme/close: 50}}\n"
        two = asked(small(tmp_path / "b", more), date(2027, 3, 3)).kept
        assert (one.now, one.then, one.alone["helper"]) == (two.now, two.then, two.alone["helper"])
        assert two.alone["close"] == two.now

    @pytest.mark.slow
    def test_a_start_that_could_be_sooner(self, tmp_path: Path) -> None:
        late = TASKS.replace("20d, estimate", "20d, start_no_earlier: 2027-02-01, estimate")
        options = RISK + "  - {id: sooner, cost: 1, starts: {programme/build: 2027-01-04}}\n"
        kept = asked(small(tmp_path, options, late), date(2027, 3, 17)).kept
        assert [c.id for c in kept.chosen or ()] == ["sooner"]


class TestBadInput:
    def test_names_that_nothing_has(self, tmp_path: Path) -> None:
        risk = RISK + (
            "  - {id: a, cost: 1, shorten: {programme/bild: 50}}\n"
            "  - {id: b, cost: 1, events: {fire: 0.1}}\n"
            "  - {id: c, cost: 1, starts: {programme/check: 2027-01-04}}\n"
        )
        with pytest.raises(ProblemsError) as caught:
            small(tmp_path, risk)
        said = str(caught.value)
        assert "There is no task 'programme/bild'. Did you mean 'programme/build'?" in said
        assert "There is no event 'fire'." in said
        assert "'programme/check' has no start_no_earlier of its own" in said

    @pytest.mark.parametrize(
        ("option", "says"),
        [
            ("{id: a, cost: 1}", "changes nothing"),
            ("{id: a, cost: -1, shorten: {programme/build: 50}}", "cost"),
            ("{id: a, cost: 1, shorten: {programme/build: 120}}", "99"),
            ("{id: a, cost: 1, events: {flood: 1.2}}", "1"),
            ("{id: flood, cost: 1, events: {flood: 0.2}}", "Duplicate id 'flood'"),
        ],
    )
    def test_options_that_cannot_be(self, tmp_path: Path, option: str, says: str) -> None:
        with pytest.raises(ProblemsError, match=says):
            small(tmp_path, f"{RISK}  - {option}\n")

    def test_odds_need_ranges(self, tmp_path: Path) -> None:
        tasks = TASKS + "  after-all: {duration: 30d, after: check}\n"
        with pytest.raises(CheckFailedError, match="so odds would mean little: programme/after-all"):
            asked(small(tmp_path, tasks=tasks), assume=None)

    @pytest.mark.parametrize(("percent", "milestone"), [(0, "done"), (100, "done"), (80, "gone")])
    def test_what_cannot_be_asked(self, tmp_path: Path, percent: int, milestone: str) -> None:
        programme = small(tmp_path)
        with pytest.raises((InputError, UnknownThingError)):
            find_recovery(programme, milestone, by=None, percent=percent, iterations=1000, seed=1, assume="100,100")

    def test_no_options(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="There are no recovery options"):
            asked(small(tmp_path, "distribution: pert\n"))


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    small(tmp_path)
    words = ["recover", "done", str(tmp_path), "--by", "2027-03-03", "--assume", "100,100", "--iterations", "1000"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    assert "The cheapest way to make it 80% likely costs 10: “Pumps”." in run.output
    data = json.loads(CliRunner().invoke(app, [*words, "--format", "json"]).stdout)
    assert data["chosen"] == ["Pumps"]
    assert [line["name"] for line in data["recovery_options"]] == ["A helper", "Pumps", "Weekends"]
    assert data["levers"] == data["recovery_options"], "the key of 0.1.0"
    words[4] = "2027-01-15"
    assert CliRunner().invoke(app, words).exit_code == 3


@pytest.mark.slow
def test_the_old_names_still_work_and_say_the_new_ones(tmp_path: Path) -> None:
    text = PROGRAMME.replace("tasks:\n", f"tasks:\n{TASKS}").replace("milestones:\n", f"milestones:\n{DONE}")
    (a_folder(tmp_path, programme=text) / "risk.yaml").write_text(RISK.replace("recovery_options", "levers"))
    rest = ["done", str(tmp_path), "--by", "2027-03-03", "--assume", "100,100", "--iterations", "1000"]
    old = CliRunner().invoke(app, ["keep", *rest])
    assert old.exit_code == 0, old.output
    assert old.stderr.splitlines() == [
        "'keep' is now called 'recover'. The old name still works.",
        "risk.yaml:3:1: 'levers' is now called 'recovery_options'. The old name still works.",
    ]
    assert old.stdout == CliRunner().invoke(app, ["recover", *rest]).stdout


def test_a_mistake_below_an_old_name_has_its_place(tmp_path: Path) -> None:
    risk = RISK.replace("recovery_options", "levers") + "  - {id: a, cost: 1, shorten: {programme/bild: 50}}\n"
    with pytest.warns(RenamedWarning), pytest.raises(ProblemsError, match=r"risk\.yaml:7:.*programme/bild"):
        small(tmp_path, risk)


def test_stored_versions_keep_the_names_that_their_hashes_rest_on(tmp_path: Path) -> None:
    definition = small(tmp_path).definition
    assert '"levers": [' in definition.canonical()
    assert Definition.model_validate_json(definition.canonical()) == definition
