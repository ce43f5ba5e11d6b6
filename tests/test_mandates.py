"""One table says who may do what: no use case, command or page looks at mandates by itself, and `--as` is a claim."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.permission_table import TABLE
from changeflow.storage.database import engine_for
from changeflow.usecases import definitions, pilot_records
from tests.every_role import FILE, GO, NOW, PAYROLL, PEOPLE, PLAN, TODAY, World, decide, written

PACKAGE = Path(__file__).resolve().parents[1] / "changeflow"
OUTSIDE = [p for name in ("usecases", "cli", "web", "delivery") for p in sorted((PACKAGE / name).glob("**/*.py"))]
ASKING = {"in_role", "holders", "may", "is_allowed"}
"""What finds out who is in a role."""
NAMING = {"mandates", "admins", "data_protection_contact", "service_manager", "sponsor", "lead_provider"}
"""Where the programme's files name who is in a role."""
MAY_ASK = {"usecases/authority.py": {"may"}}


def names_in(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the names that a module imports, and the attributes that it reads (True)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("changeflow.programme"):
            yield from ((alias.name, False) for alias in node.names)
        if isinstance(node, ast.Attribute):
            yield node.attr, True


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_table_is_asked(path: Path):
    here, found = str(path.relative_to(PACKAGE)), set(names_in(path))
    assert {n for n, is_read in found if not is_read} & ASKING <= MAY_ASK.get(here, set())
    assert not {n for n, is_read in found if is_read} & NAMING
    assert "NotAllowedError(" not in path.read_text() or here == "usecases/authority.py"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A programme that takes no decisions on the command line; one of each was recorded in another way."""
    home = tmp_path_factory.mktemp("locked")
    world = World(home, f"sqlite:///{home / 'test.db'}")
    folder = written(home, programme=f"{FILE}policy: {{decisions_on_command_line: false}}\n")
    definitions.apply(folder, db=world.db, actor="chief", now=NOW)
    decide(world, "owner")
    pilot_records.confirm(GO, "desk", "A rota", None, world.change("owner"))
    pilot_records.sign(GO, "", world.change("signatory"), agrees=True)
    engine_for(world.db).dispose()
    yield world
    engine_for(world.db).dispose()


DECISIONS = {
    "baseline take": [("chief", "--reason x"), ("chair", "--reason x")],
    "gate decide": [("owner", f"{PLAN} approve --reason x"), ("member", f"{PLAN} approve --reason x --by owner")],
    "gate import": [("owner", "minutes.csv")],
    "task import": [("owner", "progress.csv --decisions minutes.csv")],
    "confidence set": [("chief", "amber --reason x"), ("member", "amber --reason x --by chief")],
    "waiver add": [("chief", "R02 --reason x --owner chief --approved-by chief --expires 2027-12-31")],
    "apply": [("chief", "waived --yes")],
    "pilot sign": [("signatory", GO), ("signatory", f"{GO} --withhold --words x")],
    "pilot confirm": [("owner", f"{GO} desk --evidence x")],
    "fact withdraw": [
        ("owner", "decision-1 --reason x"),
        ("owner", "pilot-entry-1 --reason x"),
        ("signatory", "pilot-entry-2 --reason x"),
    ],
}
"""By command, what people ask for who may decide it."""


@pytest.mark.slow
def test_every_decision_is_refused_on_the_command_line_where_the_programme_says_so(
    locked: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert {c for entry in TABLE.values() if entry.is_decision for c in entry.commands} == set(DECISIONS)
    world = locked.copy(tmp_path / "world")
    world.file("minutes.csv", f"task,outcome,by,on,reason\n{PLAN},approve,owner,2027-03-25,x\n")
    world.file("progress.csv", "task,started\npayroll/ash/plan,2027-03-01\n")
    waived = Path(shutil.copytree(world.home / "trust", world.home / "waived"))
    waiver = "  - {rule: R02, reason: Agreed, owner: chief, approved_by: chief, expires: 2027-12-31}\n"
    (waived / "services/payroll.yaml").write_text(f"{PAYROLL}waivers:\n{waiver}")
    monkeypatch.chdir(world.home)
    before = world.dump()
    for command, asked in DECISIONS.items():
        for person, more in asked:
            args = [*command.split(), *more.split(), "--db", world.db, "--as", person, "--at", "2027-03-25T17:00"]
            result = CliRunner().invoke(app, args)
            assert result.exit_code == 4, f"{command}: {result.output}"
            assert "The command line cannot " in result.stderr, f"{command}: {result.output}"
    assert world.dump() == before
    engine_for(world.db).dispose()


def test_no_one_on_the_command_line_is_the_system(locked: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It may issue a report, which a viewer may not."""
    world = locked.copy(tmp_path / "world")
    monkeypatch.chdir(world.home)
    before = world.dump()
    for command in ("report sro --issue", "task start payroll/ash/plan", "audit anchor --anchor a.txt", "db release"):
        result = CliRunner().invoke(app, [*command.split(), "--db", world.db, "--as", "system"])
        assert result.exit_code in (4, 5), f"{command}: {result.output}"
    assert "'system' is changeflow itself" in CliRunner().invoke(
        app, ["report", "sro", "--issue", "--db", world.db, "--as", "system", "--at", TODAY.isoformat()]
    ).stderr  # fmt: skip
    assert world.dump() == before
    assert not (world.home / "a.txt").exists()
    engine_for(world.db).dispose()


@pytest.mark.parametrize("name", ["system", "unnamed"])
def test_no_person_is_called_as_the_audit_calls_acts_without_one(tmp_path: Path, name: str):
    people = f"{PEOPLE}{name},A Person,Clerk,a@example.org,team,,,\n"
    with pytest.raises(ProblemsError, match=f"No person may be called '{name}'"):
        read_folder(written(tmp_path, people=people))
