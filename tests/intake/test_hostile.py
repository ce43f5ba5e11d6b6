"""Files that would fill the memory, block or lead astray: each is refused in words, or read within its limits."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from changeflow.errors import ChangeflowError, ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.intake.formats import a_format
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.intake.opening import MOST_FILES
from changeflow.intake.table_rows import TableRow
from changeflow.intake.tables import read_table
from changeflow.intake.yaml import parse_yaml
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.compare import reconcile
from changeflow.values.problem import Problem
from tests.builders import SCHOOLS, SERVICE, a_folder
from tests.intake.bombs import END, SHEET, a_workbook
from tests.quick import quick_first

DIMENSION = (
    '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    '<row r="2"><c r="A2"><v>7</v></c></row>'
)


YAML_BOMBS = {
    "ten thousand brackets": ("a: " + "[" * 10_000, "nested more than 50 levels deep"),
    "ten thousand brackets on lines": ("a: " + "[\n" * 10_000, "nested more than 50 levels deep"),
    "ten thousand dashes": ("a:\n" + "- " * 10_000, "nested more than 50 levels deep"),
    "a list of itself": ("a: &a [*a]", "aliases unfold to too much"),
    "a million values": ("a: [" + "a,\n" * 500_000 + "]", "more than 300,000 keys and values"),
    "a value of a megabyte": ("a: |\n" + "  xxxxxxxx\n" * 100_000, "more than 100,000 characters"),
    "many lines just short enough": (
        "a:\n" + (" " * 99_000 + "\n") * 19 + "  b: [",
        "This is not valid YAML",
    ),
    "a line of a megabyte": ("a: " + "x" * 1_000_000, "more than 100,000 characters"),
    "a tag of Python's": ("service: !!python/object/apply:os.system [id]", "is not read"),
    "bytes": ("service: !!binary aGVsbG8=", "is not read"),
    "a list instead of keys": ("- a\n- b\n", "The file is a list. It needs `key: value` lines instead."),
    "two documents": ("service: a\n---\nservice: b\n", "services/payroll.yaml:2:1: A second document begins here"),
    "a key that is a list": ("? [a, b]\n: c\n", "A key is a list or a mapping"),
    "a number beyond all": ("a: 1e999", "'1e999' is not a finite number"),
    "no number": ("a: .nan", "is not a finite number"),
    "thirty digits": (f"a: {'9' * 30}", "is too large"),
    "five thousand digits": (f"a: {'9' * 5000}", "is too large"),
    "the year 1": ("a: 0001-01-01", "'0001-01-01' is outside the years 1950 to 2200"),
    "the year 1 somewhere else": ("a: 0001-01-01T00:00:00+14:00", "services/payroll.yaml:1:4"),
    "a control character": ('a: "\\x1b[31mred"', "control character U+001B"),
}


@pytest.mark.slow
@pytest.mark.usual(2)
@pytest.mark.parametrize("name", YAML_BOMBS)
def test_a_yaml_file_that_is_no_programme_is_refused_in_one_line(tmp_path: Path, name: str):
    content, says = YAML_BOMBS[name]
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_folder(tmp_path, service=content))
    lines = [str(problem) for problem in caught.value.problems]
    assert len([line for line in lines if says in line]) == 1
    assert {line.partition(":")[0] for line in lines} == {"services/payroll.yaml"}
    assert all(len(line) < 300 for line in lines)


@pytest.mark.thorough
@pytest.mark.slow
def test_twenty_thousand_tasks_are_no_anchor_bomb():
    lines = [f"  t{n:05}: {{name: Task {n}, duration: 5d, after: t{n - 1:05}}}" for n in range(20_000)]
    problems: list[Problem] = []
    document = parse_yaml("\n".join(["service: x", "tasks:", *lines]), "x.yaml", problems)
    assert not problems
    assert document is not None
    assert len(document.data["tasks"]) == 20_000


def rows(path: Path, raw: bytes) -> tuple[list[TableRow], list[str]]:
    path.write_bytes(raw)
    problems: list[Problem] = []
    return list(read_table(path, "t.csv", problems, a_format("table", ("id", "name"), ()))), [str(p) for p in problems]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"id,name\na,b\0c\n", "t.csv:2:4: The file is not text. It contains the character U+0000."),
        ("id,name\na,b\n".encode("utf-16-le"), "t.csv:1:2: The file is not text. It looks like UTF-16"),
        (b"id,name\na,\x81\n", "t.csv:2:3: The file is not text: the byte 0x81 is not a character."),
        (b"id,name\na,\x1b[31mred\n", "t.csv:2:3: The file is not text. It contains the character U+001B."),
        ("id,name\na,é\nb,".encode() + b"\xe9\n", "t.csv:3:3: Some of its text is UTF-8, and this is not."),
        (b'id,name\na,"b\n', "t.csv:2:1: The table cannot be read"),
        (b"\xff\xfea", "its UTF-16 is broken"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(tmp_path: Path, raw: bytes, says: str):
    found, problems = rows(tmp_path / "t.csv", raw)
    assert not found
    [problem] = problems
    assert problem.startswith(says) or says in problem


@pytest.mark.parametrize(
    "raw",
    [
        b"id,name\r\na,b\rc,d\ne,f\r\n",
        b"\n\n\nid,name\na,b\n\n\nc,d\ne,f",
        "id\tname\na\tb\nc\td\ne\tf\n".encode("utf-16"),
        b"id;name\ra;b\rc;d\re;f\r",
    ],
)
def test_lines_may_end_in_any_way_and_spreadsheets_text_is_read(tmp_path: Path, raw: bytes):
    found, problems = rows(tmp_path / "t.csv", raw)
    assert not problems
    assert [list(row.cells.values()) for row in found] == [["a", "b"], ["c", "d"], ["e", "f"]]


def test_a_dimension_that_lies_harms_nothing(tmp_path: Path):
    a_workbook(tmp_path / "t.xlsx", (SHEET + END).replace("<sheetData>", DIMENSION))
    problems: list[Problem] = []
    found = list(read_table(tmp_path / "t.xlsx", "t.xlsx", problems, a_format("table", ("id",), ())))
    assert not problems
    assert [dict(row.cells) for row in found] == [{"id": "7"}]


@pytest.mark.parametrize(("at", "byte"), [(29, 20), (8, 14), (8, 12), (6, 1)])
def test_a_workbook_whose_head_is_wrong_or_packed_otherwise_is_refused(tmp_path: Path, at: int, byte: int):
    """A name of another length without a reason given, other ways of packing, and a password."""
    path = a_workbook(tmp_path / "t.xlsx", SHEET + END)
    raw = bytearray(path.read_bytes())
    raw[at] = byte
    listed = raw.rfind(b"PK\x01\x02", 0, raw.find(b"PK\x01\x02") + 4)
    raw[listed + at + 2] = byte
    path.write_bytes(raw)
    problems: list[Problem] = []
    assert not list(read_table(path, "t.xlsx", problems, a_format("table", ("id",), ())))
    assert len(problems) == 1


def the_pipe(path: Path) -> None:
    os.mkfifo(path)


def the_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (the_pipe, "It is a pipe."),
    "a socket": (the_socket, "It is a socket."),
    "a folder": (Path.mkdir, "It is a folder."),
    "a device": (lambda path: path.symlink_to("/dev/zero"), ""),
    "a link that leads nowhere": (
        lambda path: path.symlink_to("nowhere"),
        "The link points to a file that does not exist.",
    ),
    "a loop of links": (lambda path: path.symlink_to(path.name), ""),
}
PLACES = (
    *(f"{name}.yaml" for name in ("programme", "rollout", "risk", "levelling", "change")),
    *("schools.csv", "people.csv", "people.xlsx", "adkar/x.csv", "adkar/x.xlsx"),
    *("services/payroll.yaml", "pathways/short.yaml", "calendars/x.yaml", "rulepacks/x.yaml"),
)


def in_place_of(folder: Path, place: str) -> Path:
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    if place == "people.xlsx":
        (folder / "people.csv").unlink()
    path.unlink(missing_ok=True)
    return path


@pytest.mark.usual(20)
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("place", quick_first(4, PLACES))
def test_what_is_no_file_is_refused_wherever_a_folder_has_one(tmp_path: Path, place: str, kind: str, monkeypatch):
    make, says = ODD[kind]
    path = in_place_of(a_folder(tmp_path), place)
    # The name of a socket may not be long.
    monkeypatch.chdir(path.parent)
    make(Path(path.name))
    with pytest.raises(ProblemsError) as caught:
        read_folder(tmp_path)
    found = [str(p) for p in caught.value.problems if p.file == place]
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize("place", PLACES)
def test_a_link_out_of_the_folder_is_refused_by_its_own_name(tmp_path: Path, place: str):
    folder = tmp_path / "trust"
    path = in_place_of(a_folder(folder), place)
    (tmp_path / "secret").mkdir()
    secret = tmp_path / "secret" / f"classified{path.suffix}"
    secret.write_text("rulepack: top-secret-words\n\tid,person\n")
    path.symlink_to(secret)
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert f"{place}:1:1: The link leads out of the folder." in str(caught.value)
    for secret in ("top-secret-words", "classified", "secret"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("place", ["services", "calendars", "adkar", "rulepacks", "pathways"])
def test_a_linked_folder_outside_is_not_even_listed(tmp_path: Path, place: str):
    folder = a_folder(tmp_path / "trust")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "classified.yaml").write_text("a: b\n")
    if (folder / place).is_dir():
        (folder / place).rename(tmp_path / "aside")
    (folder / place).symlink_to(tmp_path / "outside")
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert f"{place}:1:1: The link leads out of the folder." in str(caught.value)
    assert "classified" not in str(caught.value)


def test_a_link_within_the_folder_is_read(tmp_path: Path):
    folder = a_folder(tmp_path)
    (folder / "schools.csv").rename(folder / "all-schools.csv")
    (folder / "schools.csv").symlink_to("all-schools.csv")
    assert len(read_folder(folder).definition.schools) == 3


@pytest.mark.slow
def test_a_folder_of_thousands_of_files_is_refused(tmp_path: Path):
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir(exist_ok=True)
    for n in range(MOST_FILES + 1):
        (folder / "calendars" / f"c{n}.yaml").touch()
    with pytest.raises(ProblemsError, match=r"calendars:1:1: The folder has more than 1,000 files\."):
        read_folder(folder)


@pytest.mark.slow
def test_a_folder_of_many_large_files_is_refused(tmp_path: Path):
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir(exist_ok=True)
    for n in range(5):
        (folder / "calendars" / f"c{n}.yaml").write_text(f"calendar: c{n}\n" + "# filled\n" * 200_000)
    with pytest.raises(ProblemsError, match="more than 6 MB in all"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["a pipe", "a socket", "a folder", "a device"])
def test_what_is_no_file_is_refused_where_a_command_names_it(tmp_path: Path, name: str, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, _ = ODD[name]
    good = tmp_path / "good.csv"
    good.write_text("contract,net\n1,2\n")
    for suffix in (".csv", ".xlsx", ".parquet", ".xml"):
        path = Path(f"odd{suffix}")
        make(path)
        with pytest.raises(ChangeflowError, match="It is a"):
            read_mspdi(path) if suffix == ".xml" else reconcile(good, path, ParallelRunPolicy(), period="2027-01")


@pytest.mark.slow
def test_a_ledgers_name_with_a_star_stands_for_itself_alone(tmp_path: Path):
    for name, net in (("old*.csv", 1), ("old1.csv", 2), ("old[1].csv", 3)):
        (tmp_path / name).write_text(f"contract,net\na,{net}\n")
    result = reconcile(tmp_path / "old*.csv", tmp_path / "old[1].csv", ParallelRunPolicy(), period="2027-01")
    assert [(v.old, v.new) for v in result.variances] == [(1, 3)]


def test_a_school_whose_name_would_move_the_cursor_is_refused(tmp_path: Path):
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_folder(tmp_path, schools=SCHOOLS.replace("Ash School", "Ash\x1b[2J")))
    assert "\x1b" not in str(caught.value)


def test_names_of_files_are_shown_and_not_obeyed(tmp_path: Path):
    folder = a_folder(tmp_path, service=SERVICE)
    (folder / "services" / "x\n\x1b[31mservices.yaml").write_text("a: b")
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert "x\\n\\x1b[31mservices.yaml:1:1" in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("id,name,id", "t.csv:1:3: Duplicate column 'id' (first in column 1). Keep one of them."),
        ("id,name,", "t.csv:1:3: Column 3 has no heading. Name it, or empty its cell on line 2."),
    ],
)
def test_a_heading_twice_or_left_out_is_refused(tmp_path: Path, head: str, says: str):
    _, problems = rows(tmp_path / "t.csv", f"{head}\na,b,c\n".encode())
    assert problems == [says]


def test_a_column_that_happens_to_have_our_name_is_not_taken_for_the_mapped_one(tmp_path: Path):
    (tmp_path / "t.csv").write_text("id,Staff No\n17,p1\n")
    problems: list[Problem] = []
    [row] = read_table(
        tmp_path / "t.csv", "t.csv", problems, a_format("table", ("id",), ()), mapping={"id": "Staff No"}
    )
    assert not problems
    assert row.cells["id"] == "p1"


def test_a_control_character_of_a_workbook_is_refused_with_its_place(tmp_path: Path):
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
    sheet = SHEET + row.format(1, "id") + row.format(2, "a_x001B_[31m") + END
    problems: list[Problem] = []
    found = read_table(a_workbook(tmp_path / "t.xlsx", sheet), "t.xlsx", problems, a_format("table", ("id",), ()))
    assert list(found) == []
    assert [str(p) for p in problems] == [
        "t.xlsx[Sheet1]:2:1: The cell contains the control character U+001B. Remove it."
    ]
