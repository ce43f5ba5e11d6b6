"""A lost or emptied anchor does not begin again silently: a person has to accept it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.errors import AnchorLostError, NotAcceptedError
from changeflow.storage import anchor
from changeflow.storage.chain import GENESIS
from changeflow.storage.database import engine_for, upgrade
from changeflow.usecases import audit_trail, definitions, progress
from changeflow.usecases.unit_of_work import Change
from changeflow.values.acting import acting, current
from tests.builders import PROGRAMME, a_folder
from tests.storage.test_upgrade import released

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
EMPTY = "the anchor file is empty"
LATE = "the anchor has neither this entry nor earlier ones"


def finish(db: str, day: int, path: Path) -> None:
    change = Change(db=db, programme=None, actor="chief", now=NOW, on=date(2027, 1, 20))
    with acting(replace(current(), anchor=str(path))):
        progress.finish_task("payroll/requirements", date(2027, 1, day), date(2027, 1, 4), change)


def faults(db: str, path: Path) -> list[str]:
    return [f.what for f in audit_trail.verify(db=db, programme=None, anchor_file=path).verdict.faults]


def accept(db: str, path: Path, programme: str | None = None) -> None:
    audit_trail.accept(db=db, programme=programme, anchor_file=path, actor="chief", now=NOW)


def named(programme: str) -> str:
    return PROGRAMME.replace("programme: small", f"programme: {programme}")


def store(db: str, folder: Path, programme: str, path: Path) -> None:
    with acting(replace(current(), anchor=str(path))):
        definitions.apply(a_folder(folder / programme, programme=named(programme)), db=db, actor="chief", now=NOW)


@pytest.fixture
def anchored(db: str, tmp_path: Path) -> Path:
    path = tmp_path / "anchor.txt"
    store(db, tmp_path, "small", path)
    finish(db, 5, path)
    return path


def emptied(path: Path) -> None:
    path.write_text("")


def overwritten(path: Path) -> None:
    path.write_text("Not a line of ours\n")


@pytest.mark.usual(2)
@pytest.mark.slow
@pytest.mark.parametrize("lose", [Path.unlink, emptied, overwritten])
@pytest.mark.parametrize("was_accepted", [False, True])
def test_verifying_and_each_change_report_it_until_a_person_accepts_it(
    db: str, anchored: Path, lose: Callable[[Path], None], was_accepted: bool
):
    if was_accepted:
        accept(db, anchored)
    lose(anchored)
    for day in (6, 7):
        [what] = faults(db, anchored)
        assert what.startswith(EMPTY)
        with pytest.raises(AnchorLostError, match=r"missing or empty.*No changes saved.*changeflow audit anchor"):
            finish(db, day, anchored)
    accept(db, anchored)
    assert faults(db, anchored) == []
    finish(db, 8, anchored)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_an_anchor_that_began_again_late_is_reported_until_a_person_accepts_it(db: str, anchored: Path):
    """Each of its lines follows the previous one, but the first entries are missing."""
    finish(db, 6, anchored)
    lines = [line for line in map(anchor.parse, anchored.read_text().splitlines(keepends=True)[-2:]) if line]
    link, text = GENESIS, ""
    for line in lines:
        link = anchor._link(link, line.body)
        text += f"{line.body} {link}\n"
    anchored.write_text(text)
    [what] = faults(db, anchored)
    assert what.startswith(LATE)
    finish(db, 7, anchored)
    assert [what[: len(LATE)] for what in faults(db, anchored)] == [LATE]
    accept(db, anchored)
    assert faults(db, anchored) == []


@pytest.mark.slow
def test_a_new_programme_does_not_begin_a_lost_anchor(db: str, anchored: Path, tmp_path: Path):
    anchored.unlink()
    with pytest.raises(AnchorLostError):
        store(db, tmp_path, "other", anchored)
    assert not anchored.exists()


@pytest.mark.slow
@pytest.mark.both_databases(usual=True)
def test_a_programme_that_was_not_accepted_is_named_and_cannot_be_changed(db: str, anchored: Path, tmp_path: Path):
    store(db, tmp_path, "other", anchored)
    anchored.unlink()
    accept(db, anchored, "other")
    assert [what[: len(LATE)] for what in faults(db, anchored)] == [LATE]
    change = Change(db=db, programme="small", actor="chief", now=NOW, on=date(2027, 1, 20))
    with acting(replace(current(), anchor=str(anchored))), pytest.raises(NotAcceptedError):
        progress.finish_task("payroll/requirements", date(2027, 1, 9), date(2027, 1, 4), change)
    assert [what[: len(LATE)] for what in faults(db, anchored)] == [LATE]


@pytest.mark.slow
def test_a_confirmation_does_not_begin_an_anchor(db: str, anchored: Path):
    announced = anchor.announce(str(anchored), [anchor.Head("small", 3, 3, "0" * 64, NOW)], may_begin=False)
    anchored.unlink()
    anchor.confirm(announced)
    assert not anchored.exists()


@pytest.mark.slow
def test_an_upgrade_begins_an_anchor(tmp_path: Path):
    """The first release sealed nothing: the anchor begins with the entry that seals its rows."""
    db, path = released("0.1.0", tmp_path), tmp_path / "anchor.txt"
    with acting(replace(current(), anchor=str(path))):
        upgrade(db)
    assert faults(db, path) == []
    engine_for(db).dispose()
