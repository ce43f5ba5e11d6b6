"""Random edits of every kind (500, usually fewer): what a preview says is stored, and an undone edit leaves nothing."""

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
from tests.quick import many
from tests.usecases.random_edits import Fields, Maker

EDITS, OF_EACH, TOGETHER = many(40, thorough=80, whole=500), many(1, thorough=2, whole=10), 6
"""How many edits are published, at least how many of each kind, and how many kinds a draft has."""
KEPT = 0.1
KEPT_OFTEN = {
    "add-task",
    "add-school",
    "add-closure",
    "add-blackout",
    "set-team",
    "link",
}
"""The share of versions that are not undone at once, as the programme would become too large, and what others need."""
MANY = {"add-service", "add-wave"}
"""Edits that add many tasks."""
TAKEN_BACK = {"add-wave": "remove-wave", "set-pin": "remove-pin", "keep-apart": "remove-apart"}
ALONE = {"split-wave", "set-event", "remove-option", *TAKEN_BACK.values()}
"""Edits that few others fit after, or that fit only after one other. They are tested on programmes of their own."""


def loaded(world: World) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY)


def drafted(before: Stored, chance: Random, tried: Counter[str], number: int) -> list[Fields]:
    """Edits of the kinds that were tried least."""
    found = []
    for kind in sorted(KINDS.keys() - ALONE, key=lambda k: (tried[k] + chance.random() * 4, k))[:TOGETHER]:
        tried[kind] += 1
        fields = Maker(before.version.definition, chance, number * TOGETHER + len(found)).make(kind)
        found += [fields] if fields is not None else []
    return found


def is_renaming(draft: list[Fields]) -> bool:
    """Return whether a draft splits a task and retires its first part: the second has the task's records then."""
    parts = [{fields["task"] for fields in draft if fields["kind"] == kind} for kind in ("split-task", "retire-task")]
    return bool(parts[0] & parts[1])


@pytest.mark.slow
def test_the_preview_of_random_edits_is_what_is_stored(tmp_path: Path):
    world, chance, published, tried = stored_world(tmp_path / "world"), Random(28), Counter[str](), Counter[str]()
    change = world.change("chief")
    for number in range(EDITS):
        if published.total() >= EDITS and min(published[kind] for kind in KINDS.keys() - ALONE) >= OF_EACH:
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
            if is_renaming(chosen):
                assert preview_undo(stored_as, change).refused.startswith("This version gave tasks new ids")
                continue
            undo(stored_as, "Back", change)
            with read_scope(world.db) as session:
                undone = versions.latest(session, "small")
            assert undone is not None
            assert (undone.hash, undone.sources) == (before.version.hash, before.version.sources), chosen
    assert published.total() >= EDITS
    assert min(published[kind] for kind in KINDS.keys() - ALONE) >= OF_EACH, published


def published_as_seen(world: World, fields: Fields) -> int:
    """Publish an edit whose preview says what is then stored; return the version's number."""
    before, change = loaded(world), world.change("chief")
    draft = PlanDraft(programme="small", base=before.version.number, edits=edits_from([fields]))
    seen = preview(draft, change)
    number = publish(draft, "Why", change)
    after = loaded(world)
    assert effect_of(before.judged, after.judged) == seen.effect
    assert after.programme.facts.progress.keys() <= after.programme.roadmap.tasks.keys()
    return number


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_preview_of_a_split_wave_is_what_is_stored_and_it_cannot_be_undone(seed: int, tmp_path: Path):
    """No version may use a task's former id again."""
    world = stored_world(tmp_path / "world")
    before = loaded(world)
    fields = Maker(before.version.definition, Random(seed), seed).make("split-wave")
    number = published_as_seen(world, fields)
    assert len(loaded(world).programme.roadmap.tasks) == len(before.programme.roadmap.tasks)
    assert preview_undo(number, world.change("chief")).refused.startswith("This version gave tasks new ids")


@pytest.mark.slow
@pytest.mark.parametrize("first", TAKEN_BACK)
def test_the_preview_of_what_takes_an_edit_back_is_what_is_stored(first: str, tmp_path: Path):
    world, chance = stored_world(tmp_path / "world"), Random(first)
    published_as_seen(world, Maker(loaded(world).version.definition, chance, 0).make(first))
    before = loaded(world)
    number = published_as_seen(world, Maker(before.version.definition, chance, 1).make(TAKEN_BACK[first]))
    undo(number, "Back", world.change("chief"))
    assert loaded(world).version.sources == before.version.sources
