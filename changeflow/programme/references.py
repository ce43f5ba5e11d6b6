"""Names in a definition and what they mean: places in files, waves of a service, owners."""

from dataclasses import dataclass

from changeflow.adkar.people import Person
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.values.problem import did_you_mean

PROGRAMME = "programme"
"""The first part of the ids of the programme's own tasks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the folder something was written: a file, by what it describes, and a path of keys in it."""

    file: str
    """`programme`, `service:ID`, `pathway:ID`, `calendar:ID`, `schools`, `people`."""
    path: tuple[str | int, ...] = ()
    """Of `schools` and `people`: the id, and the column."""

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
    """A definition error: something in it that cannot be resolved. A value, never raised."""

    place: Place
    what: str
    remedy: str = ""
    on_key: bool = False
    """It is the key that is wrong, not its value."""


class References:
    """What names mean in one definition."""

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
        """Return the service's waves in their order."""
        return [w for w in self.definition.programme.waves if not w.services or service.service in w.services]

    def school_name(self, school: str) -> str:
        found = self._schools.get(school)
        return found.name if found else school

    def owner(
        self, text: str | None, service: ServiceFile | None, schools: frozenset[str]
    ) -> tuple[str | None, tuple[str, str] | None]:
        """Find the person that an owner's text means: a person, `lead_provider`, `sponsor`, or a group.

        A group means its member at the task's school where it has one school, else its first member by id. None
        where nobody holds it. The second value is what is wrong, and the remedy.
        """
        if text is None or text == "lead_provider":
            lead = service.lead_provider if service else None
            return (lead.person if lead else None), None
        if text == "sponsor":
            sponsor = self.definition.programme.sponsor
            return (sponsor.person if sponsor else None), None
        if text in self._people:
            return text, None
        members = self._members.get(text)
        if members is None:
            known = {*self._people, *self._members, "lead_provider", "sponsor"}
            return None, (f"There is no person or group '{text}'.", did_you_mean(text, known))
        local = [p for p in members if p.school in schools] if len(schools) == 1 else members
        return (local or members)[0].id, None
