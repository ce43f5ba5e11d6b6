"""The pages for data protection in words: requests with the last day to answer, and what an erasure removes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.phrases import capitalised
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import DataRequestKind, ErasureGround

KINDS: Mapping[DataRequestKind, str] = {
    DataRequestKind.ACCESS: "A copy of their data",
    DataRequestKind.CORRECTION: "A correction",
    DataRequestKind.ERASURE: "Erasure",
    DataRequestKind.OBJECTION: "An objection",
}
"""What people ask for."""
GROUNDS: Mapping[ErasureGround, str] = {
    ErasureGround.NOT_NEEDED: "We no longer need the data",
    ErasureGround.CONSENT: "They have withdrawn their consent",
    ErasureGround.OBJECTED: "They object, and we have no overriding reason to keep the data",
    ErasureGround.UNLAWFUL: "We should not have stored the data",
    ErasureGround.LEGAL: "The law requires us to erase the data",
}
"""Why data is erased."""
_REMOVED: Mapping[str, str] = {
    "contact details": "Their name, address, language and absences",
    "assessments": "Their assessment scores",
    "attendance": "Their attendance at training",
    "answers": "Their answers to messages",
    "links": "Links in messages to them",
    "invitations": "Invitations to sign in",
    "sessions": "Signed-in browsers",
    "comments": "The text of their comments",
    "preferences": "Their choice of messages",
    "accounts": "Accounts",
    "forms that were not saved": "Forms that they have not saved",
    "calculations": "Every calculation of the programme, because results may name people. They can be repeated",
    "uploaded ledgers": "Every uploaded output of a parallel run, because it may name people",
}
"""What an erasure removes, by the names that it uses."""
_HISTORY = "It is part of the programme’s history. The person’s id remains in it, as a pseudonym."
_STAYS: Mapping[str, str] = {
    "entries in the record": "The record must stay complete. The person’s id remains in it, as a pseudonym.",
    "comments they wrote": "Only the fact that they commented stays. The text is erased.",
    "messages to them": "Only the dates of messages stay. The text is erased.",
    "items due from them": "Only the dates on which something was due stay.",
    "issued reports that name them": "Issued reports cannot change. They no longer show the person’s name.",
    "groups they were counted in": (
        "Published results identify no one. Without the list of who was counted, later results could identify others."
    ),
    "addresses they have had, as keyed hashes": "They stop an import from bringing the person back.",
    "requests about their data": "They show that you answered in time. They are deleted some years after the answer.",
    "evidence they added": "Decisions depend on it. To delete a file, withdraw the evidence first.",
}
"""Why some records stay. Everything else is part of the programme's history."""
_RENAMED: Mapping[str, str] = {
    "entries of the audit": "entries in the record",
    "nudges": "messages to them",
    "due things": "items due from them",
    "addresses they were known under, as keyed hashes": "addresses they have had, as keyed hashes",
}
"""Kinds of record that pages call something else than exports."""
SOON = 7
"""Within how many days of its last day a request is marked: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request."""

    number: int
    person: str
    title: str
    has_page: bool
    """Whether data about the person is still stored. An erasure leaves only their requests."""
    kind: str
    received: str
    due: str
    """The last day to answer it."""
    status: str
    """How long is left; for an answered request, when it was answered."""
    level: str
    """The kind of badge: `block` if it is overdue, `warn` within a week, `done` once answered, or else `info`."""
    recorded_by: str
    extended: str
    """The day on which the person was told that it takes longer; empty if they were not."""
    longer: str
    """The last day to answer if the time is extended; empty if it cannot be any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPersonLine:
    """A person whose data is stored."""

    person: str
    title: str
    is_listed: bool
    """Whether they are in the programme's list of people."""
    waiting: int
    """The number of their requests that are not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureLines:
    """What an erasure removes, and what stays: each a text with a count or a reason."""

    removed: tuple[tuple[str, int], ...]
    stays: tuple[tuple[str, int, str], ...]


def status_of(due: date, answered: date | None, today: date) -> tuple[str, str]:
    """Return how long is left to answer a request, and the kind of badge."""
    if answered is not None:
        if (late := (answered - due).days) > 0:
            return f"answered {counted(late, 'day')} late, on {format_day(answered)}", "warn"
        return f"answered on {format_day(answered)}", "done"
    left = (due - today).days
    if left < 0:
        return f"{counted(-left, 'day')} overdue", "block"
    return ("due today" if left == 0 else f"{counted(left, 'day')} left"), "warn" if left <= SOON else "info"


def erasure_lines(removed: Mapping[str, int], stays: Mapping[str, int]) -> ErasureLines:
    """Write what an erasure removes and what stays, without what is empty."""
    named = {_RENAMED.get(what, what): count for what, count in stays.items()}
    return ErasureLines(
        removed=tuple((_REMOVED[what], count) for what, count in removed.items() if count),
        stays=tuple((capitalised(what), count, _STAYS.get(what, _HISTORY)) for what, count in named.items()),
    )
