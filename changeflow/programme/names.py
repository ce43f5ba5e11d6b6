"""How text for readers names people: by name if people.csv has it, otherwise by role.

Names are contact details. They are never part of a definition or a fact, and no name is stored in any text.
"""

import re
from collections.abc import Iterable, Mapping

from changeflow.adkar.people import Contact
from changeflow.programme.definition import Definition
from changeflow.values.sentences import Sentence, sentence

NO_ONE = "no one"
OPENS, CLOSES, FILLER = "\ue000", "\ue001", "\ue002"
"""Private-use characters in stored texts: two around the id of a person to be named, and one for each further word of
the name."""
STAND_IN = re.compile(f"{OPENS}([^{CLOSES}]*){CLOSES}(?: {FILLER})*")


def stand_in(person: str, name: str) -> str:
    """Return the replacement for a person's name in a stored text, with as many words as the name.

    >>> len(stand_in("lead", "A Named Person").split())
    3
    """
    return f"{OPENS}{person}{CLOSES}" + f" {FILLER}" * (len(name.split()) - 1)


def names_in(definition: Definition, contacts: Iterable[Contact]) -> dict[str, str]:
    """Return people's names by id, without titles: the person's role, or the role with a place."""
    roles = {p.id: p.role for p in definition.people}
    return {c.person: c.name for c in contacts if c.person in roles and not _is_title(c.name, roles[c.person])}


def _is_title(name: str, role: str) -> bool:
    """Tell whether what should be a name only repeats the role: `Headteacher` or `Headteacher, Ash School`."""
    return name == role or name.startswith(f"{role},")


def with_place(title: str, place: str | None) -> str:
    """Add a school or hub to a title, unless the title has it already.

    >>> with_place("Headteacher", "Ash School"), with_place("Change Lead, North hub", "north")
    ('Headteacher, Ash School', 'Change Lead, North hub')
    """
    return title if not place or place.casefold() in title.casefold() else f"{title}, {place}"


def person_in_words(definition: Definition, names: Mapping[str, str], person: str | None) -> str:
    """Name a person in a list or cell: their name and role, or else the role and school, or else the id."""
    if person is None:
        return NO_ONE
    role = definition.role_of(person)
    if not role:
        return person
    return f"{names[person]}, {role}" if person in names else with_place(role, definition.school_of(person))


def person_in_a_sentence(definition: Definition, names: Mapping[str, str], person: str | None) -> str:
    """Name a person in a sentence: their name with the role in brackets, or else “the” role and the school, or else
    the id."""
    if person is None:
        return NO_ONE
    role = definition.role_of(person)
    if not role:
        return person
    return f"{names[person]} ({role})" if person in names else the_role(role, definition.school_of(person))


def the_role(role: str, school: str | None = None) -> Sentence:
    """Name a person in a sentence by their role, and their school unless the role has it.

    >>> the_role("Headteacher", "Ash School"), the_role("Headteacher of Ash School", "Ash School")
    ('the Headteacher at Ash School', 'the Headteacher of Ash School')
    """
    if school is None or with_place(role, school) == role:
        return sentence("the %(role)s", role=role)
    return sentence("the %(role)s at %(school)s", role=role, school=school)


def begin(text: str) -> str:
    """Return a person's name for the beginning of a sentence: “The Headteacher has signed.”

    >>> begin("the Headteacher"), begin("A. Person (Headteacher)")
    ('The Headteacher', 'A. Person (Headteacher)')
    """
    if isinstance(text, Sentence):
        if "school" in text.values:
            return sentence("The %(role)s at %(school)s", **text.values)
        return sentence("The %(role)s", **text.values)
    return f"T{text[1:]}" if text.startswith("the ") else text
