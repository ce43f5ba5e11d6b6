"""What nudges lead to, what is removed in time, and who is asked for too much: small cases, counted by hand."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.agenda.due import Answer, AnswerKind
from changeflow.agenda.reasons import Reason
from changeflow.delivery.message import Message
from changeflow.reports.recorded import effects_text
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import answers, audit, facts, publications, versions
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.answers import AnswerRow, LinkRow
from changeflow.storage.tables.facts import AssessmentRow
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases import definitions, dispatch, nudges, retention, ticks
from changeflow.usecases.progress import finish_task
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import minute_of
from tests import audited
from tests.builders import SERVICE, Postbox, a_folder

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: lead}\n"


def at(day: int, hour: int = 9, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


def a_programme(db: str, folder: Path, **rulepack: int) -> str:
    a_folder(folder, service=OWNED)
    if rulepack:
        (folder / "rulepacks").mkdir()
        lines = [f"  {name}: {{value: {n}, grade: D, source: our own choice}}" for name, n in rulepack.items()]
        text = "rulepack: nudges\nin_force_from: 2020-01-01\nentries:\n" + "\n".join(lines) + "\n"
        (folder / "rulepacks" / "nudges.yaml").write_text(text)
    definitions.apply(folder, db=db, actor="chief", now=at(4, 8))
    return db


@pytest.fixture
def db(sqlite: str, tmp_path: Path) -> str:
    return a_programme(sqlite, tmp_path / "trust")


def sent_on(db: str, day: int) -> list[Message]:
    postbox = Postbox()
    ticks.tick(db=db, now=at(day, 7))
    dispatch.dispatch(db=db, now=at(day), channel=postbox)
    return postbox.sent


@pytest.mark.slow
def test_an_action_counts_for_the_last_nudge_before_it(db: str):
    """Requirements are due on Friday the 8th. The first word goes on Monday the 4th, the next on the 8th; reported as
    done on the 10th, two days after the second. Five other things of the lead's then begin, of which one message
    tells; no one acts on it."""
    assert len(sent_on(db, 4)) == 1
    assert len(sent_on(db, 8)) == 1
    change = Change(db=db, programme=None, actor="lead", now=at(10), on=date(2027, 1, 10))
    finish_task("payroll/requirements", date(2027, 1, 8), None, change)
    sent_on(db, 11)
    found = {(e.reason, e.level): (e.sent, e.acted, e.days, e.held_back) for e in nudges.effects(db=db)}
    assert found[Reason.TASK, 0][:3] == (6, 0, None)
    assert found[Reason.TASK, 1] == (1, 1, 2.0, 0)
    lines = list(effects_text(nudges.effects(db=db)))
    assert lines[0].split() == ["reason", "level", "sent", "held", "back", "acted", "on", "days"]
    assert any(line.split() == ["task", "on", "the", "day", "1", "0", "1", "2.0"] for line in lines)


@pytest.mark.slow
def test_that_somebody_did_not_answer_a_survey_cannot_be_read_off(db: str):
    with session_scope(db) as session:
        session.add(
            NudgeRow(programme_id="small", key="k", person="lead", reason="assessment", subject="round/1", rung=0,
                     due_on=date(2027, 1, 8), content="{}", created_at=at(5))
        )  # fmt: skip
    dispatch.dispatch(db=db, now=at(5), channel=Postbox())
    with session_scope(db) as session:
        session.exec(select(NudgeRow).where(NudgeRow.key == "k")).one().withdrawn_at = None
    for effect in nudges.effects(db=db):
        assert effect.reason is not Reason.ASSESSMENT or (effect.acted, effect.days) == (None, None)


@pytest.mark.slow
def test_what_was_kept_long_enough_goes_and_nothing_else(db: str):
    sent_on(db, 8)
    with session_scope(db) as session:
        said = Answer(person="lead", subject="payroll/requirements", due_on=date(2027, 1, 8), kind=AnswerKind.BLOCKED,
                      on=date(2027, 1, 8))  # fmt: skip
        answers.add_answer(session, "small", said, text="The supplier is late", at=at(8))
        scores = Assessment(person="lead", round="round-1", on=date(2027, 1, 8), scores=dict.fromkeys(Element, 3),
                            evidence="self")  # fmt: skip
        publications.add_assessments(session, "small", [scores])
        audit.append(session, "small", at=at(8), actor="lead", action="assess", subject="round:1")

    def removed(now: datetime) -> tuple[int, int, int]:
        [found] = retention.retain(db=db, now=now)
        return found.links, found.words, found.scores

    links = timedelta(days=60)  # they work for thirty days, and are kept for thirty more
    assert removed(at(8) + links - timedelta(hours=1)) == (0, 0, 0)
    assert removed(at(8) + links + timedelta(hours=1))[0] > 0
    assert removed(at(8) + links + timedelta(hours=1)) == (0, 0, 0), "run twice, nothing is left to do"
    assert removed(datetime(2028, 1, 8, 12, tzinfo=UTC)) == (0, 0, 0)
    assert removed(datetime(2028, 1, 9, 12, tzinfo=UTC)) == (0, 1, 0)
    # Scores go a year after the programme was closed: that is known only once it is.
    with session_scope(db) as session:
        closed = minute_of(datetime(2028, 6, 30, 17))
        facts.add_progress(session, "small", "programme/close", TaskProgress(closed, closed), at=at(8), by="chief")
        audit.append(session, "small", at=at(8), actor="chief", action="progress", subject="programme/close")
    assert removed(datetime(2029, 6, 29, 12, tzinfo=UTC)) == (0, 0, 0)
    assert removed(datetime(2029, 6, 30, 12, tzinfo=UTC)) == (0, 0, 1)
    with session_scope(db) as session:
        assert not session.exec(select(LinkRow)).all()
        assert not session.exec(select(AssessmentRow)).all()
        [answer] = session.exec(select(AnswerRow)).all()
        assert (answer.kind, answer.text) == ("blocked", None)
        entries = [entry[3:] for entry in audited.entries(session, "small") if entry[3] == "retention"]
        assert len(entries) == 3
        assert not audited.verify(session)[1]


@pytest.mark.slow
def test_whoever_is_asked_for_too_much_gets_a_conversation(sqlite: str, tmp_path: Path):
    """With the requirements done, five things of the lead's are due on Friday the 15th: here four are too much."""
    db = a_programme(sqlite, tmp_path / "trust", saturated_from=4)
    change = Change(db=db, programme=None, actor="lead", now=at(8), on=date(2027, 1, 8))
    finish_task("payroll/requirements", date(2027, 1, 8), None, change)
    ticks.tick(db=db, now=at(8, 10))
    with session_scope(db) as session:
        [talk] = session.exec(select(NudgeRow).where(NudgeRow.reason == "conversation")).all()
        assert (talk.person, talk.subject, talk.due_on) == ("chief", "conversation/lead", date(2027, 1, 8))
        # Nothing of theirs is critical, for the test's sake.
        for nudge in session.exec(select(NudgeRow).where(NudgeRow.person == "lead")):
            nudge.priority = 480
    postbox = Postbox()
    dispatch.dispatch(db=db, now=at(8, 10), channel=postbox)
    assert [m.to_address for m in postbox.sent] == ["chief@example.org"]
    assert postbox.sent[0].subject == "Please talk to the Director of People about their workload"
    assert "score" not in postbox.sent[0].text
    with session_scope(db) as session:
        whys = {n.why for n in session.exec(select(NudgeRow).where(NudgeRow.person == "lead"))}
    assert whys == {"they have too many requests: their manager is asked to talk to them; the rest goes once a week"}
    # On Monday, the first working day of theirs in the week, it goes: all of it in one message.
    ticks.tick(db=db, now=at(11, 7))
    with session_scope(db) as session:
        for nudge in session.exec(select(NudgeRow).where(NudgeRow.person == "lead")):
            nudge.priority = 480
    monday = Postbox()
    dispatch.dispatch(db=db, now=at(11), channel=monday)
    assert "lead@example.org" in [m.to_address for m in monday.sent]


@pytest.mark.slow
def test_what_is_critical_goes_to_the_busiest_as_well(sqlite: str, tmp_path: Path):
    db = a_programme(sqlite, tmp_path / "trust", saturated_from=4)
    change = Change(db=db, programme=None, actor="lead", now=at(8), on=date(2027, 1, 8))
    finish_task("payroll/requirements", date(2027, 1, 8), None, change)
    ticks.tick(db=db, now=at(8, 10))
    with session_scope(db) as session:
        session.exec(select(NudgeRow).where(NudgeRow.person == "lead")).first().priority = 0
        versions.revision(session, "small")
    postbox = Postbox()
    dispatch.dispatch(db=db, now=at(8, 10), channel=postbox)
    assert sorted(m.to_address for m in postbox.sent) == ["chief@example.org", "lead@example.org"]
    engine_for(db).dispose()
