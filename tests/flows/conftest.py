"""A Prefect server for these tests alone, with a home of its own; without it no test here can run."""

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.patient import DASK, PREFECT
from tests.waiting import PATIENCE

for name, value in {**PREFECT, **DASK}.items():
    os.environ.setdefault(name, value)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("prefect")
    os.environ["PREFECT_HOME"] = str(home)
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=int(PATIENCE)):
        yield home


def pytest_sessionfinish() -> None:
    """Drop what Prefect's clients leave open, before pytest takes it for a fault of the last test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
