"""What is unknown about a folder because parts of it are wrong, so that consequences are not reported as well.

No mistake hides another: wrong parts are left out and the rest is checked. A name written in such a part may be the one
that is missing elsewhere, so it is not reported as a separate mistake.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from changeflow.programme.references import DefinitionError, Place

_QUOTED = re.compile(r"'([^']*)'")
_WORD = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
MISSING = ("There is no ", "No task ", "No wave ")
"""How messages about unknown names begin."""
IN_MESSAGES = {"person": ("person", "manager", "successor", "group"), "waves": ("wave",)}
"""The words for a kind of thing in messages, if they differ from its name."""


@dataclass(slots=True)
class Doubts:
    """The parts that were left out: their words and their places."""

    words: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    """Kinds of things whose list may be incomplete: `school`, `person`, `wave`."""
    services: set[str] = field(default_factory=set)
    """Services whose steps are unknown."""
    places: set[Place] = field(default_factory=set)
    """The places from which something was left out."""

    def add_words(self, texts: Iterable[str]) -> None:
        """Remember the names written in a part that is left out."""
        for text in texts:
            self.words |= {word.casefold() for word in (text.strip(), *_WORD.findall(text))}

    def has_word(self, text: str) -> bool:
        return any(part.casefold() in self.words for part in (text, *_WORD.findall(text)))

    def cover_name(self, what: str) -> bool:
        """Return whether a message names something that was left out, or a kind of thing whose list may be
        incomplete."""
        names = _QUOTED.findall(what)
        if any(self.has_word(name) or name.partition("/")[0] in self.services for name in names):
            return True
        kind_of_thing = what.partition("'")[0] if what.startswith(MISSING) else ""
        return any(word in kind_of_thing for kind in self.kinds for word in IN_MESSAGES.get(kind, (kind,)))

    def is_about_a_name(self, error: DefinitionError) -> bool:
        return error.what.startswith(MISSING)

    def cover(self, error: DefinitionError, file: str) -> bool:
        """Return whether an error in a file may be only a consequence of what was left out."""
        if self.cover_name(error.what):
            return True
        path = error.place.path
        if path[:1] == ("tasks",) and error.place.file.removeprefix("service:") in self.services:
            return True
        if "calendar" in self.kinds and " needs " in error.what:
            return True
        if self.is_about_a_name(error):
            return False
        # The place is around what was left out, or next to it.
        return any(p.file == file and (p.path[: len(path)] == path or p.path[:-1] == path[:-1]) for p in self.places)
