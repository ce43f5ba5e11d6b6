"""The names of the channels that send messages to people; the others only write files or print."""

REACHING_PEOPLE = frozenset({"smtp", "notify", "teams"})
