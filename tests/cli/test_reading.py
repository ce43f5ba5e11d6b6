"""While a file is read, a terminal shows which, and for how long; a pipe or a log does not."""

import io
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from changeflow.cli.output import note
from changeflow.cli.reading import reading
from tests.waiting import wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changeflow.cli.reading.DELAY", 0.01)
    monkeypatch.setattr("changeflow.cli.reading.STEP", 0.01)


def shown_within(stream: io.StringIO, text: str) -> bool:
    """Wait until a text is shown."""
    return wait_until(lambda: text in stream.getvalue(), what=text)


@pytest.mark.usefixtures("soon")
def test_a_terminal_shows_the_files_and_clears_the_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with reading(Path("pay/old.csv"), Path("new.csv"), None):
        assert shown_within(terminal, "\rReading old.csv and new.csv: 0 seconds …")
    lines = terminal.getvalue().split("\r")
    assert lines[-1] == ""
    assert lines[-2].strip() == ""
    assert len(lines[-2]) == len(lines[-3])


@pytest.mark.usefixtures("soon")
def test_a_note_begins_on_an_empty_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with reading(Path("old.csv")):
        assert shown_within(terminal, "seconds …")
        note("old.csv:1:1: Line 1 was not used.")
    before, _, _ = terminal.getvalue().partition("old.csv:1:1")
    assert before.endswith(" \r")


def test_what_is_read_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with reading(Path("old.csv")):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.usefixtures("soon")
def test_a_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    threads = threading.active_count()
    with reading(Path("old.csv")):
        assert threading.active_count() == threads, "nothing waits to write"
    assert pipe.getvalue() == ""


def test_the_line_is_cleared_before_a_mistake_is_reported(monkeypatch: pytest.MonkeyPatch, soon: None):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with suppress(ValueError), reading(Path("old.csv")):
        assert shown_within(terminal, "seconds …")
        raise ValueError
    assert terminal.getvalue().endswith("\r")
