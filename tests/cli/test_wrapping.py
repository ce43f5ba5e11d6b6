"""What a terminal shows is wrapped at its width between words; a pipe gets each line whole, for scripts."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from changeflow.cli.output import fitted
from tests.intake.project_files import a_file, a_task, fields


class Terminal(io.StringIO):
    """A terminal that says how wide it is through the environment alone."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def forty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


LONG = "Tasks without dates are taken to be a day at the start of the plan."


def test_a_pipe_gets_each_line_whole():
    assert fitted(LONG, io.StringIO()) == LONG


@pytest.mark.parametrize(
    ("begins", "later"),
    [
        ("", ""),
        ("1. ", "   "),
        ("  - ", "    "),
        ("plan.xml:1:1: ", "  "),
        ("1 Mar 2027   ", "             "),
        # No room is left beside the first columns: what follows is set in a little.
        ("15 to 26 Mar 2027      critical   ", "    "),
    ],
)
def test_a_terminal_wraps_between_words_and_sets_in_what_follows(begins: str, later: str):
    lines = fitted(f"{begins}{LONG}\nshort", Terminal()).split("\n")
    assert lines[-1] == "short"
    assert lines[0].startswith(begins.rstrip())
    assert all(len(line) <= 40 for line in lines)
    assert {line[: len(line) - len(line.lstrip())] for line in lines[1:-1]} == {later}
    assert " ".join(" ".join(lines[:-1]).split()) == " ".join(f"{begins}{LONG}".split())


def test_a_name_that_is_longer_than_a_line_is_left_whole():
    name = "payroll/" + "x" * 60
    assert name in fitted(f"See {name} for more.", Terminal()).split("\n")


@pytest.mark.slow
def test_a_command_wraps_on_a_terminal_and_not_into_a_pipe(tmp_path: Path):
    """What is said on a terminal of eighty columns, and printed into a pipe."""
    more = fields(Deadline="NA", ManualStart="NA", ManualFinish="1970-01-01T00:00:00")
    path = a_file(tmp_path, tasks=a_task(1, more=more).replace("T1", "Agree the new terms " * 5))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "changeflow", "schedule", str(path)]
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    said = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    assert len(done.stdout.decode().splitlines()) == 1
    assert len(said) > 2
    assert all(len(line) <= 80 for line in said)
