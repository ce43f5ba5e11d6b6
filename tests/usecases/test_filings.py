"""One live submitter a scheme and period. Wave 1 of the small programme is Ash and Beech, wave 2 Cedar."""

from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.programme.facts import Submission
from changeflow.programme.recording import ReportedProgress
from changeflow.storage import pilots
from changeflow.storage.database import session_scope
from changeflow.usecases.definitions import apply
from changeflow.usecases.filings import record_submission
from changeflow.usecases.progress import report_progress
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON
from tests.builders import SERVICE, a_folder

SCHEMES = "parallel_run: {schemes: [{id: 120/A1, schools: [ash, beech]}, {id: 120/B2, schools: [cedar]}]}\n"
DAY = date(2027, 4, 1)


def change(db: str) -> Change:
    now = datetime(2027, 4, 1, 9, tzinfo=LONDON)
    return Change(db=db, programme=None, actor="lead", now=now, on=DAY)


@pytest.fixture
def live(tmp_path: Path, db: str) -> str:
    """Wave 1 went live on 1 February; from 1 January to 31 January the new output was a parallel run's."""
    folder = a_folder(tmp_path / "trust", service=SERVICE + SCHEMES)
    apply(folder, db=db, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    day = date(2027, 2, 1)
    report_progress([ReportedProgress("payroll/w1/go-live", day, day)], change(db))
    return db


def filed(db: str, period: str, system: str, scheme: str = "120/A1") -> bool:
    return record_submission(Submission(service="payroll", scheme=scheme, period=period, system=system), change(db))


@pytest.mark.slow
def test_one_system_files_a_scheme_and_period(live: str):
    assert filed(live, "2027-02", "new")
    assert not filed(live, "2027-02", "new")
    with pytest.raises(CheckFailedError, match="The new system has already filed"):
        filed(live, "2027-02", "old")
    # Another scheme and another period are others.
    assert filed(live, "2027-02", "old", scheme="120/B2")
    assert filed(live, "2027-01", "old")
    with session_scope(live) as session:
        assert len(load(session, None, on=DAY).programme.facts.submissions) == 3


@pytest.mark.slow
def test_a_parallel_runs_output_is_never_filed(live: str):
    with pytest.raises(CheckFailedError, match="must not be filed"):
        filed(live, "2027-01", "new")
    with pytest.raises(CheckFailedError, match="none of its schools is live on it"):
        filed(live, "2027-03", "new", scheme="120/B2")
    with session_scope(live) as session:
        assert load(session, None, on=DAY).programme.facts.submissions == ()


class TestWhileBothSystemsPay:
    """One scheme for all three schools; wave 1 is live since 1 February, and Cedar is not."""

    def stored(self, db: str, tmp_path: Path, joint: str) -> str:
        scheme = f"parallel_run: {{schemes: [{{id: 120/A1{joint}}}]}}\n"
        folder = a_folder(tmp_path / "joint", service=SERVICE + scheme)
        apply(folder, db=db, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
        day = date(2027, 2, 1)
        report_progress([ReportedProgress("payroll/w1/go-live", day, day)], change(db))
        return db

    @pytest.mark.slow
    def test_the_one_that_was_named_files_for_all(self, db: str, tmp_path: Path):
        stored = self.stored(db, tmp_path, ", joint_filing: old")
        with pytest.raises(CheckFailedError, match="the old one files for all of them"):
            filed(stored, "2027-02", "new")
        assert filed(stored, "2027-02", "old")
        day = date(2027, 3, 1)
        report_progress([ReportedProgress("payroll/w2/go-live", day, day)], change(stored))
        assert filed(stored, "2027-03", "new"), "all its schools are live now"

    @pytest.mark.slow
    def test_before_the_first_go_live_nothing_is_joint(self, db: str, tmp_path: Path):
        stored = self.stored(db, tmp_path, ", joint_filing: new")
        assert filed(stored, "2027-01", "old")
        with pytest.raises(CheckFailedError, match="the new one files for all of them"):
            filed(stored, "2027-02", "old")
        assert filed(stored, "2027-02", "new")


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_database_refuses_a_second_submitter_as_well(live: str):
    filed(live, "2027-02", "new")
    second = Submission(service="payroll", scheme="120/A1", period="2027-02", system="old")
    with pytest.raises(IntegrityError), session_scope(live) as session:
        pilots.add_submission(session, "small", second, at=change(live).now, by="lead")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"service": "payrol"}, UnknownThingError),
        ({"scheme": "120/Z9"}, UnknownThingError),
        ({"system": "both"}, UnknownThingError),
        ({"period": "2027-13"}, InputError),
        ({"period": "June"}, InputError),
    ],
)
def test_what_cannot_be_is_said(live: str, values: dict[str, str], error: type[Exception]):
    given = {"service": "payroll", "scheme": "120/A1", "period": "2027-02", "system": "new"} | values
    with pytest.raises(error):
        record_submission(Submission(**given), change(live))
