"""Views for the people of one school, without anything that names another school."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from changeflow.programme.definition import Definition
from changeflow.reports.changes import CauseLine
from changeflow.reports.effects import Effect, EffectPart
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted

T = TypeVar("T")
_LISTED = re.compile(r"\b(\d+) schools \(([^()]*)\)")
"""Such as `3 schools (Ash School, Beech School, Cedar School)`."""
ELSEWHERE = "Changes at other schools."
"""What a cause of a move says if it names another school. Its days stay, so that they still add up."""


@dataclass(frozen=True)
class OwnSchool:
    """One school of a programme, and what its people are not shown."""

    school: str
    name: str
    others: frozenset[str]
    """Names of the other schools, and roles that only their people have."""
    other_ids: frozenset[str]

    def is_about(self, task: Task) -> bool:
        """Return whether a task is for this school, alone or with others."""
        return self.school in task.schools

    def shortened(self, text: str) -> str:
        """Shorten lists of schools that include this one: name it, and count the others."""

        def short(found: re.Match[str]) -> str:
            others = int(found[1]) - 1
            is_own = self.name in found[2].split(", ") and others > 0
            return f"{self.name} and {counted(others, 'other school')}" if is_own else found[0]

        return _LISTED.sub(short, text)

    def is_named(self, text: str) -> bool:
        """Return whether some text names another school: in words, or by its id in a path or a task's id."""
        text = self.shortened(text)
        if not self.other_ids.isdisjoint(text.split("/")):
            return True
        return any(found[0].casefold() != self.name.casefold() for found in self._pattern.finditer(text))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Every name, the longest first, as one school's name may begin or end with another's."""
        words = "|".join(re.escape(name) for name in sorted({*self.others, self.name}, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)

    def only(self, view: T) -> T:
        """Return a view without any lines or text that name another school."""
        found: T = self._cleaned(view)
        return found

    def _cleaned(self, value: Any) -> Any:  # noqa: ANN401  (any part of a view)
        if isinstance(value, str):
            text = self.shortened(value)
            if self.is_named(text):
                return ""
            return value if text == value else text  # a sentence remembers what it was made from
        if isinstance(value, CauseLine) and self.is_named(value.sentence):
            return replace(value, sentence=ELSEWHERE)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self._cleaned(getattr(value, f.name)) for f in fields(value) if f.init})
        if isinstance(value, tuple):
            return tuple(self._cleaned(one) for one in value if not self._is_dropped(one))
        return value

    def _is_dropped(self, item: Any) -> bool:  # noqa: ANN401
        """Return whether an item of a list (text, a line or a row) names another school."""
        if isinstance(item, CauseLine):
            return False
        if isinstance(item, str):
            return self.is_named(item)
        parts: Iterable[Any] = ()
        if is_dataclass(item) and not isinstance(item, type):
            parts = (getattr(item, f.name) for f in fields(item))
        elif isinstance(item, tuple):
            parts = item
        return any(isinstance(part, str) and self.is_named(part) for part in parts)


OTHER_SCHOOLS = "Other schools"


def effect_for_school(effect: Effect, own: OwnSchool) -> Effect:
    """Return the effect of a change on one school and on the programme; say if it also affects other schools."""
    seen = own.only(effect)
    parts = [part for part in seen.parts if part.lines]
    if seen != effect:
        parts.append(EffectPart(OTHER_SCHOOLS, ("This also changes dates or findings at other schools.",)))
    return replace(seen, parts=tuple(parts))


def own_school_of(definition: Definition, school: str) -> OwnSchool:
    """Return one school of a programme, with what its people are not shown."""
    names = {s.id: s.name for s in definition.schools}
    count = Counter(word for name in names.values() for word in _words(name))
    # Such as `Head of Beech`: the role has a word that only the name of its school has.
    roles = {
        person.role
        for person in definition.people
        if person.school not in (None, school)
        and any(count[word] == 1 for word in _words(person.role) & _words(names.get(person.school or "", "")))
    }
    return OwnSchool(
        school=school,
        name=names.get(school, school),
        others=frozenset({name for id_, name in names.items() if id_ != school} | roles) - {names.get(school, "")},
        other_ids=frozenset(names) - {school},
    )


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))
