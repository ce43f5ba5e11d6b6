"""The wheel carries everything: installed in an empty environment, the main command runs from another folder."""

import ast
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_imports import PACKAGES, imports, modules, names

TOP = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(TOP)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [path] = out.glob("*.whl")
    return path


def test_ready_programmes_carry_no_state_of_anybodys():
    """What `apply` writes down in a folder is that folder's; a template that had it would refuse its first store."""
    templates = Path(__file__).resolve().parent.parent / "templates" / "programmes"
    assert [str(p) for p in templates.rglob(".changeflow")] == []


def test_the_wheel_carries_flows_templates_rulepacks_and_migrations(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "changeflow/flows/agenda_tick.py",
        "changeflow/templates/reports/sro.html.j2",
        "changeflow/templates/programmes/pathways/central-service.yaml",
        "changeflow/templates/programmes/trust-central-services/programme.yaml",
        "changeflow/rules/packs/payroll.yaml",
        "changeflow/languages/catalogues/cy.po",
        "changeflow/templates/print/house.typ",
        "changeflow/storage/migrations/versions/v0001_first_tables.py",
        "changeflow/py.typed",
    } <= names
    assert not [n for n in names if n.startswith(("demo/", "flows/", "templates/", "tests/"))]


@pytest.mark.thorough
def test_what_the_wheel_asks_for_brings_every_package_that_is_imported(wheel: Path):
    [metadata] = [n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(".dist-info/METADATA")]
    head = Parser().parsestr(zipfile.ZipFile(wheel).read(metadata).decode())
    brought: set[str] = set()
    wanted = head.get_all("Requires-Dist", ())
    offered = [{"extra": name} for name in ("", *head.get_all("Provides-Extra", ())) if name != "dev"]
    while wanted:
        needed = [r for r in map(Requirement, wanted) if r.marker is None or any(map(r.marker.evaluate, offered))]
        new = {canonicalize_name(r.name) for r in needed} - brought
        brought |= new
        wanted, offered = [line for name in new for line in requires(name) or ()], [{"extra": ""}]
    imported = {
        meanings[0].partition(".")[0]
        for path in modules().values()
        for node in imports(ast.parse(path.read_text(encoding="utf-8")))
        for meanings in names(node)
    }
    where = packages_distributions()
    others = imported - {*sys.stdlib_module_names, *PACKAGES}
    assert len(others) > 15
    assert {name for name in others if not brought & {canonicalize_name(d) for d in where[name]}} == set()


@pytest.mark.thorough
def test_installed_in_an_empty_environment_it_runs_from_another_folder(wheel: Path, tmp_path: Path):
    """What it needs is lent by this environment; `make install` is where that is fetched."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CHANGEFLOW", "PYTHON", "VIRTUAL_ENV"))}

    def run(*command: str | Path) -> str:
        line = [str(c) for c in command]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
        return done.stdout

    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile", "--no-deps", wheel)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Only what stands in that folder is seen: the .pth file through which this checkout is installed is not followed.
    (own / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    assert Path(run(python, "-c", "import changeflow; print(changeflow.__file__)").strip()).is_relative_to(own)
    command = home / "bin" / "changeflow"
    run(command, "init", "trust")
    assert "Payroll is live in all schools" in run(command, "plan", "trust")
    run(command, "apply", "trust", "--yes", "--as", "programme-manager", "--at", "2026-09-01")
    run(command, "report", "sro", "--out", "report.html", "--at", "2026-09-01")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    loaded = "from changeflow.cli.running import flow_module; print(flow_module('serving').__name__)"
    assert run(python, "-c", loaded).strip() == "changeflow.flows.serving"
    every = "from changeflow.cli.running import flow_module as f; [f('serving')._load(n) for n in f('serving').FLOWS]"
    run(python, "-c", every)
