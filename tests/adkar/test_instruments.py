"""What people are asked, and what is said to whoever acts."""

import pytest
from pydantic import ValidationError

from changeflow.adkar.elements import Element
from changeflow.adkar.people import OWN, Instrument, statements
from changeflow.adkar.readiness import AUDIENCES, CATALOGUE, actions_for, way_to
from changeflow.values.words import Phase


@pytest.mark.parametrize("evidence", OWN)
def test_our_own_words_ask_for_every_element_in_order(evidence: str):
    assert [e for e, _ in statements(None, evidence, live=True)] == list(Element)
    assert [e for e, _ in statements(None, evidence, live=False)] == list(Element)[:4]


def test_a_loaded_instrument_wins_and_what_it_leaves_out_is_asked_in_our_words():
    theirs = Instrument(name="Ours", licensed_from="A firm", statements={"self": {"desire": "I am in."}})
    asked = dict(statements(theirs, live=False))
    assert asked[Element.DESIRE] == "I am in."
    assert asked[Element.AWARENESS] == OWN["self"][Element.AWARENESS]
    assert dict(statements(theirs, "manager", live=False)) == {e: OWN["manager"][e] for e in list(Element)[:4]}


@pytest.mark.parametrize("said", [{"self": {"wish": "x"}}, {"self": {"desire": " "}}, {"boss": {"desire": "x"}}, {}])
def test_an_unknown_element_or_an_empty_statement_is_refused(said: dict):
    with pytest.raises(ValidationError):
        Instrument(name="n", statements=said)


class TestCatalogue:
    def test_every_element_has_actions_in_its_phases_and_every_audience_acts(self):
        for element in list(Element)[:3]:
            assert actions_for(element, Phase.DEVELOP)
            assert actions_for(element, Phase.DEPLOY)
        for element in list(Element)[3:]:
            assert actions_for(element, Phase.SUSTAIN)
        assert {a.by for a in CATALOGUE} == set(AUDIENCES)
        assert len({a.id for a in CATALOGUE}) == len(CATALOGUE)

    def test_nobody_is_trained_who_does_not_want_it_yet(self):
        """From desire to knowledge: first all that wins people, then what they learn."""
        way = list(way_to(Element.KNOWLEDGE, "desire", Phase.DEVELOP))
        assert [e for e, _ in way] == [Element.DESIRE, Element.KNOWLEDGE]
        assert "trainer" not in {a.by for a in way[0][1]}
        assert "trainer" in {a.by for a in way[1][1]}
        assert list(way_to(Element.KNOWLEDGE, "none", Phase.DEVELOP)) == []
        assert list(way_to(Element.KNOWLEDGE, None, Phase.DEVELOP)) == []

    def test_what_is_said_names_what_the_group_gains(self):
        for action in CATALOGUE:
            assert action.message(group="wave 2", gains="An expert to ask.").endswith(
                "What people of wave 2 gain: An expert to ask."
            )
            assert "would gain" in action.message(group="wave 2", gains="")
