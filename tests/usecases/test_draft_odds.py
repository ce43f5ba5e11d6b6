"""The chances of a draft and of the current plan: simulated by one function, with the same random numbers."""

from pathlib import Path

import pytest

from changeflow.errors import InputError
from changeflow.intake.editing.kinds import edits_from
from changeflow.planning.risk import odds_of
from changeflow.programme.programme import Programme
from changeflow.storage.database import read_scope
from changeflow.usecases import announcements, jobs
from changeflow.usecases.draft_odds import compare_chances, work_out_draft_odds
from changeflow.usecases.drafts import save_draft
from changeflow.usecases.editing import PlanDraft, loaded_for_editing, publish, try_draft
from changeflow.usecases.jobs import DRAFT_ODDS
from changeflow.usecases.risk import ask, drawn_in, run, with_same_luck
from tests.every_role import NOW, TODAY, World, stored_world

ESTIMATES: dict[str, list[str]] = {
    "estates/ash/plan": ["1d", "2d", "3d"],
    "payroll/requirements": ["3d", "5d", "20d"],
    "payroll/ash/plan": ["1d", "2d", "30d"],
    "payroll/beech/plan": ["1d", "2d", "30d"],
}
ITERATIONS = 400


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The small programme with four estimates, and its go-lives announced."""
    made = stored_world(tmp_path_factory.mktemp("odds"))
    edits = edits_from([{"kind": "set-estimate", "task": t, "estimate": e} for t, e in ESTIMATES.items()])
    publish(PlanDraft(programme="small", base=1, edits=edits), "Estimated.", made.change("chief"))
    announcements.announce_forecast(None, (), how="letter", on=TODAY, change=made.change("chief"))
    return made


def plans(world: World, *edits: dict[str, object]) -> tuple[Programme, Programme]:
    """Return the current plan, and the plan with these edits."""
    change = world.change("chief")
    draft = PlanDraft(programme="small", base=2, edits=edits_from(edits))
    with read_scope(world.db) as session:
        stored, by = loaded_for_editing(session, change)
        trial = try_draft(session, stored, draft, change, by)
    assert trial.judged is not None, trial.preview
    return stored.programme, trial.judged.programme


LONGER: dict[str, object] = {"kind": "set-duration", "task": "payroll/delegation", "duration": "9d"}
NO_ESTIMATE: dict[str, object] = {"kind": "set-estimate", "task": "estates/ash/plan", "estimate": None}
"""The first task with an estimate loses it: all others would then get other random numbers."""


@pytest.mark.slow
def test_the_plan_in_force_has_the_chances_of_its_own_simulation(world: World):
    plan, draft = plans(world, NO_ESTIMATE)
    found = compare_chances(plan, draft, version=2, say=lambda _: None, iterations=ITERATIONS)
    alone = run(ask(plan, iterations=ITERATIONS, assume=None, learn=True), iterations=ITERATIONS, seed=1)
    assert found.plan.milestones == odds_of(plan, alone, version=2)
    assert found.plan.mark != found.draft.mark


@pytest.mark.slow
def test_every_task_keeps_its_random_numbers_if_another_loses_its_range(world: World):
    plan, draft = plans(world, NO_ESTIMATE)
    first, own = (ask(p, iterations=ITERATIONS, assume=None, learn=True) for p in (plan, draft))
    assert len(drawn_in(own)) == len(drawn_in(first)) - 1
    assert list(drawn_in(with_same_luck(own, drawn_in(first)))) == list(drawn_in(first))


@pytest.mark.slow
def test_a_longer_task_makes_no_simulated_date_earlier(world: World):
    """With the random numbers of a simulation of its own, some would be earlier by luck alone."""
    plan, draft = plans(world, LONGER, NO_ESTIMATE)
    first, own = (ask(p, iterations=ITERATIONS, assume=None, learn=True) for p in (plan, draft))
    target = first.targets[-1]
    before = run(first, iterations=ITERATIONS, seed=1).finishes[target]
    after = run(with_same_luck(own, drawn_in(first)), iterations=ITERATIONS, seed=1).finishes[target]
    alone = run(own, iterations=ITERATIONS, seed=1).finishes[target]
    assert (after >= before).all()
    assert (after > before).any()
    assert (alone < before).any()


@pytest.mark.slow
def test_announced_go_lives_have_a_chance_in_both_plans(world: World):
    plan, draft = plans(world, LONGER)
    found = compare_chances(plan, draft, version=2, say=lambda _: None, iterations=ITERATIONS)
    keys = [[(c.school, c.service) for c in side.go_lives] for side in (found.plan, found.draft)]
    assert keys[0] == keys[1] != []
    chances = [{(c.school, c.service): c.percent for c in side.go_lives} for side in (found.plan, found.draft)]
    later = [key for key in keys[0] if (chances[1][key] is not None) and chances[1][key] != chances[0][key]]
    assert later
    assert all(chances[0][key] is None or chances[1][key] <= chances[0][key] for key in later)  # type: ignore[operator]


@pytest.mark.thorough
@pytest.mark.slow
def test_the_calculation_says_how_far_it_is_and_that_a_draft_is_gone(world: World, tmp_path: Path):
    own = world.copy(tmp_path / "own")
    draft = save_draft(PlanDraft(programme="small", base=2, edits=edits_from([LONGER])), own.change("chief"))
    token = own.change("chief").actor or ""
    job = jobs.add_calculation("small", DRAFT_ODDS, person=token, version=2, on=TODAY, db=own.db, now=NOW,
                               subject=jobs.draft_subject(draft.id or 0, draft.revision))  # fmt: skip
    said: list[str] = []
    assert '"iterations":10000' in work_out_draft_odds("small", job.id, db=own.db, now=NOW, say=said.append)
    assert (said[0], said[-1]) == ("The current plan: 10% done.", "The draft: 100% done.")
    assert all(jobs.is_for_pages(line) for line in said)
    publish(draft, "Agreed.", own.change("chief"))
    with pytest.raises(InputError):
        work_out_draft_odds("small", job.id, db=own.db, now=NOW, say=said.append)
