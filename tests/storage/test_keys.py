"""The database alone identifies no one: people are hashed with a key that is kept elsewhere."""

import hashlib
import itertools
import os
import re
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, delete, select
from typer.testing import CliRunner

from changeflow.agenda.policy import Fate
from changeflow.cli import app
from changeflow.errors import CheckFailedError, InputError, KeyFileError
from changeflow.storage import answers, erasure, keys, messages, versions
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.tables.answers import ReachRow
from changeflow.storage.tables.erasure import TombstoneRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.usecases import definitions, dispatch, outbox, ticks
from changeflow.usecases.upkeep import upgrade_database
from tests import asked
from tests.builders import SERVICE, Postbox, a_folder
from tests.storage.test_upgrade import released

pytestmark = pytest.mark.slow

NOW = datetime(2027, 5, 21, 9, tzinfo=UTC)
NAME = "trust-central-services"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep keys beside SQLite files, whatever another test has set."""
    monkeypatch.delenv("CHANGEFLOW_KEY_FILE", raising=False)
    before = keys.keep_in(None)
    yield
    keys.keep_in(before)


@pytest.fixture
def small(sqlite: str, tmp_path: Path) -> str:
    """A database that has sent one message to its lead."""
    at = datetime(2027, 1, 4, 9, tzinfo=UTC)
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    definitions.apply(a_folder(tmp_path / "trust", service=service), db=sqlite, actor="chief", now=at)
    ticks.tick(db=sqlite, now=at)
    dispatch.dispatch(db=sqlite, now=at, channel=Postbox())
    return sqlite


def name_contact(session: Session) -> None:
    """Name the data protection contact, which 0.1.0 lacked: until then no one may erase a person."""
    before = versions.required(session, NAME)
    programme = before.definition.programme.model_copy(update={"data_protection_contact": "governance-lead"})
    named = before.definition.model_copy(update={"programme": programme})
    versions.append(session, named, sources=before.sources, parent=before, at=NOW, by="chief-executive")


def plain_hashes_of(words: set[str]) -> set[str]:
    """Return every hash that anyone could compute from a list of ids and addresses."""
    found = set()
    for word in words:
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256"):
            digest = hashlib.new(name, word.encode()).hexdigest()
            found |= {digest, digest[:40], digest[:32], digest[:20], digest[:16]}
    return found


@pytest.mark.thorough
def test_a_list_of_ids_and_addresses_finds_nothing_in_an_upgraded_database(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    file = tmp_path / "released.db"
    with closing(sqlite3.connect(file)) as connection:
        people = dict(connection.execute("select person, email from contact where email is not null"))
        gone, gone_address = "former-adviser", "former.adviser@example.org"
        for name in (f"person:{gone}", f"address:{gone_address}"):
            digest = hashlib.sha256(name.encode()).hexdigest()
            connection.execute("insert into tombstone values (?, ?, ?)", (NAME, digest, "2027-05-01 09:00:00.000000"))
        sent = connection.execute("select recipient, day, number from message").fetchall()
        connection.execute("update message set state = 'sent'")
        connection.execute("insert into reach (recipient, optional_off) values (?, 1)", sent[0][:1])
        connection.commit()
    words = {f"{prefix}{who}" for who in (*people, gone) for prefix in ("", "person:", f"{NAME}/", f"{NAME}:")}
    addresses = {*people.values(), gone_address}
    words |= {f"{prefix}{a}" for a in addresses | set(map(str.casefold, addresses)) for prefix in ("", "address:")}
    plain = plain_hashes_of(words)
    # A hash of a hash is as easy to guess, and Message-IDs were such hashes.
    recipients = {hashlib.sha256(a.casefold().encode()).hexdigest()[:32] for a in addresses}
    plain |= plain_hashes_of({f"{r}|{day}|{number}" for r, (_, day, number) in itertools.product(recipients, sent)})
    assert plain & set(re.findall("[0-9a-f]{16,128}", file.read_bytes().decode("latin-1"))), "0.1.0 had them"

    upgrade_database(db)
    with session_scope(db) as session:
        found = erasure.erased(session, NAME, [(gone, None), ("someone-new", gone_address), ("payroll-manager", None)])
        assert found.keys() == {gone, "someone-new"}
        recipient = session.exec(select(ReachRow.recipient)).one()
        assert recipient in session.exec(select(MessageRow.recipient)).all()
        name_contact(session)
    asked.erase("payroll-manager", db=db, programme=None, actor="governance-lead", now=NOW)
    engine_for(db).dispose()
    left = b"".join(path.read_bytes() for path in (file, *tmp_path.glob("released.db-*"))).decode("latin-1")
    digits = " ".join(re.findall("[0-9a-f]{16,}", left))
    assert not [digest for digest in plain if digest in digits]
    # Erased data is overwritten, so the address is not in a free page of the file either.
    assert people["payroll-manager"] not in left


def test_caps_preferences_and_tombstones_of_0_1_0_still_apply_after_the_upgrade(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        old = dict(connection.execute("select recipient, count(*) from message group by recipient"))
        connection.execute("insert into reach (recipient, optional_off) select distinct recipient, 1 from message")
        emails = connection.execute("select person, email from contact where email is not null").fetchall()
        # Everything waits again for people who have already had a message that day.
        connection.execute("update nudge set message = null")
        connection.commit()
    upgrade(db)  # The first use converts what the upgrade of the tables left unchanged.
    day = date(2027, 5, 4)
    with session_scope(db) as session:
        key = keys.adopt_key(session)
        counts, contacts = messages.counts_since(session, day), versions.contacts(session, NAME)
        for person, email in emails:
            plain = hashlib.sha256(email.casefold().encode()).hexdigest()[:32]
            mine = keys.recipient_of(key, NAME, person, contacts[person])
            assert counts.get(mine, 0) == old.get(plain, 0)
            assert (mine in answers.reach(session, [mine])) == (plain in old)
        assert sum(counts.values()) == sum(old.values()) == 15
        noon = datetime(2027, 5, 4, 11, tzinfo=UTC)
        assert fates(session, noon) == {"held"}
        session.exec(delete(MessageRow))
        assert "goes" in fates(session, noon)


def fates(session: Session, now: datetime) -> set[str]:
    return {v.fate.value for v in outbox.look(session, now).verdicts if v.fate is not Fate.WITHDRAWN}


def test_an_open_message_keeps_its_message_id_until_it_is_settled(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        connection.execute("update message set state = 'open', claimed_by = 'us', claimed_until = null")
        before = dict(connection.execute("select id, message_id from message"))
        connection.commit()
    upgrade_database(db)
    with session_scope(db) as session:
        assert dict(session.exec(select(MessageRow.id, MessageRow.message_id)).all()) == before
        first, second, *_ = before
        messages.settle(session, [first], worker="us", state=messages.SENT, at=NOW, channel="file")
        messages.settle(session, [second], worker="us", state=messages.PARKED, at=NOW, channel="file")
        now = dict(session.exec(select(MessageRow.id, MessageRow.message_id)).all())
        assert now[first] != before[first]
        assert {n: text for n, text in now.items() if n != first} == {n: t for n, t in before.items() if n != first}


def test_another_key_gives_other_hashes(small: str, tmp_path: Path):
    file = tmp_path / "test.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = keys.key_for(small)
    assert file.read_text().strip() == key.hex()
    contact = None
    assert keys.recipient_of(key, "a", "b", contact) == keys.recipient_of(key, "a", "b", contact)
    assert keys.recipient_of(bytes(32), "a", "b", contact) != keys.recipient_of(key, "a", "b", contact)
    assert keys.tombstones_of(key, "a", "x", None) != keys.tombstones_of(key, "b", "x", None)


def test_a_missing_key_is_an_error_with_a_remedy_and_no_new_key(small: str, tmp_path: Path):
    file = tmp_path / "test.db.key"
    key = file.read_text()
    file.unlink()
    with pytest.raises(KeyFileError, match=r"test\.db\.key' is missing.*Put back the copy"):
        dispatch.dispatch(db=small, now=NOW, channel=Postbox())
    with pytest.raises(KeyFileError):
        asked.erase("lead", db=small, programme=None, actor="chief", now=NOW)
    assert not file.exists()
    with session_scope(small) as session:
        assert "lead" in versions.contacts(session, "small"), "nothing was erased by halves"
    file.write_text("00" * 32)
    with pytest.raises(KeyFileError, match="belongs to another database"):
        dispatch.dispatch(db=small, now=NOW, channel=Postbox())
    file.write_text("a key")
    with pytest.raises(KeyFileError, match="is not a changeflow key"):
        dispatch.dispatch(db=small, now=NOW, channel=Postbox())
    file.write_text(key)
    dispatch.dispatch(db=small, now=NOW, channel=Postbox())


@pytest.mark.parametrize("place", [Path("/dev/zero"), Path("/")])
def test_an_invalid_key_file_is_refused(tmp_path: Path, place: Path):
    keys.keep_in(place)
    with pytest.raises(KeyFileError, match=r"is not a changeflow key|cannot be read"):
        keys.key_for(f"sqlite:///{tmp_path / 'new.db'}")


def test_plans_facts_and_folders_need_no_key(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=NOW)
    assert not (tmp_path / "test.db.key").exists()


def test_two_processes_that_create_a_key_at_once_share_one(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: keys.key_for(url), range(40)))) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["new.db.key"]


def test_a_key_file_that_cannot_be_created_gives_a_plain_error(tmp_path: Path):
    keys.keep_in(tmp_path / "nowhere" / "key")
    with pytest.raises(KeyFileError, match=r"cannot be made \(No such file or directory\)"):
        keys.key_for(f"sqlite:///{tmp_path / 'new.db'}")


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_a_special_file_is_refused_as_a_key_without_waiting(tmp_path: Path, kind: str):
    file = tmp_path / "key"
    if kind == "a pipe":
        os.mkfifo(file)
    elif kind == "a device":
        file = Path("/dev/zero")
    else:
        file.mkdir()
    keys.keep_in(file)
    with pytest.raises(KeyFileError, match=r"cannot be read \(it is not an ordinary file\)"):
        keys.key_for(f"sqlite:///{tmp_path / 'new.db'}")


def test_a_huge_key_file_is_refused_without_reading_all_of_it(tmp_path: Path):
    with (tmp_path / "key").open("wb") as file:
        file.truncate(10**12)
    keys.keep_in(tmp_path / "key")
    with pytest.raises(KeyFileError, match="it is too large"):
        keys.key_for(f"sqlite:///{tmp_path / 'new.db'}")


def test_a_key_file_may_be_a_symbolic_link(tmp_path: Path):
    (tmp_path / "secret").write_text("ab" * 32)
    (tmp_path / "key").symlink_to(tmp_path / "secret")
    keys.keep_in(tmp_path / "key")
    assert keys.key_for(f"sqlite:///{tmp_path / 'new.db'}") == bytes.fromhex("ab" * 32)


def test_postgresql_needs_a_key_file_of_its_own():
    with pytest.raises(InputError, match="Set CHANGEFLOW_KEY_FILE on every machine"):
        keys.key_for("postgresql://changeflow@db.example.org/changeflow")


def test_the_environment_says_where_the_key_is(small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    moved = tmp_path / "secrets" / "changeflow"
    moved.parent.mkdir()
    (tmp_path / "test.db.key").rename(moved)
    call = ["nudge", "preview", "--db", small, "--at", "2027-01-05"]
    done = CliRunner().invoke(app, call)
    assert (done.exit_code, "is missing" in done.output) == (4, True)
    monkeypatch.setenv("CHANGEFLOW_KEY_FILE", str(moved))
    assert CliRunner().invoke(app, call).exit_code == 0
    assert not (tmp_path / "test.db.key").exists()


def test_after_a_new_key_nothing_is_sent_for_a_day_and_optional_messages_stop(small: str, tmp_path: Path):
    file = tmp_path / "test.db.key"
    with session_scope(small) as session:
        key = keys.adopt_key(session)
        contacts = versions.contacts(session, "small")
        answers.switch_optional(session, keys.recipient_of(key, "small", "chief", contacts["chief"]), off=True)
    asked.erase("lead", db=small, programme=None, actor="chief", now=NOW)
    file.write_text("ff" * 32)
    refused = CliRunner().invoke(app, ["db", "new-key", "--db", small])
    assert (refused.exit_code, "No changes saved" in refused.output) == (4, True)
    done = CliRunner().invoke(app, ["db", "new-key", "--db", small, "--yes", "--at", "2027-05-21T09:00"])
    assert done.exit_code == 0, done.output
    assert "People erased before are no longer recognised" in done.output
    [kept] = tmp_path.glob("test.db.key.*.old")
    assert kept.read_text() == "ff" * 32
    with session_scope(small) as session:
        key = keys.adopt_key(session)
        contacts = versions.contacts(session, "small")
        meant = [keys.recipient_of(key, "small", p, c) for p, c in contacts.items() if c.email]
        assert all(found.optional_off for found in answers.reach(session, meant).values())
        assert set(answers.reach(session, meant)) == set(meant)
        waiting = session.exec(select(NudgeRow).where(NudgeRow.message == None, NudgeRow.withdrawn_at == None)).all()  # noqa: E711
        assert all(n.not_before and n.not_before > NOW + timedelta(hours=20) for n in waiting)


@pytest.mark.usual(1)
@pytest.mark.both_databases(usual=True)
def test_tombstones_work_on_both_databases(db: str, tmp_path: Path):
    if db.startswith("postgres"):
        keys.keep_in(tmp_path / "key")
    folder = a_folder(tmp_path / "trust")
    definitions.apply(folder, db=db, actor="chief", now=NOW)
    asked.erase("lead", db=db, programme=None, actor="chief", now=NOW)
    with session_scope(db) as session:
        assert len(session.exec(select(TombstoneRow)).all()) == 3, "id, address, and the hash of it that outlives it"
    with pytest.raises(CheckFailedError, match="lead: erased on"):
        definitions.apply(folder, db=db, actor="chief", now=NOW)
