"""Read ADKAR assessments: one CSV per round, with one line for each person."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.intake.folder_formats import ASSESSMENTS
from changeflow.intake.table_rows import TableRow
from changeflow.intake.tables import PastedText, open_table, rows_of
from changeflow.values.limits import parse_day
from changeflow.values.moments import format_day
from changeflow.values.problem import Problem


def read_assessments(
    source: Path | PastedText,
    shown: str,
    problems: list[Problem],
    *,
    people: Collection[str],
    mapping: Mapping[str, str] | None = None,
    until: date | None = None,
    inside: Path | None = None,
    silent: list[TableRow] | None = None,
) -> Iterator[Assessment]:
    """Read one round's answers. Each has the file's name until the use case finds the round by its days.

    An empty score means “not assessed”: neither 1 nor fine. Add a `Problem` for a day after `until`, because no one has
    been assessed in the future. Lines without any score are not answers; they are added to `silent`.
    """
    table = open_table(source, shown, problems, ASSESSMENTS, mapping=mapping, inside=inside)
    if table is None:
        return
    table.warn()
    if silent is not None:
        silent += table.silent
    yield from assessments_in(rows_of(table, problems), problems, Path(shown).stem, people=people, until=until)


def taken_back(rows: Iterable[TableRow], answered: Container[tuple[str, date]], *, remedy: str) -> Iterator[Problem]:
    """Yield a `Problem` for each line without a score of a person who answered on its day.

    The line may be meant to take the answer back, so it must not be ignored.
    """
    for row in rows:
        person, on = row.cells.get("person", ""), row.read("on", parse_day, [])
        if on is not None and (person, on) in answered:
            what = f"The line has no score, but answers of '{person}' on {format_day(on)} are already recorded."
            yield Problem(file=row.file, line=row.line, what=what, remedy=remedy)


def assessments_in(
    rows: Iterable[TableRow],
    problems: list[Problem],
    round_: str,
    *,
    people: Collection[str] | None,
    until: date | None = None,
) -> Iterator[Assessment]:
    """Read rows of answers; without a list of the programme's people, accept any name."""
    seen: dict[str, int] = {}
    for row in rows:
        if not row.names("person", "person", people, problems):
            continue
        if not row.is_first(
            "person", row.cells["person"], seen, problems, remedy="Keep one line for each person and round."
        ):
            continue
        on = row.read("on", parse_day, problems)
        if on is not None and until is not None and on > until:
            problems.append(row.problem("on", f"{on} is in the future.", f"Write a day up to {until}."))
            continue
        evidence = row.cells.get("evidence", "self")
        scores = {e: int(score) for e in Element if (score := row.cells.get(e)) is not None}
        if on is not None:
            yield Assessment(person=row.cells["person"], round=round_, on=on, scores=scores, evidence=evidence)
