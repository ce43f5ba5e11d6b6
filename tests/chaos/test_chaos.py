"""The short crash test; `make chaos` is the long one."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from changeflow.delivery import channels, message
from changeflow.storage import messages
from changeflow.usecases import dispatch
from chaos.__main__ import main
from tests.apart import run_apart

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]
LEAST_KILLS = {"every point": 15, "at random": 15, "restores": 8}
"""Kills of workers that PostgreSQL had already disconnected do not count."""


def crash_test(*options: str) -> None:
    sys.exit(main(["--short", *options]))


def marks_first() -> None:
    """Mark a message as sent before sending it."""

    def hand_over(
        self: Any, claimed: Any, nudges: Any, letter: Any, counts: Any, after: Any = dispatch._Post._hand_over
    ) -> None:
        self._finish(claimed, nudges, messages.SENT, None)
        after(self, claimed, nudges, letter, counts)

    dispatch._Post._hand_over = hand_over  # type: ignore[method-assign]
    crash_test("--stop-at-first", "--only", "sqlite")


def does_not_mark_repeats() -> None:
    channels.as_email = lambda m: message.as_email(replace(m, may_have_gone=False))  # type: ignore[attr-defined]
    crash_test("--stop-at-first", "--only", "sqlite")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_message_is_lost_and_every_repeat_is_marked_despite_kills(kind: str, tmp_path: Path):
    code, out, err = run_apart(crash_test, "--only", kind, folder=tmp_path)
    assert code == 0, out + err
    rows = [line for line in out.splitlines() if line.startswith(("SQLite,", "PostgreSQL,"))]
    assert len(rows) == 3
    for row in rows:
        least = next(kills for part, kills in LEAST_KILLS.items() if part in row)
        messages, kills, _repeats, *bad = map(int, row.split()[2 + ("restores" not in row) :])
        assert messages >= 15
        assert kills >= least, row
        assert set(bad) == {0}


@pytest.mark.parametrize("broken", [marks_first, does_not_mark_repeats])
def test_the_crash_test_finds_a_faulty_dispatcher(broken: Callable[[], None], tmp_path: Path):
    code, out, err = run_apart(broken, folder=tmp_path)
    assert code == 1, out + err
    assert "SOMETHING WAS LOST" in out
