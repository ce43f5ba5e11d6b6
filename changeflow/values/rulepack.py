"""Rulepacks: law and other people's standards as dated, sourced data."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from changeflow.errors import RulesUnknownError
from changeflow.values.base import Frozen, Id, as_list
from changeflow.values.moments import format_day


class RulepackEntry(Frozen):
    """One number or table with its source.

    `grade`: V verified by running, P public page, S founding document, K general knowledge, D our own choice.
    """

    value: Any
    source: str = Field(min_length=1)
    grade: str = Field(pattern=r"^(S|P|V|K|D)$")
    note: str = ""
    raise_only: bool = False
    """Another rulepack may give a larger number, and not a smaller one."""

    @property
    def is_unknown(self) -> bool:
        """A placeholder: something will be law, and its number is not known. It is never guessed."""
        return self.value is None


class Rulepack(Frozen):
    """A set of entries that is in force from a day on, until a later edition replaces it."""

    rulepack: Id
    nation: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    """One nation, or several; none means all."""
    in_force_from: date
    disclaimer: str = "Planning minimum, not legal advice."
    entries: dict[str, RulepackEntry]


class Rulepacks(Frozen):
    """Every rulepack at hand; ask for the entry in force on the day that is judged."""

    packs: tuple[Rulepack, ...] = ()

    def entry(self, pack: str, key: str, *, on: date, nation: str | None = None) -> RulepackEntry:
        """Return the entry of the latest edition in force; of two of one day, the later pack's. `KeyError`: none;
        `RulesUnknownError`, which is one: the first edition is of a later day.

        A nation's own edition wins over one for all nations, whichever is the newer. An entry that may
        only be raised gives way to a larger number alone.
        """
        known = [
            p for p in self.packs if p.rulepack == pack and key in p.entries and (not p.nation or nation in p.nation)
        ]
        editions = [p for p in known if p.in_force_from <= on]
        if known and not editions:
            raise RulesUnknownError(pack, format_day(on), format_day(min(p.in_force_from for p in known)))
        if not known:
            raise KeyError(f"{pack}.{key} on {on}")
        found = sorted(editions, key=lambda p: (bool(p.nation), p.in_force_from))[-1].entries[key]
        least = [entry for p in editions if (entry := p.entries[key]).raise_only]
        return max([found, *least], key=lambda entry: int(entry.value)) if least else found

    def number(self, pack: str, key: str, *, on: date) -> int:
        """Return an entry that is a whole number; one that is not known yet is a `LookupError`."""
        found = self.entry(pack, key, on=on)
        if found.is_unknown:
            raise LookupError(f"{pack}.{key} is not known for {on}: {found.source}")
        return int(found.value)
