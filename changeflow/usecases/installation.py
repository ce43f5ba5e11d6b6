"""An installation as its checks see it, and what they return. The checks are in the modules `installation_*`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from changeflow.delivery.channels import ChannelSettings


class CheckState(StrEnum):
    """The result of a check, from best to worst."""

    FINE = "ok"
    NOTE = "note"
    """Worth knowing, but not a fault."""
    UNCHECKED = "not checked"
    ATTENTION = "attention"
    """Something is missing or wrong, and the remedy says how to fix it."""


class CheckOutcome(NamedTuple):
    """What a check found: its state, what is so, and how to fix it."""

    state: CheckState
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The settings that the checks compare with the machine, and what the checks may do."""

    db: str = field(repr=False)
    """An address with a password in it is a secret."""
    clock: Callable[[], datetime]
    """The machine's clock: aware, in UTC."""
    channels: ChannelSettings
    base_url: str
    proxies: str = ""
    issuer: str = ""
    """The identity provider's address; empty if people sign in only with links."""
    has_client_secret: bool = False
    prefect_url: str = ""
    """The address of a shared Prefect server; empty if changeflow starts its own."""
    backups: Path | None = None
    """The folder of the copies of an SQLite database."""
    anchor: str = ""
    faults: tuple[str, ...] = ()
    """What is wrong with settings that cannot be used. Their defaults take their place."""
    unknown: tuple[str, ...] = ()
    """Variables whose names begin like ours, but mean nothing to changeflow."""
    may_connect: bool = False
    """Whether the checks may connect to other servers than the database's."""
    discover: Callable[[], None] | None = None
    """Fetches the identity provider's description and keys, and raises a `ChangeflowError` if that fails."""


def fine(text: str) -> CheckOutcome:
    return CheckOutcome(CheckState.FINE, text)


def worth_knowing(text: str, remedy: str = "") -> CheckOutcome:
    return CheckOutcome(CheckState.NOTE, text, remedy)


def unchecked(text: str) -> CheckOutcome:
    return CheckOutcome(CheckState.UNCHECKED, text)


def attention(text: str, remedy: str = "") -> CheckOutcome:
    return CheckOutcome(CheckState.ATTENTION, text, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationCheck:
    """One check. It writes nothing, and prints no secret."""

    title: str
    look: Callable[[Installation], Iterator[CheckOutcome]]
    reads_database: bool = False
    """Whether it needs a database that can be read. It is skipped without one."""
