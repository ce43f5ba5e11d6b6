"""A folder's own rulepack may make groups larger and bands wider than the shipped ones, but not smaller."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.programme import Programme
from changeflow.values.rulepack import Rulepack, Rulepacks
from tests.builders import a_folder


def a_pack(**values: int) -> str:
    entries = "".join(f'  {key}: {{value: {value}, grade: D, source: "ours"}}\n' for key, value in values.items())
    return f"rulepack: privacy\nin_force_from: 2020-01-01\nentries:\n{entries}"


def a_folder_with(tmp_path: Path, **values: int) -> Path:
    folder = a_folder(tmp_path / "trust")
    (folder / "rulepacks").mkdir()
    (folder / "rulepacks" / "privacy.yaml").write_text(a_pack(**values))
    return folder


@pytest.mark.parametrize(("key", "own", "least"), [("step", 1, 6), ("step", 5, 6), ("floor", 0, 5)])
def test_a_smaller_number_is_refused(tmp_path: Path, key: str, own: int, least: int):
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_folder_with(tmp_path, **{key: own}))
    assert f"The value of '{key}' is less than {least}. Write {least} or more." in str(caught.value)


def test_larger_numbers_apply(tmp_path: Path):
    programme = read_folder(a_folder_with(tmp_path, step=12, minimum_group=20)).programme
    assert (programme.band, programme.minimum_group) == (12, 20)


def test_the_smallest_group_is_never_below_the_floor(tmp_path: Path):
    assert read_folder(a_folder_with(tmp_path, minimum_group=1)).programme.minimum_group == 5


def test_a_smaller_stored_number_does_not_apply(tmp_path: Path):
    programme: Programme = read_folder(a_folder(tmp_path / "trust")).programme
    own = Rulepack.model_validate(
        {
            "rulepack": "privacy",
            "in_force_from": "2020-01-01",
            "entries": {k: {"value": 1, "grade": "D", "source": "ours"} for k in ("step", "floor", "minimum_group")},
        }
    )
    packs = Rulepacks(packs=(*shipped_rulepacks().packs, own))
    numbers = {k: packs.number("privacy", k, on=programme.on) for k in own.entries}
    assert numbers == {"step": 6, "floor": 5, "minimum_group": 1}
