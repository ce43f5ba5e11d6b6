"""What nudges lead to, by reason and level, over every programme."""

from collections import defaultdict
from datetime import timedelta

from changeflow.agenda.reasons import Gone, NudgeEffect, Reason, effect_of, followed
from changeflow.storage import agenda, answers, facts, versions
from changeflow.storage.database import read_scope


def effects(*, db: str) -> tuple[NudgeEffect, ...]:
    """Return what all nudges that went out led to, over every programme."""
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
