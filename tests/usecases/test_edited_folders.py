"""A folder in anyone's style is stored, edited and exported: it is valid, and applying it stores nothing new."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from changeflow.intake.editing.kinds import KINDS, edits_from
from changeflow.intake.folder import read_folder
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions
from changeflow.usecases.editing import PlanDraft, preview, publish, undo
from changeflow.usecases.export import export_folder
from tests.every_role import NOW, TODAY, World, written
from tests.intake.editing.strangers import in_other_hands
from tests.quick import quick_first
from tests.usecases.random_edits import Maker

FIRST = (
    "add-task", "link", "add-wave", "add-school", "add-closure", "add-blackout", "set-pin", "keep-apart", "set-team",
)  # fmt: skip
"""What other edits need: a programme has these before it is edited and exported."""
ALONE = {"split-wave", "set-event", "remove-option"}
"""Edits of what these programmes do not have; a split wave cannot be undone."""
SEEDS = 9


def kinds_of(seed: int) -> list[str]:
    """Return the kinds of edits of a seed; all seeds together have every kind."""
    kinds = sorted(KINDS.keys() - ALONE)
    Random(0).shuffle(kinds)
    return kinds[seed::SEEDS]


def stored_in_other_hands(home: Path, chance: Random) -> World:
    """Store the small programme with its files in other styles."""
    folder, world = written(home), World(home, f"sqlite:///{home / 'test.db'}")
    files = [*folder.rglob("*.yaml"), folder / "schools.csv"]
    texts = {str(path.relative_to(folder)): path.read_text() for path in files}
    for name, text in in_other_hands(texts, chance).items():
        (folder / name).write_bytes(text.encode())
    definitions.apply(folder, db=world.db, actor="chief", now=NOW)
    return world


@pytest.mark.thorough
@pytest.mark.parametrize("seed", quick_first(1, range(SEEDS), usual=1, thorough=3))
def test_an_edited_and_exported_folder_is_the_same_and_an_undone_one_is_as_before(seed: int, tmp_path: Path):
    chance = Random(seed)
    world = stored_in_other_hands(tmp_path / "world", chance)
    change = world.change("chief")
    published(world, FIRST, chance)
    before = [version(world)]
    for kind in kinds_of(seed):
        published(world, (kind,), chance)
        before.append(version(world))
    last, out = before.pop(), tmp_path / "out"
    export_folder(out, db=world.db, programme="small", on=TODAY)
    assert read_folder(out).definition.content_hash() == last.hash
    assert definitions.difference(out, db=world.db, on=TODAY, today=TODAY).is_same
    assert definitions.apply(out, db=world.db, actor="chief", now=NOW) == last.number
    for former in reversed(before):
        undo(former.number + 1, "Back", change)
        assert (version(world).hash, version(world).sources) == (former.hash, former.sources), kinds_of(seed)


def published(world: World, kinds: Iterable[str], chance: Random) -> None:
    """Publish edits of some kinds, drawn until they fit the programme as it is."""
    latest, change = version(world), world.change("chief")
    for _ in range(9):
        made = [Maker(latest.definition, chance, latest.number * 10 + n).make(kind) for n, kind in enumerate(kinds)]
        draft = PlanDraft(programme="small", base=latest.number, edits=edits_from(made))
        if preview(draft, change).can_publish:
            publish(draft, "Why", change)
            return
    raise AssertionError(f"No edit fits: {kinds}")


def version(world: World) -> versions.Version:
    with read_scope(world.db) as session:
        return versions.required(session, "small")
