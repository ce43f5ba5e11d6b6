"""The parts of forms for edits of the plan: their fields, and how what was filled in becomes an edit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from changeflow.phrases import name_of_id
from changeflow.programme.programme import Programme
from changeflow.programme.wave_labels import wave_labels
from changeflow.reports.entry_forms import EntryField, Options, people_options, school_options

Given = Mapping[str, str]
"""What someone has filled in, by field; a tick is under its field's name, a hyphen and the ticked id."""
DAY_HINT = "For example, 31/3/2027."
UNITS: Options = (
    ("d", "Working days"),
    ("h", "Working hours"),
    ("sw", "School weeks"),
    ("ed", "Calendar days, weekends included"),
    ("ew", "Calendar weeks, weekends included"),
    ("pp", "Pay periods"),
    ("t", "Whole terms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditForm:
    """One kind of edit as a form."""

    fields: tuple[EntryField, ...]
    fill: Callable[[Given], Mapping[str, Any]]
    """Turns what was given into the edit's fields; the task is added to them."""
    options: Callable[[Programme, str], Mapping[str, Options]] = lambda _programme, _task: {}
    now: Callable[[Programme, str], Mapping[str, str]] = lambda _programme, _task: {}
    """What is in force now, as the form shows it first."""
    leaves_out: Callable[[Programme], frozenset[str]] = lambda _programme: frozenset()
    """The fields that a programme has no place for."""
    is_of_task: bool = True
    intro: str = ""


NAME = EntryField(name="name", label="Name", called="The name", missing="Enter the name.", most=120)
AMOUNT = EntryField(name="amount", label="How long does it take?", called="The duration", missing="Enter a number.",
                    hint="A number, such as 5.", most=8, not_a_number="Enter a number, such as 5.",
                    is_decimal=True)  # fmt: skip
UNIT = EntryField(name="unit", label="In which unit?", kind="select", missing="Choose the unit.", options=UNITS)
WAVE = EntryField(name="wave", label="Which wave?", kind="select", missing="Choose the wave.")
SCHOOL = EntryField(name="school", label="Which school?", kind="select", missing="Choose the school.")
TEAM = EntryField(
    name="team", label="Which team?", kind="select", missing="Choose the team.", none="The plan has no teams yet."
)
OTHER = EntryField(name="other", label="After which task?", kind="select", missing="Choose the task.")


def ticked(given: Given, name: str) -> tuple[str, ...]:
    """Return the ids that were ticked."""
    return tuple(field.removeprefix(f"{name}-") for field in given if field.startswith(f"{name}-"))


def without_empty(given: Given, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := given.get(name, ""))}


def options_for(programme: Programme, _task: str) -> Mapping[str, Options]:
    """Return what a programme offers for the fields of most forms."""
    definition = programme.definition
    schools = school_options(programme)
    waves = tuple(wave_labels(definition).items())
    calendars = calendar_options(programme)
    teams = tuple(sorted(((id_, team.name or id_) for id_, team in definition.rollout.teams.items()), key=_name))
    authorities = tuple((name, name_of_id(name)) for name in sorted({s.authority for s in definition.schools}))
    services = tuple((s.service, s.name) for s in programme.services)
    return {
        "school": schools, "schools": schools, "wave": waves, "to_wave": waves, "from_wave": waves,
        "authority": authorities, "calendar": calendars, "team": teams, "service": services,
        "person": people_options(programme), "owner": (*people_options(programme), *OWNERS),
    }  # fmt: skip


OWNERS: Options = (("lead_provider", "The lead provider"), ("service_manager", "The service manager"),
                   ("sponsor", "The sponsor"), ("head", "The head of each school"))  # fmt: skip
"""Roles that can own a task."""


def _name(option: tuple[str, str]) -> str:
    return option[1]


def calendar_options(programme: Programme) -> Options:
    """Return the calendars, each named after its school or authority."""
    return tuple((c.calendar, _calendar_name(programme, c.calendar)) for c in programme.definition.calendars)


def _calendar_name(programme: Programme, calendar: str) -> str:
    """Name a calendar after its school or authority."""
    file = next(c for c in programme.definition.calendars if c.calendar == calendar)
    if file.school:
        return programme.school_name(file.school)
    if file.authority:
        return f"Schools of {name_of_id(file.authority)}"
    is_only = sum(not (c.authority or c.school) for c in programme.definition.calendars) == 1
    return "All schools" if is_only else f"All schools ({calendar})"
