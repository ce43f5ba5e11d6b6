"""Match the columns of a file to ours: by our name, by another known name, or by the programme's mapping."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from enum import StrEnum
from functools import lru_cache

from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.intake.layout import Layout, TableColumn, fold
from changeflow.intake.spreadsheet_errors import spreadsheet_error
from changeflow.phrases import listed
from changeflow.values.cells import clean
from changeflow.values.problem import Problem, is_near, nearest

NEAR = 0.85
"""A heading at least this similar to one of our names is more likely misspelt than meant."""
ALIKE = 0.7
"""A heading at least this similar to one of our names gets it as a suggestion."""
_SHOWN = 8
"""How many headings to list if a column is missing."""
SHORTEST = 5
"""The fewest letters of a heading that may be misspelt: shorter ones resemble too many others."""
fold_name = lru_cache(maxsize=4096)(fold)
"""Folds our own names once, because every table is searched for all of them."""


_NUMBERED = re.compile(
    r"\W*(?:(?:adkar|score|rating|question|statement)\W+|q(?:uestion)?\s*\d{1,2}\W*|\d{1,2}\W*|[a-e][.):]\W*)*",
    re.IGNORECASE,
)
"""What may come before the name of a column in a form: `1. `, `Q4 `, `ADKAR: `."""
_WORDS = re.compile(r"[^\W\d_]+")
_OF_COMMENTS = re.compile(
    r"\b(?:comments?|notes?|remarks?|why|reasons?|evidence|explain|explanation|feedback|date|please)\b", re.IGNORECASE
)
"""Words in the heading of a column that comments on another one."""
_ONLY_COMMENTS = ("comment", "comments", "note", "notes", "remark", "remarks", "explain", "explanation", "feedback")
_STATEMENT = ("i", "im", "my", "we", "our", "us", "you", "your", "people", "staff", "the", "this", "there", "of", "to")
"""The first words of a statement that people score: `Awareness: I know why we change`, `Awareness of the reasons`."""
_STEM = 5
"""How many first letters the heading and the name of such a column share: `Abilities` and `ability`."""


_BEST = r"(?:(?:very|strongly|fully|completely|most|extremely)\s+)*"
_TURNED_ROUND = re.compile(
    rf"\b1\s*(?:=|:|–|is)\s*{_BEST}(?:agree|high|good|best|excellent|confident|always|true|yes)"
    rf"|\b5\s*(?:=|:|–|is)\s*{_BEST}(?:disagree|low|poor|bad|worst|none|never|not|no)\b",
    re.IGNORECASE,
)
"""A heading that says that 1 is the best score: `Desire (1 = strongly agree, 5 = strongly disagree)`."""
_SCALE = re.compile(
    r"(?<![\d.,/-])(?P<least>[01])\s*(?:\([^()]*\)\s*)?(?:-|–|—|to|\.{2,3}|…)\s*(?P<most>\d{1,3})(?![\d/.-]*\d)"
    r"|(?<![\d.,/-])(?P<low>[01])\s*[=:][^\d]*(?P<high>\d{1,3})\s*[=:]"
    r"|(?:\bout of|(?<![\d/\s])\s*/)\s*(?P<of>\d{1,3})\b(?!/)|\b(?P<points>\d{1,3})[\s-]*points?\b"
    r"|(?P<share>%|\bper\s*cent)",
    re.IGNORECASE,
)
"""The scale that a heading gives: `Desire (0-10)`, `Desire out of 4`, `Desire /10`, `Desire %`."""
_ROUND = re.compile(
    r"\b(?:round|wave|survey|question|q|part|page|term|year|no\.?)\s*\d+\s*(?:of|to|-|–|/)\s*\d+", re.IGNORECASE
)
"""What a heading may number without giving a scale: `round 1 of 3`."""


class Way(StrEnum):
    """How a column was found."""

    SAME = "same"
    CAPITALS = "capitals or spaces"
    SYNONYM = "another name"
    MAPPING = "columns: in programme.yaml"
    OTHER = "another column"
    JOINED = "columns joined"


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """One of our columns, and the columns of the file that supply it."""

    field: Field
    columns: tuple[TableColumn, ...]
    way: Way
    parts: tuple[tuple[TableColumn, ...], ...] = ()
    """If several columns form it together: for each part, those that may give it, the best first."""

    @property
    def place(self) -> int:
        return self.columns[0].place

    @property
    def heading(self) -> str:
        if not self.parts:
            return " and ".join(c.name for c in self.columns)
        return " and ".join(" or ".join(c.name for c in part) for part in self.parts)

    def texts(self, cells: Sequence[str]) -> Iterator[str]:
        """Yield the cells of a line that form this column: of each part, the best that is not empty."""
        for part in self.parts or tuple((c,) for c in self.columns):
            texts = (clean(cells[c.place - 1]) for c in part if c.place <= len(cells))
            if text := next((text for text in texts if text.strip("-–—")), ""):
                yield text


@dataclass(frozen=True, slots=True)
class MatchedColumns:
    """The columns of a file: those that are used, in the order of the file, and the others."""

    matches: tuple[ColumnMatch, ...]
    unused: tuple[TableColumn, ...]
    misspelt: frozenset[int] = frozenset()
    """The places of columns that are unused because they are misspelt; these are already reported as problems."""
    meant: Mapping[int, str] = made_by(default_factory=dict)
    """For the place of each unused column: the name of ours that resembles its heading."""
    notes: tuple[str, ...] = ()
    """Why a column that seems to be one of ours was not used."""


def match_columns(
    layout: Layout, wanted: Format, mapping: Mapping[str, str], shown: str, problems: list[Problem]
) -> MatchedColumns:
    """Find our columns in a file; add a `Problem` for each that is missing, misspelt or duplicated."""
    search = _Search(layout, wanted, mapping, shown, problems)
    search.run()
    matches = sorted(search.found.values(), key=lambda m: m.place)
    used = {c.place for m in matches for c in m.columns}
    unused = tuple(c for c in layout.columns if c.place not in used)
    free = {fold_name(f.name): f.name for f in wanted.fields if f.name not in search.found}
    near = {c.place: difflib.get_close_matches(fold(c.name), free, n=1, cutoff=ALIKE) for c in unused}
    meant = {place: free[names[0]] for place, names in near.items() if names}
    # Words in brackets may be a remark, or make it a different column: `Pupils (October)`, `Manager (deputy)`.
    also = free | {fold_name(s): f.name for f in wanted.fields if f.name not in search.found for s in f.synonyms}
    meant |= {c.place: also[said] for c in unused if "(" in c.name and (said := fold(c.name.partition("(")[0])) in also}
    return MatchedColumns(tuple(matches), unused, frozenset(search.misspelt), meant, tuple(search.notes))


@dataclass(slots=True)
class _Search:
    layout: Layout
    wanted: Format
    mapping: Mapping[str, str]
    shown: str
    problems: list[Problem]
    found: dict[str, ColumnMatch] = made_by(default_factory=dict)
    misspelt: set[int] = made_by(default_factory=set)
    meant: set[str] = made_by(default_factory=set)
    """Our columns that are misspelt, and so are not missing."""
    notes: list[str] = made_by(default_factory=list)

    def run(self) -> None:
        free = list(self.layout.columns)
        for column in free:
            if (error := spreadsheet_error(column.name)) is not None:
                self._add(column.place, f"The heading: {error[0]}", error[1])
        self._by_mapping()
        mapped = {c.place for m in self.found.values() for c in m.columns}
        free = [c for c in free if c.place not in mapped]
        fields = [f for f in self.wanted.fields if f.name not in self.mapping]
        by_name = {fold_name(f.name): f for f in fields}
        self._by_headings(free, by_name, Way.CAPITALS)
        free = [c for c in free if fold(c.name) not in by_name]
        also = {fold_name(s): f for f in fields if f.name not in self.found or f.joins_all for s in f.synonyms}
        self._by_headings(free, also, Way.SYNONYM)
        free = [c for c in free if fold(c.name) not in also]
        led = {
            c: f.name for c in free for f in fields if f.leads and f.name not in self.found and _leads(c.name, f.name)
        }
        for field in fields:
            if same := [c for c, name in led.items() if name == field.name]:
                self._take(field, same, Way.SYNONYM)
        free = [c for c in free if c not in led]
        for field in fields:
            if field.name not in self.found:
                self._otherwise(field)
        for match in self.found.values():
            if match.field.cell is FieldKind.SCORE and _TURNED_ROUND.search(match.heading):
                what = f"'{match.heading}' says that 1 is the best score. Here 5 is."
                self._add(match.place, what, f"Turn the scores round, and call the column '{match.field.name}'.")
            if match.field.cell is FieldKind.SCORE and (scale := _other_scale(match.heading)):
                what = f"'{match.heading}' has scores {scale}. Here they are from 1 to 5."
                self._add(match.place, what, f"Convert the scores, and call the column '{match.field.name}'.")
        if self.wanted.takes_all:
            self._as_they_are(free)
        else:
            self._misspelt(free, [f for f in fields if f.name not in self.found])
        self._missing()

    def _by_mapping(self) -> None:
        for ours, theirs in self.mapping.items():
            field = next((f for f in self.wanted.fields if f.name == ours), None)
            same = [c for c in self.layout.columns if c.name == theirs] or self._called({fold(theirs)})
            if field is not None and same:
                self._take(field, same, Way.MAPPING)

    def _by_headings(self, columns: Iterable[TableColumn], names: Mapping[str, Field], way: Way) -> None:
        meant: dict[str, list[TableColumn]] = {}
        for column in columns:
            if (field := names.get(fold(column.name))) is not None:
                meant.setdefault(field.name, []).append(column)
        for field in self.wanted.fields:
            if same := meant.get(field.name):
                exact = way is Way.CAPITALS and same[0].name == field.name
                self._take(field, same, Way.SAME if exact else way)

    def _take(self, field: Field, columns: Sequence[TableColumn], way: Way) -> None:
        first, *others = columns
        if field.joins_all:
            before = self.found[field.name].columns if field.name in self.found else ()
            both = tuple(sorted({*before, *columns}, key=lambda c: c.place))
            self.found[field.name] = ColumnMatch(field, both, way if len(both) == 1 else Way.JOINED)
            return
        for other in others:
            if fold(other.name) == fold(first.name):
                what = f"Duplicate column '{other.name}' (first in column {first.place})."
                remedy = "Keep one of them."
            else:
                what = f"'{first.name}' and '{other.name}' may both be the column '{field.name}'."
                remedy = f"Rename the right one '{field.name}', or remove the other."
            self._add(other.place, what, remedy)
        self.found[field.name] = ColumnMatch(field, (first,), way)

    def _otherwise(self, field: Field) -> None:
        """Take a column from another of our columns, or from several that form it together."""
        if (other := self.found.get(field.else_from)) is not None:
            self.found[field.name] = ColumnMatch(field, other.columns, Way.OTHER)
            return
        used = {c.place for match in self.found.values() for c in match.columns}
        for heading in field.else_called.split(" | ") if field.else_called else ():
            if same := [c for c in self._called({fold(heading)}) if c.place not in used]:
                self._take(field, same, Way.SYNONYM)
                break
        # A preferred forename takes precedence over the legal one; most people have only the legal one.
        parts = tuple(tuple(c for n in names.split(" | ") for c in self._called({fold(n)})) for names in field.parts)
        if parts and all(parts):
            columns = tuple(c for part in parts for c in part)
            self.found[field.name] = ColumnMatch(field, columns, Way.JOINED, parts)
        elif any(parts):
            there = next(part[0] for part in parts if part)
            self.notes.append(f"'{there.name}' alone gives no {field.name}: no column has its other part.")

    def _as_they_are(self, columns: Iterable[TableColumn]) -> None:
        for column in columns:
            if column.name in self.found:
                what = f"Duplicate column '{column.name}' (first in column {self.found[column.name].place})."
                self._add(column.place, what, "Keep one of them.")
            else:
                self.found[column.name] = ColumnMatch(Field(column.name, FieldKind.TEXT), (column,), Way.SAME)

    def _misspelt(self, columns: Iterable[TableColumn], fields: Sequence[Field]) -> None:
        for column in columns:
            unclear = next((f.name for f in fields if f.leads and _leads(column.name, f.name) is None), None)
            if unclear is not None:
                self.misspelt.add(column.place)
                self.meant.add(unclear)
                what = f"'{column.name}' may be the score of {unclear}, or comments on it."
                self._add(column.place, what, f"Call it '{unclear}' or '{unclear} comments'.")
                continue
            if (meant := _meant(column.name, fields)) is not None:
                self.misspelt.add(column.place)
                self.meant.add(meant)
                self._add(column.place, f"Unknown column '{column.name}'.", f"Did you mean '{meant}'?")

    def _missing(self) -> None:
        theirs = [c.name for c in self.layout.columns]
        shown = listed([f"'{name[:30]}'" for name in theirs], most=_SHOWN)
        if self.wanted.required and not self.found:
            names = self.wanted.required
            what = (
                f"The headings {shown} are not recognised."
                if len(theirs) > 1
                else f"The heading {shown} is not recognised."
            )
            least = f"the columns {listed(names)}" if len(names) > 1 else f"the column {names[0]}"
            self._add(1, what, f"The table needs a header line with at least {least}.")
            return
        needed = self.wanted.needs_one_of
        if needed and not {*needed} & (self.found.keys() | self.meant):
            self._add(1, "No column has scores.", f"Call them {', '.join(needed)}. The file has {shown}.")
        for field in self.wanted.fields:
            if field.is_required and field.name not in self.found and field.name not in self.meant:
                name = self.mapping.get(field.name, field.name)
                remedy = nearest(name, theirs) or f"The file has {shown}."
                self._add(1, f"The column '{name}' is missing.", remedy)

    def _called(self, names: set[str]) -> list[TableColumn]:
        return [c for c in self.layout.columns if fold(c.name) in names]

    def _add(self, place: int, what: str, remedy: str) -> None:
        line = self.layout.header_line
        self.problems.append(Problem(file=self.shown, line=line, column=place, what=what, remedy=remedy))


def _meant(heading: str, fields: Iterable[Field]) -> str | None:
    """Return the name that a heading is one typing slip away from, or closely resembles."""
    said = fold(heading)
    if len(said) < SHORTEST:
        return None
    words = [] if _OF_COMMENTS.search(heading) else [word.casefold() for word in _WORDS.findall(heading)]
    for field in fields:
        if field.leads and any(w[:_STEM] == field.name[:_STEM] or is_near(w, [field.name]) for w in words):
            return field.name
        if field.leads and _OF_COMMENTS.search(heading):
            continue
        ours = fold_name(field.name)
        if is_near(said, [ours]) or difflib.SequenceMatcher(None, said, ours).ratio() >= NEAR:
            return field.name
        if any(is_near(said, [fold_name(s)]) for s in field.synonyms):
            return field.name
    return None


def _leads(heading: str, name: str) -> bool | None:
    """Return whether a heading begins with a name (perhaps after a number) and does not announce comments on it.

    None if it may be either.

    >>> [h for h in ("1. Desire (I want it)", "Q2 Desire", "Desire: why?", "Your desire") if _leads(h, "desire")]
    ['1. Desire (I want it)', 'Q2 Desire']
    >>> _leads("Desire: I know why we change", "desire"), _leads("Desire: do you know why we change?", "desire")
    (True, None)
    """
    before = _NUMBERED.match(heading)
    word = _WORDS.match(heading, before.end() if before else 0)
    if word is None or word[0].casefold() != name:
        return False
    rest = heading[word.end() :]
    words = [fold(w) for w in _WORDS.findall(rest.replace("'", "").replace("’", ""))]
    if not _OF_COMMENTS.search(rest):
        return True
    if _OF_COMMENTS.fullmatch(words[0]) or words[-1] in _ONLY_COMMENTS:
        return False
    return True if words[0] in _STATEMENT else None


def _other_scale(heading: str) -> str:
    """Return the scale of scores that a heading gives, in words; empty if it gives none, or 1 to 5.

    >>> [_other_scale(h) for h in ("Desire (0-10)", "Desire out of 4", "Desire /7", "Desire %")]
    ['from 0 to 10', 'out of 4', 'out of 7', 'in percent']
    >>> [_other_scale(h) for h in ("Desire (1 to 5)", "Desire out of 5", "Desire 1/10/2027", "Desire, round 1 of 3")]
    ['', '', '', '']
    """
    for found in _SCALE.finditer(_ROUND.sub("", heading)):
        least, most = found["least"] or found["low"], found["most"] or found["high"] or found["of"] or found["points"]
        if found["share"]:
            return "in percent"
        if (least or "1", most) != ("1", "5"):
            return f"from {least} to {most}" if least else f"out of {most}"
    return ""


def unmapped(wanted: Format, mapping: Mapping[str, str], layout: Layout) -> Iterator[str]:
    """Say which optional columns the programme maps but the file does not have."""
    theirs = {fold(c.name) for c in layout.columns}
    for field in wanted.fields:
        if not field.is_required and field.name in mapping and fold(mapping[field.name]) not in theirs:
            column = f"The column '{mapping[field.name]}', which programme.yaml names for '{field.name}',"
            yield f"{column} is not in the file."
