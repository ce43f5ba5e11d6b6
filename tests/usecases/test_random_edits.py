"""Five hundred random edits of every kind: what a preview says is stored, and an undone edit leaves nothing."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from changeflow.errors import ChangeflowError
from changeflow.intake.editing.kinds import KINDS, edits_from
from changeflow.reports.effects import effect_of
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.usecases.editing import PlanDraft, preview, preview_undo, publish, undo
from changeflow.usecases.stored import Stored, load
from tests.every_role import TODAY, World, stored_world
from tests.usecases.random_edits import Fields, Maker

EDITS, OF_EACH, TOGETHER = 500, 10, 6
"""How many edits are published, at least how many of each kind, and how many kinds a draft has."""
KEPT = 0.1
KEPT_OFTEN = {"add-task", "add-school", "add-closure", "add-blackout", "add-wave", "remove-wave", "set-team", "link"}
"""The share of versions that are not undone at once, as the programme would become too large, and what others need."""
MANY = {"add-service"}
"""Edits that add many tasks."""
RENAMES = {"split-wave"}
"""Edits that give tasks new ids. No version may use the former ones again, so these versions cannot be undone."""


def loaded(world: World) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY)


def drafted(before: Stored, chance: Random, tried: Counter[str], number: int) -> list[Fields]:
    """Edits of the kinds that were tried least."""
    found = []
    for kind in sorted(KINDS.keys() - RENAMES, key=lambda k: (tried[k] + chance.random() * 4, k))[:TOGETHER]:
        tried[kind] += 1
        fields = Maker(before.version.definition, chance, number * TOGETHER + len(found)).make(kind)
        found += [fields] if fields is not None else []
    return found


@pytest.mark.slow
def test_the_preview_of_random_edits_is_what_is_stored(tmp_path: Path):
    world, chance, published, tried = stored_world(tmp_path / "world"), Random(28), Counter[str](), Counter[str]()
    change = world.change("chief")
    for number in range(EDITS):
        if published.total() >= EDITS and min(published[kind] for kind in KINDS) >= OF_EACH:
            break
        before = loaded(world)
        chosen = drafted(before, chance, tried, number)
        while chosen:
            draft = PlanDraft(programme="small", base=before.version.number, edits=edits_from(chosen))
            seen = preview(draft, change)
            if seen.can_publish:
                break
            with pytest.raises(ChangeflowError):
                publish(draft, "Why", change)
            assert loaded(world).version.number == before.version.number
            # Two edits of one draft may contradict each other.
            chosen = chosen[: len(chosen) // 2]
        if not chosen:
            continue
        stored_as = publish(draft, "Why", change)
        after = loaded(world)
        kinds = {str(fields["kind"]) for fields in chosen}
        published.update(kinds)
        assert (stored_as, after.version.number) == (seen.version + 1, seen.version + 1)
        assert effect_of(before.judged, after.judged) == seen.effect, chosen
        if kinds & MANY or (not kinds & KEPT_OFTEN and chance.random() > KEPT):
            undo(stored_as, "Back", change)
            with read_scope(world.db) as session:
                undone = versions.latest(session, "small")
            assert undone is not None
            assert (undone.hash, undone.sources) == (before.version.hash, before.version.sources), chosen
    assert published.total() >= EDITS
    assert min(published[kind] for kind in KINDS.keys() - RENAMES) >= OF_EACH, published


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(OF_EACH))
def test_the_preview_of_a_split_wave_is_what_is_stored_and_it_cannot_be_undone(seed: int, tmp_path: Path):
    world, chance = stored_world(tmp_path / "world"), Random(seed)
    change, before = world.change("chief"), loaded(world)
    fields = Maker(before.version.definition, chance, seed).make("split-wave")
    draft = PlanDraft(programme="small", base=before.version.number, edits=edits_from([fields]))
    seen = preview(draft, change)
    number = publish(draft, "Why", change)
    after = loaded(world)
    assert effect_of(before.judged, after.judged) == seen.effect
    assert len(after.programme.roadmap.tasks) == len(before.programme.roadmap.tasks)
    assert after.programme.facts.progress.keys() <= after.programme.roadmap.tasks.keys()
    assert preview_undo(number, change).refused.startswith("This version gave tasks new ids")
