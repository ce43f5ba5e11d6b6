"""Verifying names everything added to the tables, dropped from them or changed, on both databases."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from changeflow.storage import structure
from changeflow.storage.database import engine_for, upgrade
from changeflow.usecases import audit_trail, definitions
from tests.builders import a_folder
from tests.conftest import new_database
from tests.storage.test_upgrade import released

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
ON_BOTH = {
    "CREATE VIEW zz AS SELECT * FROM decision": "there is “view zz”, which changeflow did not make",
    "CREATE TABLE zz (id INTEGER)": "there is a table 'zz', which changeflow did not make",
    "ALTER TABLE decision ADD COLUMN zz TEXT": "the table 'decision' has “zz text”, which changeflow did not make",
    "CREATE INDEX zz ON decision (outcome)": "the table 'decision' has “index zz",
    "DROP INDEX uq_decision_round": "the table 'decision' lacks “unique index uq_decision_round",
    "ALTER TABLE decision RENAME COLUMN outcome TO answer": "the table 'decision' lacks “outcome varchar not null”",
    "DROP TABLE custody": "the table 'custody' is missing",
}
ON_POSTGRESQL = {
    'ALTER TABLE decision ADD COLUMN "Outcome" VARCHAR NOT NULL DEFAULT 1': "the table 'decision' has “Outcome varchar",
    "ALTER TABLE attendance DROP CONSTRAINT uq_attendance_task_person": "the table 'attendance' lacks “unique (",
    "ALTER TABLE decision DROP CONSTRAINT decision_programme_id_fkey": "the table 'decision' lacks “foreign key (",
    "ALTER TABLE decision ALTER COLUMN outcome DROP NOT NULL": "the table 'decision' lacks “outcome varchar not null”",
    "ALTER TABLE decision ALTER COLUMN outcome SET DEFAULT 'approve'": "the table 'decision' has “outcome varchar not",
    "ALTER TABLE decision ALTER COLUMN outcome TYPE TEXT": "the table 'decision' has “outcome text not null”",
    "ALTER TABLE decision ADD CHECK (outcome <> 'reject')": "the table 'decision' has “CHECK (",
    "ALTER TABLE decision ENABLE ROW LEVEL SECURITY": "the table 'decision' has “row-level security”",
    "CREATE POLICY zz ON decision USING (true)": "the table 'decision' has “policy zz”",
    "CREATE RULE zz AS ON DELETE TO decision DO INSTEAD NOTHING": "the table 'decision' has “rule zz”",
    "CREATE TABLE zz () INHERITS (decision)": "the table 'decision' has “a parent or child table”",
    "ALTER TABLE tick SET UNLOGGED": "the table 'tick' has “rows that a crash removes”",
    "ALTER TABLE decision DISABLE TRIGGER ALL": "the table 'decision' has “checks that are switched off”",
    "CREATE MATERIALIZED VIEW zz AS SELECT * FROM decision": "there is “materialized view zz”",
    "DROP INDEX uq_decision_round; CREATE UNIQUE INDEX uq_decision_round ON decision "
    "(programme_id, task, round, attempt) WHERE outcome = 'x'": "the table 'decision' has “unique index uq_decision_",
}


def found(db: str) -> list[str]:
    return [f.what for f in audit_trail.verify(db=db, programme=None, anchor_file=None).verdict.faults]


def outside(db: str, statements: str) -> None:
    with engine_for(db).begin() as connection:
        for statement in statements.split("; "):
            connection.execute(text(statement))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    return db


def test_the_migrations_own_structure_has_no_differences(stored: str):
    assert found(stored) == []


@pytest.mark.slow
def test_an_upgraded_database_has_the_structure_of_a_new_one(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    upgrade(db)
    with engine_for(db).connect() as connection:
        assert structure.differences(connection) == []
    engine_for(db).dispose()


@pytest.mark.slow
@pytest.mark.usual(5)
@pytest.mark.parametrize("statement", ON_BOTH)
def test_a_changed_structure_is_named(stored: str, statement: str):
    outside(stored, statement)
    assert any(what.startswith(ON_BOTH[statement]) for what in found(stored)), found(stored)


@pytest.mark.thorough
@pytest.mark.slow
def test_changes_specific_to_postgresql_are_named(postgres: str, migrated_database: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    for statement, expected in ON_POSTGRESQL.items():
        db = new_database(postgres, copy_of=migrated_database)
        definitions.apply(folder, db=db, actor="chief", now=NOW)
        outside(db, statement)
        assert any(what.startswith(expected) for what in found(db)), (statement, found(db))
        engine_for(db).dispose()
        (folder / ".changeflow.json").unlink(missing_ok=True)
