"""Read the built-in rulepacks, and a folder's own, which override them and must have the same form."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from changeflow.errors import ProblemsError
from changeflow.intake.opening import list_files
from changeflow.intake.shaping import shape
from changeflow.intake.yaml import MAX_BYTES, Document, parse_yaml, read_yaml
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepack, Rulepacks

if TYPE_CHECKING:
    from changeflow.intake.programme_files import ProgrammeFiles

MOST = 1_000_000
"""The largest number in an entry, whether of days, weeks, people or shares."""
_FORMED = re.compile(r"[0-9:-]+")
WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    date: "a date",
    list: "a list",
    dict: "a mapping",
}


def check_values(document: Document, pack: Rulepack, shipped: Rulepacks) -> Iterator[Problem]:
    """Find entries that would break the code that reads them, by comparing them with the built-in entries."""
    entries = [p.entries for p in shipped.packs if p.rulepack == pack.rulepack]
    for key, entry in pack.entries.items():
        shipped_values = [e[key].value for e in entries if key in e]
        known = [value for value in shipped_values if value is not None]
        # A future law whose number is not known yet has no value, as in the built-in pack.
        if not known or (entry.value is None and None in shipped_values):
            continue
        names = {name for e in entries for name in e}
        path, wrong = ("entries", key, "value"), list(_wrong(entry.value, known[-1], names))
        for what in wrong:
            yield document.problem(path, f"The value of '{key}' {what}.", "Write it as the shipped rulepack does.")
        least = max((e[key].value for e in entries if key in e and e[key].raise_only), default=None)
        if not wrong and least is not None and entry.value < least:
            yield document.problem(path, f"The value of '{key}' is less than {least}.", f"Write {least} or more.")


def _wrong(ours: object, theirs: object, names: Collection[str]) -> Iterator[str]:
    """Say how a value differs in kind from the built-in one; `names` are the entries that a value may name."""
    kind = next(k for k in WORDS if isinstance(theirs, k))
    if kind is float and isinstance(ours, int) and not isinstance(ours, bool):
        ours = float(ours)
    if not isinstance(ours, kind) or (kind is int and isinstance(ours, bool)):
        yield f"is not {WORDS[kind]}"
    elif isinstance(ours, int | float):
        signed = isinstance(theirs, int | float) and theirs < 0
        if not (-MOST if signed else 0) <= ours <= MOST:
            yield f"is not between {-MOST if signed else 0:,} and {MOST:,}"
    elif isinstance(ours, str) and isinstance(theirs, str):
        if theirs in names and ours not in names:
            yield f"names no entry: '{ours[:40]}'"
        elif _FORMED.fullmatch(theirs) and not _is_formed(ours, theirs):
            yield f"is not written like {theirs}: '{ours[:40]}'"
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield from _wrong_items(ours, theirs, names)
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _wrong_keys(ours, theirs, set(theirs), names)


def _wrong_items(ours: list[object], theirs: list[object], names: Collection[str]) -> Iterator[str]:
    if not theirs:
        return
    tables = [item for item in theirs if isinstance(item, dict)]
    # The list may have numbers of either sign: days before and after.
    first = min((n for n in theirs if isinstance(n, int)), default=theirs[0])
    shared = set.intersection(*(set(t) for t in tables)) if tables else set()
    known = {k: v for t in tables for k, v in t.items()}
    for item in ours:
        if tables and isinstance(item, dict):
            yield from _wrong_keys(item, known, shared, names)
        else:
            yield from _wrong(item, first, names)


def _wrong_keys(
    ours: Mapping[str, object], theirs: Mapping[str, object], needed: Collection[str], names: Collection[str]
) -> Iterator[str]:
    for key in sorted(set(needed) - set(ours)):
        yield f"lacks '{key}'"
    for key, value in ours.items():
        if key in theirs and theirs[key] is not None:
            yield from (f"has a '{key}' that {what}" for what in _wrong(value, theirs[key], names))


def _is_formed(ours: str, theirs: str) -> bool:
    """Return whether a value is a time, a day of the year or a day, like the built-in one."""
    if re.sub("[0-9]", "9", ours) != re.sub("[0-9]", "9", theirs):
        return False
    try:
        if ":" in theirs:
            time.fromisoformat(ours)
        elif len(theirs) == len("12-31"):
            # The day must exist in every year, so 29 February is not allowed.
            date.fromisoformat(f"2027-{ours}")
        elif len(theirs) == len("2027-12-31"):
            date.fromisoformat(ours)
    except ValueError:
        return False
    return True


_SHIPPED = Path(__file__).resolve().parent.parent / "rules" / "packs"


@lru_cache(maxsize=1)
def shipped_rulepacks() -> Rulepacks:
    problems: list[Problem] = []
    packs = _packs(_documents(_SHIPPED, _SHIPPED.name, problems), problems, is_own=False)
    if problems:
        raise ProblemsError(problems)
    return Rulepacks(packs=packs)


def read_rulepacks(folder: Path, problems: list[Problem]) -> tuple[Rulepack, ...]:
    """Read the rulepacks in a folder of them."""
    return _packs(_documents(folder, folder.name, problems), problems, is_own=True)


def _documents(folder: Path, shown: str, problems: list[Problem]) -> Iterator[Document | None]:
    for path in list_files(folder, problems, endings=(".yaml",), inside=folder):
        yield read_yaml(path, f"{shown}/{path.name}", problems, inside=folder)


def own_rulepacks(source: "ProgrammeFiles", problems: list[Problem]) -> tuple[Rulepack, ...]:
    """Read a programme's own rulepacks."""
    found = [
        parse_yaml(text, name, problems)
        for name in source.names("rulepacks", problems, endings=(".yaml",))
        if (text := source.text(name, problems, most=MAX_BYTES)) is not None
    ]
    return _packs(found, problems, is_own=True)


def _packs(documents: Iterable[Document | None], problems: list[Problem], *, is_own: bool) -> tuple[Rulepack, ...]:
    packs: list[Rulepack] = []
    seen: dict[tuple[str, str, date], str] = {}
    for document in documents:
        pack = shape(document, Rulepack, problems) if document else None
        if pack is None or document is None:
            continue
        if is_own and (wrong := list(check_values(document, pack, shipped_rulepacks()))):
            problems += wrong
            continue  # The built-in pack is used for the other checks.
        editions = [(pack.rulepack, nation, pack.in_force_from) for nation in pack.nation or ("",)]
        if earlier := next((seen[e] for e in editions if e in seen), None):
            what = f"{earlier} already has '{pack.rulepack}' for the same nation and day."
            remedy = "Merge the two, or give the later one its own day."
            problems.append(Problem(file=document.file, what=what, remedy=remedy))
            continue
        seen |= dict.fromkeys(editions, PurePosixPath(document.file).name)
        packs.append(pack)
    return tuple(packs)
