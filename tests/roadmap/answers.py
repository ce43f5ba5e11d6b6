"""Every answer of a set of programme folders and Project files, written out: compare two versions by their folders.

`python -m tests.roadmap.answers OUT PATH...` asks the questions below of each path and writes one file an answer into
OUT. A path is a programme folder, a Project file, or a folder of either. Run it on two versions, and `diff -r` the two.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from typer.testing import CliRunner

from changeflow.cli import app

PROGRAMME = "programme.yaml"
AT = "2027-03-01"
LONGER = "5d"
EVERY = 25
"""Of a programme's tasks, one in this many is asked why its dates are what they are."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="The folder to write.")
    parser.add_argument("paths", type=Path, nargs="+", help="Programme folders, Project files, or folders of them.")
    parser.add_argument("--only", default="", help="Names of questions, with commas: plan,schedule. All when left out.")
    asked = parser.parse_args(arguments)
    only = set(filter(None, asked.only.split(",")))
    asked.out.mkdir(parents=True)
    found = [path for given in asked.paths for path in sources(given)]
    for path in found:
        for name, question in questions(path, asked.out):
            if not only or name in only:
                write(asked.out / f"{label(path)}.{name}.txt", question)
        if not only or "why" in only:
            for name, question in explanations(path):
                write(asked.out / f"{label(path)}.{name}.txt", question)
    folders = [path for path in found if path.is_dir() and (not only or "changes" in only)]
    for before, after in pairwise(folders):
        write(asked.out / f"{label(before)}-to-{label(after)}.changes.txt", ["changes", str(before), str(after)])


def sources(path: Path) -> Iterator[Path]:
    """Yield the programme folders and Project files at a path or anywhere below it, in order of their names."""
    if path.is_file() or (path / PROGRAMME).is_file():
        yield path
        return
    below = [folder.parent for folder in path.rglob(PROGRAMME)]
    yield from sorted([*below, *path.rglob("*.xml")])


def label(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def questions(path: Path, out: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each question, and the command that asks it."""
    where = str(path)
    yield "schedule", ["schedule", where, "--format", "json"]
    yield "textbook", ["schedule", where, "--format", "json", "--profile", "textbook"]
    yield "msproject", ["schedule", where, "--profile", "msproject"]
    yield "what-if", ["what-if", where, "--longer", LONGER, "--format", "json"]
    if path.is_dir():
        yield "plan", ["plan", where, "--format", "json"]
        yield "plan-text", ["plan", where]
        yield "plan-at", ["plan", where, "--format", "json", "--at", AT]
        yield "health", ["health", where]
        yield "conflicts", ["conflicts", where]
        yield "sro", ["report", "sro", where, "--at", AT, "--out", str(out / f"{label(path)}.sro.json")]


def explanations(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Ask why some of a source's tasks are when they are."""
    for number, task in enumerate(tasks_of(path)):
        if number % EVERY == 0:
            yield f"why-{number}", ["why", str(path), task]


def tasks_of(path: Path) -> list[str]:
    """Return the ids of a source's tasks in order, none where it cannot be planned."""
    from changeflow.usecases.plan import schedule_folder
    from changeflow.usecases.project_files import schedule_project

    try:
        timed = schedule_folder(path)[1] if path.is_dir() else schedule_project(path)[1]
    except Exception:  # noqa: BLE001 - an answer is compared, whether it is a plan or a traceback
        return []
    return sorted(timed.timed)


def write(file: Path, command: list[str]) -> None:
    """Write what a command prints and its exit code; a traceback as the name of its error."""
    result = CliRunner().invoke(app, command)
    error = result.exception
    ended = "" if error is None or isinstance(error, SystemExit) else f"{type(error).__name__}: {error}{os.linesep}"
    text = f"{result.stdout}{result.stderr}{ended}exit {result.exit_code}\n"
    # Two versions write into two folders, and say so.
    file.write_text(text.replace(str(file.parent), "OUT"), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
