"""After an anchor was lost, accepting one programme accepts no other: the others are still refused and reported."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from changeflow.errors import NotAcceptedError
from changeflow.storage import anchor, audit
from changeflow.storage.anchor import Head
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import audit_trail, definitions, progress, ticks
from changeflow.usecases.unit_of_work import Change
from changeflow.values.acting import acting, current
from tests.builders import a_folder
from tests.storage.test_anchor_lost import LATE, accept, emptied, named, overwritten, store
from tests.stored import fill_once

pytestmark = pytest.mark.slow

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
NAMES = ("alpha", "beta", "gamma")
REFUSED = r"has no line for '{}', although .* No changes saved.*changeflow audit anchor --programme {} --as PERSON"


def finish(db: str, programme: str, day: int, path: Path) -> None:
    change = Change(db=db, programme=programme, actor="chief", now=NOW, on=date(2027, 1, 20))
    with acting(replace(current(), anchor=str(path))):
        progress.finish_task("payroll/requirements", date(2027, 1, day), date(2027, 1, 4), change)


def note(db: str, *programmes: str) -> None:
    """Add an entry to the audit of each programme, in one transaction."""
    with session_scope(db) as session:
        for name in programmes:
            audit.append(session, name, at=NOW, actor="chief", action="test", subject="test:1")


def reported(db: str, path: Path, programme: str | None = None) -> list[tuple[str, str]]:
    faults = audit_trail.verify(db=db, programme=programme, anchor_file=path).verdict.faults
    return [(fault.programme, fault.what[: len(LATE)]) for fault in faults]


def entries(db: str, programme: str) -> int:
    with session_scope(db) as session:
        return audit.heads(session)[programme].last


def refuses(db: str, programme: str, path: Path) -> bool:
    """Tell whether a change is refused, and check that a refused one leaves nothing behind."""
    lines, number = path.read_text(), entries(db, programme)
    try:
        finish(db, programme, 4 + number, path)
    except NotAcceptedError:
        assert (path.read_text(), entries(db, programme)) == (lines, number)
        return True
    return False


@pytest.fixture(params=[2, 3])
def names(request: pytest.FixtureRequest) -> Sequence[str]:
    return NAMES[: request.param]


@pytest.fixture
def path(db: str, names: Sequence[str], tmp_path: Path) -> Path:
    """The anchor of a database with two programmes, or with three."""
    path = tmp_path / "anchor.txt"

    def fill() -> None:
        for name in names:
            store(db, tmp_path, name, path)
            finish(db, name, 5, path)

    fill_once(f"anchor of {len(names)}", db, tmp_path, fill)
    assert reported(db, path) == []
    return path


@pytest.mark.usual(1)
@pytest.mark.parametrize(("lose", "chosen"), [(Path.unlink, 0), (emptied, 1), (overwritten, 0)])
def test_accepting_one_programme_accepts_no_other(
    db: str, path: Path, names: Sequence[str], lose: Callable[[Path], None], chosen: int
):
    lose(path)
    accept(db, path, names[chosen])
    others = [name for name in names if name != names[chosen]]
    for _ in range(2):
        assert reported(db, path) == [(name, LATE) for name in others]
        assert reported(db, path, names[chosen]) == []
        assert [name for name in names if refuses(db, name, path)] == others


@pytest.mark.usual(1)
def test_programmes_can_be_accepted_one_by_one(db: str, path: Path, names: Sequence[str]):
    path.unlink()
    for count, name in enumerate(names, start=1):
        accept(db, path, name)
        assert [name for name in names if refuses(db, name, path)] == list(names[count:])
        assert reported(db, path) == [(name, LATE) for name in names[count:]]


@pytest.mark.usual(2)
@pytest.mark.both_databases(usual=True)
def test_all_programmes_are_accepted_if_none_is_named(db: str, path: Path, names: Sequence[str]):
    path.unlink()
    accept(db, path)
    assert not any(refuses(db, name, path) for name in names)
    assert reported(db, path) == []


def test_all_programmes_can_be_accepted_after_one(db: str, path: Path, names: Sequence[str]):
    path.unlink()
    accept(db, path, names[0])
    accept(db, path)
    assert not any(refuses(db, name, path) for name in names)
    assert reported(db, path) == []


def test_the_refusal_names_the_programme_and_the_remedy(db: str, path: Path):
    path.unlink()
    accept(db, path, "alpha")
    with pytest.raises(NotAcceptedError, match=REFUSED.format("beta", "beta")) as caught:
        finish(db, "beta", 6, path)
    assert (caught.value.programme, caught.value.exit_code) == ("beta", 1)


def test_a_programme_stored_after_the_acceptance_begins_its_own_line(
    db: str, path: Path, names: Sequence[str], tmp_path: Path
):
    path.unlink()
    accept(db, path, "alpha")
    store(db, tmp_path, "newcomer", path)
    assert not refuses(db, "newcomer", path)
    assert reported(db, path) == [(name, LATE) for name in names[1:]]
    assert all(refuses(db, name, path) for name in names[1:])


def test_a_rewritten_programme_is_reported_although_another_was_accepted(db: str, path: Path):
    """Without its line, the anchor cannot show what was rewritten, so the missing line is reported."""
    path.unlink()
    with Session(engine_for(db)) as session, session.begin():
        session.execute(text("delete from audit_fact where programme_id = 'beta' and number > 1"))
        session.execute(text("delete from audit where programme_id = 'beta' and number > 1"))
        for table in ("progress", "forecast"):
            newest = f"select max(id) from {table} where programme_id = 'beta'"
            session.execute(text(f"delete from {table} where id in ({newest})"))
    accept(db, path, "alpha")
    assert ("beta", LATE) in reported(db, path)
    assert refuses(db, "beta", path)


@pytest.mark.usual(2)
@pytest.mark.both_databases(usual=True)
def test_one_refused_programme_stops_a_transaction_over_several(db: str, path: Path):
    path.unlink()
    accept(db, path, "alpha")
    before = [entries(db, name) for name in ("alpha", "beta")]
    with acting(replace(current(), anchor=str(path))), pytest.raises(NotAcceptedError):
        note(db, "alpha", "beta")
    assert [entries(db, name) for name in ("alpha", "beta")] == before


def test_a_programme_stored_without_an_anchor_is_refused_until_a_person_accepts_it(db: str, path: Path, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "unseen", programme=named("unseen")), db=db, actor="chief", now=NOW)
    assert refuses(db, "unseen", path)
    assert [programme for programme, _ in reported(db, path)] == ["unseen"]
    accept(db, path, "unseen")
    assert not refuses(db, "unseen", path)
    assert reported(db, path) == []


def test_a_confirmation_after_the_loss_accepts_nothing(db: str, path: Path):
    with session_scope(db) as session:
        head = audit.heads(session)["beta"]
    announced = anchor.announce(str(path), [head._replace(first=head.last)], may_begin=False)
    path.unlink()
    accept(db, path, "alpha")
    anchor.confirm(announced)
    assert refuses(db, "beta", path)


@pytest.mark.parametrize("block", [256, 300, 1000, 65_536])
def test_a_line_is_found_however_far_it_is_from_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int):
    monkeypatch.setattr(anchor, "_AT_ONCE", block)
    path = str(tmp_path / "anchor.txt")
    anchor.accept(path, [Head(name, 1, 1, "0" * 64, NOW) for name in ("first", "second")])
    for number in range(400):
        anchor.announce(path, [Head("busy", number, number, "0" * 64, NOW)], may_begin=False, new={"busy"})
    for name in ("first", "second"):
        anchor.announce(path, [Head(name, 2, 2, "0" * 64, NOW)], may_begin=False)
    for name in ("irst", "firs", "third"):
        with pytest.raises(NotAcceptedError):
            anchor.announce(path, [Head(name, 2, 2, "0" * 64, NOW)], may_begin=False)


def test_a_tick_continues_with_the_accepted_programmes(db: str, path: Path, names: Sequence[str]):
    """The first programme is refused; reminders for the others are recorded all the same."""
    path.unlink()
    for name in names[1:]:
        accept(db, path, name)
    before = {name: entries(db, name) for name in names}
    with (
        acting(replace(current(), anchor=str(path))),
        pytest.raises(NotAcceptedError, match=REFUSED.format(names[0], names[0])),
    ):
        ticks.tick(db=db, now=datetime(2027, 1, 20, 8, tzinfo=UTC))
    after = {name: entries(db, name) for name in names}
    assert after[names[0]] == before[names[0]]
    assert all(after[name] > before[name] for name in names[1:])
