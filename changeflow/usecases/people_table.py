"""The text of people.csv, made from a version's people."""

import csv
import io
from collections.abc import Mapping

from changeflow.adkar.people import Contact
from changeflow.intake.people import OF_A_CONTACT
from changeflow.programme.definition import Definition
from changeflow.values.cells import safe_cell

PEOPLE_FILE = "people.csv"
WHEN = ("works_on", "language", "away", "active", "joins", "leaves", "successor", "moves")
PEOPLE = ("id", "name", "role", "email", "audience", "school", "hub", "groups", "manager", "services", *WHEN)


def people_text(definition: Definition, contacts: Mapping[str, Contact] | None) -> str:
    """Return the text of people.csv, under the column names of programme.yaml and with formulas made harmless.

    Without contacts, the columns of contact details are left out.
    """
    out, theirs = io.StringIO(), definition.programme.columns.get("people", {})
    wanted = PEOPLE if contacts is not None else [name for name in PEOPLE if name not in OF_A_CONTACT]
    # If programme.yaml uses one of our names for another column, ours cannot be read and is empty.
    columns = [name for name in wanted if name in theirs or name not in theirs.values()]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(safe_cell(theirs.get(name, name)) for name in columns)
    for person in definition.people:
        contact = contacts.get(person.id) if contacts is not None else None
        row = person.model_dump() | {
            several: ";".join(getattr(person, several)) for several in ("groups", "services", "works_on")
        }
        row["moves"] = ";".join(f"{m.on}={m.school}" for m in person.moves)
        if contact is not None:
            away = ";".join(f"{a.first_day}..{a.last_day}" for a in contact.away)
            row |= {"name": contact.name, "email": contact.email, "language": contact.language, "away": away}
            row["active"] = "" if contact.is_active else "no"
        cells = (row.get(name) for name in columns)
        writer.writerow("" if cell is None else safe_cell(str(cell)) for cell in cells)
    return out.getvalue()
