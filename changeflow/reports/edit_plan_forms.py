"""Forms for edits of the whole plan: schools, waves, services, calendars, teams and settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from changeflow.errors import InputError
from changeflow.phrases import name_of_id
from changeflow.programme.definition import Policy, SchoolPhase, ServiceFile
from changeflow.programme.programme import Programme
from changeflow.reports.edit_form_parts import (
    AMOUNT,
    DAY_HINT,
    NAME,
    OTHER,
    SCHOOL,
    TEAM,
    UNIT,
    WAVE,
    EditForm,
    Given,
    options_for,
    ticked,
    without_empty,
)
from changeflow.reports.entry_forms import EntryField, Options, school_options
from changeflow.values.made_ids import made_id
from changeflow.values.moments import format_days

FIRST_DAY = EntryField(name="first_day", label="First day", kind="day", missing="Enter the first day.", hint=DAY_HINT)
LAST_DAY = EntryField(name="last_day", label="Last day", kind="day", missing="Enter the last day.", hint=DAY_HINT)
WHERE = EntryField(name="calendar", label="Who does it apply to?", kind="select", empty="Everyone in the programme")
PERSON = EntryField(name="person", label="Who?", kind="select", missing="Choose a person.")
_SIMPLE = ("int", "float", "bool", "int | None")
SETTINGS: Options = tuple(
    (name, f"{name.replace('_', ' ').capitalize()}: {field.description}")
    for name, field in Policy.model_fields.items()
    if field.description and str(field.annotation).removeprefix("<class '").removesuffix("'>") in _SIMPLE
)
"""Settings that are one number, or yes or no, with what each means."""


def _new_school(given: Given) -> Mapping[str, Any]:
    fields = without_empty(given, "name", "phase", "authority", "wave", "pupils", "urn")
    return {"id": made_id(given["name"]), **fields}


def _unknown_of_schools(programme: Programme) -> frozenset[str]:
    """Return the details that schools.csv has for no school, and so may have no column for."""
    details = ("pupils", "urn")
    return frozenset(d for d in details if all(getattr(s, d) is None for s in programme.definition.schools))


def _new_task(given: Given) -> Mapping[str, Any]:
    after = {"after": (given["other"],)} if given.get("other") else {}
    length = f"{given['amount']}{given['unit']}"
    return {
        "id": made_id(given["name"]),
        "duration": length,
        **without_empty(given, "name", "service", "owner"),
        **after,
    }


def _with_tasks(programme: Programme, task: str) -> Mapping[str, Options]:
    named = sorted(((t.id, t.name) for t in programme.roadmap.tasks.values()), key=lambda o: o[1])
    return {**options_for(programme, task), "other": tuple(named)}


def _pathways(programme: Programme) -> Options:
    """Return the programme's own templates of services, besides the standard one."""
    standard = ServiceFile.model_fields["pathway"].default
    return tuple((p.pathway, p.name) for p in programme.definition.pathways if p.pathway != standard)


def _closures(programme: Programme) -> Options:
    """Return the closed days, each by its calendar, first day and name."""
    files = [("", programme.definition.programme.closed)] + [
        (c.calendar, c.closed) for c in programme.definition.calendars
    ]
    return tuple(
        (
            f"{calendar}|{one.first_day}|{one.name}",
            f"{one.name} ({format_days(one.first_day, one.last_day or one.first_day)})",
        )
        for calendar, closed in files
        for one in closed
    )


def _closure(given: Given) -> Mapping[str, Any]:
    calendar, first, name = given["closure"].split("|", 2)
    return {"calendar": calendar or None, "first_day": first, "name": name}


def _blackouts(programme: Programme) -> Options:
    return tuple(
        (f"{file.calendar}|{one.name}", f"{one.name} ({format_days(one.first_day, one.last_day)})")
        for file in programme.definition.calendars
        for one in file.blackouts
    )


def _new_blackout(given: Given) -> Mapping[str, Any]:
    fields = without_empty(given, "name", "calendar", "first_day", "last_day")
    return {**fields, "activities": ticked(given, "activities")}


def _blackout(given: Given) -> Mapping[str, Any]:
    calendar, name = given["blackout"].split("|", 1)
    return {"calendar": calendar, "name": name}


def _term(given: Given) -> Mapping[str, Any]:
    half = (given.get("half_first"), given.get("half_last"))
    if any(half) and not all(half):
        raise InputError("Enter both days of the half-term, or neither. No changes saved.")
    return {
        **without_empty(given, "calendar", "name", "first_day", "last_day"),
        "half_term": half if any(half) else None,
    }


def _meetings(given: Given) -> Mapping[str, Any]:
    return {
        "calendar": given["calendar"],
        "meeting": made_id(given["name"]),
        "name": given["name"],
        "dates": given["dates"].split(),
    }


ALL_SCHOOLS = "all"
LONGEST_PART = 55
"""The most characters of an authority's or school's id to use in the id of its calendar."""


def without_calendar(programme: Programme) -> Options:
    """Return those that have no calendar of their own: all schools together, authorities and schools."""
    definition = programme.definition
    known = {(c.authority, c.school) for c in definition.calendars}
    authorities = sorted({s.authority for s in definition.schools if (s.authority, None) not in known})
    every: Options = () if (None, None) in known else ((ALL_SCHOOLS, "All schools"),)
    schools = ((f"school|{s}", name) for s, name in school_options(programme) if (None, s) not in known)
    return (*every, *((f"authority|{name}", f"Schools of {name_of_id(name)}") for name in authorities), *schools)


def new_calendar(given: Given) -> Mapping[str, Any]:
    kind, _, name = given["whose"].partition("|")
    return {"calendar": f"{name[:LONGEST_PART]}-days" if name else "all-schools", **({kind: name} if name else {})}


def _benefits_now(programme: Programme, _task: str) -> Mapping[str, str]:
    found = programme.definition.programme.wiifts
    if found is None:
        return {}
    on = f"{found.approved_on:%-d/%-m/%Y}" if found.approved_on else ""
    return {"statement": found.statement, "approved_by": found.approved_by or "", "approved_on": on}


def _setting(given: Given) -> Mapping[str, Any]:
    value = given.get("value", "").lower()
    known: dict[str, Any] = {"yes": True, "no": False, "": None}
    if value in known:
        return {"setting": given["setting"], "value": known[value]}
    try:
        return {"setting": given["setting"], "value": float(value) if "." in value else int(value)}
    except ValueError:
        raise InputError("Enter a number, or yes or no. No changes saved.") from None


FORMS_OF_THE_PLAN: Mapping[str, EditForm] = {
    "move-school": EditForm(
        is_of_task=False,
        fields=(
            SCHOOL,
            EntryField(name="to_wave", label="To which wave?", kind="select", missing="Choose the wave."),
            EntryField(name="from_wave", label="From which wave, if it is in several?", kind="select",
                       empty="It is in only one"),
        ),
        fill=lambda g: without_empty(g, "school", "to_wave", "from_wave"),
        options=options_for,
    ),
    "add-wave": EditForm(
        is_of_task=False,
        fields=(NAME, EntryField(name="schools", label="Which schools move into it?", kind="tick")),
        fill=lambda g: {"id": made_id(g["name"]), "name": g["name"], "schools": ticked(g, "schools")},
        options=options_for,
    ),
    "rename-wave": EditForm(
        is_of_task=False, fields=(WAVE, replace(NAME, label="Its new name")),
        fill=lambda g: without_empty(g, "wave", "name"), options=options_for,
    ),
    "add-school": EditForm(
        is_of_task=False,
        intro="If the programme has begun, the school joins it today.",
        fields=(
            NAME,
            EntryField(name="phase", label="Phase", kind="select", missing="Choose the phase.",
                       options=tuple((p, p.capitalize()) for p in get_args(SchoolPhase))),
            EntryField(name="authority", label="Whose term dates does it have?", kind="select",
                       missing="Choose the authority."),
            WAVE,
            EntryField(name="pupils", label="Number of pupils, if you know", called="The number of pupils", most=5,
                       not_a_number="Enter the number of pupils as a whole number, such as 210."),
            EntryField(name="urn", label="URN, if you know", called="The URN", most=6),
        ),
        fill=_new_school,
        options=options_for,
        leaves_out=_unknown_of_schools,
    ),
    "remove-school": EditForm(
        is_of_task=False,
        intro="The school leaves the programme, with its tasks. What was recorded about them stays in the record. Give "
        "its people another school first.",
        fields=(SCHOOL,), fill=lambda g: {"school": g["school"]}, options=options_for,
    ),
    "add-task": EditForm(
        is_of_task=False,
        fields=(
            NAME,
            AMOUNT,
            UNIT,
            EntryField(name="service", label="Which service is it for?", kind="select", empty="The whole programme"),
            replace(OTHER, label="Which task does it wait for?", missing="", empty="It waits for none"),
            EntryField(name="owner", label="Who is responsible?", kind="select", empty="No owner yet"),
        ),
        fill=_new_task,
        options=_with_tasks,
    ),
    "add-service": EditForm(
        is_of_task=False,
        intro="Its tasks come from a template. You can change them afterwards.",
        fields=(
            NAME,
            EntryField(name="pathway", label="Which template should its tasks follow?", kind="select",
                       empty="The standard template"),
            EntryField(name="service_class", label="What kind of service is it?", kind="choice",
                       missing="Choose the kind of service.",
                       options=(("payroll", "Payroll"), ("finance", "Finance"), ("general", "Another service"))),
            replace(PERSON, name="lead_provider", label="Who provides it, if you know?", missing="",
                    empty="Not known yet"),
        ),
        fill=lambda g: {
            "service": made_id(g["name"]), **without_empty(g, "name", "pathway", "service_class", "lead_provider")
        },
        options=lambda programme, task: {
            "lead_provider": options_for(programme, task)["person"], "pathway": _pathways(programme)
        },
    ),
    "add-calendar": EditForm(
        is_of_task=False,
        intro="The calendar is empty at first. Add terms, closed days, blackouts or meetings to it afterwards.",
        fields=(EntryField(name="whose", label="For which schools?", kind="select", missing="Choose the schools.",
                           none="All schools and authorities have a calendar."),),
        fill=new_calendar, options=lambda programme, _: {"whose": without_calendar(programme)},
    ),
    "add-closure": EditForm(
        is_of_task=False,
        fields=(NAME, FIRST_DAY, replace(LAST_DAY, missing="", hint=f"{DAY_HINT} Leave empty for one day."), WHERE),
        fill=lambda g: without_empty(g, "name", "first_day", "last_day", "calendar"), options=options_for,
    ),
    "remove-closure": EditForm(
        is_of_task=False,
        fields=(EntryField(name="closure", label="Which closed days?", kind="select", missing="Choose the closed days.",
                           none="There are no closed days."),),
        fill=_closure, options=lambda programme, _: {"closure": _closures(programme)},
    ),
    "set-term": EditForm(
        is_of_task=False,
        intro="If there is a term of this name, its dates change. Otherwise the term is added.",
        fields=(
            replace(WHERE, label="Whose term is it?", missing="Choose whose term it is.", empty="Choose"),
            NAME, FIRST_DAY, LAST_DAY,
            replace(FIRST_DAY, name="half_first", label="First day of half-term", missing="",
                    hint=f"{DAY_HINT} Leave empty if there is none."),
            replace(LAST_DAY, name="half_last", label="Last day of half-term", missing=""),
        ),
        fill=_term, options=options_for,
    ),
    "add-blackout": EditForm(
        is_of_task=False,
        fields=(
            NAME, replace(WHERE, label="For which schools?", missing="Choose for which schools.", empty="Choose"),
            FIRST_DAY, LAST_DAY,
            EntryField(name="activities", label="What must not happen on these days?", kind="tick",
                       options=(("training", "Training"), ("system_live", "A new system"), ("go_live", "A go-live"))),
        ),
        fill=_new_blackout,
        options=options_for,
    ),
    "remove-blackout": EditForm(
        is_of_task=False,
        fields=(EntryField(name="blackout", label="Which blackout?", kind="select", missing="Choose the blackout.",
                           none="There are no blackouts."),),
        fill=_blackout, options=lambda programme, _: {"blackout": _blackouts(programme)},
    ),
    "set-meetings": EditForm(
        is_of_task=False,
        intro="If the board or committee is known by this name, its meetings are replaced by the days below.",
        fields=(
            replace(NAME, label="Name of the board or committee"),
            replace(WHERE, label="In which calendar?", missing="Choose the calendar.", empty="Choose"),
            EntryField(name="dates", label="Days of its meetings", kind="days", called="The days",
                       missing="Enter the days.", hint=f"One on each line. {DAY_HINT}"),
        ),
        fill=_meetings, options=options_for,
    ),
    "set-team": EditForm(
        is_of_task=False,
        fields=(
            TEAM,
            replace(AMOUNT, name="days_per_week", label="How many days a week can it work in all?", called="The number",
                    hint="A number, such as 7.5 for a person and a half."),
        ),
        fill=lambda g: without_empty(g, "team", "days_per_week"), options=options_for,
    ),
    "add-absence": EditForm(
        is_of_task=False,
        fields=(
            TEAM, FIRST_DAY, LAST_DAY,
            replace(AMOUNT, name="days_per_week", label="How many days a week are left to the team?", missing="",
                    called="The number", hint="Leave empty if no one is there."),
        ),
        fill=lambda g: without_empty(g, "team", "first_day", "last_day", "days_per_week"), options=options_for,
    ),
    "set-policy": EditForm(
        is_of_task=False,
        fields=(
            EntryField(name="setting", label="Which setting?", kind="select", missing="Choose the setting.",
                       options=SETTINGS),
            EntryField(name="value", label="Its new value", called="The value", most=40,
                       hint="A number (for a share, such as 0.8), or yes or no. Leave empty for the default."),
        ),
        fill=_setting,
    ),
    "set-benefits": EditForm(
        is_of_task=False,
        intro="Schools read this on their pages and in messages, and the SRO and trustees in reports. It should be "
        "approved before the programme starts. If you change the text, it must be approved again.",
        fields=(
            EntryField(name="statement", label="What does the change do for students?", kind="area", most=400,
                       called="The text", missing="Enter what the change does for students.",
                       hint="One or two sentences, such as: Site staff first repair what matters most for lessons."),
            replace(PERSON, name="approved_by", label="Who has approved this text?", missing="", empty="No one yet",
                    hint="Only that person, the SRO or the board can record it."),
            replace(FIRST_DAY, name="approved_on", label="On which day?", missing="",
                    hint=f"{DAY_HINT} Leave empty if no one has."),
        ),
        fill=lambda g: without_empty(g, "statement", "approved_by", "approved_on"),
        options=lambda programme, task: {"approved_by": options_for(programme, task)["person"]},
        now=_benefits_now,
    ),
    "set-sponsor": EditForm(
        is_of_task=False,
        fields=(replace(PERSON, label="Who is the sponsor?"), replace(FIRST_DAY, name="since", label="From which day?"),
                replace(LAST_DAY, name="until", label="Until which day, if you know?", missing="")),
        fill=lambda g: without_empty(g, "person", "since", "until"), options=options_for,
    ),
}  # fmt: skip
