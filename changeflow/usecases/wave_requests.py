"""The requests that wave proposals meet: fixed days, what schools ask for, and schools that are kept apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from changeflow.phrases import capitalised
from changeflow.programme.programme import Programme
from changeflow.values.moments import format_day


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRequest:
    """One request, with the form that changes it, filled in."""

    who: str
    what: str
    form: str


def requests_of(programme: Programme) -> tuple[WaveRequest, ...]:
    """Return the requests about schools, by the schools' names; those about pairs come last."""
    return (*sorted(_of_schools(programme), key=lambda line: (line.who, line.form)), *_of_pairs(programme))


def _of_schools(programme: Programme) -> Iterator[WaveRequest]:
    services = {s.service: s.name for s in programme.services}
    schools = {s.id for s in programme.definition.schools}
    for school, asked in programme.definition.rollout.schools.items():
        if school not in schools:
            continue
        name = programme.school_name(school)
        for service, day in asked.fixed.items():
            what = f"{services.get(service, service)} goes live on {format_day(day)}"
            yield WaveRequest(who=name, what=what, form=_form("remove-pin", pin=f"{school}|{service}"))
        days = {"earliest": asked.earliest, "latest": asked.latest}
        words = {"earliest": "no go-live before {}", "latest": "no go-live after {}"}
        parts = [words[n].format(format_day(day)) for n, day in days.items() if day is not None]
        parts += ["in the pilot" if asked.pilot else "not in the pilot"] if asked.pilot is not None else []
        if parts:
            given = {n: f"{day.day}/{day.month}/{day.year}" for n, day in days.items() if day is not None}
            given |= {"pilot": "yes" if asked.pilot else "no"} if asked.pilot is not None else {}
            form = _form("set-wishes", school=school, **given)
            yield WaveRequest(who=name, what=capitalised("; ".join(parts)), form=form)


def _of_pairs(programme: Programme) -> Iterator[WaveRequest]:
    for pair in programme.definition.rollout.apart:
        names = " and ".join(programme.school_name(school) for school in pair)
        yield WaveRequest(who=names, what="Never in the same week", form=_form("remove-apart", pair="|".join(pair)))


def _form(kind: str, **fields: str) -> str:
    return f"edits/{kind}?{urlencode(fields)}"
