"""The attacker finds nothing in random trusts and sequences that the product has published."""

import pytest

from changeflow.adkar import safety
from disclosure.attacker import run
from disclosure.changes import MORE
from disclosure.door import make_door
from disclosure.sequences import STEPS, a_trust

pytestmark = pytest.mark.slow

TRUSTS, PARTS = 32, 8
FOUND = {
    278: "the same figures under another programme id counted as one more group",
    846: "a group shown by two programmes grew into a fourth group",
    2341: "a band made finer revealed a group that shares no one with it",
    2614: "a later round revealed answers given while a group stayed hidden",
    3079: "an answer counted under an id that its person no longer had",
    5008: "the first hidden group of a second programme was shown",
    20399: "a group was shown under a name that another group now has",
}
"""Seeds of trusts in which the attacker once had a finding, with that finding."""


@pytest.mark.usual(1)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_attacker_finds_nothing(part: int):
    for seed in range(1 + part, 1 + TRUSTS, PARTS):
        trust = a_trust(seed)
        found, _ = run(make_door(), trust.events)
        assert found == [], f"seed {seed}: {', '.join(trust.story)}"


@pytest.mark.usual(1)
@pytest.mark.parametrize("seed", FOUND)
def test_an_earlier_finding_does_not_come_back(seed: int):
    found, _ = run(make_door(), a_trust(seed).events)
    assert found == [], FOUND[seed]


@pytest.mark.thorough
@pytest.mark.parametrize(("widening", "finer"), [(0.0, 0.0), (0.02, 0.02), (60.0, 0.0), (0.0, 2.0)])
def test_the_attacker_finds_nothing_if_the_solver_has_too_little_time(
    widening: float, finer: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(safety, "TO_WIDEN", widening)
    monkeypatch.setattr(safety, "TO_MAKE_FINER", finer)
    for seed in (5002, 5005, 5008, *([552] if widening < 1 and finer < 1 else [])):
        trust = a_trust(seed)
        found, _ = run(make_door(), trust.events)
        assert found == [], f"seed {seed}: {', '.join(trust.story)}"


def test_the_trusts_cover_every_step():
    played = {step for seed in range(1, 1 + TRUSTS) for step in a_trust(seed).story}
    assert played == {"import", *STEPS, *MORE}
