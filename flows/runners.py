"""Where batches run: on threads of this process, or on a Dask cluster, as the environment says."""

from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from changeflow.errors import InputError
from changeflow.settings import Settings

DASK = "dask"


def task_runner(chosen: Settings) -> "TaskRunner[Any]":
    """Return the runner of CHANGEFLOW_TASK_RUNNER: `threads`, `dask` (a cluster of this machine's own for the run), or
    the address of a scheduler, `tcp://host:8786`."""
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
