"""What the random programmes leave out because the engine still disagrees, each with its reason: to be emptied."""

KNOWN: dict[str, str] = {
    "lag in percent": "a share of a predecessor is counted on its successor's calendar, and is nothing of school weeks",
    "lead in percent": "as above",
    "window of a moment": "a moment stands on the first day of the month, whether anybody works or not",
    "as late as possible": "drags along what waits for it",
    "rest in its own unit": "what is left of a task can be written in working time and days of the calendar alone",
    "bound on the finish of a window": "a task that starts on a window and must not finish too early waits too long",
    "begun with a bound on its finish": "the rest of begun work does not wait for its FF and SF predecessors",
    "begun early without a rest": "begun work does not wait for its predecessors where nobody has said what is left",
    "float before periods": "late dates before windows and whole periods are those of ordinary links",
    "float with progress override": "late dates of predecessors count what has begun and no longer waits for them",
    "first working moment of an opening": "a period is missed at midnight of its first day, before anybody has worked",
    "first working moment of a set date": "float ends at the midnight of a set day, before work could begin on it",
    "milestone at midnight": "a simulation takes a milestone after a period as reached on the day after it",
}
