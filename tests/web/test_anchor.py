"""An answer through a link is anchored like any other action, and refused if it cannot be anchored."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from changeflow.storage.anchor import read
from changeflow.storage.database import session_scope
from changeflow.storage.witnesses import AnchorWitness
from changeflow.usecases import audit_trail, definitions
from changeflow.web.app import make_app
from tests import audited
from tests.builders import PROGRAMME, a_folder
from tests.web.test_answers import OWNED, moment, sent_on, token_in


@pytest.fixture
def token(db: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=moment(4))
    [message] = sent_on(db, 8)
    audit_trail.accept(db=db, programme=None, anchor_file=tmp_path / "anchor.txt", actor="chief", now=moment(8))
    return token_in(message)


def answer(db: str, token: str, anchor: Path) -> httpx.Response:
    app = make_app(db, clock=lambda: moment(8, 10), anchor=str(anchor))

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
            return await client.post(f"/a/{token}", data={"answer": "done"})

    return asyncio.run(post())


def actions(session: Session) -> list[str]:
    return [action for _, _, _, action, _ in audited.entries(session, "small")]


@pytest.mark.slow
def test_an_answer_is_written_to_the_anchor(db: str, token: str, tmp_path: Path):
    anchor = tmp_path / "anchor.txt"
    assert "We have marked this as done." in answer(db, token, anchor).text
    assert AnchorWitness(read(anchor)).lines == 5, "the accepted head, who accepted it, and the answer"
    assert audit_trail.verify(db=db, programme=None, anchor_file=anchor).is_well


@pytest.mark.slow
@pytest.mark.both_databases
def test_an_answer_that_cannot_be_anchored_is_refused(db: str, token: str, tmp_path: Path):
    refused = answer(db, token, tmp_path)
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert str(tmp_path) not in refused.text
    with session_scope(db) as session:
        assert "progress" not in actions(session)
    assert "We have marked this as done." in answer(db, token, tmp_path / "anchor.txt").text


@pytest.mark.slow
def test_an_answer_is_refused_while_the_anchor_is_missing(db: str, token: str, tmp_path: Path):
    anchor = tmp_path / "anchor.txt"
    anchor.unlink()
    refused = answer(db, token, anchor)
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert str(tmp_path) not in refused.text
    assert not anchor.exists()
    audit_trail.accept(db=db, programme=None, anchor_file=anchor, actor="chief", now=moment(8))
    assert "We have marked this as done." in answer(db, token, anchor).text


@pytest.mark.slow
def test_an_answer_is_refused_while_only_another_programme_is_accepted(db: str, token: str, tmp_path: Path):
    anchor = tmp_path / "anchor.txt"
    other = a_folder(tmp_path / "other", programme=PROGRAMME.replace("programme: small", "programme: other"))
    definitions.apply(other, db=db, actor="chief", now=moment(4))
    anchor.unlink()
    audit_trail.accept(db=db, programme="other", anchor_file=anchor, actor="chief", now=moment(8))
    refused = answer(db, token, anchor)
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert str(tmp_path) not in refused.text
    audit_trail.accept(db=db, programme="small", anchor_file=anchor, actor="chief", now=moment(8))
    assert "We have marked this as done." in answer(db, token, anchor).text
