"""`make run` runs its commands in one process, and each finds it as a process of its own would be."""

import gc
import locale
import logging
import os
import random
import shlex
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer

import demo.__main__
from changeflow import logs
from changeflow.intake.folder import Folder
from changeflow.storage.keys import keep_in
from changeflow.values.acting import current
from demo import commands
from demo.__main__ import Demo
from demo.commands import Ran, run_apart, run_command, run_here
from tests.conftest import sample_copy


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    database = f"sqlite:///{tmp_path / 'changeflow.db'}"
    return {"CHANGEFLOW_DB": database, "CHANGEFLOW_AS": "programme-manager"}


def process_state() -> dict[str, Any]:
    """What a command could leave behind in its process."""
    key_file = keep_in(None)
    keep_in(key_file)
    root = logging.getLogger()
    return {
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "arguments": list(sys.argv),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "logging": (root.level, list(root.handlers), logging.root.manager.disable),
        "structured logs": structlog.get_config(),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "locale": locale.setlocale(locale.LC_ALL),
        "random numbers": random.getstate(),
        "collector": (gc.isenabled(), gc.get_threshold()),
        "recursion": sys.getrecursionlimit(),
        "actor": current(),
        "key file": key_file,
    }


@pytest.mark.slow
def test_commands_leave_nothing_in_the_process(tmp_path: Path, environment: dict[str, str]):
    folder = str(sample_copy(tmp_path))
    steps = (
        ["apply", folder, "--yes", "--at", "2026-09-01"],
        ["tick", "--at", "2027-05-04T07:00"],
        ["report", "sro", "--out", str(tmp_path / "report.html"), "--at", "2027-05-04"],
        ["plan", str(tmp_path / "missing")],
    )
    before = process_state()

    exit_codes = [run_here(step, environment).exit_code for step in steps]

    assert exit_codes == [0, 0, 0, 4]
    assert process_state() == before
    assert not list(tmp_path.glob("*.db-*")), "the database is closed"


def test_a_command_restores_what_it_changes_itself(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    def command(*_: object, **__: object) -> None:
        os.environ["CHANGEFLOW_AS"] = "head-teacher"
        os.environ["CHANGEFLOW_NEW"] = "1"
        os.chdir(tmp_path)
        warnings.simplefilter("ignore")
        logs.begin("json")
        sys.stdout.write("data")
        sys.stderr.write("note")

    monkeypatch.setattr(commands, "CHANGEFLOW", command)
    before = process_state()

    ran = run_here(["plan"], environment)

    assert ran == Ran(stdout="data", stderr="note", exit_code=0)
    assert process_state() == before


@pytest.mark.slow
@pytest.mark.parametrize("command", [["validate", "missing"], ["plan", "--nonsense"], ["--version"]])
def test_a_command_prints_what_it_prints_in_its_own_process(
    command: Sequence[str], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    apart = run_apart(command, environment)

    here = run_here(command, environment)

    assert here.stdout == apart.stdout
    assert here.stderr == apart.stderr.replace("python -m changeflow", "changeflow")
    assert here.exit_code == apart.exit_code


def test_a_fault_of_ours_shows_its_traceback(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    def command(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "CHANGEFLOW", command)

    ran = run_here(["plan"], environment)

    assert ran.exit_code == 1
    assert ran.stderr.startswith("Traceback")
    assert ran.stderr.rstrip().endswith("ZeroDivisionError")


@pytest.mark.thorough
@pytest.mark.slow
def test_ctrl_c_still_interrupts_after_a_command_that_searched():
    program = """
import signal
from ortools.sat.python import cp_model
from demo import commands

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may ignore it
commands.CHANGEFLOW = lambda *_, **__: cp_model.CpSolver().solve(cp_model.CpModel())
commands.run_here(["assess"], {"CHANGEFLOW_DB": "sqlite:///changeflow.db"})
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""
    top = Path(__file__).parents[1]

    done = subprocess.run([sys.executable, "-c", program], cwd=top, capture_output=True, text=True, check=False)

    assert done.stdout == "interrupted\n", done.stderr


@pytest.mark.parametrize("command", [["flows", "run", "tick"], ["waves", "trust"]])
def test_flows_and_long_searches_run_in_their_own_process(
    command: list[str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def run(line: Sequence[str], **how: Any) -> subprocess.CompletedProcess[str]:
        asked.append((line, how["env"]["CHANGEFLOW_DB"]))
        return subprocess.CompletedProcess(line, 0, stdout="", stderr="")

    monkeypatch.setattr(commands.subprocess, "run", run)

    run_command(command, environment)

    assert asked == [([sys.executable, "-m", "changeflow", *command], environment["CHANGEFLOW_DB"])]


class Server:
    """A Prefect server that answers at once."""

    starting = "Starting a Prefect server at http://127.0.0.1:4321 ..."

    def __init__(self) -> None:
        self.stopped = 0

    def address(self) -> str:
        return "http://127.0.0.1:4321/api"

    def stop(self) -> str:
        self.stopped += 1
        return "Stopped the Prefect server."


def test_flows_use_the_server_that_started_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    servers = [Server()]
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(demo.__main__, "PrefectServer", lambda _: servers[0])

    def run(_: Sequence[str], environment: Mapping[str, str]) -> Ran:
        return Ran(stdout="", stderr=f"Used {environment['PREFECT_API_URL']}", exit_code=0)

    monkeypatch.setattr(demo.__main__, "run_command", run)
    played = Demo(tmp_path)

    played.start_server()
    played.run("Nudges", "flows", "run", "dispatch-nudges")
    played.stop_server()

    shown = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    assert shown == [
        "Start a Prefect server in the background, for a later step",
        "Starting a Prefect server at http://127.0.0.1:4321 ...",
        "Nudges",
        "$ PREFECT_API_URL=http://127.0.0.1:4321/api changeflow flows run dispatch-nudges",
        "Used http://127.0.0.1:4321/api",
        "Stopped the Prefect server.",
    ]
    assert servers[0].stopped == 1


def test_a_server_that_is_given_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4321/api")
    played = Demo(tmp_path)

    played.start_server()

    assert played.server is None


def test_the_demo_ends_with_the_exit_code_of_a_command_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    played = Demo(tmp_path)

    with pytest.raises(typer.Exit) as end:
        played.run("Is everything in it right?", "validate", str(tmp_path / "missing"))

    assert end.value.exit_code == 4
    assert "changeflow validate failed with exit code 4." in capsys.readouterr().out


@pytest.mark.slow
def test_the_questions_at_the_end_can_be_asked(sample: Folder, environment: dict[str, str]):
    """Each is a command with its options, and what it names is in the sample."""
    for question in demo.__main__.QUESTIONS:
        words = question.split()
        ran = run_here([*words[: 1 if words[0] == "why" else 2], "--help"], environment)
        assert ran.exit_code == 0
        assert all(word in ran.stdout for word in words if word.startswith("--"))
    [asked] = [q.removeprefix("why ") for q in demo.__main__.QUESTIONS if q.startswith("why ")]
    assert asked.partition("/")[0] in {s.id for s in sample.definition.schools}
    assert asked.partition("/")[2] in {s.service for s in sample.definition.services}


def test_progress_is_shown_before_the_results_and_apostrophes_as_people_write_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    ran = Ran(stdout="The run is clean.\n", stderr="Comparing …\nRun saved.\n", exit_code=0)
    monkeypatch.setattr(demo.__main__, "run_command", lambda *_: ran)

    Demo(tmp_path).run("Explained", "pilot", "explain", "--reason", "April's back-dated change")

    shown = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    assert shown == [
        "Explained",
        '$ changeflow pilot explain --reason "April\'s back-dated change"',
        "Comparing …",
        "The run is clean.",
        "Run saved.",
    ]


@pytest.mark.parametrize(
    "word", ["plain", "two words", "it's", "it's $5", 'say "it\'s"', "back`tick's", "what's\\n", ""]
)
def test_a_shown_command_can_be_copied(word: str):
    assert shlex.split(demo.__main__.quoted(word)) == [word]


def test_all_pages_that_are_named_at_the_end_are_written_by_a_step(tmp_path: Path):
    written = {word for _, command in demo.__main__.steps(tmp_path, tmp_path / "trust") for word in command}

    assert {str(tmp_path / name) for name in (*demo.__main__.PAGES, *demo.__main__.FILES)} <= written
