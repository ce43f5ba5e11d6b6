"""The command line starts without the libraries that single commands need."""

import subprocess
import sys

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


def test_the_commands_load_no_heavy_library_before_one_runs():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
