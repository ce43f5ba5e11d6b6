"""The wheel carries everything: installed in an empty environment, the main command runs from another folder."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

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
        "changeflow/fonts/DejaVuSans.ttf",
        "changeflow/storage/migrations/versions/v0001_first_tables.py",
        "changeflow/py.typed",
    } <= names
    assert not [n for n in names if n.startswith(("demo/", "flows/", "templates/", "tests/"))]


def test_installed_in_an_empty_environment_it_runs_from_another_folder(wheel: Path, tmp_path: Path):
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CHANGEFLOW", "PYTHON", "VIRTUAL_ENV"))}

    def run(*command: str | Path) -> str:
        line = [str(c) for c in command]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
        return done.stdout

    # What is imported is compiled then: compiling all that is installed takes longer than installing it.
    install = ("install", "-q", "--no-compile", "-c", TOP / "constraints.txt", wheel)
    run(sys.executable, "-m", "pip", "--python", python, *install)
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
