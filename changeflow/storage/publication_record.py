"""The record of publications, outside the database: a restored copy must not publish a round differently.

Each publication has two lines. The first is written before its transaction commits: the database, programme and
content, the people in each group, the counted answers, and these people's addresses as keyed hashes. The second
confirms the commit; without it the first does not count. Lines are only ever added.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from changeflow.adkar.published import Snapshot
from changeflow.errors import InputError
from changeflow.storage import audit, custody, persons, publications, versions
from changeflow.storage.custody import MachineState, read_lines
from changeflow.storage.database import after_commit, before_commit, count_touched, name_of, url_of
from changeflow.storage.publications import Kept, PublishedGroup
from changeflow.storage.tables.facts import AssessmentRow

_WHAT = "record of publications"
_REMEDY = "Restore it from a copy. If there is none, move it away; publications from before a restore are then unknown."
_Line = dict[str, Any]


def note(
    session: Session,
    programme: str,
    snapshot: Snapshot,
    groups: Sequence[PublishedGroup],
    counted: Iterable[Kept],
    *,
    at: datetime,
) -> None:
    """Record a publication when its transaction commits; if that fails, the transaction does not commit."""
    state, people = MachineState(url_of(session)), {person for g in groups for person in (*g.people, *g.silent)}
    line: dict[str, object] = {
        "publication": secrets.token_hex(8),
        "at": at.isoformat(),
        **_database(session, state),
        "programme": programme,
        "content": json.loads(publications.content_of(snapshot)),
        "groups": [[g.view, g.group, publications.written(g)] for g in groups],
        "answers": [[k.answer.round, k.answer.person, k.revision] for k in counted],
        "known": [[person, address] for person, address in persons.seen(session, programme) if person in people],
    }
    before_commit(session, lambda: state.append(state.publications, line))
    after_commit(session, lambda: _confirm(state, [line]))


def put_back(session: Session, state: MachineState, *, now: datetime) -> int:
    """Restore publications that a database has lost; return their number.

    Do this before recording anything else, so that remaining answers are linked to the publications that counted them.
    Programmes that the database does not have are skipped.
    """
    mine, committed = _database(session, state), set[str]()
    found: list[_Line] = []
    for line in read_lines(state.publications, _WHAT, _is_one, remedy=_REMEDY):
        if "committed" in line:
            committed.add(line["committed"])
        elif {name: line[name] for name in mine} == mine:
            found.append(line)
    if not found:
        return 0
    stored = {(p.programme, p.snapshot.round) for p in publications.all_publications(session)}
    _confirm(state, [x for x in found if _key(x) in stored and x["publication"] not in committed])
    programmes = set(versions.programme_ids(session))
    missing = {
        _key(line): line
        for line in found
        if line["publication"] in committed and _key(line) not in stored and line["programme"] in programmes
    }
    for programme in sorted({programme for programme, _ in missing}):
        versions.lock_programme(session, programme)
    for line in missing.values():
        _add(session, line, now=now)
    session.flush()
    return len(missing)


def _add(session: Session, line: _Line, *, now: datetime) -> None:
    programme, snapshot = line["programme"], publications.snapshot_of(json.dumps(line["content"]))
    number = publications.add_snapshot(session, programme, snapshot, at=datetime.fromisoformat(line["at"]))
    groups = [publications.group_of(number, view, group, people) for view, group, people in line["groups"]]
    publications.add_groups(session, programme, groups)
    persons.add(session, programme, [(person, address) for person, address in line["known"]])
    for round_, person, revision in line["answers"]:
        own = (
            col(AssessmentRow.programme_id) == programme,
            col(AssessmentRow.round) == round_,
            col(AssessmentRow.person) == person,
            col(AssessmentRow.revision) == revision,
            col(AssessmentRow.publication).is_(None),
        )
        count_touched(session, update(AssessmentRow).where(*own).values(publication=number))
    audit.append(session, programme, at=now, actor="system", action="publish:again", subject=f"round:{snapshot.round}")


def _key(line: _Line) -> tuple[str, str]:
    return line["programme"], line["content"]["round"]


def _database(session: Session, state: MachineState) -> dict[str, object]:
    """Return an identifier of this database, which differs from those of copies under other names."""
    return {"database": custody.read(session).identity, "name": name_of(state.url)}


def _confirm(state: MachineState, committed: Iterable[_Line]) -> None:
    """Confirm committed publications; if writing fails now, the next publication confirms them."""
    with suppress(InputError):
        for line in committed:
            state.append(state.publications, {"committed": line["publication"]})


def _is_one(line: _Line) -> bool:
    if "committed" in line:
        return isinstance(line["committed"], str)
    texts = (
        line["publication"],
        line["database"],
        line["name"],
        line["programme"],
        line["at"],
        line["content"]["round"],
    )
    return all(isinstance(t, str) for t in texts) and all(
        isinstance(line[name], list) for name in ("groups", "answers", "known")
    )
