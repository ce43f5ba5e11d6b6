"""Project's own binary files (.mpp), through MPXJ, which needs Java: `pip install 'changeflow[mpp]'`."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from changeflow.errors import ProblemsError
from changeflow.intake.mspdi.reader import MAX_BYTES, ProjectFile, read_mspdi
from changeflow.intake.opening import check_input
from changeflow.values.problem import Problem

FOREIGN = (".mpp", ".mpt", ".mpx", ".xer", ".pmxml")
"""The endings of files that are read through MPXJ."""
INSTEAD = "Or save it as XML in Microsoft Project: File, Save as, XML format."


def read_through_mpxj(path: Path, *, say: Callable[[str], None] | None = None) -> ProjectFile:
    """Read a file that only MPXJ can read, by way of MSPDI; `say` is told that Java takes a moment to start."""
    check_input(path, most=MAX_BYTES)
    jpype = _java(path)
    if say is not None:
        say(f"Reading {path.name} through MPXJ: Java takes a moment to start.")
    mpxj = jpype.JPackage("org").mpxj
    with tempfile.TemporaryDirectory() as folder:
        as_xml = Path(folder) / f"{path.stem}.xml"
        try:
            project = mpxj.reader.UniversalProjectReader().read(str(path))
            if project is None:
                raise ProblemsError([Problem(file=path.name, what="MPXJ does not know this kind of file.")])
            mpxj.mspdi.MSPDIWriter().write(project, str(as_xml))
        except jpype.JException as error:
            what = f"MPXJ cannot read it: {error}."
            raise ProblemsError([Problem(file=path.name, what=what, remedy=INSTEAD)]) from None
        return read_mspdi(as_xml)


def _java(path: Path) -> Any:  # noqa: ANN401
    """Start Java once, or say what is missing."""
    try:
        import jpype
        import mpxj
    except ImportError:
        what = f"Reading {path.suffix} files needs MPXJ, which is not installed."
        remedy = f"pip install 'changeflow[mpp]', and Java 11 or newer. {INSTEAD}"
        raise ProblemsError([Problem(file=path.name, what=what, remedy=remedy)]) from None
    if not jpype.isJVMStarted():
        try:
            jpype.startJVM(classpath=[f"{mpxj.mpxj_dir}/*"])
        except jpype.JVMNotFoundException:
            what = f"Reading {path.suffix} files needs Java, and there is none."
            raise ProblemsError([Problem(file=path.name, what=what, remedy=f"Install Java 11. {INSTEAD}")]) from None
    return jpype
