"""Find impossible names and days in rollout.yaml, risk.yaml and levelling.yaml, with their places."""

from collections.abc import Iterator

from changeflow.intake.checks import unknown, unknown_among
from changeflow.planning.risk import tasks_named
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.definition import Definition
from changeflow.programme.meetings import wrong_meeting
from changeflow.programme.programme import Programme
from changeflow.programme.references import DefinitionError, Place, References
from changeflow.roadmap.model.pathways import WEEK
from changeflow.roadmap.model.tasks import Bound
from changeflow.values.duration import Unit, parse_range
from changeflow.values.moments import format_day
from changeflow.values.problem import did_you_mean

FILE, RISK, LEVELLING = "rollout", "risk", "levelling"


def check_rollout(definition: Definition) -> Iterator[DefinitionError]:
    """Find unknown services, schools and teams, and windows that contain no day."""
    yield from _services(definition)
    yield from _schools(definition)
    rollout, schools = definition.rollout, {s.id for s in definition.schools}
    for n, pair in enumerate(rollout.apart):
        yield from unknown_among(Place(FILE, ("apart", n)), "school", pair, schools)
        if pair[0] == pair[1]:
            yield DefinitionError(
                Place(FILE, ("apart", n)), f"'{pair[0]}' cannot keep apart from itself.", "Name two schools."
            )
    hubs = {s.hub for s in definition.schools if s.hub}
    for key, group in rollout.groups.items():
        yield from unknown_among(Place(FILE, ("groups", key, "schools")), "school", group.schools, schools)
        yield from unknown(Place(FILE, ("groups", key, "hub")), "hub", group.hub, hubs)
    if rollout.latest is not None and rollout.latest <= definition.programme.start:
        yield _empty(("latest",), "the rollout")


def check_risk(programme: Programme) -> Iterator[DefinitionError]:
    """Find unknown tasks, tasks with two causes, and effects that are not in order or not working time."""
    risk, taken, calendars = programme.definition.risk, dict[str, str](), Calendars.of(programme.definition)
    for n, cause in enumerate(risk.causes):
        yield from _unknown_tasks(programme, ("causes", n, "tasks"), cause.tasks)
        for task in (t for text in cause.tasks for t in tasks_named(programme, text)):
            if taken.setdefault(task, cause.id) != cause.id:
                what = f"'{task}' has two causes: {taken[task]} and {cause.id}."
                yield DefinitionError(Place(RISK, ("causes", n, "tasks")), what, "Give it to one of them.", on_key=True)
    for n, event in enumerate(risk.events):
        yield from _unknown_tasks(programme, ("events", n, "tasks"), event.tasks)
        try:
            _, unit = parse_range(event.effect, minutes_per_day=programme.minutes_per_day)
            hit = (programme.roadmap.tasks[t] for text in event.tasks for t in tasks_named(programme, text))
            if missing := next((m for t in hit if (m := calendars.periods.missing(unit, None, t.schools))), None):
                raise ValueError(f"{event.effect[1]} needs {missing}. Add {missing} to calendars/.")
        except ValueError as error:
            what, _, remedy = str(error).partition(". ")
            yield DefinitionError(Place(RISK, ("events", n, "effect")), f"The effect {what}.", remedy)


def check_recovery_options(programme: Programme) -> Iterator[DefinitionError]:
    """Find unknown tasks and events, and starts for tasks that have no set date."""
    risk = programme.definition.risk
    events = {e.id for e in risk.events}
    for n, option in enumerate(risk.recovery_options):
        for kind, texts in (("shorten", option.shorten), ("starts", option.starts)):
            for text in texts:
                yield from _unknown_tasks(programme, ("recovery_options", n, kind, text), (text,))
        for event in option.events:
            yield from unknown(
                Place(RISK, ("recovery_options", n, "events", event)), "event", event, events, on_key=True
            )
        for text in option.starts:
            for task in tasks_named(programme, text):
                dated = [c.bound for c in programme.roadmap.tasks[task].constraints]
                if Bound.START_NO_EARLIER not in dated:
                    what = f"'{task}' has no start_no_earlier of its own, so there is nothing to let it start sooner."
                    yield DefinitionError(
                        Place(RISK, ("recovery_options", n, "starts", text)),
                        what,
                        "Shorten it, or what comes before it.",
                    )


def check_levelling(programme: Programme) -> Iterator[DefinitionError]:
    """Find unknown tasks, and tasks with two decisions."""
    levelling, tasks = programme.definition.levelling, set(programme.roadmap.tasks)
    decided = [("accepted", t) for t in levelling.accepted]
    decided += [("pinned", t) for t in levelling.pinned]
    for kind, task in decided:
        yield from unknown(Place(LEVELLING, (kind, task)), "task", task, tasks, on_key=True)
    yield from unknown_among(Place(LEVELLING, ("refused",)), "task", levelling.refused, tasks)
    for n, task in enumerate(levelling.refused):
        for kind, other in decided:
            if other == task:
                what = f"'{task}' is {kind}, and its move is refused as well."
                yield DefinitionError(Place(LEVELLING, ("refused", n)), what, "Decide on one of them.")
    start = programme.definition.programme.start
    for task, at in levelling.pinned.items():
        if at.date() < start:
            what = f"'{task}' is pinned on {format_day(at.date())}, and the programme begins on {format_day(start)}."
            yield DefinitionError(Place(LEVELLING, ("pinned", task)), what, "Give a later day.")
        if task in levelling.accepted:
            what = f"'{task}' is pinned, and another date is accepted for it as well."
            yield DefinitionError(Place(LEVELLING, ("pinned", task)), what, "Decide on one of them.", on_key=True)
    for n, keep in enumerate(levelling.keep_within):
        for key, text in (("after", keep.after), ("start", keep.start)):
            yield from _unknown_tasks(programme, ("keep_within", n, key), (text,), file=LEVELLING)


def _unknown_tasks(
    programme: Programme, path: tuple[str | int, ...], texts: tuple[str, ...], *, file: str = RISK
) -> Iterator[DefinitionError]:
    known = {*programme.roadmap.tasks, *(t.step for t in programme.tasks())}
    for text in texts:
        if not tasks_named(programme, text):
            place = Place(file, path)
            yield DefinitionError(place, f"There is no task '{text}'.", did_you_mean(text, known), on_key=True)


def _services(definition: Definition) -> Iterator[DefinitionError]:
    rollout, known = definition.rollout, {s.service for s in definition.services}
    for name, service in rollout.services.items():
        yield from unknown(Place(FILE, ("services", name)), "service", name, known, on_key=True)
        if service.earliest and service.latest and service.latest < service.earliest:
            yield _empty(("services", name, "latest"), name)
        for first in service.after:
            path = ("services", name, "after", first)
            yield from unknown(Place(FILE, path), "service", first, known, on_key=True)
            others = rollout.services[first].after if first in rollout.services else {}
            if first == name or name in others:
                what = f"'{name}' and '{first}' wait for each other."
                yield DefinitionError(Place(FILE, path), what, "Remove one of the two.", on_key=True)
        yield from _opening(definition, name, service.opens_on)
        for n, activity in enumerate(service.activities):
            path_to_team = ("services", name, "activities", n, "team")
            yield from unknown(Place(FILE, path_to_team), "team", activity.team, set(rollout.teams))


def _opening(definition: Definition, name: str, opens_on: str | None) -> Iterator[DefinitionError]:
    """Find go-lives on kinds of days that the folder does not have for their schools."""
    service = next((s for s in definition.services if s.service == name), None)
    if service is None or opens_on in (None, WEEK, "month"):
        return
    place = Place(FILE, ("services", name, "opens_on"))
    schools = frozenset(s for wave in References(definition).waves_of(service) for s in wave.schools)
    if missing := Calendars.of(definition).periods.missing(Unit.WORKING, opens_on, schools):
        yield DefinitionError(place, f"'{name}' needs {missing}.", f"Add {missing} to calendars/.")
    elif wrong := wrong_meeting(definition, opens_on, schools):
        yield DefinitionError(place, *wrong)


def _schools(definition: Definition) -> Iterator[DefinitionError]:
    services, known = {s.service for s in definition.services}, {s.id for s in definition.schools}
    for name, school in definition.rollout.schools.items():
        yield from unknown(Place(FILE, ("schools", name)), "school", name, known, on_key=True)
        if school.earliest and school.latest and school.latest < school.earliest:
            yield _empty(("schools", name, "latest"), name)
        for kind, days in (("fixed", school.fixed), ("announced", school.announced)):
            for service in days:
                yield from unknown(
                    Place(FILE, ("schools", name, kind, service)), "service", service, services, on_key=True
                )


def _empty(path: tuple[str | int, ...], name: str) -> DefinitionError:
    return DefinitionError(
        Place(FILE, path), f"The window of {name} is empty: it ends before it begins.", "Give a later day."
    )
