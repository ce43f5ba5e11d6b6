"""Meetings of boards and committees, and the meetings that a step waits for, by its schools."""

from dataclasses import dataclass

from changeflow.programme.calendar_files import Meeting
from changeflow.programme.definition import Definition, School
from changeflow.programme.levels import Level, level_of, of_nearest_level
from changeflow.roadmap.model.pathways import MEETING
from changeflow.values.problem import did_you_mean


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting and the place of its dates."""

    meeting: Meeting
    calendar: str
    """The id of its calendar."""
    is_of_all: bool
    """Whether it is the trust's: its file names no authority and no school."""


def meetings_held(definition: Definition, meeting: str, schools: frozenset[str]) -> tuple[Held, ...]:
    """Return the meetings with an id that work at some schools waits for: the most specific one for each school.

    A school's own meeting comes before its authority's, which comes before the trust's. Work at no school uses the
    trust's. Returns none if any school has none.
    """
    known = {s.id: s for s in definition.schools}
    found = [_nearest(definition, meeting, known[s]) for s in sorted(schools) if s in known]
    found = found or [_nearest(definition, meeting, None)]
    return tuple(dict.fromkeys(held for held in found if held)) if all(found) else ()


def wrong_meeting(definition: Definition, starts_on: str | None, schools: frozenset[str]) -> tuple[str, str] | None:
    """Return what is wrong with a start window that is a meeting, and the remedy; None if it is valid."""
    if starts_on is None or not starts_on.startswith(MEETING):
        return None
    name = starts_on.removeprefix(MEETING)
    held = meetings_held(definition, name, schools)
    if len(held) == 1:
        return None
    if held:
        calendars = " and ".join(sorted(h.calendar for h in held))
        what = f"The schools have different meetings '{name}': {calendars}."
        return what, "Make it a step per school, or use a meeting of the whole trust."
    ids = {m.id for file in definition.calendars for m in file.meetings}
    if name in ids:
        return (
            f"Some of its schools have no meeting '{name}'.",
            "Add the meeting to each school's calendar file, or to the trust's.",
        )
    hint = did_you_mean(name, ids) or "Add it under `meetings:` in a file in calendars/, with its dates."
    return f"There is no meeting '{name}'.", hint


def _nearest(definition: Definition, meeting: str, school: School | None) -> Held | None:
    found = of_nearest_level(definition, school, lambda file: [m for m in file.meetings if m.id == meeting])
    held = (Held(own, file.calendar, level_of(file, school) is Level.TRUST) for file, own in found)
    return next(held, None)
