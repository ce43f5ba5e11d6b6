"""Evidence for a go-live: signatures, confirmations, and test packs in place of a parallel run."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.agenda.asks import asks
from changeflow.agenda.criteria import State
from changeflow.errors import InputError, UnknownThingError
from changeflow.usecases import definitions, pilot_records
from tests.builders import SERVICE
from tests.usecases.piloted import (
    GO,
    MARCH,
    RELEASE,
    RUN,
    SIDE_BY_SIDE,
    change,
    judged_on,
    programme,
    store,
    weighed,
    written,
)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    return store(db, tmp_path / "trust")


class TestVouching:
    @pytest.mark.slow
    def test_who_must_sign_signs_for_themselves(self, stored: str):
        with pytest.raises(
            InputError, match=r"cannot sign “Payroll, wave 1: go no go”. Only the signatory \(Director of People\) can"
        ):
            pilot_records.sign(GO, "", change(MARCH, stored, "chief"), agrees=True)
        pilot_records.sign(GO, "Pensions differ", change(MARCH, stored), agrees=False)
        case = weighed(stored)
        assert "The Director of People refused to sign this off on 25 Mar 2027: “Pensions differ”." in case.of(
            State.BLOCKS
        )
        pilot_records.sign(GO, "", change(MARCH, stored), agrees=True)
        case = weighed(stored)
        assert "The Director of People signed this off on 25 Mar 2027." in case.of(State.MET)

    @pytest.mark.slow
    def test_a_way_back_that_ends_before_the_go_live_is_none(self, stored: str):
        with pytest.raises(InputError, match="needs an end date: add --until"):
            pilot_records.confirm(GO, "way-back", "Licence", None, change(MARCH, stored))
        pilot_records.confirm(GO, "way-back", "Licence", date(2027, 3, 31), change(MARCH, stored))
        assert any("confirmed only until 31 Mar 2027" in t for t in weighed(stored).of(State.OPEN))
        pilot_records.confirm(GO, "way-back", "Licence, longer", date(2028, 3, 31), change(MARCH, stored))
        assert any("Licence, longer" in t for t in weighed(stored).of(State.MET))

    def test_what_no_one_asks_for_cannot_be_confirmed(self, stored: str):
        with pytest.raises(UnknownThingError, match="item to confirm"):
            pilot_records.confirm(GO, "weather", "Sunny", None, change(MARCH, stored))
        with pytest.raises(UnknownThingError, match="no go-live gate"):
            pilot_records.confirm(RELEASE, "way-back", "Licence", MARCH, change(MARCH, stored))


def test_reasons_against_begin_with_what_the_reader_must_do(stored: str):
    case = weighed(stored)
    signs, to_them = "The Director of People has not signed this off yet.", "You have not signed this off yet."
    assert signs in case.against()
    assert to_them not in case.against()
    own = case.against(reader="lead")
    assert to_them in own
    assert signs not in own
    assert len(own) == len(case.against())
    addressed = [text.startswith("You have not ") for text in own]
    assert addressed == sorted(addressed, reverse=True)
    assert case.against(reader="chief") == case.against()


@pytest.mark.slow
def test_who_must_sign_is_asked_until_they_have(db: str, tmp_path: Path):
    """The gate is due on 31 March 2027; the clerk signs, and the lead provider is asked for all that is missing."""
    store(db, tmp_path / "t", SERVICE + RUN.replace("sign: [lead]", "sign: [clerk]"))

    def asked() -> set[str | None]:
        found = asks(judged_on(db, MARCH), today=MARCH)
        return {d.person for d in found if d.subject == f"{GO}#evidence"}

    assert asked() == {"lead", "clerk"}
    pilot_records.sign(GO, "", change(MARCH, db, "clerk"), agrees=True)
    assert asked() == {"lead"}


PACK = """\
assurance:
  method: test_pack
  rationale: Two staff only
  cases: [{id: sick, what: Sick pay}, {id: new, what: A starter}]
"""


class TestAssurance:
    @pytest.fixture
    def packed(self, db: str, tmp_path: Path) -> str:
        return store(db, tmp_path / "packed", SERVICE + RUN + PACK)

    @pytest.mark.slow
    def test_a_test_pack_takes_the_place_of_the_parallel_run(self, packed: str):
        tasks = programme(packed).roadmap.tasks
        assert SIDE_BY_SIDE not in tasks
        assert "payroll/w1/test-pack" in tasks
        case = weighed(packed)
        assert "Test case “Sick pay” has not been run yet." in case.of(State.BLOCKS)
        assert not any("parallel run" in t for t in case.of(State.BLOCKS, State.OPEN))

    @pytest.mark.slow
    def test_a_case_that_failed_blocks_until_it_has_passed(self, packed: str):
        pilot_records.test_case("payroll", "sick", "Half pay was wrong", change(MARCH, packed), passed=False)
        pilot_records.test_case("payroll", "new", "As in the old system", change(MARCH, packed), passed=True)
        case = weighed(packed)
        assert "Test case “Sick pay” failed on 25 Mar 2027: Half pay was wrong" in case.of(State.BLOCKS)
        assert "1 of 2 test cases have passed." in case.of(State.MET)
        pilot_records.test_case("payroll", "sick", "Right now", change(MARCH, packed), passed=True)
        case = weighed(packed)
        assert "2 of 2 test cases have passed." in case.of(State.MET)
        with pytest.raises(UnknownThingError, match="test case"):
            pilot_records.test_case("payroll", "flood", "Wet", change(MARCH, packed), passed=True)

    @pytest.mark.slow
    def test_both_asks_for_both(self, db: str, tmp_path: Path):
        store(db, tmp_path / "both", SERVICE + RUN + PACK.replace("test_pack", "both"))
        blocking = weighed(db).of(State.BLOCKS)
        assert any("Test case" in t for t in blocking)
        assert "No parallel run has been reconciled yet; 2 clean runs in a row are needed." in blocking

    def test_a_test_pack_says_why_and_has_cases(self, tmp_path: Path):
        folder = written(tmp_path / "bare", SERVICE + RUN + "assurance: {method: test_pack}\n")
        with pytest.raises(InputError, match=r"services/payroll\.yaml:\d+:\d+: .*a test pack needs cases"):
            definitions.difference(folder, db=f"sqlite:///{tmp_path / 'x.db'}")
