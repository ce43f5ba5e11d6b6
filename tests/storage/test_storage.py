"""Stored data is read back unchanged, on SQLite and PostgreSQL, and nothing is stored partially."""

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, col, select, update

from changeflow.errors import (
    ActorMissingError,
    CheckFailedError,
    ConflictError,
    DatabaseUrlError,
    InputError,
    NewerDatabaseError,
    UnknownThingError,
)
from changeflow.programme.definition import Definition
from changeflow.storage import migrations, versions
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.tables.audit import AuditRow
from changeflow.storage.tables.every_table import metadata
from changeflow.usecases import baselines, definitions, progress, waivers
from changeflow.usecases.export import export_folder
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.finding import Waiver
from tests import audited
from tests.apart import APART
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder
from tests.waiting import PATIENCE

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
ON = date(2027, 1, 4)


def apply(folder: Path, db: str, **more: object) -> int:
    return definitions.apply(folder, db=db, actor="chief", now=NOW, **more)  # type: ignore[arg-type]


def change(db: str, *, on: date = ON, actor: str | None = "chief") -> Change:
    return Change(db=db, programme=None, actor=actor, now=NOW, on=on)


def audit_actions(db: str) -> list[str]:
    with session_scope(db) as session:
        return [action for _, _, _, action, _ in audited.entries(session, "small")]


@pytest.mark.usual(1)
@pytest.mark.slow
def test_a_definition_comes_back_as_it_was(empty_db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    difference = definitions.difference(folder, db=empty_db)
    assert (difference.is_new, difference.number) == (True, 1)
    assert apply(folder, empty_db) == 1
    with session_scope(empty_db) as session:
        stored = load(session, None, on=ON)
        before = versions.required(session, "small").definition
        forecast = versions.latest_forecast(session, "small")
    assert before == Definition.model_validate_json(before.canonical())
    assert stored.contacts["lead"].email == "lead@example.org"
    assert forecast is not None
    assert len(forecast.dates) == len(stored.programme.roadmap.tasks)
    assert "lead@example.org" not in before.canonical(), "contact details are kept apart"


@pytest.mark.slow
def test_applying_an_unchanged_folder_stores_nothing(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    apply(folder, db)
    assert definitions.difference(folder, db=db).is_same
    assert apply(folder, db) == 1
    assert audit_actions(db) == ["apply"]


@pytest.mark.slow
def test_a_changed_folder_becomes_the_next_version_and_the_difference_shows_moved_dates(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    apply(folder, db)
    a_folder(folder, service=SERVICE + "tasks:\n  requirements: {duration: 15d}\n")
    difference = definitions.difference(folder, db=db)
    assert difference.number == 2
    # Ten more working days are two weeks.
    assert next(m for m in difference.moved if m.task == "payroll/requirements").minutes == 14 * 1440
    assert apply(folder, db) == 2


@pytest.mark.slow
def test_a_folder_made_from_an_older_version_is_refused(db: str, tmp_path: Path):
    mine, theirs = a_folder(tmp_path / "mine"), a_folder(tmp_path / "theirs")
    apply(mine, db)
    export_folder(tmp_path / "copy", db=db, programme=None, on=ON)
    a_folder(tmp_path / "copy", service=SERVICE + "tasks:\n  requirements: {duration: 6d}\n")
    assert apply(tmp_path / "copy", db) == 2
    for stale in (mine, theirs):
        a_folder(stale, service=SERVICE + "tasks:\n  requirements: {duration: 7d}\n")
        with pytest.raises(ConflictError, match="version 2 is the latest") as caught:
            apply(stale, db)
        assert caught.value.exit_code == 5
    with session_scope(db) as session:
        assert versions.required(session, "small").number == 2


def test_an_actor_is_required_and_must_be_known(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    with pytest.raises(ActorMissingError):
        definitions.apply(folder, db=db, actor=None, now=NOW)
    with pytest.raises(UnknownThingError, match="Did you mean 'chief'"):
        definitions.apply(folder, db=db, actor="cheif", now=NOW)


@pytest.mark.slow
def test_a_crash_during_apply_changes_nothing(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = a_folder(tmp_path / "trust")
    apply(folder, db)
    a_folder(folder, service=SERVICE + "tasks:\n  requirements: {duration: 6d}\n")

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("changeflow.usecases.definitions.store_forecast", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        apply(folder, db)
    monkeypatch.undo()
    with session_scope(db) as session:
        assert versions.required(session, "small").number == 1
        assert audited.verify(session) == (1, [])
    assert apply(folder, db) == 2, "and the same folder can be stored afterwards"


def _apply_many(folder: str, db: str, results: "multiprocessing.Queue[str]") -> None:
    try:
        results.put(f"stored {apply(Path(folder), db)}")
    except ConflictError:
        results.put("refused")


@pytest.mark.thorough
@pytest.mark.slow
def test_one_of_two_simultaneous_versions_is_refused(empty_db: str, tmp_path: Path):
    folders = [a_folder(tmp_path / name) for name in ("one", "two")]
    a_folder(folders[1], service=SERVICE + "tasks:\n  requirements: {duration: 9d}\n")
    results = APART.Queue()
    workers = [APART.Process(target=_apply_many, args=(str(f), empty_db, results)) for f in folders]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
        assert worker.exitcode == 0
    found = sorted(results.get(timeout=PATIENCE) for _ in workers)
    assert found == ["refused", "stored 1"]
    with session_scope(empty_db) as session:
        assert versions.required(session, "small").number == 1


@pytest.mark.slow
def test_a_writer_that_waits_too_long_gets_a_clear_error(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0)
    folder = a_folder(tmp_path / "trust")
    apply(folder, sqlite)
    engine_for(sqlite).dispose()
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    a_folder(folder, service=SERVICE + "tasks:\n  requirements: {duration: 6d}\n")
    with pytest.raises(ConflictError, match="Another process is writing"):
        apply(folder, sqlite)
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.slow
def test_progress_moves_the_forecast_and_repeating_it_changes_nothing(db: str, tmp_path: Path):
    apply(a_folder(tmp_path / "trust"), db)
    later = change(db, on=date(2027, 1, 20))
    assert progress.finish_task("payroll/requirements", date(2027, 1, 15), date(2027, 1, 4), later) == 1
    assert progress.finish_task("payroll/requirements", date(2027, 1, 15), date(2027, 1, 4), later) == 0
    with session_scope(db) as session:
        stored = load(session, None, on=date(2027, 1, 20))
    done = stored.programme.roadmap.progress["payroll/requirements"]
    assert done.is_done
    assert audit_actions(db) == ["apply", "progress"]


@pytest.mark.slow
def test_a_task_with_progress_is_dropped_only_if_retired(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    apply(folder, db)
    progress.finish_task("payroll/ash/train", date(2027, 1, 20), None, change(db, on=date(2027, 1, 20)))
    a_folder(folder, service=SERVICE + "tasks:\n  ash/train: {drop: true}\n")
    with pytest.raises(CheckFailedError, match="--retire payroll/ash/train"):
        apply(folder, db)
    assert apply(folder, db, retire=["payroll/ash/train"]) == 2


@pytest.mark.slow
def test_blocking_findings_stop_a_baseline(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust", service=SERVICE + "tasks:\n  w1/system-live: {drop: true}\n")
    apply(folder, db)
    with pytest.raises(
        CheckFailedError, match=r"Systems before restructuring: .*none goes live at Ash School, Beech School"
    ):
        baselines.take_baseline("Agreed", change(db))
    a_folder(folder)
    apply(folder, db)
    assert baselines.take_baseline("Agreed", change(db)).number == 1
    assert baselines.take_baseline("Agreed again", change(db)).number == 2


@pytest.mark.slow
def test_a_waiver_is_a_version_and_an_export_keeps_comments(db: str, tmp_path: Path):
    folder = a_folder(tmp_path / "trust", programme=PROGRAMME.replace("start:", "start:  # the first day\n "))
    apply(folder, db)
    waiver = Waiver(rule="R11", reason="Small", owner="lead", approved_by="chief", expires=date(2027, 6, 30))
    assert waivers.add_waiver(waiver, change(db)) == 2
    assert export_folder(tmp_path / "copy", db=db, programme=None, on=ON) == 2
    text = (tmp_path / "copy" / "programme.yaml").read_text()
    assert "# the first day" in text
    assert "rule: R11" in text
    assert definitions.difference(tmp_path / "copy", db=db).is_same, "load(save(x)) == x"
    with pytest.raises(ConflictError, match="is not empty"):
        export_folder(tmp_path / "copy", db=db, programme=None, on=ON)


@pytest.mark.slow
def test_four_simultaneous_changes_are_all_stored(db: str, tmp_path: Path):
    apply(a_folder(tmp_path / "trust"), db)
    rules = ("R01", "R02", "R03", "R15")

    def add(rule: str) -> int:
        waiver = Waiver(rule=rule, reason="Small", owner="lead", approved_by="chief", expires=date(2027, 6, 30))
        return waivers.add_waiver(waiver, change(db))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, rules)) == [2, 3, 4, 5]
    with session_scope(db) as session:
        kept = versions.required(session, "small").definition.waivers
        assert audited.verify(session) == (5, [])
    assert {w.rule for w in kept} == set(rules)


@pytest.mark.usual(1)
@pytest.mark.slow
def test_the_audit_chain_finds_every_manipulation(db: str, tmp_path: Path):
    apply(a_folder(tmp_path / "trust"), db)
    for day in range(5, 9):
        progress.finish_task("payroll/requirements", date(2027, 1, day), ON, change(db, on=date(2027, 1, 20)))
    with session_scope(db) as session:
        assert audited.verify(session) == (5, [])
    with Session(engine_for(db)) as session, session.begin():
        session.exec(update(AuditRow).where(col(AuditRow.number) == 3).values(actor="lead"))
    with session_scope(db) as session:
        [broken] = audited.verify(session)[1]
    assert (broken.number, broken.what) == (3, "its content was changed")
    with Session(engine_for(db)) as session, session.begin():
        session.delete(session.exec(select(AuditRow).where(AuditRow.number == 3)).one())
    with session_scope(db) as session:
        broken = audited.verify(session)[1]
    assert (broken[0].number, broken[0].what) == (4, "entry 3 is missing")


@pytest.mark.usual(1)
@pytest.mark.slow
def test_the_migrations_create_the_tables(empty_db: str):
    upgrade(empty_db)
    with engine_for(empty_db).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_names_of_the_migrations_give_their_revisions():
    script = ScriptDirectory.from_config(migrations.config())
    assert migrations.head_version() == script.get_current_head()
    assert migrations.known_versions() == {s.revision for s in script.walk_revisions()}


@pytest.mark.slow
def test_upgrading_twice_does_nothing(empty_db: str):
    assert upgrade(empty_db) == upgrade(empty_db)


def test_a_database_of_a_newer_version_is_not_changed(db: str):
    upgrade(db)
    with engine_for(db).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for use in (lambda: upgrade(db), lambda: session_scope(db).__enter__()):
        with pytest.raises(NewerDatabaseError, match="its version is 9999"):
            use()


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql://x/y", "oracle://x", "sqlite:////nowhere/at/all/x.db", "postgresql://nobody@127.0.0.1:1/x"],
)
def test_a_wrong_address_is_an_error_with_a_remedy(url: str):
    with pytest.raises(DatabaseUrlError, match=r"sqlite:///other\.db"), session_scope(url):
        pass


def test_reading_does_not_create_a_missing_database(tmp_path: Path):
    scope = session_scope(f"sqlite:///{tmp_path / 'typo.db'}")
    with pytest.raises(DatabaseUrlError, match=r"there is no such file yet. Run `changeflow apply DIR` to create it"):
        scope.__enter__()
    assert not list(tmp_path.iterdir())


def test_a_naive_moment_is_refused(sqlite: str, tmp_path: Path):
    with pytest.raises(Exception, match="aware"):
        definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=datetime(2027, 1, 4))


def test_progress_on_a_future_day_is_refused(sqlite: str, tmp_path: Path):
    apply(a_folder(tmp_path / "trust"), sqlite)
    with pytest.raises(InputError, match="is in the future"):
        progress.finish_task("payroll/requirements", ON + timedelta(days=9), ON, change(sqlite))


@pytest.mark.slow
def test_several_programmes_share_a_database(sqlite: str, tmp_path: Path):
    apply(a_folder(tmp_path / "one"), sqlite)
    apply(a_folder(tmp_path / "two", programme=PROGRAMME.replace("programme: small", "programme: other")), sqlite)
    with pytest.raises(
        InputError, match=r"^This database has 2 programmes: other, small\. Name one with --programme\.$"
    ):
        baselines.take_baseline("Agreed", change(sqlite))
    assert PATHWAY
