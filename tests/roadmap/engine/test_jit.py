"""One source, two ways of running it: plain Python for small roadmaps, compiled for large ones, never in silence."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import config
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.places import programme_templates
from changeflow.roadmap.engine import compiling, jit
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.engine.outline import in_order
from changeflow.roadmap.engine.replan import Consequences, if_longer
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.risk import simulate_programme
from changeflow.usecases.warm_up import LEAST_ITERATIONS, SAMPLE

ORDER = """
import sys
import numpy as np
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.outline import in_order
before, after = np.array([2, 1]), np.array([1, 0])
{}
assert list(in_order(before, after, 3)) == [2, 1, 0]
assert ("numba" in sys.modules) is {}
"""
COMPILED = ORDER.format("jit.CACHED_FROM = jit.COMPILED_FROM = 0", "True")


def run(code: str, cache: Path) -> str:
    """Run some code in a Python of its own; return what it wrote on standard error."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stderr


@jit.kernel
def _doubled(numbers: Any, n: int) -> int:
    return jit.wide(numbers[jit.unsigned(n)]) * 2


@pytest.mark.slow
def test_a_small_network_is_run_without_numba(tmp_path: Path):
    assert run(ORDER.format("", "False"), tmp_path) == ""


@pytest.mark.thorough
@pytest.mark.slow
def test_compiling_is_said_once_and_kept_where_numba_is_told_to(tmp_path: Path):
    assert run(COMPILED, tmp_path) == "Getting ready (the first time only, up to a minute) …\n"
    assert list(tmp_path.rglob("outline._release-*.nbi"))
    assert run(COMPILED, tmp_path) == ""


def _next(number: int) -> int:
    return number + 1


@pytest.mark.slow
def test_kept_code_is_used_until_any_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function may call one in another file, and numba looks at its own file alone."""

    def is_read_back() -> bool:
        twin = compiling.compiled(_next)
        assert twin(1) == 2
        return bool(twin.stats.cache_hits)

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    assert [is_read_back(), is_read_back()] == [False, True]
    for index in tmp_path.rglob("*.nbi"):
        # What an older release kept may name classes that are gone: it must not be unpickled.
        kept = io.BytesIO(index.read_bytes())
        index.write_bytes(pickle.dumps(pickle.load(kept)) + b"cchangeflow.roadmap.engine.arrays\nGone\n.")
    monkeypatch.setattr(compiling, "sources", lambda: "others")
    assert [is_read_back(), is_read_back()] == [False, True]


@pytest.mark.parametrize(
    ("size", "is_cached", "is_compiled"),
    [
        (jit.CACHED_FROM - 1, True, False),
        (jit.CACHED_FROM, True, True),
        (jit.COMPILED_FROM - 1, False, False),
        (jit.COMPILED_FROM, False, True),
    ],
)
def test_the_size_decides_and_whether_it_has_been_compiled_before(
    size: int, is_cached: bool, is_compiled: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jit, "twin", lambda _: lambda *_: "compiled")
    monkeypatch.setattr(jit, "_is_cached", lambda _: is_cached)
    assert jit.call(_doubled, size, np.array([4, 5]), 1) == ("compiled" if is_compiled else 10)


@pytest.mark.slow
def test_an_answer_does_not_depend_on_the_way():
    before, after = np.array([3, 3, 1, 0]), np.array([1, 0, 2, 2])
    plain = in_order(before, after, 4)
    with jit.compiled_always():
        compiled = in_order(before, after, 4)
    assert plain.tolist() == compiled.tolist() == [3, 1, 0, 2]
    assert jit.CACHED_FROM > 0


def test_a_loop_leaves_places_out():
    assert in_order(np.array([0, 1, 2]), np.array([1, 2, 1]), 3).tolist() == [0]


@pytest.mark.thorough
@pytest.mark.slow
def test_warm_compiles_everything_that_is_ever_compiled():
    """Warmed, none of the engine's twins is without compiled code, and another programme adds none to them."""
    result = CliRunner().invoke(app, ["warm"])
    assert result.exit_code == 0, result.output
    assert "4 of 4: rollout waves" in result.stderr
    roots = ("_passes", "_sweep", "follow", "forward", "_release", "run_block")
    twins = {function.__name__: twin for function, twin in jit._TWINS.items()}
    assert [name for name in roots if not twins[name].overloads] == []
    warmed = {name: list(twin.signatures) for name, twin in twins.items()}
    [other] = (folder for name, folder in programme_templates().items() if name != SAMPLE)
    programme = plan_folder(other).programme
    with jit.compiled_always():
        schedule = time_roadmap(programme.roadmap)
        if_longer(programme.roadmap, programme.minutes_per_day)
        last = max(programme.roadmap.tasks)
        Consequences(programme.roadmap, schedule).finish_if(last, schedule[last].early_finish + 1, last)
    simulate_programme(programme, iterations=LEAST_ITERATIONS, seed=2)
    assert {name: list(twin.signatures) for name, twin in twins.items()} == warmed
