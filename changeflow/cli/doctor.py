"""The command that checks an installation: doctor."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, Form, shared
from changeflow.cli.output import out, print_json
from changeflow.errors import CheckFailedError, InputError

if TYPE_CHECKING:
    from changeflow.usecases.installation import Installation
    from changeflow.usecases.installation_checks import InstallationResult


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


@shared("db", "form")
def doctor(
    context: Context,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect",
            help="Also connect to the public address, the mail server, the identity provider and the Prefect server. "
            "Sends no message.",
        ),
    ] = False,
    form: Form = "text",
) -> None:
    """Check this installation: what is missing, and how to fix it. Exits with 3 if anything needs attention."""
    from changeflow.usecases.installation import CheckState
    from changeflow.usecases.installation_checks import check_installation
    from changeflow.values.duration import counted

    results = check_installation(_installation(context.db, may_connect=connect))
    wrong = [result for result in results if result.outcome.state is CheckState.ATTENTION]
    if form == "json":
        print_json({"ok": not wrong, "checks": [result.row() for result in results]})
    else:
        for result in results:
            _print(result)
    if wrong:
        verb = "needs" if len(wrong) == 1 else "need"
        raise CheckFailedError(f"{counted(len(wrong), 'thing')} {verb} attention.")
    if form == "text":
        out("Nothing needs attention.")


def _print(result: "InstallationResult") -> None:
    state, text, remedy = result.outcome
    out(f"{state.value:<11}  {result.title}: {text}")
    if remedy:
        out(f"{'':<11}  → {remedy}")


def _installation(db: str, *, may_connect: bool) -> "Installation":
    from changeflow.settings import lenient_settings, unknown_variables
    from changeflow.usecases.installation import Installation
    from changeflow.values.acting import current
    from changeflow.web.clients import networks

    chosen, faults = lenient_settings()
    try:
        networks(chosen.proxies)
    except InputError as error:
        faults = (*faults, str(error))
    discover = None
    if may_connect and chosen.provider is not None:
        from changeflow.web.provider import Provider

        discover = Provider(chosen.provider).check
    return Installation(
        db=db,
        clock=current().clock,
        channels=chosen.channels,
        base_url=chosen.base_url,
        proxies=chosen.proxies,
        issuer=chosen.provider.issuer if chosen.provider else "",
        has_client_secret=bool(chosen.provider and chosen.provider.client_secret),
        prefect_url=os.environ.get("PREFECT_API_URL", ""),
        backups=chosen.backups,
        anchor=chosen.anchor,
        faults=faults,
        unknown=unknown_variables(),
        may_connect=may_connect,
        discover=discover,
    )
