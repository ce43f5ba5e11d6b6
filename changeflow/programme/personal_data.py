"""Personal data: until when it is kept, when a request for it is due, and what a new version protects less."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from changeflow.adkar.access import answer_by
from changeflow.calendar.layers import public_holidays
from changeflow.errors import InputError
from changeflow.programme.programme import Programme
from changeflow.values.moments import last_day_of
from changeflow.values.words import Kind

PACK = "privacy"
SMALLER: Mapping[str, str] = {
    "minimum_group": "the smallest group that is shown",
    "step": "the narrowest band of a count",
    "floor": "the limit below which no programme may show groups",
}
"""Entries of the rulepack that protect less when they are smaller."""
LONGER: Mapping[str, str] = {
    "links_kept_days": "for how many days links are kept",
    "answers_kept_months": "for how many months the words of answers are kept",
    "scores_kept_months": "for how many months scores are kept",
    "contracts_kept_months": "for how many months differences of single contracts are kept",
    "access_months": "in how many months a person gets what is kept about them",
    "access_months_complex": "in how many months a person gets it where it is complex",
}
"""Those that protect less when they are larger."""
_IN_EFFECT: Mapping[str, Callable[[Programme], int]] = {
    "minimum_group": lambda programme: programme.minimum_group,
    "step": lambda programme: programme.band,
}
"""Numbers that the programme's own settings change as well."""


def weakened(before: Programme, after: Programme) -> Iterator[tuple[str, str]]:
    """Yield each protection that is weaker on some day than it was: `scores_kept_months=24`, and in words."""
    if any(before.tasks(kind=Kind.CLOSURE)) and not any(after.tasks(kind=Kind.CLOSURE)):
        yield "closure", "the closure of the programme, after which scores are removed: it is gone"
    days = sorted(_days(before) | _days(after))
    for key, words in {**SMALLER, **LONGER}.items():
        for day in days:
            was, now = _number(before, key, day), _number(after, key, day)
            if was is not None and now is not None and (now < was if key in SMALLER else now > was):
                yield f"{key}={now}", f"{words}: {now} instead of {was}"
                break


def _days(programme: Programme) -> set[date]:
    """Return the days on which a number may change: nothing else happens between two of them."""
    return {programme.on, *(p.in_force_from for p in programme.rulepacks.packs if p.rulepack == PACK)}


def _number(programme: Programme, key: str, day: date) -> int | None:
    """Return a number that is in force on a day; None where none is."""
    try:
        if key in _IN_EFFECT:
            return _IN_EFFECT[key](replace(programme, on=day))
        return programme.rulepacks.number(PACK, key, on=day)
    except LookupError:
        return None


def closed_on(programme: Programme) -> date | None:
    """Return the day on which the last closing task finished; None while one has not, or there is none."""
    progress = programme.roadmap.progress
    done = [progress.get(task.id) for task in programme.tasks(kind=Kind.CLOSURE)]
    finishes = [p.actual_finish for p in done if p is not None and p.actual_finish is not None]
    return last_day_of(max(finishes)) if finishes and len(finishes) == len(done) else None


def answer_due(programme: Programme, received: date, today: date, *, is_complex: bool = False) -> date:
    """Return the last day to answer a request of a day, in the months of the rulepack `privacy`; no day to come."""
    if received > today:
        raise InputError(f"{received:%d %B %Y} is still to come. Give the day on which the request came.")
    key = "access_months_complex" if is_complex else "access_months"
    months = programme.rulepacks.number("privacy", key, on=received)
    nation = programme.definition.programme.nation
    free = {day for day, _ in public_holidays(nation, received.year, received.year + 2)}
    return answer_by(received, months=months, works_on=lambda d: d.weekday() < 5 and d not in free)
