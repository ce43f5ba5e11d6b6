"""Which channel messages leave by."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from changeflow.delivery.channels import Channel, ConsoleChannel, FileChannel, SmtpChannel
from changeflow.errors import InputError

NAMES = ("file", "console", "smtp", "notify", "teams")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What is set for the channels. Secrets are never shown."""

    channel: str | None = None
    """Left out: `smtp` where a mail server is set, else `file`."""
    outbox: Path = Path("outbox")
    smtp_url: str | None = field(default=None, repr=False)
    notify_key: str | None = field(default=None, repr=False)
    notify_template: str | None = None
    notify_url: str | None = None
    teams_url: str | None = field(default=None, repr=False)


def channel_name(ways: Ways) -> str:
    """Return the name of the channel by which messages leave."""
    return ways.channel or ("smtp" if ways.smtp_url else "file")


def channel_for(ways: Ways) -> Channel:
    """Return the channel that is set; what it needs and does not have is an `InputError`."""
    name = channel_name(ways)
    if name == "file":
        if ways.outbox.exists() and not ways.outbox.is_dir():
            raise InputError(f"CHANGEFLOW_OUTBOX: {ways.outbox} is no folder.")
        return FileChannel(ways.outbox)
    if name == "console":
        return ConsoleChannel(sys.stdout)
    if name == "smtp":
        return SmtpChannel(_needed(ways.smtp_url, "CHANGEFLOW_SMTP_URL", name))
    if name == "notify":
        # Loaded here: a channel that is not used costs nothing.
        from changeflow.delivery.notify import NotifyChannel

        key = _needed(ways.notify_key, "CHANGEFLOW_NOTIFY_KEY", name)
        template = _needed(ways.notify_template, "CHANGEFLOW_NOTIFY_TEMPLATE", name)
        return NotifyChannel(key, template, base_url=ways.notify_url)
    if name == "teams":
        from changeflow.delivery.teams import TeamsChannel

        return TeamsChannel(_needed(ways.teams_url, "CHANGEFLOW_TEAMS_URL", name))
    raise InputError(f"CHANGEFLOW_CHANNEL is '{name}'. Write one of {', '.join(NAMES)}.")


def _needed(value: str | None, variable: str, channel: str) -> str:
    if not value:
        raise InputError(
            f"The channel '{channel}' needs {variable}, or {variable}_FILE with the path of a file with it."
        )
    return value
