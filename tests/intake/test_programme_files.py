"""A programme is read from texts with the checks of a folder."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder, read_sources
from tests.builders import a_folder


def texts_of(folder: Path) -> dict[str, str]:
    """The files of a folder by name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_texts_give_the_definition_of_their_folder(tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    as_folder, as_texts = read_folder(folder), read_sources(texts_of(folder))
    assert as_texts.definition == as_folder.definition
    assert as_texts.sources == as_folder.sources


def test_texts_with_mistakes_give_the_problems_of_their_folder(tmp_path: Path):
    folder = a_folder(tmp_path / "trust")
    (folder / "programme.yaml").write_text((folder / "programme.yaml").read_text().replace("cedar", "oak"))
    (folder / "schools.csv").write_text((folder / "schools.csv").read_text() + "ash,Ash again,primary,north\n")
    (folder / "pathways" / "short.yaml").write_text("pathway: [\n")
    with pytest.raises(ProblemsError) as of_folder:
        read_folder(folder)
    with pytest.raises(ProblemsError) as of_texts:
        read_sources(texts_of(folder))
    assert of_texts.value.problems == of_folder.value.problems
    assert len(of_texts.value.problems) > 1


def test_a_missing_file_is_reported(tmp_path: Path):
    texts = texts_of(a_folder(tmp_path / "trust"))
    del texts["schools.csv"]
    with pytest.raises(ProblemsError, match="The file is missing"):
        read_sources(texts)
