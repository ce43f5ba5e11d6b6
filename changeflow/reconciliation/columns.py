"""Choose which columns of two ledgers to compare: match headings, and judge each column by its cells.

A column is never left out because of a few odd cells: it is compared, and the cells are reported. Columns that are not
compared are reported, with the reason.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from changeflow.intake.layout import TableColumn, fold
from changeflow.phrases import listed
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Coverage, LeftOut
from changeflow.reconciliation.amounts import SIGNS, CellKind
from changeflow.reconciliation.sources import Source
from changeflow.values.problem import Problem, nearest

PERIOD = "period"
"""The name of a column that says to which period a line belongs."""
_LAST_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_OF_IDS = {
    "id", "ids", "no", "number", "num", "nr", "ref", "reference", "code", "nino", "dob", "date", "phone", "telephone",
    "postcode",
}  # fmt: skip
"""Last words of headings of whole numbers that are not amounts."""
_OF_TIMES = {"year", "month", "week", "taxyear", "taxmonth", "taxweek", "payperiod", "paymonth", "payweek"}
"""Whole headings of such numbers, folded: `Gross this month`, by contrast, is a heading of amounts."""
_BY_TOLERANCES, _THE_PERIOD, _DISPLACED = (
    "no tolerance names it", "the period", "another column was given its name",
)  # fmt: skip
TOO_FEW = "only"
"""The beginning of the reason if a column is left out because it has more words than amounts."""
BY_CHOICE = (_BY_TOLERANCES, _THE_PERIOD, _DISPLACED)
"""Reasons for leaving out a column that no one needs to check."""
OF_A_SERVICE = " For a service, set `{}` under `parallel_run` in the service's file instead."
"""Added to remedies, because the criteria of a service are fixed in its file, and the command then refuses its own
options."""
_OR_IN_A_FILE = OF_A_SERVICE.format("columns")
NOTHING_TO_COMPARE = "There is nothing to compare"
_NUMBERS = (
    CellKind.WHOLE, CellKind.POINT, CellKind.COMMA, CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP,
    CellKind.NUMBER, CellKind.HOURS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """The content of a column's cells."""

    kinds: Mapping[int, int]
    """The number of cells of each `CellKind`."""
    currencies: Mapping[str, int] = field(default_factory=dict)
    padded: int = 0
    """The number of whole numbers that begin with a zero."""
    rounded: int = 0

    def count(self, *kinds: CellKind) -> int:
        return sum(self.kinds.get(k, 0) for k in kinds)

    @property
    def numbers(self) -> int:
        return self.count(*_NUMBERS)

    @property
    def texts(self) -> int:
        return self.count(CellKind.TEXT)

    @property
    def filled(self) -> int:
        return sum(self.kinds.values()) - self.count(CellKind.EMPTY)

    @property
    def is_of_amounts(self) -> bool:
        """Return whether at least as many cells are amounts as words; placeholders for amounts do not count."""
        return self.numbers > 0 and self.numbers >= self.texts

    @property
    def is_of_ids(self) -> bool:
        """Return whether most of its numbers begin with a zero, as no amount does."""
        return 2 * self.padded > self.numbers


@dataclass(frozen=True, slots=True)
class Headings:
    """The columns of one side by the name that both sides share: our name for the column, folded."""

    side: str
    source: Source
    places: Mapping[str, TableColumn]
    displaced: tuple[TableColumn, ...]
    """Columns with one of our names, which `columns` has given to another column."""

    def place(self, name: str) -> int | None:
        column = self.places.get(folded(name))
        return column.place if column else None


@dataclass(frozen=True, slots=True)
class ComparedElement:
    """A column that is compared: its place in the old and in the new file, if it has one there."""

    name: str
    places: Mapping[str, int]


def may_be_of_ids(heading: str) -> bool:
    """Return whether whole numbers below a heading are not amounts.

    >>> [h for h in ("Employee No.", "payDate", "tax year", "Gross to date", "Hours") if may_be_of_ids(h)]
    ['Employee No.', 'payDate', 'tax year']
    """
    words = [word.casefold() for word in _LAST_WORD.findall(heading)]
    return folded(heading) in _OF_TIMES or (words[-1:] != [] and words[-1] in _OF_IDS and words[-2:] != ["to", "date"])


def folded(name: str) -> str:
    """Return a heading in the form in which headings are compared; one that consists only of signs stays as it is."""
    return fold(name) or name


def headings_of(side: str, source: Source, policy: ParallelRunPolicy) -> Headings:
    """Name a side's columns, using our names where the policy's `columns` maps them to headings in the file."""
    ours = {folded(theirs): name for s, named in policy.columns.items() if s == side for name, theirs in named.items()}
    mapped = {folded(ours[f]): c for c in source.columns if (f := folded(c.name)) in ours}
    others = {folded(c.name): c for c in source.columns if folded(c.name) not in ours}
    displaced = tuple(c for f, c in others.items() if f in mapped)
    return Headings(side, source, others | mapped, displaced)


_MOST_NAMED = 8


def _names_of(names: Sequence[str]) -> str:
    """Name a file's columns, or the first few."""
    if not names:
        return ""
    first = [f"'{name}'" for name in names[:_MOST_NAMED]]
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return f"The file has {listed([*first, *more])}."


def missing(headings: Headings, policy: ParallelRunPolicy) -> Iterator[Problem]:
    """Find columns that a file must have but lacks: the key, and those that the policy names."""
    names = [c.name for c in headings.source.columns]
    mapped = {k: v for s, named in policy.columns.items() if s == headings.side for k, v in named.items()}
    for name in dict.fromkeys([*policy.key, *(t.element for t in policy.tolerances), *mapped]):
        if headings.place(name) is None:
            theirs = mapped.get(name, name)
            hint = nearest(theirs, names) or _names_of(names)
            pair = f"--columns {headings.side}:{name}=HEADING"
            pair += " or --key HEADING" if name in policy.key else ""
            other = "" if name in mapped else f" If it has another name, use {pair}.{_OR_IN_A_FILE}"
            what = f"The column '{theirs}' is missing."
            remedy = f"{hint}{other}".strip()
            yield Problem(file=headings.source.shown, line=headings.source.header, what=what, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is compared, and what is not."""

    elements: tuple[ComparedElement, ...]
    coverage: Coverage


def choose(
    policy: ParallelRunPolicy, sides: Sequence[Headings], measured: Mapping[str, Mapping[int, Measured]]
) -> Choice:
    """Decide which columns to compare: those that the policy's tolerances name, or else those that have amounts."""
    names = _names(policy, sides)
    wanted = {folded(t.element) for t in policy.tolerances}
    keys = {folded(k) for k in policy.key}
    elements, left = list[ComparedElement](), list[LeftOut]()
    for key, name in sorted(names.items(), key=lambda item: item[1]):
        places = {h.side: h.places[key].place for h in sides if key in h.places}
        if key in keys:
            continue
        own = [measured[side][place] for side, place in places.items() if place in measured[side]]
        why = _BY_TOLERANCES if wanted and key not in wanted else ""
        if not wanted:
            why = _THE_PERIOD if key == PERIOD else _why_not(name, own, is_named=key in _named(policy))
        if why:
            left.append(LeftOut(name, next(iter(places)) if len(places) == 1 else "both", why))
        else:
            elements.append(ComparedElement(name, places))
    left += [LeftOut(c.name, h.side, _DISPLACED) for h in sides for c in h.displaced]
    left += [entry for h in sides for entry in _without_heading(h, measured[h.side])]
    return Choice(tuple(elements), _coverage(elements, left))


def nothing_in_common(choice: Choice, sides: Sequence[Headings]) -> Problem | None:
    """Return the problem if no column of amounts is in both files; None if there is such a column."""
    if any(len(e.places) == 2 for e in choice.elements):
        return None
    alone = {h.side: [e.name for e in choice.elements if h.side in e.places] for h in sides}
    why = [f"{entry.column} ({entry.reason})" for entry in choice.coverage.left_out[:8]]
    said = [f"Only {h.source.shown} has {', '.join(alone[h.side][:8])}." for h in sides if alone[h.side]]
    if all(alone.values()):
        near = next((n for n in alone["new"] if nearest(alone["old"][0], [n])), alone["new"][0])
        said.append(
            "If these are the same amounts under other names, "
            f"use --columns new:{alone['old'][0]}={near}.{_OR_IN_A_FILE}"
        )
    if why:
        said.append(f"Not compared: {', '.join(why)}.")
    if any(entry.reason.startswith(TOO_FEW) for entry in choice.coverage.left_out):
        said.append("Correct the cells that are not amounts, or empty them.")
    what = f"{NOTHING_TO_COMPARE}: no column of amounts is in both files."
    return Problem(file=sides[0].source.shown, line=sides[0].source.header, what=what, remedy=" ".join(said))


def other_currencies(sides: Sequence[Headings]) -> Iterator[Problem]:
    """Find headings that name different currencies on the two sides: `Net (£)` and `Net (€)` are not one element."""
    old, new = sides
    for key in old.places.keys() & new.places.keys():
        names = [headings.places[key].name for headings in sides]
        signs = [{sign for sign in SIGNS if sign in name} for name in names]
        if all(signs) and signs[0] != signs[1]:
            place = new.places[key].place
            what = f"'{names[1]}' is in a different currency from '{names[0]}' in {old.source.shown}."
            remedy = "Compare amounts of one currency."
            yield Problem(file=new.source.shown, line=new.source.header, column=place, what=what, remedy=remedy)


def matched(sides: Sequence[Headings]) -> Iterator[str]:
    """Yield a note of headings that were matched although they are not written alike."""
    old, new = (h.places for h in sides)
    pairs = [f"'{old[k].name}' with '{new[k].name}'" for k in old.keys() & new.keys() if old[k].name != new[k].name]
    if pairs:
        yield f"Headings matched: {', '.join(sorted(pairs))}."


def nearly_matched(elements: Sequence[ComparedElement]) -> Iterator[str]:
    """Yield a note of columns that only one side has, and that may be the same under different names."""
    alone = {side: [e.name for e in elements if set(e.places) == {side}] for side in ("old", "new")}
    for name in alone["old"]:
        near = next((other for other in alone["new"] if nearest(name, [other])), None)
        if near is not None:
            yield (
                f"If {name} of the old and {near} of the new output are the same, "
                f"use --columns new:{name}={near}.{_OR_IN_A_FILE}"
            )


def _named(policy: ParallelRunPolicy) -> set[str]:
    """Return the elements that people have named: they are compared whatever they are called."""
    ours = [name for named in policy.columns.values() for name in named]
    rules = [rule.element for rule in policy.explanations]
    paid = [policy.pay] if policy.pay else []
    return {folded(name) for name in [*(t.element for t in policy.tolerances), *policy.flipped, *paid, *ours, *rules]}


def _names(policy: ParallelRunPolicy, sides: Sequence[Headings]) -> dict[str, str]:
    """Return each column's name: the policy's, otherwise the old file's, otherwise the new file's."""
    ours = [name for named in policy.columns.values() for name in named]
    paid = [policy.pay] if policy.pay else []
    rules = [rule.element for rule in policy.explanations]
    named = [*rules, *ours, *policy.flipped, *policy.key, *(t.element for t in policy.tolerances), *paid]
    names = {key: column.name for h in reversed(sides) for key, column in h.places.items()}
    return names | {key: name for name in named if (key := folded(name)) in names}


def _why_not(name: str, own: Sequence[Measured], *, is_named: bool) -> str:
    """Return why a column is not compared; empty if it is."""
    numbers, filled = sum(m.numbers for m in own), sum(m.filled for m in own)
    if not filled:
        return "empty"
    if not is_named and numbers:
        whole = sum(m.count(CellKind.WHOLE, CellKind.NUMBER) for m in own)
        if may_be_of_ids(name) and whole == numbers:
            return "whole numbers that, by their heading, are not amounts"
        if all(m.is_of_ids for m in own if m.numbers):
            return "numbers that begin with a zero, as ids do"
    if any(m.is_of_amounts for m in own):
        return ""
    if not numbers:
        if any(m.count(CellKind.ERROR) for m in own) and not any(m.texts for m in own):
            return ""
        return "" if filled == sum(m.count(CellKind.DASH) for m in own) else "no amounts"
    return f"{TOO_FEW} {numbers} of {filled} cells {'is an amount' if numbers == 1 else 'are amounts'}"


def _without_heading(headings: Headings, measured: Mapping[int, Measured]) -> Iterator[LeftOut]:
    named = {c.place for c in headings.source.columns}
    for place in range(1, headings.source.width + 1):
        if place not in named and place in measured and measured[place].filled:
            yield LeftOut(f"column {place}", headings.side, "no heading")


def _coverage(elements: Sequence[ComparedElement], left: Sequence[LeftOut]) -> Coverage:
    return Coverage(
        compared=tuple(e.name for e in elements),
        only_old=tuple(e.name for e in elements if set(e.places) == {"old"}),
        only_new=tuple(e.name for e in elements if set(e.places) == {"new"}),
        left_out=tuple(left),
    )
