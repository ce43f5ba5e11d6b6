"""The crash test's short form; `make chaos` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

TOP = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

MARKS_FIRST = """
import sys
from chaos.__main__ import main
from changeflow.storage import messages
from changeflow.usecases import dispatch

def hand_over(self, claimed, nudges, letter, counts, after=dispatch._Post._hand_over):
    self._finish(claimed, nudges, messages.SENT, None)
    after(self, claimed, nudges, letter, counts)

dispatch._Post._hand_over = hand_over
sys.exit(main(["--short", "--stop-at-first", "--only", "sqlite"]))
"""
SAYS_NOT_THAT_IT_REPEATS = """
import sys
from chaos.__main__ import main
from changeflow.delivery import channels, message
from dataclasses import replace

channels.as_email = lambda m: message.as_email(replace(m, may_have_gone=False))
sys.exit(main(["--short", "--stop-at-first", "--only", "sqlite"]))
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_every_repeat_is_marked_whatever_is_killed(kind: str):
    done = run("-m", "chaos", "--short", "--only", kind)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(("SQLite,", "PostgreSQL,"))]
    assert len(rows) == 3
    for row in rows:
        messages, kills, _repeats, *bad = map(int, row.split()[3 + ("put back" in row) :])
        assert messages >= 15
        assert kills >= 15
        assert set(bad) == {0}


@pytest.mark.parametrize("broken", [MARKS_FIRST, SAYS_NOT_THAT_IT_REPEATS])
def test_the_crash_test_notices_a_dispatcher_that_is_wrong(broken: str):
    done = run("-c", broken)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SOMETHING WAS LOST" in done.stdout


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # Each wait in it has a limit of its own; all together may take longer than one of them.
    return subprocess.run(
        [sys.executable, *arguments], cwd=TOP, capture_output=True, text=True, check=False, timeout=6 * PATIENCE
    )
