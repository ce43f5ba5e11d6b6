"""Random trusts, each with what happens to it, published by the product and attacked."""

import pytest

from changeflow.adkar import safety
from disclosure.attacker import run
from disclosure.changes import MORE
from disclosure.door import make_door
from disclosure.sequences import STEPS, a_trust

pytestmark = pytest.mark.slow

TRUSTS, PARTS = 32, 8
FOUND = {
    278: "figures that are the same under another id count as one more group",
    846: "a group that two programmes show grows into a fourth one",
    2341: "a band that becomes finer tells of a group that shares no one with it",
    2614: "a later round tells of answers that were given while a group stayed hidden",
    3079: "an answer counts under an id that its person no longer has",
    5008: "the first hidden group of a second programme",
    20399: "a group whose name is another's by now",
}
"""Trusts in which the attacker once found something, with what it was."""


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_can_be_found_out(part: int):
    for seed in range(1 + part, 1 + TRUSTS, PARTS):
        trust = a_trust(seed)
        found, _ = run(make_door(), trust.events)
        assert found == [], f"seed {seed}: {', '.join(trust.story)}"


@pytest.mark.parametrize("seed", FOUND)
def test_what_was_found_once_is_not_found_again(seed: int):
    found, _ = run(make_door(), a_trust(seed).events)
    assert found == [], FOUND[seed]


@pytest.mark.parametrize(("widening", "finer"), [(0.0, 0.0), (0.02, 0.02), (60.0, 0.0), (0.0, 2.0)])
def test_what_the_solver_has_no_time_to_decide_is_not_published(
    widening: float, finer: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(safety, "TO_WIDEN", widening)
    monkeypatch.setattr(safety, "TO_MAKE_FINER", finer)
    for seed in (5002, 5005, 5008, *([552] if widening < 1 and finer < 1 else [])):
        trust = a_trust(seed)
        found, _ = run(make_door(), trust.events)
        assert found == [], f"seed {seed}: {', '.join(trust.story)}"


def test_every_step_is_played():
    played = {step for seed in range(1, 1 + TRUSTS) for step in a_trust(seed).story}
    assert played == {"import", *STEPS, *MORE}
