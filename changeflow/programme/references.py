"""Names in a definition and their meaning: places in files, waves of a service, owners."""

from dataclasses import dataclass

from changeflow.adkar.people import Person
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.values.problem import did_you_mean

LEAD_PROVIDER = "lead_provider"
OWNER_ROLES = (LEAD_PROVIDER, "service_manager", "sponsor", "head", "change_lead")
"""Roles that may own a task. A head or change lead is that of its schools; of several, the first by id."""
HEADS, LEADS = "heads", "lead"
"""The group of heads and the audience of change leads in people.csv."""
PROGRAMME = "programme"
"""The first part of the programme's own task ids."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the folder: a file, by its subject, and a path of keys in it."""

    file: str
    """`programme`, `service:ID`, `pathway:ID`, `calendar:ID`, `schools`, `people`."""
    path: tuple[str | int, ...] = ()
    """For `schools` and `people`: the id and the column."""

    @classmethod
    def programme(cls, *path: str | int) -> "Place":
        return cls(PROGRAMME, path)

    @classmethod
    def service(cls, service: str, *path: str | int) -> "Place":
        return cls(f"service:{service}", path)

    @classmethod
    def pathway(cls, pathway: str, step: str) -> "Place":
        return cls(f"pathway:{pathway}", ("steps", step))

    def at(self, *path: str | int) -> "Place":
        return Place(self.file, (*self.path, *path))


@dataclass(frozen=True, slots=True)
class DefinitionError:
    """Something in the definition that cannot be resolved. A value, never raised."""

    place: Place
    what: str
    remedy: str = ""
    on_key: bool = False
    """Whether the key is wrong, not its value."""


class References:
    """The meaning of names in one definition."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._schools = {s.id: s for s in definition.schools}
        self._people = {p.id: p for p in definition.people}
        self._members: dict[str, list[Person]] = {}
        """The people of each group, by id."""
        for person in sorted(definition.people, key=lambda p: p.id):
            for group in person.groups:
                self._members.setdefault(group, []).append(person)

    def waves_of(self, service: ServiceFile) -> list[Wave]:
        """Return the service's waves in order."""
        return [w for w in self.definition.programme.waves if not w.services or service.service in w.services]

    def school_name(self, school: str) -> str:
        found = self._schools.get(school)
        return found.name if found else school

    def phase_of(self, school: str) -> str | None:
        found = self._schools.get(school)
        return found.phase if found else None

    def owner(
        self, text: str | None, service: ServiceFile | None, schools: frozenset[str]
    ) -> tuple[str | None, tuple[str, str] | None]:
        """Find the person that an owner's text means: a person, a group, or a role (`OWNER_ROLES`).

        A group means its member at the task's only school, or else its first member by id. None if no one holds it. The
        second value is what is wrong and the remedy.
        """
        if text is None:
            text = LEAD_PROVIDER
        if text in self._people:
            return text, None
        if text in OWNER_ROLES:
            return self._in_role(text, service, schools), None
        members = self._members.get(text)
        if members is None:
            known = {*self._people, *self._members, *OWNER_ROLES}
            return None, (f"There is no person, group or role '{text}'.", did_you_mean(text, known))
        local = [p for p in members if p.school in schools] if len(schools) == 1 else members
        return (local or members)[0].id, None

    def _in_role(self, role: str, service: ServiceFile | None, schools: frozenset[str]) -> str | None:
        programme = self.definition.programme
        if role == "sponsor":
            return programme.sponsor.person if programme.sponsor else None
        if role == "service_manager":
            return service.service_manager if service else None
        if role == "head":
            heads = [p for p in self._members.get(HEADS, ()) if p.school in schools]
            return heads[0].id if heads else None
        if role == "change_lead":
            leads = sorted((p for p in self.definition.people if p.audience == LEADS), key=lambda p: p.id)
            hubs = {s.hub for s in self.definition.schools if s.id in schools and s.hub}
            near = [p for p in leads if p.school in schools or p.hub in hubs]
            return (near or leads)[0].id if leads else None
        return service.lead_provider.person if service and service.lead_provider else None
