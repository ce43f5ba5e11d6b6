"""No test and no crash test waits for a fixed time: each waits until the thing has happened (`tests/waiting.py`)."""

import ast
import operator
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.waiting import PATIENCE, wait_until

TOP = Path(__file__).resolve().parents[1]
MODULE = TOP / "tests" / "waiting.py"
CLOCKS = {"monotonic", "perf_counter", "process_time", "monotonic_ns", "perf_counter_ns", "time_ns"}
LIMITS = {"timeout", "ready_timeout", "server_startup_timeout"}
PLACES = {
    "join": (0,),
    "result": (0,),
    "exception": (0,),
    "settimeout": (0,),
    "setdefaulttimeout": (0,),
    "wait": (0, 1),
    "communicate": (1,),
    "wait_for": (1,),
    "as_completed": (1,),
    "create_connection": (1,),
    "acquire": (1,),
    "sigtimedwait": (1,),
    "urlopen": (2,),
    "put": (2,),
    "select": (3,),
}
"""Where what waits takes its limit, when the limit is not named."""
COMBINED: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def faults(source: str, *, may_read_clocks: bool = False) -> Iterator[tuple[int, str]]:
    """Return each line of Python that makes a test depend on the machine's speed, with the reason."""
    tree = ast.parse(source)
    known = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            if _name(node) in CLOCKS and not may_read_clocks:
                yield node.lineno, "reads a clock: wait with wait_until, measure in bench/"
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, why) for why in _faults_of_call(node, known))


def _constants(tree: ast.Module) -> dict[str, float]:
    """Return the numbers that a module names."""
    known: dict[str, float] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and (number := _number(node.value, known)) is not None:
            known |= {target.id: number for target in node.targets if isinstance(target, ast.Name)}
    return known


def _faults_of_call(call: ast.Call, known: Mapping[str, float]) -> Iterator[str]:
    name = _name(call.func)
    keywords = {k.arg: k.value for k in call.keywords}
    if name == "sleep" and call.args and _is_fixed(call.args[0]):
        yield "sleeps for a fixed time: use wait_until"
    if name in ("settings", "register_profile") and "deadline" in keywords and not _is_none(keywords["deadline"]):
        yield "sets a hypothesis deadline: tests/conftest.py sets none for all"
    limits = [value for key, value in keywords.items() if key in LIMITS or (key, name) == ("seconds", "wait_until")]
    limits += [call.args[n] for n in _places_of(name, call) if n < len(call.args)]
    if any((number := _number(limit, known)) is not None and 0 < number < PATIENCE for limit in limits):
        yield f"gives up after less than {PATIENCE:g} seconds: use PATIENCE"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_fixed(seconds: ast.expr) -> bool:
    """Tell whether a pause is a number or a constant. Loops may pause between two rounds; a random pause is no wait."""
    named = {_name(node) for node in ast.walk(seconds)} - {""}
    return all(name.isupper() for name in named) and not (named and named <= {"PAUSE", "PACE"})


def _places_of(name: str, call: ast.Call) -> tuple[int, ...]:
    """Return where a call has its limit. A queue's `get` has it after whether it waits; a result's has it alone."""
    if name == "get":
        first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        return (1,) if isinstance(first, bool) else (0,) if len(call.args) == 1 else ()
    return PLACES.get(name, ())


def _number(node: ast.expr, known: Mapping[str, float]) -> float | None:
    """Return the number that is written, named or computed; None where it is another thing."""
    if isinstance(node, ast.Constant):
        is_number = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
        return float(node.value) if is_number else None  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp):
        left, right = _number(node.left, known), _number(node.right, known)
        combine = COMBINED.get(type(node.op))
        return None if left is None or right is None or combine is None else combine(left, right)
    return None


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
        "results.get(60)",
        "queue.get(True, 5)",
        "queue.put(item, True, 5)",
        "thread.join(60)",
        "event.wait(5)",
        "futures.wait(them, 5)",
        "condition.wait_for(ready, 5)",
        "asyncio.wait_for(task, 0.5)",
        "process.communicate(None, 30)",
        "future.result(30)",
        "lock.acquire(True, 5)",
        "peer.settimeout(5)",
        "socket.create_connection(address, 5)",
        "urlopen(address, None, 5)",
        "select.select([peer], [], [], 5)",
        "thread.join(2 * 30)",
        "wait_until(ready, what='the server', seconds=5)",
        "urlopen(address, timeout=5)",
        "Controller(handler, ready_timeout=30)",
    ],
)
def test_a_line_that_depends_on_speed_is_found(line: str):
    assert len(list(faults(f"async def f():\n    {line}\n"))) == 1


def test_a_limit_that_the_module_names_is_found():
    assert len(list(faults("SECONDS = 5\nLIMIT = SECONDS * 2\nthread.join(LIMIT)\n"))) == 1
    assert list(faults("SECONDS = 5\nthread.join(SECONDS * 200)\n")) == []


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
        "process.wait(2 * PATIENCE)",
        "found.get('key', 5)",
        "select.select([peer], [], [], 0)",
        "queue.get(True, PATIENCE)",
        "lock.acquire(False)",
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
