"""Commands for the flows. This is the one door from the package to Prefect: it loads the flows by name."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from changeflow.cli.context import Context, shared
from changeflow.cli.output import note
from changeflow.collector import collect_as_usual
from changeflow.usecases.scheduled import FLOWS

flows = typer.Typer(help="The flows that drive a programme by the clock.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(flows, name="flows")


@flows.command("serve")
@shared("db")
def flows_serve(context: Context) -> None:
    """Run the flows on their schedules, on this machine, until it is stopped."""
    os.environ["CHANGEFLOW_DB"] = context.db
    flow_module("serving").serve_all(say=note)


@flows.command("run")
@shared("db", "at")
def flows_run(context: Context, name: Annotated[str, typer.Argument(help=f"One of {', '.join(FLOWS)}.")]) -> None:
    """Run one flow now, once; a server that was started for it is stopped again."""
    os.environ["CHANGEFLOW_DB"] = context.db
    flow_module("serving").run_once(name, now=context.now, say=note)


def flow_module(name: str) -> ModuleType:
    """Load a module of flows: from the wheel, or from the top of a checkout."""
    collect_as_usual()
    if importlib.util.find_spec("changeflow.flows") is not None:
        return importlib.import_module(f"changeflow.flows.{name}")
    top = str(Path(__file__).resolve().parent.parent.parent)
    if top not in sys.path:
        sys.path.insert(0, top)
    return importlib.import_module(f"flows.{name}")
