"""Run `changeflow` commands in this process, which has everything loaded already, or in a separate process."""

import contextvars
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import typer

from changeflow import logs
from changeflow.cli import app
from changeflow.storage.database import engine_for

CHANGEFLOW = typer.main.get_command(app)
"""Made once, because it takes a thirtieth of a second."""
SERVED = "flows"
"""Commands that need a Prefect server."""
APART = (SERVED, "waves")
"""Commands that run in a separate process: flows load Prefect and set its environment, and Ctrl+C would end only one of
the three searches of `waves`, because the solver catches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    exit_code: int


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run one command with these variables on top of the environment. Nothing carries over to the next command."""
    return run_apart(command, environment) if command[0] in APART else run_here(command, environment)


def run_apart(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run one command in a separate process."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "changeflow", *command],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    return Ran(stdout=done.stdout, stderr=done.stderr, exit_code=done.returncode)


def run_here(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run one command in this process: loading the packages takes longer than most commands.

    What a command changes in the process is put back: the environment, the folder, warnings, logs, Ctrl+C, context
    variables and open databases. Caches stay, because the key of each result contains everything that decides it.
    """
    stdout, stderr = StringIO(), StringIO()
    with _restored(environment), redirect_stdout(stdout), redirect_stderr(stderr):
        exit_code = contextvars.copy_context().run(_exit_code, command)
    return Ran(stdout=stdout.getvalue(), stderr=stderr.getvalue(), exit_code=exit_code)


def _exit_code(command: Sequence[str]) -> int:
    """Run a command; return the exit code that its process would have."""
    try:
        CHANGEFLOW(command, prog_name="changeflow")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except Exception:  # noqa: BLE001  (a fault of ours, shown as Python shows it)
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _restored(environment: Mapping[str, str]) -> Iterator[None]:
    folder = Path.cwd()
    with patch.dict(os.environ, environment), warnings.catch_warnings():
        try:
            yield
        finally:
            # As at the end of a process: SQLite then writes its log into the file.
            engine_for(environment["CHANGEFLOW_DB"]).dispose()
            logs.begin("off")
            # The solver leaves the system's own handler behind, and Ctrl+C would end the demo without tidying up.
            signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
            os.chdir(folder)
