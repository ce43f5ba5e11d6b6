"""The statements of assessments, and the actions for each barrier."""

import pytest
from pydantic import ValidationError

from changeflow.adkar.elements import Element
from changeflow.adkar.people import OWN, Instrument, statements
from changeflow.adkar.readiness import AUDIENCES, CATALOGUE, actions_for, way_to
from changeflow.values.words import Phase


@pytest.mark.parametrize("evidence", OWN)
def test_our_own_statements_cover_every_element_in_order(evidence: str):
    assert [e for e, _ in statements(None, evidence, live=True)] == list(Element)
    assert [e for e, _ in statements(None, evidence, live=False)] == list(Element)[:4]


def test_a_loaded_instrument_replaces_our_statements_and_ours_fill_its_gaps():
    theirs = Instrument(name="Ours", licensed_from="A firm", statements={"self": {"desire": "I am in."}})
    asked = dict(statements(theirs, live=False))
    assert asked[Element.DESIRE] == "I am in."
    assert asked[Element.AWARENESS] == OWN["self"][Element.AWARENESS]
    assert dict(statements(theirs, "manager", live=False)) == {e: OWN["manager"][e] for e in list(Element)[:4]}


@pytest.mark.parametrize("texts", [{"self": {"wish": "x"}}, {"self": {"desire": " "}}, {"boss": {"desire": "x"}}, {}])
def test_an_unknown_element_or_an_empty_statement_is_refused(texts: dict):
    with pytest.raises(ValidationError):
        Instrument(name="n", statements=texts)


class TestCatalogue:
    def test_every_element_has_actions_in_its_phases_and_every_audience_acts(self):
        for element in list(Element)[:3]:
            assert actions_for(element, Phase.DEVELOP)
            assert actions_for(element, Phase.DEPLOY)
        for element in list(Element)[3:]:
            assert actions_for(element, Phase.SUSTAIN)
        assert {a.by for a in CATALOGUE} == set(AUDIENCES)
        assert len({a.id for a in CATALOGUE}) == len(CATALOGUE)

    def test_no_one_is_trained_before_desire(self):
        """From desire to knowledge, the actions for desire come first, then those for knowledge."""
        way = list(way_to(Element.KNOWLEDGE, "desire", Phase.DEVELOP))
        assert [e for e, _ in way] == [Element.DESIRE, Element.KNOWLEDGE]
        assert "trainer" not in {a.by for a in way[0][1]}
        assert "trainer" in {a.by for a in way[1][1]}
        assert list(way_to(Element.KNOWLEDGE, "none", Phase.DEVELOP)) == []
        assert list(way_to(Element.KNOWLEDGE, None, Phase.DEVELOP)) == []

    def test_each_action_says_what_the_group_gains(self):
        for action in CATALOGUE:
            assert action.message(group="wave 2", gains=("An expert to ask.",)).endswith(
                "What people in wave 2 gain: an expert to ask."
            )
            assert "would gain" in action.message(group="wave 2", gains=())
