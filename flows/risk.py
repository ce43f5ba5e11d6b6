"""Nightly: simulate every programme and search for its waves, in batches on threads or on a Dask cluster."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from changeflow.errors import InputError
from changeflow.roadmap.risk.simulate import Part
from changeflow.settings import Settings, settings
from changeflow.usecases import portfolio
from changeflow.usecases.portfolio import RiskBatch, ScenarioResult, WaveScenario
from changeflow.values.moments import local_day

DASK = "dask"

RETRIES = 3
"""Retries of a batch whose worker was lost: every run gives the same numbers."""


@task(name="risk-batch", retries=RETRIES, cache_policy=NO_CACHE)
def risk_batch(batch: RiskBatch) -> Part:
    return portfolio.run_risk_batch(batch)


@task(name="wave-scenario", retries=RETRIES, cache_policy=NO_CACHE)
def wave_scenario(scenario: WaveScenario) -> ScenarioResult:
    return portfolio.run_wave_scenario(scenario)


@flow(name="portfolio-risk")
def portfolio_risk(now: datetime | None = None, *, iterations: int = 10_000, seed: int = 1) -> list[Path]:
    """Simulate every stored programme on the day of `now` (by default, today); return the pages that were written."""
    at = now or datetime.now(UTC)
    return simulated.with_options(task_runner=task_runner(settings()))(at, iterations=iterations, seed=seed)


@flow(name="portfolio-waves")
def portfolio_waves(now: datetime | None = None, *, seeds: int = 3, effort: float = 4.0) -> list[ScenarioResult]:
    """Search for the waves of every stored programme with several seeds; return each result."""
    on = local_day(now or datetime.now(UTC))
    return searched.with_options(task_runner=task_runner(settings()))(on, seeds=seeds, effort=effort)


@flow(name="portfolio-risk-batches")
def simulated(now: datetime, *, iterations: int, seed: int) -> list[Path]:
    """Run the batches on the chosen runner, store each programme's odds, and write a page for each."""
    chosen, on = settings(), local_day(now)
    batches = portfolio.risk_batches(db=chosen.db, on=on, iterations=iterations, seed=seed, parts=chosen.batches)
    running = {name: [risk_batch.submit(batch) for batch in own] for name, own in batches.items()}
    written, rows = [], []
    for name, futures in running.items():
        if not futures:
            rows.append({"programme": name, "batches": 0, "page": "not simulated: no task has a range"})
            continue
        report = portfolio.gather(batches[name], [future.result() for future in futures], now=now)
        written.append(portfolio.write_report(report, name, folder=chosen.reports, on=on))
        rows.append({"programme": name, "batches": len(futures), "page": str(written[-1])})
    create_table_artifact(rows, key="portfolio-risk", description="Simulated programmes")
    return written


@flow(name="portfolio-waves-scenarios")
def searched(on: date, *, seeds: int, effort: float) -> list[ScenarioResult]:
    """Run the scenarios on the chosen runner."""
    scenarios = portfolio.wave_scenarios(db=settings().db, on=on, seeds=range(1, seeds + 1), effort=effort)
    results = [future.result() for future in [wave_scenario.submit(scenario) for scenario in scenarios]]
    rows = [
        {"programme": r.programme, "seed": r.seed, "plan": name, "mean week": week, "last": last, "sure": certainty}
        for r in results
        for name, week, last, certainty in r.plans
    ]
    create_table_artifact(rows, key="portfolio-waves", description="The plans of each scenario")
    return results


def task_runner(chosen: Settings) -> "TaskRunner[Any]":
    """Return the runner that CHANGEFLOW_TASK_RUNNER names.

    It is `threads`, `dask` (a cluster on this machine for the run), or the address of a scheduler, `tcp://host:8786`.
    """
    name = chosen.task_runner
    if name == "threads":
        return ThreadPoolTaskRunner(max_workers=chosen.workers)
    if name != DASK and not name.startswith(("tcp://", "tls://")):
        raise InputError(f"CHANGEFLOW_TASK_RUNNER is '{name}'. Write threads, dask, or tcp://host:8786.")
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise InputError("Dask is not installed. Install it: pip install 'changeflow[dask]'.") from None
    if name != DASK:
        return DaskTaskRunner(address=name)
    kwargs = {"n_workers": chosen.workers, "threads_per_worker": 1, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=kwargs)
