"""Describe each table that is read (its columns, their other names and what a cell holds) as a schema or in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from changeflow.intake.fact_formats import ANNOUNCEMENTS, ATTENDANCE, DECISIONS, IDENTITIES, PROGRESS
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.intake.plan_formats import PLANNER
from changeflow.pilots.criteria import PRESETS


def _of_ledgers() -> Iterator[Field]:
    """Yield the columns that presets compare, each once."""
    about: dict[str, list[str]] = {}
    for name, policy in PRESETS.items():
        for key in policy.key:
            about.setdefault(key, []).append(f"key of {name}")
        for tolerance in policy.tolerances:
            about.setdefault(tolerance.element, []).append(name)
    for column, presets in about.items():
        yield Field(column, FieldKind.TEXT, ", ".join(presets))


LEDGER = Format(
    "ledger",
    "One side of a parallel run: `pilot reconcile`. Any key, and a column for each element. Those of presets are:",
    tuple(_of_ledgers()),
    takes_all=True,
)
FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (SCHOOLS, PEOPLE, ASSESSMENTS, PROGRESS, ATTENDANCE, ANNOUNCEMENTS, DECISIONS, IDENTITIES, PLANNER, LEDGER)
}
CELLS: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "text",
    FieldKind.KEY: "text, kept as it is: no number that a spreadsheet has rounded",
    FieldKind.URN: "a URN: 100001; 100,001 and 100001.0 are the same",
    FieldKind.ID: "an id: lower-case letters, digits and hyphens; capitals and spaces are changed into them",
    FieldKind.IDS: "ids with semicolons, commas or line breaks between them",
    FieldKind.DAY: "a date: 2027-02-01, 01/02/2027 (the day first), 1 Feb 2027",
    FieldKind.SPANS: "spans of days: 2027-02-01..2027-02-05; a day alone is one",
    FieldKind.MOVES: "a day and a school: 2027-02-01=harbour",
    FieldKind.COUNT: "a whole number: 1180 or 1,180",
    FieldKind.SCORE: "1 to 5, or empty",
    FieldKind.YES_NO: "yes, y, true, 1, or no, n, false, 0",
    FieldKind.CHOICE: "one of the options, in any capitals",
    FieldKind.CHOICES: "options with semicolons between them",
    FieldKind.EMAIL: "an email address",
    FieldKind.DURATION: "a duration: 5d, 3h, 2w",
    FieldKind.PERCENT: "a percentage: 50% or 50",
}
"""What a cell of each kind holds, in words."""


def table_schemas() -> dict[str, dict[str, Any]]:
    """Return a schema for each kind of table, by name. It describes the rows as written in the file."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: head | _schema(one) for name, one in FORMATS.items()}


def tables_in_words() -> Iterator[str]:
    """Describe every table as Markdown, for docs/tables.md."""
    for one in FORMATS.values():
        yield f"### {one.name.capitalize()}"
        yield one.about
        yield ""
        yield "| column | meaning | what a cell holds | also called |"
        yield "|---|---|---|---|"
        for field in one.fields:
            name = f"**{field.name}**" if field.is_required else field.name
            options = f" ({', '.join(field.options)})" if field.options else ""
            options += f"; {field.words.replace(' | ', ', ').replace('=', ' is ')}" if field.words else ""
            also = "; ".join([*field.synonyms, *_otherwise(field), *_joined(field)])
            yield f"| {name} | {field.about} | {CELLS[field.cell].partition(':')[0]}{options} | {also} |"
        yield ""


def _otherwise(field: Field) -> Iterator[str]:
    if field.else_called:
        yield f"{field.else_called.replace(' | ', ', ')}, if no other column is called so"


def _joined(field: Field) -> Iterator[str]:
    """Describe which columns of a file form one column of ours."""
    if field.parts:
        yield " with ".join(part.replace(" | ", ", ") for part in field.parts)
    if field.leads:
        yield f"a heading that begins with it, such as 2. {field.name.capitalize()} (…)"


def _schema(one: Format) -> dict[str, Any]:
    return {
        "title": one.name,
        "description": one.about,
        "type": "array",
        "items": {
            "type": "object",
            "properties": {field.name: _property(field) for field in one.fields},
            "required": list(one.required),
            "additionalProperties": True,
        },
    }


def _property(field: Field) -> dict[str, Any]:
    about = f"{field.about}: {CELLS[field.cell]}" if field.cell is not FieldKind.TEXT else field.about
    found: dict[str, Any] = {"type": "string", "description": about}
    if field.options:
        found["examples" if field.cell is FieldKind.CHOICES or field.takes_others else "enum"] = list(field.options)
    if also := [*field.synonyms, *filter(None, field.else_called.split(" | "))]:
        found["x-also-called"] = also
    return found
