"""Planted faults: an oracle that finds none of them proves nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.oracles.comparing import compare_seeds
from tests.oracles.faults import (
    IN_DATES,
    IN_LEVELLING,
    IN_ODDS,
    IN_WAVE_SEARCH,
    IN_WAVES,
    patched,
    planted,
    planted_in_waves,
)
from tests.oracles.levelling import compare_levelling_of
from tests.oracles.simulating import compare_odds_of
from tests.oracles.wave_search import compare_waves_of


def is_found(kind: str, fault: Callable[[Any], Any], compare: Callable[[range], Any], most: int) -> bool:
    """Tell whether a planted fault is found."""
    with planted(kind, fault):
        return disagrees(compare, most)


def disagrees(compare: Callable[[range], Any], most: int) -> bool:
    """Ask one after the other, until one disagrees."""
    return any(compare(range(n, n + 1)).differences for n in range(most))


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_DATES)
def test_faults_in_dates_are_found(fault: str):
    assert is_found("dates", IN_DATES[fault], compare_seeds, 25)


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_ODDS)
def test_faults_in_odds_are_found(fault: str):
    assert is_found("odds", IN_ODDS[fault], compare_odds_of, 60)


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_LEVELLING)
def test_faults_in_levelling_are_found(fault: str):
    assert is_found("levelling", IN_LEVELLING[fault], compare_levelling_of, 60)


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_WAVES)
def test_faults_in_what_waves_are_asked_are_found(fault: str):
    with planted_in_waves(IN_WAVES[fault]):
        assert disagrees(compare_waves_of, 200)


@pytest.mark.slow
@pytest.mark.parametrize("fault", IN_WAVE_SEARCH)
def test_faults_in_the_search_for_waves_are_found(fault: str):
    with patched(IN_WAVE_SEARCH[fault]):
        assert disagrees(compare_waves_of, 200)
