"""Which channel messages leave by."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from changeflow.delivery.channels import Channel, ConsoleChannel, FileChannel, SmtpChannel
from changeflow.errors import InputError


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

    def needed(self, name: str) -> str:
        """Return a setting that a channel cannot do without; `InputError` where it is not set."""
        value: str | None = getattr(self, name)
        if not value:
            variable = f"CHANGEFLOW_{name.upper()}"
            what = f"The channel '{channel_name(self)}' needs {variable}"
            raise InputError(f"{what}, or {variable}_FILE with the path of a file with it.")
        return value


def _file(ways: Ways) -> Channel:
    if ways.outbox.exists() and not ways.outbox.is_dir():
        raise InputError(f"CHANGEFLOW_OUTBOX: {ways.outbox} is no folder.")
    return FileChannel(ways.outbox)


def _notify(ways: Ways) -> Channel:
    # Loaded here, as Teams is: a channel that is not used costs nothing.
    from changeflow.delivery.notify import NotifyChannel

    return NotifyChannel(ways.needed("notify_key"), ways.needed("notify_template"), base_url=ways.notify_url)


def _teams(ways: Ways) -> Channel:
    from changeflow.delivery.teams import TeamsChannel

    return TeamsChannel(ways.needed("teams_url"))


CHANNELS: Mapping[str, Callable[[Ways], Channel]] = {
    "file": _file,
    "console": lambda _: ConsoleChannel(sys.stdout),
    "smtp": lambda ways: SmtpChannel(ways.needed("smtp_url")),
    "notify": _notify,
    "teams": _teams,
}
"""What makes each channel, by the name that CHANGEFLOW_CHANNEL gives; its settings are fields of `Ways`."""


def channel_name(ways: Ways) -> str:
    """Return the name of the channel by which messages leave."""
    return ways.channel or ("smtp" if ways.smtp_url else "file")


def channel_for(ways: Ways) -> Channel:
    """Return the channel that is set; what it needs and does not have is an `InputError`."""
    name = channel_name(ways)
    if name not in CHANNELS:
        raise InputError(f"CHANGEFLOW_CHANNEL is '{name}'. Write one of {', '.join(CHANNELS)}.")
    return CHANNELS[name](ways)
