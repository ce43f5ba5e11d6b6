"""What was published of waves when schools move: figures go with their schools, and never to a wave of other schools.

Each school has fifteen people; those of Ash have a barrier at awareness, those of Beech and Cedar have none. Ash and
Beech are wave 1 in January, Cedar is wave 2.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.adkar.published import Standing, moved_back
from changeflow.programme.assembly.readiness import standing_of
from changeflow.programme.programme import Programme
from changeflow.reports.people import group_name
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.stored import read
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Kind
from disclosure.attacker import run
from disclosure.events import Import, Member
from tests.builders import PEOPLE, PROGRAMME, a_folder
from tests.disclosure import doors
from tests.disclosure.stored_door import StoredDoor
from tests.usecases.gated import finish, state

SCHOOLS = ("ash", "beech", "cedar")


def stored(folder: Path, db: str, waves: Mapping[str, str], day: int) -> None:
    """Store the folder with these waves, of both services or of one: `w1 payroll`."""
    lines = [
        f"  - {{id: {wave.split()[0]}, name: {wave.split()[0]}, schools: [{schools}]"
        + (f", services: [{wave.split()[1]}]}}" if " " in wave else "}")
        for wave, schools in waves.items()
    ]
    head, _, tail = PROGRAMME.partition("waves:\n")
    (folder / "programme.yaml").write_text(f"{head}waves:\n" + "\n".join(lines) + "\n" + tail[tail.index("tasks:") :])
    definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, day, 9, tzinfo=UTC))


def asked(folder: Path, db: str, day: int, *, awareness: Mapping[str, int]) -> None:
    on = date(2027, 1, day)
    lines = ["person,on,awareness,desire,knowledge,ability,reinforcement,evidence"]
    lines += [f"{s}-{n},{on},{awareness[s]},5,5,5,,self" for s in SCHOOLS for n in range(15)]
    file = folder.parent / f"answers-{day}.csv"
    file.write_text("\n".join(lines) + "\n")
    now = datetime(2027, 1, day, 10, tzinfo=UTC)
    import_assessments(file, Change(db=db, programme="small", actor="chief", now=now, on=on))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = a_folder(tmp_path / "trust")
    staff = [f"{s}-{n},{s}-{n},Staff,{s}-{n}@example.org,,{s},," for s in SCHOOLS for n in range(15)]
    (folder / "people.csv").write_text(PEOPLE + "\n".join(staff) + "\n")
    payroll = (folder / "services" / "payroll.yaml").read_text()
    estates = payroll.replace("payroll", "estates").replace("Payroll", "Estates")
    (folder / "services" / "estates.yaml").write_text(estates)
    return folder


def known(programme: Programme, service: str, wave: str) -> Standing | None:
    return standing_of(programme.facts, service, wave)


def figures(standing: Standing | None) -> tuple[int | None, str]:
    assert standing is not None
    assert standing.held is not None
    return standing.answered, standing.held[0].text


@pytest.mark.slow
def test_figures_go_with_their_schools_whatever_their_wave_is_called(folder: Path, sqlite: str):
    """The two waves change their ids. Ash has 15 people at awareness: 12 to 17 of 30."""
    stored(folder, sqlite, {"w1": "ash, beech", "w2": "cedar"}, 4)
    asked(folder, sqlite, 5, awareness={"ash": 2, "beech": 5, "cedar": 5})
    first = state(sqlite, date(2027, 1, 6)).programme
    assert [figures(known(first, "payroll", w)) for w in ("w1", "w2")] == [(30, "12 to 17"), (15, "0 to 5")]
    stored(folder, sqlite, {"w1": "cedar", "w2": "ash, beech"}, 7)
    then = state(sqlite, date(2027, 1, 8)).programme
    assert [figures(known(then, "payroll", w)) for w in ("w1", "w2")] == [(15, "0 to 5"), (30, "12 to 17")]


@pytest.mark.slow
def test_figures_of_a_wave_that_is_no_more_are_no_other_waves_figures(folder: Path, sqlite: str):
    """Beech joins Cedar. Of neither wave anything is known until people are asked again: then of each what it is. A
    look back has the waves of that day, with their figures, and nothing is lost."""
    stored(folder, sqlite, {"w1": "ash, beech", "w2": "cedar"}, 4)
    asked(folder, sqlite, 5, awareness={"ash": 2, "beech": 5, "cedar": 5})
    stored(folder, sqlite, {"w1": "ash", "w2": "beech, cedar"}, 7)
    then = state(sqlite, date(2027, 1, 8)).programme
    assert [known(then, "payroll", w) for w in ("w1", "w2")] == [None, None]
    snapshot = then.facts.snapshot
    assert snapshot is not None
    former = snapshot.of("audience", "payroll/former w1 (Ash School, Beech School)")
    assert figures(former) == (30, "12 to 17")
    assert group_name(then, snapshot.view("audience")[-1]) == "Payroll, former w2 (Cedar School)"
    assert not [t.id for t in then.tasks() if t.id.endswith("people-ready")]
    asked(folder, sqlite, 12, awareness={"ash": 5, "beech": 5, "cedar": 2})
    after = state(sqlite, date(2027, 1, 13)).programme
    assert known(after, "payroll", "w1") is None or figures(known(after, "payroll", "w1"))[0] == 15
    assert moved_back(after.facts.snapshots[0], after.facts.snapshots[1]) == ()
    with session_scope(sqlite, write=False) as session:
        until = datetime(2027, 1, 6, 12, tzinfo=UTC)
        earlier = read(session, "small", on=date(2027, 1, 6), until=until).programme
    assert figures(known(earlier, "payroll", "w1")) == (30, "12 to 17")


@pytest.mark.slow
def test_work_that_figures_asked_for_goes_on_under_the_waves_new_id(folder: Path, sqlite: str):
    """Estates' wave 1 becomes a wave of its own with the same schools: what was done to win its people counts there."""
    stored(folder, sqlite, {"w1": "ash, beech", "w2": "cedar"}, 4)
    asked(folder, sqlite, 5, awareness={"ash": 2, "beech": 2, "cedar": 5})
    before = state(sqlite, date(2027, 1, 6)).programme
    mine = [t for t in before.tasks(kind=Kind.ENGAGEMENT, service="estates") if t.id.startswith("estates/w1/")]
    [first, *_] = sorted(mine, key=lambda t: (before.timed(t.id).early_start, t.id))
    finish(sqlite, first.id, 5, 6)
    text = (folder / "services" / "estates.yaml").read_text()
    steps = ("capacity", "system-live", "skills", "go-live", "quick-win", "restructure", "roles-end", "checkpoint")
    was = "".join(f"  first/{step}: {{was: w1/{step}}}\n" for step in steps)
    (folder / "services" / "estates.yaml").write_text(f"{text}tasks:\n{was}")
    stored(folder, sqlite, {"w1 payroll": "ash, beech", "first estates": "ash, beech", "w2": "cedar"}, 7)
    then = state(sqlite, date(2027, 1, 8)).programme
    assert first.id.replace("/w1/", "/first/") in then.facts.progress
    assert first.id not in then.facts.progress
    assert figures(known(then, "estates", "first")) == figures(known(before, "estates", "w1"))


@pytest.mark.slow
def test_two_publications_around_a_move_of_schools_tell_no_one_apart(tmp_path: Path, sqlite: str):
    """Seventeen of Ash's 30 people and all seven of Beech have a barrier at awareness: 24 of 37, published as 24 to 29.
    Beech leaves the wave: 12 to 17 of 30. By subtraction all seven would be known, as at a door that looks at each
    publication alone."""
    sizes = {"ash": (17, 30), "beech": (7, 7), "cedar": (0, 12)}
    answers = {f"{s}-{n}": (2 if n < low else 5, 5, 5, 5, 5) for s, (low, size) in sizes.items() for n in range(size)}
    school_of = {person: person.split("-")[0] for person in answers}

    def published(day: int, waves: Mapping[str, str]) -> Import:
        members = tuple(Member(p, f"{p}@trust.example", waves[school_of[p]]) for p in answers)
        return Import("small", f"small-{day}.csv", date(2027, 2, day), members, answers)

    events = [
        published(1, {"ash": "w1", "beech": "w1", "cedar": "w2"}),
        published(8, {"ash": "w1", "beech": "w2", "cedar": "w2"}),
    ]
    leaks = [f.people for f in run(doors.ToyDoor(lambda *_: True), events)[0] if f.guarantee == "G1"]
    assert leaks == [frozenset(p for p, school in school_of.items() if school == "beech")]
    assert run(StoredDoor(tmp_path, sqlite, schools=school_of), events)[0] == []
