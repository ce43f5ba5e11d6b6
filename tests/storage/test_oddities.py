"""The audit names values that changeflow cannot have written, and continues after them."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.storage.database import engine_for
from changeflow.usecases import audit_trail, definitions, progress
from changeflow.usecases.unit_of_work import Change
from tests.builders import a_folder

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    change = Change(db=db, programme=None, actor="chief", now=NOW, on=date(2027, 1, 20))
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    progress.finish_task("payroll/requirements", date(2027, 1, 8), date(2027, 1, 4), change)
    return db


def outside(db: str, *statements: str) -> None:
    with Session(engine_for(db)) as session, session.begin():
        for statement in statements:
            session.execute(text(statement))  # type: ignore[call-overload]


def found(db: str) -> list[tuple[str, int | None, str]]:
    verdict = audit_trail.verify(db=db, programme=None, anchor_file=None).verdict
    return [(f.programme, f.number, f.what) for f in verdict.faults]


@pytest.mark.slow
def test_an_untouched_database_has_no_oddities(stored: str):
    assert found(stored) == []


ODD = {
    "at = 'soon'": ("at", False),
    "at = x'00ff'": ("at", False),
    "actor = CAST(x'ff' AS TEXT)": ("actor", False),
    "real_at = 0": ("real_at", False),
    "number = 'two'": ("number", False),
    "programme_id = x'00ff'": ("programme_id", False),
    "subject = x'00ff'": ("subject", True),
    "facts = 1.5": ("facts", True),
}
"""The value written, the column named, and whether the value can be read, so that the hash reveals it too."""


@pytest.mark.usual(4)
@pytest.mark.slow
@pytest.mark.parametrize("change", ODD)
def test_an_impossible_value_in_an_entry_is_named(sqlite: str, tmp_path: Path, change: str):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    engine_for(sqlite).dispose()
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute(f"UPDATE audit SET {change}")
        connection.commit()
    for name in ([], ["--programme", "small"]):
        said = CliRunner().invoke(app, ["audit", "verify", "--db", sqlite, *name])
        assert (said.exit_code, "Traceback" in said.output) == (3, False), said.output
        assert "all in order" not in said.output
    what = [what for *_, what in found(sqlite)]
    assert f"row 1 of 'audit' has a value in '{ODD[change][0]}' that changeflow cannot have written" in what
    assert ("its content was changed" in what) is ODD[change][1]
    shown = CliRunner().invoke(app, ["audit", "show", "--db", sqlite])
    assert shown.exception is None or isinstance(shown.exception, SystemExit), shown.exception


@pytest.mark.slow
def test_an_impossible_value_in_a_row_is_named(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    engine_for(sqlite).dispose()
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("UPDATE version SET created_at = 'soon'")
        connection.commit()
    assert found(sqlite) == [
        ("small", None, "row 1 of 'version' has a value in 'created_at' that changeflow cannot have written")
    ]


@pytest.mark.slow
def test_a_disguised_value_is_named(sqlite: str, tmp_path: Path):
    """2 is read as true, and a day without zeros as that day, so the digest still matches the seal."""
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    for change, name in (
        ("contact SET is_active = 2 WHERE person = 'lead'", "row small/lead of 'contact' has a value in 'is_active'"),
        ("programme SET created_at = replace(created_at, ' ', 'T')", "row small of 'programme' has a value in"),
    ):
        outside(sqlite, f"UPDATE {change}")
        assert any(what.startswith(name) for *_, what in found(sqlite)), found(sqlite)


@pytest.mark.slow
def test_an_impossible_moment_is_named_on_postgresql(db: str, tmp_path: Path):
    if not db.startswith("postgresql"):
        return
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    outside(db, "UPDATE audit SET real_at = 'infinity'")
    [(programme, number, what)] = found(db)
    assert (programme, number) == ("small", 1)
    assert what == "row 1 of 'audit' has a value in 'real_at' that changeflow cannot have written"
    engine_for(db).dispose()


@pytest.mark.slow
def test_a_trigger_that_changes_rows_is_named(stored: str):
    """Rows are sealed after the trigger has changed them, so the chain alone does not reveal it."""
    if stored.startswith("sqlite"):
        outside(
            stored,
            "CREATE TRIGGER later AFTER INSERT ON progress BEGIN "
            "UPDATE progress SET by = 'lead' WHERE id = NEW.id; END",
        )
    else:
        outside(
            stored,
            "CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.by := ''lead''; RETURN NEW; END'",
            "CREATE TRIGGER later BEFORE INSERT ON progress FOR EACH ROW EXECUTE FUNCTION later()",
        )
    change = Change(db=stored, programme=None, actor="chief", now=NOW, on=date(2027, 1, 20))
    progress.finish_task("payroll/ash/train", date(2027, 1, 14), date(2027, 1, 5), change)
    assert found(stored) == [("", None, "the table 'progress' has “trigger later”, which changeflow did not make")]
