"""A folder's own rulepack may make groups larger and bands wider than those that ship, and not smaller."""

from datetime import date

import pytest

from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.values.rulepack import Rulepacks

ON = date(2027, 3, 1)


@pytest.mark.parametrize(("key", "shipped"), [("floor", 5), ("step", 6)])
@pytest.mark.parametrize(("own", "larger"), [(1, False), (20, True)])
def test_only_a_larger_number_counts(key: str, shipped: int, own: int, larger: bool):
    [theirs] = [p for p in shipped_rulepacks().packs if p.rulepack == "privacy"]
    entry = theirs.entries[key].model_copy(update={"value": own})
    mine = theirs.model_copy(update={"entries": {**theirs.entries, key: entry}})
    packs = Rulepacks(packs=(*shipped_rulepacks().packs, mine))
    assert packs.largest("privacy", key, on=ON) == (own if larger else shipped)
