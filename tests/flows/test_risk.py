"""A portfolio in batches gives the same numbers on threads, on Dask, after a worker is killed, and in one process."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from changeflow.errors import ConflictError, InputError
from changeflow.settings import settings
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import definitions, portfolio
from changeflow.usecases.risk import simulate_programme
from changeflow.usecases.stored import load
from tests.builders import PROGRAMME, a_folder
from tests.flows.patient import Api
from tests.quick import thorough_first

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NOW = datetime(2027, 1, 8, 9, tzinfo=UTC)
TODAY = date(2027, 1, 8)
RANGES = "tasks:\n  train: {estimate: [1d, 2d, 8d]}\n  system-live: {estimate: [3d, 5d, 20d]}\n"
ROLLOUT = "services:\n  payroll: {wave_size: 2}\nschools:\n  ash: {risk: 4}\n"
ITERATIONS = 2_000


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Store two programmes with ranges, and one without."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    for n, ranges in enumerate((RANGES, RANGES.replace("20d", "30d"), "")):
        folder = a_folder(tmp_path / f"trust{n}", programme=PROGRAMME.replace("programme: small", f"programme: p{n}"))
        service = folder / "services" / "payroll.yaml"
        service.write_text(service.read_text() + ranges)
        (folder / "rollout.yaml").write_text(ROLLOUT if ranges else "at_once: 2\n")
        definitions.apply(folder, db=url, actor="chief", now=NOW)
    monkeypatch.setenv("CHANGEFLOW_DB", url)
    monkeypatch.setenv("CHANGEFLOW_REPORTS", str(tmp_path / "reports"))
    yield url
    engine_for(url).dispose()


def in_one_process(url: str, name: str) -> Any:
    with session_scope(url) as session:
        programme = load(session, name, on=TODAY).programme
    return simulate_programme(programme, iterations=ITERATIONS, seed=3, threads=1)


@pytest.mark.thorough
@pytest.mark.parametrize("runner", thorough_first(1, ["threads", "dask"]))
def test_the_numbers_are_the_same_on_every_runner(
    prefect_server: Api, stored: str, monkeypatch: pytest.MonkeyPatch, runner: str
):
    monkeypatch.setenv("CHANGEFLOW_TASK_RUNNER", runner)
    monkeypatch.setenv("CHANGEFLOW_BATCHES", "3")
    # Only the test that kills a worker needs two processes.
    monkeypatch.setenv("CHANGEFLOW_WORKERS", "1" if runner == "dask" else "2")
    from flows.risk import portfolio_risk

    pages = portfolio_risk(now=NOW, iterations=ITERATIONS, seed=3)
    assert [p.name for p in pages] == ["p0-risk-2027-01-08.html", "p1-risk-2027-01-08.html"]
    for page, name in zip(pages, ("p0", "p1"), strict=True):
        kept = json.loads(page.with_suffix(".json").read_text())
        assert kept == json.loads(json.dumps(asdict(in_one_process(stored, name))))


@pytest.mark.thorough
def test_a_killed_worker_loses_nothing(prefect_server: Api, stored: str, monkeypatch: pytest.MonkeyPatch):
    """One of two workers is killed for good while the batches run; the page shows the numbers of one process."""
    from dask.distributed import LocalCluster, SchedulerPlugin

    from flows.risk import portfolio_risk

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setenv("CHANGEFLOW_TASK_RUNNER", cluster.scheduler_address)
        monkeypatch.setenv("CHANGEFLOW_BATCHES", "10")
        killed: list[int] = []

        class KillsAtTheFirstResult(SchedulerPlugin):
            """Kills a busy worker as soon as one batch is done."""

            def transition(self, key: str, start: str, finish: str, *args: object, **kwargs: object) -> None:
                busy = {address for address, w in cluster.scheduler.workers.items() if w.processing}
                if finish == "memory" and not killed:
                    nanny = next(n for n in cluster.workers.values() if n.worker_address in busy)
                    nanny.auto_restart = False
                    killed.append(nanny.pid)
                    os.kill(nanny.pid, signal.SIGKILL)

        cluster.scheduler.add_plugin(KillsAtTheFirstResult())
        pages = portfolio_risk(now=NOW, iterations=ITERATIONS, seed=3)
    assert len(killed) == 1
    with session_scope(stored) as session:
        programme = load(session, "p0", on=TODAY).programme
    alone = asdict(simulate_programme(programme, iterations=ITERATIONS, seed=3, threads=2))
    assert json.loads(pages[0].with_suffix(".json").read_text()) == json.loads(json.dumps(alone))


@pytest.mark.thorough
def test_wave_scenarios(prefect_server: Api, stored: str, monkeypatch: pytest.MonkeyPatch):
    from flows.risk import portfolio_waves

    results = portfolio_waves(now=NOW, seeds=2, effort=0.1)
    assert [(r.programme, r.seed) for r in results] == [("p0", 1), ("p0", 2), ("p1", 1), ("p1", 2)]
    assert all(len(r.plans) == 3 for r in results)


def test_a_batch_of_an_older_version_is_refused(stored: str, tmp_path: Path):
    batch = portfolio.risk_batches(db=stored, on=TODAY, iterations=1000, seed=1, parts=2)["p0"][0]
    folder = tmp_path / "trust0"
    text = (folder / "programme.yaml").read_text()
    (folder / "programme.yaml").write_text(text.replace("A small programme", "A renamed programme"))
    definitions.apply(folder, db=stored, actor="chief", now=NOW)
    with pytest.raises(ConflictError, match="newer version"):
        portfolio.run_risk_batch(batch)


@pytest.mark.parametrize(
    ("name", "text"),
    [("CHANGEFLOW_WORKERS", "none"), ("CHANGEFLOW_BATCHES", "0"), ("CHANGEFLOW_TASK_RUNNER", "ray")],
)
def test_invalid_settings_are_refused(name: str, text: str, monkeypatch: pytest.MonkeyPatch):
    from flows.risk import task_runner

    monkeypatch.setenv(name, text)
    with pytest.raises(InputError, match=text):
        task_runner(settings())
