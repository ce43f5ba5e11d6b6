"""Reconciliation of files: hand-made ledgers that hold every class, and an independent oracle on random ones."""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import InputError, ProblemsError
from changeflow.pilots.criteria import PRESETS, ExplainedVariance, ParallelRunPolicy, Tolerance
from changeflow.pilots.runs import MatchOutcome, Reconciliation
from changeflow.reconciliation import compare
from changeflow.reconciliation.compare import ALL, reconcile
from tests.pilots.plain import Ledger, Plain, plain
from tests.quick import draws

ELEMENTS = ("gross", "tax", "net")
EXACT = ParallelRunPolicy(tolerances=tuple(Tolerance(element=e, absolute=Decimal(0)) for e in ELEMENTS))
PENNY = ParallelRunPolicy(tolerances=tuple(Tolerance(element=e, absolute=Decimal("0.01")) for e in ELEMENTS))


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def compared(tmp_path: Path, old: str, new: str, policy: ParallelRunPolicy = PENNY, **more) -> Reconciliation:
    head = "contract,gross,tax,net\n"
    before, after = (written(tmp_path / f"{n}.csv", head + t) for n, t in (("old", old), ("new", new)))
    return reconcile(before, after, policy, period=more.pop("period", "2027-01"), **more)


@pytest.mark.thorough
@pytest.mark.slow
def test_what_does_not_fit_into_little_memory_is_compared_in_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old, new = "".join(f"C{n},{n}.00,1,1\n" for n in range(50)), "".join(f"C{n},{n}.5,1,1\n" for n in range(1, 51))
    enough = compared(tmp_path, old, new)
    monkeypatch.setattr(compare, "LITTLE", "1 MB")
    said: list[str] = []
    assert compared(tmp_path, old, new, say=said.append) == enough
    assert said.count("Reading old.csv …") == 2
    assert (enough.count(MatchOutcome.UNEXPLAINED), enough.count(MatchOutcome.MISSING)) == (49, 1)
    monkeypatch.setattr(compare, "MEMORY", "1 MB")
    with pytest.raises(InputError, match=r"Comparing old.csv and new.csv needs more memory than 1 MB\."):
        compared(tmp_path, old, new)


def explained(**values) -> ExplainedVariance:
    return ExplainedVariance(reason="agreed", explained_by="payroll-manager", **values)


class TestByHand:
    @pytest.mark.slow
    def test_every_class(self, tmp_path: Path):
        """a equal; b a penny off; c ten pounds off; d back-pay, explained; e gone; f new; g twice."""
        policy = PENNY.model_copy(update={"explanations": (explained(element="gross", key="d"),)})
        old = "a,100,20,80\nb,100,20,80\nc,100,20,80\nd,100,20,80\ne,100,20,80\ng,1,0,1\n"
        new = "a,100.00,20.0,80\nb,100,20.01,79.99\nc,100,30,70\nd,150,20,80\nf,9,1,8\ng,1,0,1\ng,1,0,1\n"
        result = compared(tmp_path, old, new, policy)
        assert {o: n for o, n in result.counts.items() if n} == dict.fromkeys(MatchOutcome, 1)
        assert result.keys == {MatchOutcome.MISSING: ("e",), MatchOutcome.EXTRA: ("f",), MatchOutcome.DUPLICATE: ("g",)}
        assert [(v.key, v.element, v.difference, v.outcome.value) for v in result.variances] == [
            ("c", "net", Decimal("-10.00"), "unexplained"),
            ("c", "tax", Decimal("10.00"), "unexplained"),
            ("d", "gross", Decimal("50.00"), "explained"),
            ("b", "net", Decimal("-0.01"), "within_tolerance"),
            ("b", "tax", Decimal("0.01"), "within_tolerance"),
        ]
        assert result.variances[2].reason == "agreed"
        assert result.largest_unexplained == Decimal("10.00")

    @pytest.mark.slow
    def test_errors_that_cancel_each_other_out_are_two(self, tmp_path: Path):
        """Two people's pay swapped by £31.20: the totals are the same to the penny."""
        result = compared(tmp_path, "a,0,0,100\nb,0,0,100\n", "a,0,0,131.20\nb,0,0,68.80\n")
        assert result.net == {"net": Decimal("0.00")}
        assert [v.difference for v in result.unexplained] == [Decimal("31.20"), Decimal("-31.20")]
        assert result.count(MatchOutcome.UNEXPLAINED) == 2

    @pytest.mark.slow
    def test_ninety_nine_in_a_hundred_do_not_make_up_for_one_who_is_unpaid(self, tmp_path: Path):
        old = "".join(f"c{n},2000,400,1600\n" for n in range(400))
        summary = compared(tmp_path, old, old.replace("c7,2000,400,1600\n", "")).summary(
            service="payroll", period="2027-01", on=date(2027, 2, 1)
        )
        assert (summary.equal, summary.missing, summary.is_clean) == (399, 1, False)
        unpaid = compared(tmp_path, old, old.replace("c7,2000,400,1600\n", "c7,0,0,0\n"))
        assert (unpaid.count(MatchOutcome.UNEXPLAINED), unpaid.largest_unexplained) == (1, Decimal("2000.00"))

    @pytest.mark.slow
    def test_an_explanation_holds_for_its_element_period_key_and_amounts(self, tmp_path: Path):
        rule = explained(element="net", period="2027-10", between=(Decimal(0), Decimal(50)))
        policy = PENNY.model_copy(update={"explanations": (rule,)})
        old, new = "a,0,0,100\nb,0,0,100\nc,0,5,100\n", "a,0,0,150\nb,0,0,150.01\nc,0,6,100\n"
        october = compared(tmp_path, old, new, policy, period="2027-10")
        assert (october.count(MatchOutcome.EXPLAINED), october.count(MatchOutcome.UNEXPLAINED)) == (1, 2)
        assert compared(tmp_path, old, new, policy, period="2027-11").count(MatchOutcome.UNEXPLAINED) == 3

    @pytest.mark.slow
    def test_a_leaver_and_a_starter_can_be_explained_one_by_one(self, tmp_path: Path):
        rules = (explained(element="missing", key="a"), explained(element="extra", key="c"))
        policy = PENNY.model_copy(update={"explanations": rules})
        result = compared(tmp_path, "a,1,0,1\nb,1,0,1\n", "c,1,0,1\nd,1,0,1\n", policy)
        assert result.count(MatchOutcome.EXPLAINED) == 2
        assert (result.keys[MatchOutcome.MISSING], result.keys[MatchOutcome.EXTRA]) == (("b",), ("d",))

    @pytest.mark.slow
    def test_a_tolerance_may_be_a_share(self, tmp_path: Path):
        """A thousandth of £2,000 is £2: £2.00 is within it, £2.01 is not."""
        share = Tolerance(element="net", absolute=Decimal(0), relative=Decimal("0.001"))
        policy = ParallelRunPolicy(tolerances=(share,))
        result = compared(tmp_path, "a,0,0,2000\nb,0,0,2000\n", "a,0,0,2002\nb,0,0,2002.01\n", policy)
        assert (result.count(MatchOutcome.WITHIN_TOLERANCE), result.count(MatchOutcome.UNEXPLAINED)) == (1, 1)

    @pytest.mark.slow
    def test_a_column_may_have_another_name_and_the_other_sign(self, tmp_path: Path):
        policy = PENNY.model_copy(update={"columns": {"new": {"tax": "PAYE", "contract": "ref"}}, "flipped": ("tax",)})
        old = written(tmp_path / "o.csv", "contract,gross,tax,net\na,100,20,80\n")
        new = written(tmp_path / "n.csv", "ref;gross;PAYE;net\na;100;-20;80\n")
        assert reconcile(old, new, policy, period="p").count(MatchOutcome.EQUAL) == 1

    @pytest.mark.slow
    def test_several_columns_name_a_line(self, tmp_path: Path):
        """One person with two contracts, and a supplier with two invoices: each line is matched by itself."""
        old = written(tmp_path / "o.csv", "supplier,invoice,net,vat,gross\nS1,1,100,20,120\nS1,2,50,10,60\n")
        new = written(tmp_path / "n.csv", "supplier,invoice,net,vat,gross\nS1,2,50,10,60\nS1,1,100,20,121\n")
        result = reconcile(old, new, PRESETS["suppliers"], period="p")
        assert [(v.key, v.element) for v in result.variances] == [("S1|1", "gross")]

    @pytest.mark.slow
    def test_ids_that_changed_are_followed(self, tmp_path: Path):
        changed = written(tmp_path / "ids.csv", "old,new\n17,9017\n")
        result = compared(tmp_path, "17,1,0,1\n18,1,0,1\n", "9017,1,0,1\n18,1,0,1\n", identity=changed)
        assert result.count(MatchOutcome.EQUAL) == 2

    @pytest.mark.slow
    def test_amounts_as_people_write_them(self, tmp_path: Path):
        old = 'a,"1,234.56",£20,(80.00)\nb, 7 ,5.,12.00-\n'
        new = "a,1234.56,20.000000,-80\nb,7,+5,-12\n"
        assert compared(tmp_path, old, new, EXACT).count(MatchOutcome.EQUAL) == 2

    @pytest.mark.slow
    def test_a_million_pounds_and_far_more_are_exact(self, tmp_path: Path):
        """Twelve digits before the point, six after it: what a currency with small units needs, and no overflow."""
        old = "a,1000000,1000000.000001,999999999999.999999\n"
        result = compared(tmp_path, old, 'a,"1,000,000.00",1000000.000002,-999999999999.999999\n', EXACT)
        assert [(v.element, v.difference) for v in result.variances] == [
            ("net", Decimal("-1999999999999.999998")),
            ("tax", Decimal("0.000001")),
        ]

    @pytest.mark.slow
    def test_parquet_and_workbook_and_csv_are_the_same(self, tmp_path: Path):
        rows = [("a", "100.10", "20", "80.10"), ("b", "1", "0", "1")]
        old = written(tmp_path / "o.csv", "contract,gross,tax,net\n" + "".join(",".join(r) + "\n" for r in rows))
        with duckdb.connect() as db:
            db.execute("create table t (contract varchar, gross decimal(9,2), tax decimal(9,2), net decimal(9,2))")
            db.executemany("insert into t values (?, ?, ?, ?)", rows)
            db.execute(f"copy t to '{tmp_path / 'n.parquet'}'")
        with xlsxwriter.Workbook(str(tmp_path / "n.xlsx")) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["contract", *ELEMENTS])
            for n, row in enumerate(rows, 1):
                sheet.write_row(n, 0, [row[0], *map(float, row[1:])])
        for new in ("n.parquet", "n.xlsx"):
            assert reconcile(old, tmp_path / new, EXACT, period="p").count(MatchOutcome.EQUAL) == 2


@pytest.mark.slow
class TestBadInput:
    @pytest.mark.usual(4)
    @pytest.mark.parametrize(
        ("new", "places"),
        [
            ("contract,gross,tax,net\na,1,x,3\nb,1,2,3.0000001\nc,1e3,2,3\n", [(2, 3), (3, 4), (4, 2)]),
            ("contract,gross,tax,net\na,1,2,3\n,1,2,3\n", [(3, 1)]),
            ("contract,gross,tax\na,1,2\n", [(1, 1)]),
            ("contract,gross,tax,net\n", [(1, 1)]),
            ("", [(1, 1)]),
            ("contract,gross,gross,net\na,1,2,3\n", [(1, 1)]),
            ("contract,gross,tax,net\na,1,2,3\nb,1\n", [(3, 1)]),
            ('contract,gross,tax,net\na,1,2,3\nb,"12,3,4.5",2,3\n', [(3, 2)]),
            ("contract,gross,tax,net\na,1,2,1.234,56\n", [(2, 1)]),
        ],
    )  # fmt: skip
    def test_mistakes_have_their_line_and_column(self, tmp_path: Path, new: str, places: list[tuple[int, int]]):
        old = written(tmp_path / "old.csv", "contract,gross,tax,net\na,1,2,3\n")
        with pytest.raises(ProblemsError) as raised:
            reconcile(old, written(tmp_path / "new.csv", new), PENNY, period="p")
        assert [(p.file, p.line, p.column) for p in raised.value.problems] == [("new.csv", *p) for p in places]

    def test_both_files_at_once(self, tmp_path: Path):
        old = written(tmp_path / "old.csv", "contract,gross,tax,net\na,x,2,3\n")
        new = written(tmp_path / "new.csv", "contract,gross,tax,net\na,1,y,3\n")
        with pytest.raises(ProblemsError) as raised:
            reconcile(old, new, PENNY, period="p")
        assert [p.file for p in raised.value.problems] == ["old.csv", "new.csv"]

    def test_nobody_is_paid_less_than_nothing(self, tmp_path: Path):
        paid = PENNY.model_copy(update={"pay": "net"})
        with pytest.raises(ProblemsError) as raised:
            compared(tmp_path, "a,1,2,-1.00\nb,1,0,1\n", "a,1,2,0\nb,-1,0,-12.5\n", paid)
        assert [(p.file, p.line, p.column, p.what) for p in raised.value.problems] == [
            ("old.csv", 2, 4, "Pay of -1.00 is negative."),
            ("new.csv", 3, 4, "Pay of -12.50 is negative."),
        ]
        assert compared(tmp_path, "a,1,2,-1.00\n", "a,1,2,-1.00\n").count(MatchOutcome.EQUAL) == 1, "where it is no pay"

    def test_a_line_of_another_period_is_none_of_this_run(self, tmp_path: Path):
        old = written(tmp_path / "o.csv", "contract,period,net\na,2027-01,1\nb,2027-01,1\n")
        new = written(tmp_path / "n.csv", "contract,period,net\na,2027-01,1\nb,2027-02,1\nc,,1\n")
        with pytest.raises(ProblemsError) as raised:
            reconcile(old, new, ParallelRunPolicy(), period="2027-01")
        assert [(p.file, p.line, p.column) for p in raised.value.problems] == [("n.csv", 3, 2), ("n.csv", 4, 2)]
        assert "is not the period 2027-01" in str(raised.value)
        assert reconcile(old, old, ParallelRunPolicy(), period="2027-01").elements == ("net",)

    def test_floats_of_a_parquet_file_are_not_exact(self, tmp_path: Path):
        with duckdb.connect() as db:
            db.execute(f"copy (select 'a' as contract, 1.5::double as net) to '{tmp_path / 'n.parquet'}'")
        old = written(tmp_path / "o.csv", "contract,net\na,1.5\n")
        with pytest.raises(ProblemsError, match="floating-point numbers, which are not exact"):
            reconcile(old, tmp_path / "n.parquet", ParallelRunPolicy(), period="p")

    def test_an_older_programs_letters_are_read_and_two_kinds_in_one_file_are_not(self, tmp_path: Path):
        old = written(tmp_path / "o.csv", "contract,gross,tax,net\nÀ1,1,0,1\n")
        new = tmp_path / "n.csv"
        new.write_bytes("contract,gross,tax,net\nÀ1,1,0,1\n".encode("cp1252"))
        assert reconcile(old, new, PENNY, period="p").count(MatchOutcome.EQUAL) == 1
        new.write_bytes(b"contract,gross,tax,net\n" + "À1,1,0,1\n".encode() + "É2,1,0,1\n".encode("cp1252"))
        with pytest.raises(ProblemsError, match="Some lines are UTF-8 and some are not"):
            reconcile(old, new, PENNY, period="p")

    @pytest.mark.parametrize(
        ("ids", "message"),
        [
            ("a,b\nb,a\n", "ids were swapped or reused"),
            ("a,b\nb,c\n", "swapped or reused"),
            ("a,x\nb,x\n", "is already the new id on line 2"),
            ("a,x\na,y\n", "already has a new id"),
        ],
    )
    def test_ids_that_go_round_or_are_used_again(self, tmp_path: Path, ids: str, message: str):
        changed = written(tmp_path / "ids.csv", "old,new\n" + ids)
        with pytest.raises(ProblemsError, match=message):
            compared(tmp_path, "a,1,0,1\nb,1,0,1\n", "b,1,0,1\n", identity=changed)


def drawn(chance: random.Random) -> tuple[Ledger, Ledger, dict[str, str], ParallelRunPolicy]:
    """Draw two ledgers that differ in everything that can differ: order, repeats, leavers, pence, ids, signs."""
    people = [f"{n:03d}" for n in range(chance.randrange(1, 14))]
    old = [(p, {e: Decimal(chance.randrange(-5000, 500000)) / 100 for e in ELEMENTS}) for p in people]
    changed = {p: f"9{p}" for p in people if chance.random() < 0.15}
    new = []
    for key, line in old:
        if chance.random() < 0.1:
            continue
        cells = dict(line)
        for element in ELEMENTS:
            if chance.random() < 0.25:
                cells[element] += Decimal(chance.choice([1, -1, 2, 50, -50, 12345])) / chance.choice([100, 100, 1000])
        new.append((changed.get(key, key), cells))
    new += [(f"S{n}", {e: Decimal(1) for e in ELEMENTS}) for n in range(chance.randrange(3))]
    for lines in (old, new):
        if lines and chance.random() < 0.15:
            lines.append(chance.choice(lines))
        chance.shuffle(lines)
    rules = [explained(element=chance.choice([*ELEMENTS, "missing", "extra"]), key=chance.choice([None, *people]))]
    rules[0] = rules[0].model_copy(update={"between": chance.choice([None, (Decimal("-0.5"), Decimal("0.5"))])})
    flipped = ("tax",) if chance.random() < 0.3 else ()
    if flipped:
        new = [(k, {**line, "tax": -line["tax"]}) for k, line in new]
    tolerances = tuple(
        Tolerance(
            element=e, absolute=Decimal(chance.randrange(3)) / 100, relative=Decimal(chance.choice([0, 0, 1])) / 1000
        )
        for e in ELEMENTS
    )
    return old, new, changed, ParallelRunPolicy(tolerances=tolerances, explanations=tuple(rules), flipped=flipped)


def text_of(lines: Ledger) -> str:
    head = "contract," + ",".join(ELEMENTS)
    return "\n".join([head, *(",".join([key, *(str(line[e]) for e in ELEMENTS)]) for key, line in lines)]) + "\n"


def findings_of(result: Reconciliation) -> dict[str, object]:
    """Return all that a comparison found, in words that the oracle uses as well."""
    return {
        "contracts": {o.value: n for o, n in result.counts.items() if n},
        "cells": {(v.key, v.element): v.outcome.value for v in result.variances},
        "net": dict(result.net),
        "alone": {o.value: list(keys) for o, keys in result.keys.items()},
    }


def findings_wanted(found: Plain) -> dict[str, object]:
    classes = list(found.contracts.values())
    return {
        "contracts": {c: classes.count(c) for c in set(classes)},
        "cells": found.cells,
        "net": found.net,
        "alone": {
            c: sorted(k for k, own in found.contracts.items() if own == c) for c in ("missing", "extra", "duplicate")
        },
    }


def both_ways(
    folder: Path, old: Ledger, new: Ledger, changed: dict[str, str], policy: ParallelRunPolicy
) -> tuple[dict[str, object], dict[str, object]]:
    """Return what the product finds in two files, and what the oracle finds in the same lines."""
    before, after = written(folder / "old.csv", text_of(old)), written(folder / "new.csv", text_of(new))
    pairs = "old,new\n" + "".join(f"{a},{b}\n" for a, b in changed.items())
    ids = written(folder / "ids.csv", pairs) if changed else None
    result = reconcile(before, after, policy, period="p", identity=ids, most=ALL)
    wanted = plain(old, new, policy, period="p", elements=ELEMENTS, identity=changed)
    return findings_of(result), findings_wanted(wanted)


@pytest.mark.thorough
@pytest.mark.slow
def test_random_ledgers_agree_with_the_oracle(tmp_path: Path):
    seen = set()
    for seed in range(25):
        old, new, changed, policy = drawn(random.Random(seed))
        if old and new:
            found, wanted = both_ways(tmp_path, old, new, changed, policy)
            assert found == wanted, f"seed {seed}"
            seen |= wanted["contracts"].keys()
    assert seen == {o.value for o in MatchOutcome}, "every class has to be among them"


@pytest.mark.thorough
@pytest.mark.slow
def test_ten_thousand_random_ledgers_agree_with_the_oracle(tmp_path: Path):
    """Four hundred ledgers a file, each with contracts of its own. Each file has a policy of its own."""
    for batch in range(25):
        chance = random.Random(1_000_000 + batch)
        *_, policy = drawn(chance)
        old, new, changed = [], [], {}
        for number in range(400):
            before, after, ids, _ = drawn(chance)
            old += [(f"{number}/{key}", line) for key, line in before]
            new += [(f"{number}/{key}", line) for key, line in after]
            changed |= {f"{number}/{a}": f"{number}/{b}" for a, b in ids.items()}
        found, wanted = both_ways(tmp_path, old, new, changed, policy)
        assert found == wanted, f"batch {batch}"


@pytest.mark.thorough
@pytest.mark.slow
@settings(max_examples=draws(20))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12), st.booleans())
def test_whoever_is_not_paid_is_counted_whatever_explains_it(
    tmp_path_factory: pytest.TempPathFactory, pay: list[tuple[int, int]], is_explained: bool
):
    folder = tmp_path_factory.mktemp("paid")
    rules = (explained(element="net"),) if is_explained else ()
    policy = PENNY.model_copy(update={"pay": "net", "explanations": rules})
    sides = ["".join(f"c{n},1,0,{both[side]}\n" for n, both in enumerate(pay)) for side in (0, 1)]
    result = compared(folder, *sides, policy)
    assert result.unpaid == sum(old > 0 and new == 0 for old, new in pay)
    # Whole pounds: whatever differs is beyond a penny.
    same = sum(old == new for old, new in pay)
    assert result.summary(service="s", period="p", on=date(2027, 1, 1)).pay_share == Decimal(same) / len(pay)


CHANGES = st.sampled_from(["drop", "add", "twice", "amount"])


@pytest.mark.thorough
@pytest.mark.slow
@settings(max_examples=draws(40))
@given(st.integers(2, 20), CHANGES, st.data())
def test_any_single_change_is_found_and_put_into_its_class(
    tmp_path_factory: pytest.TempPathFactory, count: int, change: str, data: st.DataObject
):
    folder = tmp_path_factory.mktemp("one")
    lines = [(f"c{n}", {e: Decimal(n * 7 + 100) + Decimal("0.5") for e in ELEMENTS}) for n in range(count)]
    new: list[tuple[str, dict[str, Decimal]]] = [(k, dict(v)) for k, v in lines]
    at = data.draw(st.integers(0, count - 1))
    element = data.draw(st.sampled_from(ELEMENTS))
    off = data.draw(st.integers(-(10**9), 10**9).filter(bool)) / Decimal(1000)
    if change == "drop":
        new.pop(at)
    elif change == "add":
        new.append(("other", new[at][1]))
    elif change == "twice":
        new.append(new[at])
    else:
        new[at][1][element] += off
    old = written(folder / "old.csv", text_of(lines))
    result = reconcile(old, written(folder / "new.csv", text_of(new)), PENNY, period="p")
    wanted = {"drop": "missing", "add": "extra", "twice": "duplicate"}.get(
        change, "within_tolerance" if abs(off) <= Decimal("0.01") else "unexplained"
    )
    found = {o.value: n for o, n in result.counts.items() if n and o is not MatchOutcome.EQUAL}
    assert found == {wanted: 1}
    if change == "amount":
        assert [(v.key, v.element, v.difference) for v in result.variances] == [(f"c{at}", element, off)]
