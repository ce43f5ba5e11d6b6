"""The page that changes each request in a conflict between wave requests, filled in with a change that is enough."""

import re
from datetime import date, timedelta
from urllib.parse import urlencode

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.requests import Rollout

_NUMBER = re.compile(r"\b(?:Allow|have|after|within|be) (\d+) (?:schools?|changes?|weeks?)\b")
_PERCENT = re.compile(r"(\d+)% more days\.$")
_SERVICE_LIMITS = {
    "wave size": "wave_size",
    "weeks between": "weeks_between",
    "pilot size": "pilot_size",
    "pilot first": "evaluation_weeks",
}
LATER = "later"
"""The way that moves the last go-live of all."""


def page_for(programme: Programme, group: str, words: str = "") -> str:
    """Return the page, below the programme's, that changes a request; empty if there is none.

    `words` is the sentence of a way out. Without it, the page is for the request as it is.
    """
    kind, _, what = group.partition(":")
    if words.startswith("Leave open which schools"):
        return "pilot-schools"
    found = _filled(programme, kind, what, words)
    if found is None:
        return ""
    form, fields = found
    return f"edits/{form}?{urlencode({name: value for name, value in fields.items() if value})}"


def _filled(programme: Programme, kind: str, what: str, words: str) -> tuple[str, dict[str, str]] | None:
    rollout = programme.definition.rollout
    school, _, service = what.rpartition("/")
    if kind == "capacity":
        return "set-team", {"team": what, "days_per_week": _days(rollout, what, words)}
    if kind in _SERVICE_LIMITS:
        return "set-limit", {"limit": f"service|{what}|{_SERVICE_LIMITS[kind]}", "value": _number(words)}
    if kind == "at once":
        return "set-limit", {"limit": f"school|{what}|at_once", "value": _number(words)}
    if kind == "group":
        return "set-limit", {"limit": f"group|{what}|at_once", "value": _number(words)}
    if kind == "fixed":
        return ("remove-pin", {"pin": f"{school}|{service}"}) if _is_pinned(rollout, school, service) else None
    if kind == "apart":
        pair = next((p for p in rollout.apart if set(p) == {school, service}), None)
        return ("remove-apart", {"pair": "|".join(pair)}) if pair is not None else None
    if kind in ("hub together", "hub apart"):
        return "set-limit", {"limit": "hubs||together", "value": "weight" if words else ""}
    if kind in ("in the pilot", "pilot", "pilot mix"):
        return _of_pilot(rollout, school, service, words)
    if kind == "dates":
        return "set-wishes", {"school": school, **_asked(rollout, school)}
    return ("set-limit", {"limit": "rollout||latest", "day": _later(programme, words)}) if kind == LATER else None


def _of_pilot(rollout: Rollout, school: str, service: str, words: str) -> tuple[str, dict[str, str]]:
    """Return the form of a wish, of the pilot's schools, or of the limit that there is a pilot."""
    if school in rollout.schools and rollout.schools[school].pilot is not None and "without a pilot" not in words:
        return "set-wishes", {"school": school, **_asked(rollout, school)}
    return "set-limit", {"limit": f"service|{service}|pilot", "value": "no" if "without a pilot" in words else ""}


def _asked(rollout: Rollout, school: str) -> dict[str, str]:
    """Return the first and last day that a school asks for, as people write them."""
    asked = rollout.schools.get(school)
    days = {"earliest": asked.earliest, "latest": asked.latest} if asked is not None else {}
    return {name: _typed(day) for name, day in days.items() if day is not None}


def _later(programme: Programme, words: str) -> str:
    """Return the last day of any go-live, later by as many weeks as a way out says."""
    weeks = _number(words)
    last = programme.definition.rollout.latest or programme.definition.programme.start + timedelta(days=730)
    return _typed(last + timedelta(weeks=int(weeks))) if weeks else ""


def _typed(day: date) -> str:
    return f"{day.day}/{day.month}/{day.year}"


def _is_pinned(rollout: Rollout, school: str, service: str) -> bool:
    return school in rollout.schools and service in rollout.schools[school].fixed


def _number(words: str) -> str:
    found = _NUMBER.search(words)
    return found[1] if found else ""


def _days(rollout: Rollout, team: str, words: str) -> str:
    """Return a team's days a week, with the percentage in `words` added to those for the rollout."""
    found, known = _PERCENT.search(words), rollout.teams.get(team)
    if found is None or known is None:
        return ""
    more = (known.days_per_week - known.backfill) * int(found[1]) / 100
    return f"{known.days_per_week + more:.4g}"
