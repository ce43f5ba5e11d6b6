"""Rules about people: requirements, agreements, quick wins, owners, a visible sponsor, training.

They use published group results only, as every page does.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from changeflow.adkar.elements import Element, at_or_before
from changeflow.calendar.working import WorkingCalendar
from changeflow.phrases import listed
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.audiences import GROUP
from changeflow.programme.avoided_periods import falls_into, freezes, windows
from changeflow.programme.blackouts import blackouts_of, kept_out_of, works_around
from changeflow.programme.definition import Sponsor
from changeflow.programme.people import schools_of
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind

SOURCES = {"heads": "headteachers", "board": "the board", "local_governing_bodies": "local governing bodies"}


def requirements_before_the_irreversible(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Irreversible steps must wait until their requirements are approved."""
    for task in programme.roadmap.tasks.values():
        if not task.irreversible:
            continue
        wanted = list(programme.tasks(kind=Kind.REQUIREMENTS, service=task.service, schools=task.schools))
        if not wanted:
            message = f"“{task.name}” is irreversible, but no task sets out its requirements."
            yield Breach("R04", task.id, message, task.service, task.schools)
        for requirement in wanted:
            if programme.timed(task.id).early_start < programme.timed(requirement.id).early_finish:
                begins = format_day(last_day_of(programme.timed(task.id).early_start + 1))
                ready = format_day(programme.timed(requirement.id).last_day)
                message = (
                    f"“{task.name}” is irreversible and starts on {begins}, but “{requirement.name}” ends on {ready}."
                )
                yield Breach("R04", task.id, message, task.service, task.schools)


def requirements_from_everybody(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Requirements must come from the people who will use the service: heads, the board and local governing bodies."""
    for service in programme.services:
        asked = list(programme.tasks(kind=Kind.REQUIREMENTS, service=service.service))
        heard = {source for task in asked for source in task.sources}
        missing = [words for source, words in SOURCES.items() if source not in heard]
        if missing:
            message = f"The requirements for {service.name} have no input from {listed(missing)}."
            yield Breach("R07", service.service, message, service.service)


def one_agreement_articulated(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Each service must state what it offers and to what standard. A service level agreement will do, or a list of what
    each side gives and gets."""
    for service in programme.services:
        if service.agreement is None:
            message = (
                f"{service.name} has neither a service level agreement nor a list of what each side gives and gets."
            )
            yield Breach("R08", service.service, message, service.service)


def quick_win_early(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Each wave must have an early quick win, so that people soon see something better."""
    weeks = programme.policy.quick_win_within_weeks
    limit = weeks * 7 * 24 * 60
    for live in programme.tasks(kind=Kind.GO_LIVE):
        if live.wave is None:
            continue
        wins = [w for w in programme.tasks(kind=Kind.QUICK_WIN, service=live.service) if w.schools & live.schools]
        if not wins:
            message = f"“{live.name}” has no quick win in its wave."
            yield Breach("R14", live.id, message, live.service, live.schools)
        elif min(programme.timed(w.id).early_finish for w in wins) > programme.timed(live.id).early_finish + limit:
            first = min(wins, key=lambda w: (programme.timed(w.id).early_finish, w.id))
            day = format_day(programme.timed(first.id).last_day)
            message = f"“{first.name}” is on {day}, more than {counted(weeks, 'week')} after “{live.name}”."
            yield Breach("R14", live.id, message, live.service, live.schools)


def blackouts_kept(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No activity may take place at a school during a blackout for that kind of activity, such as training during exams
    or a cut-over in payroll week. Tasks planned in working days avoid blackouts automatically; milestones
    and tasks planned in calendar days may fall in one."""
    blackouts = blackouts_of(programme.definition)
    for task in programme.roadmap.tasks.values() if blackouts else ():
        if programme.is_done(task.id) or works_around(task.duration):
            continue
        own = kept_out_of(blackouts, task.schools, task.kind, task.service, is_whole=task.wave is None)
        for blackout in own:
            if blackout.touches(*programme.days_of(task.id)):
                schools = blackout.among(task.schools)
                where = f" at {programme.school_names(schools)}" if schools else ""
                yield Breach(
                    "R21",
                    task.id,
                    f"“{task.name}” falls in the blackout “{blackout.name}”{where}.",
                    task.service,
                    schools,
                )


def windows_avoided(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No activity may fall in a yearly period that the rulepacks say to avoid for its class of service, or in a freeze
    of another organisation."""
    yield from _freezes_kept(programme)
    for service in programme.services:
        known: dict[date, tuple[dict[str, str], ...]] = {}
        for task in programme.tasks(service=service.service):
            if task.kind is Kind.WORK or programme.is_done(task.id):
                continue
            first, last = programme.days_of(task.id)
            if first not in known:
                known[first] = tuple(windows(programme, service.service_class, first))
            for window in known[first]:
                if task.kind in window["activities"] and falls_into(first, last, window):
                    day = format_day(first)
                    avoid = f"in a period to avoid (“{window['name']}”), because {window['why']}"
                    message = f"“{task.name}” is on {day}, {avoid}."
                    yield Breach("R21", task.id, message, task.service, task.schools)


def _freezes_kept(programme: Programme) -> Iterator[Breach]:
    """Report tasks in other organisations' freezes; where the end is unknown, only the first task."""
    for service in programme.services:
        for freeze in freezes(programme, service.service_class):
            first_day = date.fromisoformat(str(freeze["first_day"]))
            last_day = date.fromisoformat(str(freeze["last_day"])) if freeze.get("last_day") else None
            asked = (t for t in programme.tasks(service=service.service) if t.kind in freeze["activities"])
            days = ((programme.days_of(t.id)[0], t) for t in asked if not programme.is_done(t.id))
            inside = [(day, t) for day, t in days if first_day <= day and (last_day is None or day <= last_day)]
            inside.sort(key=lambda found: (found[0], found[1].id))
            for day, task in inside if last_day else inside[:1]:
                ends = (
                    f"ends on {format_day(last_day)}"
                    if last_day
                    else "its end date is not known. Find out when it ends before you confirm this date"
                )
                message = (
                    f"“{task.name}” is on {format_day(day)}, during the {freeze['name']}, when {freeze['why']}. "
                    f"It began on {format_day(first_day)} and {ends}."
                )
                yield Breach("R21", task.id, message, task.service, task.schools)


def aggregates_only(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Scores may be shown only for groups of at least a minimum size. It must not be possible to work out the
    hidden numbers."""
    yield from ()


def nudges_leave_people_in_peace(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No one may get more reminders than the limits allow, or any during quiet hours."""
    yield from ()


SCHOOL_WEEK = 5
"""School days."""
BEFORE_KNOWLEDGE = (Element.AWARENESS, Element.DESIRE)


def sponsor_is_seen(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The sponsor must be seen to support the change at regular intervals.
    School holidays do not count. The rule applies from the first report of progress."""
    sponsor = programme.definition.programme.sponsor
    if sponsor is None or not programme.facts.progress:
        return
    since, is_known = last_seen(programme, sponsor)
    limit = programme.policy.sponsor_acts_within_school_weeks
    weeks = school_days(programme, since, programme.on) // SCHOOL_WEEK
    if weeks <= limit:
        return
    message = (
        f"The sponsor was last visibly active on {format_day(since)}, {weeks} school weeks ago (limit {limit})."
        if is_known
        else f"The sponsor has not been visibly active for {weeks} school weeks (limit {limit})."
    )
    if weeks > 2 * limit:
        message += " Raise this with the board."
    yield Breach("R17", "programme", message)


def last_seen(programme: Programme, sponsor: Sponsor) -> tuple[date, bool]:
    """Return the day since which the sponsor has not been visibly active, and whether any visible support was ever
    recorded."""
    seen = [a.on for a in programme.facts.acts if a.on <= programme.on and a.who is None]
    return max([sponsor.since, programme.definition.programme.start, *seen[-1:]]), bool(seen)


def school_days(programme: Programme, since: date, on: date) -> int:
    """Count the school days after `since`, up to `on`, by the programme's own terms, exams included.

    If schools have different terms, the terms with the fewest days count. Closures of individual schools are ignored.
    """
    days = [since + timedelta(days=n) for n in range(1, (on - since).days + 1)]
    terms = programme.once("terms of each authority", lambda: _terms(programme))
    return min(max(sum(c.works_on(d) for d in days) for c in calendars) for calendars in terms)


def _terms(programme: Programme) -> tuple[tuple[WorkingCalendar, ...], ...]:
    """Return the days on which schools are open, or the office's days where no terms are known."""
    calendars = Calendars.of(programme.definition)
    keys: dict[str, set[str]] = {}
    for school in programme.definition.schools:
        alone = frozenset({school.id})
        keys.setdefault(calendars.periods.terms_key(alone), set()).add(calendars.key("term", alone))
    found = tuple(tuple(calendars.get(key) for key in sorted(own)) for _, own in sorted(keys.items()))
    return found or ((calendars.office,),)


def training_in_its_place(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """No one should be trained for a change that they do not yet know about or want. Where at least half of a group has
    a barrier at awareness or desire, first explain the change and win support. The rule uses only published results."""
    until = programme.on + timedelta(weeks=programme.policy.barrier_order_within_weeks)
    for group in programme.facts.snapshot.view(GROUP) if programme.facts.snapshot else ():
        if group.barrier_at not in BEFORE_KNOWLEDGE:
            continue
        name = group.group.replace("-", " ")
        for service in programme.services:
            first = _next_training(programme, service.service, group.group)
            if first is not None and day_of(programme.timed(first.id).early_start) <= until:
                begins = format_day(day_of(programme.timed(first.id).early_start))
                message = (
                    f"At least half of {name} have a barrier at {at_or_before(group.barrier_at)}, but training for "
                    f"{service.name} starts on {begins} (“{first.name}”)."
                )
                yield Breach("R25", service.service, message, service.service)


def _next_training(programme: Programme, service: str, group: str) -> Task | None:
    """Return the group's next training that has not begun."""
    people = (p for p in programme.definition.people if group in p.groups and p.is_reached_by(service))
    reached = frozenset(school for person in people for school in schools_of(programme, person))
    sessions = programme.tasks(kind=Kind.TRAINING, service=service, schools=reached)
    ahead = (t for t in sessions if t.id not in programme.facts.progress)
    return min(ahead, key=lambda t: (programme.timed(t.id).early_start, t.id), default=None)


def students_benefit_approved(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The benefits for students must be written down and approved before the programme starts."""
    wiifts = programme.definition.programme.wiifts
    if wiifts is None:
        yield Breach("R13", "programme", "No one has written down the benefits for students.")
    elif wiifts.approved_by is None or wiifts.approved_on is None:
        yield Breach("R13", "programme", "The benefits for students are written down but not approved.")
    elif wiifts.approved_on > programme.definition.programme.start:
        day = format_day(wiifts.approved_on)
        yield Breach("R13", "programme", f"The benefits for students are approved on {day}, after the start.")


def lead_provider_has_time(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Every service must have a named lead provider with enough time."""
    for service in programme.services:
        lead = service.lead_provider
        if lead is None:
            yield Breach("R05", service.service, f"{service.name} has no lead provider.", service.service)
        elif lead.days_per_week < service.required_days_per_week:
            message = (
                f"{service.name}'s lead provider has {_days(lead.days_per_week)} a week for it "
                f"(at least {_days(service.required_days_per_week)} needed)."
            )
            yield Breach("R05", service.service, message, service.service)


def team_has_time_and_skills(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Each service must have a project team with a manager, enough time and the skills that the change needs."""
    for service in programme.services:
        team = service.team
        if team is None:
            yield Breach("R06", service.service, f"{service.name} has no project team.", service.service)
            continue
        days = sum(m.days_per_week for m in team.members)
        if days < team.needed_days_per_week:
            needed = f"at least {_days(team.needed_days_per_week)} needed"
            message = f"The project team of {service.name} has {_days(days)} a week ({needed})."
            yield Breach("R06", service.service, message, service.service)
        held = {skill for m in team.members for skill in m.skills}
        if missing := [s for s in team.needed_skills if s not in held]:
            skills = "skill" if len(missing) == 1 else "skills"
            message = f"No one in the project team of {service.name} has the {skills} {listed(missing)}."
            yield Breach("R06", service.service, message, service.service)


def _days(number: float) -> str:
    return f"{number:g} day{'' if number == 1 else 's'}"


def reinforced_until_the_end(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Checkpoints must follow each go-live. The sponsor must stay until the last one, and the programme may close only
    after it."""
    checkpoints = list(programme.tasks(kind=Kind.CHECKPOINT))
    for live in programme.tasks(kind=Kind.GO_LIVE):
        own = [c for c in checkpoints if c.service == live.service and c.schools & live.schools]
        covered = frozenset(s for c in own for s in c.schools)
        if uncovered := live.schools - covered:
            names = programme.school_names(uncovered)
            yield Breach(
                "R16", live.id, f"“{live.name}” has no checkpoint after it at {names}.", live.service, uncovered
            )
        for checkpoint in own:
            yield ImpliedLink(live.id, checkpoint.id, "R16")
    closures = list(programme.tasks(kind=Kind.CLOSURE))
    if not closures:
        yield Breach("R16", "programme", "No task closes the programme after its last checkpoint.")
    for closure in closures:
        for checkpoint in checkpoints:
            yield ImpliedLink(checkpoint.id, closure.id, "R16")


def sponsor_until_the_end(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The sponsor must be in post until the last checkpoint."""
    sponsor = programme.definition.programme.sponsor
    if sponsor is None:
        yield Breach("R16", "programme", "No sponsor is named.")
        return
    finishes = [programme.timed(t.id).early_finish for t in programme.tasks(kind=Kind.CHECKPOINT)]
    if sponsor.until is None or not finishes:
        return
    last = last_day_of(max(finishes))
    if sponsor.until < last:
        ends = f"The sponsor's tenure ends on {format_day(sponsor.until)}"
        yield Breach("R16", "programme", f"{ends}, before the last checkpoint on {format_day(last)}.")
