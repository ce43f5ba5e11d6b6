"""Rulepacks: law and published standards as dated, sourced data."""

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
    """Whether other rulepacks may only raise this number."""

    @property
    def is_unknown(self) -> bool:
        """A placeholder for a law whose number is not known yet. It is never guessed."""
        return self.value is None


class Rulepack(Frozen):
    """A set of entries in force from a day until a later edition replaces it."""

    rulepack: Id
    nation: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    """The nations it applies to; empty for all."""
    in_force_from: date
    disclaimer: str = "For planning only; not legal advice."
    entries: dict[str, RulepackEntry]


class Rulepacks(Frozen):
    """All available rulepacks; gives the entry in force on a day."""

    packs: tuple[Rulepack, ...] = ()

    def entry(self, pack: str, key: str, *, on: date, nation: str | None = None) -> RulepackEntry:
        """Return the entry of the latest edition in force; of two editions with one date, the later pack's.

        A nation's own edition takes precedence over one for all nations, even a newer one. A `raise_only` entry is
        replaced only by a larger number. Raises `KeyError` if there is no entry, and its subclass `RulesUnknownError`
        if the first edition is later.
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
        """Return an entry that is a whole number; raise `LookupError` if it is not known yet."""
        found = self.entry(pack, key, on=on)
        if found.is_unknown:
            raise LookupError(f"{pack}.{key} is not known for {on}: {found.source}")
        return int(found.value)
