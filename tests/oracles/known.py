"""What the random programmes leave out because the engine still disagrees, each with its reason: to be emptied."""

KNOWN: dict[str, str] = {
    "window of a moment": "a moment stands on the first day of the month, whether anybody works or not",
    "float before periods": "late dates before windows and whole periods may be a day or a window too early",
}
SEEDS: dict[int, str] = {}
"""Programmes that disagree in a way that no feature explains, each with what is seen."""
