"""A head's view knows another school by its name, even where one name begins or ends with the other."""

import pytest

from changeflow.reports.own_school import OwnSchool


def of(name: str, *others: str) -> OwnSchool:
    return OwnSchool("own", name, frozenset(others), frozenset({"other"}))


@pytest.mark.parametrize(
    ("own", "text", "is_named"),
    [
        (of("Oakfield Primary", "Oakfield Primary Academy"), "Train Oakfield Primary Academy", True),
        (of("Oakfield Primary", "Oakfield Primary Academy"), "Train Oakfield Primary", False),
        (of("Oakfield Primary Academy", "Oakfield Primary"), "Train Oakfield Primary Academy", False),
        (of("Oakfield Primary Academy", "Oakfield Primary"), "oakfield primary waits", True),
        (of("Oakfield Primary", "New Oakfield Primary"), "New Oakfield Primary is late", True),
        (of("Oakfield Primary", "New Oakfield Primary"), "Oakfield Primary and New Oakfield Primary", True),
        (of("Oakfield Primary"), "Oakfield Primary is late", False),
        (of("Oakfield Primary"), "payroll/other/train", True),
    ],
)
def test_other_schools_are_recognised(own: OwnSchool, text: str, is_named: bool):
    assert own.is_named(text) is is_named
