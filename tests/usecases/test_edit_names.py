"""The names of things in the sentences of edits."""

import pytest

from changeflow.usecases.edit_names import with_names

NAMES = {("school", "ash"): "Ash School", ("wave", "w1"): "wave 1", ("wave", "last"): "Summer"}


def name(kind: str, id_: str) -> str:
    return NAMES.get((kind, id_), f"‘{id_}’")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("'ash' is not in wave 'w1'.", "Ash School is not in wave 1."),
        ("Wave 'w1' would have no service.", "Wave 1 would have no service."),
        ("'ash' is already in wave 'last'.", "Ash School is already in wave Summer."),
        ("There is no wave 'w9'.", "There is no wave 'w9'."),
    ],
)
def test_sentences_name_a_wave_once(text: str, named: str):
    assert with_names(text, name) == named
