"""Meetings of boards and committees: whose dates a step waits for, by the schools that it is about."""

from dataclasses import dataclass

from changeflow.programme.definition import Definition, Meeting, School
from changeflow.programme.levels import Level, level_of, of_nearest_level
from changeflow.roadmap.model.pathways import MEETING
from changeflow.values.problem import did_you_mean


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting and where its dates are."""

    meeting: Meeting
    calendar: str
    """The calendar that it is in."""
    is_of_all: bool
    """It is the trust's: its file is of no authority and no school."""


def meetings_held(definition: Definition, meeting: str, schools: frozenset[str]) -> tuple[Held, ...]:
    """Return the meetings of one id that work at some schools would wait for: of each the nearest, and each once.

    A school's own comes before its authority's, and that before the trust's. Work at no school knows the trust's alone.
    None at all where a school has none.
    """
    known = {s.id: s for s in definition.schools}
    found = [_nearest(definition, meeting, known[s]) for s in sorted(schools) if s in known]
    found = found or [_nearest(definition, meeting, None)]
    return tuple(dict.fromkeys(held for held in found if held)) if all(found) else ()


def wrong_meeting(definition: Definition, starts_on: str | None, schools: frozenset[str]) -> tuple[str, str] | None:
    """Return what is wrong with a start window that is a meeting, and the remedy; None where nothing is."""
    if starts_on is None or not starts_on.startswith(MEETING):
        return None
    name = starts_on.removeprefix(MEETING)
    held = meetings_held(definition, name, schools)
    if len(held) == 1:
        return None
    if held:
        calendars = " and ".join(sorted(h.calendar for h in held))
        what = f"Its schools have different meetings '{name}': {calendars}."
        return what, "Make it a step per school, or wait for a meeting of the whole trust."
    ids = {m.id for file in definition.calendars for m in file.meetings}
    if name in ids:
        return f"Not every school of it has a meeting '{name}'.", "Add it to the file of each school, or of the trust."
    hint = did_you_mean(name, ids) or "Add it to `meetings:` of a file in calendars/, with its dates."
    return f"There is no meeting '{name}'.", hint


def _nearest(definition: Definition, meeting: str, school: School | None) -> Held | None:
    found = of_nearest_level(definition, school, lambda file: [m for m in file.meetings if m.id == meeting])
    held = (Held(own, file.calendar, level_of(file, school) is Level.TRUST) for file, own in found)
    return next(held, None)
