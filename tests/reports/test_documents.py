"""Every report has what it needs: a page, its print, a command, and a flow where it says so."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
import typer

from changeflow import reports
from changeflow.cli import app
from changeflow.places import templates_dir
from changeflow.reports.documents import REPORTS, ReportKind
from changeflow.reports.pictures import PICTURES
from changeflow.usecases.scheduled import FLOWS


def test_every_report_and_every_page_is_in_the_registry():
    modules = (import_module(f"changeflow.reports.{m.name}") for m in iter_modules(reports.__path__))
    assert set(REPORTS) <= {name for module in modules for name in vars(module)}
    # A name that begins with an underscore is a part of a page.
    pages = {path.name.partition(".")[0] for path in (templates_dir() / "reports").glob("[!_]*.html.j2")}
    assert pages == {kind.template for kind in REPORTS.values()} == set(PICTURES)
    printed = {path.stem for path in (templates_dir() / "print").glob("*.typ")}
    assert pages <= printed


@pytest.mark.parametrize("kind", REPORTS.values(), ids=lambda kind: kind.template)
def test_every_report_has_a_command_that_writes_a_file(kind: ReportKind):
    command: Any = typer.main.get_command(app)
    for word in kind.command.split():
        command = command.commands[word]
    assert "--out" in {option for p in command.params for option in p.opts}
    assert kind.flow in ("", *FLOWS)
