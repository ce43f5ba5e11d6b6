"""The command line starts without the libraries that single commands need."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import time_roadmap
from tests.builders import a_roadmap, a_task

pytestmark = pytest.mark.slow

HEAVY = (
    "duckdb",
    "fastapi",
    "jinja2",
    "lxml",
    "networkx",
    "numba",
    "numpy",
    "ortools",
    "prefect",
    "pydantic",
    "smtplib",
    "sqlalchemy",
    "sqlmodel",
    "structlog",
)
PROGRAM = f"import sys, changeflow.cli; print(*(name for name in {HEAVY} if name in sys.modules))"

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "programmes"
SAMPLE, SMALL = SHIPPED / "trust-central-services", SHIPPED / "first-programme"
SOLVERS = ("numba", "ortools", "pandas")
ELSEWHERE = ("fastapi", "httpx", "lxml", "prefect", "smtplib", "typst")
RUN = """
import sys
from changeflow.cli import app
app(sys.argv[2:], standalone_mode=False)
print("loaded", *(name for name in sys.argv[1].split(",") if name in sys.modules))
"""


def loaded(names: Sequence[str], *command: str) -> list[str]:
    """Run a command in a separate process; return which of the libraries it has loaded."""
    call = [sys.executable, "-c", RUN, ",".join(names), *command]
    # A key file of another test would bring the database with it.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("CHANGEFLOW_")}
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=alone)
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Project file of one chain of tasks."""
    roadmap = a_roadmap(a_task("A", 3), a_task("B", 2), links=("A -> B",))
    path = tmp_path_factory.mktemp("project") / "plan.xml"
    write_roadmap(roadmap, time_roadmap(roadmap), path, name="A plan", calendar=next(iter(roadmap.calendars)))
    return path


@pytest.mark.thorough
def test_planning_a_folder_without_assessments_loads_no_solver_and_no_database():
    needless = (*SOLVERS, *ELSEWHERE, "alembic", "duckdb", "jinja2", "sqlalchemy", "structlog")
    assert loaded(needless, "plan", str(SMALL)) == []


@pytest.mark.thorough
def test_the_report_of_a_folder_without_assessments_loads_no_solver(tmp_path: Path):
    out = str(tmp_path / "report.html")
    assert loaded((*SOLVERS, *ELSEWHERE, "duckdb"), "report", "sro", str(SMALL), "--out", out) == []


@pytest.mark.thorough
def test_the_report_of_the_sample_loads_no_compiler(tmp_path: Path):
    out = str(tmp_path / "report.html")
    needless = ("alembic", "numba", "structlog", *ELSEWHERE)
    assert loaded(needless, "report", "sro", str(SAMPLE), "--out", out, "--at", "2027-05-04") == []


def test_the_schedule_of_a_project_file_loads_nothing_that_folders_need(project: Path):
    needless = (*SOLVERS, *ELSEWHERE, "duckdb", "holidays", "jinja2", "networkx", "ruamel", "sqlalchemy")
    assert loaded(needless, "schedule", str(project)) == []


def test_the_commands_load_no_heavy_library_before_one_runs():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
