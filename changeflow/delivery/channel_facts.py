"""What people may know about the channel that is set: how it sends, through which server, and what it lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from changeflow.delivery.channel_names import REACHING_PEOPLE
from changeflow.delivery.channels import ChannelSettings, channel_for, channel_name
from changeflow.errors import InputError

WORDS: Mapping[str, str] = {
    "file": "Messages are written as files on the server. They reach no one.",
    "console": "Messages are printed where the server runs. They reach no one.",
    "smtp": "Email through a mail server",
    "notify": "Email through GOV.UK Notify",
    "teams": "Microsoft Teams, as cards that a workflow posts",
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "smtp": ("CHANGEFLOW_SMTP_URL",),
    "notify": ("CHANGEFLOW_NOTIFY_KEY", "CHANGEFLOW_NOTIFY_TEMPLATE"),
    "teams": ("CHANGEFLOW_TEAMS_URL",),
}
"""The settings that each channel needs. The person who runs the server sets them; they are in docs/cli.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """The channel without its secrets."""

    name: str
    words: str
    server: str = ""
    """The server's name and port; empty if the channel has none of its own."""
    encryption: str = ""
    signs_in: bool = False
    """Whether a user name is set for the server."""
    problem: str = ""
    """Why it cannot send, in a sentence; empty if its settings are complete."""

    @property
    def reaches_people(self) -> bool:
        return self.name in REACHING_PEOPLE


def channel_facts(settings: ChannelSettings) -> ChannelFacts:
    """Describe the channel that is set. No password, key or web address with a secret is in the answer.

    >>> found = channel_facts(ChannelSettings(smtp_url="smtps://trust:secret@mail.example.org"))
    >>> found.server, found.signs_in, "secret" in repr(found)
    ('mail.example.org, port 465', True, False)
    """
    name, problem = channel_name(settings), ""
    if name not in WORDS:
        return ChannelFacts(name=name, words="No channel of this name exists.", problem="The channel is misspelt.")
    try:
        channel_for(settings)
    except InputError:
        lacking = [one for one in NEEDED.get(name, ()) if not _value(settings, one)]
        problem = "Some of its settings are missing." if lacking else "One of its settings is wrong."
    if name != "smtp" or problem:
        return ChannelFacts(name=name, words=WORDS[name], problem=problem)
    url = urlsplit(settings.smtp_url or "")
    is_secure = url.scheme == "smtps"
    return ChannelFacts(
        name=name,
        words=WORDS[name],
        server=f"{url.hostname}, port {url.port or (465 if is_secure else 25)}",
        encryption="From the start" if is_secure else "If the server offers it",
        signs_in=bool(url.username),
    )


def missing_settings(settings: ChannelSettings) -> tuple[tuple[str, bool], ...]:
    """Return the settings that the channel, or else a mail server, needs, and which of them are set."""
    name = channel_name(settings)
    return tuple((one, bool(_value(settings, one))) for one in NEEDED.get(name, NEEDED["smtp"]))


def _value(settings: ChannelSettings, variable: str) -> object:
    return getattr(settings, variable.removeprefix("CHANGEFLOW_").lower())
