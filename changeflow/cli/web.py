"""Commands for running it: the pages that links lead to, and how it all stands."""

from typing import Annotated

import typer

from changeflow.cli.context import Context, shared
from changeflow.cli.output import note, out
from changeflow.settings import begin


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(status)


@shared("db", "host", "port")
def serve(
    context: Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Serve the pages that links in messages lead to, until stopped with Ctrl+C."""
    from changeflow.usecases.custody import take_stock
    from changeflow.web.app import make_app
    from changeflow.web.clients import Clients, networks
    from changeflow.web.server import run

    chosen = begin()
    clients = Clients(proxies=networks(chosen.proxies), token=chosen.metrics_token)
    stock = take_stock(db=context.db, now=context.now)
    if stock.message:
        note(stock.message)
    note(f"Serving http://{host}:{port}. Stop with Ctrl+C. Links lead to CHANGEFLOW_BASE_URL.")
    run(
        make_app(context.db, base_url=chosen.base_url, clients=clients, anchor=chosen.anchor),
        host=host,
        port=port,
        base_url=chosen.base_url,
    )


@shared("db", "at")
def status(context: Context) -> None:
    """Say how ticks and messages stand, and what waits for a person; exit 3 when something does."""
    from changeflow.usecases import monitoring

    for what, count in monitoring.numbers(db=context.db).items():
        out(f"{count:>6}  {what}")
    troubles = monitoring.troubles(db=context.db, now=context.now)
    for trouble in troubles:
        note(trouble)
    if troubles:
        raise typer.Exit(3)
