"""Publications, kept outside the database: a restored copy must not publish a round again, in other groups.

One line a publication, as it was committed: in which database, of which programme, what it says, who was in which
group, and under which addresses (keyed hashes) they were known. Lines are only ever added.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from changeflow.adkar.published import Snapshot
from changeflow.storage import audit, custody, known_people, lines, publications, versions
from changeflow.storage.database import before_commit, url_of
from changeflow.storage.publications import PublishedGroup
from changeflow.storage.state import State
from changeflow.storage.tables.facts import AssessmentRow

_WHAT = "record of publications"


def note(
    session: Session, programme: str, snapshot: Snapshot, groups: Sequence[PublishedGroup], *, at: datetime
) -> None:
    """Write a publication down when its transaction commits; where that cannot be done, nothing is committed."""
    people = {person for g in groups for person in (*g.people, *g.silent)}
    line: dict[str, object] = {
        "at": at.isoformat(),
        "database": custody.read(session).identity,
        "programme": programme,
        "content": json.loads(publications.content_of(snapshot)),
        "groups": [[g.view, g.group, publications.written(g)] for g in groups],
        "known": [[person, address] for person, address in known_people.seen(session, programme) if person in people],
    }
    state = State(url_of(session))
    before_commit(session, lambda: lines.append(state, state.publications, line))


def put_back(session: Session, state: State, *, now: datetime) -> int:
    """Take in again what a database has published and does not know of; return how many publications that were.

    Answers that it still has and that a publication counted count as counted by it; of others it is known only that
    they were. A programme that the database does not have is left out.
    """
    identity = custody.read(session).identity
    missing = [line for line in _lines(state) if line["database"] == identity]
    if not missing:
        return 0
    stored = {(p.programme, p.snapshot.round) for p in publications.all_publications(session)}
    programmes, count = set(versions.programme_ids(session)), 0
    for line in missing:
        programme, content = line["programme"], json.dumps(line["content"])
        snapshot = publications.snapshot_of(content)
        if programme not in programmes or (programme, snapshot.round) in stored:
            continue
        stored.add((programme, snapshot.round))
        number = publications.add_snapshot(session, programme, snapshot, at=datetime.fromisoformat(line["at"]))
        groups = [publications.group_of(number, view, group, people) for view, group, people in line["groups"]]
        publications.add_groups(session, programme, groups)
        known_people.add(session, programme, [(person, address) for person, address in line["known"]])
        _mark_counted(session, programme, snapshot.round, groups, number)
        audit.append(
            session, programme, at=now, actor="system", action="publish:again", subject=f"round:{snapshot.round}"
        )
        count += 1
    session.flush()
    return count


def _mark_counted(session: Session, programme: str, round_: str, groups: Sequence[PublishedGroup], number: int) -> None:
    people = sorted({person for g in groups for person in g.people})
    statement = (
        update(AssessmentRow)
        .where(
            col(AssessmentRow.programme_id) == programme,
            col(AssessmentRow.round) == round_,
            col(AssessmentRow.publication).is_(None),
            col(AssessmentRow.person).in_(people),
        )
        .values(publication=number)
    )
    session.exec(statement.execution_options(synchronize_session=False))


def _lines(state: State) -> list[dict[str, Any]]:
    def is_one(line: dict[str, Any]) -> bool:
        texts = (line["database"], line["programme"], line["at"])
        return all(isinstance(t, str) for t in texts) and isinstance(line["groups"], list) and bool(line["content"])

    return list(lines.read(state.publications, _WHAT, is_one))
