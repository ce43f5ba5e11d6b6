"""Delivery confidence: proposed and set, side by side; and what the sponsor was seen to do."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from changeflow.agenda.confidence import Tier, propose_confidence
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.dates import Dates
from changeflow.programme.facts import Facts, Odds
from changeflow.rules.engine import Judged
from changeflow.storage import facts
from changeflow.storage.database import engine_for, session_scope, upgrade
from changeflow.storage.migrations import config as _alembic
from changeflow.usecases import definitions, governance
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Outcome
from tests import audited
from tests.builders import PEOPLE, PROGRAMME, a_folder
from tests.rules.judging import judged

TEAM = PEOPLE + "manager,Programme Manager,Programme Manager,manager@example.org,lead,,,chief\n"
TODAY = date(2027, 1, 4)
SURE = Facts(
    odds=(
        Odds(
            milestone="all-live", version=1, on=TODAY, planned=date(2027, 1, 20), planned_odds=90, deadline=None,
            deadline_odds=None, p50=date(2027, 1, 19), p80=date(2027, 1, 20), p90=date(2027, 1, 20), certain_share=0,
            iterations=400, seed=1,
        ),
    )
)  # fmt: skip
"""A simulation has shown that the forecast is sure."""


def change(db: str, *, actor: str = "chief", day: int = 4) -> Change:
    now = datetime(2027, 1, day, 9, tzinfo=UTC)
    return Change(db=db, programme=None, actor=actor, now=now, on=date(2027, 1, day))


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    folder = a_folder(tmp_path / "trust", people=TEAM)
    definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


class TestWhatIsProposed:
    """All are live on Wednesday 20 January 2027."""

    def proposed(self, path: Path, **files: str) -> tuple[Tier, tuple[str, ...]]:
        found = propose_confidence(judged(path, facts=SURE, **files), today=TODAY)
        return found.tier, tuple(s.text for s in found.signals)

    def due(self, day: str) -> str:
        return PROGRAMME.replace("2027-12-31", day)

    def test_green_where_nothing_speaks_against_it(self, tmp_path: Path):
        assert self.proposed(tmp_path) == (Tier.GREEN, ())

    def test_no_green_without_odds(self, tmp_path: Path):
        found = propose_confidence(judged(tmp_path), today=TODAY)
        [only] = found.signals
        assert found.tier is only.tier is Tier.AMBER
        assert only.text == (
            "We cannot yet say how likely these dates are to be met. Ask the programme office to run the simulation."
        )

    def test_no_green_where_one_milestone_of_two_has_odds(self, tmp_path: Path):
        second = f"{PROGRAMME}  w1-live: {{name: Wave 1 is live, after: payroll/w1/go-live}}\n"
        tier, [only] = self.proposed(tmp_path, programme=second)
        assert tier is Tier.AMBER
        assert "how likely “Wave 1 is live” is to be on time" in only

    def test_nothing_is_said_of_odds_where_no_date_is_open(self, tmp_path: Path):
        without = PROGRAMME.partition("milestones:")[0]
        assert propose_confidence(judged(tmp_path, programme=without), today=TODAY).tier is Tier.GREEN

    def test_little_to_spare_is_amber(self, tmp_path: Path):
        """From the 20th to the 29th: Thursday 21 to Friday 29 are seven working days."""
        assert self.proposed(tmp_path, programme=self.due("2027-01-29")) == (
            Tier.AMBER, ("“All are live” has only 7 working days to spare before its deadline.",),
        )  # fmt: skip

    @pytest.mark.slow
    def test_ten_working_days_are_enough(self, tmp_path: Path):
        assert self.proposed(tmp_path, programme=self.due("2027-02-03"))[0] is Tier.GREEN
        assert self.proposed(tmp_path / "b", programme=self.due("2027-02-02"))[0] is Tier.AMBER

    @pytest.mark.slow
    def test_late_by_a_tenth_of_the_time_left_is_amber_and_by_more_red(self, tmp_path: Path):
        """On the 19th it would be a day late of fifteen left; on the 18th two of fourteen, more than a tenth."""
        assert self.proposed(tmp_path, programme=self.due("2027-01-19"))[0] is Tier.AMBER
        assert self.proposed(tmp_path / "b", programme=self.due("2027-01-18")) == (
            Tier.RED, ("“All are live” misses its deadline of 18 Jan 2027 by 2 days.",),
        )  # fmt: skip

    def test_later_than_the_baseline_is_amber(self, tmp_path: Path):
        result: Judged = judged(tmp_path, facts=SURE)
        timed = result.programme.timed("programme/all-live")
        baseline = {"programme/all-live": Dates(0, timed.early_finish - 3 * 24 * 60)}
        found = propose_confidence(result, today=TODAY, baseline=baseline)
        assert [s.text for s in found.signals] == ["“All are live” is forecast 3 days later than the baseline."]

    def test_a_broken_rule_is_amber_and_no_sponsor_red(self, tmp_path: Path):
        programme = "\n".join(line for line in PROGRAMME.split("\n") if not line.startswith("sponsor"))
        tier, signals = self.proposed(tmp_path, programme=programme)
        assert tier is Tier.RED
        assert signals[0] == "The programme has no senior responsible owner."
        assert "The plan breaks the rule “Reinforcement until the last checkpoint” without a waiver." in signals


class TestWhatIsSet:
    @pytest.mark.slow
    def test_the_sro_sets_it_and_both_are_shown(self, stored: str):
        governance.set_confidence("amber", "The heads are not with us", None, change(stored))
        line = governance.confidence_of(None, db=stored, today=TODAY)
        assert (line.proposed, line.set_to, line.set_by) == ("amber", "amber", "Chief Executive")
        assert line.set_reason == "The heads are not with us"

    @pytest.mark.slow
    def test_the_latest_counts_and_the_earlier_is_kept(self, stored: str):
        governance.set_confidence("amber", "Early", None, change(stored))
        governance.set_confidence("green", "Better", "chief", change(stored, actor="manager", day=5))
        assert governance.confidence_of(None, db=stored, today=TODAY).set_to == "green"
        with engine_for(stored).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM confidence")).scalar() == 2

    @pytest.mark.slow
    def test_nobody_else_does(self, stored: str):
        with pytest.raises(
            InputError, match=r"cannot set the delivery confidence. Only the SRO \(Chief Executive\) can"
        ):
            governance.set_confidence("green", "x", None, change(stored, actor="manager"))
        with pytest.raises(UnknownThingError, match="There is no rating 'yellow'"):
            governance.set_confidence("yellow", "x", None, change(stored))
        assert governance.confidence_of(None, db=stored, today=TODAY).set_to == ""


class TestActs:
    @pytest.mark.slow
    def test_an_act_is_noted_once(self, stored: str):
        assert governance.note_act("Opened the training", TODAY, change(stored, actor="manager"))
        assert not governance.note_act("Opened the training ", TODAY, change(stored, actor="chief"))
        with session_scope(stored) as session:
            assert [a.what for a in facts.load_facts(session, "small").acts] == ["Opened the training"]
            assert audited.verify(session) == (2, [])

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("what", "day", "message"), [(" ", 4, "Describe what people saw"), ("x", 5, "in the future")]
    )
    def test_nothing_and_the_future_are_refused(self, stored: str, what: str, day: int, message: str):
        with pytest.raises(InputError, match=message):
            governance.note_act(what, date(2027, 1, day), change(stored))


@pytest.mark.slow
@pytest.mark.both_databases
def test_answers_of_an_older_version_become_rounds(empty_db: str):
    """Earlier versions let a gate be answered again and again, as `go` and `no_go`."""
    from alembic import command

    with engine_for(empty_db).begin() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text("INSERT INTO programme (id, created_at) VALUES ('small', '2027-01-04')"))
        for outcome in ("no_go", "no_go", "go"):
            connection.execute(
                text(
                    'INSERT INTO decision (programme_id, task, outcome, reason, by, "on", at) '
                    "VALUES ('small', 'gate', :outcome, 'x', 'chief', '2027-01-04', '2027-01-04')"
                ),
                {"outcome": outcome},
            )
    upgrade(empty_db)
    with session_scope(empty_db) as session:
        found = facts.load_facts(session, "small").decisions
    assert [(d.round, d.outcome) for d in found] == [(1, Outcome.REJECT), (2, Outcome.REJECT), (3, Outcome.APPROVE)]
