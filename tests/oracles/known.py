"""What the random programmes leave out because the engine still disagrees, each with its reason: to be emptied."""

KNOWN: dict[str, str] = {
    "window of a moment": "a moment stands on the first day of the month, whether anybody works or not",
    "as late as possible": "drags along what waits for it",
    "begun early without a rest": "begun work does not wait for its predecessors where nobody has said what is left",
    "float before periods": "late dates before windows and whole periods are those of ordinary links",
}
SEEDS: dict[int, str] = {}
"""Programmes that disagree in a way that no feature explains, each with what is seen: to be emptied."""
