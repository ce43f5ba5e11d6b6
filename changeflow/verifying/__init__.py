"""A checker of reports that shares no code with the rest: what it proves, it proves from the file alone."""
