"""Names that a person gives, against those that there are: one that nothing has is an `UnknownThingError`."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from changeflow.errors import UnknownThingError

T = TypeVar("T")


def check_known(what: str, name: str | None, known: Iterable[str], *, remedy: str = "") -> None:
    """Refuse a name that is not known; no name is fine. `what` says in the error what was looked for."""
    names = list(known)
    if name is not None and name not in names:
        raise UnknownThingError(what, name, names, remedy=remedy)


def pick(what: str, name: str, known: Mapping[str, T], *, remedy: str = "") -> T:
    """Return the thing that has a name."""
    check_known(what, name, known, remedy=remedy)
    return known[name]
