"""Who may do what, through the use cases: each checked action with a person of each role, on one small programme.

A person who may acts. A person who may not is refused, with the roles that may, and the database stays as it was. Every
command and every web route belongs to an action of the table.
"""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.routing import Route
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError, NotAllowedError
from changeflow.programme.definition import Definition
from changeflow.programme.permission_table import TABLE
from changeflow.programme.permissions import is_allowed
from changeflow.reports.roles import roles_page
from changeflow.storage.database import engine_for
from changeflow.usecases import (
    authority,
    definitions,
    gates,
    governance,
    next_versions,
    parallel_runs,
    subject_access,
    unit_of_work,
)
from changeflow.values.words import Action, Role
from changeflow.web.app import make_app
from tests.every_role import (
    ELSEWHERE,
    GO,
    HOLDER,
    HOW,
    LATER,
    OF_THE_PROGRAMME,
    PEOPLE,
    PLAN,
    RECORDED_BY,
    SIDE_BY_SIDE,
    STRANGERS,
    World,
    stored_world,
)
from tests.quick import quick_first
from tests.refused import refusals

REAL_PERMIT = authority.permit
TOP = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = stored_world(tmp_path_factory.mktemp("roles"))
    yield world
    engine_for(world.db).dispose()


def test_every_action_is_tried_here_or_says_where():
    assert set(HOW) | set(ELSEWHERE) == set(Action)
    assert not set(HOW) & set(ELSEWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("action", quick_first(9, HOW))
def test_who_may_not_is_refused_and_nothing_changes(action: Action, base: World, tmp_path: Path, logged: io.StringIO):
    world = base.copy(tmp_path / "world")
    before = world.dump()
    people = [person for role, person in HOLDER.items() if not is_allowed(action, role)]
    people = [person for person in people if person != RECORDED_BY.get(action)]
    if not is_allowed(action, Role.VIEWER):
        people += STRANGERS if action not in OF_THE_PROGRAMME else []
    for person in people:
        with pytest.raises(NotAllowedError) as caught:
            HOW[action](world, person)
        assert caught.value.exit_code == 4
        said = str(caught.value)
        assert re.search(r" cannot .*\. Only .* can do this\b", said), said
        assert f"'{person}'" in said or f"({title(person)}) cannot" in said or f"The {title(person)} cannot" in said
    assert world.dump() == before
    assert [line["actor"] for line in refusals(logged)] == people
    noted = [actor for actor, what, _ in world.audited() if what == "refused"]
    assert noted == (people if TABLE[action].is_personal else [])
    assert not list(world.home.glob("out-*"))
    engine_for(world.db).dispose()


class PassedError(Exception):
    """The table has said yes."""


@pytest.mark.slow
@pytest.mark.parametrize("action", quick_first(9, HOW))
def test_who_may_passes_the_check(
    action: Action, base: World, tmp_path: Path, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
):
    """Each use case is left as soon as the table has said yes to what it asked for."""
    people = [person for role, person in HOLDER.items() if is_allowed(action, role)]
    people += [RECORDED_BY[action]] if action in RECORDED_BY else []
    world = base.copy(tmp_path / "world")
    for module in (
        definitions,
        next_versions,
        authority,
        unit_of_work,
        gates,
        governance,
        subject_access,
        parallel_runs,
    ):
        monkeypatch.setattr(module, "permit", left_after(action))
    for person in people:
        if action is Action.RECORD_DECISION and person == "chief":
            continue  # what they decide themselves they need no one to record
        with pytest.raises(PassedError):
            HOW[action](world, person)
    assert refusals(logged) == []
    engine_for(world.db).dispose()


def left_after(action: Action) -> Callable[..., str]:
    def permit(definition: Definition, actor: str, asked: Action, *more: Any, **others: Any) -> str:
        by = REAL_PERMIT(definition, actor, asked, *more, **others)
        if asked is action:
            raise PassedError
        return by

    return permit


@pytest.mark.slow
@pytest.mark.parametrize("action", quick_first(9, HOW))
def test_who_may_does_it_and_the_audit_says_so(action: Action, base: World, tmp_path: Path):
    allowed = (HOLDER[role] for role in HOLDER if is_allowed(action, role) and role is not Role.VIEWER)
    world, person = base.copy(tmp_path / "world"), RECORDED_BY.get(action) or next(allowed)
    if action in LATER:
        with pytest.raises(InputError, match=LATER[action]):
            HOW[action](world, person)
    else:
        HOW[action](world, person)
        assert world.audited()[len(base.audited()) :][0][0] == person
    engine_for(world.db).dispose()


def title(person: str) -> str:
    [row] = [line.split(",") for line in PEOPLE.splitlines() if line.split(",")[0] == person]
    return row[2]


def commands(group: Any, prefix: str = "") -> Iterator[str]:
    if not hasattr(group, "commands"):
        yield prefix
        return
    for name, sub in group.commands.items():
        if sub.hidden:
            continue  # an old name of a command
        yield from commands(sub, f"{prefix} {name}".strip())


def test_every_command_is_in_the_table_and_the_table_names_no_other():
    known = set(commands(typer.main.get_command(app)))
    listed = {command for entry in TABLE.values() for command in entry.commands}
    assert known - listed == set(), "say in programme/permission_table.py who may run these"
    assert listed - known == set()


def test_every_web_route_is_in_the_table_and_the_table_names_no_other(tmp_path: Path):
    made = make_app(f"sqlite:///{tmp_path / 'x.db'}")
    known = {
        f"{method} {route.path}"
        for route in made.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert all(isinstance(route, Route) for route in made.routes), "a mounted application needs a row as well"
    listed = [route for entry in TABLE.values() for route in entry.routes]
    assert known - set(listed) == set(), "say in programme/permission_table.py who may ask for these"
    assert set(listed) - known == set()
    assert len(listed) == len(set(listed))


def test_the_page_is_the_tables_own_text():
    written_page = (TOP / "docs" / "roles.md").read_text()
    assert written_page == roles_page(), "write it again: changeflow roles --format markdown"


REFUSED = {
    "baseline take": "--reason x",
    "gate decide": f"{PLAN} reject --reason x",
    "gate import": "minutes.csv",
    "waiver add": "R02 --reason x --owner chief --approved-by chief --expires 2027-12-31",
    "confidence set": "amber --reason x",
    "pilot sign": GO,
    "pilot confirm": f"{GO} desk --evidence x",
    "person export": "owner --reason x",
    "person erase": "owner --yes",
    "export": "folder copy --with-addresses",
    "pilot runs": "payroll --period 2027-02",
    "pilot explain": "payroll 2027-02 gross --reason x --contract A2 --evidence x",
    "pilot rules": "payroll --accept x",
    "apply": "trust --yes",
    "pilot lesson propose": "payroll train --duration 5d --reason x",
    "pilot lesson accept": "payroll 1 --reason x",
    "pilot lesson decline": "payroll 1 --reason x",
    "pilot again": f"{SIDE_BY_SIDE} 1pp --reason x",
    "task start": "payroll/ash/plan --on 2027-03-01",
    "task finish": "payroll/ash/plan --on 2027-03-02",
    "task progress": "payroll/ash/plan --remaining 1d --started 2027-03-01",
    "task import": "progress.csv",
    "assess import": "r1.csv",
    "training import": "came.csv",
    "checkpoint report": "payroll/w1/checkpoint --said x",
    "sponsor act": "Seen",
    "nudge on": "--yes",
    "nudge off": "",
    "pilot measure": "payroll queries 2",
    "pilot reconcile": "old.csv new.csv --service payroll --period 2027-03",
    "fact withdraw": "decision-1 --reason x",
    "pilot submitted": "payroll S1 2027-02 old",
    "pilot test": "payroll starter passed --evidence x",
    "pilot issue update": "payroll 1 Looked",
    "pilot feedback improve": "payroll Another --owner owner",
    "pilot feedback done": "payroll 1 Written",
    "report sro": "--issue",
    "announce date": "payroll 2027-09-01 --school ash --how letter",
    "announce forecast": "--how letter",
    "announce import": "announced.csv",
    "announce withdraw": "1 --reason x",
}
"""What a viewer asks for, command by command."""


@pytest.mark.slow
def test_every_command_that_a_viewer_may_not_run_refuses_them(
    base: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Through the command line itself: the use case behind each command asks the table."""
    checked = {a for a in HOW if not is_allowed(a, Role.VIEWER)}
    assert {command for a in checked for command in TABLE[a].commands} == set(REFUSED)
    world = base.copy(tmp_path / "world")
    world.file("minutes.csv", f"task,outcome,by,on,reason\n{PLAN},reject,viewer,2027-03-25,x\n")
    world.file("progress.csv", "task,started\npayroll/ash/plan,2027-03-01\n")
    world.file("announced.csv", "service,school,date,on,how\npayroll,ash,2027-09-01,2027-03-20,letter\n")
    world.file("r1.csv", "person,on,awareness\nviewer,2027-03-20,4\n")
    world.file("came.csv", "session,person,on\npayroll/ash/train,viewer,2027-03-20\n")
    monkeypatch.chdir(world.home)
    before = world.dump()
    for command, more in REFUSED.items():
        args = [*command.split(), *more.split(), "--db", world.db, "--as", "viewer", "--at", "2027-03-25T17:00"]
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 4, f"{command}: {result.output}"
        assert "The Viewer cannot " in result.stderr, f"{command}: {result.output}"
    assert world.dump() == before
    assert not (world.home / "copy").exists()
    engine_for(world.db).dispose()
