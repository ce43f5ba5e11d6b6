"""The documentation holds: every command of the tutorial runs, every command has help and its line in the manual."""

import ast
import re
import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.places import templates_dir
from changeflow.reports.rulebook import rules_page
from changeflow.rules.catalogue import RULES

TOP = Path(__file__).resolve().parents[1]


def commands(group: Any, prefix: str = "changeflow") -> list[tuple[str, Any]]:
    if not hasattr(group, "commands"):
        return [(prefix, group)]
    named = [(name, sub) for name, sub in group.commands.items() if not sub.hidden]  # old names are in no list
    return [found for name, sub in named for found in commands(sub, f"{prefix} {name}")]


ALL = commands(typer.main.get_command(app))


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_has_help_and_a_line_in_the_manual(name: str, command: Any):
    assert command.help, f"{name} has no help"
    assert all(getattr(p, "help", None) for p in command.params), f"an option of {name} has no help"
    assert f"`{name}" in (TOP / "docs" / "cli.md").read_text()


def test_the_manual_names_no_command_that_is_not_there():
    known = {name for name, _ in ALL}
    for line in re.findall(r"^\| `(changeflow [a-z ]+?)(?: [A-Z]+\S*)*`", (TOP / "docs/cli.md").read_text(), re.M):
        words = line.split()
        assert any(" ".join(words[:n]) in known for n in range(2, len(words) + 1)), line


def test_the_manual_has_every_variable_of_the_environment_and_no_other():
    code = [p for folder in ("changeflow", "flows") for p in (TOP / folder).rglob("*.py")]
    text = "".join(p.read_text() for p in code)
    named = set(re.findall(r"\bCHANGEFLOW_[A-Z_]*[A-Z]\b", text))
    assert named >= {"CHANGEFLOW_DB", "CHANGEFLOW_TEAMS_URL"}
    # A secret may be in a file instead.
    files = {f"{secret}_FILE" for secret in re.findall(r'secret\("(\w+)"\)', text)}
    assert set(re.findall(r"`(CHANGEFLOW_[A-Z_]+)`", (TOP / "docs/cli.md").read_text())) - files == named - files


class BeforeItBegins(datetime):
    """A clock for commands that name no day: the tutorial is read before its programme begins."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime(2026, 9, 1, 8, tzinfo=tz)


@pytest.mark.thorough
@pytest.mark.slow
def test_every_command_of_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("changeflow.cli.context.datetime", BeforeItBegins)
    for name in ("CHANGEFLOW_DB", "CHANGEFLOW_AS", "CHANGEFLOW_SMTP_URL", "CHANGEFLOW_OUTBOX"):
        monkeypatch.delenv(name, raising=False)
    blocks = re.findall(r"^```(\S+)(?: file=(\S+))?\n(.*?)^```", (TOP / "docs/tutorial.md").read_text(), re.M | re.S)
    ran = set[str]()
    for language, file, text in blocks:
        if file:
            Path(file).write_text(text)
        elif language == "console":
            for line in text.splitlines():
                words = shlex.split(line.removeprefix("$ "))
                assert words[0] == "changeflow"
                result = CliRunner().invoke(app, words[1:])
                assert result.exit_code == 0, f"{line}: {result.output}"
                ran.add(" ".join(words[1:3]))
    assert ran >= {"task progress", "fact withdraw", "task import", "announce list", "gate decide", "nudge dispatch"}
    assert (tmp_path / "report.html").is_file()
    assert list((tmp_path / "outbox").glob("*.eml"))


def test_the_tutorial_says_what_the_rules_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    run(app, ["init", "my-trust", "--template", "first-programme"])
    text = (TOP / "docs/tutorial.md").read_text()
    [service] = re.findall(r"^```yaml file=(?:\S+)\n(.*?)^```", text, re.M | re.S)
    Path("my-trust/services/catering.yaml").write_text(service)
    found = run(app, ["plan", "my-trust"]).stdout
    assert re.search(
        r"INFO\s+R16 “Close the programme” now comes after “Catering, wave \d: checkpoint after twelve months”", found
    )


def test_the_readme_names_its_two_commands_and_its_pictures_exist():
    text = (TOP / "README.md").read_text()
    assert "    make run" in text
    assert "    make test" in text
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (TOP / target).exists(), target


def test_the_notice_is_honest_about_the_trademark():
    assert "ADKAR® is a registered trademark of Prosci, Inc." in (TOP / "NOTICE").read_text()


def test_templates_name_no_person_and_constraints_no_address():
    emails = re.compile(r"[\w.+-]+@(?!example\.org)[\w-]+\.[a-z]{2,}")
    for path in templates_dir().rglob("*"):
        if path.is_file():
            assert not emails.search(path.read_text(encoding="utf-8")), path
    assert "://" not in (TOP / "constraints.txt").read_text()


def test_every_number_of_a_rulepack_has_its_source():
    entries = [e for p in shipped_rulepacks().packs for e in p.entries.values()]
    assert len(entries) >= 6
    assert all(e.source for e in entries)
    assert all("changeflow's own choice" in e.source for e in entries if e.grade == "D"), "ours is labelled as ours"


def test_the_handbook_of_rules_is_the_catalogues_own_text():
    written = (TOP / "docs" / "rules.md").read_text()
    assert written == rules_page(shipped_rulepacks()), "regenerate it: changeflow rules list --format markdown"
    for code in RULES:
        assert f"## {code} " in written


def test_a_decision_is_headed_by_the_number_of_its_file():
    for page in (TOP / "docs/decisions").glob("*.md"):
        number = int(page.name.partition("-")[0])
        assert page.read_text().startswith(f"# {number}. "), page.name


WEB = ("brief", "plan", "school", "task", "waves", "decision", "week", "me", "saturation")
SIZES = ("sample", "2000_tasks")
LOOPS: dict[str, dict[str, Iterable[str]]] = {
    "cpm": {"name": ("10k", "100k")},
    "links": {"name": ("links_50_per_s_p95_ms", "links_50_per_s_worst_ms", "links_50_per_s_writer_p95_ms")},
    "mpxj": {"name": ("10k", "100k")},
    "intake": {"key": ("mspdi_200k", "yaml_20k_tasks", "csv_100k_lines", "xlsx_500k_cells", "xlsx_bomb_refused")},
    "schedules": {"key": ("mspdi_6000_tasks", "mspdi_400_calendars")},
    "psplib": {"name": ("j30", "j60", "j90", "j120"), "key": ("05s", "2s", "10s")},
    "web": {
        "page": WEB,
        "size": SIZES,
        "name": [
            *(f"web_{page}_{size}_p95_ms" for page in WEB for size in SIZES),
            *(f"web_first_after_change_{size}_ms" for size in SIZES),
        ],
    },
    "editing": {"name": ("sample", "2000_tasks")},
    "web_preview": {"size": SIZES},
    "stored": {"key": ("load_cached", "finish_task_sample")},
}
"""What the names in a measure's f-string stand for, by module of `bench`."""


def measured_keys() -> set[str]:
    """Read the keys that `bench` measures out of its source: measuring takes minutes."""
    found = set[str]()
    for path in (TOP / "bench").glob("*.py"):
        functions = [f for f in ast.parse(path.read_text()).body if isinstance(f, ast.FunctionDef)]
        for node in (n for f in functions if "measure" in f.name for n in ast.walk(f)):
            if isinstance(node, ast.Return | ast.AugAssign) and isinstance(node.value, ast.Dict):
                written = [key for key in node.value.keys if key is not None]
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                written = [node.targets[0].slice]
            else:
                continue
            for key in written:
                found |= expanded(ast.unparse(key).removeprefix("f").strip("'"), LOOPS.get(path.stem, {}))
    return found - {"cpsat_plain_j120_gap_05s"}


def expanded(key: str, loops: Mapping[str, Iterable[str]]) -> set[str]:
    names = re.findall(r"{(\w+)}", key)
    return {key.format(**dict(zip(names, values, strict=True))) for values in product(*(loops[n] for n in names))}


def test_the_page_of_measurements_has_one_row_for_each_measure():
    cells = re.findall(r"^\| (`.+?) \|", (TOP / "docs/benchmarks.md").read_text(), re.M)
    rows = [name for cell in cells for key in re.findall(r"`(.+?)`", cell) for name in alternatives(key)]
    assert sorted(rows) == sorted(measured_keys())


def alternatives(key: str) -> list[str]:
    start, brace, rest = key.partition("{")
    middle, _, end = rest.partition("}")
    return [f"{start}{one}{end}" for one in middle.split(",")] if brace else [key]


PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """Return what links to a page's headings end with."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "").lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(TOP).as_posix() for p in PAGES])
def test_every_link_of_a_page_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_every_module_that_a_page_names_is_there():
    """A name without its folder, as `gates.py`, is one of the folder that was named before; any will do."""
    files = [p.relative_to(TOP).as_posix() for p in TOP.rglob("*.py") if ".venv" not in p.parts]
    named = {
        (page.name, name)
        for page in (TOP / "CONTRIBUTING.md", TOP / "README.md", *(TOP / "docs").rglob("*.md"))
        for name in re.findall(r"[`( ]([\w/]+\.py)\b", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert {n for n in named if not any(f == n[1] or f.endswith(f"/{n[1]}") for f in files)} == set()


def test_every_test_that_the_security_page_names_is_there():
    text = (TOP / "docs/security.md").read_text()
    files = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
    assert len(files) >= 30
    assert not [f for f in files if not ((TOP / "tests" / f).is_file() or (TOP / f).is_file())]
    targets = re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.M)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(targets)
