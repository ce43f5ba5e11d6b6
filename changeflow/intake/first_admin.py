"""Add the first admin to the texts of a programme folder."""

import csv
import io
from collections.abc import Container, Mapping
from dataclasses import dataclass

from changeflow.programme.mandates import NO_PEOPLE, OFFICE
from changeflow.values.cells import safe_cell
from changeflow.values.made_ids import made_id

Texts = dict[str, str]
"""The files of a folder: the text of each, by its path in the folder."""
PEOPLE_COLUMNS = ("id", "name", "role", "email", "audience", "school", "groups")
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
    listed = texts.get("people.csv", "")
    rows = list(csv.reader(io.StringIO(listed)))
    columns = rows[0] if rows else list(PEOPLE_COLUMNS)
    taken = {row[columns.index("id")] for row in rows[1:] if row} | {*NO_PEOPLE}
    person = id_from(admin.role, otherwise="admin", taken=taken)
    cells = {
        "id": person,
        "name": safe_cell(admin.name),
        "role": safe_cell(admin.role),
        "email": safe_cell(admin.email),
        "audience": "team",
        "groups": OFFICE,
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if not rows:
        writer.writerow(columns)
    writer.writerow([cells.get(column, "") for column in columns])
    before = listed if listed.endswith("\n") or not listed else f"{listed}\n"
    programme = texts["programme.yaml"].rstrip("\n")
    admins = f"\n\n# The people who maintain the settings and invite others.\nadmins: [{person}]\n"
    return {**texts, "people.csv": before + out.getvalue(), "programme.yaml": programme + admins}, person
