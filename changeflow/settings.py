"""The environment, read here only. A secret may also be in a file: NAME_FILE has its path."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import urlsplit

from changeflow.addresses import THIS_MACHINE
from changeflow.errors import InputError
from changeflow.intake.opening import read_text
from changeflow.values.acting import Acting, Via, acting
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    from changeflow.delivery.channels import ChannelSettings

MOST_OF_A_SECRET = 10_000
DEFAULT_DB = "sqlite:///changeflow.db"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """An identity provider, and changeflow's registration with it."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = "Sign in with your organisation’s account"
    """The text of the button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the environment; command-line options override them."""

    db: str = field(repr=False)
    """An address with a password in it is a secret."""
    actor: str | None
    channels: "ChannelSettings"
    reports: Path
    base_url: str
    """The address of the pages that links in messages open."""
    templates: Path | None
    """A trust's own templates of messages."""
    task_runner: str = "threads"
    """What runs the batches of the flows over all programmes: `threads`, `dask`, or the address of a Dask scheduler."""
    workers: int = 2
    log: str = "off"
    """How logs are written: `json`, `plain` or `off`."""
    metrics_token: str | None = field(default=None, repr=False)
    """The token that a monitoring system sends to read `/metrics` and the details of `/health`."""
    proxies: str = ""
    """Addresses and networks of the proxies whose X-Forwarded-For is believed, separated by commas."""
    key_file: Path | None = None
    """The file with the database's key (default: beside the SQLite file)."""
    batches: int = 8
    """The most batches into which each programme's simulation is cut."""
    anchor: str = ""
    """The anchor: the file outside the database that records each audit entry; empty for none."""
    provider: ProviderSettings | None = None
    """The identity provider that people sign in with."""
    backups: Path | None = None
    """The folder with the copies of an SQLite database. Only `changeflow doctor` reads it."""


class _Reader:
    """Reads settings that may be unusable. If it is lenient, their defaults take their place."""

    def __init__(self, *, is_lenient: bool) -> None:
        self.is_lenient, self.faults = is_lenient, list[str]()

    def read(self, setting: Callable[[], R], default: R) -> R:
        try:
            return setting()
        except InputError as error:
            if not self.is_lenient:
                raise
            self.faults.append(str(error))
            return default

    def secret(self, name: str) -> str | None:
        return self.read(lambda: _secret(name), None)

    def count(self, name: str, default: int) -> int:
        return self.read(lambda: _count(os.environ.get(name, str(default)), name), default)


def settings() -> Settings:
    """Return the settings; raise `InputError` if one cannot be used."""
    return _settings(_Reader(is_lenient=False))


def lenient_settings() -> tuple[Settings, tuple[str, ...]]:
    """Return the settings, with the default for each that cannot be used, and what is wrong with those."""
    from changeflow import logs

    reader = _Reader(is_lenient=True)
    chosen = _settings(reader)
    reader.read(lambda: logs.begin(chosen.log), None)
    return chosen, tuple(reader.faults)


def _settings(reader: _Reader) -> Settings:
    # Imported only when needed, because it loads the mail library, and most commands send nothing.
    from changeflow.delivery.channels import ChannelSettings

    env = os.environ
    return Settings(
        db=reader.read(database, DEFAULT_DB),
        actor=env.get("CHANGEFLOW_AS") or None,
        channels=ChannelSettings(
            channel=env.get("CHANGEFLOW_CHANNEL") or None,
            outbox=Path(env.get("CHANGEFLOW_OUTBOX", "outbox")),
            smtp_url=reader.secret("CHANGEFLOW_SMTP_URL"),
            notify_key=reader.secret("CHANGEFLOW_NOTIFY_KEY"),
            notify_template=env.get("CHANGEFLOW_NOTIFY_TEMPLATE") or None,
            notify_url=env.get("CHANGEFLOW_NOTIFY_URL") or None,
            teams_url=reader.secret("CHANGEFLOW_TEAMS_URL"),
        ),
        reports=Path(env.get("CHANGEFLOW_REPORTS", "reports")),
        base_url=reader.read(lambda: _web_address(env.get("CHANGEFLOW_BASE_URL", DEFAULT_BASE_URL)), DEFAULT_BASE_URL),
        templates=Path(env["CHANGEFLOW_TEMPLATES"]) if env.get("CHANGEFLOW_TEMPLATES") else None,
        task_runner=env.get("CHANGEFLOW_TASK_RUNNER", "threads"),
        workers=reader.count("CHANGEFLOW_WORKERS", 2),
        log=env.get("CHANGEFLOW_LOG") or "off",
        metrics_token=reader.secret("CHANGEFLOW_METRICS_TOKEN"),
        proxies=env.get("CHANGEFLOW_PROXIES", ""),
        key_file=key_file(),
        batches=reader.count("CHANGEFLOW_BATCHES", 8),
        anchor=anchor_file(),
        provider=reader.read(_provider, None),
        backups=Path(env["CHANGEFLOW_BACKUPS"]) if env.get("CHANGEFLOW_BACKUPS") else None,
    )


SECRETS = ("DB", "SMTP_URL", "NOTIFY_KEY", "TEAMS_URL", "METRICS_TOKEN", "OIDC_CLIENT_SECRET")
"""Settings that may also be in a file. Their names here lack the beginning, CHANGEFLOW_."""
PLAIN = (
    "ANCHOR", "AS", "BACKUPS", "BASE_URL", "BATCHES", "CHANNEL", "ERASURES", "KEY_FILE", "LOG", "NOTIFY_TEMPLATE",
    "NOTIFY_URL", "OIDC_CLIENT_ID", "OIDC_ISSUER", "OIDC_NAME", "OUTBOX", "PROXIES", "REPORTS", "STATE", "TASK_RUNNER",
    "TEMPLATES", "WORKERS",
)  # fmt: skip
VARIABLES = frozenset(f"CHANGEFLOW_{name}" for name in (*PLAIN, *SECRETS, *(f"{name}_FILE" for name in SECRETS)))
"""Every environment variable of changeflow's own. docs/cli.md describes each."""


def unknown_variables() -> tuple[str, ...]:
    """Return the variables whose names begin like ours but mean nothing to changeflow, such as misspelt ones."""
    return tuple(sorted(name for name in os.environ if name.startswith("CHANGEFLOW_") and name not in VARIABLES))


def begin() -> Settings:
    """Read the environment, and set up logs as it says."""
    from changeflow import logs

    chosen = settings()
    logs.begin(chosen.log)
    begin_keys()
    return chosen


def database() -> str:
    """Return the database's address. One with a password may be in the file that CHANGEFLOW_DB_FILE names."""
    return _secret("CHANGEFLOW_DB") or DEFAULT_DB


def key_file() -> Path | None:
    return Path(os.environ["CHANGEFLOW_KEY_FILE"]) if os.environ.get("CHANGEFLOW_KEY_FILE") else None


def begin_keys() -> None:
    """Use the key file that the environment names."""
    if (file := key_file()) is not None:
        # Imported only when needed, because most commands need no key, and this loads the database code.
        from changeflow.storage import keys

        keys.keep_in(file)


def anchor_file() -> str:
    """Return the file of CHANGEFLOW_ANCHOR, whatever folder the process moves to; empty for none."""
    name = os.environ.get("CHANGEFLOW_ANCHOR")
    return str(Path(name).absolute()) if name else ""


def acting_as(via: Via) -> Acting:
    """Return the machine's account as the one that acts, in this way."""
    return Acting(via=via, account=machine_account(), anchor=anchor_file())


def as_flow(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function act as a flow, so that the audit says so."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with acting(acting_as(Via.FLOW)):
            return function(*args, **kwargs)

    return run


def machine_account() -> str:
    """Return `user@host`. The user is the account that the process runs as, whatever the environment says."""
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "unknown")
    # Windows has no list of users, and a container's user may not be in the list: then only the number is known.
    with suppress(ImportError, KeyError):
        import pwd

        user = pwd.getpwuid(os.getuid()).pw_name
    return f"{user}@{socket.gethostname()}"


def _secret(name: str) -> str | None:
    """Return a secret from the environment, or from the file that NAME_FILE names."""
    if os.environ.get(name):
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return None
    problems: list[Problem] = []
    text = read_text(Path(path), path, problems, most=MOST_OF_A_SECRET)
    if text is None:
        raise InputError(f"{name}_FILE names a file that cannot be read: {path}. {problems[0].what}")
    return text.strip() or None


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")) or any(c.isspace() for c in text):
        raise InputError(f"CHANGEFLOW_BASE_URL is '{text}'. Write https://change.example.org.")
    return text.rstrip("/")


GENERAL_ISSUERS = ("common", "organizations", "consumers")
"""Microsoft's addresses for accounts of any organisation, which would let anyone in."""


def _provider() -> ProviderSettings | None:
    issuer, client_id = (os.environ.get(f"CHANGEFLOW_OIDC_{n}", "").strip() for n in ("ISSUER", "CLIENT_ID"))
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise InputError("CHANGEFLOW_OIDC_ISSUER and CHANGEFLOW_OIDC_CLIENT_ID belong together. Set both, or neither.")
    if not is_safe_address(issuer):
        raise InputError(f"CHANGEFLOW_OIDC_ISSUER is '{issuer}'. Write the issuer's address, with https://.")
    if any(part in GENERAL_ISSUERS for part in urlsplit(issuer).path.lower().split("/")):
        raise InputError(
            f"CHANGEFLOW_OIDC_ISSUER is '{issuer}', which accepts accounts of any organisation. Write your own "
            "tenant's address: https://login.microsoftonline.com/TENANT-ID/v2.0."
        )
    chosen = ProviderSettings(
        issuer=issuer, client_id=client_id, client_secret=_secret("CHANGEFLOW_OIDC_CLIENT_SECRET") or ""
    )
    name = os.environ.get("CHANGEFLOW_OIDC_NAME", "").strip()
    return replace(chosen, name=name) if name else chosen


def is_safe_address(text: str) -> bool:
    """Return whether an address is encrypted, or on this machine."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_own = parts.scheme == "http" and parts.hostname in THIS_MACHINE
    return (parts.scheme == "https" or is_own) and bool(parts.hostname) and not any(c.isspace() for c in text)


def _count(text: str, name: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"{name} is '{text}'. Write a whole number of 1 or more.")
    return int(text)
