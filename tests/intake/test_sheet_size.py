"""A sheet is counted before it is read: what would be counted wrongly is refused, and counting takes no time."""

from pathlib import Path

import pytest

from changeflow.intake.sheet_size import SheetRefusedError, check_size
from changeflow.intake.sheets import read_workbook
from changeflow.values.problem import Problem
from tests.intake.bombs import END, SHEET, a_workbook, cells

ODD = "no spreadsheet writes it in this way"
LONG = f"<sst><si><t>{'x' * 30_000}</t></si></sst>"


@pytest.mark.slow
@pytest.mark.usual(4)
@pytest.mark.parametrize(
    "value",
    ["<v a='>'>0</v>", "<v>+0</v>", "<v>0.9</v>", "<v>0e0</v>", "<v>-0</v>", "<v>nan</v>", "<v>0<?a b?></v>"],
)
def test_a_shared_text_is_named_by_a_whole_number(value: str):
    sheet = cells(5_000, "ABCDEFGH", '<c r="{place}" t="s">' + value + "</c>")
    with pytest.raises(SheetRefusedError, match=ODD):
        check_size(sheet.encode(), LONG.encode())


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("value", ["<v>0</v>", "<v> 00 </v>", "<f>A1</f><v>0</v>", "<v xml:space='preserve'>0</v>"])
def test_a_long_text_is_counted_wherever_it_is_used(value: str):
    sheet = cells(5_000, "ABCDEFGH", '<c r="{place}" t="s">' + value + "</c>")
    with pytest.raises(SheetRefusedError, match="30 million characters"):
        check_size(sheet.encode(), LONG.encode())


@pytest.mark.parametrize(
    "cell",
    [
        '<c s="1"r="XFD1048576"><v>1</v></c>',
        '<c r="A1" r="XFD1048576"><v>1</v></c>',
        '<c r="$XFD$1048576"><v>1</v></c>',
        "<c r=XFD1048576><v>1</v></c>",
        "<c\u00a0r='XFD1048576'><v>1</v></c>",
        "<c><!-- --></c>",
        "<c r='A1",
    ],
)
def test_a_place_that_readers_may_understand_otherwise_is_refused(cell: str):
    with pytest.raises(SheetRefusedError, match=ODD):
        check_size(f'{SHEET}<row r="1">{cell}</row>{END}'.encode(), b"")


def test_a_text_that_looks_like_a_place_places_no_cell():
    unplaced = '<c t="inlineStr"><is><t> r="A1" </t></is></c>'
    with pytest.raises(SheetRefusedError, match="500 columns"):
        check_size(f"{SHEET}<row>{unplaced * 600}</row>{END}".encode(), b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    "texts",
    [
        f"<sst><si><si/></si><si><t>{'x' * 30_000}</t></si></sst>",
        f"<sst><si/><a><si/></a><si><t>{'x' * 30_000}</t></si></sst>",
        f"<sst><si><t a='</si><si>'>{'x' * 30_000}</t></si></sst>",
        f"<sst><si><t>{'x' * 30_000}</t></sst>",
    ],
)
def test_shared_texts_within_each_other_are_refused(texts: str):
    sheet = cells(5_000, "ABCDEFGH", '<c r="{place}" t="s"><v>0</v></c>')
    with pytest.raises(SheetRefusedError, match=ODD):
        check_size(sheet.encode(), texts.encode())


@pytest.mark.parametrize(
    ("sheet", "texts"),
    [
        (b"<v" * 2_000_000, b""),
        (b'<c "' * 2_000_000, b""),
        (b"<c" + b" a=''" * 1_000_000, b""),
        (b"<c" + b" " * 5_000_000, b""),
        (b"<c r='A1'" + b" r='A1'" * 500_000 + b">", b""),
        (b"", b"<si><x>" * 400_000),
        (b"", b"<si>" + b"x" * 5_000_000),
    ],
)
def test_tags_that_never_end_are_refused_without_looking_at_each_to_the_end(sheet: bytes, texts: bytes):
    with pytest.raises(SheetRefusedError, match=ODD):
        check_size(sheet, texts)


def test_a_workbook_with_a_password_says_so(tmp_path: Path):
    path = a_workbook(tmp_path / "people.xlsx", SHEET + END)
    raw = bytearray(path.read_bytes())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(head)
        while at >= 0:
            raw[at + flags] |= 1
            at = raw.find(head, at + 4)
    path.write_bytes(raw)
    problems: list[Problem] = []
    assert read_workbook(path, "people.xlsx", problems, known=()) is None
    assert [p.what for p in problems] == ["The workbook needs a password to open it."]
