"""Explain why contracts may seem missing, extra or duplicate: a spreadsheet rounded, stripped or rewrote their ids."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from changeflow.pilots.runs import IdHint
from changeflow.values.duration import counted

if TYPE_CHECKING:
    import duckdb

_EXPONENT = "[0-9]([.,][0-9]+)?[eE][+]?[0-9]+"
_CUT = "[0-9]{15}0+"
"""A spreadsheet keeps fifteen digits, and replaces the others with zeros."""
_DATE = "[0-9]{1,2}-[A-Z][a-z]{2}(-[0-9]{2})?|[A-Z][a-z]{2}-[0-9]{2}|(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_ODD = (
    (_EXPONENT, "shortened to an exponent"),
    (_CUT, "rounded to fifteen digits"),
    (_DATE, "converted to a date"),
)
_OF = {"converted to a date": "with ids such as 1-2"}
_SHOWN = 2
_AS_TEXT = "Export it again, or import it into the spreadsheet, with the column of ids as text"
_NO_POINT = r"regexp_replace({0}, '[.]0+$', '')"
_SAME = f"ltrim(regexp_replace(upper({_NO_POINT}), '[^0-9A-Z]', '', 'g'), '0')"
_WHY = {
    "zeros": ("leading zeros", "Spreadsheets remove them."),
    "point": ("a decimal point and zeros after it", "A program treated the ids as numbers."),
    "marks": ("capitals, spaces or marks", ""),
}


def changed_ids(db: "duckdb.DuckDBPyConnection", side: str, most: int) -> tuple[tuple[tuple[str, int, str], ...], int]:
    """Return the first ids of a side that a spreadsheet seems to have changed, and how many there are.

    Each comes with the first line on which it appears, and how it seems to have been changed.
    """
    cases = " ".join(f"when regexp_full_match(key, '{pattern}') then {n}" for n, (pattern, _) in enumerate(_ODD))
    odd = f'select key, min(line) as line, case {cases} end as why from "{side}" group by key having why is not null'
    first = db.execute(f"select * from ({odd}) order by line limit {most}").fetchall()
    return tuple((key, line, _ODD[why][1]) for key, line, why in first), _count(db, odd)


def id_hints(db: "duckdb.DuckDBPyConnection", shown: Mapping[str, str]) -> Iterator[IdHint]:
    """Yield hints about odd ids that only one side has; `shown` are the names of both files."""
    for side, other in (("old", "new"), ("new", "old")):
        alone = f'select key, line from "{side}" where key not in (select key from "{other}")'
        for pattern, what in _ODD:
            rounded = f"select key, line from ({alone}) where regexp_full_match(key, '{pattern}')"
            count = _count(db, rounded)
            if count:
                first = db.execute(f"{rounded} order by line limit {_SHOWN}").fetchall()
                ids = "1 id looks" if count == 1 else f"{count} ids look"
                yield IdHint(
                    f"{ids} {what} in {shown[side]}, as a spreadsheet does {_OF.get(what, 'with long numbers')}.",
                    tuple((key, f"line {line}") for key, line in first),
                    f"{_AS_TEXT}.",
                )
    yield from _nearly_same(db, shown)


def _nearly_same(db: "duckdb.DuckDBPyConnection", shown: Mapping[str, str]) -> Iterator[IdHint]:
    """Yield hints about ids of the two sides that differ only in leading zeros, a decimal point, or punctuation and
    case."""
    sides = [
        f'(select key, line, {_SAME.format("key")} as same from "{side}" where key not in (select key from "{other}"))'
        for side, other in (("old", "new"), ("new", "old"))
    ]
    db.execute(
        "create or replace table nearly as select a.key as old, b.key as new, a.line as old_line, b.line as new_line, "
        "case when ltrim(a.key, '0') = ltrim(b.key, '0') then 'zeros' "
        f"when {_NO_POINT.format('a.key')} = {_NO_POINT.format('b.key')} then 'point' else 'marks' end as why "
        f"from {sides[0]} a join {sides[1]} b using (same) where same <> ''"
    )
    for why, (difference, cause) in _WHY.items():
        count = db.execute("select count(distinct old) from nearly where why = ?", [why]).fetchone()
        if not count or not count[0]:
            continue
        first = db.execute(
            f"select old, old_line, new, new_line from nearly where why = ? order by old_line, new_line limit {_SHOWN}",
            [why],
        ).fetchall()
        examples = [
            (key, f"{shown[side]}, line {line}")
            for old, old_line, new, new_line in first
            for key, side, line in ((old, "old", old_line), (new, "new", new_line))
        ]
        are = "matches one" if count[0] == 1 else "match ids"
        what = f"{counted(count[0], 'id')} in {shown['old']} {are} in {shown['new']}, apart from {difference}."
        remedy = "Write them alike" if why == "marks" else _AS_TEXT
        remedy += ", or say which belong together with --identity."
        yield IdHint(f"{what} {cause}".strip(), tuple(examples), remedy)


def _count(db: "duckdb.DuckDBPyConnection", query: str) -> int:
    row = db.execute(f"select count(*) from ({query})").fetchone()
    return int(row[0]) if row else 0
