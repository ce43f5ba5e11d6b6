"""Commands for running changeflow: the flows, the web application, and the overall status."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, command, number_option, shared
from changeflow.cli.output import note, out, print_lines
from changeflow.collector import collect_as_usual
from changeflow.errors import CheckFailedError, InputError
from changeflow.settings import Settings, begin
from changeflow.usecases.scheduled import FLOWS

if TYPE_CHECKING:
    from changeflow.usecases.sign_in_mail import LinkPost

flows = typer.Typer(help="The scheduled flows that drive a programme.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(flows, name="flows")
    app.command()(serve)
    app.command()(status)


@command(flows, "serve", "db")
def flows_serve(context: Context) -> None:
    """Run the flows on their schedules on this machine, until stopped with Ctrl+C."""
    os.environ["CHANGEFLOW_DB"] = context.db
    flow_module("serving").serve_all(say=note)


@command(flows, "run", "db", "at")
def flows_run(context: Context, name: Annotated[str, typer.Argument(help=f"One of {', '.join(FLOWS)}.")]) -> None:
    """Run one flow once, now. If it needs a server, one is started and then stopped."""
    os.environ["CHANGEFLOW_DB"] = context.db
    result = flow_module("serving").run_once(name, now=context.now, say=note)
    from changeflow.cli.flow_results import result_lines

    print_lines(result_lines(result))


def flow_module(name: str) -> ModuleType:
    """Load a module of flows, from the wheel or the top of a checkout. The package reaches Prefect only through this
    function."""
    collect_as_usual()
    if importlib.util.find_spec("changeflow.flows") is not None:
        return importlib.import_module(f"changeflow.flows.{name}")
    top = str(Path(__file__).resolve().parent.parent.parent)
    if top not in sys.path:
        sys.path.insert(0, top)
    return importlib.import_module(f"flows.{name}")


@shared("db", "programme", "at")
def serve(
    context: Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, number_option("The port to listen on.", least=1, most=65535)] = 8000,
    sign_in: Annotated[
        list[str] | None,
        typer.Option(
            "--sign-in", metavar="PERSON", help="In a sandbox, print a link that signs you in as this person."
        ),
    ] = None,
    setup: Annotated[
        bool, typer.Option("--setup", help="Print a one-time link for an admin, which works only on this machine.")
    ] = False,
) -> None:
    """Serve the web application, until stopped with Ctrl+C. Without a programme, it prints an address to set one up."""
    from changeflow.usecases.accounts import end_machine_sessions
    from changeflow.usecases.custody import take_stock
    from changeflow.usecases.first_run import open_first
    from changeflow.web.app import make_app
    from changeflow.web.clients import Clients, networks
    from changeflow.web.server import check_free, run
    from changeflow.web.setup_desk import SetupDesk, setup_lines
    from changeflow.web.sign_in_doors import clock_from, doors_for

    chosen = begin()
    check_free(host, port)
    is_first = open_first(db=context.db)
    clients = Clients(proxies=networks(chosen.proxies), token=chosen.metrics_token)
    if message := take_stock(db=context.db, now=context.now).message:
        note(message)
    clock = clock_from(context.at and context.now, db=context.db)
    if setup and chosen.provider is not None:
        raise InputError("--setup is for the first start: people here sign in with CHANGEFLOW_OIDC_ISSUER.")
    desk, is_setup = SetupDesk(context.db), setup and not is_first
    doors = doors_for(context.programme, people=sign_in or (), is_setup=is_setup, host=host, db=context.db, now=clock())
    provider = None
    if chosen.provider is not None:
        from changeflow.web.provider import Provider

        provider = Provider(chosen.provider)
        end_machine_sessions(db=context.db, now=clock())
    note(f"Serving http://{host}:{port}. Stop with Ctrl+C. Links in messages lead to {chosen.base_url}.")
    print_lines(f"{door.title}: http://{host}:{port}/sign-in/here/{door.token}" for door in doors.known)
    if is_first:
        print_lines(setup_lines(desk, host, port, clock()))
    made = make_app(
        context.db,
        base_url=chosen.base_url,
        clock=clock,
        clients=clients,
        anchor=chosen.anchor,
        doors=doors,
        post=_post(chosen),
        provider=provider,
        setup=desk,
    )
    made.state.site.calculations.begin()
    run(made, host=host, port=port, base_url=chosen.base_url)


def _post(chosen: Settings) -> "LinkPost":
    """Return what sends sign-in links and invitations."""
    from changeflow.delivery.writing import templates_of
    from changeflow.usecases.messages import Desk
    from changeflow.usecases.sign_in_mail import LinkPost

    desk = Desk(base_url=chosen.base_url, templates=templates_of(chosen.templates))
    return LinkPost(channels=chosen.channels, desk=desk)


@shared("db", "at")
def status(context: Context) -> None:
    """Count messages and reminders, and list what needs attention. Exits with 3 if anything does."""
    from changeflow.usecases import monitoring
    from changeflow.values.duration import counted

    for what, count in monitoring.numbers(db=context.db).items():
        out(f"{count:>6}  {what}")
    troubles = monitoring.troubles(db=context.db, now=context.now)
    if not troubles:
        out("Nothing needs attention.")
        return
    for trouble in troubles:
        note(trouble)
    verb = "needs" if len(troubles) == 1 else "need"
    raise CheckFailedError(f"{counted(len(troubles), 'thing')} {verb} attention, as listed above.")
