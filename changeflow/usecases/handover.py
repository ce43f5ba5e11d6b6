"""Hand over the work of someone who leaves: their last day, who takes over, and their roles, in one change.

Open tasks pass to the successor on the day after the last day, and finished ones stay with the person who did them.
The person can sign in until the last day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlmodel import Session

from changeflow.adkar.people import Person
from changeflow.errors import InputError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import NO_PEOPLE
from changeflow.programme.programme import Programme
from changeflow.programme.references import OWNER_ROLES
from changeflow.programme.staffing import successor_of
from changeflow.reports.effects import EffectPart
from changeflow.reports.entry_forms import EntryField, EntryForm, with_options
from changeflow.reports.handover import finished_tasks, managed, open_tasks, roles_passing_on, staying, tasks_passing_on
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import editing
from changeflow.usecases.acts import mark_of_people
from changeflow.usecases.contact_details import GivenContact, add_contact
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork
from changeflow.usecases.visits import Visit
from changeflow.values.made_ids import made_id
from changeflow.values.moments import format_day

NOW, LATER = "now", "later"
ONE_DAY = timedelta(days=1)
MOST_LETTERS = 120
LAST_DAY = EntryField(name="last_day", label="Last day in the programme", kind="day",
                      hint="For example, 31/3/2027.")  # fmt: skip
STAYS_HINT = "For example, 31/3/2027. Leave empty if they are not leaving after all."
FIELDS = (
    LAST_DAY,
    EntryField(name="by", label="Who takes over?", kind="select", empty="A new person"),
    EntryField(name="role", label="Role of the new person", called="The role", most=MOST_LETTERS,
               hint="For example, Director of Finance. Leave empty if you have chosen someone above."),
    EntryField(name="email", label="Email address of the new person, if you know it", called="The address", most=254),
    EntryField(name="first_day", label="First day of the new person", kind="day",
               hint="Leave empty for the day after the last day."),
    EntryField(name="roles", label="When are the roles below handed over?", kind="choice",
               options=((NOW, "As soon as you publish"), (LATER, "Later: publish this form again on that day"))),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverLine:
    """A person in the list."""

    person: str
    name: str
    tasks: int
    roles: int
    leaving: str
    """When they leave and who takes over; empty if they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverPage:
    """What a person has, and the form that hands it over."""

    person: str
    name: str
    leaving: str
    form: EntryForm
    now: Mapping[str, str]
    """What is stored, by field."""
    tasks: tuple[EffectPart, ...]
    roles: tuple[str, ...]
    managed: tuple[str, ...]
    groups: tuple[str, ...]
    staying: tuple[str, ...]
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledHandover:
    """A handover as someone has filled it in. Without a last day, the person stays after all."""

    person: str
    last_day: date | None
    by: str = ""
    """The person who takes over; empty for a new one."""
    role: str = ""
    email: str = ""
    first_day: date | None = None
    passes_roles: bool | None = False
    """Whether roles are handed over at once; None if no one has chosen."""


def handover_list(visit: Visit) -> tuple[HandoverLine, ...]:
    """Return the people who have something to hand over, or who are leaving."""
    permit_editing(visit)
    programme = visit.programme
    lines = (_line(programme, person) for person in visit.definition.people)
    found = [line for line in lines if line.tasks or line.roles or line.leaving]
    return tuple(sorted(found, key=lambda line: (line.name.casefold(), line.person)))


def _line(programme: Programme, person: Person) -> HandoverLine:
    return HandoverLine(
        person=person.id,
        name=programme.person(person.id),
        tasks=len(open_tasks(programme, person.id)),
        roles=len(roles_passing_on(programme.definition, person.id)),
        leaving=_leaving(programme, person),
    )


def _leaving(programme: Programme, person: Person) -> str:
    if person.leaves is None:
        return ""
    by = f"{programme.person(person.successor)} takes over" if person.successor else "no one takes over"
    return f"Last day {format_day(person.leaves)}; {by}"


def handover_page(visit: Visit, person: str) -> HandoverPage:
    """Return what a person has and the form; an `UnknownThingError` if they are not in the programme."""
    permit_editing(visit)
    programme, definition = visit.programme, visit.definition
    found, has_roles = known_person(definition, person), _has_roles(definition, person)
    others = [p for p in definition.people if p.id != person and p.is_here(visit.today)]
    options = {"by": tuple(sorted(((p.id, programme.person(p.id)) for p in others), key=lambda o: o[1]))}
    given = (replace(f, hint=STAYS_HINT) if f.name == "last_day" and found.leaves else f for f in FIELDS)
    fields = tuple(f for f in with_options(tuple(given), options) if f.name != "roles" or has_roles)
    return HandoverPage(
        person=person,
        name=programme.the_person(person),
        leaving=_leaving(programme, found),
        form=EntryForm(title="Hand over", intro="", facts=(), fields=fields, save="Publish"),
        now=_now(found),
        tasks=tasks_passing_on(programme, person),
        roles=roles_passing_on(definition, person),
        managed=tuple(programme.person(p) for p in managed(definition, person)),
        groups=tuple(group.replace("-", " ") for group in found.groups),
        staying=staying(programme, person),
        seen=mark_of_people(programme),
    )


def _now(person: Person) -> Mapping[str, str]:
    day = f"{person.leaves:%-d/%-m/%Y}" if person.leaves else ""
    return {"last_day": day, "by": person.successor or ""}


def _has_roles(definition: Definition, person: str) -> bool:
    """Return whether a person has roles or people who report to them, which are handed over when someone says so."""
    return bool(roles_passing_on(definition, person) or managed(definition, person))


def known_person(definition: Definition, person: str) -> Person:
    found = next((p for p in definition.people if p.id == person), None)
    if found is None:
        raise UnknownThingError("person", person)
    return found


def hand_over(filled: FilledHandover, reason: str, change: Change) -> int:
    """Publish who leaves and who takes over; return the new version's number.

    Changing when someone with a mandate leaves, or their roles, needs the permission to change roles.
    """
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
        taken = ids_taken(session, stored)
    definition = stored.version.definition
    leaver, by, new = known_person(definition, filled.person), filled.by or None, None
    if filled.last_day is None:
        if leaver.leaves is None:
            raise InputError("Enter the last day.")
        by = None
    elif filled.last_day < (earliest := min(definition.programme.start, change.on)):
        raise InputError(f"The last day is before {format_day(earliest)}. Check its year.")
    elif by and filled.role:
        raise InputError("Choose who takes over, or enter a new person, but not both.")
    elif not by:
        new = _newcomer(filled, leaver, filled.last_day, taken)
        by = new.id
    if by == filled.person:
        raise InputError("Choose someone else to take over.")
    if by is not None and new is None and filled.last_day is not None:
        _check_stays(known_person(definition, by), filled.last_day + ONE_DAY)
    passes = bool(filled.passes_roles) and by is not None
    if filled.passes_roles is None and by is not None and _has_roles(definition, filled.person):
        raise InputError("Choose when the roles are handed over.")
    if passes:
        _check_ready(new or known_person(definition, by or ""), change.on)
    roles = roles_passing_on(definition, filled.person) if passes else ()
    keeps = finished_tasks(stored.programme, filled.person)
    fields = {"kind": "replace-person", "person": filled.person, "by": by, "on": change.on, "keeps": keeps}
    edits = edits_from([fields] if roles else [])
    draft = PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=edits)

    def also(work: UnitOfWork, actor: str) -> None:
        if new is not None:
            add_contact(work.session, work.name, new, GivenContact(email=filled.email))
        work.note("hand-over", f"{filled.person}:{by or ''}", by=actor)

    people = _people(definition, leaver, filled.last_day, by, new, passes=passes)
    _check_taken_over(definition.model_copy(update={"people": tuple(people)}), filled.person)
    return editing.publish(draft, reason, change, people=people, also=also)


def ids_taken(session: Session, stored: Stored) -> set[str]:
    """Return the ids that no new person may have: of everyone ever known, and names that mean something else.

    An owner's text means a person before it means a role or group.
    """
    ever = {person for version in versions.people_ever(session, stored.programme.id) for person in version}
    groups = {group for person in stored.version.definition.people for group in person.groups}
    return {*ever, *NO_PEOPLE, *OWNER_ROLES, *groups}


def free_id(role: str, taken: set[str]) -> str:
    """Return an id for a new person, made from their role."""
    name = made_id(role) or "person"
    return next(id_ for id_ in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if id_ not in taken)


def _newcomer(filled: FilledHandover, leaver: Person, last_day: date, taken: set[str]) -> Person:
    """Return a new person in the leaver's place: in the same school, hub, groups and services."""
    if not filled.role:
        raise InputError("Choose who takes over, or enter the role of the new person.")
    return leaver.model_copy(update={
        "id": free_id(filled.role, taken), "role": filled.role, "works_on": (), "moves": (),
        "joins": filled.first_day or last_day + ONE_DAY, "leaves": None, "successor": None,
    })  # fmt: skip


def _check_stays(taker: Person, day: date) -> None:
    """Raise if a person has left by the day on which they take over."""
    if taker.leaves is not None and taker.leaves < day:
        raise InputError(f"The {taker.role} leaves on {format_day(taker.leaves)}. Choose someone who stays longer.")


def _check_taken_over(after: Definition, leaver: str) -> None:
    """Raise if no one would have the work of the person who leaves, or of someone who hands over to them."""
    people = {p.id: p for p in after.people}
    for person in after.people:
        line = _line_of_successors(people, person)
        if person.leaves is None or person.successor is None or leaver not in line:
            continue
        # In a circle, everyone leaves in the end.
        in_circle = people[line[-1]].successor in line
        last = max(found for p in line if (found := people[p].leaves)) if in_circle else person.leaves
        if successor_of(after, person.id, last + ONE_DAY) is None:
            raise InputError(
                f"From {format_day(last + ONE_DAY)}, no one would have the work of the {person.role}. Choose someone "
                "else to take over."
            )


def _line_of_successors(people: Mapping[str, Person], person: Person) -> list[str]:
    """Return a person, their successor, and so on, each once."""
    line, current = list[str](), person.id
    while current in people and current not in line:
        line.append(current)
        current = people[current].successor or ""
    return line


def _check_ready(taker: Person, on: date) -> None:
    """Raise if a person cannot take over roles today."""
    if not taker.is_here(on):
        day = f"joins on {format_day(taker.joins)}" if taker.joins and taker.joins > on else "has left"
        raise InputError(
            f"The {taker.role} {day}, so the roles cannot be handed over today. Hand them over later, or enter an "
            "earlier first day."
        )


def _people(
    definition: Definition, leaver: Person, last_day: date | None, by: str | None, new: Person | None, *, passes: bool
) -> Sequence[Person]:
    """Return everyone, with the leaver's last day and successor, and the people who now report to the successor."""
    found = []
    for person in definition.people:
        if person.id == leaver.id:
            person = person.model_copy(update={"leaves": last_day, "successor": by})
        elif passes and person.manager == leaver.id:
            # A successor who reported to the leaver now reports to the leaver's manager.
            person = person.model_copy(update={"manager": leaver.manager if person.id == by else by})
        found.append(person)
    return [*found, *([new] if new is not None else [])]
