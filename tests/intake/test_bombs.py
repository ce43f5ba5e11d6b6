"""Small files that would fill the memory: each is refused in words, or read, within 256 MB more than before."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.intake.bombs import END, SHEET, a_project, a_workbook, cells, read_apart, with_lying_sizes

LIMIT_MB = 256
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
OTHERWISE = FAR.replace('r="', "\n r = '").replace('">', "'>").replace("XFD", "xfd")
ENTITIES = '<!DOCTYPE p [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;</p>'
NUMBER, TEXT = '<c r="{place}"><v>1.5</v></c>', '<c r="{place}" t="s"><v>0</v></c>'


class Bomb(NamedTuple):
    kind: str
    says: str
    make: Callable[[Path], object]


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def write(path: Path, *parts: str) -> None:
    with path.open("w") as file:
        file.writelines(parts)


def task(inner: str) -> str:
    return f"<Task><UID>1</UID>{inner}</Task>"


def attributes(count: int) -> str:
    return " ".join(f'a{n}="1"' for n in range(count))


XLSX = {
    "a sheet of 100 MB": Bomb(
        "table", "unpacks to more than 60 MB", lambda p: a_workbook(p, SHEET.encode() + b" " * 100_000_000)
    ),
    "a sheet that lies about its size": Bomb(
        "table", "cannot be read", lambda p: with_lying_sizes(a_workbook(p, SHEET.encode() + b" " * 100_000_000))
    ),
    "three million texts": Bomb(
        "table",
        "more than 500,000 cells",
        lambda p: a_workbook(p, SHEET + END, texts=f"<sst>{'<si><t>a</t></si>' * 3_000_000}</sst>"),
    ),
    "one long text everywhere": Bomb(
        "table",
        "million characters",
        lambda p: a_workbook(p, cells(20_000, "ABCDEFGH", TEXT), texts=f"<sst><si><t>{'x' * 30_000}</t></si></sst>"),
    ),
    "two cells far apart": Bomb("table", "to line 1,048,576", lambda p: a_workbook(p, SHEET + FAR + END)),
    "two cells far apart, written otherwise": Bomb(
        "table", "to line 1,048,576", lambda p: a_workbook(p, SHEET + OTHERWISE + END)
    ),
    "cells without places": Bomb(
        "table",
        "more than 500 columns",
        lambda p: a_workbook(p, f"{SHEET}<row>{'<c><v>1</v></c>' * 400_000}</row>{END}"),
    ),
    "five million lines": Bomb(
        "table", "more than 200,000 lines", lambda p: a_workbook(p, f"{SHEET}{'<row/>' * 5_000_000}{END}")
    ),
    "fifty thousand parts": Bomb(
        "table",
        "more than 1,000 parts",
        lambda p: a_workbook(p, SHEET + END, more=tuple(f"p{n}" for n in range(50_000))),
    ),
    "the most that is read": Bomb(
        "table", "'id' is missing", lambda p: a_workbook(p, cells(24_000, "ABCDEFGHIJKLMNOPQRST", NUMBER))
    ),
}
CSV = {
    "a million columns": Bomb("table", "more than 500 columns", lambda p: write(p, "id", ",c" * 1_000_000, "\n1,2\n")),
    "a line of seven million cells": Bomb("table", "7000001 cells", lambda p: write(p, "id,b\n", "1," * 7_000_000)),
    "100 MB": Bomb("table", "larger than 16 MB", lambda p: sparse(p, 100_000_000)),
    "one field of 50 MB": Bomb("table", "larger than 16 MB", lambda p: write(p, "id,b\nx,", "y" * 50_000_000)),
    "a field of 15 MB": Bomb("table", "larger than field limit", lambda p: write(p, "id,b\nx,", "y" * 15_000_000)),
    "a quotation mark over everything": Bomb(
        "table", "never closed", lambda p: write(p, 'id,b\n"x', ",y\n" * 2_000_000)
    ),
    "three million lines": Bomb("table", "more than 100,000 lines", lambda p: write(p, "id,b\n", "a,b\n" * 3_000_000)),
    "seven million empty lines": Bomb(
        "table", "more than 1,100,000 lines", lambda p: write(p, "id,b\n", ",\n" * 7_000_000)
    ),
}
LEDGERS = {
    "one line of 50 MB": Bomb(
        "ledger", "more than a million", lambda p: write(p, "contract,net\nx,", "1" * 50_000_000)
    ),
    "a million columns": Bomb("ledger", "more than 500 columns", lambda p: write(p, "contract", ",c" * 400_000, "\n")),
    "a quotation mark over everything": Bomb(
        "ledger", "cannot be read", lambda p: write(p, 'contract,net\n"x', ",1\n" * 5_000_000)
    ),
    "a terabyte": Bomb("ledger", "larger than 500 MB", lambda p: sparse(p, 10**12)),
}
PROJECTS = {
    "too many tasks": Bomb("project", "more than 250,000", lambda p: a_project(p, tasks=task("") * 300_000)),
    "too many links": Bomb(
        "project", "more than 500,000", lambda p: a_project(p, tasks=task("<PredecessorLink/>" * 600_000))
    ),
    "a text of 50 MB": Bomb(
        "project", "more than 10,000", lambda p: a_project(p, tasks=task(f"<Name>{'x' * 50_000_000}</Name>"))
    ),
    "notes of 50 MB, which no one needs": Bomb(
        "project",
        "read",
        lambda p: a_project(p, tasks=task(f"<Duration>PT8H</Duration><Notes>{'x' * 50_000_000}</Notes>")),
    ),
    "a tag of 20 MB": Bomb(
        "project",
        "longer than a million bytes",
        lambda p: a_project(p, tasks=f"<Task {attributes(2_000_000)}/>"),
    ),
    "a million deep": Bomb("project", "more than 50 deep", lambda p: a_project(p, tasks="<a>" * 1_000_000)),
    "elements that no one knows": Bomb(
        "project", "more than 10,000,000 tags", lambda p: a_project(p, more="<x/>" * 11_000_000)
    ),
    "entities": Bomb("project", "declares a document type", lambda p: write(p, ENTITIES)),
    "an entity from elsewhere": Bomb(
        "project", "declares a document type", lambda p: write(p, '<!DOCTYPE p SYSTEM "file:///etc/passwd"><p/>')
    ),
    "more than 100 MB": Bomb("project", "larger than 100 MB", lambda p: sparse(p, 100_000_001)),
}


def check(path: Path, bomb: Bomb) -> None:
    bomb.make(path)
    grown, said = read_apart(bomb.kind, path)
    assert bomb.says in said
    assert grown <= LIMIT_MB


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("name", XLSX)
def test_a_workbook_takes_no_more_memory_than_the_limit(tmp_path: Path, name: str):
    check(tmp_path / "x.xlsx", XLSX[name])


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("name", CSV)
def test_a_csv_takes_no_more_memory_than_the_limit(tmp_path: Path, name: str):
    check(tmp_path / "x.csv", CSV[name])


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_takes_no_more_memory_than_the_limit(tmp_path: Path, name: str):
    check(tmp_path / "x.csv", LEDGERS[name])


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_file_takes_no_more_memory_than_the_limit(tmp_path: Path, name: str):
    check(tmp_path / "x.xml", PROJECTS[name])
