"""The switch that lets no run of CI pass without a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = "from tests.browser.looking import needs_chromium; print(needs_chromium.mark.args[0])"


@pytest.mark.slow
@pytest.mark.parametrize(("more", "is_skipped"), [({}, "True"), ({"CHANGEFLOW_REQUIRE_BROWSER": "1"}, "False")])
def test_without_a_browser_tests_are_skipped_unless_it_is_required(more: dict[str, str], is_skipped: str):
    plain = {k: v for k, v in os.environ.items() if k != "CHANGEFLOW_REQUIRE_BROWSER"}
    environment = {**plain, "PATH": "", "PYTHONPATH": str(Path.cwd()), **more}
    found = subprocess.run(
        [sys.executable, "-c", SKIPS], env=environment, capture_output=True, text=True, check=True, timeout=600
    )
    assert found.stdout.strip() == is_skipped
