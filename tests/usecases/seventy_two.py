"""Seventy-two people: six roles of eleven, five of each with a barrier at awareness, and six people without a role who
all have one.

Five roles together hold at most 5 x 5 = 25 with a barrier; if the sixth showed as well, 36 - 6 x 5 = 6 would name the
six without a role. So one role is hidden, and must stay so.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from changeflow.adkar.published import Snapshot, Standing
from changeflow.storage import publications
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.unit_of_work import Change
from tests.builders import PEOPLE

ROLES, SIZE, STUCK, WITHOUT = 6, 11, 5, 6
Staff = list[dict[str, str]]


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


def staff() -> Staff:
    with_role = [
        {"id": f"p{role}-{n}", "groups": f"role-{role}", "awareness": "2" if n < STUCK else "5"}
        for role in range(ROLES)
        for n in range(SIZE)
    ]
    without = [{"id": f"q-{n}", "groups": "", "awareness": "2"} for n in range(WITHOUT)]
    return [{**one, "email": f"{one['id']}@example.org"} for one in (*with_role, *without)]


def store(trust: Path, db: str, people: Sequence[dict[str, str]], day: int) -> None:
    """Store the programme with these people on a day of January, or a later one."""
    known = PEOPLE.splitlines()
    head = [*known[0].split(","), "joins", "leaves"]
    lines = [",".join({**one, "name": one["id"], "role": "Staff"}.get(h, "") for h in head) for one in people]
    runs_it = [f"{line},," for line in known[1:]]
    (trust / "people.csv").write_text("\n".join([",".join(head), *runs_it, *lines]) + "\n")
    definitions.apply(trust, db=db, actor="chief", now=at(day))


def ask(
    folder: Path, db: str, people: Sequence[dict[str, str]], day: int, *, programme: str = "small"
) -> dict[str, Standing]:
    """Import everyone's answers; return what is published of each role."""
    on = date(2027, 1, day)
    file = folder / f"answers-{day}-{len(list(folder.glob('answers-*')))}.csv"
    lines = [f"{one['id']},{on},{one['awareness']},5,5,5,,self" for one in people]
    file.write_text("\n".join(["person,on,awareness,desire,knowledge,ability,reinforcement,evidence", *lines]) + "\n")
    import_assessments(file, Change(db=db, programme=programme, actor="chief", now=at(day), on=on))
    return {s.group: s for s in latest(db, programme).standings if s.view == "group"}


def latest(db: str, programme: str = "small") -> Snapshot:
    with session_scope(db) as session:
        return publications.snapshots(session, programme)[-1]


def hidden(published: dict[str, Standing]) -> set[str]:
    return {name for name, standing in published.items() if standing.held is None}
