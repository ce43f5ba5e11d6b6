"""What the page about deploying and the files in `deploy/` run exists: commands, options, files and folders."""

import json
import re
import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer

from changeflow.cli import app
from changeflow.settings import VARIABLES
from tests.deployed import DEPLOY, PAGE, TOP, UNITS, lines_of, run_by, shell_lines

OF_ELSEWHERE = {"PREFECT_API_URL", "NUMBA_CACHE_DIR"}
"""Settings of packages that changeflow uses."""


def check_command(words: list[str], *, group: Any = None) -> None:
    """Fail if a command, or one of its options, does not exist, or if it has too many or too few arguments."""
    found: Any = group or typer.main.get_command(app)
    rest = list(words)
    while hasattr(found, "commands"):
        assert rest, f"'{' '.join(words)}' names no command"
        assert rest[0] in found.commands, f"there is no command '{rest[0]}' in '{' '.join(words)}'"
        found = found.commands[rest.pop(0)]
    options = {name: p for p in found.params if p.param_type_name == "option" for name in p.opts}
    arguments = [p for p in found.params if p.param_type_name == "argument"]
    given = 0
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            assert word in options, f"'{' '.join(words)}' has an option that does not exist: {word}"
            if not options[word].is_flag:
                assert rest, f"{word} needs a value"
                rest.pop(0)
        else:
            given += 1
    assert sum(p.required for p in arguments) <= given <= len(arguments), " ".join(words)


@pytest.mark.slow
def test_a_wrong_command_or_option_is_noticed():
    for wrong in (
        "serv",
        "db",
        "db backup",
        "serve --prt 1",
        "serve extra",
        "db restore a b --yes",
        "audit verify --x",
    ):
        with pytest.raises(AssertionError):
            check_command(wrong.split())
    check_command(["db", "restore", "/a", "--yes"])


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_a_unit_runs_a_command_that_exists_in_a_folder_that_it_may_write_to(unit: Path):
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS, "a timer starts the service of its name"
        assert lines_of(unit, "Timer", "OnCalendar")
        return
    commands = [run_by(line) for line in lines_of(unit, "Service", "ExecStart")]
    assert commands
    writable = " ".join(lines_of(unit, "Service", "ReadWritePaths")).split()
    assert lines_of(unit, "Service", "WorkingDirectory")[0] in writable
    assert lines_of(unit, "Service", "User") == ["changeflow"]
    for words in commands:
        program = Path(words[0])
        assert program.parent == Path("/opt/changeflow/.venv/bin")
        if program.name == "changeflow":
            check_command(words[1:])
            paths = [word for word in words[1:] if word.startswith("/")]
            assert all(any(Path(path).is_relative_to(place) for place in writable) for path in paths), words
        else:
            assert program.name == "prefect"


@pytest.mark.thorough
@pytest.mark.slow
def test_what_the_units_and_the_page_run_of_prefect_exists():
    from cyclopts import CycloptsError
    from prefect.cli._app import _app as prefect

    units = [
        run_by(line) for unit in UNITS if unit.suffix == ".service" for line in lines_of(unit, "Service", "ExecStart")
    ]
    page = [shlex.split(line.partition(".venv/bin/")[2]) for line in shell_lines() if "bin/prefect " in line]
    commands = [words[1:] for words in (*units, *page) if Path(words[0]).name == "prefect"]
    assert [words[0] for words in commands] == ["worker", "server", "work-pool", "deploy"]
    for words in commands:
        prefect.parse_args(words, exit_on_error=False, print_error=False)
    with pytest.raises(CycloptsError):
        prefect.parse_args([*commands[0], "--no-such-option"], exit_on_error=False, print_error=False)


@pytest.mark.thorough
def test_every_command_of_the_page_exists():
    ran = [line for line in shell_lines() if line.startswith("sudo changeflow ")]
    assert len(ran) >= 15
    for line in ran:
        check_command(shlex.split(line)[2:])


def test_every_file_and_unit_that_the_page_names_is_there():
    for name in re.findall(r"\bdeploy/[\w./-]*\w", PAGE):
        assert (TOP / name).exists(), name
    units = {unit.stem for unit in UNITS} | {unit.name for unit in UNITS}
    started = [
        w for line in shell_lines() if "systemctl" in line for w in line.split()[2:] if w.startswith("changeflow")
    ]
    assert len(started) > 10
    assert set(started) <= units
    rows = re.findall(r"^\| `([\w.-]+)` \|", PAGE[PAGE.index("### What the files do") :], re.M)
    assert len(rows) >= 6
    assert all(list(DEPLOY.rglob(name)) for name in rows)


def test_every_setting_of_the_example_and_the_page_is_known_and_used_alike():
    example = re.findall(r"^#?([A-Z_]+)=(.*)$", (DEPLOY / "settings.example").read_text(encoding="utf-8"), re.M)
    page = re.findall(r"^ *([A-Z_]+)=(.*)$", PAGE, re.M)
    assert len(example) >= 10
    assert {name for name, _ in [*example, *page]} <= VARIABLES | OF_ELSEWHERE
    folders = dict(example)
    assert folders["CHANGEFLOW_DB"] == "sqlite:////var/lib/changeflow/changeflow.db"
    [backup] = [unit for unit in UNITS if unit.name == "changeflow-backup.service"]
    assert all(f'"{folders["CHANGEFLOW_BACKUPS"]}/' in line for line in lines_of(backup, "Service", "ExecStart"))


def test_units_are_in_a_form_that_systemd_reads():
    for unit in UNITS:
        parser = ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys have capitals
        parser.read(unit)
        assert parser.has_section("Unit"), unit
        assert set(parser.sections()) <= {"Unit", "Service", "Timer", "Install"}


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, each with its text on one line."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_container_runs_a_command_that_exists_and_not_as_root():
    found = instructions()
    words = dict(found)
    assert json.loads(words["ENTRYPOINT"]) == ["changeflow"]
    check_command(json.loads(words["CMD"]))
    assert words["USER"] == "changeflow"
    assert [word for word, _ in found].index("USER") < [word for word, _ in found].index("ENTRYPOINT")
    assert words["HEALTHCHECK"].endswith("]")
    assert [word for word, _ in found].count("FROM") == 2


def test_the_container_copies_what_is_there_and_installs_the_tested_versions():
    copied = [
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    ]
    assert {"pyproject.toml", "constraints.txt", "hatch_build.py", "changeflow", "flows", "templates"} <= set(copied)
    assert all((TOP / name).exists() for name in copied)
    [run] = [rest for word, rest in instructions() if word == "RUN" and "pip" in rest]
    installs = re.findall(r"pip install [^&]*", run)
    assert len(installs) == 2
    assert all("-c constraints.txt" in install for install in installs)
    assert "://" not in run, "no address of a package index"
