"""A plan without findings has the links and dates of the judged one."""

import random
from dataclasses import replace
from datetime import date

import pytest

from changeflow.agenda.decisions import played_through
from changeflow.intake.folder import Folder
from changeflow.programme.dates import dates_of
from changeflow.programme.programme import Programme, join
from changeflow.roadmap.model.graph import build_graph
from changeflow.rules.engine import judge, plan
from changeflow.usecases.refusals import dates_if
from changeflow.usecases.stored import judged
from changeflow.values.words import Kind, Outcome

TODAY = date(2027, 1, 15)


def thinned(programme: Programme, seed: int) -> Programme:
    """Return the programme without a random half of its links, so that rules add their own."""
    own, chance = programme.roadmap, random.Random(seed)
    links = tuple(link for link in own.links if chance.random() < 0.5)
    return replace(programme, roadmap=replace(own, links=links), graph=build_graph(own.tasks, links))


@pytest.mark.usual(1)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_plan_has_the_links_and_dates_of_the_judged_programme(sample: Folder, seed: int):
    programme = thinned(join(sample.definition, rulepacks=sample.rulepacks, on=TODAY)[0], seed)
    expected, found = judge(programme).programme, plan(programme)
    assert len(expected.roadmap.links) > len(programme.roadmap.links) + 5
    assert found.roadmap.links == expected.roadmap.links
    assert dates_of(found) == dates_of(expected)


@pytest.mark.thorough
@pytest.mark.slow
def test_each_decision_moves_the_same_dates_with_findings_and_without(sample: Folder):
    programme = judged(sample.definition, on=TODAY).programme
    moved = 0
    for gate in list(programme.tasks(kind=Kind.DECISION))[::4]:
        for outcome in (Outcome.APPROVE, Outcome.REJECT):
            facts = played_through(programme, gate, outcome, on=TODAY)
            expected = dates_of(judged(sample.definition, facts=facts, on=TODAY).programme)
            assert dates_if(programme, gate, outcome, TODAY) == expected
            moved += expected != dates_of(programme)
    assert moved > 3
