"""Letters are in the reader's language, also the reasons against a decision that were stored when it fell due."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.delivery.message import Message
from changeflow.storage.database import session_scope
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases import dispatch, ticks
from changeflow.usecases.gates import decide
from changeflow.usecases.link_answers import question_of
from tests.builders import PROGRAMME, Postbox
from tests.usecases.gated import GO, answer, change, finish, planned, stored_with

NOON = datetime(2027, 1, 21, 12, tzinfo=UTC)


@pytest.fixture
def welsh(db: str, tmp_path: Path) -> str:
    """On Thursday 21 January training is under way, and the first go-live is decided the day after."""
    stored_with(db, tmp_path, programme=PROGRAMME + "language: cy\n")
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    finish(db, "payroll/requirements", 6, 12)
    for task in ("delegation", "w1/capacity", "w1/system-live"):
        finish(db, f"payroll/{task}", 13, 19)
    return db


def sent(db: str) -> list[Message]:
    postbox = Postbox()
    ticks.tick(db=db, now=NOON)
    dispatch.dispatch(db=db, now=NOON, channel=postbox)
    return postbox.sent


@pytest.mark.slow
def test_reasons_against_a_decision_are_translated_when_the_letter_is_written(welsh: str):
    [message] = [m for m in sent(welsh) if m.to_address == "lead@example.org"]
    assert message.language == "cy"
    assert "Mae angen y canlynol o hyd:" in message.text
    assert "- Nid yw “Payroll, wave 1: skills” wedi’i gwblhau eto." in message.text
    assert "- Mae hyfforddiant wedi’i roi mewn 0 o 2 ysgol (angen pob un)." in message.text
    assert "Heb eu hyfforddi eto: Ash School, Beech School." in message.text


@pytest.mark.slow
def test_what_is_stored_with_a_nudge_says_what_its_sentences_were_made_of(welsh: str):
    sent(welsh)
    with session_scope(welsh) as session:
        row = session.exec(select(NudgeRow).where(NudgeRow.subject == f"{GO}#evidence")).first()
        against = json.loads(row.content)["against"]
    assert {"message": "“%(task)s” is not complete yet.", "plural": "", "number": 1,
            "values": {"task": "Payroll, wave 1: skills"}} in against  # fmt: skip


@pytest.mark.slow
def test_the_page_behind_the_link_asks_in_the_same_language(welsh: str):
    [message] = [m for m in sent(welsh) if m.to_address == "lead@example.org"]
    tokens = re.findall(r"/a/(\S+)", message.text)
    assert {question_of(token, db=welsh, now=NOON).language for token in tokens} == {"cy"}
