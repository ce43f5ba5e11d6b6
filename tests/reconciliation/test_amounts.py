"""Amounts as people and programs write them: an odd cell is read as documented or named, never dropped or called equal.

The oracle is a table of cells with their values, written by hand from docs/pilots.md, and plain Python with `Decimal`.
"""

import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import ProblemsError
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Reconciliation
from changeflow.reconciliation.compare import reconcile
from tests.quick import draws

pytestmark = pytest.mark.slow

READ = {
    "": "0", " ": "0", "-": "0", "–": "0", " -   ": "0", "£ -": "0", "- GBP": "0", "(-)": "0", "'": "0",
    "12": "12", "+12": "12", "12.": "12", ".5": "0.5", "-.5": "-0.5", " 7 ": "7", "007": "7", "-0": "0",
    "5.0000000": "5",
    "1,234.56": "1234.56", "1,234": "1234", "1,234,567.8": "1234567.8", "1 234.56": "1234.56",
    "1\u00a0234.56": "1234.56",
    "1\u2009234.56": "1234.56", "1\u202f234": "1234", "1'234.56": "1234.56", "1’234.56": "1234.56",
    "(12.00)": "-12", "12.00-": "-12", "- 12.00": "-12", "−12.00": "-12", "–12.00": "-12", "12.00 -": "-12",
    "12.00 CR": "12", "12.00 DR": "-12", "12.00dr": "-12", "£12.00": "12", "GBP 12.00": "12", "12.00 GBP": "12",
    "-£12.00": "-12", "£-12.00": "-12", "£(1,200.00)": "-1200", "(£1,200.00)": "-1200", "GBP £12.00": "12",
    "£12.00-": "-12",
    "'12.00": "12", "'-£12.00": "-12", "\ufeff12.00": "12", "12.00\t": "12",
    "5%": "0.05", "-5 %": "-0.05", "(5%)": "-0.05", "12.5%": "0.125",
    "DR 12.00": "-12", "cr 12": "12", "DR £1,200.50": "-1200.50", "１２．５０": "12.5", "（１２）": "-12",
    "￡１，２００": "1200",
    "37:30": "37.5", "-1:15": "-1.25", "(1:30)": "-1.5", "2:45-": "-2.75", "0:20": "0.333333", "0:40": "0.666667",
    "100:00": "100", "37:30:36": "37.51", "00:00": "0",
    "0.30000000000000004": "0.3", "2083.3333333333335": "2083.333333", "0.12345650000000001": "0.123457",
    "1234567.8900000001": "1234567.89", "-0.000000000000056843418860808": "0",
    "999999999999.999999": "999999999999.999999",
}  # fmt: skip
"""Cells of a file with decimal points."""
NAMED = [
    "n/a", "#N/A", "#REF!", "NaN", "inf", "-Infinity", "null", "?", "--", "1E5", "1e-3", "1.00E+11", "3.0000001",
    "5.12345%",
    "12,34,567", "1,23", "1.234.567", "1 23", "50p", "+-5", "--5", "-(5)", "(5)-", "-5 CR", "1.2.3", "twelve",
    "12 13", "0x10",
    "1_000", "1000000000000", "12/13", "2027-01-31", "0,5", "1.890,10", "£", "%", "1.5f", "٣", "(5", "5)",
    "1,2345", "€5", "37:60", "1:5", ":30", "1:30 pm", "37h 30m", "1:30:99", "=SUM(A1:A2)", "=A1+B1", "####",
    "DR 12.00 DR", "-12.00 DR",
]  # fmt: skip
"""Cells that are no amounts in a file with decimal points, in pounds."""
ELEMENTS = ("gross", "tax", "net")
CELLS = st.one_of(
    st.sampled_from(sorted(READ)).map(lambda text: (text, Decimal(READ[text]))),
    st.sampled_from(NAMED).map(lambda text: (text, None)),
)
SIX = Decimal("0.000001")


def in_csv(text: str) -> str:
    return f'"{text}"' if any(c in text for c in ',"\n') else text


def ledger(lines: dict[str, dict[str, str]], separator: str = ",") -> str:
    rows = [separator.join([key, *(in_csv(line[e]) for e in ELEMENTS)]) for key, line in lines.items()]
    return "\n".join([separator.join(["contract", *ELEMENTS]), *rows]) + "\n"


def compared(old: str, new: str) -> Reconciliation:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.csv" for name in ("old", "new")]
        for path, text in zip(paths, (old, new), strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        return reconcile(*paths, ParallelRunPolicy(), period="")


def test_every_kind_of_cell_is_read_as_the_page_says():
    """A line a cell, and beside it the value that the page gives: all are equal, once to six decimals."""
    texts = {f"C{n}": text for n, text in enumerate(READ)}
    old = ledger({key: {"gross": "£1.50", "tax": "0", "net": text} for key, text in texts.items()})
    new = ledger({key: {"gross": "1.50", "tax": "0", "net": READ[text]} for key, text in texts.items()})
    result = compared(old, new)
    assert [(texts[v.key], v.old, v.new) for v in result.variances] == []
    assert result.coverage.compared == ("gross", "net", "tax")


@pytest.mark.thorough
def test_other_currencies_are_read_and_two_in_one_column_are_named():
    """Each line has a column of its own currency; `kr.100` is no tenth of a crown, and is named."""
    texts = {
        "CHF 1,200.50": "1200.50", "12.00 kr": "12", "CAD 12": "12", "CA$12.5": "12.5", "12 zł": "12", "-12 SEK": "-12",
        "(¥500)": "-500", "12 NOK DR": "-12",
    }  # fmt: skip
    for text, value in texts.items():
        old, new = (ledger({"C1": {"gross": "1", "tax": "2", "net": cell}}) for cell in (text, value))
        assert not compared(old, new).variances, text
    mixed = ledger(
        {f"C{n}": {"gross": "1", "tax": "2", "net": cell} for n, cell in enumerate(["CHF 1", "£1", "CHF 2"])}
    )
    with pytest.raises(ProblemsError, match="net: '£1' is not in CHF, the currency of the other amounts"):
        compared(mixed, mixed)
    for text, word in (("kr.100", "kr."), ("50p", "p"), ("Fr. 12.00", "Fr.")):
        odd = ledger({"C1": {"gross": "1", "tax": "2", "net": text}, "C2": {"gross": "1", "tax": "2", "net": "5"}})
        with pytest.raises(ProblemsError) as raised:
            compared(odd, odd)
        assert f"net: '{text}' has '{word}' beside its number." in raised.value.problems[0].what


@pytest.mark.thorough
def test_currencies_that_the_cells_of_a_workbook_show_count(tmp_path: Path):
    """The values are numbers alone; the second is shown in euros, in three of the ways that formats have for it."""

    def written(name: str, code: str) -> Path:
        with xlsxwriter.Workbook(str(tmp_path / name)) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["contract", "net"])
            for n, shown in enumerate(('"£"#,##0.00', code, "[$£-809]#,##0.00;[Red]-[$£-809]#,##0.00"), 1):
                sheet.write(n, 0, f"C{n}")
                sheet.write_number(n, 1, 100.25 * n, book.add_format({"num_format": shown}))
        return tmp_path / name

    pounds = written("new.xlsx", '_-"£"* #,##0.00_-;-"£"* #,##0.00_-')
    for code in ("[$€-2] #,##0.00", '#,##0.00 "EUR"', "#,##0.00\\ €"):
        with pytest.raises(ProblemsError, match=r"old\.xlsx\[Sheet1\]:3:2: net: '200\.5 EUR' is not in GBP"):
            reconcile(written("old.xlsx", code), pounds, ParallelRunPolicy(), period="")
    assert not reconcile(written("old.xlsx", '#,##0.00 "hrs"'), pounds, ParallelRunPolicy(), period="").variances


def test_the_sign_that_the_cells_of_a_workbook_show_counts(tmp_path: Path):
    """Each number has the format that shows it as the text beside it; the texts are read as in any CSV."""
    shown = [
        (12, '0.00" DR"', "-12"),
        (12, '#,##0.00\\ "Cr";#,##0.00\\ "Dr"', "12"),
        (-1200, '"£"#,##0.00" CR";"£"#,##0.00" DR"', "-1200"),
        (-12, '0.00" DR";0.00" CR"', "12"),
        (12, "(#,##0.00)", "-12"),
        (12, "-£0.00", "-12"),
        (12, "0.00\\-", "-12"),
        (-12, "-0.00;0.00", "12"),
        (-12, "#,##0.00;[Red]#,##0.00", "-12"),
        (12, "#,##0.00_);[Red](#,##0.00)", "12"),
        (-12, "#,##0.00_);[Red](#,##0.00)", "-12"),
        (12, '_-£* #,##0.00_-;-£* #,##0.00_-;_-£* "-"??_-;_-@_-', "12"),
        (5, '0"%"', "0.05"),
    ]
    with xlsxwriter.Workbook(str(tmp_path / "old.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["contract", "net"])
        for n, (number, code, _) in enumerate(shown, 1):
            sheet.write(n, 0, f"C{n}")
            sheet.write_number(n, 1, number, book.add_format({"num_format": code}))
    lines = "".join(f"C{n},{text}\n" for n, (*_, text) in enumerate(shown, 1))
    (tmp_path / "new.csv").write_text(f"contract,net\n{lines}")
    result = reconcile(tmp_path / "old.xlsx", tmp_path / "new.csv", ParallelRunPolicy(), period="")
    assert [(shown[int(v.key[1:]) - 1], str(v.old)) for v in result.variances] == []


@pytest.mark.thorough
def test_two_currencies_in_one_cell_are_named():
    one = ("£12 GBP", "$12 CAD", "¥12 CNY", "€12 EUR", "US$12")
    for text in ("£12 €", "€12 £", "££12", "£12 EUR", "12 GBP EUR", "€12 GBP DR"):
        odd = ledger({"C1": {"gross": "1", "tax": "2", "net": text}, "C2": {"gross": "1", "tax": "2", "net": "5"}})
        with pytest.raises(ProblemsError) as raised:
            compared(odd, odd)
        [what] = {problem.what for problem in raised.value.problems}
        assert what == f"net: '{text}' has more than one currency sign or code."
    for text in one:
        old, new = (ledger({"C1": {"gross": "1", "tax": "2", "net": cell}}) for cell in (text, "12"))
        assert not compared(old, new).variances, text


@pytest.mark.thorough
def test_every_other_cell_is_named():
    """Ten a kind are named, so each file has ten of them."""
    for first in range(0, len(NAMED), 10):
        texts = NAMED[first : first + 10]
        lines = {f"C{n}": {"gross": "£1.50", "tax": "1", "net": text} for n, text in enumerate(texts)}
        plain = {f"D{n}": {"gross": "£1.50", "tax": "1", "net": "£2.50"} for n in range(len(texts))}
        with pytest.raises(ProblemsError) as raised:
            compared(ledger(lines | plain), ledger(lines | plain))
        found = [(p.file, p.line, p.column) for p in raised.value.problems]
        assert found == [(name, n + 2, 4) for name in ("old.csv", "new.csv") for n in range(len(texts))]
        assert all(text in p.what for text, p in zip(texts * 2, raised.value.problems, strict=True))


@pytest.mark.thorough
@settings(max_examples=draws(25), deadline=None)
@given(CELLS, st.sampled_from(ELEMENTS), st.booleans(), st.integers(1, 4), st.data())
def test_one_odd_cell_is_read_or_named_wherever_it_is(
    odd: tuple[str, Decimal | None], element: str, is_old: bool, count: int, data: st.DataObject
):
    text, value = odd
    lines = {f"C{n}": dict.fromkeys(ELEMENTS, f"£{n + 10}.50") for n in range(count)}
    at = f"C{data.draw(st.integers(0, count - 1))}"
    changed = {key: dict(line) for key, line in lines.items()}
    changed[at][element] = text
    old, new = (ledger(changed), ledger(lines)) if is_old else (ledger(lines), ledger(changed))
    if value is None:
        with pytest.raises(ProblemsError) as raised:
            compared(old, new)
        [problem] = raised.value.problems
        place = ("old.csv" if is_old else "new.csv", int(at[1:]) + 2, ELEMENTS.index(element) + 2)
        assert (problem.file, problem.line, problem.column) == place
        assert text.strip() in problem.what
        return
    result = compared(old, new)
    other = Decimal(int(at[1:]) + 10) + Decimal("0.5")
    difference = other - value if is_old else value - other
    assert {(v.key, v.element): v.difference for v in result.variances} == (
        {(at, element): difference} if difference else {}
    )
    assert result.coverage.compared == tuple(sorted(ELEMENTS))


GROUPS = {".": ["", ",", " ", "'", "\u00a0", "\u202f"], ",": ["", ".", " ", "'"]}
NEGATIVE = ["-{}", "({})", "{}-", "−{}", "{} DR"]
CURRENCY = ["{}", "£{}", "GBP {}", "{} GBP"]
AMOUNTS = st.decimals(min_value=-(10**8), max_value=10**8, places=2)


@st.composite
def conventions(draw: st.DrawFn) -> tuple[str, str, str, str, str]:
    mark = draw(st.sampled_from(".,"))
    separator = draw(st.sampled_from(",;|\t" if mark == "." else ";|\t"))
    return (
        mark,
        draw(st.sampled_from(GROUPS[mark])),
        draw(st.sampled_from(NEGATIVE)),
        draw(st.sampled_from(CURRENCY)),
        separator,
    )


def in_words(amount: Decimal, convention: tuple[str, str, str, str, str]) -> str:
    mark, group, negative, currency, _ = convention
    text = f"{abs(amount):,.2f}".replace(",", "\0").replace(".", mark).replace("\0", group)
    text = currency.format(text)
    return negative.format(text) if amount < 0 else text


@pytest.mark.thorough
@settings(max_examples=draws(15), deadline=None)
@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8), conventions(), conventions(), st.randoms())
def test_ledgers_in_any_two_conventions_are_compared_as_their_amounts_are(pairs, one, other, chance):
    """What is found is what `Decimal` finds, whatever separators, decimals, signs and currencies are used."""
    rows = [
        {e: pair if chance.random() < 0.5 else (pair[0], pair[0]) for e in ELEMENTS} for pair in pairs
    ]  # fmt: skip
    texts = [
        ledger({f"C{n}": {e: in_words(row[e][side], how) for e in ELEMENTS} for n, row in enumerate(rows)}, how[4])
        for side, how in ((0, one), (1, other))
    ]
    result = compared(*texts)
    wanted = {
        (f"C{n}", e): row[e][1] - row[e][0] for n, row in enumerate(rows) for e in ELEMENTS if row[e][0] != row[e][1]
    }
    assert {(v.key, v.element): v.difference for v in result.variances} == wanted


@pytest.mark.thorough
@settings(max_examples=draws(10), deadline=None)
@given(st.lists(st.floats(0.1, 1e6).filter(lambda f: len(repr(f).lstrip("0.").replace(".", "")) >= 15), min_size=1))
def test_floats_are_rounded_to_six_decimals_by_the_rule_of_half_up(values):
    texts = [f"{Decimal(repr(v)):f}" for v in values]
    lines = {f"C{n}": {"gross": "1.50", "tax": "2.50", "net": text} for n, text in enumerate(texts)}
    rounded = {
        key: line | {"net": str(Decimal(line["net"]).quantize(SIX, rounding=ROUND_HALF_UP))}
        for key, line in lines.items()
    }
    assert compared(ledger(lines), ledger(rounded)).variances == ()
