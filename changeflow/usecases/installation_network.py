"""Checks of what people and messages reach: the address, messages, signing in, the schedule and the programmes."""

import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

from changeflow.addresses import THIS_MACHINE
from changeflow.delivery.channel_names import REACHING_PEOPLE
from changeflow.delivery.channels import channel_for, channel_name
from changeflow.errors import ChangeflowError
from changeflow.phrases import listed
from changeflow.storage import agenda, message_switch, sandbox, versions
from changeflow.storage.database import is_sqlite, read_scope
from changeflow.usecases import monitoring
from changeflow.usecases.installation import CheckOutcome, Installation, attention, fine, worth_knowing
from changeflow.usecases.scheduled import FLOWS
from changeflow.values.moments import LONDON, format_day

TIMEOUT_SECONDS = 10
NOT_ASKED = "To try it, add --connect."


def address_is_public(installation: Installation) -> Iterator[CheckOutcome]:
    """Check the address that links in messages lead to, and that it is encrypted."""
    parts = urlsplit(installation.base_url)
    if parts.hostname in THIS_MACHINE:
        text = f"Links in messages lead to {installation.base_url}, which works only on this machine."
        remedy = "Set CHANGEFLOW_BASE_URL to the address that people type, with https://."
        is_in_use = bool(installation.issuer) or channel_name(installation.channels) in REACHING_PEOPLE
        yield attention(text, remedy) if is_in_use else worth_knowing(text, remedy)
        return
    if parts.scheme != "https":
        yield attention(
            f"{installation.base_url} is not encrypted: others on the network can read pages and links.",
            "Put a web server with HTTPS in front of changeflow, and write https:// in CHANGEFLOW_BASE_URL.",
        )
        return
    if not installation.proxies.strip():
        yield attention(
            "CHANGEFLOW_PROXIES is not set, so all readers count as one and share one limit.",
            "Set it to the address of the web server in front of changeflow, such as 127.0.0.1.",
        )
    yield (
        _answer_at(installation)
        if installation.may_connect
        else fine(f"Links in messages lead to {installation.base_url}. {NOT_ASKED}")
    )


def _answer_at(installation: Installation) -> CheckOutcome:
    """Ask the public address for its health, as a monitoring system does."""
    import httpx

    where = f"{installation.base_url}/health"
    try:
        answer = httpx.get(where, timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return attention(
            f"{where} does not answer ({type(error).__name__}).",
            "Start changeflow serve, and check the web server in front of it, its certificate and the name in DNS.",
        )
    if answer.status_code != 200 or not answer.text.startswith("ok"):
        return attention(f"{where} answers {answer.status_code}.", "Read the log of changeflow serve.")
    return fine(f"{where} answers “ok” over HTTPS.")


def messages_can_be_sent(installation: Installation) -> Iterator[CheckOutcome]:
    """Check the channel's settings; connect only if that is allowed. Never send anything."""
    name = channel_name(installation.channels)
    try:
        channel_for(installation.channels)
    except ChangeflowError as error:
        yield attention(str(error), "Correct the settings of the channel: docs/nudges.md lists them.")
        return
    if name not in REACHING_PEOPLE:
        text = f"Messages go to no one: the channel is '{name}'."
        remedy = "Set a mail server in CHANGEFLOW_SMTP_URL, or another channel: docs/nudges.md lists them."
        yield attention(text, remedy) if _some_are_on(installation) else worth_knowing(text, remedy)
        return
    if name == "smtp" and installation.may_connect:
        yield _answer_of_the_mail_server(installation.channels.smtp_url or "")
        return
    tried = NOT_ASKED if name == "smtp" else "To try it, send yourself a test on the page Messages."
    yield fine(f"The channel '{name}' has all its settings. {tried}")


def _some_are_on(installation: Installation) -> bool:
    """Return whether a programme's messages are on."""
    try:
        with read_scope(installation.db) as session:
            names = versions.programme_ids(session)
            return any(message_switch.reach_people(session, versions.required(session, n).definition) for n in names)
    except ChangeflowError:
        return False


def _answer_of_the_mail_server(url: str) -> CheckOutcome:
    """Sign in to the mail server and leave again."""
    from changeflow.delivery.channels import SmtpChannel

    remedy = "Check the address and password in CHANGEFLOW_SMTP_URL, and that this machine may connect to it."
    try:
        SmtpChannel(url, timeout=TIMEOUT_SECONDS).try_connection()
    except smtplib.SMTPResponseException as error:
        return attention(f"The mail server refuses changeflow ({error.smtp_code}).", remedy)
    except (OSError, smtplib.SMTPException) as error:
        return attention(f"No connection to the mail server ({type(error).__name__}).", remedy)
    return fine("The mail server accepts changeflow. No message was sent.")


def people_can_sign_in(installation: Installation) -> Iterator[CheckOutcome]:
    """Check the identity provider's settings; fetch its description only if that is allowed."""
    if not installation.issuer:
        yield worth_knowing(
            "No identity provider is set. People sign in with links by email, which admins cannot use.",
            "Register changeflow with your provider: docs/sign-in.md lists the settings.",
        )
        return
    if not installation.has_client_secret:
        yield attention(
            "The identity provider has no client secret.",
            "Set CHANGEFLOW_OIDC_CLIENT_SECRET_FILE to a file that has it.",
        )
    if not installation.may_connect or installation.discover is None:
        yield fine(f"People sign in with {installation.issuer}. {NOT_ASKED}")
        return
    try:
        installation.discover()
    except ChangeflowError as error:
        yield attention(
            f"{installation.issuer}: {error}",
            "Check CHANGEFLOW_OIDC_ISSUER, and that this machine may connect to the provider.",
        )
    else:
        yield fine(f"The identity provider {installation.issuer} answers, and its keys can be read.")


def flows_are_scheduled(installation: Installation) -> Iterator[CheckOutcome]:
    """Check a shared Prefect server, if there is one; otherwise changeflow starts its own."""
    if not installation.prefect_url:
        own = "“changeflow flows serve” runs the schedule with its own Prefect server."
        if is_sqlite(installation.db):
            yield fine(own)
        else:
            yield worth_knowing(own, "If several machines share the work, set PREFECT_API_URL on each of them.")
        return
    if not installation.may_connect:
        yield fine(f"The Prefect server is set. {NOT_ASKED}")
        return
    yield _answer_of_prefect(installation.prefect_url.rstrip("/"))


def _answer_of_prefect(url: str) -> CheckOutcome:
    """Ask the Prefect server whether it knows every flow."""
    import httpx

    try:
        answer = httpx.post(f"{url}/deployments/filter", json={}, timeout=TIMEOUT_SECONDS)
        known = {deployment["name"] for deployment in answer.raise_for_status().json()}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return attention(
            f"The Prefect server does not answer as it should ({type(error).__name__}).",
            "Check PREFECT_API_URL, and start the server: prefect server start --host 0.0.0.0",
        )
    if missing := sorted(FLOWS.keys() - known):
        return attention(
            f"The Prefect server does not know {listed(missing)}.",
            "In the folder with prefect.yaml, run: prefect deploy --all",
        )
    return fine("The Prefect server answers, and knows every flow.")


def programmes_run(installation: Installation) -> Iterator[CheckOutcome]:
    """Say for each programme whether messages are on, and list what `status` lists."""
    troubles = monitoring.troubles(db=installation.db, now=installation.clock())
    for trouble in troubles:
        yield attention(trouble)
    with read_scope(installation.db) as session:
        is_sandbox = sandbox.is_sandbox(session)
        for name in versions.programme_ids(session):
            are_on = message_switch.reach_people(session, versions.required(session, name).definition)
            last = agenda.last_tick(session, name)
            local = last.astimezone(LONDON) if last else None
            ticked = f"The last tick ran on {format_day(local.date())} at {local:%H:%M}." if local else ""
            state = "on" if are_on else "off, because it is a sandbox" if is_sandbox else "off"
            yield fine(f"{name}: messages are {state}. {ticked}".strip())
