"""The fixture that the tests of rules share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from changeflow.rules.engine import Judged
from tests.rules.judging import judged


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Judged]:
    return lambda **more: judged(tmp_path, **more)
