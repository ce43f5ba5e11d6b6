"""A folder in anyone's style is stored, edited and exported: it is valid, and applying it stores nothing new."""

from pathlib import Path
from random import Random

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.intake.folder import read_folder
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions
from changeflow.usecases.editing import PlanDraft, publish, undo
from changeflow.usecases.export import export_folder
from tests.every_role import NOW, TODAY, World, written
from tests.intake.editing.strangers import in_other_hands
from tests.usecases.random_edits import Maker

KINDS = (
    "move-school",
    "set-duration",
    "set-owner",
    "set-deadline",
    "add-school",
    "add-task",
    "add-closure",
    "set-policy",
)


def stored_in_other_hands(home: Path, chance: Random) -> World:
    """Store the small programme with its files in other styles."""
    folder, world = written(home), World(home, f"sqlite:///{home / 'test.db'}")
    files = [*folder.rglob("*.yaml"), folder / "schools.csv"]
    texts = {str(path.relative_to(folder)): path.read_text() for path in files}
    for name, text in in_other_hands(texts, chance).items():
        (folder / name).write_bytes(text.encode())
    definitions.apply(folder, db=world.db, actor="chief", now=NOW)
    return world


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.slow] if n else []) for n in range(12)])
def test_an_edited_and_exported_folder_is_the_same_and_an_undone_one_is_as_before(seed: int, tmp_path: Path):
    chance = Random(seed)
    world = stored_in_other_hands(tmp_path / "world", chance)
    change, first = world.change("chief"), version(world)
    kinds = chance.sample(KINDS, 3)
    edits = edits_from([Maker(first.definition, chance, n).make(kind) for n, kind in enumerate(kinds)])
    number = publish(PlanDraft(programme="small", base=1, edits=edits), "Why", change)
    out = tmp_path / "out"
    export_folder(out, db=world.db, programme="small", on=TODAY)
    assert read_folder(out).definition.content_hash() == version(world).hash
    assert definitions.difference(out, db=world.db, on=TODAY, today=TODAY).is_same
    assert definitions.apply(out, db=world.db, actor="chief", now=NOW) == number
    undo(number, "Back", change)
    assert (version(world).hash, version(world).sources) == (first.hash, first.sources)


def version(world: World) -> versions.Version:
    with read_scope(world.db) as session:
        return versions.required(session, "small")
