"""Read Project's own binary files (.mpp), and plans from other programs, with MPXJ, which needs Java:
`changeflow[mpp]`."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from changeflow.errors import ProblemsError
from changeflow.intake.mspdi.reader import MAX_BYTES, ProjectFile, read_mspdi
from changeflow.intake.opening import check_input
from changeflow.roadmap.model.profile import TEXTBOOK
from changeflow.values.problem import Problem

FOREIGN = (".mpp", ".mpt", ".mpx", ".mpd", ".xer", ".pmxml", ".pod", ".gan", ".planner", ".pp")
"""The endings of files that are read through MPXJ: Project, Primavera P6, ProjectLibre, GanttProject, Planner, Asta."""
PRIMAVERA = (".xer", ".pmxml")
_P6_XML = b"APIBusinessObjects"
"""The root element of P6's own XML, whose files also end in .xml."""
INSTEAD = "save it as XML in Microsoft Project: File, Save as, XML format."
INSTEAD_OF_OTHERS = "export it as Microsoft Project XML from the program that wrote it."
_PLACE = re.compile(r" \(line \d+\)")


def is_foreign(path: Path) -> bool:
    """Return whether only MPXJ can read a file."""
    return path.suffix.lower() in FOREIGN or _is_p6_xml(path)


def can_read_foreign() -> bool:
    """Return whether MPXJ and Java are installed, so that more than Project's XML can be read."""
    return find_spec("mpxj") is not None and (shutil.which("java") is not None or bool(os.environ.get("JAVA_HOME")))


def _is_p6_xml(path: Path) -> bool:
    if path.suffix.lower() != ".xml" or not path.is_file():
        return False
    with path.open("rb") as file:
        return _P6_XML in file.read(2_000)


def read_through_mpxj(path: Path, *, say: Callable[[str], None] | None = None) -> ProjectFile:
    """Read a file that only MPXJ can read, by converting it to MSPDI; `say` gets a line because Java takes a moment to
    start.

    Primavera P6 plans use the textbook profile: remaining work waits for the data date and its predecessors.
    """
    check_input(path, most=MAX_BYTES)
    jpype = _java(path)
    if say is not None:
        say(f"Reading {path.name} through MPXJ: Java takes a moment to start.")
    mpxj = jpype.JPackage("org").mpxj
    with tempfile.TemporaryDirectory() as folder:
        as_xml = Path(folder) / f"{path.stem}.xml"
        try:
            plans = mpxj.reader.UniversalProjectReader().readAll(str(path))
            if plans is None or not len(plans):
                what = "The file has no plan: it is empty, damaged or of another kind than its name says."
                raise ProblemsError([Problem(file=path.name, what=what, remedy=_instead(path))])
            _set_start(plans[0].getProjectProperties())
            mpxj.mspdi.MSPDIWriter().write(plans[0], str(as_xml))
        except jpype.JException as error:
            what = f"The file cannot be read: {str(error).removesuffix('.')}."
            raise ProblemsError([Problem(file=path.name, what=what, remedy=_instead(path))]) from None
        project = _read(as_xml, path)
    # The line numbers refer to the converted file, which is now deleted.
    notes = [_PLACE.sub("", note) for note in project.notes]
    if len(plans) > 1:
        names = [str(plan.getProjectProperties().getName() or "without a name") for plan in plans]
        notes.insert(0, f"The file contains {len(names)} plans ({', '.join(names[:8])}); only the first is read.")
    roadmap = project.roadmap
    if path.suffix.lower() in PRIMAVERA or _is_p6_xml(path):
        roadmap = replace(roadmap, profile=TEXTBOOK)
    return replace(project, roadmap=roadmap, notes=tuple(notes))


def _set_start(properties: Any) -> None:  # noqa: ANN401
    """Give a plan its planned start if none of its tasks has a date yet."""
    if properties.getStartDate() is None and properties.getPlannedStart() is not None:
        properties.setStartDate(properties.getPlannedStart())


def _read(as_xml: Path, path: Path) -> ProjectFile:
    try:
        return read_mspdi(as_xml)
    except ProblemsError as error:
        found = [
            Problem(file=path.name, what=p.what, remedy="Correct it in the program that wrote it.")
            for p in error.problems
        ]
        raise ProblemsError(found) from None


def _instead(path: Path) -> str:
    instead = INSTEAD if path.suffix.lower().startswith(".mp") else INSTEAD_OF_OTHERS
    return f"{instead[:1].upper()}{instead[1:]}"


def _java(path: Path) -> Any:  # noqa: ANN401
    """Start Java once, or report what is missing."""
    try:
        import jpype
        import mpxj
    except ImportError:
        what = f"To read {path.suffix} files, changeflow needs MPXJ, which is not installed."
        remedy = f"Install Java 11 or newer, and changeflow[mpp] with pip. Or else: {_instead(path)}"
        raise ProblemsError([Problem(file=path.name, what=what, remedy=remedy)]) from None
    if not jpype.isJVMStarted():
        try:
            jpype.startJVM(classpath=[f"{mpxj.mpxj_dir}/*"])
        except jpype.JVMNotFoundException:
            what = f"To read {path.suffix} files, changeflow needs Java, which is not installed."
            remedy = f"Install Java 11 or newer. Or else: {_instead(path)}"
            raise ProblemsError([Problem(file=path.name, what=what, remedy=remedy)]) from None
    return jpype
