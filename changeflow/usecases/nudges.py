"""Answers to nudges, and the effect of nudges across all programmes."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from changeflow.agenda.due import AnswerKind
from changeflow.agenda.reasons import Gone, NudgeEffect, Reason, effect_of, followed
from changeflow.programme.names import names_in, person_in_words
from changeflow.storage import agenda, answers, facts, versions
from changeflow.storage.database import read_scope
from changeflow.usecases.authority import note_look
from changeflow.usecases.stored import known_until
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action


def answered(*, db: str, programme: str | None, now: datetime | None = None, actor: str | None = None) -> Iterator[str]:
    """Yield who answered what, but never who did not answer. The audit records the reading, at `now`."""
    with read_scope(db) as session:
        for name in [programme] if programme else versions.programme_ids(session):
            definition = versions.required(session, name).definition
            names = names_in(definition, versions.contacts(session, name).values())
            kept = list(answers.listed(session, name, until=known_until(session, name)))
            if kept and now is not None:
                note_look(definition, actor, Action.READ_ANSWERS, "answers", db=db, now=now, names=names)
            for answer, text, at in kept:
                who = person_in_words(definition, names, answer.person)
                more = {
                    AnswerKind.NOT_YET: f" by {format_day(answer.until)}" if answer.until else "",
                    AnswerKind.DELEGATED: f" to {person_in_words(definition, names, answer.to)}" if answer.to else "",
                }.get(answer.kind, "")
                words = f": {text}" if text else ""
                what = answer.kind.replace("_", " ")
                yield f"{format_day(local_day(at))}  {who}  {answer.subject}  {what}{more}{words}"


def effects(*, db: str) -> tuple[NudgeEffect, ...]:
    """Return the effects of all nudges sent, across all programmes."""
    found: dict[tuple[Reason, int], list[tuple[Gone, timedelta | None]]] = defaultdict(list)
    with read_scope(db) as session:
        for name in versions.programme_ids(session):
            moments = answers.moments(session, name)
            for task, at in facts.finished_at(session, name):
                moments.setdefault(task, []).append(at)
            for gone, after in followed(agenda.gone(session, name), moments):
                found[Reason(gone.reason), gone.level].append((gone, after))
    order = list(Reason)
    return tuple(effect_of(*key, found[key]) for key in sorted(found, key=lambda k: (order.index(k[0]), k[1])))
