"""What people answered to nudges, and what follows: who is asked now, and until when nobody is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from changeflow.errors import InputError


class AnswerKind(StrEnum):
    """What a person can say to a nudge."""

    ACKNOWLEDGED = "acknowledged"
    """Seen, and in hand: no reminder more for this due day. That it is late may still be said to others."""
    DONE = "done"
    NOT_YET = "not_yet"
    """Done by a later day, which is when reminders begin again."""
    BLOCKED = "blocked"
    """Something stands in the way: the programme office hears of it, and reminders rest for a while."""
    DELEGATED = "delegated"
    """Somebody else is asked from now on."""


FARTHEST_DAYS = 366
"""A day farther away than a year is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, of one person, to one thing that is due on one day."""

    person: str
    subject: str
    due_on: date
    kind: AnswerKind
    on: date
    until: date | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """All answers of a programme, in the order in which they came."""

    all: tuple[Answer, ...] = ()

    def about(self, subject: str, person: str) -> tuple[Answer, ...]:
        return tuple(a for a in self.all if a.subject == subject and a.person == person)

    def asked_now(self, subject: str, owner: str) -> str:
        """Return who is asked: the owner, or whom they passed it on to, and so on."""
        passed = {a.person: a.to for a in self.all if a.subject == subject and a.kind is AnswerKind.DELEGATED and a.to}
        seen = {owner}
        while (after := passed.get(owner)) is not None and after not in seen:
            seen.add(after)
            owner = after
        return owner

    def promised(self, subject: str, person: str) -> date | None:
        """Return the day by which a person said it would be done; the latest promise counts."""
        days = [a.until for a in self.about(subject, person) if a.kind is AnswerKind.NOT_YET and a.until]
        return days[-1] if days else None

    def is_acknowledged(self, subject: str, person: str, due_on: date) -> bool:
        return any(a.kind is AnswerKind.ACKNOWLEDGED and a.due_on == due_on for a in self.about(subject, person))

    def is_done(self, subject: str, person: str, due_on: date) -> bool:
        """Tell whether a person did what they were asked beside their tasks; that a task is done, progress says."""
        return any(a.kind is AnswerKind.DONE and a.due_on == due_on for a in self.about(subject, person))

    def last_block(self, subject: str, person: str) -> date | None:
        """Return the day on which a person last said that something stands in the way."""
        days = [a.on for a in self.about(subject, person) if a.kind is AnswerKind.BLOCKED]
        return days[-1] if days else None


def check_postponing(
    answers: GivenAnswers, subject: str, person: str, until: date, *, today: date, at_most: int
) -> None:
    """Refuse a day that has passed, one that is years away, and putting off more than `at_most` times."""
    if until <= today:
        raise InputError(f"{until:%d %B %Y} has passed. Give a day after today, or say that it is done.")
    if (until - today).days > FARTHEST_DAYS:
        raise InputError(
            f"{until:%d %B %Y} is more than a year away. Give a nearer day, or say what stands in the way."
        )
    before = sum(a.kind is AnswerKind.NOT_YET for a in answers.about(subject, person))
    if before >= at_most:
        raise InputError("This has been put off often enough. Please say what stands in the way: it is time to talk.")


def check_passing_on(answers: GivenAnswers, subject: str, person: str, to: str, people: Iterable[str]) -> None:
    """Refuse to pass something on to oneself, to nobody known, or to whoever has passed it on before."""
    if to not in set(people):
        raise InputError("Choose somebody of the list: nobody of that name has a part in this programme.")
    passed = {a.person for a in answers.all if a.subject == subject and a.kind is AnswerKind.DELEGATED}
    if to == person or to in passed:
        raise InputError("They have passed it on themselves. Choose somebody else, or say what stands in the way.")
