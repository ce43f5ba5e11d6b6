"""A flow that ran once says what it did, and shows no object of ours."""

from pathlib import Path

from changeflow.agenda.reasons import Reason
from changeflow.cli.flow_results import result_lines
from changeflow.usecases.dispatch import Dispatched
from changeflow.usecases.portfolio import ScenarioResult
from changeflow.usecases.retention import Removed
from changeflow.usecases.ticks import ReasonCount, Ticked


def test_each_result_is_a_sentence():
    plan = ("Earliest", 48.25, "1 Mar 2028", "optimal")
    results = {
        Dispatched(sent=1, nudges=2): "1 message sent (2 nudges).",
        Dispatched(): "Nothing to do.",
        Dispatched(blocked="The database was restored."): "The database was restored.",
        Ticked(programme="small", due=1, new=1, readiness=False): "small: 1 nudge due, 1 new.",
        ReasonCount(
            programme="small", reason=Reason.GATE, waiting=1, sent=2
        ): "small, gate: 3 requests, 1 not sent yet.",
        Removed(
            programme="small", links=2, words=0, comments=0, scores=1, contracts=0, calculations=3, ledgers=1
        ): "small, removed: links 2, scores 1, calculations 3, uploaded ledgers 1.",
        Removed(
            programme="small", links=0, words=0, comments=0, scores=0, contracts=0, calculations=0, ledgers=0
        ): "small, removed: nothing.",
        ScenarioResult(
            programme="small", seed=1, plans=(plan,)
        ): "small, Earliest: mean week 48.2, last go-live 1 Mar 2028, optimal.",
        Path("reports/small.html"): "Wrote reports/small.html.",
        "3 messages wait for a person.": "3 messages wait for a person.",
    }
    for result, line in results.items():
        assert result_lines([result]) == [line]


def test_a_flow_without_results_says_so():
    assert result_lines(()) == ["Nothing to do."]
