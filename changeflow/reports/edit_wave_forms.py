"""Forms for edits of waves, and of the requests and limits for wave proposals."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from changeflow.phrases import capitalised
from changeflow.programme.announcements import go_live_tasks
from changeflow.programme.programme import Programme
from changeflow.programme.rollout_limits import LIMITS, limit_in_words
from changeflow.reports.edit_form_parts import (
    DAY_HINT,
    SCHOOL,
    WAVE,
    EditForm,
    Given,
    options_for,
    without_empty,
)
from changeflow.reports.entry_forms import EntryField, Options, school_options
from changeflow.roadmap.model.requests import SchoolRollout, ServiceRollout
from changeflow.values.moments import format_day

ONLY_PROPOSALS = "This applies to all later wave proposals. It moves no date in the plan."
_FIRST = EntryField(name="first_day", label="First day", kind="day", missing="Enter the first day.", hint=DAY_HINT)
_ANY_DAY = f"{DAY_HINT} Leave empty for any day."
_OTHER = replace(SCHOOL, name="other", label="Which other school?", missing="Choose the other school.")
_PILOT: Options = (("yes", "In the pilot"), ("no", "Not in the pilot"))
_YES_OR_NO = {"yes": True, "no": False}
_SEPARATOR = "|"


def _wishes(given: Given) -> Mapping[str, Any]:
    pilot = given.get("pilot", "")
    return {**without_empty(given, "school", "earliest", "latest"), "pilot": _YES_OR_NO.get(pilot)}


def _pin(given: Given) -> Mapping[str, Any]:
    service, day = given["go_live"].split(_SEPARATOR)
    return {"school": given["school"], "service": service, "day": given.get("day") or day}


def go_live_options(programme: Programme) -> Options:
    """Return the go-lives of each service's waves, each with the day that it has now."""
    names = {s.service: s.name for s in programme.services}
    waves = {w.id: w.name for w in programme.definition.programme.waves}
    days = dict[tuple[str, str], date]()
    for (_, service), task in go_live_tasks(programme).items():
        if task.wave is not None:
            key = service, task.wave
            days[key] = max(days.get(key, date.min), programme.days_of(task.id)[1])
    return tuple(
        (_SEPARATOR.join((service, day.isoformat())), f"{names[service]}, {waves[wave]}: {format_day(day)}")
        for (service, wave), day in sorted(days.items(), key=lambda d: (names[d[0][0]], d[1], d[0]))
    )


def pin_options(programme: Programme) -> Options:
    """Return the fixed go-lives, by school and service."""
    names = {s.service: s.name for s in programme.services}
    found = [
        (_SEPARATOR.join((school, service)), f"{programme.school_name(school)}, {names[service]}: {format_day(day)}")
        for school, asked in programme.definition.rollout.schools.items()
        for service, day in asked.fixed.items()
        if service in names
    ]
    return tuple(sorted(found, key=lambda o: o[1]))


def apart_options(programme: Programme) -> Options:
    """Return the pairs of schools that are kept apart."""
    return tuple(
        (_SEPARATOR.join(pair), " and ".join(programme.school_name(s) for s in pair))
        for pair in programme.definition.rollout.apart
    )


def limit_options(programme: Programme) -> Options:
    """Return every limit with its value now, by the part of rollout.yaml, the thing in it and the limit's name."""
    return tuple(
        (_SEPARATOR.join((part, of, setting)), f"{whose}{LIMITS[part, setting]} (now {shown})")
        for part, of, whose, setting, shown in _limits(programme)
    )


def _limits(programme: Programme) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the part, the id of the thing, its name as the beginning of a line, the limit and its value in words."""
    rollout = programme.definition.rollout
    services = [(s.service, s.name, rollout.services.get(s.service, ServiceRollout())) for s in programme.services]
    schools = [(s, name, rollout.schools.get(s, SchoolRollout())) for s, name in school_options(programme)]
    groups = [(id_, group.name or id_, group) for id_, group in rollout.groups.items()]
    things: Mapping[str, list[tuple[str, str, object]]] = {
        "rollout": [("", "", rollout)], "hubs": [("", "", rollout.hubs)],
        "service": [*services], "group": [*groups], "school": [*schools],
    }  # fmt: skip
    for part, known in things.items():
        for of, name, thing in known:
            for of_part, setting in LIMITS:
                if of_part == part:
                    value = getattr(thing, setting)
                    shown = "the default" if value is None else limit_in_words(setting, value)
                    yield part, of, f"{capitalised(name)}: " if name else "All: ", setting, shown


def _limit(given: Given) -> Mapping[str, Any]:
    part, of, setting = given["limit"].split(_SEPARATOR)
    text = given.get("value", "").strip().lower()
    known: Mapping[str, Any] = {**_YES_OR_NO, "": None}
    value: Any = known[text] if text in known else int(text) if text.isdecimal() else text
    return {"part": part, "of": of or None, "setting": setting, "value": given.get("day") or value}


FORMS_OF_WAVES: Mapping[str, EditForm] = {
    "set-wave": EditForm(
        is_of_task=False,
        intro="None of the wave’s schools goes live before this day.",
        fields=(WAVE, _FIRST),
        fill=lambda g: without_empty(g, "wave", "first_day"), options=options_for,
    ),
    "remove-wave": EditForm(
        is_of_task=False,
        intro="A wave cannot be removed if something is recorded about its tasks.",
        fields=(
            WAVE,
            EntryField(name="to_wave", label="Which wave do its schools move to?", kind="select",
                       missing="Choose the wave."),
        ),
        fill=lambda g: without_empty(g, "wave", "to_wave"), options=options_for,
    ),
    "set-wishes": EditForm(
        is_of_task=False,
        intro=f"{ONLY_PROPOSALS} What you enter replaces what the school asked for before.",
        fields=(
            SCHOOL,
            replace(_FIRST, name="earliest", label="No go-live before", missing="", hint=_ANY_DAY),
            replace(_FIRST, name="latest", label="No go-live after", missing="", hint=_ANY_DAY),
            EntryField(name="pilot", label="Should it be in the pilot?", kind="select", empty="Either", options=_PILOT),
        ),
        fill=_wishes, options=options_for,
    ),
    "set-pin": EditForm(
        is_of_task=False,
        intro=ONLY_PROPOSALS,
        fields=(
            SCHOOL,
            EntryField(name="go_live", label="Which wave does it go live with?", kind="select",
                       missing="Choose the service and wave."),
            replace(_FIRST, name="day", label="Another day, if not the wave’s", missing="",
                    hint=f"{DAY_HINT} Leave empty to use the wave’s current day."),
        ),
        fill=_pin, options=lambda programme, task: {
            **options_for(programme, task), "go_live": go_live_options(programme),
        },
    ),
    "remove-pin": EditForm(
        is_of_task=False,
        intro=ONLY_PROPOSALS,
        fields=(EntryField(name="pin", label="Which go-live?", kind="select", missing="Choose the go-live.",
                           none="No go-live is fixed."),),
        fill=lambda g: dict(zip(("school", "service"), g["pin"].split(_SEPARATOR), strict=True)),
        options=lambda programme, _: {"pin": pin_options(programme)},
    ),
    "keep-apart": EditForm(
        is_of_task=False,
        intro=f"The two schools never go live in the same week, with any service. {ONLY_PROPOSALS}",
        fields=(SCHOOL, _OTHER),
        fill=lambda g: without_empty(g, "school", "other"),
        options=lambda programme, task: {
            **options_for(programme, task), "other": school_options(programme),
        },
    ),
    "remove-apart": EditForm(
        is_of_task=False,
        intro=ONLY_PROPOSALS,
        fields=(EntryField(name="pair", label="Which two schools?", kind="select", missing="Choose the schools.",
                           none="No schools are kept apart."),),
        fill=lambda g: dict(zip(("school", "other"), g["pair"].split(_SEPARATOR), strict=True)),
        options=lambda programme, _: {"pair": apart_options(programme)},
    ),
    "set-limit": EditForm(
        is_of_task=False,
        intro=ONLY_PROPOSALS,
        fields=(
            EntryField(name="limit", label="Which limit?", kind="select", missing="Choose the limit.",
                       none="The plan has no rollout limits yet."),
            EntryField(name="value", label="New value", called="The value", most=20,
                       hint="A number, or yes or no. Leave empty for the default."),
            replace(_FIRST, name="day", label="New day, if the limit is a day", missing="", hint=DAY_HINT),
        ),
        fill=_limit, options=lambda programme, _: {"limit": limit_options(programme)},
    ),
}  # fmt: skip
