"""The files of a folder that edits change: read as texts, and written again in the encodings that they have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from changeflow.errors import InputError, ProblemsError
from changeflow.files import write_whole
from changeflow.intake.editing.sources import Sources
from changeflow.intake.opening import encode_like, read_bytes
from changeflow.intake.programme_files import DiskFiles
from changeflow.intake.tables import MOST_BYTES
from changeflow.values.problem import Problem


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the folder."""

    text: str
    raw: bytes


def read_files(folder: Path, names: Collection[str]) -> dict[str, FolderFile]:
    """Return each of these files that the folder has."""
    problems, found, source = list[Problem](), dict[str, FolderFile](), DiskFiles(folder)
    for name in sorted(names):
        if source.has(name):
            raw = read_bytes(folder / name, name, problems, most=MOST_BYTES, inside=folder)
            text = source.text(name, problems, most=MOST_BYTES)
            if raw is not None and text is not None:
                found[name] = FolderFile(text, raw)
    if problems:
        raise ProblemsError(problems, "Nothing was written.")
    return found


def write_files(folder: Path, changed: Sources, files: Mapping[str, FolderFile], *, gone: Collection[str] = ()) -> None:
    """Write the changed files in the encodings that they have, and remove those that are gone."""
    contents = {}
    for name, text in changed.items():
        try:
            contents[name] = encode_like(text, files[name].raw) if name in files else text.encode()
        except ValueError:
            raise InputError(
                f"{name} is in Windows-1252, which lacks a character of the new text. Save it as UTF-8 and try again. "
                "Nothing was written."
            ) from None
    for name, content in contents.items():
        write_whole(folder / name, content, inside=folder)
    for name in gone:
        (folder / name).unlink()
