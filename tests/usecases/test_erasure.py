"""Erasing someone: what is about them goes, history stays whole, and no import brings them back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Hidden
from changeflow.errors import CheckFailedError, UnknownThingError
from changeflow.storage import audit, persons, publications, versions
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.keys import key_of, recipient_of
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.usecases import definitions, dispatch, ticks
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.asked import erase
from tests.builders import PEOPLE, PROGRAMME, SERVICE, Postbox, a_folder

KEPT_TO_RECOGNISE = "addresses they were known under, as keyed hashes"
OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 1, day, hour, tzinfo=UTC)


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> Iterator[str]:
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(4, 8))
    ticks.tick(db=sqlite, now=at(4, 8))
    dispatch.dispatch(db=sqlite, now=at(4), channel=Postbox())
    ticks.tick(db=sqlite, now=at(8, 8))
    with session_scope(sqlite) as session:
        for who in ("lead", "chief"):
            scores = Assessment(person=who, round="round-1", on=date(2027, 1, 8), scores=dict.fromkeys(Element, 2))
            publications.add_assessments(session, "small", [scores])
        audit.append(session, "small", at=at(8, 8), actor="chief", action="assess", subject="round:1")
    yield sqlite
    engine_for(sqlite).dispose()


@pytest.mark.thorough
@pytest.mark.slow
def test_what_is_about_them_goes_and_nothing_of_others(db: str):
    with session_scope(db) as session:
        recipient = recipient_of(key_of(session), "small", "lead", versions.contacts(session, "small")["lead"])
    removed = erase("lead", db=db, programme=None, actor="chief", now=at(9)).removed
    assert (removed["contact details"], removed["assessments"]) == (1, 1)
    assert removed["links"] > 0
    with session_scope(db) as session:
        left = persons.rows_about(session, "small", "lead", [recipient])
        assert left.keys() == {"due things", "nudges", KEPT_TO_RECOGNISE}
        assert {n["content"] for n in left["nudges"]} == {"{}"}
        assert not session.exec(select(MessageRow).where(MessageRow.recipient == recipient)).all()
        waiting = session.exec(select(NudgeRow).where(NudgeRow.person == "lead", NudgeRow.message == None)).all()  # noqa: E711
        assert {n.why for n in waiting} == {"they were erased"}
        assert "chief" in versions.contacts(session, "small")
        assert len(persons.rows_about(session, "small", "chief", [])["assessments"]) == 1
        assert not audited.verify(session)[1]
        assert "lead@example.org" not in str([list(audited.entries(session, "small")), left])
    postbox = Postbox()
    ticks.tick(db=db, now=at(11, 8))
    dispatch.dispatch(db=db, now=at(11), channel=postbox)
    assert "lead@example.org" not in [m.to_address for m in postbox.sent]
    # Twice does no harm.
    assert set(erase("lead", db=db, programme=None, actor="chief", now=at(12)).removed.values()) == {0}


@pytest.mark.slow
def test_no_import_brings_them_back(db: str, tmp_path: Path):
    erase("lead", db=db, programme=None, actor="chief", now=at(9))
    folder = tmp_path / "trust"
    with pytest.raises(CheckFailedError, match="lead: erased on 9 Jan 2027"):
        definitions.apply(folder, db=db, actor="chief", now=at(10))
    # Nor under another id with the same address.
    renamed = PEOPLE.replace("lead,Director", "leader,Director")
    services = OWNED.replace("person: lead", "person: leader").replace("owner: lead", "owner: leader")
    a_folder(folder, people=renamed, service=services.replace("manager: lead", "manager: leader"), programme=PROGRAMME)
    with pytest.raises(CheckFailedError, match="leader: erased on 9 Jan 2027"):
        definitions.apply(folder, db=db, actor="chief", now=at(10))
    scores = tmp_path / "round-2.csv"
    scores.write_text("person,on,awareness,desire,knowledge,ability\nlead,2027-01-10,3,3,3,3\n")
    change = Change(db=db, programme=None, actor="chief", now=at(10), on=date(2027, 1, 10))
    with pytest.raises(CheckFailedError, match="lead were erased at their request"):
        import_assessments(scores, change)
    # Someone new in their place is welcome.
    a_folder(folder, people=renamed.replace("lead@example.org", "next@example.org"),
             service=services.replace("manager: lead", "manager: leader"), programme=PROGRAMME)  # fmt: skip
    assert definitions.apply(folder, db=db, actor="chief", now=at(10)) == 2


@pytest.mark.slow
def test_an_address_that_another_programme_writes_to_keeps_its_preferences(db: str, tmp_path: Path):
    other = PROGRAMME.replace("programme: small", "programme: other")
    definitions.apply(a_folder(tmp_path / "other", programme=other, service=OWNED), db=db, actor="chief", now=at(4))
    with session_scope(db) as session:
        recipient = recipient_of(key_of(session), "small", "lead", versions.contacts(session, "small")["lead"])
    removed = erase("lead", db=db, programme="small", actor="chief", now=at(9)).removed
    assert removed["preferences"] == 0
    with session_scope(db) as session:
        assert session.exec(select(MessageRow).where(MessageRow.recipient == recipient)).all()
        assert "lead" in versions.contacts(session, "other")


@pytest.mark.slow
def test_nobody_unknown_is_erased(db: str):
    with pytest.raises(UnknownThingError, match="laed"):
        erase("laed", db=db, programme=None, actor="chief", now=at(9))


COLUMNS = "person,on,awareness,desire,knowledge,ability"


@pytest.fixture
def asked(sqlite: str, tmp_path: Path) -> Iterator[str]:
    """Twelve heads and fourteen officers: nine heads answer in January, too few to show them."""
    heads = "".join(f"h{n},Head,Head,h{n}@example.org,team,ash,heads,chief\n" for n in range(12))
    officers = "".join(f"p{n},Officer,Officer,p{n}@example.org,team,ash,officers,chief\n" for n in range(14))
    definitions.apply(a_folder(tmp_path / "t", people=PEOPLE + heads + officers), db=sqlite, actor="chief", now=at(4))
    answer(sqlite, tmp_path, [*(f"h{n}" for n in range(9)), *(f"p{n}" for n in range(14))], on=date(2027, 1, 8))
    yield sqlite
    engine_for(sqlite).dispose()


def answer(db: str, folder: Path, people: list[str], *, on: date) -> None:
    path = folder / f"{on}.csv"
    path.write_text("\n".join([COLUMNS, *(f"{p},{on},4,2,4,4" for p in people)]) + "\n")
    now = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    change = Change(db=db, programme=None, actor="chief", now=now, on=on)
    import_assessments(path, change)


@pytest.mark.slow
def test_of_published_groups_the_id_alone_stays(asked: str):
    erase("h1", db=asked, programme=None, actor="chief", now=at(11))
    with session_scope(asked) as session:
        groups = publications.all_groups(session)
        counted = [g for g in groups if "h1" in g.people]
        assert {(g.view, g.group) for g in counted} >= {("programme", "all"), ("group", "heads")}
        assert {type(g.people["h1"]) for g in counted} == {bool}
        left = persons.rows_about(session, "small", "h1", [])
        assert left.keys() == {"groups they were counted in", KEPT_TO_RECOGNISE}
        assert "example.org" not in str(left)
        assert "h1" not in {k.answer.person for k in publications.kept_answers(session)}


@pytest.mark.slow
def test_a_group_that_was_hidden_stays_hidden_when_one_of_it_is_erased(asked: str, tmp_path: Path):
    """Eleven heads answer in March, eight of them again: three have joined those who answered, and one was erased."""
    erase("h1", db=asked, programme=None, actor="chief", now=at(11))
    everyone = [*(f"h{n}" for n in range(12) if n != 1), *(f"p{n}" for n in range(14))]
    answer(asked, tmp_path, everyone, on=date(2027, 3, 8))
    with session_scope(asked) as session:
        january, march = publications.snapshots(session, "small")
    assert [s.of("group", "heads").hidden for s in (january, march)] == [Hidden.FEW, Hidden.BEFORE]
