"""Which channels send messages to people; the others only write files or print."""

REACHING_PEOPLE = frozenset({"smtp", "notify", "teams"})
