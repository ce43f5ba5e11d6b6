"""The sample over three rounds: what is published, reported, planned, exported and sent gives no one's score away."""

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot
from changeflow.adkar.publishing import Protection, publish, read_answers
from changeflow.intake.folder import Folder, read_folder
from changeflow.programme.audiences import views
from changeflow.reports.documents import json_of
from changeflow.roadmap.analysis.why import explain
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import ticks
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.definitions import apply
from changeflow.usecases.publishing import publish_rounds
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from tests import audited
from tests.adkar.attacker import narrowed
from tests.adkar.test_attack import OPEN, attack, found_out, truth_of
from tests.conftest import SAMPLE, sample_copy

pytestmark = pytest.mark.slow

JUNE = date(2027, 6, 14)
SAFE = Protection(minimum=10, band=6)
"""As the rulepack has it."""


@pytest.fixture(scope="module")
def sample() -> Folder:
    return read_folder(SAMPLE)


@pytest.fixture(scope="module")
def rounds(sample: Folder) -> list[list[Assessment]]:
    """The sample's two rounds, and a third: of those who answered in April some moved, a few left, a few joined."""
    chance = random.Random(3)
    named: dict[str, list[Assessment]] = {}
    for one in sample.assessments:
        named.setdefault(one.round, []).append(one)
    first, second = (named[name] for name in sorted(named))
    third = []
    for one in second:
        if chance.random() < 0.05:
            continue
        better = chance.random() < 0.5
        scores = {e: min(5, s + better) for e, s in one.scores.items()}
        third.append(replace(one, round="2027-06", on=JUNE, scores=scores))
    absent = sorted({a.person for a in first} - {a.person for a in second})[:4]
    third += [replace(a, round="2027-06", on=JUNE) for a in first if a.person in absent]
    return [first, second, third]


def published(sample: Folder, rounds: Sequence[list[Assessment]], protection: Protection):
    """Publish the rounds one after the other; return each with its groups, and all snapshots."""
    history, snapshots, asked = [], [], []
    for answers in rounds:
        one = read_answers(answers, threshold=3, live=())
        looked_at = views(sample.definition, one.people, minimum=10)
        done = publish(one, looked_at, threshold=3, protection=protection, history=history)
        history += done.considered
        snapshots.append(done.snapshot)
        asked.append((one, looked_at))
    return asked, snapshots


@pytest.fixture(scope="module")
def safe(sample: Folder, rounds: list[list[Assessment]]):
    """The rounds as they are published with protection."""
    return published(sample, rounds, SAFE)


@pytest.fixture(scope="module")
def of_product(sample: Folder, rounds: list[list[Assessment]]) -> Sequence[Snapshot]:
    """What the product publishes of the rounds, with the settings of its rulepack."""
    return publish_rounds(sample.programme, [a for one in rounds for a in one])


def lines_of(snapshot: Snapshot) -> dict[tuple[str, str], object]:
    """Return what is published of each group, without the name of the round."""
    return {(s.view, s.group): (s.answered, s.held, s.hidden, s.on) for s in snapshot.standings}


def attacked(asked, snapshots: Sequence[Snapshot]):
    """Attack each round that was published; yield the attack, what is true, and the groups."""
    for one, looked_at in asked:
        yield attack(snapshots, {(v.view, v.group): v for v in looked_at}, one), truth_of(one), looked_at


@pytest.mark.thorough
def test_a_solver_finds_nothing_out(safe, of_product: Sequence[Snapshot]):
    """Each line that the product published of a round is attacked, and there is one of each round."""
    lines = []
    for attacker, truth, looked_at in attacked(*safe):
        lines.append(len(attacker.lines))
        assert list(narrowed(attacker, truth, threshold=3)) == []
        assert list(found_out(attacker, looked_at)) == []
    assert lines == [sum(s.held is not None and s.round == each.round for s in each.standings) for each in of_product]
    assert min(lines) > 0


@pytest.mark.thorough
def test_without_protection_it_finds_most_of_them_out(sample: Folder, rounds: list[list[Assessment]]):
    for attacker, truth, looked_at in attacked(*published(sample, rounds, OPEN)):
        assert any(narrowed(attacker, truth, threshold=3, insiders=False))
        suppressed = [v for v in looked_at if len(v.members & attacker.answered) < 10]
        assert len(list(islice(found_out(attacker, suppressed), 10))) == 10


@pytest.mark.thorough
def test_the_product_publishes_what_was_attacked(rounds: list[list[Assessment]], safe, of_product: Sequence[Snapshot]):
    """With the settings of its rulepack the product publishes the lines of this test and no others."""
    assert [s.on for s in of_product] == [max(a.on for a in one) for one in rounds]
    assert {(s.band, s.minimum) for s in of_product} == {(6, 10)}
    assert [lines_of(s) for s in of_product] == [lines_of(s) for s in safe[1]]


def _everything_said(db: str, day: date) -> str:
    """Collect all that anyone can see: report, dates, reasons, nudges and the audit."""
    now = datetime.combine(day, datetime.min.time(), tzinfo=LONDON) + timedelta(hours=9)
    # The audit's head is a hash over salts and the real time: it differs from run to run, and says nothing.
    said = [json_of(replace(sro_of_stored(None, db=db, today=day), audit_head=""))]
    with session_scope(db) as session:
        stored = load(session, None, on=day)
        programme = stored.programme
        assert programme.schedule is not None
        for task in programme.roadmap.tasks:
            said.append(explain(programme.roadmap, programme.schedule, task).text)
            said.append(programme.roadmap.tasks[task].note)
        said += [f.message for f in stored.judged.findings]
    ticks.tick(db=db, now=now)
    with session_scope(db) as session:
        said += [str(n) for n in session.execute(text("select person, subject, content from nudge order by id"))]
        said += [str(e[2:]) for e in audited.entries(session, sample_id(session))]
    return "\n".join(said)


def sample_id(session) -> str:
    return load(session, None, on=JUNE).programme.id


def _database_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'test.db'}"


def _stored(tmp_path: Path, rounds: Sequence[list[Assessment]]) -> str:
    db = _database_in(tmp_path)
    start = datetime(2026, 9, 1, 9, tzinfo=LONDON)
    apply(sample_copy(tmp_path), db=db, actor="programme-manager", now=start)
    for answers in rounds:
        path = tmp_path / f"{answers[0].round}.csv"
        lines = ["person,on," + ",".join(Element)]
        lines += [f"{a.person},{a.on}," + ",".join(str(a.scores.get(e, "")) for e in Element) for a in answers]
        path.write_text("\n".join(lines) + "\n")
        day = max(a.on for a in answers)
        now = datetime.combine(day, start.timetz())
        import_assessments(path, Change(db=db, programme=None, actor="programme-manager", now=now, on=day))
    return db


@pytest.mark.thorough
def test_whatever_was_scored_what_was_published_is_all_that_is_said(tmp_path: Path, rounds: list[list[Assessment]]):
    """Two databases with the same publications and wholly other scores say the same to the letter, everywhere."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    engine_for(_stored(one, rounds)).dispose()
    shutil.copytree(one, other)
    with session_scope(_database_in(other)) as session:
        columns = ", ".join(f"{e} = 6 - {e}" for e in Element)
        session.execute(text(f"update assessment set {columns}"))
    texts = [_everything_said(_database_in(folder), JUNE + timedelta(days=1)) for folder in (one, other)]
    assert "a barrier at" in texts[0]
    assert texts[0] == texts[1]
