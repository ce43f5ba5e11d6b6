"""After a restore nothing is sent until a person has seen what may have gone.

The lead's requirements are due on Friday 8 January 2027, and a message about them goes on that day.
"""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.delivery.channels import Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.errors import ActorMissingError, CheckFailedError, ConflictError, InputError, UnknownThingError
from changeflow.storage.backup import backup
from changeflow.storage.custody import MachineState
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.tables.messages import MessageRow
from changeflow.usecases import definitions, dispatch, monitoring, nudge_preview, progress, ticks
from changeflow.usecases.messages import Desk
from changeflow.usecases.restoration import join, release, restore, review
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.builders import PROGRAMME, SERVICE, Postbox, a_folder
from tests.copies import Copy, copier
from tests.storage.test_upgrade import released

pytestmark = pytest.mark.slow

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: lead}\n"


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=at(4, 8))
    ticks.tick(db=db, now=at(8, 8))
    return db


@pytest.fixture
def copy(stored: str, tmp_path: Path, request: pytest.FixtureRequest) -> Copy:
    """Takes a copy, and returns what puts it back; both by other tools than ours."""
    return copier(stored, tmp_path, request)


def send(db: str, now: datetime, *, may_repeat: bool = True) -> tuple[list[Message], dispatch.Dispatched]:
    postbox = Postbox(may_repeat=may_repeat)
    return postbox.sent, dispatch.dispatch(db=db, now=now, channel=postbox)


def states(db: str) -> list[tuple[str, bool]]:
    with session_scope(db) as session:
        rows = session.exec(select(MessageRow).order_by(MessageRow.id))  # type: ignore[arg-type]
        return [(row.state, row.may_have_gone) for row in rows]


@pytest.mark.both_databases
def test_nothing_is_sent_again_from_a_restored_database(stored: str, copy: Copy):
    put_back = copy()
    sent, _ = send(stored, at(8))
    assert len(sent) == 1
    put_back()
    for now in (at(8, 10), at(8, 11), at(11), at(12)):
        ticks.tick(db=stored, now=now)
        sent, outcome = send(stored, now)
        assert (sent, outcome.sent) == ([], 0)
        assert "restored, not released" in outcome.blocked
        assert "restored, not released" in monitoring.troubles(db=stored, now=now)[0]
    assert states(stored) == []
    with session_scope(stored) as session:
        assert "db:restored" in [action for _, _, _, action, _ in audited.entries(session, "small")]


@pytest.mark.both_databases
def test_what_a_person_has_released_goes_marked_as_a_possible_repeat(stored: str, copy: Copy):
    put_back = copy()
    [first], _ = send(stored, at(8))
    put_back()
    found = review(db=stored, now=at(8, 10))
    assert found is not None
    assert [r.line() for r in found.repeats] == [
        "small: Director of People: Payroll: requirements (due 8 Jan 2027; due by now)"
    ]
    assert release(db=stored, actor="lead", now=at(8, 11)) == 1
    [again], outcome = send(stored, at(8, 12))
    assert outcome.blocked == ""
    assert again.may_have_gone
    # It may say more than the first did: under the same Message-ID a receiver would drop it.
    assert again.message_id != first.message_id
    assert send(stored, at(8, 13))[0] == []
    assert monitoring.troubles(db=stored, now=at(8, 10)) == ()
    with session_scope(stored) as session:
        [entry] = [e for e in audited.entries(session, "small") if e[3] == "db:release"]
        assert (entry[2], entry[4]) == ("lead", "repeats:1")
        assert not audited.verify(session)[1]


def test_a_channel_that_must_not_repeat_parks_it_for_a_person(stored: str, copy: Copy):
    put_back = copy()
    send(stored, at(8), may_repeat=False)
    put_back()
    review(db=stored, now=at(8, 10))
    release(db=stored, actor="lead", now=at(8, 10))
    sent, outcome = send(stored, at(8, 12), may_repeat=False)
    assert (sent, outcome.parked) == ([], 1)
    assert states(stored) == [("parked", True)]


def test_what_fell_due_since_the_copy_is_a_possible_repeat_and_what_falls_due_later_is_none(stored: str, copy: Copy):
    put_back = copy()
    send(stored, at(8))
    ticks.tick(db=stored, now=at(12, 8))
    send(stored, at(12))
    put_back()
    found = review(db=stored, now=at(12, 10))
    assert found is not None
    # The reminder of the 12th was never in the copy.
    assert "Payroll: requirements" in found.repeats[0].title
    release(db=stored, actor="chief", now=at(12, 10))
    sent, _ = send(stored, at(12, 11))
    assert [m.may_have_gone for m in sent] == [True]
    ticks.tick(db=stored, now=at(15, 8))
    sent, _ = send(stored, at(15))
    assert [m.may_have_gone for m in sent] == [False]


def test_a_message_that_was_on_its_way_in_the_copy_is_a_possible_repeat(stored: str, copy: Copy):
    dispatch.dispatch(db=stored, now=at(8), channel=Postbox(Receipt(Sent.LATER, "busy")))
    put_back = copy()
    assert len(send(stored, at(8, 10))[0]) == 1
    put_back()
    found = review(db=stored, now=at(8, 11))
    assert found is not None
    assert [r.was_opened for r in found.repeats] == [True]
    release(db=stored, actor="chief", now=at(8, 11))
    assert states(stored) == [("open", True)]
    assert [m.may_have_gone for m in send(stored, at(8, 12))[0]] == [True]


def test_a_release_needs_a_person_who_has_seen_the_list_as_it_is(stored: str, copy: Copy):
    with pytest.raises(ConflictError, match="does not need to be released"):
        release(db=stored, actor="chief", now=at(8))
    put_back = copy()
    send(stored, at(8))
    put_back()
    with pytest.raises(CheckFailedError, match="has not been shown yet"):
        release(db=stored, actor="chief", now=at(8, 10))
    review(db=stored, now=at(8, 10))
    with pytest.raises(ActorMissingError):
        release(db=stored, actor=None, now=at(8, 10))
    with pytest.raises(InputError, match="Only a person can do this"):
        release(db=stored, actor="system", now=at(8, 10))
    with pytest.raises(UnknownThingError, match="Did you mean 'chief'"):
        release(db=stored, actor="cheif", now=at(8, 10))
    # Four days later more has fallen due.
    with pytest.raises(CheckFailedError, match="has changed since it was last shown"):
        release(db=stored, actor="chief", now=at(12, 10))
    assert send(stored, at(12, 10))[0] == []
    assert release(db=stored, actor="chief", now=at(8, 10)) == 1


@pytest.mark.both_databases
def test_a_copy_that_lacks_only_a_tick_is_noticed_as_well(stored: str, copy: Copy):
    put_back = copy()
    ticks.tick(db=stored, now=at(11, 8))
    put_back()
    assert "restored" in send(stored, at(11))[1].blocked


@pytest.mark.both_databases
def test_a_copy_of_the_same_count_that_went_another_way_is_noticed(stored: str, copy: Copy, tmp_path: Path):
    put_back = copy()
    send(stored, at(8))
    seen = MachineState(stored).file.read_text()
    put_back()
    # On another machine, with no record of it, it went on just as far.
    shutil.rmtree(tmp_path / "machine-1")
    join(db=stored, actor="chief", now=at(8))
    send(stored, at(8))
    MachineState(stored).file.write_text(seen)
    assert "restored" in send(stored, at(8, 10))[1].blocked


def test_a_restore_while_messages_are_sent_stops_the_rest(stored: str, copy: Copy, tmp_path: Path):
    busy = PROGRAMME.replace("tasks:\n", "tasks:\n  brief: {phase: plan, duration: 5d, owner: chief}\n")
    definitions.apply(
        a_folder(tmp_path / "trust", service=OWNED, programme=busy), db=stored, actor="chief", now=at(8, 8)
    )
    ticks.tick(db=stored, now=at(8, 8))
    dispatch.dispatch(db=stored, now=at(8), channel=Postbox(Receipt(Sent.LATER, "busy")))
    assert states(stored) == [("open", False), ("open", False)]
    put_back = copy()

    class Interrupted(Postbox):
        def send(self, message: Message) -> Receipt:
            put_back()
            return super().send(message)

    postbox = Interrupted()
    outcome = dispatch.dispatch(db=stored, now=at(8, 10), channel=postbox)
    assert len(postbox.sent) == 1
    assert "restored, not released" in outcome.blocked


@pytest.mark.thorough
@pytest.mark.both_databases
def test_several_workers_and_ticks_are_no_restore(stored: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Two machines, taking turns and not: each keeps its own record."""
    ticks.tick(db=stored, now=at(8, 8))
    for n in range(12):
        monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / f"machine-{1 + n % 3 % 2}"))
        if n == 1:
            assert "no record of this database" in send(stored, at(8))[1].blocked
            assert "no record of this database" in monitoring.troubles(db=stored, now=at(8))[0]
            assert join(db=stored, actor="chief", now=at(8))
            assert not join(db=stored, actor="chief", now=at(8))
        ticks.tick(db=stored, now=at(11 + n, 8))
        assert send(stored, at(11 + n))[1].blocked == ""
    assert states(stored)
    assert not any(may_have_gone for _, may_have_gone in states(stored))


def test_a_release_on_one_machine_holds_for_the_others(
    stored: str, copy: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    send(stored, at(7))
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-2"))
    join(db=stored, actor="chief", now=at(7))
    put_back = copy()
    for hour in range(9, 14):
        send(stored, at(8, hour))
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "machine-1"))
    send(stored, at(8, 14))
    put_back()
    assert send(stored, at(8, 15))[1].blocked
    review(db=stored, now=at(8, 15))
    release(db=stored, actor="chief", now=at(8, 15))
    for machine in (2, 1, 2):
        monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / f"machine-{machine}"))
        assert send(stored, at(11, 8 + machine))[1].blocked == ""


def test_a_machine_without_a_record_neither_sends_nor_counts_on(stored: str, copy: Copy, tmp_path: Path):
    """Otherwise a restored database could outrun what the machine that knows better has seen."""
    put_back = copy()
    send(stored, at(8))
    kept = MachineState(stored).file.read_text()
    put_back()
    shutil.rmtree(tmp_path / "machine-1")
    for day in range(11, 20):
        ticks.tick(db=stored, now=at(day, 8))
        assert send(stored, at(day))[0] == []
    MachineState(stored).folder.mkdir(exist_ok=True)
    MachineState(stored).file.write_text(kept)
    assert "restored" in send(stored, at(20))[1].blocked


def test_a_damaged_record_is_said_and_nothing_is_sent(stored: str):
    MachineState(stored).file.write_text("{")
    with pytest.raises(InputError, match="it is damaged"):
        send(stored, at(8))


def test_a_record_that_cannot_be_written_stops_sending(stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "a-file"))
    postbox = Postbox()
    with pytest.raises(InputError):
        dispatch.dispatch(db=stored, now=at(8), channel=postbox)
    assert postbox.sent == []


def test_a_preview_shows_what_would_go_while_nothing_does(stored: str, copy: Copy):
    put_back = copy()
    send(stored, at(8))
    put_back()
    lines = list(nudge_preview.preview(db=stored, moments=[at(8, 10)], desk=Desk()))
    assert any("Payroll: requirements" in line for line in lines)


# db restore


def test_a_restore_says_how_far_the_copy_goes_and_sends_nothing(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4, 8))
    ticks.tick(db=sqlite, now=at(8, 8))
    backup(sqlite, tmp_path / "copy.db", at=at(8, 8))
    assert len(send(sqlite, at(8))[0]) == 1
    done = restore(tmp_path / "copy.db", db=sqlite, now=at(8, 10), replace=True)
    assert done.copied_at == at(8, 8)
    assert "restored, not released (put back from copy.db)" in send(sqlite, at(8, 11))[1].blocked
    found = review(db=sqlite, now=at(8, 11))
    assert found is not None
    assert found.copied_at == at(8, 8)
    release(db=sqlite, actor="chief", now=at(8, 11))
    assert [m.may_have_gone for m in send(sqlite, at(8, 12))[0]] == [True]


def test_a_copy_sends_nothing_wherever_it_is_put_to_use(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a blank host there is no record to compare with: the copy itself knows that it is one."""
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4, 8))
    backup(sqlite, tmp_path / "copy.db", at=at(8, 8))
    monkeypatch.setenv("CHANGEFLOW_STATE", str(tmp_path / "blank"))
    blank = f"sqlite:///{tmp_path / 'copy.db'}"
    ticks.tick(db=blank, now=at(8, 9))
    sent, outcome = send(blank, at(8, 9))
    assert sent == []
    assert "it is a copy that changeflow db backup made" in outcome.blocked
    engine_for(blank).dispose()


def test_a_first_start_is_none_of_this(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4, 8))
    ticks.tick(db=sqlite, now=at(8, 8))
    [message], outcome = send(sqlite, at(8))
    assert (outcome.blocked, message.may_have_gone) == ("", False)


@pytest.mark.thorough
def test_a_copy_of_an_earlier_version_is_recognised_by_what_the_machine_has_seen(sqlite: str, tmp_path: Path):
    """0.1.0 had no record: upgraded in place it begins one, and its own copy put back is noticed."""
    url = released("0.1.0", tmp_path)
    file = tmp_path / "released.db"
    shutil.copyfile(file, tmp_path / "old.db")
    now = datetime(2027, 5, 21, 9, tzinfo=UTC)
    upgrade(url)
    ticks.tick(db=url, now=now)
    assert send(url, now)[1].blocked == ""
    engine_for(url).dispose()
    shutil.copyfile(tmp_path / "old.db", tmp_path / "put.db")
    (tmp_path / "put.db").replace(file)
    upgrade(url)
    assert "another database at this address" in send(url, now)[1].blocked
    engine_for(url).dispose()


def test_finished_work_is_asked_about_again_and_marked(stored: str, copy: Copy):
    """What was recorded since the copy is gone with it; the reminder that follows is marked."""
    put_back = copy()
    change = Change(db=stored, programme=None, actor="lead", now=at(8), on=date(2027, 1, 8))
    progress.finish_task("payroll/requirements", date(2027, 1, 8), None, change)
    ticks.tick(db=stored, now=at(8, 10))
    put_back()
    review(db=stored, now=at(11))
    release(db=stored, actor="chief", now=at(11))
    assert [m.may_have_gone for m in send(stored, at(11))[0]] == [True]
