"""The plan in force beside proposals, and a proposal that is written into the folder."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import CheckFailedError, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.planning.wave_use import Refers, plan_in_force, waves_of, with_waves
from changeflow.planning.waves import wave_problem
from changeflow.programme.programme import Programme
from changeflow.reports.waves import later_in_words, waves_report
from changeflow.reports.waves_text import effect_text, waves_text
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import Candidate, WavePlan, WaveProblem
from changeflow.usecases import definitions
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.wave_edits import Rewritten, check_history, refers_in, rewritten, write
from changeflow.usecases.wave_use import effect_in_force, effect_of, judged_again
from changeflow.usecases.waves import plan_waves
from tests.builders import PROGRAMME, a_folder
from tests.usecases.gated import finish, state

FILE = "programme.yaml"
COMMENTED = (
    PROGRAMME.replace("waves:\n", "waves:  # who changes together\n")
    .replace("tasks:\n  close", "\n# Tasks of the programme.\ntasks:\n  close")
    .replace("after: payroll/go-live, deadline: 2027-12-31", "after: payroll/w1/go-live, deadline: 2027-02-15")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust", programme=COMMENTED)


def both(folder: Path) -> tuple[Programme, WaveProblem]:
    programme = plan_folder(folder).programme
    return programme, wave_problem(programme)


def texts_of(folder: Path) -> Refers:
    return refers_in(read_folder(folder).sources)


def edited(folder: Path, programme: Programme, problem: WaveProblem, plan: WavePlan) -> Rewritten:
    """Make a plan's edits. The files must then say what the plan's effect was calculated for."""
    found = rewritten(folder, programme, problem, plan)
    used = waves_of(programme, problem, plan, texts_of(folder))
    assert found.read.definition.content_hash() == with_waves(programme.definition, used).content_hash()
    return found


def with_days(problem: WaveProblem, days: Mapping[str, date]) -> WavePlan:
    chosen = {}
    for (school, service), candidates in problem.candidates.items():
        day = days[school]
        own = Candidate((day - problem.start).days // 7, day, ())
        chosen[school, service] = next((c for c in candidates if c.day == day), own)
    return WavePlan(chosen=chosen, pilot=frozenset())


@pytest.mark.slow
def test_the_plan_in_force_is_what_the_programme_forecasts(folder: Path):
    """All schools go live on Wednesday 20 January, where go-lives open on Mondays: it says so of each."""
    programme, problem = both(folder)
    plan = plan_in_force(programme, problem)
    assert {c.day for c in plan.chosen.values()} == {date(2027, 1, 20)}
    effect = effect_in_force(programme, problem, plan)
    assert [(m.name, m.days_late) for m in effect.milestones] == [("All are live", 0)]
    assert len(effect.breaks) == len(check_plan(problem, plan))


def test_a_proposal_is_planned_with_its_deadlines(folder: Path):
    """With wave 1 on Monday 1 March, the milestone after it misses 15 February by fourteen days."""
    programme, problem = both(folder)
    plan = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 3, 1)))
    [milestone] = effect_of(judged_again(programme), problem, plan, texts_of(folder)).milestones
    assert (milestone.forecast, milestone.days_late) == (date(2027, 3, 1), 14)


@pytest.mark.slow
def test_a_wave_that_would_go_live_later_than_proposed_is_named(folder: Path):
    """Nothing is done by 11 January: the tasks take until the 20th."""
    programme, problem = both(folder)
    plan = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 1, 11)))
    effect = effect_of(judged_again(programme), problem, plan, texts_of(folder))
    assert [(w.service, w.name, w.proposed, w.day) for w in effect.later] == [
        ("Payroll", "wave 1", date(2027, 1, 11), date(2027, 1, 20))
    ]
    assert "  Payroll, wave 1: 20 Jan 2027, not 11 Jan 2027" in list(effect_text(effect))
    [current] = waves_report(programme.name, problem, (), in_force=plan, effects={"in-force": effect}).shown
    assert current.breaks == tuple(later_in_words(line) for line in current.later)
    assert "would go live on 20 Jan 2027, not on 11 Jan 2027" in current.breaks[0]


@pytest.mark.slow
def test_a_wave_keeps_its_id_and_what_else_the_file_says(folder: Path):
    """Ash alone goes first, Beech and Cedar a week later: wave 1 and wave 2 stay, with other schools and a day each."""
    programme, problem = both(folder)
    first, second = date(2027, 2, 1), date(2027, 2, 8)
    plan = with_days(problem, {"ash": first, "beech": second, "cedar": second})
    waves = waves_of(programme, problem, plan, texts_of(folder)).waves
    assert [(w.id, w.name, w.schools, w.start_no_earlier) for w in waves] == [
        ("w1", "wave 1", ("ash",), first),
        ("w2", "wave 2", ("beech", "cedar"), second),
    ]
    found = edited(folder, programme, problem, plan)
    assert found.lines == (
        "Payroll, wave 1: 1 Feb 2027 instead of 20 Jan 2027; without Beech School",
        "Payroll, wave 2: 8 Feb 2027 instead of 20 Jan 2027; joined by Beech School",
    )
    before = (folder / FILE).read_text()
    write(folder, found)
    after = (folder / FILE).read_text()
    for line in before.splitlines():
        if "schools:" not in line:
            assert line in after
    assert "# who changes together" in after
    assert after.index("start_no_earlier: 2027-02-08") < after.index("# Tasks of the programme.")
    again = plan_folder(folder).programme
    assert {again.days_of(f"payroll/w{n}/go-live")[1] for n in (1, 2)} == {first, second}


def test_a_wave_that_is_left_over_goes_on_with_a_group_that_is(folder: Path):
    """Ash of wave 1 and Cedar of wave 2 go first, Beech of wave 1 second: that is wave 2, which has not begun."""
    programme, problem = both(folder)
    first = date(2027, 2, 1)
    plan = with_days(problem, {"ash": first, "beech": date(2027, 2, 8), "cedar": first})
    waves = waves_of(programme, problem, plan, texts_of(folder)).waves
    assert [(w.id, w.schools) for w in waves] == [("w1", ("ash", "cedar")), ("w2", ("beech",))]


def test_a_third_wave_gets_an_id_of_its_own(folder: Path):
    """Cedar was wave 2 and goes live third: what is recorded of it stays with it, so its id does."""
    programme, problem = both(folder)
    days = {s: date(2027, 2, 1) + timedelta(weeks=n) for n, s in enumerate(("ash", "beech", "cedar"))}
    waves = waves_of(programme, problem, with_days(problem, days), texts_of(folder)).waves
    assert [(w.id, w.name) for w in waves] == [("w1", "wave 1"), ("wave-2-payroll", "wave 2"), ("w2", "wave 3")]


@pytest.mark.slow
def test_what_names_a_wave_that_is_called_otherwise_is_changed_as_well(tmp_path: Path):
    """Two services go live on different days: wave 1 stays payroll's, which the milestone names; the other service's
    task that is named in its own file gets the new id."""
    folder = a_folder(tmp_path / "trust", programme=COMMENTED)
    other = (
        (folder / "services" / "payroll.yaml").read_text().replace("payroll", "estates").replace("Payroll", "Estates")
    )
    (folder / "services" / "estates.yaml").write_text(
        f"{other}tasks:\n  party: {{per: service, duration: 1d, after: estates/w1/go-live}}\n"
    )
    programme, problem = both(folder)
    chosen = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1))).chosen
    later = Candidate((date(2027, 3, 1) - problem.start).days // 7, date(2027, 3, 1), ())
    plan = WavePlan(chosen={p: later if p[1] == "estates" else c for p, c in chosen.items()}, pilot=frozenset())
    found = edited(folder, programme, problem, plan)
    write(folder, found)
    text = "".join(path.read_text() for path in (folder / FILE, folder / "services" / "estates.yaml"))
    assert ("estates/w1/go-live" in text) != ("payroll/w1/go-live" in text)
    # Whichever keeps the id, what waits for the other still does: of a stored programme no file says which.
    judged = judged_again(programme)
    effects = [effect_of(judged, problem, plan, refers) for refers in (texts_of(folder), refers_in(None))]
    assert [(m.forecast, m.days_late) for e in effects for m in e.milestones] == [(date(2027, 2, 1), 0)] * 2
    again = read_folder(folder).programme
    assert again.schools_of("estates") == again.schools_of("payroll") == {"ash", "beech", "cedar"}


def with_estates(folder: Path) -> Path:
    """Add a second service to the folder: the same pathway, the same waves, and a change to one task of wave 1."""
    text = (
        (folder / "services" / "payroll.yaml").read_text().replace("payroll", "estates").replace("Payroll", "Estates")
    )
    (folder / "services" / "estates.yaml").write_text(f"{text}tasks:\n  w1/capacity: {{duration: 4d}}  # quick\n")
    return folder


def with_estates_apart(problem: WaveProblem, day: date) -> WavePlan:
    chosen = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1))).chosen
    chosen = {
        p: c if p[0] != "cedar" else with_days(problem, {s: date(2027, 2, 8) for s in problem.schools}).chosen[p]
        for p, c in chosen.items()
    }
    own = Candidate((day - problem.start).days // 7, day, ())
    return WavePlan(
        chosen={p: own if p[1] == "estates" and p[0] != "cedar" else c for p, c in chosen.items()}, pilot=frozenset()
    )


def begun(folder: Path, db: str, *tasks: str) -> str:
    """Store the folder on 4 January, and finish tasks on the 19th: requirements end on Friday 8."""
    definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    for service in ("payroll", "estates"):
        if (folder / "services" / f"{service}.yaml").exists():
            finish(db, f"{service}/requirements", 4, 8)
    for task in tasks:
        finish(db, task, 11, 19)
    return db


@pytest.mark.thorough
@pytest.mark.slow
def test_what_is_recorded_goes_on_when_a_plan_gives_tasks_another_id(folder: Path, sqlite: str):
    """Estates goes live in wave 1 a week before payroll, whose milestone names `payroll/w1`: estates' wave 1 becomes
    a wave of its own. Its finished task, and the duration that its file gives it, go with it; so does another plan."""
    db = begun(with_estates(folder), sqlite, "estates/w1/capacity", "payroll/w1/capacity")
    before = state(db, date(2027, 1, 20)).programme.facts.progress
    for day, version in ((date(2027, 1, 25), 2), (date(2027, 1, 18), 3)):
        programme, problem = both(folder)
        found = edited(folder, programme, problem, with_estates_apart(problem, day))
        check_history(found, db=db)
        write(folder, found)
        assert definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 20, 8, tzinfo=UTC)) == version
    assert "wave-1-estates/capacity: {duration: 4d, was: w1/capacity}" in (folder / "services/estates.yaml").read_text()
    after = state(db, date(2027, 1, 20)).programme
    assert after.facts.progress == {
        task.replace("estates/w1", "estates/wave-1-estates"): done for task, done in before.items()
    }
    assert after.facts.progress.keys() <= after.roadmap.tasks.keys()


@pytest.mark.slow
def test_former_ids_of_a_wave_that_is_gone_are_taken_out(folder: Path):
    """All schools go live on one day: no wave 2 is left that could have been another."""
    (folder / FILE).write_text(PROGRAMME)
    service = folder / "services" / "payroll.yaml"
    service.write_text(f"{service.read_text()}tasks:\n  w2/capacity: {{was: autumn/capacity}}\n")
    programme, problem = both(folder)
    plan = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1)))
    write(folder, edited(folder, programme, problem, plan))
    assert "autumn" not in service.read_text()
    assert effect_of(judged_again(programme), problem, plan, texts_of(folder)).breaks == ()
    assert [w.id for w in read_folder(folder).definition.programme.waves] == ["w1"]


def test_history_goes_with_most_of_the_schools(folder: Path):
    """Cedar of wave 2 goes first, Ash and Beech of wave 1 second: each wave is the one that it was, only later."""
    (folder / FILE).write_text(PROGRAMME)
    programme, problem = both(folder)
    second = date(2027, 2, 8)
    plan = with_days(problem, {"ash": second, "beech": second, "cedar": date(2027, 2, 1)})
    waves = waves_of(programme, problem, plan, texts_of(folder)).waves
    assert [(w.id, w.name, w.schools) for w in waves] == [
        ("w2", "wave 1", ("cedar",)),
        ("w1", "wave 2", ("ash", "beech")),
    ]


@pytest.mark.slow
def test_a_plan_without_a_wave_that_has_begun_is_refused(folder: Path, sqlite: str):
    """All schools go live on one day, so wave 2 is gone; its capacity was in place already."""
    (folder / FILE).write_text(PROGRAMME)
    db = begun(folder, sqlite, "payroll/w2/capacity")
    programme, problem = both(folder)
    plan = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1)))
    with pytest.raises(CheckFailedError, match="would remove payroll/w2/capacity, and their records would be lost"):
        check_history(edited(folder, programme, problem, plan), db=db)


def test_a_folder_that_would_not_be_valid_is_left_alone(folder: Path):
    """A milestone names wave 2's go-live, and no wave 2 is left."""
    (folder / FILE).write_text(COMMENTED.replace("payroll/w1/go-live", "payroll/w2/go-live"))
    programme, problem = both(folder)
    plan = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1)))
    with pytest.raises(CheckFailedError, match="No changes saved"):
        edited(folder, programme, problem, plan)


def test_a_moved_school_is_shown_with_the_day_that_was_announced(folder: Path):
    """Wednesday 20 January was announced, in the week of the 18th. Monday 1 February is in the second week after."""
    (folder / "rollout.yaml").write_text("announced_as_planned: true\n")
    programme, problem = both(folder)
    later = with_days(problem, dict.fromkeys(("ash", "beech", "cedar"), date(2027, 2, 1)))
    lines = list(waves_text(waves_report(programme.name, problem, (), in_force=later)))
    change = "Payroll, 1 Feb 2027 (announced 20 Jan 2027, 2 weeks later): Ash School, Beech School, Cedar School"
    assert f"    {change}" in lines
    assert "  3 announced dates changed:" in lines


def test_a_wrong_plan_name_is_refused_before_the_search(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.usecases.waves.offers", lambda *_, **__: pytest.fail("it searched"))
    with pytest.raises(UnknownThingError, match=r"There is no plan 'soonest'\. Use one of: earliest, steadiest, "):
        plan_waves(plan_folder(folder).programme, seconds=1, seed=1, wanted="soonest")


@pytest.mark.thorough
@pytest.mark.slow
def test_the_command_shows_asks_and_writes(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANGEFLOW_DB", f"sqlite:///{folder.parent}/none.db")
    run = ["waves", str(folder), "--seconds", "0.2", "--use"]
    asked = CliRunner().invoke(app, [*run, "earliest"], input="n\n")
    assert asked.exit_code == 0
    assert "Payroll, wave 1: " in asked.output
    assert "(w1)" not in asked.output
    assert "All are live:" in asked.output
    assert (folder / FILE).read_text() == COMMENTED
    assert CliRunner().invoke(app, [*run, "earliest", "--yes"]).exit_code == 0
    assert "start_no_earlier" in (folder / FILE).read_text()
    assert "There is no plan 'soonest'" in CliRunner().invoke(app, [*run, "soonest"]).output
    shown = CliRunner().invoke(app, ["waves", str(folder), "--seconds", "0.2"]).output
    assert "Current plan: the current waves, with their forecast dates (for comparison)" in shown
    assert "Deadlines missed" in shown
