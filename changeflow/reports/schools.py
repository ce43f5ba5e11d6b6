"""Schools in words: when each goes live with which service, and one school's page, written for its head."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from changeflow.agenda.due import GivenAnswers
from changeflow.agenda.worklist import WorkFilter, WorkState, work_list
from changeflow.phrases import capitalised, listed
from changeflow.programme.announcements import GoLive, announced_sentence, go_lives
from changeflow.programme.blackouts import blackouts_of
from changeflow.programme.definition import School, ServiceFile
from changeflow.programme.levels import level_of
from changeflow.programme.mandates import Subject, in_role
from changeflow.programme.names import begin
from changeflow.programme.programme import Programme
from changeflow.reports.announcements import GoLiveLine, go_live_lines
from changeflow.reports.people import ImpactLine, impact_lines
from changeflow.reports.worklist import work_state
from changeflow.roadmap.model.tasks import Task
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.values.moments import format_day, format_days
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.sentences import counted_sentence, sentence
from changeflow.values.words import Kind, Role

HELP = (Kind.ENGAGEMENT, Kind.TRAINING, Kind.QUICK_WIN, Kind.CHECKPOINT)
"""The kinds of task that help a school's staff."""
STAFFING = (Kind.CONSULTATION, Kind.ORG_CHANGE, Kind.ROLE_REMOVAL)
"""The kinds of task that change posts and structures."""
AHEAD = timedelta(days=400)
"""How far ahead a school's page lists exams and closed days: our own choice."""
AVOIDED = {Kind.SYSTEM_LIVE: "new systems", Kind.GO_LIVE: "go-lives"}
"""Kinds of activity that a blackout keeps out, where the kind's own word is not plain English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolLine:
    """One school among others."""

    school: str
    name: str
    hub: str
    """Empty if it has none."""
    dates: tuple[GoLiveLine | None, ...]
    """Its go-live with each service; None where it has no such go-live."""

    @property
    def is_late(self) -> bool:
        """Whether any go-live is later than announced, or no longer planned."""
        return any(line is not None and (line.days > 0 or line.state == "no longer planned") for line in self.dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolList:
    """Schools with their go-lives."""

    services: tuple[str, ...]
    schools: tuple[SchoolLine, ...]
    sentence: str
    """The go-lives that are later than announced; empty if there are none."""


def school_list(programme: Programme) -> SchoolList:
    """Describe when each school goes live, by name."""
    found = go_lives(programme)
    lines = {(g.school, g.service): line for g, line in zip(found, go_live_lines(programme, found), strict=True)}
    services = [s.service for s in programme.services]
    return SchoolList(
        services=tuple(s.name for s in programme.services),
        schools=tuple(
            SchoolLine(
                school=s.id,
                name=s.name,
                hub=_hub(s),
                dates=tuple(lines.get((s.id, service)) for service in services),
            )
            for s in sorted(programme.definition.schools, key=lambda s: (s.name.casefold(), s.id))
        ),
        sentence=announced_sentence(programme, found),
    )


def _hub(school: School) -> str:
    return school.hub.replace("-", " ") if school.hub else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """A person to ask."""

    person: str
    """Their name and role, or their role."""
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolService:
    """What one service's change means for a school."""

    service: str
    name: str
    sentence: str
    """When it goes live, against what was announced."""
    line: GoLiveLine
    task: str
    """The go-live's task; empty if it is no longer planned."""
    wave: str
    """Its wave as it reads after “in”; empty if it has none."""
    impacts: tuple[ImpactLine, ...]
    contacts: tuple[ContactLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolTask:
    """A task at a school, or for its wave."""

    task: str
    name: str
    days: str
    who: str
    """Empty if no one person is responsible."""
    state: str = ""
    """Such as `due 3 Jun 2027`; only for what the school does."""
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AvoidedDays:
    """Days on which some work is kept out of a school."""

    name: str
    days: str
    work: str
    """The work that is avoided; `everything` on closed days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolPage:
    """One school, for its head."""

    school: str
    name: str
    summary: str
    """Its kind and hub."""
    next: str
    """The next go-live; empty if everything is live or nothing is planned."""
    services: tuple[SchoolService, ...]
    help: tuple[SchoolTask, ...]
    staffing: tuple[SchoolTask, ...]
    past: tuple[SchoolTask, ...]
    """Help that has been given, latest first."""
    needs: tuple[SchoolTask, ...]
    """What people of the school have to do."""
    avoided: tuple[AvoidedDays, ...]
    at_once: tuple[str, ...] = ()
    """The times in which several services change at once."""
    leads: tuple[ContactLine, ...] = ()
    students: str = ""
    office: str = ""
    """The programme office's address."""


def school_page(
    programme: Programme, school: School, *, today: date, answers: GivenAnswers, at_once: Iterable[str] = ()
) -> SchoolPage:
    """Describe what changes at one school, what helps, and what its people have to do."""
    found = [g for g in go_lives(programme) if g.school == school.id]
    lines = go_live_lines(programme, found)
    pairs = sorted(zip(found, lines, strict=True), key=lambda each: (each[0].day or date.max, each[0].service))
    here = frozenset({school.id})
    tasks = sorted(programme.tasks(schools=here), key=lambda t: (*programme.days_of(t.id), t.id))
    helped = [t for t in tasks if t.kind in HELP]
    wiifts, office = programme.definition.programme.wiifts, programme.definition.programme.office
    return SchoolPage(
        school=school.id,
        name=school.name,
        summary=_summary(school),
        next=_next(programme, [live for live, _ in pairs]),
        services=tuple(_service(programme, school, live, line) for live, line in pairs),
        help=tuple(_task(programme, t) for t in helped if not programme.is_done(t.id)),
        staffing=tuple(_task(programme, t) for t in tasks if t.kind in STAFFING and not programme.is_done(t.id)),
        past=tuple(_task(programme, t) for t in reversed(helped) if programme.is_done(t.id)),
        needs=tuple(_needs(programme, school, today, answers)),
        avoided=tuple(_avoided(programme, school, today)),
        at_once=tuple(at_once),
        leads=tuple(_leads(programme, school)),
        students=wiifts.statement if wiifts else "",
        office=office.email,
    )


def _summary(school: School) -> str:
    kind = {"all-through": "all-through school", "16-plus": "school for students over 16", "nursery": "nursery"}
    words = kind.get(school.phase, f"{school.phase} school")
    return f"{capitalised(words)}{f', {capitalised(_hub(school))} hub' if school.hub else ''}"


def _next(programme: Programme, found: Sequence[GoLive]) -> str:
    ahead = sorted((g for g in found if g.day is not None and not g.is_done), key=lambda g: g.day or date.max)
    if not ahead:
        return sentence("Every service is live at this school.") if any(g.is_done for g in found) else ""
    first = [g for g in ahead if g.day == ahead[0].day]
    names = tuple(programme.service(g.service).name for g in first)
    return counted_sentence(
        "Next: %(services)s goes live on %(day)s.", "Next: %(services)s go live on %(day)s.", len(first),
        services=names, day=_on(first[0]),
    )  # fmt: skip


def _on(live: GoLive) -> str:
    return format_day(live.day, weekday=True) if live.day else ""


def _service(programme: Programme, school: School, live: GoLive, line: GoLiveLine) -> SchoolService:
    services = [s for s in programme.services if s.service == live.service]
    groups = {g for p in programme.definition.people if p.school == school.id for g in p.groups}
    impacts = [
        i for i in programme.definition.change.impacts if i.service in (None, live.service) and i.group in groups
    ]
    wave = programme.roadmap.tasks[live.task].wave if live.task else None
    return SchoolService(
        service=live.service,
        name=line.service,
        sentence=_sentence(live, line),
        line=line,
        task=live.task or "",
        wave=next(
            ("the pilot" if w.pilot else w.name for w in programme.definition.programme.waves if w.id == wave), ""
        ),
        impacts=tuple(impact_lines(programme, impacts)),
        contacts=tuple(c for service in services for c in _contacts(programme, service)),
    )


def _sentence(live: GoLive, line: GoLiveLine) -> str:
    """Say when a school goes live, in words for its head."""
    days = f"{later_or_earlier(live.days_late)} than"
    given = {"service": line.service, "day": _on(live)}
    if live.day is None:
        return sentence(
            "%(service)s was announced for %(day)s, but is no longer planned at your school.",
            service=line.service, day=line.announced,
        )  # fmt: skip
    if live.is_done:
        if not live.days_late:
            return sentence("%(service)s went live on %(day)s.", **given)
        return f"{line.service} went live on {_on(live)}, {days} announced."
    if live.announced is None:
        words = "%(service)s is forecast to go live on %(day)s. No date has been announced to you yet."
        return sentence(words, **given)
    if live.days_late:
        when = f" on {format_day(live.announced_on)}" if live.announced_on else ""
        late = f"That is {days} {line.announced}, the date that we announced{when}."
        return f"{line.service} is forecast to go live on {_on(live)}. {late}"
    return sentence("%(service)s goes live on %(day)s, as announced.", **given)


def _contacts(programme: Programme, service: ServiceFile) -> Iterator[ContactLine]:
    known = (
        (
            service.lead_provider.person if service.lead_provider else None,
            sentence("leads the changes to this service"),
        ),
    )
    for person, about in (*known, (service.service_manager, sentence("runs the service"))):
        if person:
            yield ContactLine(person=begin(programme.the_person(person)), about=about)


def _leads(programme: Programme, school: School) -> Iterator[ContactLine]:
    """Yield the change leads of the school or its hub, or else of the whole programme; then the SRO."""
    definition = programme.definition
    leads = in_role(definition, Role.CHANGE_LEAD)
    people = [p for p in definition.people if p.id in leads and p.is_here(programme.on)]
    near = [p for p in people if p.school == school.id or (p.school is None and p.hub and p.hub == school.hub)]
    for person in near or [p for p in people if p.school is None and p.hub is None]:
        yield ContactLine(
            person=begin(programme.the_person(person.id)), about=sentence("supports schools through the change")
        )
    for sro in sorted(in_role(definition, Role.SRO, Subject())):
        yield ContactLine(person=begin(programme.the_person(sro)), about=sentence("is accountable for the programme"))


def _task(programme: Programme, task: Task) -> SchoolTask:
    return SchoolTask(
        task=task.id,
        name=task.in_parts.without_place,
        days=format_days(*programme.days_of(task.id)),
        who=programme.person(task.owner) if task.owner else "",
    )


def _needs(programme: Programme, school: School, today: date, answers: GivenAnswers) -> Iterator[SchoolTask]:
    people = {p.id for p in programme.definition.people if p.school == school.id}
    for item in work_list(programme, WorkFilter(), today=today, answers=answers):
        if item.asked in people:
            yield SchoolTask(
                task=item.task.id,
                name=item.task.in_parts.without_place,
                days=format_days(*programme.days_of(item.task.id)),
                who=programme.person(item.asked),
                state=work_state(item),
                is_late=item.state is WorkState.LATE,
            )


def _avoided(programme: Programme, school: School, today: date) -> Iterator[AvoidedDays]:
    """Yield the blackouts and closed days of the coming year, in order."""
    until, found = today + AHEAD, list[tuple[date, AvoidedDays]]()
    for scoped in blackouts_of(programme.definition):
        black = scoped.blackout
        if scoped.among(frozenset({school.id})) and scoped.touches(today, until):
            services = [programme.service(s).name for s in black.services]
            work = listed([AVOIDED.get(Kind(a), a.replace("_", " ")) for a in black.activities])
            words = f"{work} of {listed(services)}" if services else work
            days = format_days(black.first_day, black.last_day)
            found.append((black.first_day, AvoidedDays(name=black.name, days=days, work=words)))
    files = [f for f in programme.definition.calendars if level_of(f, school) is not None]
    for closure in (*programme.definition.programme.closed, *(c for f in files for c in f.closed)):
        if not closure.open and closure.first_day <= until and closure.last >= today:
            days = format_days(closure.first_day, closure.last)
            found.append((closure.first_day, AvoidedDays(name=closure.name, days=days, work="everything")))
    yield from (line for _, line in sorted(found, key=lambda each: (each[0], each[1].name)))


def changes_at_once(problem: WaveProblem, plan: WavePlan, school: str, *, today: date) -> Iterator[str]:
    """Describe each coming run of weeks in which two or more services change at a school, with its limit."""
    if school not in problem.schools:
        return
    busy: dict[int, set[str]] = {}
    for (where, service), candidate in plan.chosen.items():
        if where == school:
            for week in candidate.busy:
                busy.setdefault(week, set()).add(service)
    many = [(week, tuple(sorted(busy[week]))) for week in sorted(busy) if len(busy[week]) > 1]
    limit = problem.schools[school].at_once
    # Weeks that follow one another have the same difference of week and place.
    for (_, services), run in groupby(enumerate(many), key=lambda each: (each[1][0] - each[0], each[1][1])):
        weeks = [week for _, (week, _) in run]
        last = problem.monday(weeks[-1]) + timedelta(days=6)
        if last < today:
            continue
        names = listed([problem.services[s].name for s in services])
        over = f", more than the limit of {limit}" if len(services) > limit else f" (limit {limit})"
        changes = f"{len(services)} rollouts at once{over}"
        yield f"{names}, {format_days(problem.monday(weeks[0]), last)}: {changes}."
