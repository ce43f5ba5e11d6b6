"""The edit that gives a person's roles in the files to another person."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import (
    PROGRAMME_FILE,
    Sources,
    data_in,
    field_of,
    found_at,
    with_or_without,
    with_value,
    without_item,
)
from changeflow.intake.editing.tasks import SetOwner
from changeflow.intake.yaml import Path_
from changeflow.values.base import Id, TaskId

EACH = -1
"""In a path: each item of a list."""
SPONSOR: Path_ = ("sponsor", "person")
_IN_PROGRAMME: tuple[Path_, ...] = (
    SPONSOR,
    ("data_protection_contact",),
    ("mandates", "board", EACH),
    ("mandates", "finance", EACH),
    ("admins", EACH),
    ("waivers", EACH, "owner"),
)
_IN_SERVICE: tuple[Path_, ...] = (
    ("lead_provider", "person"),
    ("service_manager",),
    ("team", "manager"),
    ("team", "members", EACH, "person"),
    ("go_no_go", "sign", EACH),
    ("go_no_go", "confirm", EACH, "owner"),
    ("pilot", "exit_criteria", EACH, "owner"),
    ("waivers", EACH, "owner"),
)


class ReplacePerson(EditBase):
    """Name another person in each role that the files give to someone.

    Tasks that name an owner keep that owner: a leaver's open tasks pass to the successor. Finished tasks that someone
    owned through a role get that person's name as their owner.
    """

    kind: Literal["replace-person"] = "replace-person"
    title: ClassVar[str] = "Hand over a person’s roles"
    needs_reason: ClassVar[bool] = True
    person: Id = Field(description="The person who has the roles")
    by: Id = Field(description="The person who takes over")
    on: date | None = Field(None, description="The first day of a new sponsor, if that is one of the roles")
    keeps: tuple[TaskId, ...] = Field((), description="Finished tasks that stay under the first person's name")

    def apply(self, sources: Sources) -> Sources:
        if self.person == self.by:
            raise EditRefusedError(f"'{self.person}' cannot take over from themselves.")
        places = list(places_of_roles(sources, self.person))
        if not places:
            raise EditRefusedError(f"'{self.person}' has no role in the files.")
        # From the end, because an item that is removed moves those after it.
        for file, path in reversed(places):
            sources = self._replaced(sources, file, path)
        if self.on is not None and (PROGRAMME_FILE, SPONSOR) in places:
            sources = with_value(sources, PROGRAMME_FILE, ("sponsor", "since"), self.on)
            sources = with_or_without(sources, PROGRAMME_FILE, ("sponsor", "until"), None)
        for task in self.keeps:
            if field_of(sources, task, "owner") != self.person:
                sources = SetOwner(task=task, owner=self.person).apply(sources)
        return sources

    def _replaced(self, sources: Sources, file: str, path: Path_) -> Sources:
        """Write the other person at a place, or remove the item of a list that already has them."""
        depth = next((n for n, part in enumerate(path) if isinstance(part, int)), None)
        if depth is None or path[-1] == "owner":
            return with_value(sources, file, path, self.by)
        items, rest = found_at(sources, file, path[:depth]), path[depth + 1 :]
        named = [item[rest[0]] if rest else item for item in items]
        if self.by in named:
            return without_item(sources, file, path[:depth], int(path[depth]))
        return with_value(sources, file, path, self.by)

    def words(self, name: Namer = ids) -> str:
        return f"{name('person', self.by)} takes over the roles of {name('person', self.person)}."


def places_of_roles(sources: Sources, person: str) -> Iterator[tuple[str, Path_]]:
    """Yield the file and path of each role that the files give to a person."""
    services = sorted(name for name in sources if name.startswith("services/"))
    for file, paths in ((PROGRAMME_FILE, _IN_PROGRAMME), *((name, _IN_SERVICE) for name in services)):
        for path in paths:
            yield from ((file, found) for found in _expanded(data_in(sources, file), path, person))


def _expanded(value: object, path: Path_, person: str, before: Path_ = ()) -> Iterator[Path_]:
    """Yield the places under a path whose value is the person's id."""
    if not path:
        if value == person:
            yield before
        return
    first, rest = path[0], path[1:]
    if first == EACH and isinstance(value, list):
        for n, item in enumerate(value):
            yield from _expanded(item, rest, person, (*before, n))
    elif isinstance(value, dict) and first in value:
        yield from _expanded(value[first], rest, person, (*before, first))
