"""Someone leaves: open tasks and roles are handed over, finished work and history stay, and access ends."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from changeflow.errors import CheckFailedError, ConflictError, InputError, NotAllowedError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from
from changeflow.storage.database import read_scope
from changeflow.usecases import progress
from changeflow.usecases.accounts import SignInRefusedError
from changeflow.usecases.editing import PlanDraft, preview_undo, publish, undo
from changeflow.usecases.handover import FilledHandover, hand_over
from changeflow.usecases.progress import TaskReport, TaskStatus
from changeflow.usecases.pulling import pull
from changeflow.usecases.stored import Stored, load
from changeflow.values.moments import format_day
from tests.every_role import NOW, TODAY, World, stored_world
from tests.web.visiting import provider_token

YESTERDAY = TODAY - timedelta(days=1)
SUMMER = date(2027, 6, 30)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return stored_world(tmp_path / "world")


def stored(world: World, on: date = TODAY) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=on)


def owned(world: World, person: str, on: date = TODAY) -> set[str]:
    return {t.id for t in stored(world, on).programme.roadmap.tasks.values() if t.owner == person}


def to(by: str, person: str = "owner", last_day: date | None = YESTERDAY, *, roles: bool = True) -> FilledHandover:
    return FilledHandover(person=person, last_day=last_day, by=by, passes_roles=roles)


@pytest.mark.slow
def test_open_tasks_and_roles_pass_on_in_one_version(world: World):
    before = owned(world, "owner")
    assert hand_over(to("member"), "They leave.", world.change("chief")) == 2
    assert owned(world, "member") == before
    [payroll] = [s for s in stored(world).version.definition.services if s.service == "payroll"]
    assert [item.owner for item in payroll.go_no_go.confirm] == ["member"]
    assert payroll.pilot is not None
    assert [criterion.owner for criterion in payroll.pilot.exit_criteria] == ["member"]
    assert ("chief", "hand-over", "owner:member") in world.audited()


@pytest.mark.slow
def test_tasks_pass_on_the_day_after_a_last_day_in_the_future(world: World):
    before = owned(world, "owner")
    hand_over(to("member", last_day=SUMMER, roles=False), "", world.change("chief"))
    assert owned(world, "owner", SUMMER) == before
    assert owned(world, "member", SUMMER + timedelta(days=1)) >= before
    [payroll] = [s for s in stored(world).version.definition.services if s.service == "payroll"]
    assert [item.owner for item in payroll.go_no_go.confirm] == ["owner"]


@pytest.mark.slow
def test_finished_tasks_stay_under_the_old_name_even_if_they_belong_to_a_role(world: World):
    """The Director of People owns payroll's tasks as its lead provider."""
    done = "payroll/requirements"
    change = world.change("chief")
    for task in ("payroll/ash/plan", "payroll/beech/plan", "payroll/cedar/plan", done):
        progress.report_task(task, TaskReport(TaskStatus.FINISHED, TODAY, None, ""), change)
    hand_over(to("member", "provider"), "They leave.", change)
    assert done in owned(world, "provider")
    assert "payroll/delegation" in owned(world, "member")
    assert owned(world, "provider") == {done}


@pytest.mark.slow
def test_a_new_person_takes_the_place_of_the_one_who_leaves(world: World):
    filled = FilledHandover(person="head", last_day=SUMMER, role="Headteacher of Ash", email="new@example.org")
    hand_over(filled, "", world.change("chief"))
    found = stored(world)
    new = found.version.definition.people[-1]
    assert (new.id, new.role, new.school, new.groups) == ("headteacher-of-ash", "Headteacher of Ash", "ash", ("heads",))
    assert new.joins == date(2027, 7, 1)
    assert found.contacts[new.id].email == "new@example.org"
    assert found.contacts["head"].email == "head@example.org"


@pytest.mark.slow
def test_a_new_person_does_not_take_the_name_of_a_role_or_group_and_so_its_tasks(world: World):
    change = world.change("chief")
    owners = [("payroll/ash/plan", "sponsor"), ("payroll/beech/plan", "heads")]
    edits = edits_from([{"kind": "set-owner", "task": task, "owner": owner} for task, owner in owners])
    publish(PlanDraft(programme="small", base=1, edits=edits), "Agreed.", change)
    before = {task: stored(world).programme.roadmap.tasks[task].owner for task, _ in owners}
    for role, id_ in (("Sponsor", "sponsor-2"), ("Heads", "heads-2"), ("System", "system-2")):
        hand_over(FilledHandover(person="member", last_day=SUMMER, role=role), "", change)
        assert stored(world).version.definition.people[-1].id == id_
    assert {task: stored(world).programme.roadmap.tasks[task].owner for task, _ in owners} == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filled", "why"),
    [
        (to("", roles=False), "Choose who takes over, or enter the role of the new person."),
        (to("owner"), "Choose someone else to take over."),
        (to("", last_day=None), "Enter the last day."),
        (to("member", last_day=date(1970, 1, 2)), "The last day is before .*. Check its year."),
        (
            FilledHandover(person="owner", last_day=YESTERDAY, by="member", role="Clerk"),
            "Choose who takes over, or enter a new person, but not both.",
        ),
        (
            FilledHandover(person="owner", last_day=SUMMER, role="Clerk", passes_roles=True),
            "The Clerk joins on 1 Jul 2027, so the roles cannot be handed over today.",
        ),
        (FilledHandover(person="owner", last_day=SUMMER, role="Clerk", email="nowhere"), "Enter an email address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(filled: FilledHandover, why: str, world: World):
    before = world.dump()
    with pytest.raises(InputError, match=why):
        hand_over(filled, "Why", world.change("chief"))
    assert world.dump() == before


@pytest.mark.slow
def test_an_address_belongs_to_one_person(world: World):
    filled = FilledHandover(person="owner", last_day=SUMMER, role="Clerk", email="Member@example.org")
    with pytest.raises(ConflictError, match="Someone else in the programme has this address"):
        hand_over(filled, "", world.change("chief"))


@pytest.mark.slow
def test_handing_over_a_mandate_needs_the_permission_to_change_roles(world: World):
    before = world.dump()
    with pytest.raises(NotAllowedError):
        hand_over(to("member"), "They leave.", world.change("member"))
    with pytest.raises(NotAllowedError):
        hand_over(to("member", "viewer"), "", world.change("viewer"))
    with pytest.raises(UnknownThingError):
        hand_over(to("member", "someone-else"), "", world.change("chief"))
    assert world.dump() == before
    hand_over(to("member", "viewer", roles=False), "", world.change("member"))


@pytest.mark.slow
def test_the_person_can_sign_in_until_the_last_day(world: World):
    hand_over(to("member", last_day=TODAY, roles=False), "", world.change("chief"))
    assert provider_token(world.db, "owner", now=NOW)
    with pytest.raises(SignInRefusedError):
        provider_token(world.db, "owner", now=NOW + timedelta(days=1))


@pytest.mark.slow
def test_someone_who_leaves_as_well_cannot_take_over_after_that(world: World):
    hand_over(to("chair", "member", last_day=SUMMER, roles=False), "", world.change("chief"))
    with pytest.raises(InputError, match="The Team Member leaves on 30 Jun 2027"):
        hand_over(to("member", last_day=SUMMER, roles=False), "", world.change("chief"))
    hand_over(to("member", last_day=YESTERDAY, roles=False), "", world.change("chief"))


@pytest.mark.slow
@pytest.mark.parametrize("days", [20, 40])
def test_two_people_cannot_hand_over_to_each_other(days: int, world: World):
    change = world.change("chief")
    hand_over(to("member", last_day=TODAY + timedelta(days=30), roles=False), "", change)
    before = world.dump()
    with pytest.raises(InputError):
        hand_over(to("owner", "member", last_day=TODAY + timedelta(days=days), roles=False), "", change)
    assert world.dump() == before


@pytest.mark.slow
def test_work_that_comes_back_to_the_same_person_by_way_of_others_is_refused(world: World):
    change = world.change("chief")
    days = [TODAY + timedelta(days=n) for n in (30, 20, 10)]
    hand_over(to("member", last_day=days[0], roles=False), "", change)
    hand_over(to("chair", "member", last_day=days[1], roles=False), "", change)
    with pytest.raises(InputError, match=f"From {format_day(days[0] + timedelta(days=1))}, no one would have the work"):
        hand_over(to("owner", "chair", last_day=days[2], roles=False), "", change)
    hand_over(to("provider", "chair", last_day=days[2], roles=False), "", change)


@pytest.mark.slow
@pytest.mark.parametrize("roles", [True, False])
def test_undoing_a_handover_gives_back_the_roles_to_someone_who_stays(roles: bool, world: World):
    change, before = world.change("chief"), stored(world).version
    hand_over(to("member", roles=roles), "They leave.", change)
    assert undo(2, "They stay.", change) == 3
    assert stored(world).version.definition == before.definition


@pytest.mark.slow
def test_a_handover_to_a_new_person_or_with_later_changes_to_the_people_is_not_undone(world: World):
    change = world.change("chief")
    hand_over(FilledHandover(person="owner", last_day=SUMMER, role="Clerk"), "", change)
    hand_over(to("chair", "member", last_day=SUMMER, roles=False), "", change)
    hand_over(to("", "member", last_day=None), "", change)
    before = world.dump()
    # A new person, a later change, and a successor who would take over again.
    for number in (2, 3, 4):
        assert "use “Hand over someone’s work”" in preview_undo(number, change).refused
        with pytest.raises(CheckFailedError, match="What this version changed about people cannot be undone"):
            undo(number, "Back", change)
    assert world.dump() == before


@pytest.mark.slow
def test_someone_who_stays_after_all_has_no_last_day(world: World):
    hand_over(to("member", last_day=SUMMER, roles=False), "", world.change("chief"))
    hand_over(to("", last_day=None), "", world.change("chief"))
    [owner] = [p for p in stored(world).version.definition.people if p.id == "owner"]
    assert (owner.leaves, owner.successor) == (None, None)


@pytest.mark.slow
def test_a_folder_gets_the_roles_and_is_told_of_the_people(world: World):
    hand_over(to("member"), "They leave.", world.change("chief"))
    pulled = pull(world.home / "trust", db=world.db)
    assert pulled.files == ("services/payroll.yaml",)
    assert pulled.people_differ
    undo(2, "Not yet", world.change("chief"))
    [payroll] = [s for s in stored(world).version.definition.services if s.service == "payroll"]
    assert [item.owner for item in payroll.go_no_go.confirm] == ["owner"]
