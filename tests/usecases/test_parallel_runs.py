"""Parallel runs: differences in pay and what explains them, what is kept of them, and running both systems."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.errors import ActorMissingError, ConflictError, InputError, UnknownThingError
from changeflow.pilots.runs import Coverage, LeftOut
from changeflow.reconciliation.compare import reconcile
from changeflow.reports.pilots import runs_text, variances_text
from changeflow.reports.recorded import in_words
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import RunRow
from changeflow.usecases import parallel_runs, pilot_records, recorded
from changeflow.usecases.retention import retain
from changeflow.usecases.unit_of_work import Change
from tests import asked, audited
from tests.builders import SERVICE
from tests.usecases.piloted import MARCH, OLD, RUN, START, change, explained, judged_on, programme, run, store, weighed


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    return store(db, tmp_path / "trust")


class TestExplaining:
    @pytest.mark.slow
    def test_what_is_explained_counts_when_the_period_is_reconciled_again(self, stored: str, tmp_path: Path):
        new = OLD.replace("A2,200.00", "A2,212.00")
        first, _ = run(stored, tmp_path, new)
        assert (first.summary(service="", period="", on=MARCH).is_clean, len(first.unexplained)) == (False, 1)
        assert explained(stored) == 1
        assert explained(stored) is None, "the same, said twice"
        again, is_new = run(stored, tmp_path, new)
        assert is_new
        assert again.unexplained == ()
        assert [(r.explained, r.unexplained) for r in programme(stored).facts.runs_of("payroll")] == [(0, 1), (1, 0)]

    @pytest.mark.slow
    def test_the_list_of_facts_says_nothing_of_one_contracts_pay(self, stored: str, tmp_path: Path):
        """The list is open to everyone; contract-level pay is for the service's manager and lead provider."""
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        explained(stored, contract=None, between=(Decimal(0), Decimal(20)), reason="Pay award")
        one, rule = recorded.recorded_facts(None, db=stored, on=MARCH, kind="pilot-entry")
        roadmap = programme(stored).roadmap
        assert in_words(one, str, roadmap) == "payroll, explanation 1: gross, 2027-02"
        assert not any(word in str(one.values) for word in ("A2", "Back-pay", "12.00", "Letter"))
        assert in_words(rule, str, roadmap) == "payroll, explanation 2: gross, 2027-02, Pay award"

    @pytest.mark.slow
    def test_the_amount_is_explained_and_not_the_person(self, stored: str, tmp_path: Path):
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        other, _ = run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.01"))
        assert len(other.unexplained) == 1

    @pytest.mark.slow
    def test_leavers_are_explained_one_by_one(self, stored: str, tmp_path: Path):
        new = OLD.replace("A4,400.00,320.00\n", "").replace("A3,300.00,240.00\n", "")
        run(stored, tmp_path, new)
        assert explained(stored, "missing", contract="A4", reason="Left in January") == 1
        again, _ = run(stored, tmp_path, new)
        found = again.summary(service="payroll", period="2027-02", on=MARCH)
        assert (found.missing, found.explained) == (1, 1)

    @pytest.mark.slow
    def test_what_cannot_be_explained_is_said(self, stored: str, tmp_path: Path):
        with pytest.raises(UnknownThingError, match="Reconcile the period first"):
            explained(stored)
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        with pytest.raises(InputError, match="no such difference for that contract"):
            explained(stored, contract="A1")
        with pytest.raises(InputError, match="give the range of differences"):
            explained(stored, contract=None)
        with pytest.raises(InputError, match="reason"):
            explained(stored, reason="")
        with pytest.raises(InputError, match="needs evidence: add --evidence"):
            explained(stored, evidence=" ")
        with pytest.raises(UnknownThingError, match="pay"):
            pilot_records.explain("pay", "2027-02", "net", change(MARCH, stored), contract=None, between=None,
                             reason="x", evidence="")  # fmt: skip

    @pytest.mark.slow
    def test_a_rule_is_proposed_and_applies_only_when_accepted(self, stored: str, tmp_path: Path):
        """A1 to A3 get 10, 20 and 30 more in February; in March A4 gets 25 more, for the same reason."""
        new = OLD.replace("100.00,", "110.00,").replace("200.00,", "220.00,").replace("300.00,", "330.00,")
        run(stored, tmp_path, new)
        for contract in ("A1", "A2", "A3"):
            explained(stored, contract=contract)
        [rule] = pilot_records.rules_for("payroll", db=stored, programme=None, on=MARCH)
        assert (rule.period, rule.between) == ("2027-03", (Decimal("10.00"), Decimal("30.00")))
        march = OLD.replace("400.00,", "425.00,")
        before, _ = run(stored, tmp_path, march, period="2027-03")
        assert len(before.unexplained) == 1
        pilot_records.accept_rule("payroll", rule.id, change(MARCH, stored))
        after, _ = run(stored, tmp_path, march, period="2027-03")
        assert after.unexplained == ()
        assert pilot_records.rules_for("payroll", db=stored, programme=None, on=MARCH) == ()
        with pytest.raises(UnknownThingError):
            pilot_records.accept_rule("payroll", rule.id, change(MARCH, stored))

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_what_is_explained_while_it_is_compared_is_a_conflict(
        self, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        new = OLD.replace("A2,200.00", "A2,212.00")
        run(stored, tmp_path, new)

        def meanwhile(*files: Path, **more: object) -> object:
            explained(stored)
            return reconcile(*files, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(parallel_runs, "reconcile", meanwhile)
        with pytest.raises(ConflictError, match="someone recorded an explanation"):
            run(stored, tmp_path, new)
        assert len(programme(stored).facts.runs) == 1

    @pytest.mark.slow
    def test_a_file_that_changes_meanwhile_is_not_kept(
        self, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def meanwhile(old: Path, new: Path, *more: object, **others: object) -> object:
            found = reconcile(old, new, *more, **others)  # type: ignore[arg-type]
            new.write_text(OLD.replace("A1", "A9"))
            return found

        monkeypatch.setattr(parallel_runs, "reconcile", meanwhile)
        with pytest.raises(InputError, match="changed while it was read"):
            run(stored, tmp_path, OLD)
        assert programme(stored).facts.runs == ()


class TestWhatWasCompared:
    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_it_is_kept_with_the_run_and_shown(self, stored: str, tmp_path: Path):
        run(stored, tmp_path, OLD.replace("net\n", "net,school\n").replace(".00\n", ".00,Ash\n"))
        [kept] = programme(stored).facts.runs_of("payroll")
        assert kept.coverage == Coverage(
            compared=("gross", "net"), left_out=(LeftOut("school", "new", "no tolerance names it"),)
        )
        shown = " ".join(" ".join(runs_text([kept])).split())
        assert (
            "Compared in February 2027: gross and net. Not compared: school (new output, no tolerance has been "
            "set for it)." in shown
        )

    @pytest.mark.slow
    def test_a_run_without_pay_is_not_clean_however_equal_it_is(self, db: str, tmp_path: Path):
        """Two clean months of gross alone earn nothing: people are paid their net."""
        terms = "  tolerances: [{element: gross, absolute: 0}, {element: net, absolute: 0.01}]\n"
        stored = store(db, tmp_path / "trust", SERVICE + RUN.replace(terms, "  tolerances: [{element: gross}]\n"))
        result, _ = run(stored, tmp_path, OLD)
        assert not result.summary(service="payroll", period="2027-02", on=MARCH).is_clean
        text = " ".join(" ".join(runs_text(programme(stored).facts.runs_of("payroll"))).split())
        assert "NOT CLEAN" in text
        assert "What people are paid (net) was not compared, so the run is not clean." in text
        against = [c.text for c in weighed(stored).criteria]
        assert "The February 2027 run did not compare what people are paid (net)." in against

    @pytest.mark.slow
    def test_what_is_kept_has_no_cell(self, stored: str, tmp_path: Path):
        """Neither ids nor amounts go into the run: a heading and a reason are all that is said of a column."""
        run(stored, tmp_path, OLD.replace("net\n", "net,note\n").replace(".00\n", ".00,Back-pay 12.34 of A9\n"))
        with session_scope(stored) as session:
            [coverage] = session.exec(select(RunRow.coverage)).all()
        assert not any(word in str(coverage) for word in ("A1", "A9", "12.34", "100"))


class TestKeeping:
    @pytest.mark.slow
    def test_lists_mask_contracts_and_a_look_in_full_is_noted(self, stored: str, tmp_path: Path):
        old = OLD.replace("A", "CONTRACT-")
        run(stored, tmp_path, old.replace("200.00,", "212.00,"), old=old)
        found, kept = parallel_runs.kept_variances("payroll", "2027-02", change(MARCH, stored))
        assert [v.difference for v in kept] == [Decimal("12.00")]
        assert "CONTRACT-2" not in "\n".join(variances_text(found, kept, in_full=False))
        parallel_runs.kept_variances("payroll", "2027-02", change(MARCH, stored), in_full=True)
        with session_scope(stored) as session:
            assert list(audited.entries(session, "small"))[-1][2:] == ("lead", "look", "run:payroll:2027-02")
        nobody = Change(db=stored, programme=None, actor=None, now=datetime(2027, 3, 25, tzinfo=UTC), on=MARCH)
        with pytest.raises(ActorMissingError):
            parallel_runs.kept_variances("payroll", "2027-02", nobody, in_full=True)

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_single_contracts_go_and_totals_stay(self, stored: str, tmp_path: Path):
        """Kept on 25 March 2027, for twelve months. What explained one contract explains nothing from then on."""
        new = OLD.replace("A2,200.00", "A2,212.00")
        run(stored, tmp_path, new)
        explained(stored)
        assert retain(db=stored, now=datetime(2028, 3, 25, 12, tzinfo=UTC))[0].contracts == 0
        [gone] = retain(db=stored, now=datetime(2028, 3, 26, 12, tzinfo=UTC))
        assert gone.contracts == 2
        found, kept = parallel_runs.kept_variances("payroll", "2027-02", change(date(2028, 3, 26), stored))
        assert (found.unexplained, kept) == (1, [])
        again, _ = run(stored, tmp_path, new, day=date(2028, 3, 27))
        assert len(again.unexplained) == 1
        assert retain(db=stored, now=datetime(2028, 3, 26, 12, tzinfo=UTC))[0].contracts == 0

    @pytest.mark.slow
    def test_ones_own_words_are_exported_and_nobody_elses_contract(self, stored: str, tmp_path: Path):
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        found = asked.everything_about(
            "lead", MARCH, db=stored, programme=None, actor="chief", now=change(MARCH, stored).now
        ).about
        [said] = found["entries about pilots that they made or own"]
        assert "Back-pay" in said["content"]
        assert "A2" not in str(said)

    def test_a_run_is_of_a_month_that_has_begun(self, stored: str, tmp_path: Path):
        with pytest.raises(InputError, match="is in the future"):
            run(stored, tmp_path, OLD, period="2027-04")
        with pytest.raises(InputError, match="is not a pay period"):
            run(stored, tmp_path, OLD, period="March")
        assert programme(stored).facts.runs == ()


def warned(db: str, folder: Path, terms: str) -> list[str]:
    """What rule R12 says of a parallel run with further terms."""
    store(db, folder, SERVICE + RUN.replace("  pay: net\n", f"  pay: net\n{terms}"))
    return [f.message for f in judged_on(db, START).findings if f.rule == "R12"]


class TestSchemes:
    """Wave 1 goes live on 1 April 2027, wave 2 later: until then two systems pay people of one scheme."""

    def messages(self, db: str, folder: Path, schemes: str) -> list[str]:
        return [m for m in warned(db, folder, f"  schemes: [{schemes}]\n") if "scheme" in m]

    @pytest.mark.slow
    def test_one_that_is_split_is_told_with_its_days(self, sqlite: str, tmp_path: Path):
        [message] = self.messages(sqlite, tmp_path / "t", "{id: 120/A1}")
        assert message.startswith("From 1 Apr 2027 to ")
        assert "both systems pay people in scheme 120/A1, but only one may file for it" in message

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "schemes", ["{id: 120/A1, joint_filing: old}", "{id: A, schools: [ash, beech]}, {id: B, schools: [cedar]}"]
    )
    def test_one_that_was_settled_or_belongs_to_a_wave_is_not(self, sqlite: str, tmp_path: Path, schemes: str):
        assert self.messages(sqlite, tmp_path / "t", schemes) == []


@pytest.mark.slow
def test_running_both_beyond_its_last_day_is_told_with_its_cost(db: str, tmp_path: Path):
    terms = "  ends: 2027-03-15\n  cost_a_period: 900\n"
    said = [m for m in warned(db, tmp_path / "t", terms) if "continues until" in m]
    assert said[0].endswith(
        "until 31 Mar 2027; dual running was due to end on 15 Mar 2027. Each extra period costs £900."
    )
