"""The pages of settings: what someone can set, and the calendars and teams with links to their forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from changeflow.programme.calendar_files import CalendarFile, Closure
from changeflow.reports.edit_form_parts import calendar_options
from changeflow.reports.edit_plan_forms import without_calendar
from changeflow.roadmap.model.requests import WaveTeam
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, format_days
from changeflow.values.sentences import sentence
from changeflow.values.words import Action

PAGES: tuple[tuple[Action, str, str], ...] = (
    (Action.SIGN_IN, "/settings/sessions", sentence("Your sessions")),
    (Action.INVITE, "/settings/people", sentence("People who sign in")),
    (Action.MAKE_TOKEN, "/settings/tokens", sentence("Tokens for other programs")),
    (Action.STORE_VERSION, "/settings/terms", sentence("Term dates")),
    (Action.STORE_VERSION, "/settings/calendars", sentence("Calendars")),
    (Action.STORE_VERSION, "/settings/teams", sentence("Teams")),
    (Action.TEST_MESSAGES, "/settings/mail", sentence("How messages are sent")),
    (Action.READ_MESSAGES, "/people/messages", sentence("Messages on or off")),
    (Action.RECORD_DATA_REQUEST, "/settings/data-protection", sentence("Data protection")),
    (Action.DELETE_OLD_DATA, "/settings/retention", sentence("How long data is kept")),
    (Action.INVITE, "/settings/setup", sentence("Set up changeflow")),
)
"""The pages of settings, in order, with the action that opens each."""
AVOIDED = {"system_live": "new system", "go_live": "go-live"}
"""Words for what a blackout forbids, where the name of the kind of task does not read as one."""
Links = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsLine:
    """One thing that can be changed, with the forms that change it."""

    name: str
    days: str
    what: str = ""
    links: Links = ()
    """Paths below the programme's, and their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPart:
    """One calendar, or the days on which everyone is closed."""

    name: str
    groups: tuple[tuple[str, tuple[SettingsLine, ...]], ...]
    """Terms, closed days, blackouts and meetings, each with its title."""
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPart:
    """A team, with its time and its absences."""

    name: str
    days: str
    away: tuple[str, ...]
    links: Links


def settings_links(visit: Visit) -> Links:
    """Return the settings that the person may open: the path of each, and its title."""
    visit.permit(Action.SIGN_IN)
    return tuple((path, title) for action, path, title in PAGES if visit.may(action))


def calendar_parts(visit: Visit) -> tuple[tuple[CalendarPart, ...], bool]:
    """Return the calendars with their dates, and whether another one can be added."""
    permit_editing(visit)
    names = dict(calendar_options(visit.programme))
    every = CalendarPart(
        name="Everyone in the programme",
        groups=_groups(("Closed days", _closures("", visit.definition.programme.closed))),
        links=((_form("add-closure"), "Add closed days"),),
    )
    parts = tuple(_part(names[c.calendar], c) for c in visit.definition.calendars)
    return (every, *parts), bool(without_calendar(visit.programme))


def _groups(*groups: tuple[str, Iterator[SettingsLine]]) -> tuple[tuple[str, tuple[SettingsLine, ...]], ...]:
    found = ((title, tuple(lines)) for title, lines in groups)
    return tuple((title, lines) for title, lines in found if lines)


def _part(name: str, file: CalendarFile) -> CalendarPart:
    own = {"calendar": file.calendar}
    return CalendarPart(
        name=name,
        groups=_groups(
            ("Terms", _terms(file)),
            ("Closed days", _closures(file.calendar, file.closed)),
            ("Blackouts", _blackouts(file)),
            ("Meetings", _meetings(file)),
            ("Pay", _pay(file)),
        ),
        links=(
            (_form("set-term", **own), "Add a term"),
            (_form("add-closure", **own), "Add closed days"),
            (_form("add-blackout", **own), "Add a blackout"),
            (_form("set-meetings", **own), "Add meetings"),
        ),
    )


def _form(kind: str, **fields: str) -> str:
    return f"/edits/{kind}{'?' if fields else ''}{urlencode(fields)}"


def _terms(file: CalendarFile) -> Iterator[SettingsLine]:
    for term in file.terms:
        fields = {"name": term.name, "first_day": f"{term.first_day:%-d/%-m/%Y}"}
        fields |= {"last_day": f"{term.last_day:%-d/%-m/%Y}"}
        half = "no half-term"
        if term.half_term is not None:
            first, last = term.half_term
            half = f"half-term {format_days(first, last)}"
            fields |= {"half_first": f"{first:%-d/%-m/%Y}", "half_last": f"{last:%-d/%-m/%Y}"}
        links = ((_form("set-term", calendar=file.calendar, **fields), "Change"),)
        yield SettingsLine(name=term.name, days=format_days(term.first_day, term.last_day), what=half, links=links)


def _closures(calendar: str, closed: tuple[Closure, ...]) -> Iterator[SettingsLine]:
    for one in closed:
        value = f"{calendar}|{one.first_day}|{one.name}"
        links = ((_form("remove-closure", closure=value), "Remove"),)
        what = "open" if one.open else "closed"
        yield SettingsLine(name=one.name, days=format_days(one.first_day, one.last), what=what, links=links)


def _blackouts(file: CalendarFile) -> Iterator[SettingsLine]:
    for one in file.blackouts:
        links = ((_form("remove-blackout", blackout=f"{file.calendar}|{one.name}"), "Remove"),)
        what = f"no {' or '.join(AVOIDED.get(kind, kind.replace('_', ' ')) for kind in one.activities)}"
        yield SettingsLine(name=one.name, days=format_days(one.first_day, one.last_day), what=what, links=links)


def _meetings(file: CalendarFile) -> Iterator[SettingsLine]:
    for one in file.meetings:
        days = "\n".join(f"{day:%-d/%-m/%Y}" for day in one.dates)
        links = ((_form("set-meetings", calendar=file.calendar, name=one.name, dates=days), "Change"),)
        last = format_day(max(one.dates))
        yield SettingsLine(name=one.name, days=f"until {last}", what=counted(len(one.dates), "meeting"), links=links)


def _pay(file: CalendarFile) -> Iterator[SettingsLine]:
    """Yield the table of pay periods, which only the programme's files can change."""
    if (pay := file.pay_periods) is not None:
        what = f"inputs close {counted(pay.cut_off_working_days, 'working day')} before"
        yield SettingsLine(name=f"Payday {pay.payday} of the month", days=f"{pay.months} months", what=what)


def team_parts(visit: Visit) -> tuple[TeamPart, ...]:
    """Return the teams by name, with their time and their absences."""
    permit_editing(visit)
    teams = visit.definition.rollout.teams
    return tuple(_team(id_, team) for id_, team in sorted(teams.items(), key=lambda item: item[1].name or item[0]))


def _team(id_: str, team: WaveTeam) -> TeamPart:
    own = f", of which {team.backfill:g} for everyday work" if team.backfill else ""
    return TeamPart(
        name=team.name or id_,
        days=f"{team.days_per_week:g} days a week{own}",
        away=tuple(f"{format_days(a.first_day, a.last_day)}: {a.days_per_week:g} days a week" for a in team.away),
        links=(
            (_form("set-team", team=id_, days_per_week=f"{team.days_per_week:g}"), "Change its time"),
            (_form("add-absence", team=id_), "Add an absence"),
        ),
    )
