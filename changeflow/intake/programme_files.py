"""The files of a programme: a folder on a disk, such a folder with some changed texts, or texts by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from changeflow.intake.opening import WORKBOOKS, decode, is_there, list_files, read_text
from changeflow.intake.tables import PastedText
from changeflow.values.problem import Problem


class ProgrammeFiles(Protocol):
    """Files by their names in the folder, such as `services/payroll.yaml`."""

    def has(self, name: str) -> bool:
        """Return whether something has that name."""

    def names(self, folder: str, problems: list[Problem], *, endings: tuple[str, ...]) -> list[str]:
        """Return the sorted names of the files in a folder that end in one of `endings`."""

    def text(self, name: str, problems: list[Problem], *, most: int) -> str | None:
        """Return a file's text of at most `most` bytes; if something is wrong, add it to `problems`."""

    def table(self, name: str) -> Path | PastedText:
        """Return a table as `open_table` takes it."""

    @property
    def inside(self) -> Path | None:
        """The folder that no file may lead out of."""


@dataclass(frozen=True, slots=True)
class DiskFiles:
    """The files of a folder on a disk."""

    path: Path

    def has(self, name: str) -> bool:
        return is_there(self.path / name)

    def names(self, folder: str, problems: list[Problem], *, endings: tuple[str, ...]) -> list[str]:
        found = list_files(self.path / folder, problems, endings=endings, inside=self.path)
        return [f"{folder}/{path.name}" for path in found]

    def text(self, name: str, problems: list[Problem], *, most: int) -> str | None:
        return read_text(self.path / name, name, problems, most=most, inside=self.path)

    def table(self, name: str) -> Path | PastedText:
        return self.path / name

    @property
    def inside(self) -> Path | None:
        return self.path


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Texts by name. Workbooks cannot be among them."""

    texts: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name in self.texts

    def names(self, folder: str, problems: list[Problem], *, endings: tuple[str, ...]) -> list[str]:
        places = {name: PurePosixPath(name) for name in self.texts}
        wanted = [ending for ending in endings if ending not in WORKBOOKS]
        return sorted(
            name for name, place in places.items() if str(place.parent) == folder and place.suffix.lower() in wanted
        )

    def text(self, name: str, problems: list[Problem], *, most: int) -> str | None:
        raw = self.texts[name].encode()
        if len(raw) > most:
            problems.append(Problem(file=name, what=f"The file is larger than {most // 1_000_000} MB."))
            return None
        return decode(raw, name, problems)

    def table(self, name: str) -> Path | PastedText:
        return PastedText(self.texts[name])

    @property
    def inside(self) -> Path | None:
        return None


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """The files of a folder with the texts of some of them replaced. Nothing is written."""

    path: Path
    changed: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name in self.changed or DiskFiles(self.path).has(name)

    def names(self, folder: str, problems: list[Problem], *, endings: tuple[str, ...]) -> list[str]:
        both = (DiskFiles(self.path), TextFiles(self.changed))
        return sorted({name for files in both for name in files.names(folder, problems, endings=endings)})

    def text(self, name: str, problems: list[Problem], *, most: int) -> str | None:
        files = TextFiles(self.changed) if name in self.changed else DiskFiles(self.path)
        return files.text(name, problems, most=most)

    def table(self, name: str) -> Path | PastedText:
        return PastedText(self.changed[name]) if name in self.changed else self.path / name

    @property
    def inside(self) -> Path | None:
        return self.path
