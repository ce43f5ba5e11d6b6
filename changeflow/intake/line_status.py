"""Lines that do not belong in a list, such as closed schools, and lines that a person should check.

They are counted and named, so that nothing is lost without notice. For people only line numbers are given, because a
reason may be about their health.
"""

from collections.abc import Iterator, Sequence

from changeflow.intake.columns import ColumnMatch
from changeflow.intake.formats import Format, mark_or_word
from changeflow.intake.layout import one_line
from changeflow.values.duration import counted

_NAMED = 8
"""How many names to list; the others are counted."""
_CLOSES, _STATUS = "closes", "status"


class LineStatus:
    """What one column says about whole lines."""

    def __init__(self, wanted: Format, matches: Sequence[ColumnMatch]) -> None:
        columns = {m.field.name: m for m in matches}
        self.wanted, self.out, self.noted = wanted, dict[str, list[str]](), dict[str, list[str]]()
        """For each status as written: the names of lines that are left out, and of lines to check."""
        self.match = next((m for m in matches if m.field.leaves_out or m.field.points_out), None)
        """The column with the status."""
        self._name = columns.get("name") or columns.get("id")
        self._closes = columns.get(_CLOSES) if _STATUS not in columns else None
        self._words = {mark_or_word(word) for word in self.match.field.points_out} if self.match else set[str]()

    @property
    def heading(self) -> str:
        return self.match.heading if self.match is not None else ""

    def leaves_out(self, line: int, cells: Sequence[str], read: str) -> bool:
        """Return whether a line is left out; `read` is what its cell was read as."""
        if self.match is None or not read:
            return False
        said = one_line(_cell(cells, self.match))
        is_out = read in self.match.field.leaves_out
        if is_out or mark_or_word(said) in self._words or mark_or_word(read) in self._words:
            which = "" if self.match.field.is_private else said
            (self.out if is_out else self.noted).setdefault(which, []).append(self._named(line, cells))
        return is_out

    def note_closing(self, line: int, cells: Sequence[str]) -> None:
        """Note a school with a closing day if no column has its status."""
        if self._closes is not None and (said := one_line(_cell(cells, self._closes))):
            self.noted.setdefault(_CLOSES, []).append(self._named(line, cells, said))

    def said(self) -> Iterator[str]:
        """Yield what to report."""
        thing, look = self.wanted.thing, self.match.field.look if self.match else ""
        for said, names in self.out.items():
            was = "was" if len(names) == 1 else "were"
            which = f"{_counted(len(names), thing)} with the {self.heading} '{said}' {was}"
            yield f"{which} not used: {_listed(names)}."
        for said, names in self.noted.items():
            has = "has" if len(names) == 1 else "have"
            if said == _CLOSES:
                yield f"{_counted(len(names), thing)} {has} a closing date: {_listed(names)}. Remove closed schools."
            elif said:
                yield f"{_counted(len(names), thing)} {has} the {self.heading} '{said}': {_listed(names)}. {look}"
            else:
                yield f"{_counted(len(names), thing)} {has} a long absence as {self.heading}: {_listed(names)}. {look}"

    def _named(self, line: int, cells: Sequence[str], more: str = "") -> str:
        if self.match is not None and self.match.field.is_private:
            return f"line {line}"
        name = one_line(_cell(cells, self._name)) if self._name is not None else ""
        return f"{name[:60]} ({f'{more}, ' if more else ''}line {line})".strip()


def _cell(cells: Sequence[str], match: ColumnMatch) -> str:
    return " ".join(match.texts(cells))


def _counted(number: int, thing: str) -> str:
    return f"{number} people" if thing == "person" and number != 1 else counted(number, thing)


def _listed(names: Sequence[str]) -> str:
    """List names, or the first of them if there are many."""
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
