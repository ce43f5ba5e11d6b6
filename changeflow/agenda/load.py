"""Too much at once: whoever is asked for many things gets a conversation instead of more messages."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from changeflow.agenda.due import TO_SRO, Due, Readers
from changeflow.agenda.reasons import Reason
from changeflow.programme.programme import Programme

CONVERSATION = "conversation/"
FRIDAY = 4


def conversations(programme: Programme, due: Iterable[Due], *, today: date, readers: Readers) -> Iterator[Due]:
    """Ask managers, once a week each, to talk with whoever of theirs is asked for many things at once.

    Counted is what is asked of them, never what they scored or did not answer; the number is of the rulepack `nudges`.
    """
    many = programme.rulepacks.number("nudges", "saturated_from", on=today)
    loads = Counter(thing.asked for thing in due if thing.level < TO_SRO)
    by_friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7)
    for person in programme.definition.people:
        to = person.manager
        if to is None or loads[person.id] < many or not readers.is_here(to) or not readers.is_here(person.id):
            continue
        subject = f"{CONVERSATION}{person.id}"
        if not readers.answers.is_done(subject, to, by_friday):
            yield Due(
                reason=Reason.CONVERSATION, subject=subject, person=to, level=0, due_on=by_friday, priority=0, asked=to
            )
