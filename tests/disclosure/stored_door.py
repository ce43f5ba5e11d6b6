"""A door with a database: it stores a folder and imports a file of answers for each import."""

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from pathlib import Path

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot, Standing
from changeflow.programme.audiences import views
from changeflow.storage import publications
from changeflow.storage.database import session_scope
from changeflow.storage.publications import PublishedGroup
from changeflow.usecases.assessments import ImportedRound, import_assessments
from changeflow.usecases.definitions import apply
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from disclosure.events import GroupKey, Import, Line, Member
from tests.builders import PROGRAMME, SERVICE, a_folder

MINIMUM = 10
NOT_ASKED = ("chief", "lead")
"""People who run the programme and never answer."""


class StoredDoor:
    """Stores and imports as people do, and reads the lines of the latest publication from the database."""

    def __init__(self, folder: Path, db: str, *, schools: Mapping[str, str] | None = None) -> None:
        self.folder, self.db = folder, db
        self.schools = schools or {}
        """The school of each person; without it, each wave is one school."""
        self.imported: list[ImportedRound] = []

    def play(self, event: Import) -> tuple[Line, ...]:
        self.store(event)
        self.import_file(event, self.write_answers(event))
        return self.lines(event.programme)

    def store(self, event: Import) -> None:
        """Store the programme's folder with its people and groups on the day."""
        assert not any(m.live for m in event.members), "No service of these folders is live."
        school_of = {m.id: self.schools.get(m.id, f"in-{m.wave}") for m in event.members if m.wave}
        schools = sorted(set(school_of.values()))
        waves: dict[str, set[str]] = {}
        for member in event.members:
            if member.wave:
                waves.setdefault(member.wave, set()).add(school_of[member.id])
        services = sorted({s for m in event.members for s in m.services}) or ["all-services"]
        path = self.folder / event.programme
        for old in path.glob("services/*.yaml"):
            old.unlink()
        a_folder(
            path,
            programme=_programme(event, waves, services[0]),
            service=_service(services[0]),
            schools="id,name,phase,authority\n" + "".join(f"{s},{s},primary,north\n" for s in schools),
            people=_people(event.members, school_of),
        )
        (path / "services" / "payroll.yaml").unlink()
        for service in services:
            (path / "services" / f"{service}.yaml").write_text(_service(service))
        apply(path, db=self.db, actor="chief", now=self._now(event), on=event.day)

    def write_answers(self, event: Import) -> Path:
        path = self.folder / event.file
        lines = ["person,on," + ",".join(Element)]
        lines += [f"{p},{event.day}," + ",".join(str(s or "") for s in given) for p, given in event.scores.items()]
        path.write_text("\n".join(lines) + "\n")
        return path

    def import_file(self, event: Import, path: Path) -> ImportedRound:
        change = Change(db=self.db, programme=event.programme, actor="chief", now=self._now(event), on=event.day)
        self.imported.append(import_assessments(path, change))
        return self.imported[-1]

    def _now(self, event: Import) -> datetime:
        return datetime.combine(event.day, time(9, len(self.imported)), tzinfo=LONDON)

    def named_groups(self, event: Import) -> Mapping[GroupKey, frozenset[str]]:
        with session_scope(self.db) as session:
            definition = load(session, event.programme, on=event.day).version.definition
        found = views(definition, list(event.scores), minimum=MINIMUM, on=event.day)
        return {(v.view, v.group): v.members.difference(NOT_ASKED) for v in found}

    def snapshots(self, programme: str) -> tuple[Snapshot, ...]:
        with session_scope(self.db) as session:
            return publications.snapshots(session, programme)

    def standing(self, programme: str, view: str, group: str) -> Standing:
        """Return a group's standing in the latest publication."""
        found = self.snapshots(programme)[-1].of(view, group)
        assert found is not None
        return found

    def threshold(self, programme: str) -> int:
        return self.snapshots(programme)[-1].threshold

    def lines(self, programme: str) -> tuple[Line, ...]:
        return tuple(self._lines(programme))

    def _lines(self, programme: str) -> Iterator[Line]:
        with session_scope(self.db) as session:
            stored = {p.id: p.snapshot for p in publications.all_publications(session) if p.programme == programme}
            groups = [g for g in publications.all_groups(session) if g.publication in stored]
        for standing in sorted(stored.values(), key=lambda s: s.on)[-1].standings:
            if standing.held is not None:
                people = frozenset(_counted(standing, groups, stored))
                held = tuple((b.low, b.high) for b in standing.held)
                yield Line(programme, standing.view, standing.group, standing.on, people, held)


def _counted(standing: Standing, groups: list[PublishedGroup], stored: Mapping[int, Snapshot]) -> Mapping[str, bool]:
    """Return the people that a line counts, from the publication that made it, under this name or an earlier one."""
    alike = [
        g
        for g in reversed(groups)
        if (made := stored[g.publication].of(g.view, g.group)) is not None
        and (made.held, made.round) == (standing.held, stored[g.publication].round)
        and made.round == standing.round
        and len(g.people) == standing.answered
    ]
    label = (standing.view, standing.group)
    now = next((g.people.keys() for g in reversed(groups) if (g.view, g.group) == label), set[str]())
    return min(alike, key=lambda g: ((g.view, g.group) != label, len(now ^ g.people.keys()))).people


def _programme(event: Import, waves: Mapping[str, set[str]], service: str) -> str:
    head, _, rest = PROGRAMME.partition("waves:\n")
    _, _, tail = rest.partition("tasks:\n")
    head = head.replace("programme: small", f"programme: {event.programme}")
    divided = "".join(f"  - {{id: {w}, name: {w}, schools: [{', '.join(sorted(waves[w]))}]}}\n" for w in sorted(waves))
    policy = f"policy: {{barrier_threshold: {event.threshold}}}\n"
    return f"{head}{policy}waves:\n{divided}tasks:\n{tail}".replace("payroll/", f"{service}/")


def _service(name: str) -> str:
    return SERVICE.replace("service: payroll", f"service: {name}").replace("name: Payroll", f"name: {name}")


def _people(members: tuple[Member, ...], school_of: Mapping[str, str]) -> str:
    lines = ["id,name,role,email,audience,school,hub,groups,services"]
    lines += [f"{who},{who},{who},{who}@example.org,,,,," for who in NOT_ASKED]
    lines += [
        f"{m.id},{m.id},Member of staff,{m.email or ''},,{school_of.get(m.id, '')},{m.hub or ''},"
        f"{';'.join(m.roles)},{';'.join(m.services)}"
        for m in members
    ]
    return "\n".join(lines) + "\n"
