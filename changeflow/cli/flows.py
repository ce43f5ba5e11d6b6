"""Commands for the flows. This is the one door from the package to Prefect: it loads the flows by name."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from changeflow.cli.speaking import At, Db, moment, note, spoken_errors
from changeflow.settings import DEFAULT_DB

NAMES = (
    "tick",
    "dispatch-nudges",
    "weekly-sro-report",
    "reinforcement-checkpoints",
    "adkar-rounds",
    "pilot-checkpoints",
    "gate-requests",
    "retention",
    "health",
    "portfolio-risk",
    "portfolio-waves",
)
flows = typer.Typer(help="The flows that drive a programme by the clock.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(flows, name="flows")


@flows.command("serve")
def flows_serve(db: Db = DEFAULT_DB) -> None:
    """Run the flows on their schedules, on this machine, until it is stopped."""
    os.environ["CHANGEFLOW_DB"] = db
    with spoken_errors():
        flow_module("serving").serve_all(say=note)


@flows.command("run")
def flows_run(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    db: Db = DEFAULT_DB,
    at: At = None,
) -> None:
    """Run one flow now, once; a server that was started for it is stopped again."""
    os.environ["CHANGEFLOW_DB"] = db
    with spoken_errors():
        flow_module("serving").run_once(name, now=moment(at), say=note)


def flow_module(name: str) -> ModuleType:
    """Load a module of flows: from the wheel, or from the top of a checkout."""
    if importlib.util.find_spec("changeflow.flows") is not None:
        return importlib.import_module(f"changeflow.flows.{name}")
    top = str(Path(__file__).resolve().parent.parent.parent)
    if top not in sys.path:
        sys.path.insert(0, top)
    return importlib.import_module(f"flows.{name}")
