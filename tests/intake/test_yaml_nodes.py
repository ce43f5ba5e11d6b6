"""Composing by libyaml is composing by ruamel.yaml, sooner: the same values, places and refusals, whatever is read."""

import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from ruamel.yaml import YAML

from changeflow.intake import yaml_by_ruamel, yaml_nodes
from changeflow.intake.yaml import compose, parse_yaml, read_yaml
from changeflow.intake.yaml_by_ruamel import compose_by_ruamel
from changeflow.intake.yaml_nodes import Composed, PureReader
from changeflow.values.problem import Problem
from tests.intake.reference_yaml import Row, reference_rows, rows_of
from tests.intake.yaml_texts import texts
from tests.quick import draws, quick_first

TOP = Path(__file__).parent.parent.parent
SHIPPED = sorted(path for part in ("templates", "changeflow", "tests/data") for path in (TOP / part).rglob("*.yaml"))
READERS = {"C": compose, "Python": partial(compose, reader=PureReader)}
DIFFERENT = {
    "a tab between words": "a: b\tc\n",
    "a line break of YAML 1.1": "a: b\u2028c: d\n",
    "another line break of YAML 1.1": "a: b\u2029c: d\n",
    "the next line of YAML 1.1": "a: b\u0085c: d\n",
    "a line that ends as on an old Macintosh": "a: b\rc: d\n",
    "a byte order mark": "\ufeffa: b\n",
    "a byte order mark within": "a: {'\ufeff': b, c: d}\n",
    "a tag": "a: !!str 1\n",
    "a tag without a name": "a: ! 1\n",
    "a tag and an anchor": "a: !!str &x b\n",
    "a complex key": "? a\n? b\nc:\n",
    "a complex key in braces": "a: {? b}\n",
    "text after a colon": "a: ['b' :c]\n",
    "a colon right after a quotation mark": "a: {'b':c, d: 'e'}\n",
    "a colon right after a quotation mark in brackets": "a: ['b':c]\n",
    "a colon between a quotation mark and a space that is none": "a: ['b':\u00a0]\n",
    "an anchor before a space that is none": "a: &b\u00a0c\n",
    "a colon right after a bracket": "a: [{b: c}:d]\n",
    "a colon right before a bracket": "a: {b:{}}\n",
    "a colon right before a comma": "a: {b:, c}\n",
    "an anchor with a colon": "a: &b:c d\n",
    "an anchor with a dot": "a: &b.c d\ne: *b.c\n",
    "an anchor with a question mark": "a: &b?c\n",
    "an alias before a brace": "a: &x 1\nb: {*x:{}}\n",
    "an escape that no one knows": 'a: "it\\\'s"\n',
    "an alias before a colon": "a: &x b\n*x: c\n",
    "escapes": 'a: "\\x41\\u00e9\\U0001F600\\/\\e\\N\\_\\L\\P"\nb: "a \\\n  b"\n',
    "a directive for YAML 1.1": "%YAML 1.1\n---\na: yes\nb: 010\nc: 1:30\n",
    "a directive that is no directive": "%YAML 1.1#\n---\na: b\n",
    "ends of documents": "a: b\n...\n...\n",
    "two documents": "a: b\n---\nc: d\n",
    "a comment at a block": "a: |# c\n  b\n",
    "spaces before a block": "a: |\n \n   b\n",
    "spaces before a block that has a comment": "a: > # b | c > d\n \n   b\n",
    "spaces before a block on an old Macintosh": "a: |\r \r   b\r",
    "text alone at the margin": "|\n# a\n",
    "nothing": "",
    "a comment alone": "# a\n",
    "a document of nothing": "---",
    "nothing in braces": "a: {b: }\n",
    "nothing in brackets": "a: [b: , {c:\n}]\n",
    "no key": ": a\n",
    "nothing at the end of the file": "a:",
    "nothing and spaces at the end of the file": "a:\nb: \n  ",
    "nothing before a key": "a:\n\n# c\nb: 1\n",
    "nothing before a key that is an alias": "&x a:\n*x :\n",
    "nothing after an alias, and before one": "b: &x c\n*x :\n*x :\n",
    "nothing before the end of a mapping": "a:\n  b:\n  c:\n\nd:\n",
    "nothing with an anchor": "a: &x\nb: *x\nc:\n",
    "nothing in a list": "a:\n-\n- b:\n-\n",
    "an anchor given twice": "a: &x 1\nb: &x 2\nc: *x\n",
    "an anchor that is not there": "a: *x\n",
    "a merge key": "a: &x {b: 1}\nc: {<<: *x, b: 2}\n",
    "a key given twice": "a: 1\nb: {c: 1, c: 2}\na: 2\n",
    "a key of 1,024 characters": f"{'x' * 1024}: 1\n",
    "a key of 1,025 characters": f"{'x' * 1025}: 1\n",
    "characters outside the first plane": "\U0001f600: [\U0001f600 a, b]\nc: 'é' # é\nd: {e: 1, e: 2}\n",
    "half a character": 'a: "\\ud800"\n',
    "a character that is none": "a: \ud800\n",
    "lines that end as on Windows": "a: |\r\n  b\r\n  c\r\nd: 'e\r\n\r\n  f'\r\ng:\r\n- h\r\ni:\r\n",
    "a block without a last line end": "a: |\n  b",
    "a block that keeps its last lines": "a: |+\n  b\n\n\nc: >+\n  d\n   e\n\n  f\n\n",
}
"""Where the two readers may differ, or differ unless something is done about it."""


def parsed(text: str, composed_by: Callable[[str], Composed]) -> tuple[object, ...]:
    """Return all that a file says, in a form that tells 1 from 1.0 and True, or what is wrong with it."""
    problems: list[Problem] = []
    document = parse_yaml(text, "x.yaml", problems, composed_by=composed_by)
    if document is None:
        return tuple(problems)
    return repr(document.data), document.keys, document.values


@lru_cache(maxsize=1000)
def by_ruamel(text: str) -> tuple[tuple[object, ...], list[Row] | None]:
    """Return what a file says by ruamel.yaml, which takes long, and its rows: both readers are compared with them."""
    return parsed(text, compose_by_ruamel), reference_rows(text)


def check(text: str, composed_by: Callable[[str], Composed]) -> None:
    said, rows = by_ruamel(text)
    assert parsed(text, composed_by) == said
    if rows is not None and text:
        assert rows_of(*composed_by(text)) == rows


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_read_differently_is_read_as_by_ruamel(name: str, reader: str):
    check(DIFFERENT[name], READERS[reader])


@pytest.mark.usual(8)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", quick_first(6, SHIPPED), ids=lambda path: path.name)
def test_every_shipped_file_is_read_as_by_ruamel(path: Path, reader: str):
    text = path.read_text()
    for each in (text, f"---\n{text.rstrip()}".replace("\n", "\r\n")):
        check(each, READERS[reader])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_has_the_values_that_ruamel_loads(path: Path):
    document = read_yaml(path, path.name, [])
    assert document is not None
    assert repr(document.data) == repr(YAML(typ="safe", pure=True).load(path.read_text()))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_is_read_without_ruamel(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(yaml_by_ruamel, "compose_by_ruamel", lambda _: pytest.fail("ruamel.yaml was asked"))
    for text in (path.read_text(), path.read_text().replace("\n", "\r\n")):
        assert parse_yaml(text, path.name, []) is not None


@pytest.mark.thorough
@pytest.mark.slow
@settings(max_examples=draws(300), deadline=None)
@given(text=texts())
@example(text="a: &x {b: [*x]}\n")
def test_texts_of_all_kinds_are_read_as_by_ruamel(text: str):
    for reader in READERS.values():
        check(text, reader)


@pytest.mark.thorough
@pytest.mark.slow
def test_an_anchor_bomb_is_refused_whoever_composes_it():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    text = f"l0: &l0 [a, b, c]\n{levels}"
    for composed_by in (*READERS.values(), compose_by_ruamel):
        [problem] = parsed(text, composed_by)
        assert str(problem).startswith("x.yaml:1:1: Its aliases unfold to too much.")


@pytest.mark.parametrize("composed_by", [*READERS.values(), compose_by_ruamel], ids=[*READERS, "ruamel"])
def test_aliases_count_as_values(composed_by: Callable[[str], Composed], monkeypatch: pytest.MonkeyPatch):
    for module in (yaml_nodes, yaml_by_ruamel):
        monkeypatch.setattr(module, "MAX_NODES", 100)
    text = "# * * * *\na: &x 1\nb: {c: [" + "*x, " * 90 + "]{more}}\n"
    assert composed_by(text.replace("{more}", ", d: *x"))[0] is not None
    with pytest.raises(yaml_nodes.TooBigError):
        composed_by(text.replace("{more}", ", d: *x, e: *x"))


CHILD = """
import sys
sys.modules["yaml._yaml"] = None
from pathlib import Path
from changeflow.intake.yaml_nodes import READER, PureReader
from changeflow.intake.yaml import read_yaml
assert READER is PureReader
for name in sys.argv[1:]:
    print(repr(read_yaml(Path(name), name, []).data))
"""


@pytest.mark.slow
def test_the_sample_is_read_where_pyyaml_has_no_libyaml():
    sample = [str(path) for path in SHIPPED if "trust-central-services" in path.parts]
    done = subprocess.run([sys.executable, "-c", CHILD, *sample], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [repr(read_yaml(Path(name), name, []).data) for name in sample]
