"""The channels that send messages to people."""

ONLY_WRITING = frozenset({"file", "console"})
"""The channels that only write files or print."""


def sends_to_people(channel: str) -> bool:
    """Return whether a channel sends messages to people. Any channel that is not known to be harmless does."""
    return channel not in ONLY_WRITING
