"""Edits of files in other people's styles do what they do in ours, and leave the other lines as they are."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.kinds import Edit, edits_from
from changeflow.intake.editing.merging import carried
from changeflow.intake.editing.places import content_of, touched
from changeflow.intake.editing.sources import PROGRAMME_FILE, SCHOOLS_FILE, Sources
from tests.intake.editing.strangers import in_other_hands
from tests.intake.editing.test_kinds import CASES, SOURCES

EDITS = [edits_from([edit])[0] for edit, _ in CASES]


def contents(sources: Sources) -> dict[str, Any]:
    return {file: content_of(sources, file) for file in sources}


@pytest.mark.slow
@given(st.sampled_from(EDITS), st.integers(0, 10**6))
def test_an_edit_has_the_same_result_in_any_style(edit: Edit, seed: int):
    strange = in_other_hands(SOURCES, Random(seed))
    assert contents(strange) == contents(SOURCES)
    after = edit.apply(strange)
    assert contents(after) == contents(edit.apply(SOURCES))


@pytest.mark.slow
@given(st.sampled_from(EDITS), st.integers(0, 10**6))
def test_few_lines_change_and_all_others_stay_to_the_letter(edit: Edit, seed: int):
    strange = in_other_hands(SOURCES, Random(seed))
    after = edit.apply(strange)
    places = touched(strange, after) or [(PROGRAMME_FILE, "waves")]  # Another order touches no single place.
    for file in strange:
        gone = [line for line in lines_gone(strange[file], after[file]) if line.split("#")[0].strip()]
        aliases = sum("*list-" in line for line in gone)
        own = [place for place in places if place[0] == file]
        # A line may hold several places, and a removed item several lines.
        assert len(gone) <= sum(lines_at(strange, place) for place in own) + aliases, "".join(gone)
        assert after[file].count("\r\n") in (0, after[file].count("\n"))


@pytest.mark.slow
@given(st.sampled_from(EDITS), st.sampled_from(EDITS), st.integers(0, 10**6))
def test_an_edit_is_taken_out_again_to_the_letter(edit: Edit, later: Edit, seed: int):
    strange = in_other_hands(SOURCES, Random(seed))
    after = edit.apply(strange)
    assert dict(carried(after, strange, after, reason="").sources) == strange
    try:
        both = later.apply(after)
        alone = later.apply(strange)
    except EditRefusedError:
        return
    # The later edit does the same with and without the first one.
    assume(touched(strange, alone) == touched(after, both) != [])
    found = carried(after, strange, both, reason="")
    if not found.conflicts:
        assert contents(found.sources) == contents(alone)


def lines_gone(before: str, after: str) -> Iterator[str]:
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if one and not one[-1].endswith("\n") and other != one:
        # A line after the last one ends that one.
        one[-1] = next((line for line in other if line.rstrip("\r\n") == one[-1]), one[-1])
    for tag, a, b, _, _ in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag in ("replace", "delete"):
            yield from one[a:b]


def lines_at(sources: Sources, place: tuple[str, ...]) -> int:
    """The most lines that the value at a place, and its brackets, may take."""
    if place[0] == SCHOOLS_FILE:
        return 1
    value = content_of(sources, place[0])
    for key in place[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return 2 + size_of(value)


def size_of(value: object) -> int:
    return 1 + sum(map(size_of, value.values())) if isinstance(value, dict) else 1
