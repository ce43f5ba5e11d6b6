"""The short crash test; `make chaos` is the long one."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from changeflow.delivery import channels, message
from changeflow.storage import messages, sign_in_links
from changeflow.usecases import dispatch
from changeflow.usecases.acts import OtherEffectError, StaleError
from changeflow.web import acts
from chaos.__main__ import main
from chaos.databases import Sqlite
from chaos.edits import edits
from chaos.sign_ins import sign_ins
from chaos.workers import warm_up
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
    crash_test("--part", "messages", "--stop-at-first", "--only", "sqlite")


def does_not_mark_repeats() -> None:
    channels.as_email = lambda m: message.as_email(replace(m, may_have_gone=False))  # type: ignore[attr-defined]
    crash_test("--part", "messages", "--stop-at-first", "--only", "sqlite")


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_message_is_lost_and_every_repeat_is_marked_despite_kills(kind: str, tmp_path: Path):
    code, out, err = run_apart(crash_test, "--part", "messages", "--only", kind, folder=tmp_path)
    assert code == 0, out + err
    rows = [line for line in out.splitlines() if line.startswith(("SQLite,", "PostgreSQL,"))]
    assert len(rows) == 3
    for row in rows:
        least = next(kills for part, kills in LEAST_KILLS.items() if part in row)
        messages, kills, _repeats, *bad = map(int, row.split()[2 + ("restores" not in row) :])
        assert messages >= 15
        assert kills >= least, row
        assert set(bad) == {0}


@pytest.mark.thorough
@pytest.mark.parametrize("broken", [marks_first, does_not_mark_repeats])
def test_the_crash_test_finds_a_faulty_dispatcher(broken: Callable[[], None], tmp_path: Path):
    code, out, err = run_apart(broken, folder=tmp_path)
    assert code == 1, out + err
    assert "SOMETHING WAS LOST" in out


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_edit_on_a_page_is_lost_and_every_late_one_sees_both_versions(kind: str, tmp_path: Path):
    """50 clients make 10 edits each through HTTP."""
    code, out, err = run_apart(crash_test, "--part", "edits", "--only", kind, folder=tmp_path)
    assert code == 0, out + err
    [row] = [line for line in out.splitlines() if line.startswith(("SQLite,", "PostgreSQL,"))]
    edits, _kills, stale, unknown, *bad = map(int, row.split()[2:])
    assert edits + stale + unknown == 500
    assert stale >= 20
    assert set(bad) == {0}


@pytest.mark.usual(1)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_sign_in_link_that_is_used_many_times_at_once_lets_one_in(kind: str, tmp_path: Path):
    code, out, err = run_apart(crash_test, "--part", "sign-ins", "--only", kind, folder=tmp_path)
    assert code == 0, out + err
    [row] = [line for line in out.splitlines() if line.startswith(("SQLite,", "PostgreSQL,"))]
    assert list(map(int, row.split()[2:])) == [5, 200, 0, 0, 0, 0]


def uses_links_again() -> None:
    """Let a link in that was used before."""
    sign_in_links.use_link = lambda *_, **__: True  # type: ignore[assignment]
    warm_up()
    verdict = sign_ins(Sqlite(Path.cwd()), Path.cwd(), rounds=2, at_once=10)
    sys.exit(0 if verdict.is_well or not verdict.twice else 1)


@pytest.mark.thorough
def test_the_crash_test_finds_links_that_let_in_twice(tmp_path: Path):
    code, out, err = run_apart(uses_links_again, folder=tmp_path)
    assert code == 1, out + err


def saves_over_others() -> None:
    """Take every save for a double click of an earlier one."""

    def save(self: Any, key: str, do: Callable[[], object], **_: object) -> None:
        with suppress(StaleError, OtherEffectError):
            do()

    acts.SavedForms.save = save  # type: ignore[method-assign]
    warm_up()
    verdict = edits(Sqlite(Path.cwd()), Path.cwd(), clients=12, each=6, kill_every=None, seed=1, say=print)
    sys.exit(0 if verdict.is_well or not verdict.lost else 1)


@pytest.mark.thorough
def test_the_crash_test_finds_edits_that_are_acknowledged_and_lost(tmp_path: Path):
    code, out, err = run_apart(saves_over_others, folder=tmp_path)
    assert code == 1, out + err
