"""A Prefect server that these tests share, with its own home folder."""

import gc
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flows.serving import local_server
from tests.flows.patient import DASK, PREFECT, Api, servers_on
from tests.sharing import shared, shared_folder

for name, value in {**PREFECT, **DASK}.items():
    os.environ.setdefault(name, value)

MADE = "made.db"


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Start the server that `changeflow flows run` starts, once for all workers, and check that it stops afterwards."""
    folder = shared_folder(tmp_path_factory, "prefect")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PREFECT_HOME", str(folder))
        environment.delenv("PREFECT_API_URL", raising=False)
        with shared(folder, lambda: _own_server(folder)) as url, pytest.MonkeyPatch.context() as used:
            used.setenv("PREFECT_API_URL", url)
            from prefect.events.worker import EventsWorker
            from prefect.logging.handlers import APILogWorker
            from prefect.settings import PREFECT_API_URL, temporary_settings

            # Another test may have loaded Prefect before the address was set.
            with temporary_settings({PREFECT_API_URL: url}):
                yield Api(url)
                for waiting in (APILogWorker, EventsWorker):
                    waiting.drain_all()


@pytest.fixture(scope="session")
def prefect_database(prefect_server: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefect's database as its first start made it, to be copied: making it takes longer than the start itself."""
    return shared_folder(tmp_path_factory, "prefect") / MADE


@contextmanager
def _own_server(home: Path) -> Iterator[str]:
    output: list[str] = []
    with local_server(say=output.append) as url:
        api = Api(url)
        assert api.is_up()
        assert len(servers_on(api.port)) == 1
        with closing(sqlite3.connect(home / "prefect.db")) as whole, closing(sqlite3.connect(home / MADE)) as copy:
            whole.backup(copy)
        assert output[0].startswith(f"Starting a Prefect server at http://127.0.0.1:{api.port}")
        yield url
    assert servers_on(api.port) == []
    assert output[-1] == "Stopped the Prefect server."


def pytest_sessionfinish() -> None:
    """Drop what Prefect's clients leave open, before pytest blames the last test for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
