"""The audit or its anchor reveals every change by an attacker, and changes by changeflow raise no alarm."""

import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.storage import anchor, audit, publications, structure
from changeflow.storage.chain import ChainVerdict, Entry, Fact, Fault, SealedRow, check
from changeflow.storage.covered import covered_tables
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.witnesses import AnchorWitness
from changeflow.usecases import baselines, definitions, dispatch, governance, progress, ticks
from changeflow.usecases.unit_of_work import Change
from changeflow.values.acting import Acting, Via, acting
from tests import asked
from tests.builders import SERVICE, Postbox, a_folder
from tests.storage import tampering
from tests.storage.mutations import KINDS, World, hash_of, sha

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("MUTATIONS", "300"))
"""Mutations of each kind; `make audit-mutations` tries ten thousand."""
TAMPERINGS = COUNT if "MUTATIONS" in os.environ else 50
"""Mutations of each kind that changes a file, which take ten times as long."""


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


def tell(db: str, folder: Path) -> Iterator[str]:
    """Run through a short programme with every kind of write, and yield after each change."""

    def change(day: int) -> Change:
        return Change(db=db, programme=None, actor="chief", now=at(day), on=date(2027, 1, day))

    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: chief}\n"
    definitions.apply(a_folder(folder / "trust", service=service), db=db, actor="chief", now=at(4, 8))
    yield "apply"
    baselines.take_baseline("Agreed", change(4))
    yield "baseline"
    ticks.tick(db=db, now=at(4, 8))
    yield "tick"
    dispatch.dispatch(db=db, now=at(4), channel=Postbox())
    yield "dispatch"
    progress.finish_task("payroll/requirements", date(2027, 1, 8), date(2027, 1, 4), change(8))
    yield "progress"
    with session_scope(db) as session:
        scores = [
            Assessment(person=p, round="one", on=date(2027, 1, 8), scores=dict.fromkeys(Element, 2))
            for p in ("lead", "chief")
        ]
        publications.add_assessments(session, "small", scores)
        audit.append(session, "small", at=at(8), actor="chief", action="assess", subject="round:one")
    yield "assess"
    governance.set_confidence("amber", "May brings more", None, change(8))
    yield "confidence"
    ticks.tick(db=db, now=at(11, 8))
    yield "tick again"
    dispatch.dispatch(db=db, now=at(11), channel=Postbox())
    yield "dispatch again"
    asked.erase("lead", db=db, programme=None, actor="chief", now=at(12))
    yield "erase"
    progress.finish_task("payroll/ash/train", date(2027, 1, 14), date(2027, 1, 13), change(15))
    yield "progress again"


def world_of(db: str, anchored: Path) -> World:
    """Read a database into plain values."""
    with session_scope(db) as session:
        entries = [e._asdict() for e in audit.entries_in_full(session, "small")]
        by_number = {e["number"]: e for e in entries}
        sealed = [f._asdict() | {"entry": by_number[f.number]} for f in audit._facts(session, "small")]
        rows = {}
        for covered in covered_tables().values():
            for row in session.connection().execute(covered.table.select().with_only_columns(*covered.columns)):
                rows[covered.name, covered.key_of(row)] = covered.content_of(row)
    return World(entries, sealed, rows, anchored.read_text().splitlines(keepends=True))


def looked_at(world: World, *, with_anchor: bool = True) -> ChainVerdict:
    """Check a world as the product checks a database."""
    own = {(f["table"], f["key"]): f for f in world.facts if f["key"] is not None}
    rows = []
    for (table, key), content in world.rows.items():
        f = own.pop((table, key), None)
        known = (f["digest"], f["salt"], f["programme"], f["number"]) if f else (None, None, None, None)
        rows.append(SealedRow(table, key, content, *known))
    rows += [SealedRow(t, k, None, f["digest"], f["salt"], f["programme"], f["number"]) for (t, k), f in own.items()]
    in_order = sorted(world.facts, key=lambda f: (f["programme"], f["number"], f["position"]))
    return check(
        [Entry(**e) for e in sorted(world.entries, key=lambda e: (e["programme"], e["number"]))],
        [Fact(**{k: v for k, v in f.items() if k != "entry"}) for f in in_order],
        [f["digest"] for f in in_order if f["op"] in "-!"],
        rows,
        witnesses=[AnchorWitness(anchor.checked(world.anchor))] if with_anchor else [],
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("story")
    db, anchored = f"sqlite:///{folder / 'story.db'}", folder / "anchor.txt"
    with acting(Acting(via=Via.COMMAND, account="office@host", anchor=str(anchored))):
        for _ in tell(db, folder):
            pass
    yield world_of(db, anchored)
    engine_for(db).dispose()


def missed(story: World, kind: str, count: int, seed: int) -> list[int]:
    """Return the seeds of mutations that no check found."""
    unseen = []
    for n in range(count):
        world = story.copy()
        KINDS[kind](world, random.Random(f"{seed}:{n}"))
        if not looked_at(world).faults:
            unseen.append(n)
    return unseen


@pytest.fixture(scope="module")
def tampered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with the same history, opened as by a tool that creates tables again."""
    folder = tmp_path_factory.mktemp("tampered")
    db = f"sqlite:///{folder / 'story.db'}"
    for _ in tell(db, folder):
        pass
    engine_for(db).dispose()
    engine = create_engine(db)

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA legacy_alter_table = ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    yield engine
    engine.dispose()


def faults_after(engine: Engine, tamper: Callable[[sqlite3.Connection], None], *, in_full: bool) -> list[Fault]:
    """Return the faults found after a change, and undo it; by the full check, or only by the checks of the file."""
    with Session(engine) as session:
        connection = session.connection()
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        tamper(raw)
        if in_full:
            return audit.examine(session).faults
        return [*structure.differences(connection), *structure.disguised(connection), *structure.custody(connection)]


@pytest.mark.usual(3)
@pytest.mark.parametrize("kind", tampering.KINDS)
def test_every_change_to_the_file_is_found(tampered: Engine, kind: str):
    def tamper(n: int) -> list[Fault]:
        return faults_after(tampered, lambda raw: tampering.KINDS[kind](raw, random.Random(f"1:{n}")), in_full=n < 10)

    assert [n for n in range(TAMPERINGS) if not tamper(n)] == []
    assert faults_after(tampered, lambda _: None, in_full=True) == [], "everything was undone"


@pytest.mark.usual(6)
@pytest.mark.parametrize("kind", KINDS)
def test_every_mutation_is_found(story: World, kind: str):
    assert missed(story, kind, COUNT, seed=1) == []


def test_an_untouched_database_raises_no_alarm(story: World):
    for with_anchor in (True, False):
        verdict = looked_at(story, with_anchor=with_anchor)
        assert (verdict.faults, verdict.warnings) == ([], [])
    assert verdict.entries == len(story.entries) >= 10
    assert verdict.facts == len(story.rows) > 20


def test_the_format_matches_the_published_one(story: World):
    """An auditor's own check, written from the decision, computes the same hashes."""
    for e in story.entries:
        own = [f for f in story.facts if f["entry"] is e]
        root = sha("".join(f"{f['op']} {f['table']} {f['digest']}\n" for f in own))
        assert (hash_of(e), e["facts"], e["root"]) == (e["hash"], len(own), root)
    for fact in story.facts:
        if fact["salt"] is not None:
            content = story.rows[fact["table"], fact["key"]]
            plain = json.dumps(json.loads(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            assert (content, fact["digest"]) == (plain, sha(f"{fact['salt']}\n{content}"))


@pytest.mark.thorough
@pytest.mark.both_databases(usual=True)
def test_ordinary_changes_raise_no_alarm(db: str, tmp_path: Path):
    anchored = tmp_path / "anchor.txt"
    with acting(Acting(via=Via.COMMAND, account="office@host", anchor=str(anchored))):
        for act in tell(db, tmp_path):
            with session_scope(db) as session:
                witness = AnchorWitness(anchor.read(anchored))
                verdict = audit.examine(session, witnesses=[witness])
            assert (verdict.faults, verdict.warnings) == ([], []), act
    assert verdict.dated_apart == verdict.entries, "the story's days are not today"


def test_simple_attacks_are_found_without_an_anchor_and_thorough_ones_only_with_it(story: World):
    """Only the anchor finds an attacker who makes everything consistent again."""
    found: Counter[bool] = Counter()
    for kind, mutate in KINDS.items():
        for n in range(40):
            world = story.copy()
            mutate(world, random.Random(f"2:{kind}:{n}"))
            is_found = bool(looked_at(world, with_anchor=False).faults)
            assert is_found or world.is_anchored, (kind, n)
            found[is_found] += 1
    assert found[False] > 100


def test_the_first_bad_entry_is_named(story: World):
    world = story.copy()
    world.entries[4]["actor"] = "lead"
    fault = looked_at(world, with_anchor=False).faults[0]
    assert (fault.programme, fault.number, fault.what) == ("small", 5, "its content was changed")


def test_a_changed_row_is_named_with_the_entry_that_sealed_it(story: World):
    world = story.copy()
    key = next(k for k in world.rows if k[0] == "baseline")
    world.rows[key] = world.rows[key].replace("Agreed", "Rejected")
    [fault] = looked_at(world).faults
    assert (fault.number, fault.what) == (2, "row 1 of 'baseline' differs from the sealed row")


def test_an_erased_row_leaves_neither_key_nor_salt(story: World):
    ended = {f["digest"] for f in story.facts if f["op"] == "-"}
    written = [f for f in story.facts if f["op"] == "+" and f["digest"] in ended]
    assert {"assessment", "contact"} <= {f["table"] for f in written}
    assert all(f["key"] is None and f["salt"] is None for f in written)


def test_entries_contain_only_ids(story: World):
    text = str([{k: v for k, v in e.items() if k != "entry"} for e in story.entries])
    assert "example.org" not in text
    assert "Director" not in text
    assert "May brings more" not in text
