"""No test and no crash test waits for a fixed time: each waits until the thing has happened (`tests/waiting.py`)."""

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.waiting import PATIENCE, wait_until

TOP = Path(__file__).resolve().parents[1]
MODULE = TOP / "tests" / "waiting.py"
CLOCKS = {"monotonic", "perf_counter", "process_time", "monotonic_ns", "perf_counter_ns", "time_ns"}
LIMITS = {"timeout", "ready_timeout", "server_startup_timeout"}
WAITS = {"wait", "join", "result", "communicate"}


def faults(source: str, *, may_read_clocks: bool = False) -> Iterator[tuple[int, str]]:
    """Return each line of Python that makes a test depend on the machine's speed, with the reason."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Name, ast.Attribute)):
            if _name(node) in CLOCKS and not may_read_clocks:
                yield node.lineno, "reads a clock: wait with wait_until, measure in bench/"
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, why) for why in _faults_of_call(node))


def _faults_of_call(call: ast.Call) -> Iterator[str]:
    name = _name(call.func)
    keywords = {k.arg: k.value for k in call.keywords}
    if name == "sleep" and call.args and _is_fixed(call.args[0]):
        yield "sleeps for a fixed time: use wait_until"
    if name in ("settings", "register_profile") and "deadline" in keywords and not _is_none(keywords["deadline"]):
        yield "sets a hypothesis deadline: tests/conftest.py sets none for all"
    limits = [value for key, value in keywords.items() if key in LIMITS]
    limits += call.args[:1] if name in WAITS else []
    if any((number := _number(limit)) is not None and number < PATIENCE for limit in limits):
        yield f"gives up after less than {PATIENCE:g} seconds: use PATIENCE"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_fixed(seconds: ast.expr) -> bool:
    """Tell whether a pause is a number or a constant. Loops may pause between two rounds; a random pause is no wait."""
    named = {_name(node) for node in ast.walk(seconds)} - {""}
    return all(name.isupper() for name in named) and not (named and named <= {"PAUSE", "PACE"})


def _number(node: ast.expr) -> float | None:
    is_number = isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
    return float(node.value) if is_number and not isinstance(node.value, bool) else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def test_no_test_or_crash_test_depends_on_the_machines_speed():
    found = [
        f"{path.relative_to(TOP)}:{line}: {why}"
        for folder in ("tests", "chaos")
        for path in sorted((TOP / folder).rglob("*.py"))
        if path != MODULE
        for line, why in faults(path.read_text(encoding="utf-8"), may_read_clocks=folder == "chaos")
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.5)",
        "sleep(3)",
        "sleep(SECONDS * 2)",
        "await asyncio.sleep(1)",
        "assert time.perf_counter() - began < 2",
        "from_now = monotonic() + 60",
        "settings(max_examples=5, deadline=200)",
        "settings(deadline=timedelta(seconds=1))",
        "process.wait(60)",
        "thread.join(timeout=5)",
        "results.get(timeout=60)",
        "urlopen(address, timeout=5)",
        "Controller(handler, ready_timeout=30)",
    ],
)
def test_a_line_that_depends_on_speed_is_found(line: str):
    assert len(list(faults(f"async def f():\n    {line}\n"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "wait_until(ready, what='the server')",
        "time.sleep(chance.uniform(0, 2))",
        "time.sleep(PAUSE)",
        "settings(max_examples=5, deadline=None)",
        "task(deadline=at('2027-01-29'))",
        "process.wait(PATIENCE)",
        "process.wait()",
        "', '.join(names)",
        "urlopen(address, timeout=PATIENCE)",
        "time.sleep",
    ],
)
def test_a_line_that_does_not_is_left_alone(line: str):
    assert list(faults(line)) == []


def test_hypothesis_measures_no_test():
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


class TestWaiting:
    def test_it_ends_as_soon_as_the_thing_has_happened(self):
        answers = iter([0, None, "", "here"])
        assert wait_until(lambda: next(answers), what="an answer") == "here"

    def test_a_hang_is_a_failure_that_names_the_thing(self):
        with pytest.raises(AssertionError, match="the server did not happen within 0 seconds"):
            wait_until(lambda: False, what="the server", seconds=0)

    def test_what_can_no_longer_happen_fails_at_once(self):
        with pytest.raises(AssertionError, match="the server can no longer happen: it ended with 1"):
            wait_until(lambda: False, what=lambda: "the server", failed=lambda: "it ended with 1")

    def test_what_happened_just_before_the_end_counts(self):
        happened: list[str] = []

        def failed() -> str:
            happened.append("in time")
            return "it has ended"

        assert wait_until(lambda: happened, what="the last line", failed=failed) == ["in time"]

    def test_the_pause_is_short(self, monkeypatch: pytest.MonkeyPatch):
        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        wait_until(lambda: len(slept) == 3, what="three pauses")
        assert max(slept) <= 0.1
