"""The differences between two states of a programme: milestones, tasks, schools, waves, people, calendars and more.

Sentences name people by their role, and files by their subject.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from changeflow.adkar.people import Person
from changeflow.phrases import listed, name_of_id
from changeflow.programme.announcements import announced_days, go_lives
from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.programme import Programme
from changeflow.programme.regrouping import Regrouped
from changeflow.roadmap.analysis.differences import (
    Altered,
    How,
    Topic,
    in_order,
    task_differences,
)
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import moved_in_words


def differences(before: Programme, after: Programme, regrouped: Sequence[Regrouped] = ()) -> tuple[Altered, ...]:
    """Return all differences, in the order of `Topic`; dropped milestones, gates and deadlines come first.

    `regrouped` are the tasks that were split or joined.
    """
    old, new = before.definition, after.definition
    found = [*_tasks(before, after, regrouped), *_go_lives(before, after), *_announced(before, after)]
    for compare in (_services, _schools, _waves, _people, _calendars, _waivers, _settings):
        found += compare(old, new)
    if not found and old.canonical() != new.canonical():
        found.append(Altered(Topic.SETTINGS, How.CHANGED, "The files differ, but no task or date changes."))
    return tuple(in_order(found))


def _tasks(before: Programme, after: Programme, regrouped: Sequence[Regrouped]) -> Iterator[Altered]:
    def role_of(person: str) -> str:
        return after.definition.role_of(person) or before.definition.role_of(person) or person

    dates = (before.schedule, after.schedule)
    yield from task_differences(
        before.roadmap,
        after.roadmap,
        milestones={m.task for p in (before, after) for m in p.milestones},
        role_of=role_of,
        regrouped=[(group.before, group.after) for group in regrouped],
        dates=(dates[0], dates[1]) if dates[0] is not None and dates[1] is not None else None,
    )


def _go_lives(before: Programme, after: Programme) -> Iterator[Altered]:
    """Yield the school go-lives added, removed or moved; schools with the same move are named together."""
    if before.schedule is None or after.schedule is None:
        return
    days = [{(g.school, g.service): g.day for g in go_lives(p) if g.day is not None} for p in (before, after)]
    names = {s.service: s.name for s in after.services}
    tasks = {(names[g.service], days[0].get((g.school, g.service)), g.day): g.task for g in go_lives(after)}
    for (service, was, now), schools in _pairs(*days, after=after, before=before):
        if now is None:
            sentence = f"{service} no longer goes live at {schools} (was {_day(was)})."
            yield Altered(Topic.GO_LIVES, How.DROPPED, sentence)
        elif was is None:
            yield Altered(Topic.GO_LIVES, How.ADDED, f"{service} goes live at {schools} on {_day(now)}.")
        else:
            sentence = f"{service} go-live at {schools} {moved_in_words(was, now)}."
            yield Altered(Topic.GO_LIVES, How.MOVED, sentence, tasks[service, was, now])


def _announced(before: Programme, after: Programme) -> Iterator[Altered]:
    for (service, was, now), schools in _pairs(
        announced_days(before), announced_days(after), after=after, before=before
    ):
        if now is None:
            yield Altered(
                Topic.ANNOUNCED,
                How.DROPPED,
                f"The announced date for {service} at {schools}, {_day(was)}, has been withdrawn.",
            )
        else:
            instead = f" (was {_day(was)})" if was else ""
            how = How.MOVED if was else How.ADDED
            sentence = f"The announced date for {service} at {schools} is now {_day(now)}{instead}."
            yield Altered(Topic.ANNOUNCED, how, sentence)


def _pairs(
    old: Mapping[tuple[str, str], date], new: Mapping[tuple[str, str], date], *, before: Programme, after: Programme
) -> Iterator[tuple[tuple[str, date | None, date | None], str]]:
    """Yield each service with its old and new day, and the names of the schools with that change."""
    names = {s.service: s.name for p in (before, after) for s in p.services}
    schools = {s.id: s.name for p in (before, after) for s in p.definition.schools}
    groups: dict[tuple[str, date | None, date | None], list[str]] = {}
    for school, service in sorted({*old, *new}):
        was, now = old.get((school, service)), new.get((school, service))
        if was != now:
            groups.setdefault((service, was, now), []).append(schools.get(school, school))
    for (service, was, now), own in groups.items():
        shown = ", ".join(sorted(own)) if len(own) > 1 else own[0]
        yield (names.get(service, service), was, now), f"{len(own)} schools ({shown})" if len(own) > 1 else shown


def _day(day: date | None) -> str:
    return format_day(day) if day is not None else "–"


def _setting_in_words(value: object) -> str:
    if value is None:
        return "the default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, BaseModel):
        return ", ".join(f"{own} {name.replace('_', ' ')}" for name, own in value if name != "reason")
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _services(old: Definition, new: Definition) -> Iterator[Altered]:
    before, after = {s.service: s for s in old.services}, {s.service: s for s in new.services}
    yield from _came_and_went(Topic.SERVICES, "service", before, after)
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name], after[name]
        for field, words in (("lead_provider", "lead provider"), ("service_manager", "service manager")):
            people = [_person_in(getattr(s, field)) for s in (was, now)]
            if people[0] != people[1]:
                titles = [_title(d, p) for d, p in zip((old, new), people, strict=True)]
                sentence = f"The {words} of {now.name} is now {titles[1]} (was {titles[0]})."
                yield Altered(Topic.PEOPLE, How.CHANGED, sentence)
        said = {"name", "service", "lead_provider", "service_manager", "tasks", "action_owners", "waivers"}
        if changed := _fields(was, now, said):
            yield Altered(Topic.SERVICES, How.CHANGED, f"Settings changed for {now.name}: {_listed(changed)}.")
        elif was.lead_provider != now.lead_provider and _person_in(was.lead_provider) == _person_in(now.lead_provider):
            yield Altered(Topic.SERVICES, How.CHANGED, f"The lead provider's time for {now.name} has changed.")


def _person_in(value: object) -> str | None:
    return value if isinstance(value, str) else getattr(value, "person", None)


def _title(definition: Definition, person: str | None) -> str:
    return f"the {definition.role_of(person) or person}" if person else "no one"


def _schools(old: Definition, new: Definition) -> Iterator[Altered]:
    before, after = {s.id: s for s in old.schools}, {s.id: s for s in new.schools}
    yield from _came_and_went(Topic.SCHOOLS, "school", before, after)
    for school in sorted(before.keys() & after.keys()):
        if changed := _fields(before[school], after[school], {"id", "name"}):
            yield Altered(Topic.SCHOOLS, How.CHANGED, f"Settings changed for {after[school].name}: {_listed(changed)}.")


def _waves(old: Definition, new: Definition) -> Iterator[Altered]:
    before, after = ({w.id: w for w in d.programme.waves} for d in (old, new))
    yield from _came_and_went(Topic.WAVES, "wave", before, after)
    names = {w.id: w.name for d in (old, new) for w in d.programme.waves}
    schools = {s.id: s.name for d in (old, new) for s in d.schools}
    was, now = _waves_by_school(before), _waves_by_school(after)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for school in sorted({*was, *now}):
        then, since = was.get(school, set()), now.get(school, set())
        if then != since:
            key = (tuple(sorted(then - since)), tuple(sorted(since - then)))
            groups.setdefault(key, []).append(schools.get(school, school))
    for (left, joined), own in groups.items():
        who, one = ", ".join(own), len(own) == 1
        from_, to = (" and ".join(names[w] for w in waves) for waves in (left, joined))
        if left and joined:
            yield Altered(Topic.WAVES, How.MOVED, f"{who} moved from {from_} to {to}.")
        elif joined:
            yield Altered(Topic.WAVES, How.ADDED, f"{who} {'is' if one else 'are'} now in {to}.")
        else:
            yield Altered(Topic.WAVES, How.DROPPED, f"{who} {'is' if one else 'are'} no longer in {from_}.")
    for wave in sorted(before.keys() & after.keys()):
        yield from _wave_itself(before[wave], after[wave])


def _waves_by_school(waves: Mapping[str, Wave]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for wave in waves.values():
        for school in wave.schools:
            found.setdefault(school, set()).add(wave.id)
    return found


def _wave_itself(was: Wave, now: Wave) -> Iterator[Altered]:
    if was.start_no_earlier != now.start_no_earlier:
        old, new = (format_day(d) if d else "any day" for d in (was.start_no_earlier, now.start_no_earlier))
        sentence = f"The earliest start of {now.name} is now {new} (was {old})."
        yield Altered(Topic.WAVES, How.CHANGED, sentence)
    if changed := _fields(was, now, {"id", "name", "schools", "start_no_earlier", "was"}):
        yield Altered(Topic.WAVES, How.CHANGED, f"Settings changed for {now.name}: {_listed(changed)}.")


def _people(old: Definition, new: Definition) -> Iterator[Altered]:
    before, after = {p.id: p for p in old.people}, {p.id: p for p in new.people}
    gone, come = ([a[i] for i in sorted(a.keys() - b.keys())] for a, b in ((before, after), (after, before)))
    for people, how, words in ((gone, How.DROPPED, "no longer listed"), (come, How.ADDED, "new")):
        if people:
            verb = "is" if len(people) == 1 else "are"
            sentence = f"{counted_people(len(people))} {verb} {words}: {_roles(people)}."
            yield Altered(Topic.PEOPLE, how, sentence)
    both = [(before[i], after[i]) for i in sorted(before.keys() & after.keys())]
    for was, now in both:
        if was.role != now.role:
            yield Altered(Topic.PEOPLE, How.RENAMED, f"The role “{was.role}” is now called “{now.role}”.")
        if was.leaves != now.leaves:
            then = f"was {format_day(was.leaves)}" if was.leaves else "was not leaving"
            day = f"now leaves on {format_day(now.leaves)}" if now.leaves else "is no longer leaving"
            yield Altered(Topic.PEOPLE, How.CHANGED, f"The {now.role} {day} ({then}).")
    for field in Person.model_fields:
        changed = [now for was, now in both if getattr(was, field) != getattr(now, field)]
        if changed and field not in ("role", "leaves"):
            verb, what = "has" if len(changed) == 1 else "have", _CALLED.get(field, field.replace("_", " "))
            sentence = f"{counted_people(len(changed))} {verb} a new {what}: {_roles(changed)}."
            yield Altered(Topic.PEOPLE, How.CHANGED, sentence)
    shapes = [d.programme for d in (old, new)]
    sponsors = [_title(d, s.sponsor.person if s.sponsor else None) for d, s in zip((old, new), shapes, strict=True)]
    if sponsors[0] != sponsors[1]:
        yield Altered(Topic.PEOPLE, How.CHANGED, f"The sponsor is now {sponsors[1]} (was {sponsors[0]}).")


_CALLED = {"joins": "first day", "works_on": "set of working days", "moves": "day or place of a move"}


def counted_people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _roles(people: Iterable[Person]) -> str:
    counts = Counter(p.role for p in people)
    return ", ".join(f"{role} ({n})" if n > 1 else role for role, n in sorted(counts.items()))


def _calendars(old: Definition, new: Definition) -> Iterator[Altered]:
    before, after = {c.calendar: c for c in old.calendars}, {c.calendar: c for c in new.calendars}
    names = {k: _calendar_name(c, d) for d in (old, new) for c in d.calendars for k in (c.calendar,)}
    for how, ids in ((How.DROPPED, before.keys() - after.keys()), (How.ADDED, after.keys() - before.keys())):
        for name in sorted(ids):
            yield Altered(Topic.CALENDARS, how, f"{names[name][0].upper()}{names[name][1:]} was {how}.")
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name], after[name]
        for lists in ("terms", "closed", "blackouts"):
            yield from _dated_days(names[name], getattr(was, lists), getattr(now, lists))
        if changed := _fields(was, now, {"calendar", "terms", "closed", "blackouts"}):
            yield Altered(Topic.CALENDARS, How.CHANGED, f"Settings changed in {names[name]}: {_listed(changed)}.")
    whole = [d.programme for d in (old, new)]
    yield from _dated_days("every calendar", whole[0].closed, whole[1].closed)
    if whole[0].working_week != whole[1].working_week:
        yield Altered(Topic.CALENDARS, How.CHANGED, "The working week has changed.")


def _calendar_name(calendar: CalendarFile, definition: Definition) -> str:
    if calendar.school is not None:
        school = next((s.name for s in definition.schools if s.id == calendar.school), calendar.school)
        return f"the calendar of {school}"
    whose = name_of_id(calendar.authority) if calendar.authority else "the trust"
    return f"the calendar of {whose}"


def _dated_days(whose: str, was: Sequence[Any], now: Sequence[Any]) -> Iterator[Altered]:
    """Compare terms, closures or blackouts by name; those with the same name in order."""
    old, new = _by_name(was), _by_name(now)
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        name = f"In {whose}, “{key[0]}”"
        if after is None:
            yield Altered(Topic.CALENDARS, How.DROPPED, f"{name} ({_span(before)}) was dropped.")
        elif before is None:
            yield Altered(Topic.CALENDARS, How.ADDED, f"{name} ({_span(after)}) was added.")
        elif _span(before) != _span(after):
            yield Altered(Topic.CALENDARS, How.MOVED, f"{name} is now {_span(after)} (was {_span(before)}).")
        else:
            yield Altered(
                Topic.CALENDARS, How.CHANGED, f"{name} has other settings: {_listed(_fields(before, after, set()))}."
            )


def _by_name(items: Sequence[Any]) -> dict[tuple[str, int], Any]:
    seen: Counter[str] = Counter()
    found = {}
    for item in items:
        found[item.name, seen[item.name]] = item
        seen[item.name] += 1
    return found


def _span(item: Any) -> str:  # noqa: ANN401  (a term, a closure or a blackout)
    last = item.last_day or item.first_day
    return (
        format_day(item.first_day) if last == item.first_day else f"{format_day(item.first_day)} to {format_day(last)}"
    )


def _waivers(old: Definition, new: Definition) -> Iterator[Altered]:
    for how, some, others in ((How.DROPPED, old, new), (How.ADDED, new, old)):
        for waiver in some.waivers:
            if waiver not in others.waivers:
                what = waiver.task or waiver.service or "the whole programme"
                sentence = f"A waiver of rule {waiver.rule} until {format_day(waiver.expires)} was {how} ({what})."
                yield Altered(Topic.WAIVERS, how, sentence)


_SAID = {
    "waves", "tasks", "milestones", "waivers", "closed", "working_week", "start", "finish", "policy", "programme",
}  # fmt: skip
"""Fields of programme.yaml whose changes are reported separately, or show in tasks."""
_FILES = ("rollout", "risk", "levelling", "change")


def _settings(old: Definition, new: Definition) -> Iterator[Altered]:
    was, now = old.programme, new.programme
    for words, days in (("starts", (was.start, now.start)), ("ends", (was.finish, now.finish))):
        if days[0] != days[1]:
            yield Altered(
                Topic.SETTINGS,
                How.CHANGED,
                f"The programme now {words} on {_day(days[1])} (was {_day(days[0])}).",
            )
    for field in type(now.policy).model_fields:
        values = [getattr(p.policy, field) for p in (was, now)]
        if values[0] != values[1]:
            before, after = (_setting_in_words(value) for value in values)
            sentence = f"The policy “{field.replace('_', ' ')}” is now {after} (was {before})."
            yield Altered(Topic.SETTINGS, How.CHANGED, sentence)
    if changed := _fields(was, now, _SAID):
        yield Altered(Topic.SETTINGS, How.CHANGED, f"Settings changed for the programme: {_listed(changed)}.")
    for field in _FILES:
        if changed := _fields(getattr(old, field), getattr(new, field), set()):
            yield Altered(Topic.SETTINGS, How.CHANGED, f"Settings changed in {field}.yaml: {_listed(changed)}.")
    for field, key in (("pathways", "pathway"), ("rulepacks", "rulepack")):
        # Compared as values, because stored keys may be in another order.
        left, right = ([(getattr(i, key), i) for i in getattr(d, field)] for d in (old, new))
        for name in sorted({name for name, _ in (*left, *right)}):
            if [i for n, i in left if n == name] != [i for n, i in right if n == name]:
                yield Altered(Topic.SETTINGS, How.CHANGED, f"The {key} “{name}” has changed.")


def _came_and_went(part: Topic, noun: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Altered]:
    for how, some, others in ((How.DROPPED, before, after), (How.ADDED, after, before)):
        for key in sorted(some.keys() - others.keys()):
            yield Altered(part, how, f"The {noun} “{some[key].name}” was {how}.")
    for key in sorted(before.keys() & after.keys()):
        if before[key].name != after[key].name:
            yield Altered(part, How.RENAMED, f"The {noun} “{before[key].name}” is now called “{after[key].name}”.")


def _fields(was: BaseModel, now: BaseModel, but: set[str]) -> list[str]:
    """Return the names of differing fields."""
    return [f for f in type(now).model_fields if f not in but and getattr(was, f) != getattr(now, f)]


def _listed(names: Sequence[str]) -> str:
    return listed([name.replace("_", " ") for name in names])
