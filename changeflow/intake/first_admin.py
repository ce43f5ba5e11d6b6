"""Add the first admin to the texts of a programme folder."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from changeflow.intake.editing.sources import PROGRAMME_FILE, data_in, with_item
from changeflow.intake.editing.table_text import new_table, table_of, with_line
from changeflow.intake.folder_formats import PEOPLE
from changeflow.programme.mandates import NO_PEOPLE, OFFICE
from changeflow.programme.references import OWNER_ROLES
from changeflow.values.made_ids import made_id

Texts = dict[str, str]
"""The files of a folder: the text of each, by its path in the folder."""
PEOPLE_FILE = "people.csv"
LONGEST_ID = 60


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The person who sets up the first programme."""

    name: str
    role: str
    email: str


def id_from(text: str, *, otherwise: str, taken: Container[str] = ()) -> str:
    """Return an id that reads like a text, and is not taken.

    >>> id_from("Payroll & HR", otherwise="service"), id_from("...", otherwise="service", taken={"service"})
    ('payroll-hr', 'service-2')
    """
    wanted = made_id(text, most=LONGEST_ID) or otherwise
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted[: LONGEST_ID - len(str(number)) - 1]}-{number}"
    return found


def with_admin(texts: Mapping[str, str], admin: FirstAdmin) -> tuple[Texts, str]:
    """Return the texts with a person who is an admin and works in the programme office, and the person's id."""
    listed = texts.get(PEOPLE_FILE, "")
    columns = (data_in(texts, PROGRAMME_FILE).get("columns") or {}).get("people") or {}
    table = table_of(listed, PEOPLE_FILE, PEOPLE, columns) if listed.strip() else None
    cells_now = [row.cells for row in table.rows] if table is not None else []
    taken = {cells["id"] for cells in cells_now if "id" in cells}
    # An owner's text means a person before it means a role or group: a new person may not take such a name.
    taken |= {group.strip() for cells in cells_now for group in cells.get("groups", "").split(";")}
    person = id_from(admin.role, otherwise="admin", taken=taken | {OFFICE, *NO_PEOPLE, *OWNER_ROLES})
    cells = {"id": person, "name": admin.name, "role": admin.role, "email": admin.email, "audience": "team"}
    cells["groups"] = OFFICE
    if table is None:
        people = new_table(cells)
    else:
        people = with_line(table, listed, PEOPLE_FILE, cells, optional=("name", "audience"))
    programme = with_item(texts, PROGRAMME_FILE, ("admins",), person)[PROGRAMME_FILE]
    return {**texts, PEOPLE_FILE: people, PROGRAMME_FILE: programme}, person
