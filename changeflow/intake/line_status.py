"""Lines that do not belong in a list, such as closed schools, and lines that a person should check.

They are counted and named, so that nothing is lost without notice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from changeflow.intake.columns import ColumnMatch
from changeflow.intake.formats import Format, mark_or_word
from changeflow.intake.layout import one_line
from changeflow.values.duration import counted

_NAMED = 8
"""How many names to list; the others are counted."""
_CLOSES, _STATUS = "closes", "status"


@dataclass(slots=True)
class LineStatus:
    """What one column says about whole lines."""

    wanted: Format
    matches: Sequence[ColumnMatch]
    out: dict[str, list[str]] = field(default_factory=dict)
    """For each status as written: the names of the lines that are left out."""
    noted: dict[str, list[str]] = field(default_factory=dict)
    """For each status as written: the names of lines that are used but should be checked."""

    @property
    def match(self) -> ColumnMatch | None:
        """Return the column with the status."""
        return next((m for m in self.matches if m.field.leaves_out or m.field.points_out), None)

    @property
    def heading(self) -> str:
        return self.match.heading if self.match is not None else ""

    def leaves_out(self, line: int, cells: Sequence[str], read: str) -> bool:
        """Return whether a line is left out; `read` is what its cell was read as."""
        match = self.match
        if match is None:
            return False
        said, one = one_line(_cell(cells, match)), match.field
        is_out = read in one.leaves_out
        if is_out or mark_or_word(said) in {mark_or_word(word) for word in one.points_out} or read in one.points_out:
            (self.out if is_out else self.noted).setdefault(said, []).append(self._named(line, cells))
        return is_out

    def note_closing(self, line: int, cells: Sequence[str]) -> None:
        """Note a school with a closing day if no column has its status."""
        match = next((m for m in self.matches if m.field.name == _CLOSES), None)
        has_status = any(m.field.name == _STATUS for m in self.matches)
        if match is not None and not has_status and (said := one_line(_cell(cells, match))):
            self.noted.setdefault(_CLOSES, []).append(self._named(line, cells, said))

    def said(self) -> Iterator[str]:
        """Yield what to report."""
        thing = self.wanted.thing
        for said, names in self.out.items():
            was = "was" if len(names) == 1 else "were"
            which = f"{_counted(len(names), thing)} with the {self.heading} '{said}' {was}"
            yield f"{which} not used: {_listed(names)}."
        for said, names in self.noted.items():
            has = "has" if len(names) == 1 else "have"
            what = "a closing date" if said == _CLOSES else f"the {self.heading} '{said}'"
            look = "Remove closed schools." if said == _CLOSES else self.match.field.look if self.match else ""
            yield f"{_counted(len(names), thing)} {has} {what}: {_listed(names)}. {look}".strip()

    def _named(self, line: int, cells: Sequence[str], more: str = "") -> str:
        columns = {m.field.name: m for m in self.matches}
        match = columns.get("name") or columns.get("id")
        name = one_line(_cell(cells, match)) if match is not None else ""
        return f"{name[:60]} ({f'{more}, ' if more else ''}line {line})".strip()


def _cell(cells: Sequence[str], match: ColumnMatch) -> str:
    return " ".join(cells[c.place - 1].strip() for c in match.columns if c.place <= len(cells))


def _counted(number: int, thing: str) -> str:
    return f"{number} people" if thing == "person" and number != 1 else counted(number, thing)


def _listed(names: Sequence[str]) -> str:
    """List names, or the first of them if there are many."""
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
