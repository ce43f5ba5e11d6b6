"""Commands for running it: the pages that links lead to, and how it all stands."""

from typing import Annotated

import typer

from changeflow.cli.speaking import At, Db, moment, note, out, spoken_errors
from changeflow.settings import DEFAULT_DB, begin


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(status)


def serve(
    db: Db = DEFAULT_DB,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Serve the pages that links in messages lead to, until stopped with Ctrl+C."""
    from changeflow.usecases.custody import take_stock
    from changeflow.web.app import make_app
    from changeflow.web.clients import Clients, networks
    from changeflow.web.server import run

    with spoken_errors():
        chosen = begin()
        clients = Clients(proxies=networks(chosen.proxies), token=chosen.metrics_token)
        stock = take_stock(db=db, now=moment(None))
        if stock.message:
            note(stock.message)
        note(f"Serving http://{host}:{port}. Stop with Ctrl+C. Links lead to CHANGEFLOW_BASE_URL.")
        run(
            make_app(db, base_url=chosen.base_url, clients=clients, anchor=chosen.anchor),
            host=host,
            port=port,
            base_url=chosen.base_url,
        )


def status(db: Db = DEFAULT_DB, at: At = None) -> None:
    """Say how ticks and messages stand, and what waits for a person; exit 3 when something does."""
    from changeflow.usecases import watching

    with spoken_errors():
        for what, count in watching.numbers(db=db).items():
            out(f"{count:>6}  {what}")
        troubles = watching.troubles(db=db, now=moment(at))
    for trouble in troubles:
        note(trouble)
    if troubles:
        raise typer.Exit(3)
